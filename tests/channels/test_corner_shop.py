"""The plain shop's SQL: JSON that is as it should be, and JSON that may be anything."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from order_sync.core.checks.rules import problems_of
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import Address, Charge, Transaction
from order_sync.core.order.money import ONE_MINOR_UNIT
from order_sync.core.order.parsing import Reading, read_order
from sandbox.postgres import Cluster
from tests.fixtures.corner_shop import SPEC, Shop
from tests.fixtures.reference import reference
from tests.support.shop import PLACED_AT

GOOD, ODD = "1001", "1002"


@pytest.fixture(scope="module")
def shared(cluster: Cluster) -> Iterator[Shop]:
    with Shop.installed(cluster) as shop:
        yield shop


@pytest.fixture
def dsn(shared: Shop) -> Iterator[str]:
    """The address of a shop with two good orders."""
    shared.sell([GOOD, ODD])
    yield shared.dsn
    shared.execute("truncate purchase")


def odd(dsn: str, change: str) -> Transaction:
    """What the second order is after a change, beside a good order that is as it was."""
    with psycopg.connect(dsn) as connection:
        connection.execute(f"update purchase set {change} where ticket = '{ODD}'")
    batches = Shop.over(dsn).transactions(Watermark(""))
    read = {each.reference: each for batch in batches for each in batch.transactions}
    assert codes_of(read[GOOD]) == set()
    return read[ODD]


def reading_of(transaction: Transaction) -> Reading:
    return read_order(transaction, SPEC.guest_account, PLACED_AT + timedelta(hours=1))


def codes_of(transaction: Transaction) -> set[str]:
    return {problem.code for problem in problems_of(reading_of(transaction), reference(PLACED_AT), ONE_MINOR_UNIT)}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("paid", None),
        ("packed", None),
        ("delivered", None),
        ("cart", "cart"),
        ("cancelled", "cancelled"),
        ("trial", "trial"),
        ("returned", "RETURN_NOT_SUPPORTED"),
    ],
)
def test_each_state_is_an_order_or_a_reason(dsn: str, state: str, reason: str | None) -> None:
    assert odd(dsn, f"state = '{state}'").not_an_order == reason


@pytest.mark.parametrize("items", ["null", "{}", "7", '"three"', "[]"])
def test_items_that_are_no_list_are_lines_that_have_not_come(dsn: str, items: str) -> None:
    transaction = odd(dsn, f"items = '{items}'")
    assert (transaction.expected_lines, transaction.present_lines) == (1, 0)


@pytest.mark.parametrize(
    ("items", "codes"),
    [
        ("[null]", {"SKU_NOT_FOUND", "FIELD_INVALID"}),
        ("[[1, 2]]", {"SKU_NOT_FOUND", "FIELD_INVALID"}),
        ('[{"sku": "SKU-0001", "pieces": "two", "net": 10}]', {"FIELD_INVALID"}),
        ('[{"sku": "SKU-0001", "pieces": 1, "net": 12, "vat": 20}]', set()),
    ],
)
def test_an_item_of_another_shape_is_a_problem_of_its_order_alone(dsn: str, items: str, codes: Any) -> None:
    assert codes_of(odd(dsn, f"items = '{items}'")) == codes


@pytest.mark.parametrize(
    ("delivery", "ships", "codes"),
    [
        ("null", False, set()),
        ("[]", False, set()),
        ('{"how": "collect"}', False, set()),
        ('{"how": "courier"}', True, {"ADDRESS_MISSING"}),
        ('{"how": "courier", "to": "Bristol"}', True, {"ADDRESS_MISSING"}),
        ('{"how": "courier", "to": {"town": "Bristol"}}', True, {"ADDRESS_MISSING"}),
        ('{"how": "collect", "on": "soon"}', False, {"FIELD_INVALID"}),
    ],
)
def test_a_delivery_of_any_shape_says_whether_it_ships_and_where_to(
    dsn: str, delivery: str, ships: bool, codes: Any
) -> None:
    transaction = odd(dsn, f"delivery = '{delivery}'")
    assert reading_of(transaction).order.ships is ships
    assert codes_of(transaction) == codes


def test_a_delivery_has_its_day_its_price_and_its_address(dsn: str) -> None:
    vat = '{"code": "GB20", "percent": 20, "amount": 0.98}'
    to = '{"name": "Ann", "street": "2 Mill Lane", "town": "Bath", "region": "BAS", "postcode": "BA1", "country": "GB"}'
    price = f'{{"net": 4.90, "vat": {vat}}}'
    delivery = f'{{"how": "courier", "on": "2026-03-09", "to": {to}, "price": {price}}}'
    transaction = odd(dsn, f"delivery = '{delivery}', gross = gross + 5.88, buyer = '{{\"account\": \"C-0007\"}}'")
    order = reading_of(transaction).order
    assert order.charges == (Charge("FREIGHT", Decimal("4.90"), "GB20", Decimal(20), Decimal("0.98")),)
    assert order.ship_to == Address("Ann", "2 Mill Lane", "Bath", "BAS", "BA1", "GB")
    assert (transaction.delivery_date, order.customer_account) == ("2026-03-09", "C-0007")
    assert codes_of(transaction) == set()


@pytest.mark.parametrize("instant", ["null", "'infinity'", "'-infinity'", "'1900-01-01 00:00+00'"])
def test_a_purchase_without_a_usable_instant_is_a_problem_of_its_own(dsn: str, instant: str) -> None:
    assert codes_of(odd(dsn, f"bought_at = {instant}")) == {"FIELD_INVALID"}


def test_an_article_is_called_what_the_shop_calls_it_if_it_does(dsn: str) -> None:
    """R158"""
    called = odd(dsn, """items = jsonb_set(items, '{0,title}', '"Blue mug"')""")
    assert json.loads(called.details)["lines"][0]["title"] == "Blue mug"
    assert codes_of(called) == set()
