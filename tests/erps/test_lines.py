"""Whatever an order's amounts are, the lines that Tryton gets have exactly those amounts, or the order is refused."""

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.errors import OrderRefused
from order_sync.erps.tryton.lines import digest_of, priced_exactly, sale_lines
from tests.fixtures import tryton as fixture

UNITS = st.sampled_from([Decimal(1), Decimal("0.01"), Decimal("0.001"), Decimal("0.0001")])


def amount(quantity: Decimal, price: Decimal, unit: Decimal) -> Decimal:
    """A line's amount as Tryton computes it."""
    return (quantity * price).quantize(unit, ROUND_HALF_EVEN)


@given(st.integers(1, 10**6), st.integers(0, 3), st.integers(0, 10**9), UNITS)
def test_the_lines_of_any_amount_add_up_to_it(count: int, digits: int, minor_units: int, unit: Decimal) -> None:
    quantity, net = Decimal(count).scaleb(-digits), minor_units * unit
    parts = priced_exactly(quantity, net, unit)
    assert sum(amount(part, price, unit) for part, price in parts) == net
    assert sum(part for part, _ in parts) == quantity
    assert all(part > 0 and price >= 0 for part, price in parts)
    assert all(price == price.quantize(Decimal("0.0001")) for _, price in parts)
    assert len(parts) <= 2


def test_a_price_that_gives_the_amount_makes_one_line() -> None:
    assert priced_exactly(Decimal(3), Decimal("10.00"), Decimal("0.01")) == [(Decimal(3), Decimal("3.3333"))]


def test_an_amount_that_no_price_gives_is_split_into_all_but_one_piece_and_the_rest() -> None:
    parts = priced_exactly(Decimal(3000), Decimal("10.00"), Decimal("0.01"))
    assert parts == [(Decimal(2999), Decimal("0.0033")), (Decimal(1), Decimal("0.10"))]


@pytest.mark.parametrize(("net", "currency"), [("10.005", "EUR"), ("10.5", "JPY"), ("1e40", "EUR")])
def test_an_amount_that_the_currency_cannot_hold_is_refused_by_line_and_value(net: str, currency: str) -> None:
    order = fixture.order(currency="EUR")
    line = fixture.line("SKU-0007", "3", net, number="12")
    with pytest.raises(OrderRefused, match=r"line 12 \(SKU-0007\)") as refusal:
        sale_lines(replace(order, currency=currency, lines=(line,)))
    assert refusal.value.code == "PRICE_PRECISION"
    assert net.upper().replace("E", "E+") in str(refusal.value).upper()


def test_lines_in_another_order_or_with_more_zeros_are_the_same_lines() -> None:
    one, two = fixture.line(quantity="2", net="20.00"), fixture.line("SKU-0002", "1", "5.00")
    other = fixture.line(quantity="2.000", net="20.0000")
    assert digest_of(fixture.order(one, two)) == digest_of(fixture.order(two, other))


@pytest.mark.parametrize(
    ("sku", "quantity", "net"), [("SKU-0002", "2", "20.05"), ("SKU-0001", "4", "40.10"), ("SKU-0001", "2", "22")]
)
def test_another_article_quantity_or_price_makes_other_lines(sku: str, quantity: str, net: str) -> None:
    assert digest_of(fixture.order(fixture.line(sku, quantity, net))) != digest_of(fixture.order())


def test_the_same_line_twice_is_not_the_same_as_once() -> None:
    assert digest_of(fixture.order(fixture.line(), fixture.line())) != digest_of(fixture.order())
