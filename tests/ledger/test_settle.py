"""Apply, due, horizon: what evidence does to orders, under which condition, and what is left to look at."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import Problem
from order_sync.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    ALL,
    GRACE,
    Connect,
    Sql,
    change,
    close,
    key,
    land,
    make_due,
    order_of,
    queue,
    send,
    settle,
)


def test_a_valid_order_is_queued_with_what_it_is_sent_and_judged_by(ledger: Ledger, sql: Sql) -> None:
    land(ledger, 1)
    (entry,) = ledger.to_validate("shop", None, ALL)
    order = replace(
        order_of(entry),
        total=Decimal("12.3450"),
        currency="TND",
        customer_account="GUEST",
        delivery_date=date(2026, 12, 1),
    )
    assert ledger.apply([change(entry, Event.VALID, order=order)], ACTOR) == 1
    facts = (
        "status, total, currency, customer_account, delivery_date, code, problems, next_attempt_at <= clock_timestamp()"
    )
    assert sql.order(1, facts) == (
        "queued", Decimal("12.3450"), "TND", "GUEST", date(2026, 12, 1), None, [], True,
    )  # fmt: skip


def test_an_invalid_order_keeps_all_its_problems_until_it_is_valid(ledger: Ledger, sql: Sql) -> None:
    """R76"""
    land(ledger, 1)
    (entry,) = ledger.to_validate("shop", None, ALL)
    problems = (
        Problem("SKU_NOT_FOUND", "line 1", "A", "SKU 'A' is not in the ERP", "sku:A"),
        Problem("FIELD_INVALID", "total", "1\x00\ud83d", "total is no number"),
    )
    refused = change(entry, Event.INVALID, code="SKU_NOT_FOUND", message="SKU 'A' is not in the ERP", problems=problems)
    assert ledger.apply([refused], ACTOR) == 1
    status, code, stored = sql.order(1, "status, code, problems")
    assert (status, code) == ("failed", "SKU_NOT_FOUND")
    assert [problem["value"] for problem in stored] == ["A", "1␀?"]
    assert stored[0]["reference"] == "sku:A"
    query = "select code, message from order_history order by id desc limit 1"
    assert sql.rows(query) == [("SKU_NOT_FOUND", "SKU 'A' is not in the ERP")]
    queue(ledger)
    land(ledger, 1, digest="b")
    queue(ledger)
    assert sql.order(1, "status, code, message, problems") == ("queued", None, "", [])


def test_two_runs_with_the_same_finding_apply_it_once(connect: Connect, sql: Sql) -> None:
    with Ledger(connect) as ledger, ThreadPoolExecutor(2) as pool:
        send(ledger, *range(1, 101))
        make_due(sql)
        entries = ledger.due("shop", ALL)
        found = [change(entry, Event.CONFIRMED, erp_number=f"N{entry.key.parts[-1]}") for entry in entries]
        applied = list(pool.map(lambda run: ledger.apply(found, Actor(f"run {run}")), range(2)))
        assert sum(applied) == 100
    assert sql.one("select count(*) from order_history where event = 'confirmed'") == 100


def test_a_transition_that_is_not_listed_is_refused_with_all_that_came_with_it(ledger: Ledger, sql: Sql) -> None:
    land(ledger, 1, 2)
    one, two = ledger.to_validate("shop", None, ALL)
    unlisted = replace(change(two, Event.VALID, order=order_of(two)), event=Event.RECEIPT, to_status=Status.FAILED)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="only_listed_transitions"):
        ledger.apply([change(one, Event.VALID, order=order_of(one)), unlisted], ACTOR)
    assert (sql.status(1), sql.status(2)) == ("received", "received")


def test_due_gives_what_a_verdict_needs_longest_overdue_first(ledger: Ledger, sql: Sql) -> None:
    claimed = send(ledger, 1, 2, 3, 4)
    close(ledger, claimed.entries[:1], Event.RECEIPT)
    assert not ledger.due("shop", ALL)
    for number, minutes in ((1, 1), (2, 3), (3, 2), (4, -5)):
        sql.do(
            "update orders set next_look_at = clock_timestamp() - make_interval(mins => %s) where order_key = %s",
            minutes,
            str(key(number)),
        )
    entries = ledger.due("shop", ALL)
    assert [entry.key for entry in entries] == [key(2), key(3), key(1)]
    assert [entry.key for entry in ledger.due("shop", 1)] == [key(2)]
    sent = entries[2]
    assert sent.doubt is not None
    assert sent.doubt.status is Status.SENT
    assert (sent.doubt.total, sent.doubt.currency, sent.doubt.resends) == (Decimal("10.00"), "EUR", 0)
    closed_at = sql.one("select max(closed_at) from attempts")
    assert (sent.doubt.grace_until, sent.doubt.acknowledged_as) == (closed_at + timedelta(seconds=GRACE), "N00001")
    assert sent.doubt.window_ends_at == sql.order(1, "window_ends_at")[0]
    assert sent.transaction.reference == "R-1"


def test_the_horizon_is_the_next_look_and_the_last_windows_end_of_the_channel(ledger: Ledger, sql: Sql) -> None:
    assert ledger.horizon("shop").last_window_ends_at is None
    send(ledger, 1, 2, 3)
    settle(ledger, sql, None, next_look_at=datetime(2026, 11, 21, 9, tzinfo=UTC))
    for number, hour in ((1, 10), (2, 12), (3, 11)):
        sql.do(
            "update orders set window_ends_at = %s, next_look_at = %s where order_key = %s",
            datetime(2026, 11, 21, hour, tzinfo=UTC),
            datetime(2026, 11, 21, hour - 1, tzinfo=UTC),
            str(key(number)),
        )
    sql.do("update orders set channel = 'other' where order_key = %s", str(key(2)))
    horizon = ledger.horizon("shop")
    assert horizon.next_look_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert horizon.last_window_ends_at == datetime(2026, 11, 21, 11, tzinfo=UTC)


def test_two_erps_may_use_the_same_number(ledger: Ledger, sql: Sql) -> None:
    """R180"""
    send(ledger, 1)
    settle(ledger, sql, Event.CONFIRMED, erp_number="SO-1")
    sql.do("update orders set erp = 'other'")
    send(ledger, 2)
    settle(ledger, sql, Event.CONFIRMED, erp_number="SO-1")
    assert sql.status(2) == "succeeded"


def test_two_runs_that_give_one_number_to_two_orders_record_the_conflict(connect: Connect, sql: Sql) -> None:
    with Ledger(connect) as ledger, ThreadPoolExecutor(2) as pool:
        send(ledger, *range(1, 41))
        make_due(sql)
        entries = ledger.due("shop", ALL)
        halves = [
            [change(entry, Event.CONFIRMED, erp_number=f"SO-{position}") for position, entry in enumerate(half)]
            for half in (entries[:20], entries[20:])
        ]
        assert list(pool.map(lambda half: ledger.apply(half, ACTOR), halves)) == [20, 20]
        assert ledger.counts("shop") == {"succeeded": 20, "conflict": 20}


def test_a_number_that_another_run_is_about_to_give_away_is_a_recorded_conflict(connect: Connect, sql: Sql) -> None:
    """Neither run sees the other's order: only the index on the numbers does."""
    with Ledger(connect) as ledger, ThreadPoolExecutor(1) as pool:
        send(ledger, 1, 2)
        make_due(sql)
        _, second = ledger.due("shop", ALL)
        with sql.connection.transaction():
            sql.do("update orders set status = 'succeeded', erp_number = 'SO-1' where order_key = %s", str(key(1)))
            applied = pool.submit(ledger.apply, [change(second, Event.CONFIRMED, erp_number="SO-1")], ACTOR)
            while not applied.done() and not sql.one("select exists (select from pg_locks where not granted)"):
                pass
        assert applied.result() == 1
    assert sql.order(2, "status, code") == ("conflict", "ORDER_CONFLICT")
