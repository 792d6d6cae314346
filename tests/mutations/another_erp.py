"""Guard 11, another ERP behind a connection: refused until a person agrees."""

from tests.mutations.mutation import FLOWS, LEDGER, Mutation

MUTATIONS = (
    Mutation(
        11,
        "another ERP's reference data is taken",
        FLOWS + "intake/reference.py",
        '        ledger.check_fingerprint(f"erp_{route.erp}", health.fingerprint)\n',
        "",
        "tests/flows/test_flows.py::test_another_erp_behind_the_connection_is_refused_and_its_data_is_not_taken",
    ),
    Mutation(
        11,
        "orders are sent to another ERP",
        FLOWS + "sending/turn.py",
        "        await self.sender.know_the_erp()\n",
        "",
        "tests/flows/test_flows.py::test_nothing_is_sent_to_another_erp_than_the_accepted_one",
    ),
    Mutation(
        11,
        "orders are looked up in another ERP",
        FLOWS + "sending/settle.py",
        "                await must_be_the_accepted_one(connection, erp, ledger)\n",
        "",
        "tests/flows/test_flows.py::test_not_being_found_in_another_erp_than_the_accepted_one_proves_nothing",
    ),
    Mutation(
        11,
        "any fingerprint is the accepted one",
        LEDGER + "connections.py",
        'if accepted["fingerprint"] == fingerprint:',
        'if accepted["fingerprint"]:',
        "tests/ledger/test_memory.py::test_the_first_fingerprint_of_a_connection_is_accepted_and_another_one_refused",
    ),
)
