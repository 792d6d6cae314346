"""The words of the trade: OrderKey, Transaction, Order and what they are made of.

Everything is immutable. Money is `Decimal` beside an ISO 4217 currency, instants are UTC and aware. Why a value is
wrong is not decided here but in `rules`; nothing here knows a system, a table or a clock.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote, unquote

LONGEST_KEY = 2000
"""Characters of a key, written out, that the ledger and its indexes take."""

_PLAIN = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
"""Whether `quote` would leave a text as it is, which it is slow to find out."""


@dataclass(frozen=True, slots=True, order=True)
class OrderKey:
    """The identity of an order everywhere: the channel and the channel's whole natural key.

    `str(key)` is `channel:part/part/...`, percent-escaped and reversible; it is the ERP's external reference, or
    `references` makes a short one of it.
    """

    channel: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.channel}:{'/'.join(part if _PLAIN(part) else quote(part, safe='') for part in self.parts)}"

    @classmethod
    def parse(cls, text: str) -> "OrderKey":
        """The key that `str` wrote. Raises ValueError for anything else."""
        channel, colon, source_key = text.partition(":")
        if not (channel and colon):
            raise ValueError(f"'{text}' is not an order key: expected channel:source_key")
        return cls(channel, tuple(unquote(part) for part in source_key.split("/")))

    @property
    def blank(self) -> bool:
        """Whether it names nothing: the channel gave no natural key."""
        return not any(part.strip() for part in self.parts)

    @property
    def too_long(self) -> bool:
        """Whether no row of the ledger can have it."""
        may_be = len(self.channel) + sum(1 + 12 * len(part) for part in self.parts) > LONGEST_KEY
        return may_be and len(str(self)) > LONGEST_KEY


def key_in(text: str) -> str:
    """The text if it is an order key as we write one, else '': what people enter in place of one may name people."""
    try:
        return text if str(OrderKey.parse(text)) == text else ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a channel says of one sale at one moment, in text as it was received.

    A new reading with another `digest` is a new version. `details` is a JSON object with the keys `lines`, `charges`,
    `ship_to` and `ships`, kept as text: extraction never parses it. `channels/sql/__init__.py` documents every field.

    Attributes:
        counter: the channel's insert counter, or None where it has none.
        not_an_order: why this row is no order (`voided`, `training` ...), or None.
        placed_at, delivery_date: ISO 8601 text, unchecked; None or '' when the channel has none.
        expected_lines, present_lines: how many lines the header promises, and how many are there.
    """

    key: OrderKey
    counter: int | None
    digest: str
    not_an_order: str | None
    source_status: str
    reference: str
    receipt: str
    customer_account: str
    distributor: str
    placed_at: str | None
    delivery_date: str | None
    currency: str
    total: str | None
    expected_lines: int
    present_lines: int
    details: str

    @property
    def whole(self) -> bool:
        """Whether all lines are there that its header promises."""
        return self.present_lines >= self.expected_lines


CONTENT = tuple(each.name for each in fields(Transaction) if each.name != "key")
"""What a transaction says beside its key: the fields that are stored, by these names, wherever one is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One article of an order. `net` is the line's amount after discounts and without tax; `tax` is its tax."""

    number: str
    sku: str
    quantity: Decimal
    net: Decimal
    tax_code: str
    tax_rate: Decimal | None
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Charge:
    """Freight, wrapping and the like: sent to the ERP as a line of the product that has this code."""

    code: str
    net: Decimal
    tax_code: str
    tax_rate: Decimal | None
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order ships. `country` is ISO 3166-1 alpha-2, `state` the subdivision's code without its country."""

    name: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Order:
    """Our canonical sale: typed and complete, ready for `rules` and for an ERP.

    Attributes:
        reference: what the order desk searches: the Channel reference ID, or the receipt number.
        customer_account: the ERP's customer; the channel's guest account for guests.
        total: gross, tax and charges included, in `currency`.
        short_reference: what it bears in an ERP that does not take its key; '' where its key does.
    """

    key: OrderKey
    reference: str
    customer_account: str
    currency: str
    total: Decimal
    placed_at: datetime
    delivery_date: date | None
    ships: bool
    ship_to: Address | None
    lines: tuple[Line, ...]
    charges: tuple[Charge, ...]
    short_reference: str = ""

    @property
    def external_reference(self) -> str:
        """What it bears in the ERP, and is found by there."""
        return self.short_reference or str(self.key)

    @property
    def net(self) -> Decimal:
        """What its lines and charges are over, without tax."""
        return sum((line.net for line in self.lines), Decimal(0)) + sum(
            (charge.net for charge in self.charges), Decimal(0)
        )


GUEST_ACCOUNT = "registry:guest_account"
"""The reference of a problem that a guest account of the channel cures."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why an order was refused: what, where, the value, and a sentence for the person who fixes it.

    `reference` is `kind:code` when new reference data under that code would cure it (`sku:A-17`), or GUEST_ACCOUNT.
    """

    code: str
    field: str
    value: str
    message: str
    reference: str | None = None


def summarise(problems: Sequence[Problem]) -> str:
    """All problems in one line, for a task's log or an error column: no people's data, since messages hold none."""
    return "; ".join(problem.message for problem in problems)
