"""Among very many orders, what people ask is read by indexes alone."""

from collections.abc import Iterator

import pytest

from order_sync.ledger.statements import statement
from sandbox.postgres import Cluster
from tests.ledger.steps import (
    Sql,
    filled_ledger,
    key,
    queue,
)


@pytest.fixture(scope="module")
def large(cluster: Cluster, migrated: str) -> Iterator[Sql]:
    """A ledger of many orders, most of which are done, to ask for plans."""
    with filled_ledger(cluster, migrated) as (ledger, sql):
        sql.do(
            "insert into orders (order_key, channel, erp, status, digest, erp_number, code, landed_at)"
            " select 'shop:old/' || n, 'shop', 'tryton',"
            "  case when n %% 500 = 0 then 'failed' when n %% 501 = 0 then 'ignored' else 'succeeded' end, '', n,"
            "  case when n %% 500 = 0 then 'SKU_NOT_FOUND' end, now() - n * interval '1 minute'"
            " from generate_series(1, 50000) n"
        )
        sql.do(
            "insert into transactions (order_id, version, digest, source_status, reference, receipt, customer_account,"
            "  distributor, currency, expected_lines, present_lines, details)"
            " select id, 1, '', '', 'W' || id, 'R' || id, 'C' || mod(id, 5000), '', 'EUR', 1, 1, '' from orders"
        )
        queue(ledger, 1)
        sql.do("analyze orders")
        sql.do("analyze transactions")
        yield sql


@pytest.mark.parametrize(
    ("name", "filters", "index"),
    [
        ("read_order_list", {}, "orders_of_day"),
        ("read_order_list", {"channel": "shop"}, "orders_of_day"),
        ("read_order_list", {"status": "failed"}, "orders_open"),
        ("read_order_list", {"code": "SKU_NOT_FOUND"}, "orders_with_a_code"),
        ("read_order_list", {"status": "ignored"}, "orders_set_aside"),
        ("count_causes", {}, "orders_with_a_code"),
    ],
)
def test_the_newest_of_very_many_orders_are_read_from_an_index_and_no_further(
    large: Sql, name: str, filters: dict[str, str], index: str
) -> None:
    given = {"keys": None, "status": None, "code": "", "channel": "", "since": None, "limit": 50, **filters}
    plan = [line for (line,) in large.connection.execute(f"explain (costs off) {statement(name)}", given)]
    text = "\n".join(plan)
    assert f"using {index} on" in text or f"Scan on {index}" in text, text
    assert "Seq Scan on orders" not in text, text


@pytest.mark.parametrize("known", ["reference", "receipt", "customer_account"])
def test_one_among_very_many_orders_is_found_by_an_index(large: Sql, known: str) -> None:
    """R5, R6, R7"""
    nothing = dict.fromkeys(("keys", "status", "start", "end"))
    words = dict.fromkeys(("channel", "code", "reference", "receipt", "customer_account", "short_reference"), "")
    given = {**nothing, **words, known: "W77", "limit": 50}
    query = f"explain (costs off) {statement('choose_orders')}"
    plan = [line for (line,) in large.connection.execute(query, given)]
    text = "\n".join(plan)
    assert f"Scan using transactions_{known} on" in text or f"Scan on transactions_{known}" in text, text
    assert "Seq Scan" not in text, text


def test_a_story_is_read_by_indexes_alone(large: Sql) -> None:
    with large.connection.transaction():
        large.do("set local enable_seqscan = off")
        plan = [
            line
            for (line,) in large.connection.execute(
                f"explain (costs off) {statement('read_stories')}",
                {"keys": [str(key(1)), "shop:old/7"]},
            )
        ]
    assert not any("Seq Scan" in line for line in plan), "\n".join(plan)
