"""A shop's sale in the customer's words: positive, and complete enough to be written into a channel database.

Knows no database, and not what becomes of a sale.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from iso4217 import Currency

PENDING_SALES_ORDER = 27
"""The type of an order of a web shop."""

COUNTER_SALE, SALES_ORDER, CUSTOMER_ORDER = 2, 14, 19
"""The types of what a till sells: over the counter, and to be delivered or fetched later."""

SHIP, PICK_UP, ELECTRONIC = "99", "70", "80"
"""Modes of delivery; the last two ship nothing."""

NO_DATE = date(1900, 1, 1)
"""How Commerce says that there is none."""


@dataclass(frozen=True, slots=True)
class Register:
    """Where sales are made: the record of a channel, its store and one of its terminals."""

    channel: int
    store: str
    terminal: str


WEB = Register(5637144592, "WEB01", "WEB01-1")
TILL = Register(5637144593, "HAM01", "HAM01-2")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """An article; `net` is without tax and after the `discount`, `rate` in per cent."""

    sku: str
    quantity: Decimal
    net: Decimal
    tax_code: str
    rate: Decimal
    discount: Decimal = Decimal(0)
    voided: bool = False
    variant: str = ""


@dataclass(frozen=True, slots=True)
class SoldCharge:
    """Freight and the like; `net` is without tax, `rate` in per cent."""

    code: str
    net: Decimal
    tax_code: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class SaleAddress:
    """Where a sale ships; `country` is Commerce's own id, ISO 3166-1 alpha-3."""

    name: str
    street: str
    city: str
    postal_code: str
    country: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Sale:
    """One transaction of the shop, or by `type` and `status` another row of the same table.

    Attributes:
        reference, receipt: what a web order and a sale at a till are searched by.
        placed_at, delivery_date: text is written as it is, so that a sale can hold what no calendar has.
        ship_to: a one-time address, or the record of one in the customers' address book.
        lines_to_come: lines that the header counts and that are not there yet.
        total: what the header says if that is not what the lines and charges give.
    """

    number: str
    reference: str
    placed_at: datetime | str
    currency: str
    lines: tuple[SoldLine, ...] = ()
    charges: tuple[SoldCharge, ...] = ()
    ship_to: SaleAddress | int | None = None
    customer: str = ""
    delivery_date: date | str = NO_DATE
    delivery_mode: str = SHIP
    data_area: str = "demf"
    type: int = PENDING_SALES_ORDER
    status: int = 0
    is_return: bool = False
    lines_to_come: int = 0
    total: Decimal | None = None
    comment: str = ""
    receipt: str = ""
    register: Register = WEB

    @property
    def key(self) -> tuple[str, ...]:
        """The natural key, as text."""
        at = self.register
        return (str(at.channel), at.store, at.terminal, self.number, self.data_area)

    @property
    def sold(self) -> tuple[SoldLine, ...]:
        """The lines that were not voided."""
        return tuple(line for line in self.lines if not line.voided)

    @property
    def net(self) -> Decimal:
        """Lines and charges without tax."""
        return sum((item.net for item in self._items), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """What the header says that the customer pays."""
        return self.net + sum(map(self.tax, self._items), Decimal(0)) if self.total is None else self.total

    def tax(self, item: SoldLine | SoldCharge) -> Decimal:
        """The tax on a line or charge, rounded as the currency is."""
        return (item.net * item.rate / 100).quantize(smallest(self.currency), ROUND_HALF_EVEN)

    @property
    def _items(self) -> tuple[SoldLine | SoldCharge, ...]:
        return (*self.sold, *self.charges)


def smallest(currency: str) -> Decimal:
    """The smallest amount of a currency; a cent for one that is none."""
    try:
        return Decimal(1).scaleb(-(Currency(currency.strip().upper()).exponent or 0))
    except ValueError:
        return Decimal("0.01")
