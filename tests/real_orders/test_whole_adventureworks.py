"""AdventureWorks' 1,566 orders, with addresses, tax, freight and currencies, through a channel into the ledger.

What must become of each is taken from the files by pandas, which knows neither our rules nor the SQL that fills the
channel. The numbers that stand here were counted by those who described the files.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.postgres import Cluster
from tests.real_orders import adventureworks
from tests.real_orders.bulk import Arrived, arrived
from tests.real_orders.shared import require

if TYPE_CHECKING:
    import pandas

CENT = Decimal("0.01")


def read(table: str, **options: Any) -> "pandas.DataFrame":
    """A file as texts, what is empty as ''."""
    import pandas as pd

    found: pandas.DataFrame = pd.read_csv(
        require(f"adventureworks/{table}.gz"), dtype=str, keep_default_na=False, **options
    )
    return found


def lines_in_file() -> "pandas.DataFrame":
    """Every line of the file with its net, and the tax on it at 8 %, rounded to the cent as an ERP does."""
    lines = read("salesorderdetail.csv")
    for name in ("orderqty", "unitprice", "unitpricediscount"):
        lines[name] = lines[name].map(Decimal)
    lines["net"] = lines["orderqty"] * lines["unitprice"] * (1 - lines["unitpricediscount"])
    lines["booked"] = lines["net"].map(lambda net: (net * 8 / 100).quantize(CENT, ROUND_HALF_EVEN))
    return lines


def orders_in_file(lines: "pandas.DataFrame") -> "pandas.DataFrame":
    """Each order by its number, with its `currency`, and `why` it is refused: a set, empty for a good one."""
    headers = read("salesorderheader.csv").set_index("salesorderid")
    rates = read("currencyrate.tsv", sep="\t", header=None).set_index(0)
    addresses = read("address.csv").set_index("addressid")
    headers["currency"] = headers["currencyrateid"].map(rates[3]).fillna("USD")
    headers["city"] = headers["shiptoaddressid"].map(addresses["city"])
    for name in ("taxamt", "freight", "totaldue"):
        headers[name] = headers[name].map(Decimal)
    sums = lines.groupby("salesorderid")[["net", "booked"]].sum().loc[headers.index]
    apart = (sums["net"] + sums["booked"] + headers["freight"] - headers["totaldue"]).map(abs) > CENT
    withdrawn = headers["currency"].isin(["DEM", "FRF"])
    codes = {
        "CURRENCY_MAPPING": withdrawn,
        "ADDRESS_MISSING": headers["city"].isna(),
        "TOTALS_MISMATCH": apart & ~withdrawn,
    }
    why: Any = [
        frozenset(code for code, has in zip(codes, each, strict=True) if has)
        for each in zip(*codes.values(), strict=True)
    ]
    headers["why"] = why
    return headers


@pytest.fixture(scope="module")
def lines() -> "pandas.DataFrame":
    return lines_in_file()


@pytest.fixture(scope="module")
def orders(lines: "pandas.DataFrame") -> "pandas.DataFrame":
    return orders_in_file(lines)


@pytest.fixture(scope="module")
def ledger(cluster: Cluster) -> Iterator[Arrived]:
    """The ledger after all files were loaded, extracted and validated."""
    options = {"zone": "America/Los_Angeles"}
    with arrived(cluster, "adventureworks", adventureworks.fill, options) as ledger:
        yield ledger


def details(ledger: Arrived, columns: str) -> dict[str, list[Any]]:
    """Something of each transaction, by its number."""
    query = f"select split_part(order_key, '/', 4), {columns} from orders join transactions t on order_id = id"
    return {number: row for number, *row in ledger.rows(query)}


def test_every_order_is_good_or_has_the_problems_that_the_files_show(
    ledger: Arrived, orders: "pandas.DataFrame"
) -> None:
    told = {number: (each.status, each.why) for number, each in ledger.standings.items()}
    assert len(told) == 1_566
    assert told == {number: ("failed" if why else "queued", why) for number, why in orders["why"].items()}


def test_the_runs_tell_the_counts_that_the_files_give(ledger: Arrived, orders: "pandas.DataFrame") -> None:
    assert ledger.counts["extract"] == {"new": 1_566, "orders": 1_566}
    codes = Counter(code for why in orders["why"] for code in why)
    bad = int(orders["why"].map(bool).sum())
    assert ledger.counts["validate"] == {"valid": 1_566 - bad, "invalid": bad, **codes}
    assert len(codes) == 3
    assert 0 < bad < 1_566
    assert ledger.counts["extract again"] == {"unchanged": 1_566}
    assert ledger.counts["compare"] == {"compared": 1_566}


def test_the_orders_whose_address_is_not_there_are_refused_for_that(
    ledger: Arrived, orders: "pandas.DataFrame"
) -> None:
    without = {number for number, each in ledger.standings.items() if "ADDRESS_MISSING" in each.why}
    assert without == set(orders.index[orders["city"].isna()])
    assert round(100 * len(without) / len(orders), 1) == 4.4


def test_the_844_orders_with_a_rate_are_in_its_currency_and_the_others_in_dollars(
    ledger: Arrived, orders: "pandas.DataFrame"
) -> None:
    told = Counter(currency for (currency,) in details(ledger, "t.currency").values())
    assert told == orders["currency"].value_counts().to_dict()
    assert told.total() - told["USD"] == 844
    withdrawn = {number for number, each in ledger.standings.items() if "CURRENCY_MAPPING" in each.why}
    assert withdrawn == set(orders.index[orders["currency"].isin(["DEM", "FRF"])])


def test_the_41_lines_without_a_header_are_no_order_and_all_others_are_there(
    ledger: Arrived, orders: "pandas.DataFrame", lines: "pandas.DataFrame"
) -> None:
    told = details(ledger, "json_array_length(details::json -> 'lines')")
    per_order = lines["salesorderid"].value_counts()
    assert {number: count for number, (count,) in told.items()} == per_order.loc[orders.index].to_dict()
    assert len(lines) - sum(count for (count,) in told.values()) == 41


def test_quantities_nets_tax_and_freight_are_those_of_the_files(
    ledger: Arrived, orders: "pandas.DataFrame", lines: "pandas.DataFrame"
) -> None:
    sums = """
        (select array[sum(quantity), sum(net), sum(tax)]
         from json_to_recordset(details::json -> 'lines') as line (quantity numeric, net numeric, tax numeric)),
        (select array_agg(net) from json_to_recordset(details::json -> 'charges') as charge (net numeric))"""
    told = details(ledger, sums)
    of_lines = lines.groupby("salesorderid")[["orderqty", "net"]].sum()
    assert {number: tuple(sums[:2]) for number, (sums, _) in told.items()} == {
        number: tuple(of_lines.loc[number]) for number in orders.index
    }
    assert {number: freight for number, (_, freight) in told.items()} == {
        number: [freight] for number, freight in orders["freight"].items()
    }
    assert all(abs(sums[2] - orders["taxamt"][number]) < CENT for number, (sums, _) in told.items())


def test_every_total_day_and_city_is_that_of_the_files(ledger: Arrived, orders: "pandas.DataFrame") -> None:
    columns = """
        t.total::numeric, (orders.placed_at at time zone 'America/Los_Angeles')::date, orders.delivery_date,
        details::json -> 'ship_to' ->> 'city'"""
    in_file = zip(orders["totaldue"], orders["orderdate"], orders["duedate"], orders["city"], strict=True)
    assert details(ledger, columns) == {
        number: [total, date.fromisoformat(placed[:10]), date.fromisoformat(due[:10]), city if city == city else None]
        for number, (total, placed, due, city) in zip(orders.index, in_file, strict=True)
    }
