"""An ERP in memory that nobody could have for real, and reference data in which its orders are valid.

It loses answers, stores orders late, leaves them half-made, forgets them, cancels them and edits them, when it is told
to.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from order_sync.core.basics.calendar_days import Window
from order_sync.core.catalogue import CATALOGUE
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.errors import OrderBusy, OrderConflict, OrderRefused, OutcomeUnknown, Transient
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.order.references import ANY_KEY, ReferenceField
from order_sync.core.ports.erp import Health
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.traits import KINDS, Guarantee, Kind, Proof, Traits
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState, ListedOrder
from tests.memory.clock import START, Clock


def reference(as_of: datetime = START) -> ReferenceData:
    """Reference data in which `transaction()` is valid."""
    facts: dict[Wanted, dict[str, object]] = {
        ("sku", "TEA"): {"salable": True, "digits": 0},
        ("customer", "C-1"): {},
        ("currency", "EUR"): {"digits": 2},
        ("country", "DE"): {},
        ("state", "DE-NW"): {},
        ("tax", "DE19"): {"rate": "19"},
    }
    return ReferenceData(facts, as_of)


@dataclass
class Sale:
    """An order in the ERP. `visible_from`: a late commit shows only then. `header_alone`: its lines are to come."""

    state: ErpOrderState
    total: Decimal
    currency: str
    visible_from: datetime
    number: str
    net: Decimal = Decimal(0)
    header_alone: bool = False
    order: Order | None = None

    def is_of(self, order: Order) -> bool:
        """Whether it sells the same to the same customer; of what did not come by a submit only the total counts."""
        return self.order is None or all(
            getattr(self.order, name) == getattr(order, name) for name in ("customer_account", "lines", "charges")
        )


BUSY = timedelta(minutes=7)
"""How long a busy ERP asks to wait."""


def _listed(number: str, key: str, state: ErpOrderState, company: str) -> ListedOrder:
    return ListedOrder(number, key, state is ErpOrderState.CANCELLED, state is ErpOrderState.HALF_MADE, company)


@dataclass
class BareErp:
    """The Erp port over a dictionary, without what an ERP may support besides.

    `script` says what goes wrong with the next submits, one word each; a word that is a code of the catalogue is a
    refusal with it. `by_hand` are the orders that people entered, by number: they bear no key. `knows` is reference
    data that differs from the usual; None is missing. `kinds` are those that it can tell, all at once or `by_code`;
    `asked_for` are the codes that it was asked for then. `proof` is what its look-ups tell: a total with tax or
    without, or none at all. `asked` is what was looked up. `company` is whose its orders are. `takes` is its field for
    the external reference.
    """

    clock: Clock
    guarantee: Guarantee = "unique_key"
    script: list[str] = field(default_factory=list)
    sales: dict[OrderKey, list[Sale]] = field(default_factory=dict)
    confirms_after: timedelta = timedelta(seconds=30)
    down: bool = False
    submits: list[OrderKey] = field(default_factory=list)
    made_at: dict[OrderKey, datetime] = field(default_factory=dict)
    revived: list[str] = field(default_factory=list)
    by_hand: dict[str, ErpOrderState] = field(default_factory=dict)
    knows: dict[Wanted, dict[str, object] | None] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset(KINDS)
    by_code: bool = False
    asked_for: list[Wanted] = field(default_factory=list)
    submit_seconds: float = 240
    proof: Proof = "gross"
    keys_a_call: int = 500
    company: str = ""
    confirmed_states: tuple[str, ...] = ()
    receipt_is_acceptance: bool = False
    takes: ReferenceField = ANY_KEY
    asked: list[Sent] = field(default_factory=list)

    @property
    def traits(self) -> Traits:
        return Traits(
            self.guarantee,
            self.submit_seconds,
            self.proof,
            self.keys_a_call,
            self.confirmed_states,
            receipt_is_acceptance=self.receipt_is_acceptance,
            knows=self.kinds,
            reference_by_code=self.by_code,
            external_reference=self.takes,
        )

    def under(self, order: Order) -> OrderKey:
        """Under what it keeps an order: its key, as its field takes every key."""
        return order.key

    async def check(self) -> Health:
        self._answer()
        return Health("memory", "1")

    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        self._answer()
        self.asked_for += wanted or ()
        facts = {code: each for code, each in {**reference().facts, **self.knows}.items() if code[0] in self.kinds}
        told = [code for code in facts if wanted is None or code in wanted]
        return ReferenceData({code: facts[code] for code in told if facts[code] is not None}, self.clock.now)

    async def prepare(self, orders: Collection[Order]) -> None:
        self._answer()

    async def submit(self, order: Order) -> Receipt:
        self._answer()
        self.submits.append(order.key)
        trouble = self.script.pop(0) if self.script else "fine"
        if trouble == "away":
            raise Transient("connection refused")
        if trouble == "busy":
            raise OrderBusy("the customer's record is locked", retry_after=BUSY)
        if trouble == "refused":
            raise OrderRefused("no such article")
        if trouble in CATALOGUE:
            raise OrderRefused("refused", code=trouble)
        if trouble == "lost before":
            raise OutcomeUnknown("no answer")
        if trouble == "bug":
            raise KeyError(order.key)
        return self._make(order, trouble)

    def _make(self, order: Order, trouble: str) -> Receipt:
        sale = self._met(order) or self._begin(order, trouble)
        if trouble == "header alone":
            raise OutcomeUnknown("no answer")
        if sale.header_alone:
            sale.total, sale.net, sale.header_alone, sale.order = order.total, order.net, False, order
        if trouble == "edited":
            sale.total += 1
        if trouble in ("half-made", "edited half-made"):
            raise OutcomeUnknown("no answer")
        if sale.state is ErpOrderState.HALF_MADE:
            sale.state = ErpOrderState.TAKEN
            self.made_at[self.under(order)] = self.clock.now
        if trouble in ("lost after", "late"):
            raise OutcomeUnknown("no answer")
        if trouble == "forgotten":
            self.sales[self.under(order)].remove(sale)
        if trouble == "cancelled":
            sale.state = ErpOrderState.CANCELLED
        return Receipt("" if trouble == "no number" else sale.number, sale.state, self.company)

    def _met(self, order: Order) -> Sale | None:
        """The sale that a submit of the order meets, if it is the same one."""
        existing = [sale for sale in self.sales.get(self.under(order), ()) if self._meets(sale)]
        if not existing:
            return None
        sale = existing[0]
        if sale.state is ErpOrderState.CANCELLED:
            raise OrderConflict(f"the ERP holds {sale.number}, cancelled", code="CANCELLED_IN_ERP")
        if not sale.header_alone and (sale.total != order.total or not sale.is_of(order)):
            raise OrderConflict(f"the ERP holds {sale.number} over {sale.total}")
        return sale

    def _begin(self, order: Order, trouble: str) -> Sale:
        late = {"late": timedelta(seconds=60), "shown late": timedelta(hours=4)}.get(trouble, timedelta(0))
        number = f"SO{sum(map(len, self.sales.values())) + 1}"
        sale = Sale(
            ErpOrderState.HALF_MADE, Decimal(0), order.currency, self.clock.now + late, number, header_alone=True
        )
        self.sales.setdefault(self.under(order), []).append(sale)
        return sale

    def _meets(self, sale: Sale) -> bool:
        """Whether a submit of the same key meets this sale: by a constraint, by a search, or not at all."""
        if self.guarantee == "searchable":
            return sale.visible_from <= self.clock.now
        return self.guarantee == "unique_key"

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        self._answer()
        found: dict[OrderKey, list[ErpOrder]] = {}
        self.asked += sent
        for order in (each.order for each in sent):
            filed = self.under(order)
            for sale in self.sales.get(filed, ()):
                if sale.state is ErpOrderState.TAKEN and self.clock.now >= self.made_at[filed] + self.confirms_after:
                    sale.state = ErpOrderState.CONFIRMED
                if sale.visible_from <= self.clock.now and self.guarantee != "blind":
                    total = {"gross": sale.total, "net": sale.net, "acceptance": None}[self.proof]
                    same = None if sale.header_alone else sale.is_of(order)
                    seen = ErpOrder(
                        sale.state, sale.number, sale.state, total, sale.currency, same, company=self.company
                    )
                    found.setdefault(order.key, []).append(seen)
        return found

    def _answer(self) -> None:
        if self.down:
            raise Transient("the ERP is away")


@dataclass
class MemoryErp(BareErp):
    """The same, and it lists its orders and opens cancelled ones again."""

    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        self._answer()
        return {row.number: row for row in self._listed() if row.number in numbers}

    async def revive(self, order: Order, number: str) -> None:
        self._answer()
        named = [sale for sale in self.sales.get(self.under(order), ()) if sale.number == number]
        if not named:
            raise OrderRefused(f"'{number}' is not reopened: it is not of this order")
        if named[0].total != order.total or not named[0].is_of(order):
            raise OrderRefused(f"the ERP holds {number} over {named[0].total}")
        if named[0].state is ErpOrderState.CANCELLED:
            named[0].state = ErpOrderState.HALF_MADE
            self.revived.append(number)

    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        self._answer()
        return self._listed()

    def _listed(self) -> list[ListedOrder]:
        ours = [(sale.number, str(key), sale.state) for key, sales in self.sales.items() for sale in sales]
        return [
            _listed(*each, self.company) for each in (*ours, *((n, "", state) for n, state in self.by_hand.items()))
        ]

    async def count(self, channel: str) -> int:
        return sum(sale.state is not ErpOrderState.CANCELLED for sales in self.sales.values() for sale in sales)
