"""What a person wants who clears a task, and what off-peak hours hold back, over a ledger and an ERP in memory."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.life.lifecycle import Status
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.off_peak import OffPeak
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, settle, validate
from order_sync.flows.sending.closing import MAX_REFUSALS, RefusesEverything
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("dag/run 1/task")
POLICY = Policy("unique_key")
CLEARED = Actor("dag/run 1/task", reason="task of run 1 was cleared after try 1")
CLEARED_AGAIN = replace(CLEARED, reason="task of run 1 was cleared after try 2")
NIGHT = OffPeak.read("22:00", "06:00", "UTC")
"""The memory's clock begins at nine in the morning."""


def ready(*numbers: int) -> tuple[MemoryLedger, MemoryErp]:
    """A ledger in which these orders are queued, and an ERP on its clock."""
    ledger = MemoryLedger(copy=reference())
    extract(ROUTE, MemoryChannel([transaction(number) for number in numbers]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger, MemoryErp(ledger.clock)


def run(ledger: MemoryLedger, erp: MemoryErp, cleared: Actor | None = None, off_peak: OffPeak | None = None) -> Summary:
    settings = Settings(submit_concurrency=1)
    monotonic = ledger.clock.monotonic
    return asyncio.run(push(ROUTE, erp, ledger, ACTOR, POLICY, settings, monotonic, off_peak=off_peak, cleared=cleared))


def statuses(ledger: MemoryLedger) -> list[Status]:
    return [row.status for row in ledger.rows.values()]


def test_a_cleared_validate_judges_again_what_the_rules_failed() -> None:
    ledger, copy = MemoryLedger(copy=reference()), reference()
    del copy.facts["sku", "TEA"]  # type: ignore[attr-defined]
    ledger.copy = copy
    extract(ROUTE, MemoryChannel([transaction(1)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    ledger.copy = reference()
    assert validate(ROUTE, ledger, ACTOR).counts == {}, "nobody cleared it"
    assert ledger.status() is Status.FAILED
    assert validate(ROUTE, ledger, ACTOR, cleared=CLEARED).counts == {"judged_again": 1, "valid": 1}
    assert ledger.status() is Status.QUEUED


def test_a_cleared_validate_leaves_alone_what_people_enter_and_what_the_erp_refused() -> None:
    ledger, erp = ready(1)
    erp.script = ["refused"]
    run(ledger, erp)
    by_hand = replace(ROUTE, by_hand="until June")
    extract(by_hand, MemoryChannel([transaction(2)]), ledger, ACTOR)
    validate(by_hand, ledger, ACTOR)
    assert validate(ROUTE, ledger, ACTOR, cleared=CLEARED).counts == {}
    assert statuses(ledger) == [Status.FAILED] * 2


def test_a_cleared_push_tries_again_what_the_erp_refused_and_a_plain_one_does_not() -> None:
    ledger, erp = ready(1, 2)
    erp.script = ["refused", "refused"]
    assert run(ledger, erp).counts == {"refused": 2}
    assert run(ledger, erp).counts == {}
    assert run(ledger, erp, CLEARED).counts == {"retried": 2, "sent": 2}
    assert len(erp.sales) == 2


def test_the_retries_of_a_cleared_push_try_an_order_again_once() -> None:
    """However often Airflow tries the task again after one clear, the ERP is not asked the same again."""
    ledger, erp = ready(1)
    erp.script = ["refused"] * 9
    run(ledger, erp)
    run(ledger, erp, CLEARED)
    assert run(ledger, erp, CLEARED).counts == {}
    assert len(erp.submits) == 2
    assert run(ledger, erp, CLEARED_AGAIN).counts == {"retried": 1, "refused": 1}


@pytest.mark.parametrize("trouble", ["lost before", "lost after", "half-made", "cancelled"])
def test_a_cleared_push_sends_nothing_again_that_the_erp_may_have(trouble: str) -> None:
    ledger, erp = ready(1)
    erp.script = [trouble]
    run(ledger, erp)
    number = len(erp.submits)
    assert run(ledger, erp, CLEARED).counts == {}
    assert len(erp.submits) == number
    ledger.clock.sleep(minutes=40)
    run(ledger, erp, CLEARED_AGAIN)
    assert sum(sale.state is not ErpOrderState.CANCELLED for sales in erp.sales.values() for sale in sales) <= 1


def test_an_order_that_was_ever_in_doubt_is_not_tried_again_by_a_clear() -> None:
    ledger, erp = ready(1)
    erp.script = ["lost before", "refused"]
    run(ledger, erp)
    ledger.clock.sleep(minutes=20)
    assert run(ledger, erp).counts == {"absent": 1, "refused": 1}
    assert run(ledger, erp, CLEARED).counts == {}
    assert ledger.status() is Status.FAILED


def test_clears_do_not_go_on_for_ever() -> None:
    ledger, erp = ready(1)
    erp.script = ["refused"] * 20
    run(ledger, erp)
    for number in range(10):
        run(ledger, erp, replace(CLEARED, reason=f"clear {number}"))
    assert ledger.status() is Status.DEAD
    assert len(erp.submits) == MAX_REFUSALS


def test_five_refusals_in_a_row_hold_the_erp_in_a_cleared_push_too() -> None:
    ledger, erp = ready(*range(1, 5))
    erp.script = ["PERIOD_CLOSED"] * 20
    run(ledger, erp)
    assert run(ledger, erp, CLEARED).counts == {"retried": 4, "refused": 4}, "they are four orders, however often tried"
    extract(ROUTE, MemoryChannel([transaction(5), transaction(6)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    with pytest.raises(RefusesEverything):
        run(ledger, erp, CLEARED_AGAIN)
    assert [hold.kind for hold in ledger.in_force] == [HoldKind.CONFIGURATION]
    assert set(statuses(ledger)) == {Status.QUEUED}


def test_a_cleared_push_under_a_hold_tries_nothing_again() -> None:
    ledger, erp = ready(1)
    erp.script = ["refused"]
    run(ledger, erp)
    ledger.hold("erp_erp", HoldKind.PERSON, HoldScope.SUBMIT, "stocktaking", ACTOR)
    summary = run(ledger, erp, CLEARED)
    assert summary.held
    assert ledger.status() is Status.FAILED


def test_a_cleared_reconcile_looks_at_once_at_what_the_erp_took() -> None:
    ledger, erp = ready(1)
    run(ledger, erp)
    ledger.clock.sleep(seconds=31)
    assert asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY)).counts == {}
    assert asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY, at_once=True)).counts == {"confirmed": 1}


def test_a_cleared_reconcile_looks_at_nothing_early_whose_answer_is_out() -> None:
    ledger, erp = ready(1)
    erp.script = ["lost after"]
    run(ledger, erp)
    assert asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY, at_once=True)).counts == {}
    assert ledger.status() is Status.SENDING


def tried_before() -> tuple[MemoryLedger, MemoryErp]:
    """An order whose first try was lost, a look-up that did not find it, and a new order."""
    ledger, erp = ready(1)
    erp.script = ["lost before"]
    run(ledger, erp)
    extract(ROUTE, MemoryChannel([transaction(2)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    ledger.clock.sleep(minutes=20)
    return ledger, erp


def test_what_was_tried_before_waits_for_off_peak_hours_and_new_orders_go() -> None:
    """R42"""
    ledger, erp = tried_before()
    summary = run(ledger, erp, off_peak=NIGHT)
    assert summary.counts == {"absent": 1, "sent": 1, "waiting_for_off_peak": 1}
    assert "which begin 2026-03-02 22:00 UTC" in str(summary)
    assert statuses(ledger) == [Status.QUEUED, Status.SENT]
    ledger.clock.now = datetime(2026, 3, 2, 21, 59, tzinfo=UTC)
    assert run(ledger, erp, off_peak=NIGHT).counts["waiting_for_off_peak"] == 1
    ledger.clock.now += timedelta(minutes=1)
    assert run(ledger, erp, off_peak=NIGHT).counts["sent"] == 1


def test_a_cleared_push_does_not_wait_for_off_peak_hours() -> None:
    """R42"""
    ledger, erp = tried_before()
    assert run(ledger, erp, CLEARED, NIGHT).counts == {"absent": 1, "sent": 2}


def test_what_an_erp_refused_for_its_set_up_is_sent_in_the_daytime_too_once_that_is_mended() -> None:
    """R42"""
    ledger, erp = ready(*range(1, 7))
    erp.script = ["PERIOD_CLOSED"] * 99
    with pytest.raises(RefusesEverything):
        run(ledger, erp, off_peak=NIGHT)
    assert run(ledger, erp, off_peak=NIGHT).held
    erp.script.clear()
    assert run(ledger, erp, off_peak=NIGHT).counts == {"sent": 6}
    assert ledger.in_force == []
