"""The sample orders against their hand-written table: read by the channel, judged by the rules."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from order_sync.core.lifecycle import Status
from order_sync.core.ports import Landing
from order_sync.core.reading import read_order
from order_sync.core.rules import problems_of
from order_sync.core.watermark import Watermark
from order_sync.flows.extract import disposition
from sandbox import CHECKOUT, catalogue, samples, shop
from sandbox.postgres import Cluster
from tests.fixtures.dynamics_web import SPEC, channel
from tests.fixtures.reference import reference

BASE = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
REFERENCE = reference(BASE)


def table(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page."""
    page = (CHECKOUT / "docs" / "sample-orders.md").read_text()
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


EXPECTED = {
    cells[0]: (cells[2], re.findall("`(.+?)`", "".join(cells[3:]))) for cells in table("Orders with something wrong")
}


@pytest.fixture(scope="module")
def landings(cluster: Cluster) -> Iterator[list[Landing]]:
    """Every row of the sample shop as it lands."""
    cluster.create_database("samples")
    dsn = cluster.dsn("samples")
    shop.create(dsn)
    written = shop.load(dsn, samples.orders(BASE))
    batches = list(channel(dsn).transactions(Watermark("")))
    landings = [disposition(each, SPEC.route) for batch in batches for each in batch.transactions]
    assert len(landings) == written
    yield landings
    cluster.drop_database("samples")


def codes_of(landing: Landing) -> list[str]:
    reading = read_order(landing.transaction, SPEC.guest_account, BASE)
    return list(dict.fromkeys(problem.code for problem in problems_of(reading, REFERENCE, tolerance=1)))


def test_each_order_with_something_wrong_has_the_problems_of_its_row_and_no_other_order_has_any(landings):
    orders = [each for each in landings if each.status is not Status.NOT_AN_ORDER]
    assert len(orders) == samples.ORDERS
    found = {}
    for each in orders:
        if each.status is Status.WAITING:
            found[each.transaction.reference] = ("Queued", [])
        elif codes := codes_of(each):
            found[each.transaction.reference] = ("Failed", codes)
        elif f'"{catalogue.WITHOUT_ACCOUNTS}"' in each.transaction.details:
            found[each.transaction.reference] = ("Pending Verification", ["PENDING_VERIFICATION"])
    assert found == EXPECTED


def test_there_are_more_than_ten_kinds_of_trouble():
    assert len({code for _, codes in EXPECTED.values() for code in codes}) > 10


def test_each_row_that_is_no_order_has_its_reason(landings):
    reasons = Counter(each.reason for each in landings if each.status is Status.NOT_AN_ORDER)
    assert reasons == {cells[0].strip("`"): int(cells[1]) for cells in table("Rows that are no orders")}


def test_the_good_orders_are_as_varied_as_the_page_says(landings):
    orders = [read_order(each.transaction, SPEC.guest_account, BASE).order for each in landings if not each.reason]
    countries = {order.ship_to.country for order in orders if order.ship_to}
    names = "".join(order.ship_to.name for order in orders if order.ship_to)
    assert {order.currency for order in orders} > {each.code for each in catalogue.CURRENCIES}
    assert len(countries & {code for kind, code in REFERENCE.facts if kind == "country"}) == 9
    assert all(sign in names for sign in "ß'ñ子🎁ễא")
    assert any(order.customer_account == SPEC.guest_account for order in orders)
    assert any(not order.ships for order in orders)
    assert any(len({line.sku for line in order.lines}) < len(order.lines) for order in orders)
    assert {charge.code for order in orders for charge in order.charges} == {each.sku for each in catalogue.CHARGES}


def test_the_same_base_gives_the_same_sales_and_another_one_moves_them():
    assert samples.orders(BASE) == samples.orders(BASE)
    earlier, later = (samples.orders(base)[0] for base in (BASE, BASE + timedelta(days=1)))
    assert (later.number, later.lines) == (earlier.number, earlier.lines)
    assert later.placed_at - earlier.placed_at == timedelta(days=1)


def test_all_orders_that_have_a_sound_date_lie_in_the_day_before(landings):
    placed = [each.placed_at for each in landings if each.status is Status.RECEIVED and each.placed_at]
    inside = [instant for instant in placed if BASE - timedelta(days=1) < instant < BASE]
    assert len(placed) - len(inside) == 1
    assert placed[:5] == sorted(placed[:5])


def test_a_shop_that_has_sales_is_left_alone(landings, cluster):
    assert shop.load(cluster.dsn("samples"), samples.orders(BASE)) == 0
    shop.create(cluster.dsn("samples"))
