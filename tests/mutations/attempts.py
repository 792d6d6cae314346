"""Guard 3, attempts: on record before the first byte, settled before the next one."""

from tests.mutations.mutation import FLOWS, LEDGER, RULES, SQL, STATEMENTS, WIRE, Mutation

MUTATIONS = (
    Mutation(
        3,
        "an order goes out with nothing on record",
        FLOWS + "sending/turn.py",
        "keys = await asyncio.to_thread(self._open_attempts, group)",
        "keys = {entry.key for entry, _ in group.orders}",
        "tests/flows/test_model.py::test_a_run_that_dies_at_any_moment_leaves_its_orders_to_the_next",
    ),
    Mutation(
        3,
        "attempts are opened and not committed",
        LEDGER + "database.py",
        '"prepare_session"), SESSION)\n',
        '"prepare_session"), SESSION)\n    connection.autocommit = False\n',
        "tests/contract/ledger/test_push.py::test_an_attempt_is_on_record_before_anything_is_sent",
    ),
    Mutation(
        3,
        "an attempt without an answer does not stop the next",
        RULES,
        "coalesce(a.outcome, 'unknown') not in (",
        "coalesce(a.outcome, 'unknown') not in ('unknown', ",
        "tests/contract/ledger/test_push.py::test_an_unknown_attempt_from_before_a_resync_is_settled_before_a_new_one_is_opened",
    ),
    Mutation(
        3,
        "a receipt that no look has answered does not stop the next attempt",
        RULES,
        "or (coalesce(a.outcome in ('receipt', 'unknown'), false) and coalesce(a.looked_at < a.closed_at, true))",
        "",
        "tests/contract/ledger/test_push.py::test_a_late_receipt_is_looked_up_before_the_order_is_sent_again",
    ),
    Mutation(
        3,
        "an open attempt is settled before its lease is over",
        STATEMENTS + "sending/open_attempts.sql",
        "greatest(o.lease_until, moment.now + make_interval(secs => %(grace)s)) as grace_until",
        "moment.now + make_interval(secs => %(grace)s) as grace_until",
        "tests/contract/ledger/test_push.py::test_an_attempt_is_on_record_before_anything_is_sent",
    ),
    Mutation(
        3,
        "an open attempt is settled before its grace is over",
        STATEMENTS + "sending/open_attempts.sql",
        "greatest(o.lease_until, moment.now + make_interval(secs => %(grace)s)) as grace_until",
        "o.lease_until as grace_until",
        "tests/contract/ledger/test_push.py::test_an_attempt_is_looked_at_when_both_lease_and_grace_are_over",
    ),
    Mutation(
        3,
        "queueing again leaves the generation as it is",
        STATEMENTS + "sending/apply_changes.sql",
        "generation = case when j.event is null then o.generation else o.generation + 1 end",
        "generation = o.generation",
        "tests/contract/ledger/test_settle.py::test_an_order_to_send_again_counts_the_resend_and_is_free_at_once",
    ),
    Mutation(
        3,
        "a submit without an answer counts as not sent",
        FLOWS + "sending/closing.py",
        "return this(None, answer.code, str(answer))",
        "return this(Event.NOT_SENT, answer.code, str(answer))",
        "tests/flows/test_flows.py::test_an_interrupted_send_is_looked_up_before_it_is_sent_again",
    ),
    Mutation(
        3,
        "an order of a batch that the adapter does not answer for counts as not sent",
        FLOWS + "sending/turn.py",
        'none = OutcomeUnknown("the adapter returned no answer',
        'none = Transient("the adapter returned no answer',
        "tests/flows/sending/test_batches.py::test_an_order_that_the_adapter_does_not_answer_for_is_looked_up",
    ),
    Mutation(
        3,
        "sales of a batch whose quote is not answered count as not sent",
        "plugins/order_sync/erps/tryton/batches.py",
        """            with in_doubt("the sale"):
                made = dict""",
        """            if True:
                made = dict""",
        "tests/contract/test_batching_contract.py"
        "::test_trouble_of_the_system_once_a_batch_is_begun_leaves_it_in_doubt[tryton-429]",
    ),
    Mutation(
        3,
        "a submit that outlasts its deadline counts as refused",
        FLOWS + "sending/turn.py",
        'error = OutcomeUnknown("the submit took longer than its deadline")',
        'error = OrderRefused("the submit took longer than its deadline")',
        "tests/flows/test_flows.py::test_a_submit_that_outlasts_its_deadline_is_looked_up",
    ),
    Mutation(
        3,
        "a time-out of a send counts as nothing sent",
        WIRE + "failures.py",
        'return doubt(f"{where} did not answer within',
        'return Transient(f"{where} did not answer within',
        "tests/wire/test_http.py::test_silence_after_the_request_leaves_the_outcome_of_a_send_unknown",
    ),
    Mutation(
        3,
        "trouble after the sale was made counts as nothing sent",
        WIRE + "content.py",
        "    except (Transient, Permanent) as error:\n",
        "    except Permanent as error:\n",
        "tests/erps/test_tryton_resume.py::test_trouble_of_the_system_after_the_create_is_an_unknown_outcome",
    ),
    Mutation(
        3,
        "an attempt is sent before it is on disk",
        SQL + "shared/prepare_session.sql",
        "in ('off', 'local') then 'on' end",
        "in ('off', 'local') then 'off' end",
        "tests/ledger/test_sessions.py"
        "::test_an_attempt_that_was_opened_is_on_record_after_a_crash_of_a_server_that_does_not_wait",
    ),
)
