"""The sample orders against their hand-written tables: read by the channel, judged by the rules."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pycountry
import pytest

from order_sync import registry
from order_sync.core.checks.rules import problems_of
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Transaction
from order_sync.core.order.money import ONE_MINOR_UNIT
from order_sync.core.order.parsing import read_order
from order_sync.core.records.orders import Landing
from order_sync.flows.intake.landing import disposition
from sandbox import CHECKOUT, catalogue, samples, shop
from sandbox.postgres import Cluster
from sandbox.sales import SaleAddress
from tests.fixtures import dynamics_store, dynamics_web
from tests.fixtures.reference import reference
from tests.support.databases import database

BASE = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
REFERENCE = reference(BASE)


def table(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page."""
    page = (CHECKOUT / "docs" / "sample-orders.md").read_text()
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def expected(heading: str) -> dict[str, tuple[str, list[str]]]:
    """The report's word and the error codes of each order in the table under a heading."""
    return {cells[0]: (cells[2], re.findall("`(.+?)`", "".join(cells[3:]))) for cells in table(heading)}


@dataclass(frozen=True)
class Channel:
    """A channel's fixture, what the page says of its orders, and how many there are."""

    fixture: ModuleType
    wrong: dict[str, tuple[str, list[str]]]
    orders: int
    column: int

    def problems(self, transaction: Transaction) -> list[str]:
        reading = read_order(transaction, self.fixture.SPEC.guest_account, BASE)
        return list(dict.fromkeys(problem.code for problem in problems_of(reading, REFERENCE, ONE_MINOR_UNIT)))


WEB = Channel(dynamics_web, expected("Orders with something wrong"), samples.ORDERS, 1)
TILLS = Channel(dynamics_store, expected("Sales at the till with something wrong"), samples.TILL_ORDERS, 2)
BOTH = pytest.mark.parametrize("channel", [WEB, TILLS], ids=["web", "tills"])


@pytest.fixture(scope="module")
def dsn(cluster: Cluster) -> Iterator[str]:
    """A channel database with the samples."""
    with database(cluster, "samples") as dsn:
        shop.create(dsn)
        assert shop.load(dsn, samples.sales(BASE)) == len(samples.sales(BASE))
        yield dsn


def landings(dsn: str, channel: Channel) -> list[Landing]:
    """Every row of the database as it lands."""
    batches = list(channel.fixture.Shop.over(dsn).transactions(Watermark("")))
    route = registry.route(channel.fixture.SPEC)
    return [disposition(each, route) for batch in batches for each in batch.transactions]


@BOTH
def test_each_order_with_something_wrong_has_the_problems_of_its_row_and_no_other_order_has_any(
    dsn: str, channel: Channel
) -> None:
    landed = landings(dsn, channel)
    assert len(landed) == len(samples.sales(BASE))
    orders = [each for each in landed if each.status is not Status.NOT_AN_ORDER]
    assert len(orders) == channel.orders
    found: dict[str, tuple[str, list[str]]] = {}
    for each in orders:
        name = each.transaction.reference or each.transaction.receipt
        if each.status is Status.WAITING:
            found[name] = ("Queued", [])
        elif codes := channel.problems(each.transaction):
            found[name] = ("Failed", codes)
        elif f'"{catalogue.WITHOUT_ACCOUNTS}"' in each.transaction.details:
            found[name] = ("Pending Verification", ["PENDING_VERIFICATION"])
    assert found == channel.wrong


def test_there_are_more_than_ten_kinds_of_trouble() -> None:
    assert len({code for _, codes in WEB.wrong.values() for code in codes}) > 10


@BOTH
def test_each_row_that_is_no_order_has_its_reason(dsn: str, channel: Channel) -> None:
    reasons = Counter(each.reason for each in landings(dsn, channel) if each.status is Status.NOT_AN_ORDER)
    told = {cells[0].strip("`"): int(cells[channel.column]) for cells in table("Rows that are no orders")}
    assert reasons == Counter(told)


def test_every_row_of_the_database_has_a_disposition_and_is_an_order_of_one_channel_at_most(dsn: str) -> None:
    """R3"""
    web, tills = landings(dsn, WEB), landings(dsn, TILLS)
    assert len(web) == len(tills) == len(samples.sales(BASE))
    orders = [{each.transaction.key.parts for each in those if not each.reason} for those in (web, tills)]
    assert orders[0] & orders[1] == set()


def test_the_good_orders_are_as_varied_as_the_page_says(dsn: str) -> None:
    transactions = [each.transaction for each in landings(dsn, WEB) if not each.reason]
    orders = [read_order(each, dynamics_web.SPEC.guest_account, BASE).order for each in transactions]
    countries = {order.ship_to.country for order in orders if order.ship_to}
    names = "".join(order.ship_to.name for order in orders if order.ship_to)
    assert {order.currency for order in orders} > {each.code for each in catalogue.CURRENCIES}
    assert len(countries & {code for kind, code in REFERENCE.facts if kind == "country"}) == 9
    assert all(sign in names for sign in "ß'ñ子🎁ễא")
    assert any(order.customer_account == dynamics_web.SPEC.guest_account for order in orders)
    assert any(not order.ships for order in orders)
    assert any(len({line.sku for line in order.lines}) < len(order.lines) for order in orders)
    assert {charge.code for order in orders for charge in order.charges} == {each.sku for each in catalogue.CHARGES}


def test_the_erp_knows_the_states_of_each_country_that_an_order_ships_to() -> None:
    """Those of all countries would be five thousand, which take a quarter of a minute to make."""
    ships_to = {sale.ship_to.country for sale in samples.sales(BASE) if isinstance(sale.ship_to, SaleAddress)}
    found = {country.alpha_2 for name in ships_to if (country := pycountry.countries.get(alpha_3=name))}
    assert found | {each.country for each in (*catalogue.CUSTOMERS, *catalogue.GUESTS)} == {*catalogue.DELIVERED_TO}


def test_at_the_till_some_buy_over_the_counter_and_some_order_for_later(dsn: str) -> None:
    transactions = [each.transaction for each in landings(dsn, TILLS) if not each.reason]
    orders = [read_order(each, dynamics_store.SPEC.guest_account, BASE).order for each in transactions]
    assert {order.ships for order in orders} == {True, False}
    assert {order.customer_account == "GUEST-STORE" for order in orders} == {True, False}
    assert {bool(each.reference) for each in transactions} == {True, False}
    assert all(each.receipt for each in transactions)


def test_the_same_base_gives_the_same_sales_and_another_one_moves_them() -> None:
    assert samples.sales(BASE) == samples.sales(BASE)
    earlier, later = (samples.sales(base)[0] for base in (BASE, BASE + timedelta(days=1)))
    assert (later.number, later.lines) == (earlier.number, earlier.lines)
    assert isinstance(later.placed_at, datetime)
    assert isinstance(earlier.placed_at, datetime)
    assert later.placed_at - earlier.placed_at == timedelta(days=1)


@BOTH
def test_all_orders_that_have_a_sound_date_lie_in_the_day_before(dsn: str, channel: Channel) -> None:
    landed = landings(dsn, channel)
    placed = [each.placed_at for each in landed if each.status is Status.RECEIVED and each.placed_at]
    inside = [instant for instant in placed if BASE - timedelta(days=1) < instant < BASE]
    assert len(placed) - len(inside) == (channel is WEB)
    assert placed[:5] == sorted(placed[:5])


def test_a_shop_that_has_sales_is_left_alone(dsn: str) -> None:
    assert shop.load(dsn, samples.sales(BASE)) == 0
    shop.create(dsn)
