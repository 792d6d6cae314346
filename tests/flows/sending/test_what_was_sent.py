"""What was sent is what the ERP's order is compared with, whatever is known by then: our changes make no conflict."""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import OrderSyncError
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Order, Transaction
from order_sync.core.order.references import ANY_KEY
from order_sync.core.sending.receipts import Receipt
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Guarantee
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, settle, validate
from tests.flows.test_model import TROUBLES, DyingErp, Killed, show_what_was_lost
from tests.memory.channel import DETAILS, MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ACTOR = Actor("test")
POLICY = Policy("unique_key")
KEY = transaction().key
AS_IT_WAS = ["G-1"]


@dataclass
class Listening(MemoryErp):
    """An ERP that remembers for whom it was sent orders."""

    customers: list[str] = field(default_factory=list)

    async def submit(self, order: Order) -> Receipt:
        self.customers.append(order.customer_account)
        return await super().submit(order)


class Shop:
    """A channel whose orders are guests', an ERP and a ledger, and a guest account that people change."""

    def __init__(self, *script: str) -> None:
        self.clock = Clock()
        facts = {**reference().facts, ("customer", "G-1"): {}, ("customer", "G-2"): {}}
        self.ledger = MemoryLedger(self.clock, copy=replace(reference(), facts=facts))
        self.erp: Any = Listening(self.clock, script=list(script))
        self.channel = MemoryChannel([self.order()])
        self.guest_account: str | None = "G-1"

    @property
    def route(self) -> Route:
        return Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), self.guest_account)

    @property
    def status(self) -> Status:
        return self.ledger.status()

    @property
    def message(self) -> str:
        return self.ledger.rows[KEY].message

    @staticmethod
    def order(digest: str = "a", **changes: object) -> Transaction:
        return transaction(1, digest=digest, customer_account="", **changes)

    def read(self) -> None:
        extract(self.route, self.channel, self.ledger, ACTOR)
        validate(self.route, self.ledger, ACTOR)

    def send(self) -> None:
        run = push(self.route, self.erp, self.ledger, ACTOR, POLICY, Settings(), self.clock.monotonic)
        asyncio.run(run)

    def look(self) -> None:
        self.clock.sleep(minutes=20)
        asyncio.run(settle(self.route, self.erp, self.ledger, ACTOR, POLICY))

    def sell(self) -> None:
        self.read()
        self.send()


@pytest.mark.parametrize("account", ["G-2", None])
@pytest.mark.parametrize("trouble", ["lost after", "fine", "late"])
def test_a_guest_account_that_changes_before_the_look_up_makes_no_conflict(account: str | None, trouble: str) -> None:
    shop = Shop(trouble)
    shop.sell()
    shop.guest_account = account
    shop.look()
    assert shop.status is Status.SUCCEEDED, shop.message
    assert shop.erp.customers == AS_IT_WAS


@pytest.mark.parametrize("account", ["G-2", None])
def test_what_was_begun_is_finished_as_it_was_sent(account: str | None) -> None:
    shop = Shop("half-made")
    shop.sell()
    shop.guest_account = account
    shop.look()
    assert shop.status is Status.QUEUED, shop.message
    shop.send()
    shop.look()
    assert shop.status is Status.SUCCEEDED, shop.message
    assert shop.erp.customers == AS_IT_WAS * 2
    first, second = shop.ledger.rows[KEY].attempts
    assert first.made.provenance == second.made.provenance


def test_what_was_begun_and_then_did_not_reach_the_erp_is_finished_as_it_was_sent() -> None:
    shop = Shop("half-made", "away")
    shop.sell()
    shop.look()
    shop.guest_account = "G-2"
    with pytest.raises(Exception, match="refused"):
        shop.send()
    assert shop.status is Status.QUEUED
    shop.send()
    shop.look()
    assert shop.status is Status.SUCCEEDED, shop.message
    assert shop.erp.customers == AS_IT_WAS * 3


def test_what_the_erp_surely_does_not_have_is_made_anew() -> None:
    shop = Shop("lost before")
    shop.sell()
    shop.guest_account = "G-2"
    shop.look()
    shop.send()
    shop.look()
    assert shop.status is Status.SUCCEEDED, shop.message
    assert shop.erp.customers == ["G-1", "G-2"]


def test_what_was_begun_and_removed_in_the_erp_is_made_anew() -> None:
    shop = Shop("half-made")
    shop.sell()
    shop.look()
    shop.erp.sales.clear()
    shop.guest_account = "G-2"
    row = shop.ledger.rows[KEY]
    row.status, row.next_look_at = Status.SENDING, shop.clock.now
    shop.look()
    shop.send()
    shop.look()
    assert shop.status is Status.SUCCEEDED, shop.message
    assert shop.erp.customers == ["G-1", "G-2"]


def test_what_can_no_longer_be_made_is_not_sent_and_fails_until_it_can() -> None:
    """R31"""
    shop = Shop()
    shop.read()
    shop.guest_account = None
    shop.send()
    assert (shop.status, shop.erp.customers) == (Status.RECEIVED, [])
    shop.read()
    assert (shop.status, shop.ledger.rows[KEY].code) == (Status.FAILED, "CUSTOMER_NOT_FOUND")
    shop.guest_account = "G-2"
    shop.sell()
    assert (shop.status, shop.erp.customers) == (Status.SENT, ["G-2"])


def test_what_the_erp_refused_is_made_anew_once_it_is_mended() -> None:
    shop = Shop("refused")
    shop.sell()
    assert shop.status is Status.FAILED
    shop.guest_account = "G-2"
    cleared = Actor(person="a person", reason="cleared")
    run = push(shop.route, shop.erp, shop.ledger, ACTOR, POLICY, Settings(), shop.clock.monotonic, cleared=cleared)
    asyncio.run(run)
    shop.look()
    assert shop.status is Status.SUCCEEDED, shop.message
    assert shop.erp.customers == ["G-1", "G-2"]


def test_what_the_channel_edits_after_a_lost_answer_is_a_conflict_with_what_differs() -> None:
    shop = Shop("lost after")
    shop.sell()
    shop.channel.rows = [shop.order("edited", total="20.00")]
    shop.read()
    assert shop.status is Status.CONFLICT
    assert "may have it: total 10.00 -> 20.00: a person" in shop.message


def test_what_the_channel_only_moves_on_after_a_lost_answer_is_still_what_was_sent() -> None:
    shop = Shop("lost after")
    shop.sell()
    shop.channel.rows = [shop.order("posted", source_status="posted")]
    shop.read()
    shop.guest_account = "G-2"
    shop.look()
    assert shop.status is Status.SUCCEEDED, shop.message


EDITED = DETAILS.replace('"quantity": "2"', '"quantity": "1"')
"""Another quantity, at the same total."""


def test_what_the_channel_edits_after_it_was_begun_is_never_finished_as_it_was() -> None:
    shop = Shop("half-made")
    shop.sell()
    shop.look()
    assert shop.status is Status.QUEUED
    shop.channel.rows = [shop.order("edited", details=EDITED)]
    shop.read()
    shop.send()
    shop.look()
    assert shop.status is Status.CONFLICT
    assert "has different lines from the channel's" in shop.message
    assert shop.erp.customers == AS_IT_WAS


def test_a_conflict_tells_what_differs_from_what_was_sent_although_the_channel_changed_it_twice() -> None:
    shop = Shop("half-made")
    shop.sell()
    shop.look()
    shop.channel.rows = [shop.order("edited", total="20.00", details=DETAILS.replace("10.00", "20.00"))]
    shop.read()
    claimed = shop.ledger.claim("shop", 1, 900, ACTOR)
    orders = {entry.key: entry.as_sent(shop.route.guests, shop.clock.now, ANY_KEY) for entry in claimed.entries}
    assert shop.ledger.open(claimed, orders, 120, 1800) == set(), "an earlier attempt is looked up first"
    assert shop.status is Status.SENDING
    shop.channel.rows = [shop.order("again", total="30.00", details=DETAILS.replace("10.00", "30.00"))]
    shop.read()
    assert shop.status is Status.CONFLICT
    assert "may have it: total 10.00 -> 30.00; line 1 net 10.00 -> 30.00: a person" in shop.message


def test_what_was_sent_before_it_was_kept_is_made_now() -> None:
    shop = Shop("lost after")
    shop.sell()
    entry = next(iter(shop.ledger.due("shop", 1)), None)
    assert entry is None, "not before the lease is over"
    shop.clock.sleep(minutes=20)
    (entry,) = shop.ledger.due("shop", 1)
    shop.guest_account = "G-2"
    now = shop.clock.now + timedelta(minutes=1)
    assert entry.as_sent(shop.route.guests, now, ANY_KEY).order.customer_account == "G-1"
    assert replace(entry, sent=None).as_sent(shop.route.guests, now, ANY_KEY).order.customer_account == "G-2"


@settings(max_examples=200, deadline=None)
@given(
    script=st.lists(st.sampled_from([each for each in TROUBLES if "edited" not in each]), max_size=10),
    accounts=st.lists(st.sampled_from(["G-1", "G-2", None]), min_size=8, max_size=8),
    pauses=st.lists(st.sampled_from([1, 121, 1000, 2000]), min_size=8, max_size=8),
    guarantee=st.sampled_from(["unique_key", "searchable", "blind"]),
)
def test_whatever_becomes_known_and_when_no_order_becomes_a_conflict(
    script: list[str], accounts: list[str | None], pauses: list[int], guarantee: Guarantee
) -> None:
    """R44"""
    shop = Shop()
    shop.erp = DyingErp(shop.clock, guarantee, list(script))
    shop.read()
    for account, pause in [*zip(accounts, pauses, strict=True), *((each, 2700) for each in accounts * 3)]:
        shop.guest_account = account
        validate(shop.route, shop.ledger, ACTOR)
        run = push(shop.route, shop.erp, shop.ledger, ACTOR, Policy(guarantee), Settings(), shop.clock.monotonic)
        with contextlib.suppress(OrderSyncError):
            try:
                asyncio.run(run)
            except Killed:
                show_what_was_lost(shop.erp, shop.ledger)
        shop.clock.sleep(seconds=pause)
        assert shop.status is not Status.CONFLICT, shop.message
    live = [sale for sale in shop.erp.sales.get(KEY, ()) if sale.state is not ErpOrderState.CANCELLED]
    assert len(live) <= 1
