"""AdventureWorks' orders as sales of a Dynamics channel, and what an ERP knows that has its articles and customers.

The files are a slice of Microsoft's sample database (MIT), shared beside the checkout and never copied into it. They
hold one tax for a whole order: 8 % of its lines in three of four orders, and something more in the others.
"""

from typing import Any

import psycopg

from tests.real_orders.bulk import Facts, copy_file, run_file
from tests.real_orders.shared import require

TABLES = (
    "address",
    "countryregion",
    "customer",
    "product",
    "salesorderdetail",
    "salesorderheader",
    "stateprovince",
)
RATES = "adventureworks/currencyrate.tsv.gz"
FILES = (*(f"adventureworks/{table}.csv.gz" for table in TABLES), RATES)
RATES_COLUMNS = ("currencyrateid", "day", "from_currency", "to_currency", "average", "end_of_day", "modified")
CURRENCIES = ("AUD", "CAD", "EUR", "GBP", "USD")
"""Those in force of the countries that the orders come from: the file still has marks and francs."""


def fill(connection: psycopg.Connection[Any]) -> Facts:
    """Bring every order, line and address into a channel database; returns what its ERP knows."""
    for table, file in zip(TABLES, FILES, strict=False):
        copy_file(connection, table, require(file))
    copy_file(connection, "currencyrate", require(RATES), RATES_COLUMNS, "\t")
    run_file(connection, "adventureworks.sql")
    products = connection.execute("select productnumber, finishedgoodsflag = 't' from product").fetchall()
    return {
        **{("sku", sku): {"salable": salable, "digits": 0} for sku, salable in (*products, ("FREIGHT", True))},
        **{("customer", account): {} for (account,) in connection.execute("select customerid from customer")},
        **{("country", code): {} for (code,) in connection.execute("select countryregioncode from countryregion")},
        **{("currency", code): {"digits": 2} for code in CURRENCIES},
        ("tax", "AW8"): {"rate": "8"},
    }
