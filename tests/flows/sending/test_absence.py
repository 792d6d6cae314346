"""What the ERP does not show may be there all the same: when not finding an order proves something, and when not."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.errors import OutcomeUnknown
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Order
from order_sync.core.sending.receipts import Receipt
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Guarantee
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, resync, settle, validate
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger
from tests.support.asking import decision

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("test")
SLOWLY = Settings(submit_concurrency=1)
PROVABLE = ["unique_key", "searchable"]


def ready(number: int) -> MemoryLedger:
    """A ledger in which so many orders are queued."""
    ledger = MemoryLedger(Clock(), copy=reference())
    extract(ROUTE, MemoryChannel([transaction(each) for each in range(1, number + 1)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger


def send(ledger: MemoryLedger, erp: MemoryErp, policy: Policy) -> dict[str, int]:
    return asyncio.run(push(ROUTE, erp, ledger, ACTOR, policy, SLOWLY, ledger.clock.monotonic)).counts


def look(ledger: MemoryLedger, erp: MemoryErp, policy: Policy) -> dict[str, int]:
    return asyncio.run(settle(ROUTE, erp, ledger, ACTOR, policy)).counts


@pytest.mark.parametrize("guarantee", PROVABLE)
def test_orders_with_a_numbered_receipt_are_not_sent_again_however_late_the_erp_shows_them(
    guarantee: Guarantee,
) -> None:
    """R44"""
    ledger, policy = ready(20), Policy(guarantee)
    erp = MemoryErp(ledger.clock, guarantee, script=["shown late"] * 20)
    assert send(ledger, erp, policy) == {"sent": 20}
    for _ in range(5):
        ledger.clock.sleep(minutes=40)
        send(ledger, erp, policy)
    assert len(erp.submits) == 20
    row = ledger.rows[transaction(1).key]
    assert row.status is Status.PENDING_VERIFICATION
    assert "SO1" in row.message
    assert "mark the order as synced" in row.message
    ledger.clock.sleep(hours=3)
    look(ledger, erp, policy)
    assert ledger.counts("shop") == {Status.SUCCEEDED: 20}


@pytest.mark.parametrize("guarantee", PROVABLE)
def test_what_a_look_up_saw_in_the_erp_is_not_sent_again_when_a_later_one_does_not_see_it(guarantee: Guarantee) -> None:
    ledger, policy = ready(1), Policy(guarantee)
    erp = MemoryErp(ledger.clock, guarantee, script=["lost after"], confirms_after=timedelta(days=1))
    send(ledger, erp, policy)
    ledger.clock.sleep(minutes=16)
    assert look(ledger, erp, policy) == {"taken": 1}
    (sale,) = erp.sales[transaction(1).key]
    sale.visible_from = ledger.clock.now + timedelta(hours=4)
    for _ in range(4):
        ledger.clock.sleep(minutes=40)
        send(ledger, erp, policy)
    assert len(erp.submits) == 1
    assert sale.number in ledger.rows[transaction(1).key].message


def resync_it(ledger: MemoryLedger, erp: MemoryErp, run: str) -> dict[str, int]:
    async def connect(channel: str) -> MemoryErp:
        return erp

    asked = decision(Selection(keys=(transaction(1).key,)), Action.RESYNC, "I looked in the ERP")
    return asyncio.run(
        resync(asked, run, {}, {"shop": ROUTE}, connect, ledger, Actor(person="ursula"), 3)
    ).summary.counts


@pytest.mark.parametrize("guarantee", PROVABLE)
def test_a_person_may_send_it_again_only_if_the_erp_has_neither_its_key_nor_its_number(guarantee: Guarantee) -> None:
    """R44, R90"""
    ledger, policy = ready(1), Policy(guarantee)
    erp = MemoryErp(ledger.clock, guarantee, script=["shown late"])
    send(ledger, erp, policy)
    ledger.clock.sleep(minutes=40)
    look(ledger, erp, policy)
    assert resync_it(ledger, erp, "one") == {"refused": 1}
    assert "SO1, a look-up by its key does not show it" in ledger.results[transaction(1).key].message
    erp.sales.clear()
    assert resync_it(ledger, erp, "two") == {"done": 1}
    validate(ROUTE, ledger, ACTOR)
    for _ in range(2):
        send(ledger, erp, policy)
        ledger.clock.sleep(minutes=40)
    assert len(erp.submits) == 2
    look(ledger, erp, policy)
    assert ledger.status() is Status.SUCCEEDED


class SlowErp(MemoryErp):
    """An ERP in which each submit takes three minutes, answers nothing, and is stored 100 seconds later."""

    async def submit(self, order: Order) -> Receipt:
        self.clock.sleep(minutes=3)
        await super().submit(order)
        self.sales[order.key][-1].visible_from = self.clock.now + timedelta(seconds=100)
        raise OutcomeUnknown("no answer")


@pytest.mark.parametrize("guarantee", PROVABLE)
def test_the_grace_of_an_order_that_waited_its_turn_counts_from_its_own_sending(guarantee: Guarantee) -> None:
    """R44, R46"""
    ledger = ready(2)
    policy = Policy(guarantee, window=timedelta(minutes=4))
    erp = SlowErp(ledger.clock, guarantee)
    assert send(ledger, erp, policy) == {"outcome_unknown": 2}
    look(ledger, erp, policy)
    send(ledger, erp, policy)
    assert erp.submits == [transaction(1).key, transaction(2).key]
    ledger.clock.sleep(seconds=121)
    look(ledger, erp, policy)
    assert [len([s for s in sales if s.state is not ErpOrderState.CANCELLED]) for sales in erp.sales.values()] == [1, 1]
    assert ledger.counts("shop") == {Status.SUCCEEDED: 2}
