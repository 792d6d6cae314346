"""Everything of one customer is emptied and the evidence stays; what is somebody else's is untouched."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import ERASABLE, Status
from order_sync.core.privacy.erasing import Whose
from order_sync.flows.people.printing import order_file
from order_sync.ledger import Ledger
from tests.ledger.erasing.marked import (
    ALL_FILE,
    COPIED,
    EVIDENCE,
    MARK,
    NEITHER,
    PEOPLE,
    PERSON,
    RUN,
    Erase,
    columns,
    evidence,
    found,
    of,
    put,
    rows,
    succeed,
)
from tests.ledger.steps import (
    ACTOR,
    Sql,
    key,
    land,
)


def test_every_column_is_known_to_hold_peoples_data_or_not_to(sql: Sql) -> None:
    """A new column fails here until somebody says what it holds; what holds people's data is then swept below."""
    known = {table: PEOPLE.get(table, set()) | EVIDENCE.get(table, set()) for table in {*PEOPLE, *EVIDENCE}}
    assert {table: names for table, names in columns(sql).items() if table not in NEITHER | COPIED} == known


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize(
    "whose", [Whose("shop", MARK), Whose("shop", f"{MARK} II"), of(1)], ids=["first", "last", "key"]
)
def test_everything_of_one_customer_is_emptied_and_the_evidence_stays(
    whose: Whose, sql: Sql, do: Erase, tmp_path: Path
) -> None:
    assert found(sql) == PEOPLE, "the mark must stand wherever people's data may be"
    before = evidence(sql)
    assert do(whose).counts == {"erased": 1, "reports_written_again": 1, "files_deleted": 1}
    assert found(sql) == {}
    assert evidence(sql) == before
    assert sql.events(1)[-1] == "erased"
    assert sql.rows("select by, why from order_history where event = 'erased'") == [(PERSON.by, PERSON.reason)]
    assert sql.rows("select run, erased_by, reason, orders from erasures") == [(RUN, PERSON.by, PERSON.reason, 1)]
    asked = {"customer_account": "erased", "reference": "", "reason": "erased", "status": "failed"}
    assert sql.one("select asked from selections") == asked
    assert [path.name for path in tmp_path.iterdir() if MARK in path.read_text()] == [order_file(tmp_path, key(2)).name]


@pytest.mark.usefixtures("marked")
def test_what_the_erp_answered_about_somebodys_account_goes_with_the_orders(
    ledger: Ledger, sql: Sql, do: Erase
) -> None:
    """An account that the ERP does not have goes with no copy."""
    answers: Any = {
        ("customer", MARK): None,
        ("customer", f"{MARK} II"): {},
        ("customer", "C-1"): {},
        ("sku", MARK): {},
    }
    ledger.store_reference("tryton", ReferenceData(answers, ledger.now(), whole=False), ACTOR)
    do(of(1))
    kept = ledger.reference("tryton", [*answers])
    assert kept
    assert set(kept.facts) == {("customer", "C-1"), ("sku", MARK)}


@pytest.mark.usefixtures("marked")
def test_what_is_somebody_elses_is_untouched(sql: Sql, do: Erase, tmp_path: Path) -> None:
    def others() -> list[list[tuple[Any, ...]]]:
        tables = ("transactions", "order_history", "attempts")
        return [sql.rows(f"select * from {table} where order_id = 2 order by 2") for table in tables]

    before, row = others(), rows(tmp_path / ALL_FILE)
    do(of(1))
    assert others() == before
    assert sql.one("select erased_at from orders where id = 2") is None
    assert rows(tmp_path / ALL_FILE) == [["erased", "usrt", "", *each[3:]] if MARK in each[0] else each for each in row]


@pytest.mark.usefixtures("marked")
def test_a_dry_run_counts_and_writes_nothing(sql: Sql, do: Erase, tmp_path: Path) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    put(sql, 2, "failed")
    before = sql.content(), files()
    summary = do(of(1, 2), dry_run=True)
    assert summary.counts == {"to_erase": 1, "still_open": 1}
    assert f"of {key(1)}; 1 wait for a decision" in str(summary)
    assert MARK not in str(summary)
    assert (sql.content(), files()) == before


# What stands in the way
@pytest.mark.parametrize("status", Status)
def test_an_order_is_erased_once_nothing_is_left_to_do_with_it(
    ledger: Ledger, sql: Sql, do: Erase, status: Status
) -> None:
    land(ledger, 1, 2)
    put(sql, 1, status)
    put(sql, 2, "succeeded")
    if status in ERASABLE:
        assert do(of(1, 2)).counts == {"erased": 2}
        return
    with pytest.raises(Misconfigured, match=rf"1 erased; not everything could be erased: 1 .*: {key(1)} \({status}\)"):
        do(of(1, 2))
    assert sql.one("select details <> '' from transactions where order_id = 1")
    put(sql, 1, "ignored")
    assert do(of(1, 2)).counts == {"erased": 1, "erased_before": 1}


def test_what_to_do_first_is_said_by_what_the_orders_wait_for(ledger: Ledger, sql: Sql, do: Erase) -> None:
    land(ledger, *range(1, 25))
    put(sql, 24, "conflict")
    with pytest.raises(Misconfigured) as caught:
        do(Whose("shop", "C-1"))
    assert "23 are on their way: clear this task once they are finished: shop:S1/00001 (received), " in str(
        caught.value
    )
    assert " and 3 more; 1 wait for a decision: decide with resync_orders " in str(caught.value)
    assert str(caught.value).endswith("finished or ignored: shop:S1/00024 (conflict)")
    assert "C-1" not in str(caught.value)


def test_keys_that_no_order_has_are_all_named_and_nothing_is_erased(ledger: Ledger, sql: Sql, do: Erase) -> None:
    succeed(ledger, sql, 1)
    before = sql.content()
    with pytest.raises(Misconfigured, match=f"nothing was erased: {key(8)}, {key(9)}$"):
        do(of(9, 1, 8))
    assert sql.content() == before


@pytest.mark.parametrize("whose", [Whose("shop", "C-9"), Whose("other", "C-1"), Whose("shop", "")])
def test_a_customer_without_orders_is_said_so_and_not_by_name(
    ledger: Ledger, sql: Sql, do: Erase, whose: Whose
) -> None:
    land(ledger, 2, customer_account="")
    succeed(ledger, sql, 1)
    for dry_run in (True, False):
        with pytest.raises(Misconfigured, match="has no order of the customer account that was given") as caught:
            do(whose, dry_run=dry_run)
        assert "C-" not in str(caught.value)
    assert sql.one("select count(*) from orders where erased_at is not null") == 0


def test_the_same_run_cleared_and_another_run_find_it_done(ledger: Ledger, sql: Sql, do: Erase) -> None:
    succeed(ledger, sql, 1, 2)
    assert do(Whose("shop", "C-1")).counts == {"erased": 2}
    before = sql.content()
    assert do(Whose("shop", "C-1")).counts == {"erased_before": 2}
    assert do(of(1, 2), run="another").counts == {"erased_before": 2}
    with pytest.raises(Misconfigured, match="has no order"):
        do(Whose("shop", "C-1"), run="another")
    assert sql.content() == before


def test_two_runs_at_once_erase_each_order_once(ledger: Ledger, sql: Sql, do: Erase) -> None:
    succeed(ledger, sql, *range(1, 41))
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda run: do(of(*range(1, 41)), run=run), ("one", "two")))
    assert sum(each.counts.get("erased", 0) for each in both) == 40
    assert sql.one("select count(*) from order_history where event = 'erased'") == 40
    assert sql.one("select sum(orders) from erasures") == 40


@pytest.mark.parametrize("status", sorted(set(Status) - set(ERASABLE) - {Status.CONFLICT}))
def test_an_erased_order_can_never_be_on_its_way_again(ledger: Ledger, sql: Sql, do: Erase, status: Status) -> None:
    succeed(ledger, sql, 1)
    do(of(1))
    with pytest.raises(psycopg.errors.CheckViolation, match="an_erased_order_is_never_sent"):
        put(sql, 1, status)


# Nothing else may change what was stored
EMPTY = (
    "reference = '', receipt = '', customer_account = '', placed_at = null, delivery_date = null, currency = '',"
    " total = null, details = ''"
)


@pytest.mark.parametrize(
    "statement",
    [
        "update transactions set details = ''",
        "update transactions set erased_at = now()",
        f"update transactions set {EMPTY}, erased_at = now()",
        "update order_history set message = '', why = ''",
    ],
)
def test_what_was_stored_of_an_order_that_is_not_erased_cannot_be_emptied(
    ledger: Ledger, sql: Sql, statement: str
) -> None:
    """R183"""
    succeed(ledger, sql, 1)
    with pytest.raises(psycopg.errors.RaiseException, match="is append-only"):
        sql.do(statement)


@pytest.mark.parametrize(
    "statement",
    [
        f"update transactions set {EMPTY}",
        f"update transactions set {EMPTY}, erased_at = now(), digest = 'z'",
        f"update transactions set {EMPTY}, erased_at = now(), version = 7",
        "update transactions set details = '', erased_at = now()",
        f"update transactions set {EMPTY.replace('details = ', 'details = 1 || ')}, erased_at = now()",
        "update order_history set by = 'me', why = '', message = ''",
        "update order_history set why = ''",
        "update order_history set why = 'better', message = ''",
        "delete from transactions",
        "delete from order_history",
    ],
)
def test_of_an_order_that_is_erased_nothing_but_the_emptying_is_allowed(
    ledger: Ledger, sql: Sql, statement: str
) -> None:
    """R183"""
    land(ledger, 1)
    sql.do(
        "insert into order_history (order_id, event, to_status, by, why, message)"
        " values (1, 'landed', 'received', 'me', 'because', 'words')"
    )
    sql.do("update orders set status = 'ignored', erased_at = now()")
    with pytest.raises(psycopg.errors.RaiseException, match="is append-only"):
        sql.do(statement)
    sql.do(f"update transactions set {EMPTY}, erased_at = now()")
    with pytest.raises(psycopg.errors.RaiseException, match="transactions is append-only"):
        sql.do(f"update transactions set {EMPTY}, erased_at = now()")
