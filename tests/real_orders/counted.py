"""What must become of each invoice, counted in SQL from the bare file: none of our code reads or judges it here."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from tests.real_orders.standing import RETURN

TABLE = """
create temporary table file (
    row bigint generated always as identity,
    invoice text, sku text, description text, quantity int, at timestamp, price numeric, customer text, country text
)"""
COPY = """
copy file (invoice, sku, description, quantity, at, price, customer, country)
from stdin (format csv, header, force_not_null (customer))"""
FATES = """
with spelled as (
    select *,
        first_value(sku) over (partition by lower(sku) order by row) as first_spelling,
        sku = any (%(charges)s) as is_charge,
        sku = any (%(no_articles)s) as is_no_article
    from file
), invoices as (
    select invoice, min(row) as row, count(*) as lines, sum(quantity * price) as total, max(customer) as customer,
        sum(case when is_charge then 1 else quantity end) as pieces,
        every(sku = any (%(fees)s)) as only_fees,
        every(is_charge) as only_charges,
        bool_or(not is_charge and (is_no_article or sku <> first_spelling and not %(any_spelling)s)) as odd_sku,
        bool_or(quantity < 0 or price < 0) as odd_sign,
        bool_or(quantity * price <> round(quantity * price, 2)) as odd_cents
    from spelled group by invoice
)
select invoice, lines, pieces, total, customer,
    case
        when only_fees then array['not_an_order', 'income_or_expense']
        when invoice like 'C%%' then array['not_an_order', %(return)s]
        when only_charges or odd_sku or odd_sign or (customer = '' and not %(guests)s) then array['failed']
            || array_remove(array[
                case when customer = '' and not %(guests)s then 'CUSTOMER_NOT_FOUND' end,
                case when only_charges then 'ORDER_EMPTY' end,
                case when odd_sku then 'SKU_NOT_FOUND' end,
                case when odd_sign then 'QTY_SIGN' end], null)
        when odd_cents then array['failed', 'PRICE_PRECISION']
        else array['succeeded']
    end
from invoices order by row"""


@dataclass(frozen=True, slots=True)
class Counted:
    """One invoice of the file; `why` holds the reasons or problem codes of what is no good order."""

    lines: int
    pieces: Decimal
    total: Decimal
    customer: str
    status: str
    why: frozenset[str]


def count(
    dsn: str,
    file: Path,
    charges: Sequence[str],
    fees: Sequence[str],
    no_articles: Sequence[str],
    *,
    guests: bool,
    any_spelling: bool,
) -> Mapping[str, Counted]:
    """Every invoice by its number, in the file's order.

    `guests`: orders without a customer are taken. `any_spelling`: the ERP knows an article in whatever spelling.
    """
    kinds = {"charges": [*charges], "fees": [*fees], "no_articles": [*no_articles]}
    with psycopg.connect(dsn) as connection:
        connection.execute(TABLE)
        with gzip.open(file) as text, connection.cursor() as cursor, cursor.copy(COPY) as copy:
            while block := text.read(1 << 20):
                copy.write(block)
        given = {**kinds, "guests": guests, "any_spelling": any_spelling, "return": RETURN}
        rows: list[tuple[Any, ...]] = connection.execute(FATES, given).fetchall()
    return {
        invoice: Counted(lines, pieces, total, customer.removesuffix(".0"), status, frozenset(why))
        for invoice, lines, pieces, total, customer, (status, *why) in rows
    }
