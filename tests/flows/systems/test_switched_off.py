"""What the owner switched off: its rows land, what was sent is settled, and nothing new is sent until it is on."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.life.lifecycle import Status
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import compare_erp, extract, push, refresh_reference, settle, validate
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("dag/run 1/push")
POLICY = Policy("unique_key")
OFF = {"channel_shop": "the plan ended on 1 March"}


def sold(ledger: MemoryLedger, *numbers: int, **changes: str) -> dict[str, int]:
    """Let these orders be read and checked."""
    rows = [transaction(number, **changes) for number in numbers]
    counts = extract(ROUTE, MemoryChannel(rows), ledger, ACTOR).counts
    return {**counts, **validate(ROUTE, ledger, ACTOR).counts}


def run_push(ledger: MemoryLedger, erp: MemoryErp) -> Summary:
    return asyncio.run(push(ROUTE, erp, ledger, ACTOR, POLICY, Settings(), ledger.clock.monotonic))


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(Clock(), copy=reference())


@pytest.fixture
def erp(ledger: MemoryLedger) -> MemoryErp:
    return MemoryErp(ledger.clock)


@pytest.mark.parametrize("name", ["channel_shop", "erp_erp"])
def test_rows_land_and_are_checked_and_nothing_is_sent_until_it_is_on_again(
    ledger: MemoryLedger, erp: MemoryErp, name: str
) -> None:
    """R16"""
    ledger.switch_off({name: "the plan ended on 1 March"}, ACTOR)
    counts = sold(ledger, 1, 2)
    assert (counts["new"], counts["valid"]) == (2, 2)
    held = str(run_push(ledger, erp).held)
    assert f"{name} (switched_off): the plan ended on 1 March" in held
    assert ledger.counts("shop") == {Status.QUEUED: 2}
    ledger.switch_off({}, ACTOR)
    assert run_push(ledger, erp).counts == {"sent": 2}


@pytest.mark.parametrize("name", ["channel_shop", "erp_erp", "distributor_usrt"])
def test_what_was_sent_is_looked_up_until_it_is_settled(ledger: MemoryLedger, erp: MemoryErp, name: str) -> None:
    sold(ledger, 1)
    run_push(ledger, erp)
    ledger.switch_off({name: "the plan ended on 1 March"}, ACTOR)
    ledger.clock.sleep(minutes=10)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))
    assert ledger.status() is Status.SUCCEEDED


def test_what_a_look_finds_absent_waits_with_the_others(ledger: MemoryLedger, erp: MemoryErp) -> None:
    sold(ledger, 1)
    erp.script = ["lost before"]
    run_push(ledger, erp)
    ledger.switch_off(OFF, ACTOR)
    ledger.clock.sleep(minutes=40)
    assert run_push(ledger, erp).held
    assert ledger.status() is Status.QUEUED
    assert not erp.sales


def test_one_distributors_orders_wait_and_the_push_sends_the_others(ledger: MemoryLedger, erp: MemoryErp) -> None:
    sold(ledger, 1)
    sold(ledger, 2, distributor="Ann")
    ledger.switch_off({"distributor_Ann": "the plan ended on 1 March"}, ACTOR)
    summary = run_push(ledger, erp)
    assert (summary.counts, summary.held) == ({"sent": 1, "switched_off": 1}, None)
    assert "1 order waits since its distributor is switched off in the registry" in str(summary)
    assert ledger.rows[transaction(2).key].status is Status.QUEUED


def test_an_erp_that_is_switched_off_is_asked_nothing(ledger: MemoryLedger, erp: MemoryErp) -> None:
    ledger.copy = None
    ledger.switch_off({"erp_erp": "it is replaced in May"}, ACTOR)
    erp.down = True
    assert sold(ledger, 1)["new"] == 1
    for summary in (
        asyncio.run(refresh_reference(ROUTE, erp, ledger, ACTOR, timedelta(0))),
        validate(ROUTE, ledger, ACTOR),
        run_push(ledger, erp),
        asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)),
    ):
        assert "erp_erp (switched_off): it is replaced in May" in (summary.held or "")
    assert ledger.status() is Status.RECEIVED


def test_that_it_is_switched_off_is_said_before_any_other_hold(ledger: MemoryLedger, erp: MemoryErp) -> None:
    sold(ledger, 1)
    ledger.hold("erp_erp", HoldKind.CONFIGURATION, HoldScope.SUBMIT, "no period", ACTOR)
    ledger.switch_off(OFF, ACTOR)
    assert "switched_off" in str(run_push(ledger, erp).held)
    assert not erp.sales
