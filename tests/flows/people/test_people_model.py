"""The model of the lifecycle with people in it, who decide at any moment, also while an order is on the wire.

Whatever they decide, no order is ever in the ERP twice, and none is lost.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.errors import OrderSyncError
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.sending.receipts import Receipt
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Guarantee
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, resync, validate
from tests.flows.test_model import ACTOR, TROUBLES, Killed, show_what_was_lost
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger
from tests.support.asking import decision

ROUTES = {"shop": Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)}
DEEDS = (*Action, "mark what is there", "revive", "cancel in the erp")
MOMENTS = ("before", "during", "after")
HERE = {Status.FAILED, Status.DEAD, Status.CONFLICT, Status.PENDING_VERIFICATION}
BY_PEOPLE = {Status.ON_HOLD, Status.IGNORED, Status.SYNCED_MANUALLY}


@dataclass
class CrowdedErp(MemoryErp):
    """An ERP whose callers may be killed, and during whose submits people act."""

    people: "People | None" = None

    async def submit(self, order: Order) -> Receipt:
        killed = bool(self.script) and self.script[0] == "killed"
        if killed:
            self.script.pop(0)
        if self.people:
            await self.people.act("during")
        try:
            receipt = await super().submit(order)
        except OrderSyncError:
            if killed:
                raise Killed from None
            raise
        if self.people:
            await self.people.act("during")
        if killed:
            raise Killed
        return receipt


@dataclass
class People:
    """Who decides about an order, one deed after the other."""

    ledger: MemoryLedger
    erp: CrowdedErp
    deeds: list[tuple[int, str, str, int]]
    run: int = 0
    done: int = 0
    cancelled: set[OrderKey] = field(default_factory=set)

    async def act(self, moment: str) -> None:
        """Do the next deed of this moment of this run."""
        due = next((each for each in self.deeds if each[:2] == (self.run, moment)), None)
        if due is not None:
            self.deeds.remove(due)
            await self.do(due[2], transaction(due[3]).key)

    async def do(self, deed: str, key: OrderKey) -> None:
        live = [sale for sale in self.erp.sales.get(key, ()) if sale.state is not ErpOrderState.CANCELLED]
        gone = [sale for sale in self.erp.sales.get(key, ()) if sale.state is ErpOrderState.CANCELLED]
        if deed == "cancel in the erp":
            self.cancelled.add(key)
            for sale in live:
                sale.state = ErpOrderState.CANCELLED
        elif deed == "mark what is there":
            await self.decide(Action.MARK_AS_SYNCED, key, live[0].number if live else "SO0")
        elif deed == "revive":
            await self.decide(Action.RESYNC, key, gone[0].number if gone else "SO0")
        else:
            await self.decide(Action(deed), key, "SO1" if deed == Action.MARK_AS_SYNCED else "")

    async def decide(self, action: Action, key: OrderKey, number: str) -> None:
        self.done += 1
        asked = decision(Selection(keys=(key,)), action, "a person said so", {key: number} if number else {})
        with contextlib.suppress(OrderSyncError):
            await resync(asked, f"run {self.done}", {}, ROUTES, self.connect, self.ledger, ACTOR, 100)

    async def connect(self, erp: str) -> CrowdedErp:
        return self.erp


async def some_runs(people: People, policy: Policy, pauses: Sequence[int]) -> None:
    ledger, erp, clock = people.ledger, people.erp, people.ledger.clock
    for pause in pauses:
        people.run += 1
        with contextlib.suppress(OrderSyncError):
            try:
                validate(ROUTES["shop"], ledger, ACTOR)
                await people.act("before")
                await push(ROUTES["shop"], erp, ledger, ACTOR, policy, Settings(submit_concurrency=2), clock.monotonic)
            except Killed:
                show_what_was_lost(erp, ledger)
        await people.act("after")
        clock.sleep(seconds=pause)


@settings(max_examples=300, deadline=None)
@given(
    script=st.lists(st.sampled_from(TROUBLES), max_size=10),
    deeds=st.lists(
        st.tuples(st.integers(1, 8), st.sampled_from(MOMENTS), st.sampled_from(DEEDS), st.integers(1, 3)), max_size=16
    ),
    pauses=st.lists(st.sampled_from([1, 121, 2000]), min_size=8, max_size=8),
    guarantee=st.sampled_from(["unique_key", "searchable", "blind"]),
)
@example(script=[], deeds=[(2, "before", "resync", 1)], pauses=[2000] * 8, guarantee="blind")
@example(
    script=["late"],
    deeds=[(1, "during", "on_hold", 2), (2, "before", "release", 2)],
    pauses=[1] * 8,
    guarantee="searchable",
)
@example(script=["shown late", "killed"], deeds=[], pauses=[1] * 8, guarantee="searchable")
def test_whatever_people_decide_and_when_no_order_is_in_the_erp_twice_and_none_is_lost(
    script: list[Any], deeds: list[tuple[int, Any, Any, int]], pauses: list[int], guarantee: Guarantee
) -> None:
    """R44, R87, R90"""
    clock = Clock()
    ledger = MemoryLedger(clock, copy=reference())
    erp = CrowdedErp(clock, guarantee, list(script))
    people = erp.people = People(ledger, erp, list(deeds))
    extract(ROUTES["shop"], MemoryChannel([transaction(number) for number in (1, 2, 3)]), ledger, ACTOR)

    asyncio.run(some_runs(people, Policy(guarantee), pauses))
    erp.script.clear()
    asyncio.run(some_runs(people, Policy(guarantee), [2700] * 60))

    assert len(ledger.rows) == 3
    for key, row in ledger.rows.items():
        live = [sale for sale in erp.sales.get(key, ()) if sale.state is not ErpOrderState.CANCELLED]
        assert len(live) <= 1, (key, row)
        assert row.status in {Status.SUCCEEDED} | HERE | BY_PEOPLE, (key, row)
        if row.status is Status.PENDING_VERIFICATION and guarantee != "blind":
            assert row.acknowledged_as, "the ERP gave a number and does not show it: a person looks"
        if row.status is Status.SUCCEEDED and key not in people.cancelled:
            assert [sale.number for sale in live] == [row.erp_number]
        assert row.message or row.status in {Status.SUCCEEDED} | BY_PEOPLE, "what is not done is explained"
