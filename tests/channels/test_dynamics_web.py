"""The web shop's SQL: what stands in a Commerce channel database, and the order that it becomes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from order_sync.core.checks.rules import problems_of
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import Address, Order, Problem, Transaction
from order_sync.core.order.money import ONE_MINOR_UNIT
from order_sync.core.order.parsing import Reading, read_order
from sandbox import shop
from sandbox.postgres import Cluster
from sandbox.sales import ELECTRONIC, PICK_UP, SHIP, Sale, SoldCharge
from sandbox.shop import address_of
from tests.fixtures.dynamics_web import FOLDER, HOME, PLACED_AT, SPEC, Shop, sale
from tests.fixtures.reference import reference

PIECE = sale().lines[0]
KEY = "channel, store, terminal, transactionid, dataareaid"


def read(dsn: str) -> list[Transaction]:
    return [each for batch in Shop.over(dsn).transactions(Watermark("")) for each in batch.transactions]


def write(dsn: str, *sales: Sale) -> None:
    with psycopg.connect(dsn) as connection:
        shop.write(connection, sales)


def execute(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement)


def reading_of(transaction: Transaction) -> Reading:
    return read_order(transaction, SPEC.guest_account, PLACED_AT + timedelta(hours=1))


def order_of(dsn: str, written: Sale) -> Order:
    """The order that a sale becomes, in which every field could be read."""
    write(dsn, written)
    (transaction,) = read(dsn)
    reading = reading_of(transaction)
    assert reading.problems == ()
    return reading.order


def problems_in(transaction: Transaction) -> tuple[Problem, ...]:
    return problems_of(reading_of(transaction), reference(PLACED_AT), ONE_MINOR_UNIT)


def codes_of(transaction: Transaction) -> set[str]:
    return {problem.code for problem in problems_in(transaction)}


def test_a_sale_which_is_stored_as_negative_is_positive(dsn: str) -> None:
    order = order_of(dsn, sale(lines=2, charges=(SoldCharge("FREIGHT", Decimal("4.90"), "GB20", Decimal(20)),)))
    with psycopg.connect(dsn) as connection:
        stored = connection.execute("select qty, netamount, taxamount from ax.retailtransactionsalestrans").fetchall()
    assert stored == [(-1, -10, -2)] * 2
    assert {(line.quantity, line.net, line.tax) for line in order.lines} == {(1, 10, 2)}
    assert [(charge.code, charge.net, charge.tax) for charge in order.charges] == [
        ("FREIGHT", Decimal("4.90"), Decimal("0.98"))
    ]
    assert order.total == Decimal("29.88")


def test_a_returned_line_which_is_stored_as_positive_is_negative_and_refused(dsn: str) -> None:
    returned = replace(PIECE, quantity=Decimal(-1), net=Decimal(-10))
    write(dsn, sale(lines=3), replace(sale("W2", lines=2), lines=(PIECE, PIECE, returned)))
    good, mixed = read(dsn)
    (problem,) = problems_in(mixed)
    assert problems_in(good) == ()
    assert (problem.code, problem.value) == ("QTY_SIGN", "quantity -1, net -10, tax -2")
    assert mixed.total == "12"


@pytest.mark.parametrize(
    ("changes", "reason", "status"),
    [
        ({}, None, "none"),
        ({"status": 2}, None, "posted"),
        ({"status": 3}, None, "concluded"),
        ({"status": 1}, "voided", "voided"),
        ({"status": 4}, "cancelled", "cancelled"),
        ({"status": 5}, "on_hold", "on_hold"),
        ({"status": 6}, "training", "training"),
        ({"status": 9}, "entry_status_9", "entry_status_9"),
        ({"is_return": True}, "RETURN_NOT_SUPPORTED", "none"),
        ({"type": 2, "status": 1}, "voided", "voided"),
        ({"type": 2, "status": 2}, "point_of_sale", "posted"),
        ({"type": 14}, "point_of_sale", "none"),
        ({"type": 19}, "point_of_sale", "none"),
        ({"type": 3}, "payment", "none"),
        ({"type": 5}, "float_entry", "none"),
        ({"type": 7}, "tender_declaration", "none"),
        ({"type": 1}, "log_on", "none"),
        ({"type": 31}, "type_31", "none"),
    ],
)
def test_what_is_no_order_is_told_with_its_reason(
    dsn: str, changes: dict[str, Any], reason: str | None, status: str
) -> None:
    """R165, T1"""
    write(dsn, sale(**changes))
    (transaction,) = read(dsn)
    assert (transaction.not_an_order, transaction.source_status) == (reason, status)


def test_what_people_search_by_is_kept(dsn: str) -> None:
    """R5, R6"""
    write(dsn, sale("WEB 0042", customer="C-0007", data_area="usmf"))
    execute(dsn, "update ax.retailtransactiontable set receiptid = 'R-17'")
    (transaction,) = read(dsn)
    assert transaction.key.parts == ("5637144592", "WEB01", "WEB01-1", "T-WEB 0042", "usmf")
    assert (transaction.reference, transaction.receipt) == ("WEB 0042", "R-17")
    assert (transaction.customer_account, transaction.distributor) == ("C-0007", "usmf")


def test_a_customer_that_the_shop_made_and_headquarters_do_not_know_yet_is_no_guest(dsn: str) -> None:
    write(dsn, sale())
    execute(dsn, "update ax.retailtransactiontable set custaccountasync = 'NEW-1'")
    (transaction,) = read(dsn)
    assert transaction.customer_account == "NEW-1"
    assert codes_of(transaction) == {"CUSTOMER_NOT_FOUND"}


@pytest.mark.parametrize(
    ("day", "seconds", "instant"),
    [
        ("2026-01-31", 9 * 3600, datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-02-28", 84600, datetime(2026, 2, 28, 22, 30, tzinfo=UTC)),
    ],
)
def test_without_a_begin_time_the_stores_clock_tells_when(dsn: str, day: str, seconds: int, instant: datetime) -> None:
    write(dsn, sale())
    execute(
        dsn,
        "update ax.retailtransactiontable set begindatetime = '1900-01-01',"
        f" transdate = '{day}', transtime = {seconds}",
    )
    (transaction,) = read(dsn)
    assert reading_of(transaction).order.placed_at == instant


@pytest.mark.parametrize(
    ("shipping", "receipt", "delivery_date"),
    [
        ("2026-03-05", "2026-03-09", "2026-03-05"),
        ("1900-01-01", "2026-03-09", "2026-03-09"),
        ("1900-01-01", "1900-01-01", None),
    ],
)
def test_the_delivery_date_is_when_it_is_to_be_shipped_or_else_received(
    dsn: str, shipping: str, receipt: str, delivery_date: str | None
) -> None:
    write(dsn, sale())
    execute(
        dsn,
        "update ax.retailtransactiontable"
        f" set shippingdaterequested = '{shipping}', receiptdaterequested = '{receipt}'",
    )
    assert read(dsn)[0].delivery_date == delivery_date


@pytest.mark.parametrize(("mode", "ships"), [(SHIP, True), ("", True), (PICK_UP, False), (ELECTRONIC, False)])
def test_an_order_ships_unless_it_is_picked_up_or_sent_by_wire(dsn: str, mode: Any, ships: bool) -> None:
    assert order_of(dsn, sale(delivery_mode=mode)).ships is ships


def test_an_order_of_which_one_line_ships_needs_an_address(dsn: str) -> None:
    """R30"""
    write(dsn, sale(lines=2, delivery_mode=PICK_UP, ship_to=None))
    assert problems_in(read(dsn)[0]) == ()
    execute(dsn, f"update ax.retailtransactionsalestrans set dlvmode = '{SHIP}' where linenum = 2")
    assert codes_of(read(dsn)[0]) == {"ADDRESS_MISSING"}


def test_a_one_time_address_is_read_with_its_country_in_iso_3166(dsn: str) -> None:
    """R19, T12"""
    write(dsn, sale())
    execute(dsn, "update ax.retailtransactionaddresstrans set streetnumber = '7b'")
    address = reading_of(read(dsn)[0]).order.ship_to
    assert address == Address("Ann Other", "1 High Street 7b", "Bristol", "BST", "BS1 5TY", "GB")


def test_an_address_out_of_the_address_book_is_read(dsn: str) -> None:
    order = order_of(dsn, sale(customer="C-0001", ship_to=address_of("C-0001")))
    assert order.ship_to == Address("", "1 Harbour Road", "Bristol", "BST", "BS1 5TY", "GB")


def test_a_country_that_commerce_does_not_know_is_left_to_the_rules(dsn: str) -> None:
    write(dsn, sale(ship_to=replace(HOME, country="ENG")))
    assert codes_of(read(dsn)[0]) == {"COUNTRY_STATE_INVALID"}


@pytest.mark.parametrize(
    "second",
    [
        f"insert into ax.retailtransactionaddresstrans ({KEY}, salelinenum, deliveryname, street, city)"
        f" select {KEY}, 1, 'Bob', 'Elsewhere', 'Bath' from ax.retailtransactiontable",
        f"update ax.retailtransactionsalestrans set logisticspostaladdress = {address_of('C-0002')}",
    ],
)
def test_an_order_that_ships_to_two_addresses_is_held_back(dsn: str, second: str) -> None:
    write(dsn, sale())
    execute(dsn, second)
    (problem,) = problems_in(read(dsn)[0])
    assert (problem.code, problem.value) == ("ADDRESS_AMBIGUOUS", "2")
    assert {place["city"] for place in json.loads(read(dsn)[0].details)["ship_to"]} > {"Bristol"}


def test_an_address_that_is_repeated_at_the_lines_is_one_address(dsn: str) -> None:
    write(dsn, sale())
    columns = f"{KEY}, deliveryname, street, city, state, zipcode, countryregionid"
    execute(
        dsn,
        f"insert into ax.retailtransactionaddresstrans (salelinenum, {columns})"
        f" select 1, {columns} from ax.retailtransactionaddresstrans",
    )
    assert problems_in(read(dsn)[0]) == ()


def test_a_charge_that_includes_its_tax_is_told_without_it(dsn: str) -> None:
    write(dsn, sale(charges=(SoldCharge("FREIGHT", Decimal("5.00"), "GB20", Decimal(20)),)))
    execute(
        dsn,
        "update ax.retailtransactionmarkuptrans"
        " set calculatedamount = 6, taxamountinclusive = 1, taxamountexclusive = 0",
    )
    (charge,) = reading_of(read(dsn)[0]).order.charges
    assert (charge.net, charge.tax, charge.tax_code, charge.tax_rate) == (5, 1, "GB20", None)


def test_several_taxes_of_a_line_are_told_together_in_one_order_whatever_the_collation(dsn: str) -> None:
    write(dsn, sale())
    execute(
        dsn,
        "insert into ax.retailtransactiontaxtrans"
        " (channel, storeid, terminalid, transactionid, dataareaid, salelinenum, taxcode, taxpercentage)"
        f" select {KEY}, 1, 'city', 1.5 from ax.retailtransactiontable",
    )
    (line,) = reading_of(read(dsn)[0]).order.lines
    assert (line.tax_code, line.tax_rate, line.tax) == ("GB20+city", Decimal("21.5"), 2)


def test_a_variant_is_another_article(dsn: str) -> None:
    order = order_of(dsn, replace(sale(), lines=(PIECE, replace(PIECE, variant="V7"))))
    assert [line.sku for line in order.lines] == ["SKU-0001", "SKU-0001/V7"]


def test_a_voided_line_is_there_and_not_sold(dsn: str) -> None:
    write(dsn, replace(sale(), lines=(replace(PIECE, voided=True), PIECE)))
    (transaction,) = read(dsn)
    assert (transaction.expected_lines, transaction.present_lines) == (2, 2)
    assert [line.number for line in reading_of(transaction).order.lines] == ["2"]
    assert problems_in(transaction) == ()


def test_a_header_whose_lines_come_later_is_complete_when_it_is_read_again(dsn: str) -> None:
    """The counter of a header says nothing about its lines."""
    with psycopg.connect(dsn) as connection:
        shop.write(connection, [sale(lines=2)])
        connection.execute("create table later as table ax.retailtransactionsalestrans")
        connection.execute("delete from ax.retailtransactionsalestrans where linenum = 2")
    (early,) = read(dsn)
    with psycopg.connect(dsn) as connection:
        columns = "channel, store, terminalid, transactionid, linenum, dataareaid, itemid, qty, netamount, taxamount"
        connection.execute(
            f"insert into ax.retailtransactionsalestrans ({columns}) select {columns} from later where linenum = 2"
        )
    ((late,),) = Shop.over(dsn).read_again([early.key])
    assert [(each.expected_lines, each.present_lines) for each in (early, late)] == [(2, 1), (2, 2)]
    assert late.digest != early.digest
    assert problems_in(late) == ()


def test_an_order_of_1114_lines_is_a_good_order(dsn: str) -> None:
    write(dsn, sale(lines=1114, net="3.33"))
    (transaction,) = read(dsn)
    order = reading_of(transaction).order
    assert (transaction.present_lines, len(order.lines)) == (1114, 1114)
    assert [line.number for line in order.lines] == [str(number) for number in range(1, 1115)]
    assert problems_in(transaction) == ()


def test_a_null_in_any_column_is_a_problem_of_its_order_at_most(lax_dsn: str) -> None:
    with psycopg.connect(lax_dsn) as connection:
        columns = connection.execute(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'ax' and table_name like 'retailtransaction%' and is_nullable = 'YES'"
        ).fetchall()
        freight = (SoldCharge("FREIGHT", Decimal(5), "GB20", Decimal(20)),)
        references = [f"{table.removeprefix('retailtransaction')}.{column}" for table, column in columns]
        shop.write(connection, [sale(reference, charges=freight) for reference in ("good", *references, "all")])
        for (table, column), reference in zip(columns, references, strict=True):
            nothing = f"update ax.{table} set {column} = null where transactionid in ('T-{reference}', 'T-all')"
            connection.execute(nothing)
        connection.execute("update ax.retailtransactiontable set channelreferenceid = substr(transactionid, 3)")
    read_ = {transaction.reference: transaction for transaction in read(lax_dsn)}
    assert list(read_) == ["good", *references, "all"]
    codes = {reference: codes_of(transaction) for reference, transaction in read_.items()}
    assert codes["good"] == set()
    assert codes["all"] >= {"FIELD_INVALID", "SKU_NOT_FOUND", "CURRENCY_MAPPING", "ADDRESS_MISSING"}
    assert codes["table.grossamount"] == codes["salestrans.netamount"] == {"FIELD_INVALID"}
    assert codes["salestrans.itemid"] == {"SKU_NOT_FOUND"}
    assert codes["addresstrans.countryregionid"] == {"ADDRESS_MISSING"}
    assert {each.reference: each.not_an_order for each in read_.values() if each.not_an_order} == {
        "table.type": "type_missing",
        "table.entrystatus": "entry_status_missing",
        "all": "type_missing",
    }


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("begindatetime", "infinity", "placed_at"),
        ("begindatetime", "-infinity", "placed_at"),
        ("begindatetime", "294276-12-31 23:59:59", "placed_at"),
        ("begindatetime", "0044-03-15 12:00:00 BC", "placed_at"),
        ("begindatetime", "9999-12-31 23:59:59", "placed_at"),
        ("shippingdaterequested", "infinity", "delivery_date"),
        ("shippingdaterequested", "5874897-12-31", "delivery_date"),
        ("shippingdaterequested", "0044-03-15 BC", "delivery_date"),
        ("grossamount", "NaN", "total"),
        ("grossamount", "Infinity", "total"),
    ],
)
def test_an_absurd_value_is_a_problem_of_its_order_alone(lax_dsn: str, column: str, value: str, field: str) -> None:
    write(lax_dsn, sale("GOOD"), sale("ABSURD"))
    execute(lax_dsn, f"update ax.retailtransactiontable set {column} = '{value}' where transactionid = 'T-ABSURD'")
    good, absurd = read(lax_dsn)
    assert problems_in(good) == ()
    assert [(problem.code, problem.field) for problem in problems_in(absurd)] == [("FIELD_INVALID", field)]


@pytest.mark.parametrize("day", ["infinity", "-infinity", "5874897-12-31", "0044-03-15 BC", "0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("seconds", [0, 2147483647, -2147483648])
def test_an_absurd_day_of_the_stores_clock_is_a_problem_too(lax_dsn: str, day: str, seconds: int) -> None:
    write(lax_dsn, sale())
    execute(
        lax_dsn,
        "update ax.retailtransactiontable set begindatetime = '1900-01-01',"
        f" transdate = '{day}', transtime = {seconds}",
    )
    assert [(problem.code, problem.field) for problem in problems_in(read(lax_dsn)[0])] == [
        ("FIELD_INVALID", "placed_at")
    ]


@pytest.mark.parametrize("column", ["qty", "netamount", "taxamount"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_line_without_a_number_is_a_problem(lax_dsn: str, column: str, value: str) -> None:
    write(lax_dsn, sale())
    stored = {"Infinity": "-Infinity", "-Infinity": "Infinity"}.get(value, value)
    execute(lax_dsn, f"update ax.retailtransactionsalestrans set {column} = '{stored}'")
    problem = problems_in(read(lax_dsn)[0])[0]
    assert (problem.code, problem.value) == ("FIELD_INVALID", value)


@pytest.mark.parametrize("column", ["qty", "netamount", "taxamount"])
@pytest.mark.parametrize("value", ["1e16", "1e40", "1e130000"])
def test_a_number_beyond_all_measure_is_a_problem(lax_dsn: str, column: str, value: str) -> None:
    write(lax_dsn, sale())
    execute(lax_dsn, f"update ax.retailtransactionsalestrans set {column} = -('{value}'::numeric)")
    problem = problems_in(read(lax_dsn)[0])[0]
    assert problem.code == "FIELD_INVALID"
    assert problem.message.endswith("0', which has too many digits: correct it in the shop")
    assert len(problem.message) < 150


@pytest.mark.parametrize("lines", ["NaN", "1e12"])
def test_a_header_that_promises_what_no_number_is_waits_for_its_lines(lax_dsn: str, lines: str) -> None:
    write(lax_dsn, sale())
    execute(lax_dsn, f"update ax.retailtransactiontable set numberofitemlines = '{lines}'")
    (transaction,) = read(lax_dsn)
    assert (transaction.expected_lines, transaction.present_lines) == (2147483647, 1)


ORDERS = 20_000


@pytest.fixture(scope="module")
def full_shop(cluster: Cluster, template: str) -> Iterator[str]:
    """A shop with so many orders that reading them all would be seen."""
    cluster.create_database("full_shop", template)
    with psycopg.connect(cluster.dsn("full_shop")) as connection:
        connection.execute(
            f"insert into ax.retailtransactiontable ({KEY}, type, begindatetime, currency, grossamount)"
            f" select 1, 'S', 'T', 'N' || n, 'demf', 27, '2026-03-01', 'EUR', -10 from generate_series(1, {ORDERS}) n"
        )
        connection.execute(
            "insert into ax.retailtransactionsalestrans"
            " (channel, store, terminalid, transactionid, dataareaid, linenum, itemid, qty, netamount)"
            f" select 1, 'S', 'T', 'N' || n, 'demf', 1, 'SKU-0001', -1, -10 from generate_series(1, {ORDERS}) n"
        )
        connection.execute("analyze")
    yield cluster.dsn("full_shop")
    cluster.drop_database("full_shop")


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Each scan of a table in a plan: the table, the kind, and the rows that it looked at in all."""
    if "Relation Name" in plan:
        looked_at = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        yield plan["Relation Name"], plan["Node Type"], looked_at * plan["Actual Loops"]
    for child in plan.get("Plans", ()):
        yield from scans(child)


@pytest.mark.parametrize("which", ["new.sql", "again.sql"])
def test_an_extract_looks_at_the_new_headers_only(full_shop: str, which: str) -> None:
    statement = (FOLDER / "transactions.sql").read_text().replace("{which}", (FOLDER / which).read_text())
    last = [f"N{number}" for number in range(ORDERS - 9, ORDERS + 1)]
    bound = {"since": ORDERS - 10, "key_1": ["1"] * 10, "key_2": ["S"] * 10, "key_3": ["T"] * 10, "key_4": last}
    bound |= {"key_5": ["demf"] * 10, **SPEC.options}
    with psycopg.connect(full_shop) as connection, connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, format json) {statement}".encode(), bound)
        [((plan,),)] = cursor.fetchall()
    big = ("retailtransactiontable", "retailtransactionsalestrans")
    assert sorted(scan for scan in scans(plan["Plan"]) if scan[0] in big) == [
        ("retailtransactionsalestrans", "Index Scan", 10),
        ("retailtransactiontable", "Index Scan", 10),
    ]
