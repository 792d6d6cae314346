"""Systems that are away: held at first sight, probed once a cycle, and used again by themselves."""

import asyncio
from datetime import UTC, datetime

import pytest

from order_sync.core.errors import LedgerUnavailable, NotAuthorised, OrderRefused, Transient
from order_sync.core.holds import HoldKind, HoldScope
from order_sync.core.lifecycle import Event, Status
from order_sync.core.ports import Actor, Route
from order_sync.core.settings import Settings
from order_sync.core.verdict import Policy
from order_sync.flows import extract, push, settle, validate
from order_sync.flows.push import RefusesEverything
from tests.flows.memory import Clock, MemoryChannel, MemoryErp, MemoryLedger, reference, transaction

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
FIRST, NEXT = Actor("dag/run 1/push"), Actor("dag/run 2/push")
POLICY = Policy("unique_key")
ONE_AT_A_TIME = Settings(submit_concurrency=1)


def ready(*numbers: int) -> tuple[MemoryLedger, MemoryErp]:
    """A ledger in which these orders are queued, and an ERP on its clock."""
    ledger = MemoryLedger(Clock(), copy=reference())
    extract(ROUTE, MemoryChannel([transaction(number) for number in numbers]), ledger, FIRST)
    validate(ROUTE, ledger, FIRST)
    return ledger, MemoryErp(ledger.clock)


def run_push(ledger: MemoryLedger, erp: MemoryErp, actor: Actor):
    return asyncio.run(push(ROUTE, erp, ledger, actor, POLICY, ONE_AT_A_TIME, ledger.clock.monotonic))


def test_an_outage_is_held_at_first_sight_by_the_task_that_stays_red():
    ledger, erp = ready(1)
    erp.script = ["away"]
    erp.confirms_after = erp.confirms_after * 0
    with pytest.raises(Transient):
        run_push(ledger, erp, FIRST)
    (hold,) = ledger.in_force
    assert (hold.connection, hold.kind, hold.scope, hold.by) == ("erp_erp", HoldKind.OUTAGE, HoldScope.ALL, FIRST.by)
    erp.down = True
    with pytest.raises(Transient):
        run_push(ledger, erp, FIRST)


def test_while_an_outage_lasts_the_next_runs_probe_once_and_skip():
    ledger, erp = ready(1)
    erp.script = ["away"]
    with pytest.raises(Transient):
        run_push(ledger, erp, FIRST)
    erp.down = True
    summary = run_push(ledger, erp, NEXT)
    assert "connection refused" in summary.held
    assert str(summary) == f"nothing to do; on hold: {summary.held}"
    assert ledger.status() is Status.QUEUED


def test_a_hold_ends_by_itself_and_the_queue_drains():
    ledger, erp = ready(1, 2, 3)
    erp.script = ["away"]
    with pytest.raises(Transient):
        run_push(ledger, erp, FIRST)
    assert run_push(ledger, erp, NEXT).counts == {"sent": 3}
    assert ledger.in_force == []


def test_a_refused_key_is_a_hold_of_its_own_kind():
    ledger, erp = ready(1)

    async def refuse(order):
        raise NotAuthorised("the key is not accepted")

    erp.submit = refuse
    with pytest.raises(NotAuthorised):
        run_push(ledger, erp, FIRST)
    assert [hold.kind for hold in ledger.in_force] == [HoldKind.ACCESS]
    assert ledger.status() is Status.QUEUED


def test_verdicts_of_the_window_still_fall_while_the_erp_is_away():
    ledger, erp = ready(1)
    run_push(ledger, erp, FIRST)
    erp.down = True
    ledger.clock.sleep(minutes=1)
    with pytest.raises(Transient):
        asyncio.run(settle(ROUTE, erp, ledger, FIRST, POLICY))
    ledger.clock.sleep(minutes=28, seconds=59)
    asyncio.run(settle(ROUTE, erp, ledger, NEXT, POLICY))
    assert ledger.status() is Status.SENT
    ledger.clock.sleep(seconds=1)
    summary = asyncio.run(settle(ROUTE, erp, ledger, NEXT, POLICY))
    assert summary.counts == {"window_over": 1}
    row = ledger.rows[transaction().key]
    assert row.status is Status.PENDING_VERIFICATION
    assert "the ERP is away" in row.message
    erp.down = False
    ledger.clock.sleep(minutes=6)
    assert asyncio.run(settle(ROUTE, erp, ledger, NEXT, POLICY)).counts == {"confirmed": 1}


def test_a_ledger_that_is_away_holds_nobody_else():
    ledger, erp = ready(1)

    def gone(*_: object, **__: object) -> None:
        raise LedgerUnavailable("the ledger does not answer")

    ledger.claim = gone
    with pytest.raises(LedgerUnavailable):
        run_push(ledger, erp, FIRST)
    assert ledger.in_force == []


def test_a_channel_that_is_away_is_held_for_its_extract_alone():
    ledger, erp = ready(1)
    channel = MemoryChannel([transaction(1), transaction(2)], down=True)
    with pytest.raises(Transient):
        extract(ROUTE, channel, ledger, FIRST)
    assert [hold.connection for hold in ledger.in_force] == ["channel_shop"]
    with pytest.raises(Transient):
        extract(ROUTE, channel, ledger, FIRST)
    assert "the channel is away" in extract(ROUTE, channel, ledger, NEXT).held
    assert run_push(ledger, erp, NEXT).counts == {"sent": 1}
    channel.down = False
    assert extract(ROUTE, channel, ledger, NEXT).counts["new"] == 1
    assert ledger.in_force == []


class Refusing(MemoryErp):
    """An ERP that refuses every order with one code, as long as it has one."""

    code: str | None = None
    said = "the period is closed"

    async def submit(self, order):
        if self.code:
            raise OrderRefused(self.said, code=self.code)
        return await super().submit(order)


def test_one_cause_behind_many_refusals_is_a_hold_and_no_order_fails():
    ledger, _ = ready(*range(1, 11))
    erp = Refusing(ledger.clock)
    erp.code = "PERIOD_CLOSED"
    with pytest.raises(RefusesEverything, match=r"refused the last \d+ orders with PERIOD_CLOSED"):
        run_push(ledger, erp, FIRST)
    assert ledger.counts("shop") == {Status.QUEUED: 10}
    (hold,) = ledger.in_force
    assert (hold.kind, hold.scope) == (HoldKind.CONFIGURATION, HoldScope.SUBMIT)

    summary = run_push(ledger, erp, NEXT)
    assert "PERIOD_CLOSED: The order's date lies in a closed period, or in none." in summary.held
    assert f"on hold: {summary.held}" in str(summary), "which the task logs"
    assert ledger.counts("shop") == {Status.QUEUED: 10}

    erp.code = None
    assert run_push(ledger, erp, NEXT).counts == {"sent": 10}
    assert ledger.in_force == []
    assert Event.CONFIGURATION_SUSPECTED in {event for _, _, event, _, _ in ledger.history}


def test_an_order_with_which_a_held_erp_is_probed_again_and_again_does_not_die_of_it():
    ledger, _ = ready(*range(1, 6))
    erp = Refusing(ledger.clock)
    erp.code = "PERIOD_CLOSED"
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST)
    for _ in range(5):
        assert run_push(ledger, erp, NEXT).held
    ledger.release_hold("erp_erp", None, Actor("ursula", "mended, they say"))
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, NEXT)
    assert ledger.counts("shop") == {Status.QUEUED: 5}


def test_what_the_erp_said_of_one_order_is_in_no_hold_and_in_no_alert():
    """R178"""
    ledger, _ = ready(*range(1, 11))
    erp = Refusing(ledger.clock)
    erp.code, erp.said = "REJECTED_BY_ERP", "Zebedee owes us money"
    with pytest.raises(RefusesEverything) as caught:
        run_push(ledger, erp, FIRST)
    assert "The DAG explain_order tells what it said of shop:" in str(caught.value)
    assert "Zebedee" not in f"{caught.value} {ledger.in_force} {run_push(ledger, erp, NEXT).held}"


def test_orders_that_are_wrong_themselves_never_hold_the_erp():
    ledger, _ = ready(*range(1, 11))
    erp = Refusing(ledger.clock)
    erp.code = "SKU_NOT_FOUND"
    assert run_push(ledger, erp, FIRST).counts == {"refused": 10}
    assert ledger.in_force == []
