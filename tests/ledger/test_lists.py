"""Lists of orders and of their causes, and the page's view of them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey
from order_sync.core.records.story import Filters
from order_sync.ledger import Ledger
from tests.ledger.explaining import ask, twins
from tests.ledger.steps import (
    Sql,
    fail,
    key,
    land,
    queue,
)

PAGE = Path(__file__).parents[2] / "docs" / "explaining.md"


def test_a_list_leaves_out_what_is_no_order_unless_it_is_asked_for(ledger: Ledger) -> None:
    """R13, R148"""
    twins(ledger)
    assert [row.key.channel for row in ledger.listed(Filters(), 10)] == ["shop"]
    assert ledger.listed(Filters(channel="till"), 10) == []
    asked_for = (Filters(status=Status.NOT_AN_ORDER), Filters(keys=(OrderKey("till", key(1).parts),)))
    assert [[row.key.channel for row in ledger.listed(each, 10)] for each in asked_for] == [["till"]] * 2


@pytest.fixture
def orders(ledger: Ledger, sql: Sql) -> Ledger:
    """Orders 1 to 3 failed, of which 3 with another code; 4 is queued; 5 was placed long ago."""
    fail(ledger, 1, 2, 3)
    queue(ledger, 4)
    land(ledger, 5, placed_at="2026-01-05T10:00:00+00:00")
    sql.do("update orders set code = 'TAX_MAPPING' where order_key = %s", str(key(3)))
    sql.do("update orders set placed_at = clock_timestamp() - interval '1 hour' where order_key <> %s", str(key(5)))
    return ledger


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (Filters(), [4, 3, 2, 1, 5]),
        (Filters(status=Status.FAILED), [3, 2, 1]),
        (Filters(code="SKU_NOT_FOUND"), [2, 1]),
        (Filters(channel="shop"), [4, 3, 2, 1, 5]),
        (Filters(channel="elsewhere"), []),
        (Filters(since=datetime.now(UTC) - timedelta(days=3)), [4, 3, 2, 1]),
        (Filters(status=Status.FAILED, code="TAX_MAPPING", channel="shop"), [3]),
        (Filters(keys=(key(5), key(1))), [1, 5]),
    ],
)
def test_the_list_shows_the_newest_first_and_only_what_meets_the_filters(
    orders: Ledger, sql: Sql, filters: Filters, numbers: list[int]
) -> None:
    """R13, R148, R149"""
    sql.do(
        "update orders set placed_at = now() - interval '2 hours' + right(order_key, 1)::int * interval '1 s'"
        " where order_key <> %s",
        str(key(5)),
    )
    assert [row.key for row in orders.listed(filters, 10)] == [key(number) for number in numbers]
    assert [row.key for row in orders.listed(filters, 2)] == [key(number) for number in numbers][:2]


def test_the_causes_are_counted_the_most_frequent_first(orders: Ledger) -> None:
    """R85"""
    assert [(cause.code, cause.orders) for cause in orders.causes(Filters(), 10)] == [
        ("SKU_NOT_FOUND", 2),
        ("TAX_MAPPING", 1),
    ]
    assert [cause.code for cause in orders.causes(Filters(code="TAX_MAPPING"), 10)] == ["TAX_MAPPING"]
    assert orders.causes(Filters(channel="elsewhere"), 10) == []
    assert len(orders.causes(Filters(), 1)) == 1


def test_a_list_is_one_text_with_its_filters_orders_and_causes(orders: Ledger) -> None:
    """R13, R85, R149"""
    answer = ask(orders, status="failed", days=2, at_most=2, escalate=True)
    lines = answer.text.splitlines()
    assert lines[0] == "Orders (status failed, days 2), the newest 2 first"
    assert [line[0] for line in lines[1:5:2]] == ["!", "!"]
    assert "The most frequent causes among them all" in lines
    assert any(line.split()[:2] == ["2", "SKU_NOT_FOUND,"] for line in lines)
    assert "Subject: Order Sync Error" in lines
    assert "Connections     order_ledger, erp_tryton, channel_shop" in lines
    assert answer.summary.counts == {"shown": 2}


def test_what_the_erp_quotes_of_an_address_is_not_in_the_list(ledger: Ledger, sql: Sql) -> None:
    """R178"""
    land(ledger, 1, 2, details='{"lines": [], "ship_to": {"name": "Ann Zebedee", "street": "1 High Street"}}')
    sql.do("update orders set code = 'REJECTED_BY_ERP', message = 'no 1 High Street of Zebedee (token=zzz9)'")
    for words in ({}, {"customer_account": "C-1"}):
        text = ask(ledger, **words).text
        assert text.count("REJECTED_BY_ERP (who fixes it: ERP-admin): no … of … (…") == 2


def test_what_the_erp_quoted_of_an_earlier_address_is_not_in_the_list_either(ledger: Ledger, sql: Sql) -> None:
    """R178"""
    land(ledger, 1, details='{"lines": [], "ship_to": {"name": "Ann Zebedee", "street": "1 High Street"}}')
    sql.do("update orders set status = 'on_hold', code = 'REJECTED_BY_ERP', message = 'no 1 High Street of Zebedee'")
    land(ledger, 1, digest="b", details='{"lines": [], "ship_to": {"name": "Bob Yorick", "street": "2 Low Street"}}')
    assert "REJECTED_BY_ERP (who fixes it: ERP-admin): no … of …" in ask(ledger).text


def test_what_dynamics_list_of_transactions_shows_is_in_the_view_under_the_names_of_the_page(
    ledger: Ledger, sql: Sql
) -> None:
    """R156"""
    table = PAGE.read_text().partition("| there |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", table.partition("\n")[2])
    columns = {
        name for (name,) in sql.rows("select attname::text from pg_attribute where attrelid = 'order_list'::regclass")
    }
    assert len(named) > 8
    assert set(named) <= columns


def test_explaining_changes_nothing(orders: Ledger, sql: Sql) -> None:
    before = sql.content()
    for words in (
        {"key": str(key(1)), "whole_order": True, "escalate": True},
        {"reference": "no"},
        {"status": "failed"},
    ):
        ask(orders, **words)
    assert sql.content() == before
