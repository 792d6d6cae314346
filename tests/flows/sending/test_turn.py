"""A push in trouble ends: promptly, with the first error, after what is known is on record. And it ends in time."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.errors import LedgerUnavailable, Transient
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.records.orders import Claim
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, settle, validate
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("test")
POLICY = Policy("unique_key")
PROMPTLY = 10
ALL_AT_ONCE = Settings(claim_size=300)


@dataclass
class Blip(MemoryLedger):
    """A ledger that is away at some of its calls. `away` says at which: the name of a call, and which times of it."""

    away: dict[str, range] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def open(self, *arguments: Any, **options: Any) -> set[OrderKey]:
        self._answer("open")
        return super().open(*arguments, **options)

    def close(self, *arguments: Any, **options: Any) -> None:
        self._answer("close")
        return super().close(*arguments, **options)

    def release(self, claim: Claim) -> None:
        self._answer("release")
        super().release(claim)

    def _answer(self, call: str) -> None:
        self.calls[call] = self.calls.get(call, 0) + 1
        if self.calls[call] in self.away.get(call, range(0)):
            raise LedgerUnavailable(f"the ledger does not answer to {call}")


def ready(number: int, **away: range) -> Blip:
    """A ledger in which so many orders are queued, away at these calls."""
    ledger = Blip(copy=reference(), away=away)
    extract(ROUTE, MemoryChannel([transaction(each) for each in range(1, number + 1)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger


async def send(ledger: MemoryLedger, erp: MemoryErp, settings: Settings = ALL_AT_ONCE) -> Summary:
    """Push; a push that hangs is a failure."""
    limit = asyncio.timeout(PROMPTLY)
    try:
        async with limit:
            return await push(ROUTE, erp, ledger, ACTOR, POLICY, settings, ledger.clock.monotonic)
    finally:
        assert not limit.expired(), "the push hung"


class Busy(MemoryErp):
    """An ERP that takes a moment for an order, so that others queue up behind it."""

    async def submit(self, order: Order) -> Receipt:
        await asyncio.sleep(0.002)
        return await super().submit(order)


FOR_EVER = range(2, 10**9)


@pytest.mark.parametrize("call", ["open", "close"])
async def test_a_ledger_that_goes_away_in_the_middle_ends_the_push_promptly(call: str) -> None:
    ledger = ready(300, **{call: FOR_EVER, "release": FOR_EVER})
    with pytest.raises(LedgerUnavailable, match=f"does not answer to {call}"):
        await send(ledger, Busy(ledger.clock))


@pytest.mark.parametrize("call", ["open", "close"])
async def test_what_the_erp_said_is_on_record_once_the_ledger_is_back(call: str) -> None:
    ledger = ready(300, **{call: range(2, 3)})
    erp = Busy(ledger.clock)
    with pytest.raises(LedgerUnavailable):
        await send(ledger, erp)
    counts = ledger.counts("shop")
    assert counts == {Status.SENT: len(erp.submits), Status.QUEUED: 300 - len(erp.submits)}
    assert 0 < len(erp.submits) < 300
    assert (await send(ledger, erp)).counts == {"sent": counts[Status.QUEUED]}
    assert len(erp.submits) == len(set(erp.submits)) == 300


async def test_the_very_last_outcome_is_closed_a_second_time_too() -> None:
    ledger = ready(1, close=range(1, 2))
    with pytest.raises(LedgerUnavailable):
        await send(ledger, MemoryErp(ledger.clock))
    assert ledger.status() is Status.SENT


async def test_what_cannot_be_given_back_does_not_hide_what_went_wrong_first() -> None:
    ledger = ready(300, release=range(1, 2))
    erp = MemoryErp(ledger.clock, script=["fine"] * 50 + ["away"])
    with pytest.raises(Transient, match="connection refused"):
        await send(ledger, erp)


async def test_what_can_be_given_back_neither_then_nor_later_is_an_error_of_its_own() -> None:
    ledger = ready(200, release=range(1, 2))
    with pytest.raises(LedgerUnavailable, match="does not answer to release"):
        await send(ledger, Slow(ledger.clock), ONE_MINUTE)
    assert ledger.counts("shop")[Status.SENT] >= 60


@dataclass
class Raising(Busy):
    """An ERP whose adapter raises something else than an error of ours in the first submits, so many times."""

    what: Callable[[], BaseException] = asyncio.CancelledError
    times: int = 20

    async def submit(self, order: Order) -> Receipt:
        if self.times:
            self.times -= 1
            raise self.what()
        return await super().submit(order)


async def test_calls_that_an_adapter_cancels_itself_stop_no_other_order_and_are_looked_up() -> None:
    ledger = ready(300)
    erp = Raising(ledger.clock)
    assert (await send(ledger, erp)).counts == {"outcome_unknown": 20, "sent": 280}
    assert ledger.counts("shop") == {Status.SENDING: 20, Status.SENT: 280}
    ledger.clock.sleep(minutes=16)
    assert (await send(ledger, erp)).counts == {"absent": 20, "confirmed": 280, "sent": 20}


class Foreign(BaseException):
    """As Airflow's own time-out of a task, it is no Exception."""


async def test_what_is_no_exception_ends_the_push_promptly_and_goes_on() -> None:
    ledger = ready(300)
    with pytest.raises(Foreign):
        await send(ledger, Raising(ledger.clock, what=Foreign))
    assert all(row.lease_until is None for row in ledger.rows.values() if row.status is Status.QUEUED)


async def test_a_push_that_is_cancelled_from_outside_ends_and_gives_back_what_it_did_not_send() -> None:
    ledger = ready(300)
    erp = MemoryErp(ledger.clock)
    begun = asyncio.Event()

    async def never(order: Order) -> Receipt:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    erp.submit = never
    task = asyncio.create_task(send(ledger, erp))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, PROMPTLY)
    counts = ledger.counts("shop")
    assert counts[Status.SENDING] + counts[Status.QUEUED] == 300
    assert all(row.lease_until is None for row in ledger.rows.values() if row.status is Status.QUEUED)


@dataclass
class Slow(MemoryErp):
    """An ERP that takes a second for an order, and another for a look-up."""

    async def submit(self, order: Order) -> Receipt:
        self.clock.sleep(seconds=1)
        return await super().submit(order)

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        self.clock.sleep(seconds=20)
        return await super().look_up(sent)


ONE_MINUTE = Settings(push_turn=timedelta(minutes=1), claim_size=50)


async def test_a_push_ends_its_turn_in_time_says_what_is_left_and_the_next_one_goes_on() -> None:
    ledger = ready(200)
    erp = Slow(ledger.clock)
    first = await send(ledger, erp, ONE_MINUTE)
    assert set(first.counts) == {"sent", "left_queued"}, "no attempt was opened for what is left"
    assert 60 <= first.counts["sent"] < 60 + 32
    assert first.counts["left_queued"] == 200 - first.counts["sent"] == ledger.counts("shop")[Status.QUEUED]
    assert "is sent with the next run" in str(first)
    assert all(row.lease_until is None for row in ledger.rows.values() if row.status is Status.QUEUED)
    while "left_queued" in (await send(ledger, erp, ONE_MINUTE)).counts:
        pass
    assert len(erp.submits) == len(set(erp.submits)) == 200


async def test_a_push_with_nothing_left_when_its_turn_is_over_says_nothing_of_it() -> None:
    ledger = ready(60)
    summary = await send(ledger, Slow(ledger.clock), Settings(push_turn=timedelta(minutes=1), claim_size=60))
    assert summary.counts == {"sent": 60}


async def test_looking_up_takes_half_of_a_turn_at_most_so_that_something_is_sent() -> None:
    ledger = ready(10)
    await send(ledger, MemoryErp(ledger.clock))
    ledger.clock.sleep(minutes=1)
    extract(ROUTE, MemoryChannel([transaction(11)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    erp = Slow(ledger.clock, keys_a_call=1)
    assert (await send(ledger, erp, ONE_MINUTE)).counts == {"still_open": 2, "sent": 1}


async def test_settling_alone_is_not_bounded() -> None:
    ledger = ready(10)
    await send(ledger, MemoryErp(ledger.clock))
    ledger.clock.sleep(minutes=1)
    assert (await settle(ROUTE, Slow(ledger.clock), ledger, ACTOR, POLICY)).counts == {"still_open": 10}


OTHER = Route("store", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)


async def shared(ledger: MemoryLedger, erp: MemoryErp, left: timedelta | None = None) -> Summary:
    """Push for three minutes, on an ERP that another channel shares."""
    settings = Settings(push_turn=timedelta(minutes=3), claim_size=50)
    clock = ledger.clock.monotonic
    return await push(ROUTE, erp, ledger, ACTOR, POLICY, settings, clock, others=["store"], left=left)


def sold_in_the_other(ledger: MemoryLedger) -> None:
    channel = MemoryChannel([transaction(1, key=OrderKey("store", ("1",)))])
    extract(OTHER, channel, ledger, ACTOR)
    validate(OTHER, ledger, ACTOR)


async def test_a_push_gives_way_within_a_minute_to_an_order_of_another_channel_and_goes_on_after_it() -> None:
    ledger = ready(2000)
    erp = Slow(ledger.clock)
    sold_in_the_other(ledger)
    first = await shared(ledger, erp)
    assert 30 <= first.counts["sent"] <= 60
    assert "left_queued" not in first.counts
    assert first.gave_way == timedelta(seconds=180 - first.counts["sent"])
    assert not any(row.lease_until for row in ledger.rows.values() if row.status is Status.QUEUED)
    await push(OTHER, erp, ledger, ACTOR, POLICY, Settings(), ledger.clock.monotonic, others=["shop"])
    assert erp.submits[-1].channel == "store"
    second = await shared(ledger, erp, left=first.gave_way)
    assert second.gave_way is None
    assert 180 <= first.counts["sent"] + second.counts["sent"] <= 180 + 32, "together they are one whole turn"


async def test_a_push_that_nobody_waits_for_keeps_its_turn() -> None:
    ledger = ready(100)
    assert (await shared(ledger, Slow(ledger.clock))).counts == {"sent": 100}


async def test_looking_up_gives_way_too() -> None:
    ledger = ready(10)
    await send(ledger, MemoryErp(ledger.clock))
    ledger.clock.sleep(minutes=1)
    sold_in_the_other(ledger)
    summary = await shared(ledger, Slow(ledger.clock, keys_a_call=1))
    assert summary.counts == {"still_open": 1}
