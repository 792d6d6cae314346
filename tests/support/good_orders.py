"""Good orders for ERPs that know the sandbox's catalogue."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import count

from order_sync.core.order.model import Address, Line, Order, OrderKey
from sandbox import catalogue

CHANNEL = catalogue.WEB_SHOPS[0]
CENT = Decimal("0.01")
_numbers = count(1)


def order(skus: Sequence[str] = ("SKU-0001",)) -> Order:
    """A good order under a new key, of a line of each article, with cents in its total, to a person's home."""
    number, net = f"{next(_numbers)}", Decimal("20.05")
    tax = (net / 5).quantize(CENT, ROUND_HALF_EVEN)
    lines = tuple(
        Line(f"{position}", sku, Decimal(2), net, "GB20", Decimal(20), tax) for position, sku in enumerate(skus, 1)
    )
    return Order(
        key=OrderKey(CHANNEL, ("5637 Ä/%", number)),
        reference=f"W{number}",
        customer_account="C-0001",
        currency="GBP",
        total=(net + tax) * len(lines),
        placed_at=datetime(2026, 3, 1, 11, 30, 15, tzinfo=UTC),
        delivery_date=date(2026, 3, 9),
        ships=True,
        ship_to=Address("Ann Other", "1 High Street", "Bristol", "BST", "BS1 5TY", "GB"),
        lines=lines,
        charges=(),
    )


def refused() -> Order:
    """An order of an article that the ERP does not sell."""
    return order((catalogue.NOT_SALABLE,))
