"""An ERP that nobody can ask, and whose receipt with a number is its acceptance: no order of it waits for a person."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import LedgerUnavailable
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.records.orders import Change
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, settle, validate
from tests.flows.people.deciding import ACTOR, ROUTE
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import BareErp, reference
from tests.memory.ledger import MemoryLedger

KEY = transaction(1).key
POLICY = Policy("blind", receipt_is_acceptance=True)


def ready(*numbers: int, script: tuple[str, ...] = ()) -> tuple[MemoryLedger, BareErp]:
    """A ledger in which these orders are queued, and the ERP on its clock."""
    ledger = MemoryLedger(Clock(), copy=reference())
    extract(ROUTE, MemoryChannel([transaction(number) for number in numbers]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger, BareErp(ledger.clock, "blind", [*script], receipt_is_acceptance=True, company="North")


def send(ledger: MemoryLedger, erp: BareErp, policy: Policy = POLICY) -> dict[str, int]:
    return asyncio.run(push(ROUTE, erp, ledger, ACTOR, policy, Settings(), ledger.clock.monotonic)).counts


def test_its_receipt_confirms_an_order_at_once_and_no_look_up_is_made_up() -> None:
    ledger, erp = ready(1, 2)
    assert send(ledger, erp) == {"sent": 2, "confirmed": 2}
    row = ledger.rows[KEY]
    assert (row.status, row.erp_number, row.erp_company) == (Status.SUCCEEDED, "SO1", "North")
    assert [event for key, _, event, _, _ in ledger.history if key == KEY][-2:] == [Event.RECEIPT, Event.CONFIRMED]
    (attempt,) = row.attempts
    assert (attempt.outcome, attempt.resolution) == (Event.RECEIPT, Event.CONFIRMED)
    assert (attempt.looked_at, attempt.last_look, erp.asked) == (None, None, [])


def test_a_receipt_of_another_erp_waits_for_a_look_up() -> None:
    ledger, erp = ready(1)
    assert send(ledger, erp, Policy("blind")) == {"sent": 1}
    assert ledger.status() is Status.SENT


def test_a_number_that_another_order_has_is_a_conflict_all_the_same() -> None:
    ledger, erp = ready(1, 2)
    send(ledger, erp)
    ledger.clock.sleep(days=1)
    extract(ROUTE, MemoryChannel([transaction(3)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    erp.sales.clear()
    send(ledger, erp)
    row = ledger.rows[transaction(3).key]
    assert (row.status, row.code) == (Status.CONFLICT, "ORDER_CONFLICT")
    assert "the ERP names SO1 as its order number, which is that of order shop:1" in row.message


def test_a_receipt_without_a_number_is_told_as_one_when_the_window_is_over() -> None:
    ledger, erp = ready(1, script=("no number",))
    assert send(ledger, erp) == {"sent": 1}
    ledger.clock.sleep(minutes=31)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))
    row = ledger.rows[KEY]
    assert (row.status, row.code) == (Status.PENDING_VERIFICATION, "ERP_ACK_WITHOUT_ID")
    assert row.message == "the ERP accepted it but gives no number: check the ERP's number sequence"


def test_an_order_without_an_answer_waits_for_a_person() -> None:
    ledger, erp = ready(1, script=("lost after",))
    send(ledger, erp)
    for _ in range(3):
        ledger.clock.sleep(hours=1)
        send(ledger, erp)
    assert (ledger.status(), len(erp.submits)) == (Status.PENDING_VERIFICATION, 1)


@pytest.mark.parametrize("days", [0, 1], ids=["soon", "once its window is over"])
def test_what_a_receipt_proves_and_the_ledger_did_not_hear_is_made_up_by_the_next_look(days: int) -> None:
    ledger, erp = ready(1)
    apply = ledger.apply

    def away(changes: Sequence[Change], actor: Actor) -> int:
        if any(change.by_receipt for change in changes):
            raise LedgerUnavailable("the ledger is away")
        return apply(changes, actor)

    ledger.apply = away
    with pytest.raises(LedgerUnavailable):
        send(ledger, erp)
    assert ledger.status() is Status.SENT
    ledger.clock.now += timedelta(minutes=2, days=days)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))
    assert (ledger.status(), ledger.rows[KEY].erp_number, len(erp.submits)) == (Status.SUCCEEDED, "SO1", 1)
