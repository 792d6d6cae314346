"""A real shop's invoices for a year, as sales of a Dynamics channel, and as the master data of an ERP that knows them.

The file is "Online Retail" of the UCI Machine Learning Repository (Chen, Sain and Guo, 2012; CC BY 4.0), shared beside
the checkout and never copied into it. What the file does not have is not made up: it has no tax and no street, so no
order bears tax and none is shipped; a party has a country and nothing more.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
import pycountry

from sandbox.catalogue import PRODUCTS
from sandbox.rpc import Rpc
from sandbox.sales import PENDING_SALES_ORDER, PICK_UP, Sale, SaleAddress, SoldCharge, SoldLine
from sandbox.seed import ids
from tests.real_orders.bulk import Facts, copy_file, run_file
from tests.real_orders.shared import require

FILE = "uci-online-retail.csv.gz"
ZONE = ZoneInfo("Europe/London")
NOTHING = Decimal(0)

FREIGHT = ("POST", "DOT")
"""Lines that are postage: charges in Dynamics."""

FEES = ("AMAZONFEE", "BANK CHARGES", "CRUK")
"""Lines that are no sale; in Dynamics a transaction of such lines is of a type of its own."""

INCOME_OR_EXPENSE = 18

NO_ARTICLES = (*FREIGHT, *FEES, "B", "C2", "D", "M", "m", "S")
"""What stands where a SKU should: also bad debt, carriage, discount, "manual" and samples. No ERP has such articles."""

COUNTRIES = {"EIRE": "Ireland", "RSA": "South Africa"}
"""The file's names that ISO 3166 does not know. `Channel Islands`, `European Community` and `Unspecified` stay none."""


class Row(NamedTuple):
    """A line of the file, as it stands there."""

    invoice: str
    sku: str
    description: str
    quantity: str
    placed_at: str
    price: str
    customer: str
    country: str

    @property
    def net(self) -> Decimal:
        """What the line amounts to."""
        return Decimal(self.quantity) * Decimal(self.price)

    @property
    def account(self) -> str:
        """The customer's number, which the file has as `17850.0`; '' for a guest."""
        return self.customer.removesuffix(".0")


Invoices = Mapping[str, Sequence[Row]]


def read(file: Path) -> Invoices:
    """Every invoice by its number, in the file's order."""
    invoices: dict[str, list[Row]] = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        next(rows)
        for row in map(Row._make, rows):
            invoices[row.invoice].append(row)
    return invoices


def sale(rows: Sequence[Row]) -> Sale:
    """An invoice as Dynamics would have it."""
    first = rows[0]
    fees = all(row.sku in FEES for row in rows)
    return Sale(
        number=first.invoice,
        reference=first.invoice,
        placed_at=datetime.fromisoformat(first.placed_at).replace(tzinfo=ZONE),
        currency="GBP",
        lines=tuple(
            SoldLine(row.sku, Decimal(row.quantity), row.net, "", NOTHING) for row in rows if row.sku not in FREIGHT
        ),
        charges=tuple(SoldCharge("FREIGHT", row.net, "", NOTHING) for row in rows if row.sku in FREIGHT),
        ship_to=SaleAddress("", "", "", "", iso_code(first.country, 3) or first.country),
        customer=first.account,
        delivery_mode=PICK_UP,
        type=INCOME_OR_EXPENSE if fees else PENDING_SALES_ORDER,
        is_return=first.invoice.startswith("C"),
    )


def iso_code(country: str, letters: int) -> str:
    """The ISO 3166 code, of two or three letters, of a country of the file; '' for one that is none."""
    with suppress(LookupError):
        return str(getattr(pycountry.countries.lookup(COUNTRIES.get(country, country)), f"alpha_{letters}"))
    return ""


def stock(rpc: Rpc, invoices: Invoices, chosen: Collection[str], *, any_spelling: bool) -> None:
    """Give the ERP the customers and the articles of the chosen invoices.

    The file spells some articles now in capitals and now not: the ERP has them as they are first, or in any spelling.
    """
    first: dict[str, str] = {}
    for row in chain.from_iterable(invoices.values()):
        first.setdefault(row.sku.lower(), row.sku)
    rows = [row for number in chosen for row in invoices[number]]
    articles = {
        row.sku if any_spelling else first[row.sku.lower()]: row.description
        for row in rows
        if row.sku not in NO_ARTICLES
    }
    customers = {row.account: iso_code(row.country, 2) for row in rows if row.account}
    _articles(rpc, {code: name for code, name in articles.items() if code not in ids(rpc, "product.template")})
    _customers(rpc, {code: place for code, place in customers.items() if code not in ids(rpc, "party.party")})


def _articles(rpc: Rpc, names: Mapping[str, str]) -> None:
    """Articles that are booked as those of the catalogue are."""
    fields = ["type", "default_uom", "sale_uom", "salable", "account_category"]
    (like,) = rpc("product.template.search_read", [("code", "=", PRODUCTS[0].sku)], 0, 1, None, fields)
    like |= {"list_price": NOTHING, "products": [("create", [{}])]}
    del like["id"]
    rpc("product.template.create", [{**like, "code": code, "name": name or code} for code, name in names.items()])


def _customers(rpc: Rpc, places: Mapping[str, str]) -> None:
    """Parties, with an invoice address in their country."""
    countries = ids(rpc, "country.country")
    addresses = {code: {"country": countries.get(place), "invoice": True} for code, place in places.items()}
    rpc(
        "party.party.create",
        [
            {"code": code, "name": f"Customer {code}", "addresses": [("create", [address])]}
            for code, address in addresses.items()
        ],
    )


def fill(connection: psycopg.Connection[Any], only: Collection[str]) -> Facts:
    """Bring these invoices into a channel database; returns what an ERP knows that has their articles and customers.

    An article's number begins with five digits, and the ERP has it as it is spelled first. Who is abroad is shipped to.
    """
    copy_file(connection, "file", require(FILE))
    connection.execute("delete from file where invoiceno <> all (%s)", [list(only)])
    run_file(connection, "online_retail.sql")
    countries = connection.execute("select distinct country from file").fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ax.logisticsaddresscountryregion (countryregionid, isocode) values (%s, %s)"
            " on conflict do nothing",
            [(name, iso_code(name, 2)) for (name,) in countries],
        )
    articles = connection.execute(
        "select distinct on (lower(sku)) sku from sold where sku ~ '^[0-9]{5}' order by lower(sku), row"
    )
    customers = connection.execute("select distinct customer from sold where customer <> ''")
    return {
        **{("sku", sku): {"salable": True, "digits": 0} for sku in chain(*articles, ["FREIGHT"])},
        **{("customer", account): {} for (account,) in customers},
        **{("country", each.alpha_2): {} for each in pycountry.countries},
        ("currency", "GBP"): {"digits": 2},
    }
