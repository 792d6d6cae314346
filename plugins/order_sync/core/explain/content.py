"""A whole order as the channel says it, as data: for whoever enters it by hand. It holds people's data.

It is what the channel says, not what we read of it; only what is added up is read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from order_sync.core.order.maker import GuestPolicy, make
from order_sync.core.order.model import Charge, Line, Order
from order_sync.core.order.parsing import named
from order_sync.core.records.story import Story

ADDRESS = ("name", "street", "city", "state", "postal_code", "country")


@dataclass(frozen=True, slots=True)
class Sums:
    """What the amounts of an order come to, as we read them."""

    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """With tax."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class OrderContent:
    """An order's content in the channel's words; '' for what it does not say.

    Attributes:
        guest_account: the account that the channel has for guests; None for none.
        readable: whether lines, charges and addresses can be read at all.
        ships: None if it is not said.
        ship_to: every shipping address, each part by its name.
        lines, charges: each value by its name, and a row that is none as it is; a line with the net price `each`.
        sums: None if an amount cannot be read.
        sent: the order as it was sent last, as long as that is kept.
    """

    version: int
    reference: str
    receipt: str
    customer_account: str
    guest_account: str | None
    distributor: str
    placed: str
    placed_at: datetime | None
    delivery_date: str
    currency: str
    total: str
    readable: bool
    ships: bool | None
    ship_to: tuple[Mapping[str, str], ...]
    lines: tuple[object, ...]
    charges: tuple[object, ...]
    sums: Sums | None
    sent: Order | None


def content_of(story: Story, guest_account: str | None) -> OrderContent | None:
    """What the channel says now; None where nothing is kept."""
    said = story.transaction
    if said is None or not said.details:
        return None
    details = _parsed(said.details)
    return OrderContent(
        version=story.version,
        reference=said.reference or "",
        receipt=said.receipt or "",
        customer_account=said.customer_account or "",
        guest_account=guest_account,
        distributor=said.distributor or "",
        placed=said.placed_at or "",
        placed_at=story.placed_at,
        delivery_date=said.delivery_date or "",
        currency=said.currency or "",
        total=said.total or "",
        readable=bool(details),
        ships={"True": True, "False": False}.get(str(details.get("ships"))),
        ship_to=_addresses(details.get("ship_to")),
        lines=tuple(with_price(named(line)) for line in _rows(details, "lines")),
        charges=tuple(_rows(details, "charges")),
        sums=_sums(story, guest_account) if details else None,
        sent=story.last_sent.order if story.last_sent else None,
    )


def _parsed(details: str) -> dict[str, Any]:
    try:
        parsed = json.loads(details)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _rows(details: Mapping[str, Any], name: str) -> list[Any]:
    rows = details.get(name)
    return [named(row) for row in rows] if isinstance(rows, list) else []


def _addresses(said: object) -> tuple[Mapping[str, str], ...]:
    if isinstance(said, list):
        return tuple(address for each in said for address in _addresses(each) or ({},))
    if not isinstance(said, dict):
        return ()
    return ({part: str(said.get(part) or "") for part in ADDRESS},)


def with_price(line: object) -> object:
    """The line with the net price of one unit, if its amounts can be read."""
    if not isinstance(line, dict):
        return line
    try:
        each = Decimal(str(line.get("net"))) / Decimal(str(line.get("quantity")))
        return {**line, "each": f"{each.quantize(Decimal('0.0001')).normalize():f}"}
    except ArithmeticError:
        return line


def _sums(story: Story, guest_account: str | None) -> Sums | None:
    if story.transaction is None:
        return None
    made = make(story.transaction, GuestPolicy(guest_account), story.as_of, story.version)
    taxed: tuple[Line | Charge, ...] = (*made.order.lines, *made.order.charges)
    if not made.sound_money:
        return None
    return Sums(sum((item.net for item in taxed), Decimal(0)), sum((item.tax for item in taxed), Decimal(0)))
