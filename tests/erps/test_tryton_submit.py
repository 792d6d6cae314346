"""An order reaches a live Tryton once and whole, whatever breaks on the way and whatever was begun before."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from order_sync.core.order.model import Address, Order
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.erps.tryton import Tryton
from sandbox import catalogue
from tests.erps.conftest import Back, found, refusal
from tests.fixtures.tryton import HOME, charge, line, order
from tests.support.proxy import Proxy

pytestmark = pytest.mark.usefixtures("resting")


async def test_an_order_is_stored_with_everything_it_says(erp: Tryton, back: Back) -> None:
    lines = line(quantity="3", net="30.00", tax="DE19"), line("SKU-0002", "1", "12.50", "DE7")
    sent = order(
        *lines,
        charges=[charge(tax="DE19")],
        currency="EUR",
        customer_account="C-0005",
        placed_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
    )
    receipt = await erp.submit(sent)
    fields = ("number", "reference", "sale_date", "total_amount", "party.code", "currency.code", "web_shop.name")
    sale = back.sale(sent, *fields, "company", "company.party.code", "warehouse", "invoice_address", "shipment_address")
    company = sale["company."]["party."]["code"]
    assert company
    assert receipt == Receipt(sale["number"], "confirmed", company)
    assert sale["reference"] == sent.reference
    assert sale["sale_date"] == date(2026, 3, 2), "the company's date, in Berlin"
    assert sale["total_amount"] == sent.total
    assert (sale["party."]["code"], sale["currency."]["code"]) == ("C-0005", "EUR")
    assert sale["web_shop."]["name"] == sent.key.channel
    assert sale["company"]
    assert sale["warehouse"]
    assert sale["invoice_address"] != sale["shipment_address"]
    stored = back(
        "sale.line.search_read",
        [("sale", "=", sale["id"])],
        *(0, None, [("id", "ASC")]),
        ["product.code", "quantity", "unit_price", "unit.name", "taxes"],
    )
    assert [(row["product."]["code"], row["quantity"], row["unit_price"]) for row in stored] == [
        ("SKU-0001", 3, Decimal("10.0000")),
        ("SKU-0002", 1, Decimal("12.5000")),
        ("FREIGHT", 1, Decimal("4.9000")),
    ]
    assert {row["unit."]["name"] for row in stored} == {catalogue.UNIT}
    taxes = back("account.tax.read", [row["taxes"][0] for row in stored], ["name"])
    assert {row["name"] for row in taxes} == {"DE19", "DE7"}


@pytest.mark.parametrize(
    ("currency", "amounts"), [("EUR", ("10.13", "0.05", "0.13")), ("JPY", ("1013", "5", "13"))], ids=["EUR", "JPY"]
)
async def test_the_total_with_every_tax_is_the_channels(erp: Tryton, currency: str, amounts: tuple[str, ...]) -> None:
    """R23"""
    lines = [line(net=net, tax=tax.code) for net in amounts for tax in catalogue.TAXES]
    sent = order(*lines, currency=currency, customer_account="C-0003")
    await erp.submit(sent)
    seen = await found(erp, sent)
    assert (seen.total, seen.currency) == (sent.total, currency)


async def test_a_line_that_no_unit_price_gives_is_stored_in_two_that_do(erp: Tryton, back: Back) -> None:
    sent = order(line(quantity="3000", net="10.00", tax="EXEMPT"))
    await erp.submit(sent)
    assert back.sale(sent, "untaxed_amount")["untaxed_amount"] == Decimal("10.00")


async def test_an_order_that_does_not_ship_is_invoiced_to_the_customers_address(erp: Tryton, back: Back) -> None:
    sent = order(ships=False, ship_to=None)
    await erp.submit(sent)
    sale = back.sale(sent, "invoice_address", "shipment_address")
    assert sale["invoice_address"] == sale["shipment_address"]


async def test_an_address_is_added_once_and_found_again_by_another_run(erp: Tryton, other: Tryton, back: Back) -> None:
    place = Address("Zoë O'Neill", "12, rue d'Été,\n 2ème étage -", "Łódź", "", "", "PL")
    orders = [order(ship_to=place) for _ in range(3)]
    await erp.prepare(orders[:2])
    for sent, by in zip(orders, (erp, erp, other), strict=True):
        await by.submit(sent)
    assert len({back.sale(sent, "shipment_address")["shipment_address"] for sent in orders}) == 1


async def test_the_customers_own_address_is_used_as_it_is(erp: Tryton, back: Back) -> None:
    customer = catalogue.CUSTOMERS[5]
    own = Address(customer.name, customer.street, customer.city, customer.state, customer.postal_code, customer.country)
    sent = order(customer_account=customer.account, ship_to=own)
    await erp.submit(sent)
    sale = back.sale(sent, "invoice_address", "shipment_address")
    assert sale["invoice_address"] == sale["shipment_address"]


async def test_an_address_that_tryton_declines_fails_its_own_order_only(erp: Tryton) -> None:
    andalusia = Address(
        "Ann Other", "Calle 1", "Jaén", "AN", "23001", "ES"
    )  # a community, where provinces are expected
    bad, good = order(ship_to=andalusia), order(ship_to=replace(andalusia, state="J"))
    await erp.prepare([bad, good])
    error = await refusal(erp, bad)
    assert error.code == "COUNTRY_STATE_INVALID"
    assert "Jaén" not in str(error)
    assert (await erp.submit(good)).erp_status == "confirmed"


@pytest.mark.parametrize(
    ("wrong", "code", "names"),
    [
        (order(line("SKU-9999")), "SKU_NOT_FOUND", "SKU-9999"),
        (order(charges=[charge("SURCHARGE")]), "SKU_NOT_FOUND", "SURCHARGE"),
        (order(customer_account="C-9999"), "CUSTOMER_NOT_FOUND", "C-9999"),
        (order(line(tax="XX1")), "TAX_MAPPING", "XX1"),
        (order(currency="CHF"), "CURRENCY_MAPPING", "CHF"),
        (order(ship_to=Address("A", "B 1", "C", "", "", "XX")), "COUNTRY_STATE_INVALID", "XX"),
        (order(ship_to=Address("A", "B 1", "C", "QQ", "", "US")), "COUNTRY_STATE_INVALID", "US-QQ"),
        (order(line(net="10.005")), "PRICE_PRECISION", "10.005"),
        (order(line(catalogue.NOT_SALABLE)), "SKU_NOT_SALABLE", catalogue.NOT_SALABLE),
        (order(line(quantity="2.5", net="25.00")), "QTY_UOM", "2.5"),
        (order(ship_to=None), "ADDRESS_MISSING", "no address"),
        (order(ship_to=replace(HOME, name="Ann\tOther")), "BAD_CHARACTERS", "Name"),
        (order(ship_to=replace(HOME, city="Bri\nstol")), "BAD_CHARACTERS", "City"),
        (order(ship_to=replace(HOME, postal_code="BS1\v5TY")), "BAD_CHARACTERS", "Postal Code"),
        (order(reference="W\f1"), "BAD_CHARACTERS", "Reference"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_tryton_does_not_know_or_take_is_refused_by_name_and_leaves_nothing(
    erp: Tryton, back: Back, wrong: Order, code: str, names: str
) -> None:
    """R20"""
    error = await refusal(erp, wrong)
    assert error.code == code
    assert names in str(error)
    assert back.sales(wrong) == []


async def test_a_customer_without_an_address_is_refused(erp: Tryton, back: Back) -> None:
    back("party.party.create", [{"code": "NO-ADDRESS", "name": "Nowhere Ltd"}])
    error = await refusal(erp, order(customer_account="NO-ADDRESS"))
    assert error.code == "INVOICE_ADDRESS_MISSING"
    assert "NO-ADDRESS" in str(error)


async def test_the_shops_guest_cannot_be_quoted_and_is_no_customer(erp: Tryton, back: Back) -> None:
    (shop,) = back("web.shop.search", [("name", "=", catalogue.WEB_SHOPS[0])])
    (party,) = back("party.party.search", [("code", "=", "C-0010")])
    back("web.shop.write", [shop], {"guest_party": party})
    try:
        sent = order(customer_account="C-0010")
        error = await refusal(erp, sent)
        assert error.code == "CUSTOMER_NOT_FOUND"
        assert "quote" in str(error)
        assert (await erp.reference()).get("customer", "C-0010") is None
    finally:
        back("web.shop.write", [shop], {"guest_party": None})
    assert (await erp.submit(sent)).erp_status == "confirmed", "it is taken up once the shop was mended"


async def test_no_address_on_the_wire_holds_anything_of_an_order(erp: Tryton, proxy: Proxy) -> None:
    sent = order()
    await erp.submit(sent)
    await erp.look_up([Sent(sent)])
    paths = "\n".join(request.partition("\n")[0] for request in proxy.requests)
    for private in ("Other", "High", "Bristol", "BS1", "C-0001", sent.key.parts[1]):
        assert private not in paths.replace("HTTP", "")
