"""Small mutations of the code, each of which turns red the test that claims to guard it: data for `make mutate`.

A guard without a test that breaks it is a wish. Every guard against a lost, doubled or unexplained order has its
mutations here: the file, the text as it stands (exactly once in it), the text that breaks it, and the test.
"""

from tests.mutations import (
    another_erp,
    attempts,
    claims,
    comparing,
    erasing,
    errors_and_holds,
    explaining,
    first_run,
    half_made,
    identity,
    people_decide,
    permissions,
    reading_again,
    restoring,
    sending_again,
    settling,
    watermark,
    wires,
    xcom,
)
from tests.mutations.mutation import Mutation as Mutation

GUARDS = {
    1: "identity: one key, one order, one ERP number; another database stops the extract",
    2: "claims: lock, lease by the ledger's clock, and generation",
    3: "attempts: on record before the first byte, settled before the next one",
    4: "sending again: only as the ERP's guarantee allows, and not for ever",
    5: "half-made ERP orders: compared before they are resumed",
    6: "settling: what is due first, also what dead runs left; the window is half-open",
    7: "the watermark: moves with its rows, and waits for slow writers",
    8: "reading again: a change is a new version or a conflict, by status",
    9: "errors and holds: the class of an error decides",
    10: "the first run: nothing from before the start",
    11: "another ERP behind a connection: refused until a person agrees",
    12: "XCom: counts and no orders",
    13: "comparing: what is missing is found, read and told once",
    14: "people: what they chose is kept, and whatever they decide, no order is sent twice",
    15: "explaining: what is said is true, and nobody's data is in a log or goes to support",
    16: "restoring: looked up before it is sent, and what people decided is not undone",
    17: "people: who may decide, and whom the history names",
    18: "people's data: emptied everywhere, never of an open order, and it stays erased",
    19: "wires: a secret goes to its own host alone, numbers are exact, a file is whole or not at all",
}

MUTATIONS: tuple[Mutation, ...] = (
    *identity.MUTATIONS,
    *claims.MUTATIONS,
    *attempts.MUTATIONS,
    *sending_again.MUTATIONS,
    *half_made.MUTATIONS,
    *settling.MUTATIONS,
    *watermark.MUTATIONS,
    *reading_again.MUTATIONS,
    *errors_and_holds.MUTATIONS,
    *first_run.MUTATIONS,
    *another_erp.MUTATIONS,
    *xcom.MUTATIONS,
    *comparing.MUTATIONS,
    *people_decide.MUTATIONS,
    *explaining.MUTATIONS,
    *restoring.MUTATIONS,
    *permissions.MUTATIONS,
    *erasing.MUTATIONS,
    *wires.MUTATIONS,
)
