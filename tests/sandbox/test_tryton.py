"""The seeded ERP lets the integration user do what the product needs, and no more than a real one would."""

import itertools
import time
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import iso4217
import psycopg
import pytest

from sandbox import catalogue
from sandbox.tryton import DATABASE, TrytonServer

pytestmark = pytest.mark.full

_numbers = itertools.count(1)


def eventually(found: Callable[[], Any], seconds: float = 120) -> Any:
    """What `found` returns as soon as it is true: another process needs a moment for it."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
    return value


class Desk:
    """Sells by REST as the integration user, as the product does it."""

    def __init__(self, rest: Any) -> None:
        self.rest = rest

    def id(self, model: str, value: str, field: str = "code") -> int:
        (row,) = self.rest.search(model, [[field, "=", value]])
        return int(row["id"])

    def sell(self, *lines: tuple[str, int, str, str], customer: str = "C-0005", currency: str = "EUR") -> str:
        """Create and quote a sale of lines (article, quantity, price, tax); returns its path."""
        party = self.id("party.party", customer)
        (address,) = self.rest.search("party.address", [["party", "=", party], ["invoice", "=", True]])
        unit = self.id("product.uom", catalogue.UNIT, "name")
        rows = [
            {
                "type": "line",
                "product": self.id("product.product", sku),
                "quantity": quantity,
                "unit": unit,
                "unit_price": {"__class__": "Decimal", "decimal": price},
                "taxes": [["add", [self.id("account.tax", tax, "name")]]],
            }
            for sku, quantity, price, tax in lines
        ]
        sale = self.rest.post(
            "sale.sale",
            {
                "party": party,
                "invoice_address": address["id"],
                "shipment_address": address["id"],
                "currency": self.id("currency.currency", currency),
                "company": self.id("company.company", "Sandbox Trading", "party.name"),
                "warehouse": self.id("stock.location", "warehouse", "type"),
                "web_shop": self.id("web.shop", "dynamics_web", "name"),
                "web_id": f"test-{next(_numbers)}",
                "lines": [["create", rows]],
            },
        )
        path = f"sale.sale/{sale['id']}"
        self.rest.post(f"{path}/quote", {})
        return path

    def read(self, path: str, *fields: str) -> dict[str, Any]:
        model, number = path.split("/")
        (row,) = self.rest.search(model, [["id", "=", int(number)]], *fields)
        return dict(row)

    def state(self, path: str) -> str:
        return str(self.read(path, "state")["state"])


@pytest.fixture(scope="module")
def desk(rest: Any) -> Desk:
    return Desk(rest)


def test_a_confirmed_sale_is_processed_by_the_worker(desk: Desk) -> None:
    sale = desk.sell(("SKU-0001", 2, "11.00", "DE19"), ("FREIGHT", 1, "4.90", "DE19"))
    desk.rest.post(f"{sale}/confirm", {})
    eventually(lambda: desk.state(sale) == "processing")


def test_a_sale_waits_confirmed_in_the_queue_while_the_worker_pauses(desk: Desk, tryton: TrytonServer) -> None:
    tryton.pause_worker()
    try:
        sale = desk.sell(("SKU-0002", 1, "10.00", "DE19"))
        desk.rest.post(f"{sale}/confirm", {})
        waiting = desk.rest.search("ir.queue", [["dequeued_at", "=", None]], "data")
        assert any(int(sale.split("/")[1]) in task["data"]["instances"] for task in waiting)
        assert desk.state(sale) == "confirmed"
    finally:
        tryton.resume_worker()
    eventually(lambda: desk.state(sale) == "processing")


def test_each_of_many_tasks_that_wait_is_done(desk: Desk, tryton: TrytonServer) -> None:
    tryton.pause_worker()
    try:
        with psycopg.connect(tryton.cluster.dsn(DATABASE), autocommit=True) as connection:
            connection.execute("delete from ir_queue where finished_at is not null")
            connection.execute("analyze ir_queue")  # as autovacuum does to a queue that is nearly empty
        sales = [desk.sell(("SKU-0001", 1, "11.00", "DE19")) for _ in range(6)]
        for sale in sales:
            desk.rest.post(f"{sale}/confirm", {})
    finally:
        tryton.resume_worker()
    eventually(lambda: {desk.state(sale) for sale in sales} == {"processing"})


def test_the_error_log_tells_the_integration_user_why_a_sale_is_not_processed(desk: Desk) -> None:
    sale = desk.sell((catalogue.WITHOUT_ACCOUNTS, 1, "10.00", "DE19"))
    desk.rest.post(f"{sale}/confirm", {})
    number = int(sale.split("/")[1])

    def error() -> str | None:
        for row in desk.rest.search("ir.error", [["state", "=", "open"]], "message", "origin"):
            (task,) = desk.rest.search("ir.queue", [["id", "=", int(row["origin"].split(",")[1])]], "data")
            if task["data"]["model"] == "sale.sale" and number in task["data"]["instances"]:
                return str(row["message"])
        return None

    assert "Account Category" in eventually(error)
    assert desk.state(sale) == "confirmed"


def test_an_article_that_is_not_for_sale_is_refused(desk: Desk) -> None:
    with pytest.raises(AssertionError, match=r"400 .*not valid"):
        desk.sell((catalogue.NOT_SALABLE, 1, "10.00", "DE19"))


def test_the_guest_customer_can_be_quoted(desk: Desk) -> None:
    assert desk.state(desk.sell(("SKU-0003", 1, "10.00", "DE19"), customer=catalogue.GUESTS[0].account)) == "quotation"


@pytest.mark.parametrize(
    ("currency", "tax", "price"),
    [
        ("EUR", "DE19", "0.13"),
        ("USD", "US-CA", "1.07"),
        ("GBP", "GB20", "0.12"),
        ("JPY", "JP10", "33"),
        ("SEK", "SE25", "0.33"),
    ],
)
def test_the_tax_is_rounded_on_each_line(desk: Desk, currency: str, tax: str, price: str) -> None:
    sale = desk.sell(*[("SKU-0004", 1, price, tax)] * 3, currency=currency)
    read = desk.read(sale, "tax_amount", "total_amount", "currency.code")
    (rate,) = (each.rate for each in catalogue.TAXES if each.code == tax)
    quantum = Decimal(1).scaleb(-(iso4217.Currency(currency).exponent or 0))
    each_line = (Decimal(price) * rate).quantize(quantum, ROUND_HALF_EVEN)
    assert Decimal(read["tax_amount"]["decimal"]) == 3 * each_line
    assert Decimal(read["total_amount"]["decimal"]) == 3 * (Decimal(price) + each_line)


def test_the_integration_user_can_add_a_delivery_address(desk: Desk) -> None:
    party = desk.id("party.party", "C-0003")
    country = desk.id("country.country", "US")
    address = {
        "party": party,
        "street_unstructured": "5 Elm Street",
        "city": "Sacramento",
        "postal_code": "95814",
        "country": country,
        "subdivision": desk.id("country.subdivision", "US-CA"),
        "delivery": True,
    }
    assert desk.rest.post("party.address", address)["id"]


def test_the_integration_user_can_read_the_whole_catalogue(desk: Desk) -> None:
    def codes(model: str, field: str = "code") -> set[str]:
        return {row[field] for row in desk.rest.search(model, [], field)}

    assert codes("product.product") >= {each.sku for each in (*catalogue.PRODUCTS, *catalogue.CHARGES)}
    assert codes("currency.currency") >= {each.code for each in catalogue.CURRENCIES}
    assert codes("account.tax", "name") >= {each.code for each in catalogue.TAXES}
    assert codes("party.party") >= {each.account for each in (*catalogue.CUSTOMERS, *catalogue.GUESTS)}
    assert codes("web.shop", "name") >= set(catalogue.WEB_SHOPS)


def test_the_integration_user_cannot_process_a_sale(desk: Desk) -> None:
    sale = desk.sell(("SKU-0005", 1, "10.00", "DE19"))
    with pytest.raises(AssertionError, match=r"400 .*not allowed"):
        desk.rest.post(f"{sale}/process", {})


def test_an_administrator_sees_what_was_sold(desk: Desk, tryton: TrytonServer) -> None:
    sale = desk.sell(("SKU-0006", 1, "10.00", "EXEMPT"))
    (row,) = tryton.rpc("sale.sale.read", [int(sale.split("/")[1])], ["web_id", "total_amount"])
    assert row["total_amount"] == Decimal("10.00")
    assert tryton.rpc("sale.sale.search_count", [("web_id", "=", row["web_id"])]) == 1
