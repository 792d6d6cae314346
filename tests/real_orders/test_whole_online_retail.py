"""A real shop's year, 25,900 invoices, through a channel database into the ledger, extracted and validated at once.

What must become of each is taken from the file by pandas, which knows neither our rules nor the SQL that fills the
channel. The numbers that stand here were counted by those who described the file. All of it is the long form; the short
one takes each 25th invoice and all of what is rare.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.postgres import Cluster
from tests.real_orders import online_retail
from tests.real_orders.bulk import Arrived, arrived
from tests.real_orders.shared import require
from tests.real_orders.standing import RETURN

if TYPE_CHECKING:
    import pandas

FEES = ("AMAZONFEE", "BANK CHARGES", "CRUK")
LINES = """
    create temporary table line as
    select sku, quantity, net from transactions,
        json_to_recordset(details::json -> 'lines') as line (sku text, quantity numeric, net numeric)"""
NO_COUNTRIES = ("Channel Islands", "European Community", "Unspecified")

EACH = 25
RARE = ("B", "C2", "PADS", "S", "gift_0001_20", "m", *FEES)
RARE_PLACES = ("RSA", "USA", *NO_COUNTRIES)
LARGE = ("573585", "581483", "C581484")
"""1,114 lines, and 80,995 pieces that are sold and given back."""


@dataclass(frozen=True, slots=True)
class Described:
    """What there is: invoices, cancellations, sales without a customer, rows, and invoices with two times."""

    invoices: int
    cancellations: int
    guests: int
    rows: int
    twice: int


WHOLE = Described(25_900, 3_836, 3_528, 541_909, 43)
"""The file, by those who described it."""


def rows_of(file: Path, *, whole: bool) -> "pandas.DataFrame":
    """The file's rows, each with what it is. Amounts are in thousandths: the file has no more than three decimals."""
    import pandas as pd

    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    rows = rows if whole else sample_of(rows).copy()
    rows["Quantity"] = rows["Quantity"].astype("int64")
    rows["Amount"] = rows["Quantity"] * (rows["UnitPrice"].astype(float) * 1000).round().astype("int64")
    rows["Placed"] = pd.to_datetime(rows["InvoiceDate"]).dt.tz_localize("Europe/London").dt.tz_convert("UTC")
    rows["Freight"] = rows["StockCode"].isin(["POST", "DOT"])
    rows["Fee"] = rows["StockCode"].isin(FEES)
    rows["Line"] = ~rows["Freight"] & (rows["StockCode"] != "D")
    first_spelling = rows.groupby(rows["StockCode"].str.upper())["StockCode"].transform("first")
    article = rows["StockCode"].str.match(r"\d{5}")
    rows["Unknown"] = rows["Line"] & ~(article & (rows["StockCode"] == first_spelling))
    below = (rows["Quantity"] < 0) | (rows["Amount"] < 0)
    rows["Odd"] = (rows["Line"] & below) | (rows["Freight"] & (rows["Amount"] < 0))
    return rows


def invoices_of(rows: "pandas.DataFrame") -> "pandas.DataFrame":
    """Each invoice with its `Status` and `Why`, in the file's order."""
    grouped = rows.groupby("InvoiceNo", sort=False)
    invoices = grouped.agg(
        Country=("Country", "first"),
        Customer=("CustomerID", "first"),
        Placed=("Placed", "min"),
        Times=("InvoiceDate", "nunique"),
        Rows=("StockCode", "size"),
        Lines=("Line", "sum"),
        Charges=("Freight", "sum"),
        Amount=("Amount", "sum"),
        OnlyFees=("Fee", "all"),
        Odd=("Odd", "any"),
        Unknown=("Unknown", "any"),
    )
    invoices["Cancellation"] = invoices.index.str.startswith("C")
    abroad = invoices["Country"] != "United Kingdom"
    codes = {
        "CUSTOMER_NOT_FOUND": invoices["Customer"] == "",
        "ORDER_EMPTY": invoices["Lines"] == 0,
        "SKU_NOT_FOUND": invoices["Unknown"],
        "ADDRESS_MISSING": abroad,
        "COUNTRY_STATE_INVALID": invoices["Country"].isin(NO_COUNTRIES),
        "QTY_SIGN": invoices["Odd"] | (invoices["Amount"] < 0),
    }
    problems = [
        frozenset(code for code, has in zip(codes, each, strict=True) if has)
        for each in zip(*codes.values(), strict=True)
    ]
    fates = [
        ("not_an_order", frozenset({"income_or_expense"}))
        if only_fees
        else ("not_an_order", frozenset({RETURN}))
        if cancellation
        else ("failed" if why else "queued", why)
        for only_fees, cancellation, why in zip(invoices["OnlyFees"], invoices["Cancellation"], problems, strict=True)
    ]
    invoices["Status"], invoices["Why"] = zip(*fates, strict=True)
    return invoices


def sample_of(rows: "pandas.DataFrame") -> "pandas.DataFrame":
    """Each 25th invoice, and all that are rare, with all their rows."""
    wanted = rows["StockCode"].isin(RARE) | rows["Country"].isin(RARE_PLACES) | rows["InvoiceNo"].isin(LARGE)
    number = rows["InvoiceNo"].str.extract(r"(\d+)", expand=False).astype(int)
    wanted |= (number % EACH == 0) | rows["InvoiceNo"].str.startswith("A")
    return rows[rows["InvoiceNo"].isin(rows.loc[wanted, "InvoiceNo"])]


@pytest.fixture(scope="module", params=["sample", pytest.param("whole", marks=pytest.mark.full)])
def extent(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def rows(extent: str) -> "pandas.DataFrame":
    return rows_of(require(online_retail.FILE), whole=extent == "whole")


@pytest.fixture(scope="module")
def described(extent: str, rows: "pandas.DataFrame", invoices: "pandas.DataFrame") -> Described:
    if extent == "whole":
        return WHOLE
    guests = ~invoices["Cancellation"] & (invoices["Customer"] == "")
    counts = (invoices["Cancellation"].sum(), guests.sum(), len(rows), (invoices["Times"] == 2).sum())
    return Described(len(invoices), *map(int, counts))


@pytest.fixture(scope="module")
def invoices(rows: "pandas.DataFrame") -> "pandas.DataFrame":
    return invoices_of(rows)


@pytest.fixture(scope="module")
def ledger(cluster: Cluster, invoices: "pandas.DataFrame") -> Iterator[Arrived]:
    """The ledger after all of the invoices were loaded, extracted and validated."""
    fill = partial(online_retail.fill, only=list(invoices.index))
    with arrived(cluster, "online_retail", fill, {"zone": "Europe/London"}) as ledger:
        for step, seconds in ledger.seconds.items():
            print(f"{step:<14}{seconds:6.1f} s")
        ledger.ledger.execute(LINES)
        yield ledger


def test_every_invoice_has_the_disposition_and_the_problems_that_the_file_shows(
    ledger: Arrived, invoices: "pandas.DataFrame", described: Described
) -> None:
    told = {number: (each.status, each.why) for number, each in ledger.standings.items()}
    assert len(told) == described.invoices
    assert told == dict(zip(invoices.index, zip(invoices["Status"], invoices["Why"], strict=True), strict=True))


def test_every_invoice_is_in_the_ledger_once_in_one_version_and_landed_once(
    ledger: Arrived, described: Described
) -> None:
    number = described.invoices
    counted = ledger.rows("select count(*), count(distinct order_key), sum(version) from orders")
    assert counted == [(number, number, number)]
    assert ledger.rows("select count(*), count(distinct order_id) from transactions") == [(number, number)]
    assert ledger.rows("select count(*) from order_history where event = 'landed'") == [(number,)]


def test_the_runs_tell_the_counts_that_the_file_gives(ledger: Arrived, invoices: "pandas.DataFrame") -> None:
    judged = invoices[invoices["Status"] != "not_an_order"]
    assert ledger.counts["extract"] == {
        "new": len(invoices),
        "orders": len(judged),
        "not_an_order": len(invoices) - len(judged),
    }
    codes = Counter(code for why in judged["Why"] for code in why)
    assert ledger.counts["validate"] == {
        "valid": (judged["Status"] == "queued").sum(),
        "invalid": (judged["Status"] == "failed").sum(),
        **codes,
    }
    assert len(codes) == 6


def test_nothing_is_new_to_the_next_run_and_nothing_is_missing_or_changed_when_all_is_compared(
    ledger: Arrived, described: Described
) -> None:
    """R53"""
    assert ledger.counts["extract again"] == {"unchanged": described.invoices}
    assert ledger.counts["compare"] == {"compared": described.invoices}
    assert ledger.rows("select count(*) from findings") == [(0,)]


def test_the_cancellations_are_returns_or_refunded_fees_and_no_orders(
    ledger: Arrived, invoices: "pandas.DataFrame", described: Described
) -> None:
    standings = ledger.standings
    whys = Counter(standings[number].why for number in invoices.index[invoices["Cancellation"]])
    fees = int((invoices["Cancellation"] & invoices["OnlyFees"]).sum())
    assert whys == {frozenset({RETURN}): described.cancellations - fees, frozenset({"income_or_expense"}): fees}
    assert fees > 0


def test_the_3_adjustments_of_bad_debt_are_refused(ledger: Arrived) -> None:
    standings = {number: each for number, each in ledger.standings.items() if number.startswith("A")}
    assert sorted(standings) == ["A563185", "A563186", "A563187"]
    assert all(each.status == "failed" and "SKU_NOT_FOUND" in each.why for each in standings.values())


def test_the_sales_without_a_customer_are_refused_but_for_fees(
    ledger: Arrived, invoices: "pandas.DataFrame", described: Described
) -> None:
    guests = invoices[~invoices["Cancellation"] & (invoices["Customer"] == "")]
    assert len(guests) == described.guests > 100
    standings = ledger.standings
    without = {number for number, each in standings.items() if "CUSTOMER_NOT_FOUND" in each.why}
    assert without == set(guests.index[~guests["OnlyFees"]])
    assert all(standings[number].status == "not_an_order" for number in guests.index[guests["OnlyFees"]])


def test_every_country_arrives_under_its_iso_code_and_what_is_none_as_it_is_spelled(
    ledger: Arrived, invoices: "pandas.DataFrame"
) -> None:
    told = dict(ledger.rows("select details::json -> 'ship_to' ->> 'country', count(*) from transactions group by 1"))
    in_file = invoices["Country"].value_counts()
    odd = {"EIRE": "IE", "RSA": "ZA", "USA": "US", "United Kingdom": "GB", **dict.fromkeys(NO_COUNTRIES)}
    assert {code or name: in_file[name] for name, code in odd.items()}.items() <= told.items()
    assert sorted(told.values()) == sorted(in_file)
    assert all(len(code) == 2 for code in told.keys() - set(NO_COUNTRIES))


def test_no_row_of_the_file_is_lost_or_counted_twice(
    ledger: Arrived, rows: "pandas.DataFrame", invoices: "pandas.DataFrame", described: Described
) -> None:
    told = ledger.rows(
        """select split_part(order_key, '/', 4), json_array_length(details::json -> 'lines'),
            json_array_length(details::json -> 'charges')
        from orders join transactions on order_id = id"""
    )
    assert {number: (lines, charges) for number, lines, charges in told} == dict(
        zip(invoices.index, zip(invoices["Lines"], invoices["Charges"], strict=True), strict=True)
    )
    discounts = (rows["StockCode"] == "D").sum()
    assert sum(lines + charges for _, lines, charges in told) + discounts == len(rows) == described.rows
    assert max(lines + charges for _, lines, charges in told) == 1_114


def test_the_quantities_and_amounts_of_all_lines_are_those_of_the_file(
    ledger: Arrived, rows: "pandas.DataFrame"
) -> None:
    ((quantity, net, least, most),) = ledger.rows(
        "select sum(quantity), sum(net), min(quantity), max(quantity) from line"
    )
    lines = rows[rows["Line"]]
    assert (quantity, 1000 * net) == (int(lines["Quantity"].sum()), int(lines["Amount"].sum()))
    assert (least, most) == (-80_995, 80_995)


def test_free_lines_negative_quantities_and_what_is_no_article_arrive_as_they_are(
    ledger: Arrived, rows: "pandas.DataFrame"
) -> None:
    lines = rows[rows["Line"]]
    ((free, negative),) = ledger.rows(
        "select count(*) filter (where net = 0), count(*) filter (where quantity < 0) from line"
    )
    assert (free, negative) == ((lines["Amount"] == 0).sum(), (lines["Quantity"] < 0).sum())
    told = ledger.rows("select sku, count(*) from line where sku !~ '^[0-9]{5}' group by sku")
    assert dict(told) == lines.loc[~lines["StockCode"].str.match(r"\d{5}"), "StockCode"].value_counts().to_dict()
    assert {"M", "m", "C2", "S", "B", "PADS", "gift_0001_20", *FEES} <= dict(told).keys()
    assert ledger.rows(
        """select count(*), count(distinct code) from transactions,
            json_to_recordset(details::json -> 'charges') as charge (code text)"""
    ) == [(rows["Freight"].sum(), 1)]


def test_every_total_is_that_of_the_file(ledger: Arrived, invoices: "pandas.DataFrame") -> None:
    told = dict(
        ledger.rows("select split_part(order_key, '/', 4), t.total from orders join transactions t on order_id = id")
    )
    assert {number: Decimal(total) * 1000 for number, total in told.items()} == invoices["Amount"].to_dict()


def test_an_invoice_is_placed_when_its_first_row_was_by_the_shops_clock(
    ledger: Arrived, invoices: "pandas.DataFrame", described: Described
) -> None:
    told = dict(ledger.rows("select split_part(order_key, '/', 4), placed_at from orders"))
    assert told == {number: placed.to_pydatetime() for number, placed in invoices["Placed"].items()}
    assert (invoices["Times"] == 2).sum() == described.twice > 0
