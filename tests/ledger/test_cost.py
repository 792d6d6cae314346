"""What a call costs: as many statements for a thousand orders as for ten, and an index for every cycle's queries."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.life.lifecycle import Event
from order_sync.core.order.references import short_of
from order_sync.ledger import Ledger
from order_sync.ledger.statements import FOLDER, statement, statements
from sandbox.postgres import Cluster
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Counting,
    Sql,
    change,
    claim,
    close,
    fail,
    filled_ledger,
    key,
    land,
    made_of,
    make_due,
    open_all,
    order_of,
    queue,
    send,
)


def _validated(ledger: Ledger) -> list[Any]:
    entries = ledger.to_validate("shop", None, ALL)
    return [change(entry, Event.VALID, order=order_of(entry)) for entry in entries]


def queued(ledger: Ledger, numbers: list[int]) -> list[int]:
    queue(ledger, *numbers)
    return numbers


def failed(ledger: Ledger, numbers: list[int]) -> list[int]:
    fail(ledger, *numbers)
    return numbers


CALLS: dict[str, tuple[Callable[[Ledger, list[int]], Any], Callable[[Ledger, Any], Any]]] = {
    "record new": (lambda ledger, numbers: numbers, lambda ledger, numbers: land(ledger, *numbers)),
    "record changed": (land_first := lambda ledger, numbers: (land(ledger, *numbers), numbers)[1],
                       lambda ledger, numbers: land(ledger, *numbers, digest="b")),
    "to_validate": (land_first, lambda ledger, numbers: ledger.to_validate("shop", None, ALL)),
    "apply": (lambda ledger, numbers: (land(ledger, *numbers), _validated(ledger))[1],
              lambda ledger, changes: ledger.apply(changes, ACTOR)),
    "claim": (queued, lambda ledger, _: claim(ledger)),
    "open": (lambda ledger, numbers: (queued(ledger, numbers), claim(ledger))[1], open_all),
    "close": (lambda ledger, numbers: send(ledger, *numbers),
              lambda ledger, claimed: close(ledger, claimed.entries, Event.RECEIPT)),
    "release": (lambda ledger, numbers: (queued(ledger, numbers), claim(ledger))[1],
                lambda ledger, claimed: ledger.release(claimed)),
    "judge_again": (failed,
                    lambda ledger, _: ledger.judge_again("shop", "tryton", ACTOR)),
    "retry_refused": (lambda ledger, numbers: close(ledger, send(ledger, *numbers).entries, Event.REFUSED),
                      lambda ledger, _: ledger.retry_refused("shop", "tryton", 5, ACTOR)),
    "look_now": (lambda ledger, numbers: close(ledger, send(ledger, *numbers).entries, Event.RECEIPT),
                 lambda ledger, _: ledger.look_now("shop", ALL)),
    "due": (lambda ledger, numbers: send(ledger, *numbers), lambda ledger, _: ledger.due("shop", ALL)),
    "store_reference": (
        lambda ledger, numbers: ReferenceData({("sku", str(number)): {} for number in numbers}, ledger.now()),
        lambda ledger, data: ledger.store_reference("tryton", data, ACTOR)),
    "store_reference by code": (
        lambda ledger, numbers: ReferenceData({("sku", f"c{n}"): None for n in numbers}, ledger.now(), whole=False),
        lambda ledger, data: ledger.store_reference("tryton", data, ACTOR)),
    "to_ask": (lambda ledger, numbers: [("sku", str(number)) for number in numbers],
               lambda ledger, wanted: ledger.to_ask("tryton", wanted, ledger.now())),
    "cures": (lambda ledger, numbers: fail(ledger, *numbers), lambda ledger, _: ledger.cures("shop", "tryton")),
    "keep_references": (land_first, lambda ledger, numbers: ledger.keep_references(
        "tryton", {key(number): short_of(key(number)) for number in numbers})),
    "keys_of": (lambda ledger, numbers: [short_of(key(number)) for number in numbers],
                lambda ledger, references: ledger.keys_of("tryton", references)),
    "reference": (lambda ledger, numbers: [("sku", str(number)) for number in numbers],
                  lambda ledger, wanted: ledger.reference("tryton", wanted)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_sends_as_many_statements_for_a_thousand_orders_as_for_ten(counted: Ledger, name: str) -> None:
    prepare, call = CALLS[name]
    costs = []
    for numbers in (list(range(1, 11)), list(range(101, 1101))):
        prepared = prepare(counted, numbers)
        before = Counting.sent
        call(counted, prepared)
        costs.append(Counting.sent - before)
    assert costs[0] == costs[1]
    assert 1 <= costs[0] <= 8


@pytest.fixture(scope="module")
def history(cluster: Cluster, migrated: str) -> Iterator[Sql]:
    """A ledger whose orders on their way are few among many that are done or have failed, to ask for plans."""
    with filled_ledger(cluster, migrated) as (ledger, sql):
        sql.do(
            "insert into orders (order_key, channel, erp, status, digest, erp_number)"
            " select 'shop:old/' || n, 'shop', 'tryton',"
            "  case when mod(n, 10) = 0 then 'failed' else 'succeeded' end, '', n from generate_series(1, 20000) n"
        )
        sql.do(
            "insert into orders (order_key, channel, erp, status, digest, reason)"
            " select 'shop:none/' || n, 'shop', 'tryton', 'not_an_order', '',"
            "  case when n > 9 then 'twin' else 'open' end from generate_series(1, 20000) n"
        )
        queue(ledger, *range(1, 51))
        claimed = claim(ledger)
        ledger.open(claimed, made_of(claimed, *range(1, 26)), 120, 1800)
        make_due(sql)
        land(ledger, *range(51, 61))
        sql.do("analyze orders")
        yield sql


@pytest.mark.parametrize(
    ("name", "parameters", "index"),
    [
        (
            "claim_orders",
            {"limit": 10, "lease": 900.0, "by": "me", "probe": None, "selection": None, "sent_before": True},
            "orders_queued",
        ),
        ("read_due", {"limit": 10}, "orders_in_doubt"),
        ("doubt_orders", {"by": "me", "window": 1800.0}, "orders_queued"),
        ("doubt_orders", {"by": "me", "window": 1800.0}, "orders_in_doubt"),
        ("read_horizon", {"selection": None}, "orders_in_doubt"),
        ("look_now", {"limit": 10}, "orders_in_doubt"),
        ("count_off_peak", {}, "orders_queued"),
        ("count_queued", {"sent_before": True}, "orders_queued"),
        ("read_who_waits", {"channels": ["shop"], "sent_before": True}, "orders_queued"),
        ("read_received", {"after": "", "limit": 10}, "orders_received"),
        ("read_waiting", {}, "orders_waiting"),
        ("read_cures", {"erp": "other"}, "orders_failed"),
        ("read_unfinished", {"limit": 10}, "orders_unfinished"),
        ("read_done", {"limit": 10, "done_for": timedelta(days=7)}, "orders_done"),
        ("read_no_orders", {"limit": 10, "landed_for": timedelta(days=365), "never": ["twin"]}, "orders_no_order"),
        ("read_unknown", {"keys": ["shop:old/1", "shop:new"]}, "orders_order_key_key"),
        ("read_unreferenced", {"limit": 10}, "orders_open"),
        ("read_keys_of_references", {"erp": "tryton", "short_references": ["SHOP-1"]}, "orders_short_reference"),
    ],
)
def test_each_cycles_queries_are_answered_by_a_partial_index_on_open_orders(
    history: Sql, name: str, parameters: dict[str, Any], index: str
) -> None:
    query = f"explain (costs off) {statement(name)}"
    plan = [line for (line,) in history.connection.execute(query, {"channel": "shop", **parameters})]
    assert any(f"using {index} on" in line or f"Scan on {index}" in line for line in plan), "\n".join(plan)
    assert not any("Seq Scan on orders" in line for line in plan), "\n".join(plan)


@pytest.mark.parametrize("name", ["read_unfinished", "read_done", "read_no_orders"])
def test_a_round_of_orders_to_read_again_begins_in_the_index_where_the_last_one_ended(history: Sql, name: str) -> None:
    query = f"explain (costs off) {statement(name)}"
    parameters = {"channel": "shop", "limit": 10, "done_for": timedelta(days=1)}
    parameters |= {"landed_for": timedelta(days=1), "never": ["twin"]}
    plan = [line for (line,) in history.connection.execute(query, parameters)]
    assert any("Index Cond" in line and "landed_at, id" in line.replace("o.", "") for line in plan), "\n".join(plan)


def test_the_due_index_is_read_up_to_now_and_no_further(history: Sql) -> None:
    query = f"explain (costs off) {statement('read_due')}"
    plan = [line for (line,) in history.connection.execute(query, {"channel": "shop", "limit": 10})]
    assert any("Index Cond" in line and "next_look_at <=" in line for line in plan), "\n".join(plan)


CLAIM = {"limit": 100, "lease": 900.0, "by": "me", "probe": None, "selection": None, "sent_before": True}
ASKING = {"doubt_orders": {"by": "me", "window": 1800.0}, "claim_orders": CLAIM}
ASKED = "select coalesce(sum(calls), 0) from pg_stat_xact_user_functions where funcname = 'may_have_been_sent'"


@pytest.fixture
def grown(ledger: Ledger, sql: Sql) -> Sql:
    """A new ledger whose server planned for three orders when there came seven hundred, none of them looked up."""
    queue(ledger, *range(1, 4))
    sql.do("analyze orders")
    sql.do(
        "insert into orders (order_key, channel, erp, status, digest)"
        " select 'shop:new/' || n, 'shop', 'tryton', 'queued', '' from generate_series(1, 700) n"
    )
    return sql


def _asked(sql: Sql, name: str) -> object:
    """How often a statement asks whether a lost ledger may have sent an order."""
    sql.do("set track_functions to 'all'")
    with sql.connection.transaction(force_rollback=True):
        sql.connection.execute(statement(name), {"channel": "shop", **ASKING[name]})
        return sql.one(ASKED)


@pytest.mark.parametrize("name", ASKING)
def test_where_no_ledger_was_restored_nothing_is_asked_about_any_order(grown: Sql, name: str) -> None:
    assert _asked(grown, name) == 0


@pytest.mark.parametrize("name", ASKING)
def test_where_none_was_restored_a_ledger_with_much_behind_it_asks_about_no_order(history: Sql, name: str) -> None:
    assert _asked(history, name) == 0


@pytest.mark.parametrize("without", [(), ("hashjoin",), ("nestloop",), ("nestloop", "mergejoin")], ids=str)
@pytest.mark.parametrize(("name", "most"), [("doubt_orders", 0), ("claim_orders", 100)])
def test_after_a_restore_each_order_is_asked_about_once_at_most(
    grown: Sql, name: str, most: int, without: tuple[str, ...]
) -> None:
    """However the server joins: it plans by what it counted last."""
    for each in without:
        grown.do(f"analyze orders; set enable_{each} to off")
    grown.do(
        "insert into restores (backup_at, looks_from, restored_by, reason) values (now(), now(), 'me', '');"
        " insert into attempts (order_id, generation, opened_at, opened_by, grace_until)"
        " select id, -1, now(), '', now() from orders"
    )
    asked = _asked(grown, name)
    assert isinstance(asked, Decimal)
    assert asked <= most


def test_no_time_goes_into_compiling_what_is_asked_of_each_order(sql: Sql) -> None:
    """Before version 18 its plan looks so dear that a server with JIT compiles it at each call."""
    assert sql.one("show jit") == "off"
    assert sql.one("select proconfig from pg_proc where proname = 'may_have_been_sent'") == [
        "enable_seqscan=off",
        "jit=off",
    ]


def test_each_statement_has_a_name_of_its_own() -> None:
    paths = [*FOLDER.glob("ledger/**/*.sql"), *FOLDER.glob("shared/**/*.sql")]
    assert sorted(paths) == sorted(statements().values())


@pytest.mark.parametrize("path", sorted(statements().values()), ids=lambda path: path.stem)
def test_each_statement_says_first_what_it_gives_and_needs_and_lies_by_the_module_that_runs_it(path: Path) -> None:
    text = path.read_text()
    first = text.splitlines()[0]
    assert first.startswith("-- ")
    assert "need" in first or "reads them all" in first
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert ";" not in code, "one statement a file"
    package = FOLDER.parents[1] / "plugins" / "order_sync" / "ledger"
    modules = package.glob("*.py" if path.parent.name == "shared" else f"{path.parent.name}.py")
    assert any(f'"{path.stem}"' in module.read_text() for module in modules)
