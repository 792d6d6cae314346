"""The lines of an order as Tryton takes them: unit prices whose amounts are exactly what the channel charged.

Tryton stores a unit price of four decimals and computes a line's amount from it. It makes no call and knows no id.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from order_sync.core.errors import OrderRefused
from order_sync.core.order.model import Charge, Line, Order
from order_sync.core.order.money import minor_unit
from order_sync.erps.tryton.client import Row, amount, text

PRICE_UNIT = Decimal("0.0001")
"""The precision of Tryton's unit prices (its setting `price_decimal` is 4)."""

Digest = Counter[tuple[str, Decimal | None, Decimal | None]]
"""What makes lines the same: how often which article stands there in which quantity at which unit price."""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of a sale; `unit_price` is net."""

    sku: str
    quantity: Decimal
    unit_price: Decimal
    tax_code: str


def sale_lines(order: Order) -> tuple[SaleLine, ...]:
    """The lines and charges of an order. Raises OrderRefused for an amount that no unit price gives."""
    return tuple(_sale_lines(order))


def _sale_lines(order: Order) -> Iterator[SaleLine]:
    unit = minor_unit(order.currency)
    articles: list[tuple[str, str, Decimal, Line | Charge]] = [
        (f"line {line.number}", line.sku, line.quantity, line) for line in order.lines
    ]
    articles += [(f"charge {charge.code}", charge.code, Decimal(1), charge) for charge in order.charges]
    for where, sku, quantity, item in articles:
        try:
            priced = priced_exactly(quantity, item.net, unit)
        except ArithmeticError:
            raise OrderRefused(
                f"{where} ({sku}): no unit price with four decimals gives {item.net} {order.currency} for {quantity}:"
                " correct the amount in the shop",
                code="PRICE_PRECISION",
            ) from None
        for part, price in priced:
            yield SaleLine(sku, part, price, item.tax_code)


def priced_exactly(quantity: Decimal, net: Decimal, unit: Decimal) -> list[tuple[Decimal, Decimal]]:
    """Quantities and unit prices whose amounts, each rounded to the currency's `unit`, add up to `net`.

    One line if a price of four decimals can do it; else all but one piece at a price rounded down, and one piece for
    what is left. Raises ArithmeticError if `net` is no multiple of `unit`, or no price fits a quantity of 1 or less.
    """
    if net != net.quantize(unit):
        raise ArithmeticError
    price = (net / quantity).quantize(PRICE_UNIT, ROUND_HALF_EVEN)
    if _amount(quantity, price, unit) == net:
        return [(quantity, price)]
    if quantity <= 1:
        raise ArithmeticError
    price = (net / quantity).quantize(PRICE_UNIT, ROUND_DOWN)
    most = quantity - 1
    return [(most, price), (Decimal(1), net - _amount(most, price, unit))]


def _amount(quantity: Decimal, price: Decimal, unit: Decimal) -> Decimal:
    return (quantity * price).quantize(unit, ROUND_HALF_EVEN)


def digest_of(order: Order) -> Digest:
    """The digest of the lines that would be sent for an order."""
    return Counter((line.sku, line.quantity, line.unit_price) for line in sale_lines(order))


def digest_of_rows(rows: Iterable[Row]) -> Digest:
    """The digest of rows of `sale.line`, with the article's code."""
    return Counter((_code(row), _number(row, "quantity"), _number(row, "unit_price")) for row in rows)


def _code(row: Row) -> str:
    return text(row["product"], "code") if row["product"] else ""


def _number(row: Row, name: str) -> Decimal | None:
    """A number of a line, which a person may have left out."""
    return None if row[name] is None else amount(row, name)
