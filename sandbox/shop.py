"""A Dynamics 365 Commerce channel database for the sandbox and the tests: its tables, and sales written into them.

The rows are what Commerce writes, signs included: see `shop.sql` and the channel's own `transactions.sql`. Knows
nothing of order_sync, and not what becomes of a sale there.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pycountry
from psycopg import sql

from sandbox.catalogue import CUSTOMERS
from sandbox.sales import ELECTRONIC, NO_DATE, PICK_UP, Sale, SaleAddress, SoldCharge, SoldLine

ZONE = ZoneInfo("Europe/Berlin")
"""The store's zone, in which TRANSDATE and TRANSTIME are told."""

DATA_AREAS = ("demf", "usmf")
"""The legal entities that sell here."""

_FIRST_ADDRESS = 5637145000

Row = dict[str, Any]


def create(dsn: str) -> None:
    """Make the tables and fill those that headquarters send down; does nothing where they are."""
    with psycopg.connect(dsn) as connection:
        if connection.execute("select to_regnamespace('ax')").fetchone() != (None,):
            return
        connection.execute(Path(__file__).with_name("shop.sql").read_bytes())
        _copy(connection, "retailparameters", [_parameters(area) for area in DATA_AREAS])
        countries = [{"countryregionid": each.alpha_3, "isocode": each.alpha_2} for each in pycountry.countries]
        _copy(connection, "logisticsaddresscountryregion", countries)
        _copy(connection, "logisticspostaladdress", _address_book({each["isocode"]: each for each in countries}))


def load(dsn: str, sales: Iterable[Sale]) -> int:
    """Write the sales, in this order, if the shop has none; returns how many were written."""
    with psycopg.connect(dsn) as connection:
        if connection.execute("select from ax.retailtransactiontable limit 1").fetchone() is not None:
            return 0
        return write(connection, sales)


def write(connection: psycopg.Connection[Any], sales: Iterable[Sale]) -> int:
    """Write the sales within the connection's transaction, in this order; returns how many were written."""
    tables: dict[str, list[Row]] = defaultdict(list)
    for sale in sales:
        for table, row in _rows(sale):
            tables[table].append(row)
    for table, rows in tables.items():
        _copy(connection, table, rows)
    return len(tables["retailtransactiontable"])


def address_of(account: str) -> int:
    """The record of a customer's address in the address book."""
    return _FIRST_ADDRESS + [customer.account for customer in CUSTOMERS].index(account)


def _parameters(area: str) -> Row:
    return {"dataareaid": area, "pickupdeliverymodecode": PICK_UP, "electronicdeliverymodecode": ELECTRONIC}


def _address_book(countries: dict[str, Row]) -> list[Row]:
    return [
        {
            "recid": recid,
            "street": customer.street,
            "city": customer.city,
            "state": customer.state,
            "zipcode": customer.postal_code,
            "countryregionid": countries[customer.country]["countryregionid"],
        }
        for recid, customer in enumerate(CUSTOMERS, start=_FIRST_ADDRESS)
    ]


def _copy(connection: psycopg.Connection[Any], table: str, rows: Sequence[Row]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier("ax", table), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))


def _rows(sale: Sale) -> Iterator[tuple[str, Row]]:
    """Each row that a sale is, and its table."""
    yield "retailtransactiontable", _header(sale)
    for number, line in enumerate(sale.lines, start=1):
        yield "retailtransactionsalestrans", _line(sale, number, line)
        if line.tax_code:
            yield "retailtransactiontaxtrans", _line_tax(sale, number, line)
    for number, charge in enumerate(sale.charges):
        yield "retailtransactionmarkuptrans", _charge(sale, number, charge)
        if charge.tax_code:
            yield "retailtransactionchargetaxtrans", _charge_tax(sale, number, charge)
    if isinstance(sale.ship_to, SaleAddress):
        yield "retailtransactionaddresstrans", _address(sale, sale.ship_to)


def _key(sale: Sale, store: str = "store", terminal: str = "terminal") -> Row:
    """The natural key, whose columns have other names in other tables."""
    return {
        "channel": sale.register.channel,
        store: sale.register.store,
        terminal: sale.register.terminal,
        "transactionid": sale.number,
        "dataareaid": sale.data_area,
    }


def _header(sale: Sale) -> Row:
    at = sale.placed_at if isinstance(sale.placed_at, datetime) else datetime(1900, 1, 1, tzinfo=ZONE)
    local = at.astimezone(ZONE)
    return {
        **_key(sale),
        "type": sale.type,
        "entrystatus": sale.status,
        "channelreferenceid": sale.reference,
        "receiptid": sale.receipt,
        "custaccount": sale.customer,
        "currency": sale.currency,
        "transdate": local.date(),
        "transtime": local.hour * 3600 + local.minute * 60 + local.second,
        "businessdate": local.date(),
        "begindatetime": at.astimezone(UTC).replace(tzinfo=None) if at is sale.placed_at else sale.placed_at,
        "grossamount": -sale.gross,
        "netamount": -sale.net,
        "discamount": sum(line.discount for line in sale.sold),
        "paymentamount": sale.gross,
        "numberofitems": sum(line.quantity for line in sale.sold),
        "numberofitemlines": len(sale.lines) + sale.lines_to_come,
        "saleisreturnsale": int(sale.is_return),
        "dlvmode": sale.delivery_mode,
        "logisticspostaladdress": sale.ship_to if isinstance(sale.ship_to, int) else 0,
        "shippingdaterequested": sale.delivery_date,
        "receiptdaterequested": NO_DATE,
        "comment": sale.comment,
    }


def _line(sale: Sale, number: int, line: SoldLine) -> Row:
    tax = sale.tax(line)
    return {
        **_key(sale, terminal="terminalid"),
        "linenum": number,
        "transactionstatus": int(line.voided),
        "itemid": line.sku,
        "variantid": line.variant,
        "qty": -line.quantity,
        "unit": "ea",
        "price": (line.net + line.discount) / (line.quantity or 1),
        "netamount": -line.net,
        "netamountincltax": -(line.net + tax),
        "taxamount": -tax,
        "discamount": line.discount,
        "dlvmode": sale.delivery_mode,
    }


def _line_tax(sale: Sale, number: int, line: SoldLine) -> Row:
    return {
        **_key(sale, store="storeid", terminal="terminalid"),
        "salelinenum": number,
        "taxcode": line.tax_code,
        "amount": sale.tax(line),
        "taxbaseamount": line.net,
        "taxpercentage": line.rate,
    }


def _charge(sale: Sale, number: int, charge: SoldCharge) -> Row:
    return {
        **_key(sale, terminal="terminalid"),
        "salelinenum": 0,
        "markuplinenum": number,
        "markupcode": charge.code,
        "currencycode": sale.currency,
        "value": charge.net,
        "calculatedamount": charge.net,
        "taxamount": sale.tax(charge),
        "taxamountexclusive": sale.tax(charge),
    }


def _charge_tax(sale: Sale, number: int, charge: SoldCharge) -> Row:
    return {
        **_key(sale, store="storeid", terminal="terminalid"),
        "salelinenum": 0,
        "markuplinenum": number,
        "taxcode": charge.tax_code,
        "amount": sale.tax(charge),
    }


def _address(sale: Sale, address: SaleAddress) -> Row:
    return {
        **_key(sale),
        "salelinenum": 0,
        "deliveryname": address.name,
        "street": address.street,
        "city": address.city,
        "state": address.state,
        "zipcode": address.postal_code,
        "countryregionid": address.country,
    }
