"""The model test of the lifecycle: an ERP that does everything wrong, runs that die anywhere, and time.

Whatever happened, no order is ever in the ERP twice, and once the trouble ends every order reaches an end without luck.
"""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import OrderSyncError
from order_sync.core.life.lifecycle import MEANINGS, TRANSITIONS, Event, Status, Who
from order_sync.core.order.model import Order
from order_sync.core.sending.receipts import Receipt
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Guarantee
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, settle, validate
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("test")
TROUBLES = [
    "fine",
    "away",
    "refused",
    "busy",
    "lost before",
    "lost after",
    "late",
    "half-made",
    "header alone",
    "edited",
    "edited half-made",
    "forgotten",
    "shown late",
    "cancelled",
    "bug",
    "killed",
]


class Killed(BaseException):
    """The worker's process is gone: nothing after this line runs."""


class DyingErp(MemoryErp):
    """An ERP whose caller is killed when the script says so, before or after the ERP did its part."""

    async def submit(self, order: Order) -> Receipt:
        if self.script and self.script[0] == "killed":
            self.script.pop(0)
            with contextlib.suppress(OrderSyncError):
                await super().submit(order)
            raise Killed
        return await super().submit(order)


def show_what_was_lost(erp: MemoryErp, ledger: MemoryLedger) -> None:
    """Let the ERP keep its promise: it is late by more than the grace only with what it gave a number for."""
    for key, sales in erp.sales.items():
        for sale in sales:
            if not ledger.rows[key].acknowledged_as:
                sale.visible_from = min(sale.visible_from, ledger.now())


async def one_run(erp: MemoryErp, ledger: MemoryLedger, policy: Policy, clock: Clock) -> None:
    with contextlib.suppress(OrderSyncError):
        try:
            await push(ROUTE, erp, ledger, ACTOR, policy, Settings(submit_concurrency=2), clock.monotonic)
        except Killed:
            show_what_was_lost(erp, ledger)


async def trouble_and_then_calm(
    erp: MemoryErp, ledger: MemoryLedger, policy: Policy, clock: Clock, pauses: list[int]
) -> None:
    for pause in pauses:
        await one_run(erp, ledger, policy, clock)
        clock.sleep(seconds=pause)
    erp.script.clear()
    for _ in range(40):
        await one_run(erp, ledger, policy, clock)
        clock.sleep(minutes=45)


@settings(max_examples=200, deadline=None)
@given(
    script=st.lists(st.sampled_from(TROUBLES), max_size=12),
    pauses=st.lists(st.sampled_from([1, 31, 121, 1000, 2000]), min_size=8, max_size=8),
    orders=st.integers(1, 4),
    guarantee=st.sampled_from(["unique_key", "searchable", "blind"]),
    accepts=st.booleans(),
)
def test_no_order_is_in_the_erp_twice_and_every_order_comes_to_an_end(
    script: list[Any], pauses: list[int], orders: int, guarantee: Guarantee, accepts: bool
) -> None:
    """R44, R167"""
    clock = Clock()
    ledger, erp = MemoryLedger(clock, copy=reference()), DyingErp(clock, guarantee, list(script))
    extract(ROUTE, MemoryChannel([transaction(number) for number in range(1, orders + 1)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)

    accepts &= guarantee == "blind"
    policy = Policy(guarantee, receipt_is_acceptance=accepts)
    asyncio.run(trouble_and_then_calm(erp, ledger, policy, clock, pauses))

    assert len(ledger.rows) == orders
    for key, row in ledger.rows.items():
        live = [sale for sale in erp.sales.get(key, ()) if sale.state is not ErpOrderState.CANCELLED]
        assert len(live) <= 1, (key, row)
        if row.status is Status.SUCCEEDED and accepts:
            assert row.erp_number, "the ERP accepted it under a number"
        elif row.status is Status.SUCCEEDED:
            assert [(sale.state, sale.number) for sale in live] == [(ErpOrderState.CONFIRMED, row.erp_number)]
        elif row.status is Status.PENDING_VERIFICATION and guarantee != "blind":
            assert row.acknowledged_as in row.message, "the ERP gave a number and does not show it: a person looks"
            assert not live
        elif accepts and row.status is Status.CONFLICT:
            assert "which is that of order" in row.message, "the ERP forgot an order and gave its number again"
        elif guarantee == "blind":
            assert row.status in (Status.PENDING_VERIFICATION, Status.FAILED), "a blind ERP's orders wait for a person"
        else:
            assert row.status in (Status.FAILED, Status.DEAD, Status.CONFLICT), (key, row)
        assert row.message or row.status is Status.SUCCEEDED, "what is not done is explained"


def test_a_run_that_dies_at_any_moment_leaves_its_orders_to_the_next() -> None:
    clock = Clock()
    ledger, erp = MemoryLedger(clock, copy=reference()), DyingErp(clock, script=["killed"])
    extract(ROUTE, MemoryChannel([transaction()]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    with pytest.raises(Killed):
        asyncio.run(push(ROUTE, erp, ledger, ACTOR, Policy("unique_key"), Settings(), clock.monotonic))
    assert ledger.status() is Status.SENDING

    clock.sleep(minutes=16)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, Policy("unique_key")))

    assert ledger.status() is Status.SUCCEEDED
    assert erp.submits == [transaction().key]


def test_every_status_that_is_not_final_has_a_way_to_a_final_one() -> None:
    ends = {status for status, standing in MEANINGS.items() if standing.final}
    reachable = set(ends)
    while True:
        more = {row.from_status for row in TRANSITIONS if row.to_status in reachable} | reachable
        if more == reachable:
            break
        reachable = more
    assert reachable == set(Status)


def test_every_status_in_doubt_can_be_left_by_evidence_alone() -> None:
    for status in (Status.SENDING, Status.SENT, Status.PENDING_VERIFICATION):
        events = {row.event for row in TRANSITIONS if row.from_status is status and row.who is Who.SETTLE}
        assert events >= {Event.CONFIRMED, Event.REFUSED, Event.CANCELLED_IN_ERP, Event.DIFFERENT, Event.TWO_IN_ERP}


def test_only_steps_marked_so_call_the_erp_and_every_failure_is_reachable_by_a_person() -> None:
    for status in (Status.FAILED, Status.DEAD, Status.CONFLICT):
        assert any(row.who is Who.PERSON and row.from_status is status for row in TRANSITIONS)
    assert not any(row.calls_erp for row in TRANSITIONS if row.who in (Who.CHANNEL, Who.RULES))


def test_the_window_is_half_open() -> None:
    """R54, T7, T11"""
    clock = Clock()
    ledger, erp = MemoryLedger(clock, copy=reference()), MemoryErp(clock, confirms_after=timedelta(days=1))
    policy = Policy("unique_key", looks=())
    extract(ROUTE, MemoryChannel([transaction()]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    asyncio.run(push(ROUTE, erp, ledger, ACTOR, policy, Settings(), clock.monotonic))
    row = ledger.rows[transaction().key]

    clock.sleep(minutes=29, seconds=59)
    row.next_look_at = clock.now
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, policy))
    assert row.status is Status.SENT

    clock.sleep(seconds=1)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, policy))
    assert row.status is Status.PENDING_VERIFICATION

    clock.sleep(days=1)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, policy))
    assert row.status is Status.SUCCEEDED
    assert [step[2] for step in ledger.history][-2:] == [Event.WINDOW_OVER, Event.CONFIRMED]
