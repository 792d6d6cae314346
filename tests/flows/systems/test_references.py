"""An ERP that does not take our keys: orders go out, are found, finished and decided about under short references."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.life.lifecycle import Status
from order_sync.core.order import references
from order_sync.core.order.model import Order, OrderKey, Transaction
from order_sync.core.order.references import ANY_KEY, ReferenceField, reference_of, short_of
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState, ListedOrder
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, resync, settle, validate
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger
from tests.support.asking import decision

ACTOR, URSULA = Actor("test"), Actor("resync_orders/run/decide", person="ursula", reason="looked")
ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
POLICY = Policy("unique_key")
LONG = OrderKey("shop", ("5637144592", "WEB01", "WEB01-1", "WEB01-1-000012"))
ALIKE = OrderKey("shop", ("5637144592", "WEB01", "WEB01-1", "WEB01-1-000013"))
NARROW, NO_CASE = ReferenceField(35), ReferenceField(ignores_case=True)


@dataclass
class ByReference(MemoryErp):
    """An ERP that knows orders by what they bear alone: as much of it as its field holds, maybe whatever its case."""

    borne: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.has = self.takes  # for good, whatever its adapter says later

    def under(self, order: Order) -> OrderKey:
        text = order.external_reference[: self.has.longest]
        key = OrderKey("erp", (text.casefold() if self.has.ignores_case else text,))
        self.borne.setdefault(str(key), text)
        return key

    def _listed(self) -> list[ListedOrder]:
        return [replace(row, key=self.borne.get(row.key, "")) for row in super()._listed()]


class Shop:
    """A channel with orders under these keys, and an ERP with such a field."""

    def __init__(self, takes: ReferenceField, *keys: OrderKey, script: tuple[str, ...] = ()) -> None:
        self.ledger = MemoryLedger(Clock(), copy=reference())
        self.erp = ByReference(self.ledger.clock, script=list(script), takes=takes)
        self.rows = [transaction(number, key=key) for number, key in enumerate(keys, 1)]
        self.read()

    def read(self, *rows: Transaction) -> None:
        extract(ROUTE, MemoryChannel([*(rows or self.rows)]), self.ledger, ACTOR)
        validate(ROUTE, self.ledger, ACTOR)

    def send(self) -> dict[str, int]:
        run = push(ROUTE, self.erp, self.ledger, ACTOR, POLICY, Settings(submit_concurrency=1), lambda: 0)
        return asyncio.run(run).counts

    def look(self) -> None:
        self.ledger.clock.sleep(minutes=20)
        asyncio.run(settle(ROUTE, self.erp, self.ledger, ACTOR, POLICY))

    def decide(self, action: Action, key: OrderKey, *numbers: str) -> str:
        asked = decision(Selection(keys=(key,)), action, "looked", dict(zip((key,), numbers, strict=False)))

        async def connect(name: str) -> MemoryErp:
            return self.erp

        run = f"resync_orders/{len(self.ledger.runs)}"
        asyncio.run(resync(asked, run, {}, {"shop": ROUTE}, connect, self.ledger, URSULA, 3))
        return self.ledger.results[key].message

    def status(self, key: OrderKey) -> Status:
        return self.ledger.rows[key].status

    @property
    def in_erp(self) -> dict[str, int]:
        """How many orders there are in the ERP under what they bear."""
        return {self.erp.borne[str(key)]: len(sales) for key, sales in self.erp.sales.items()}


@pytest.mark.parametrize("takes", [NARROW, NO_CASE], ids=["35 characters", "ignores case"])
@pytest.mark.parametrize("trouble", ["fine", "lost after", "late", "half-made"])
def test_an_order_goes_out_and_is_found_and_finished_under_its_short_reference(
    takes: ReferenceField, trouble: str
) -> None:
    shop = Shop(takes, LONG, script=(trouble,))
    shop.send()
    shop.look()
    if trouble == "half-made":
        assert shop.send() == {"sent": 1}
        shop.look()
    assert shop.status(LONG) is Status.SUCCEEDED
    assert shop.in_erp == {short_of(LONG): 1}
    assert shop.ledger.keys_of("erp", [short_of(LONG)]) == {short_of(LONG): LONG}


def test_an_order_whose_key_the_erp_takes_bears_its_key_and_nothing_is_kept_of_it() -> None:
    key = OrderKey("shop", ("1",))
    shop = Shop(NARROW, key)
    shop.send()
    assert shop.in_erp == {"shop:1": 1}
    assert shop.ledger.rows[key].short_reference is None


def test_two_keys_that_differ_by_case_alone_are_two_orders_in_an_erp_that_ignores_case() -> None:
    keys = [OrderKey("shop", (part,)) for part in ("a", "A", "aa", "aA", "Aa")]
    shop = Shop(NO_CASE, *keys, script=("lost after",) * 5)
    shop.send()
    shop.look()
    assert [shop.status(key) for key in keys] == [Status.SUCCEEDED] * 5
    assert shop.in_erp == {reference_of(key, NO_CASE): 1 for key in keys}
    assert len({row.erp_number for row in shop.ledger.rows.values()}) == 5


def test_two_keys_that_begin_alike_for_longer_than_the_field_are_two_orders() -> None:
    shop = Shop(NARROW, LONG, ALIKE, script=("lost after", "fine"))
    shop.send()
    shop.look()
    assert [shop.status(key) for key in (LONG, ALIKE)] == [Status.SUCCEEDED] * 2
    assert shop.in_erp == {short_of(LONG): 1, short_of(ALIKE): 1}


@pytest.mark.parametrize(("before", "after"), [(NARROW, ANY_KEY), (ANY_KEY, NARROW)], ids=["wider", "narrower"])
@pytest.mark.parametrize("trouble", ["lost after", "half-made", "late"])
def test_an_order_is_looked_up_and_finished_under_what_it_was_sent_whatever_the_field_takes_by_now(
    before: ReferenceField, after: ReferenceField, trouble: str
) -> None:
    shop = Shop(before, LONG, script=(trouble,))
    shop.send()
    bears = shop.in_erp
    shop.erp.takes = after
    shop.look()
    shop.send()
    shop.look()
    assert shop.status(LONG) is Status.SUCCEEDED
    assert shop.in_erp == bears == {reference_of(LONG, before): 1}


@pytest.mark.parametrize(("before", "after"), [(NARROW, ANY_KEY), (ANY_KEY, NARROW)], ids=["wider", "narrower"])
def test_of_an_order_that_the_channel_changed_the_reference_stays_what_it_was(
    before: ReferenceField, after: ReferenceField
) -> None:
    shop = Shop(before, LONG, script=("lost before",))
    shop.send()
    shop.look()
    shop.read(replace(shop.rows[0], digest="another", receipt="changed", total="11.00"))
    (entry,) = shop.ledger.entries([LONG])
    assert entry.sent is None
    order = entry.as_sent(ROUTE.guests, shop.ledger.now(), after).order
    assert order.external_reference == reference_of(LONG, before)


def test_an_order_that_was_only_refused_takes_the_reference_that_the_field_takes_by_now() -> None:
    shop = Shop(ANY_KEY, LONG, script=("refused",))
    shop.send()
    shop.erp.takes = NARROW
    shop.decide(Action.RESYNC, LONG)
    validate(ROUTE, shop.ledger, ACTOR)
    shop.send()
    assert shop.in_erp == {short_of(LONG): 1}


@pytest.mark.parametrize("together", [True, False], ids=["in one push", "one after the other"])
def test_an_order_whose_short_reference_another_one_has_fails_and_is_never_sent(
    monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    monkeypatch.setattr(references, "short_of", lambda key: "SHOP-00000000000000000000000000")
    shop = Shop(NARROW, LONG, *([ALIKE] if together else ()))
    counts = shop.send()
    if not together:
        shop.read(transaction(2, key=ALIKE))
        counts = shop.send()
    assert counts["reference_taken"] == 1
    assert (shop.erp.submits, shop.status(LONG)) == ([LONG], Status.SENT)
    row = shop.ledger.rows[ALIKE]
    assert (row.status, row.code, row.attempts) == (Status.FAILED, "REFERENCE_TAKEN", [])
    assert f"SHOP-00000000000000000000000000, and the order {LONG} has that one: it is not sent" in row.message
    assert [problem.code for problem in row.problems] == ["REFERENCE_TAKEN"]


def failed(*keys: OrderKey) -> Shop:
    """Orders that the ERP refused, so that people enter them there."""
    shop = Shop(NARROW, *keys, script=("refused",) * len(keys))
    shop.send()
    return shop


def enter(shop: Shop, key: OrderKey, number: str) -> None:
    """Enter an order in the ERP by hand, under its short reference."""
    order = shop.ledger.entries([key])[0].as_sent(ROUTE.guests, shop.ledger.now(), NARROW).order
    sale = shop.erp._begin(order, "")
    sale.number, sale.state, sale.total, sale.header_alone = number, ErpOrderState.CONFIRMED, order.total, False


def test_an_order_is_marked_as_synced_with_the_erps_order_that_bears_its_short_reference() -> None:
    shop = failed(LONG, ALIKE)
    shop.ledger.rows[ALIKE].short_reference = None
    enter(shop, ALIKE, "SO-77")
    assert shop.decide(Action.MARK_AS_SYNCED, ALIKE, "SO-77") == "synced as SO-77"
    assert shop.status(ALIKE) is Status.SYNCED_MANUALLY
    assert shop.ledger.keys_of("erp", [short_of(ALIKE)]) == {short_of(ALIKE): ALIKE}, "what it bears is kept"


@pytest.mark.parametrize("known", [True, False], ids=["sent", "never sent by this ledger"])
def test_an_order_is_not_marked_as_synced_with_the_erps_order_of_another_one(known: bool) -> None:
    shop = failed(LONG, ALIKE)
    if not known:
        shop.ledger.rows[ALIKE].short_reference = None
    enter(shop, ALIKE, "SO-77")
    said = shop.decide(Action.MARK_AS_SYNCED, LONG, "SO-77")
    assert said == f"the ERP's order SO-77 belongs to {ALIKE}"
    assert shop.status(LONG) is Status.FAILED


def test_a_conflict_is_accepted_as_the_order_that_bears_its_short_reference() -> None:
    shop = Shop(NARROW, LONG, script=("edited",))
    shop.send()
    shop.look()
    assert shop.status(LONG) is Status.CONFLICT
    assert shop.decide(Action.ACCEPT, LONG) == "accepted as SO1"
