"""What is kept for long enough: only finished orders to which nothing happened since, a page at a time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import ERASABLE, Status
from order_sync.core.privacy.erasing import RoundPlace
from order_sync.core.settings import Settings
from order_sync.flows import build_report
from order_sync.flows.people import erasing as flow
from order_sync.ledger import Ledger
from order_sync.ledger.statements import statement
from tests.ledger.erasing.marked import put, rows, succeed
from tests.ledger.steps import ACTOR, Sql, key, land, landing, queue

BY = Actor("forget_transactions/run 1/forget", reason="kept for 400 days")
SETTINGS = Settings(transactions_kept_for=timedelta(days=400))

Forget = Callable[..., Summary]


@pytest.fixture
def forget(ledger: Ledger, tmp_path: Path) -> Forget:
    """Forget what is old enough."""

    def forget(run: str = "run 1", folder: Path | None = tmp_path) -> Summary:
        return flow.forget(ledger, folder, run, BY, SETTINGS)

    return forget


def age(sql: Sql, days: float, *numbers: int) -> None:
    """Let everything about these orders have happened so many days ago."""
    keys = [str(key(number)) for number in numbers]
    sql.do("set session_replication_role = replica")
    for table, column in (("transactions", "landed_at"), ("order_history", "at")):
        sql.do(
            f"update {table} set {column} = clock_timestamp() - make_interval(secs => %s)"
            " from orders o where o.id = order_id and o.order_key = any(%s)",
            days * 86400,
            keys,
        )
    sql.do("set session_replication_role = origin")


def erased(sql: Sql) -> list[str]:
    """The orders that are erased."""
    return [name for (name,) in sql.rows("select order_key from orders where erased_at is not null order by id")]


def test_the_content_of_a_finished_order_is_forgotten_after_its_time(ledger: Ledger, sql: Sql, forget: Forget) -> None:
    succeed(ledger, sql, 1, 2, 3)
    age(sql, 400.01, 1)
    age(sql, 399.99, 2)
    assert forget().counts == {"forgotten": 1}
    assert erased(sql) == [str(key(1))]
    assert sql.one("select string_agg(details, '') from transactions where order_id = 1") == ""
    assert sql.events(1)[-1] == "forgotten"
    assert sql.rows("select erased_by, reason, orders from erasures") == [(BY.by, BY.reason, 1)]
    assert forget("run 2").counts == {}


@pytest.mark.parametrize("status", Status)
def test_an_order_that_is_still_open_is_never_forgotten_and_counted(
    ledger: Ledger, sql: Sql, forget: Forget, status: Status
) -> None:
    land(ledger, 1)
    put(sql, 1, status)
    age(sql, 4000, 1)
    assert forget().counts == ({"forgotten": 1} if status in ERASABLE else {"still_open": 1})


@pytest.mark.parametrize("table", ["transactions", "order_history"])
def test_time_counts_from_the_last_thing_that_happened(ledger: Ledger, sql: Sql, forget: Forget, table: str) -> None:
    land(ledger, 1, status=Status.NOT_AN_ORDER)
    age(sql, 500, 1)
    if table == "transactions":
        land(ledger, 1, status=Status.NOT_AN_ORDER, digest="b")
    else:
        sql.do(
            "insert into order_history (order_id, event, to_status, by, why) values (1, 'landed', 'received', 'me', '')"
        )
    assert forget().counts == {}


def test_what_was_placed_before_the_start_and_has_no_content_stays_to_be_brought_in(
    ledger: Ledger, sql: Sql, forget: Forget
) -> None:
    before_start = replace(landing(1, Status.NOT_AN_ORDER), reason="before_start", keep_body=False)
    ledger.record("shop", "tryton", [before_start], None, ACTOR)
    age(sql, 500, 1)
    assert forget().counts == {}
    assert erased(sql) == []


def test_a_run_goes_on_page_by_page_and_the_next_one_where_it_was_stopped(
    ledger: Ledger, sql: Sql, forget: Forget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "PAGE", 3)
    succeed(ledger, sql, *range(1, 9))
    queue(ledger, 9)
    age(sql, 500, *range(1, 10))
    page = ledger.kept_since(ledger.now() - timedelta(days=400), None, 3)
    assert (list(page.keys), page.still_open) == ([key(1), key(2), key(3)], 0)
    assert isinstance(page.end, RoundPlace)
    ledger.forget(page.keys, "run 1", BY)
    assert forget().counts == {"forgotten": 5, "still_open": 1}
    assert sql.one("select orders from erasures") == 8


def test_what_is_erased_is_looked_at_once_more_as_it_is_locked(ledger: Ledger, sql: Sql) -> None:
    """An order that was finished as the page was read may be open again by then."""
    succeed(ledger, sql, 1, 2)
    page = ledger.kept_since(ledger.now() + timedelta(seconds=1), None, 10)
    assert list(page.keys) == [key(1), key(2)]
    put(sql, 2, "conflict")
    assert ledger.forget(page.keys, "run 1", BY) == 1
    assert erased(sql) == [str(key(1))]


def test_a_page_is_read_from_the_index_of_what_is_kept(ledger: Ledger, sql: Sql) -> None:
    """Its cost follows what is kept for too long, and not the history."""
    sql.do(
        "insert into orders (order_key, channel, erp, status, digest, erp_number)"
        " select 'shop:old/' || n, 'shop', 'tryton', 'succeeded', '', n from generate_series(1, 5000) n"
    )
    sql.do(
        "insert into transactions"
        " select id, 1, clock_timestamp(), '', 1, null, '', '', '', '', '', null, null, '', null, 1, 1, 'x' from orders"
    )
    sql.do(
        "insert into order_history (order_id, event, to_status, by, why)"
        " select id, 'landed', 'received', 'me', '' from orders"
    )
    sql.do("analyze orders, transactions, order_history")
    asked = {"before": ledger.now(), "erasable": list(ERASABLE), "limit": 10}
    after = {"after_at": ledger.now() - timedelta(days=1), "after_id": 0, "after_version": 0}
    query = f"explain (costs off) {statement('read_to_forget')}"
    plan = [line for (line,) in sql.connection.execute(query, {**asked, **after})]
    assert any("transactions_kept" in line for line in plan), "\n".join(plan)
    assert any("Index Cond" in line and "landed_at, " in line.replace("t.", "") for line in plan), "\n".join(plan)
    assert not any("Seq Scan" in line for line in plan), "\n".join(plan)


def test_rows_of_reports_and_their_files_lose_what_is_forgotten(
    ledger: Ledger, sql: Sql, forget: Forget, tmp_path: Path
) -> None:
    succeed(ledger, sql, 1, 2)
    day, zone = date(2026, 11, 20), ZoneInfo("UTC")
    path = build_report(ledger, tmp_path, "all", zone, timedelta(minutes=30), {}, (), day).path
    age(sql, 500, 1)
    with pytest.raises(Misconfigured, match="set their folder"):
        forget(folder=None)
    assert forget("run 2").counts == {"reports_written_again": 1}
    assert sorted(row[0] for row in rows(path)) == ["R-2", "erased"]


def test_old_selections_lose_what_was_asked_for_once_their_orders_are_erased(
    ledger: Ledger, sql: Sql, forget: Forget
) -> None:
    succeed(ledger, sql, 1, 2)
    for run, days in (("old", 500), ("open", 500), ("young", 5)):
        sql.do(
            "insert into selections (run, action, asked, reason, chosen_by, chosen_at) values (%s, 'resync', %s, 'why',"
            " 'ada', clock_timestamp() - make_interval(days => %s))",
            run,
            '{"reference": "R-7", "code": "TAX"}',
            days,
        )
    sql.do("insert into selected_orders (selection_id, order_id) values (1, 1), (2, 1), (2, 2)")
    age(sql, 500, 1)
    forget()
    assert sql.rows("select run, reason, asked from selections order by id") == [
        ("old", "", {"reference": "erased", "code": "TAX"}),
        ("open", "why", {"reference": "R-7", "code": "TAX"}),
        ("young", "why", {"reference": "R-7", "code": "TAX"}),
    ]
