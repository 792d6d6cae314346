"""What people decide, on the real ledger: stored selections, decisions in bulk, and a look before a second send."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.after_look import after_look
from order_sync.core.decisions.decision import Decision, Result, decide, refused
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import OrderKey
from order_sync.core.requests.resync import ResyncRequest
from order_sync.core.sending.route import Route
from order_sync.flows import resync
from order_sync.flows.people.resync import Resynced
from order_sync.ledger import Ledger
from order_sync.ledger.statements import statement
from tests.ledger.steps import (
    ALL,
    Connect,
    Counting,
    Sql,
    claim,
    close,
    fail,
    key,
    land,
    open_all,
    queue,
    send,
    settle,
    validate,
)
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp
from tests.support.asking import decision

URSULA = Actor("resync_orders/run/decide", person="ursula", reason="the SKU is there now")

ROUTE = Route("shop", "tryton", datetime(2026, 1, 1, tzinfo=UTC), None)


def select(ledger: Ledger, *numbers: int, run: str = "run", action: Action = Action.RESYNC) -> int:
    return ledger.select(
        run, action, {"order_keys": [str(key(each)) for each in numbers]}, list(map(key, numbers)), URSULA
    )


def take(ledger: Ledger, selection: int, action: Action, number: str = "") -> dict[int, Decision]:
    """Take an action on all orders of a selection, by their numbers; an ERP that is asked has them marked, or not."""
    decisions = {}
    for order in ledger.selected(selection, 0, ALL):
        decision = decide(action, order, number, "")
        if decision is None and action is Action.RESYNC:
            decision = after_look(action, order, number, ())
        elif decision is None:
            decision = Decision(Result.DONE, f"synced as {number}", Event.MARKED_AS_SYNCED, erp_number=number)
        decisions[order.key] = (order, decision)
    left = ledger.decide(selection, decisions, URSULA)
    return {int(each.parts[1]): decision for each, (_, decision) in decisions.items() if each not in left}


def do(ledger: Ledger, action: Action, *numbers: int, run: str = "run", number: str = "") -> dict[int, Decision]:
    return take(ledger, select(ledger, *numbers, run=run, action=action), action, number)


def run_resync(ledger: Ledger, asked: ResyncRequest, run: str = "resync_orders/run") -> Resynced:
    async def connect(name: str) -> MemoryErp:
        return MemoryErp(Clock())

    return asyncio.run(resync(asked, run, {"reason": asked.reason}, {"shop": ROUTE}, connect, ledger, URSULA, 100))


def test_a_selection_is_stored_once_and_never_chosen_anew(ledger: Ledger, sql: Sql) -> None:
    fail(ledger, 1, 2)
    first = select(ledger, 1)
    assert select(ledger, 1, 2) == first == ledger.selection("run")
    assert [order.key for order in ledger.selected(first, 0, ALL)] == [key(1)]
    assert select(ledger, 2, run="another") != first
    assert ledger.selection("a third") is None
    assert sql.rows("select run, action, asked, reason, chosen_by from selections order by id")[0] == (
        "run", "resync", {"order_keys": [str(key(1))]}, URSULA.reason, URSULA.by,
    )  # fmt: skip


def test_the_selected_orders_are_shown_as_they_stand_and_in_pages(ledger: Ledger, sql: Sql) -> None:
    fail(ledger, 1)
    land(ledger, 2, status=Status.WAITING, expected_lines=3)
    land(ledger, 3, status=Status.NOT_AN_ORDER, not_an_order="voided")
    claimed = send(ledger, 4)
    close(ledger, claimed.entries, Event.RECEIPT)
    sql.do("update orders set status = 'not_an_order', reason = 'before_start' where order_key = %s", str(key(3)))
    selection = select(ledger, 1, 2, 3, 4)
    pages = [ledger.selected(selection, 0, 3)]
    pages.append(ledger.selected(selection, pages[0][-1].position, 3))
    orders = [order for page in pages for order in page]
    assert [(order.key, order.status) for order in orders] == [
        (key(1), Status.FAILED),
        (key(2), Status.WAITING),
        (key(3), Status.NOT_AN_ORDER),
        (key(4), Status.SENT),
    ]
    assert [order.code for order in orders] == ["SKU_NOT_FOUND", None, None, None]
    assert [order.missing_lines for order in orders] == [0, 2, 0, 0]
    assert [order.not_an_order for order in orders] == ["", "", "voided", ""]
    assert [order.reached for order in orders] == [False, False, False, True]
    assert [order.erp_number for order in orders] == ["", "", "", "N00004"]


@pytest.mark.parametrize(
    ("action", "prepare", "status"),
    [
        (Action.RESYNC, fail, "received"),
        (Action.IGNORE, fail, "ignored"),
        (Action.ON_HOLD, queue, "on_hold"),
        (Action.MARK_AS_SYNCED, fail, "synced_manually"),
    ],
)
def test_a_decision_moves_the_order_with_its_history_and_remembers_the_result(
    ledger: Ledger, sql: Sql, action: Action, prepare: Any, status: str
) -> None:
    """R97, R101"""
    prepare(ledger, 1)
    generation = sql.order(1, "generation")[0]
    number = "7" if action is Action.MARK_AS_SYNCED else ""
    assert do(ledger, action, 1, number=number)[1].result is Result.DONE
    assert sql.order(1, "status, generation") == (status, generation + 1)
    assert sql.rows("select event, to_status, by, why from order_history order by id desc limit 1") == [
        (decide_event(action), status, URSULA.by, URSULA.reason)
    ]
    assert sql.one("select outcome from selected_orders") == "done"
    assert sql.order(1, "erp_number") == (number,)


def decide_event(action: Action) -> str:
    return {"resync": "resync", "ignore": "ignored", "on_hold": "put_on_hold"}.get(action, "marked_as_synced")


def test_a_decision_about_an_order_that_changed_meanwhile_is_not_taken(ledger: Ledger, sql: Sql) -> None:
    fail(ledger, 1, 2)
    selection = select(ledger, 1, 2)
    stale = ledger.selected(selection, 0, ALL)
    do(ledger, Action.IGNORE, 1, run="another")
    decided = [(order, decide(Action.RESYNC, order, "", "")) for order in stale]
    decisions = {order.key: (order, decision) for order, decision in decided if decision}
    assert ledger.decide(selection, decisions, URSULA) == {key(1)}
    assert [sql.status(number) for number in (1, 2)] == ["ignored", "received"]
    outcomes = sql.rows("select outcome from selected_orders where selection_id = %s order by order_id", selection)
    assert outcomes == [(None,), ("done",)]


def test_two_decisions_at_once_move_an_order_once(connect: Connect, sql: Sql) -> None:
    with Ledger(connect) as ledger, ThreadPoolExecutor(4) as pool:
        fail(ledger, *range(1, 101))
        numbers = list(range(1, 101))
        asked = decision(Selection(keys=tuple(map(key, numbers))), Action.RESYNC, "why")
        results = list(pool.map(lambda run: run_resync(ledger, asked, f"run {run}"), range(4)))
        counts = [result.summary.counts for result in results]
        assert sum(count.get("done", 0) for count in counts) == 100
        assert sum(count.get("unchanged", 0) for count in counts) == 300
        assert sql.one("select count(*) from order_history where event = 'resync'") == 100


def test_a_decision_confirms_what_was_decided_before_a_restore_and_a_refusal_does_not(ledger: Ledger, sql: Sql) -> None:
    queue(ledger, 1, 2)
    sql.do(
        "insert into restores (backup_at, restored_at, looks_from, restored_by, reason)"
        " values ('2026-01-01', '2026-01-02', '2026-01-02', 'me', 'disk')"
    )
    lost = (
        "insert into lost_decisions (restore_id, order_key, action, decided_by, decided_at, reason)"
        " select id, %s, 'ignore', 'ursula', clock_timestamp(), 'test order' from restores"
    )
    for number in (1, 2):
        sql.do(lost, str(key(number)))
    assert claim(ledger).entries == []
    do(ledger, Action.RESYNC, 1, run="a")
    selection = select(ledger, 2, run="b")
    (order,) = ledger.selected(selection, 0, ALL)
    ledger.decide(selection, {order.key: (order, refused("no"))}, URSULA)
    assert [entry.key for entry in claim(ledger).entries] == [key(1)]


def sent_again(ledger: Ledger, sql: Sql, *, resent: bool) -> str:
    """Resync order 1, validate, claim and open it; its status. `resent`: whether an attempt may be opened."""
    do(ledger, Action.RESYNC, 1)
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == ({key(1)} if resent else set())
    return sql.status(1)


def test_an_attempt_of_unknown_outcome_is_looked_at_again_even_when_it_was_settled_before(
    ledger: Ledger, sql: Sql
) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None)
    settle(ledger, sql, Event.CANCELLED_IN_ERP, code="CANCELLED_IN_ERP", erp_number="N1")
    assert sql.status(1) == "failed"
    sql.do("update orders set code = 'OTHER'")
    assert sent_again(ledger, sql, resent=False) == "sending"


def many(sql: Sql, number: int) -> None:
    """So many failed orders, each with its version."""
    sql.do(
        "with made as (insert into orders (order_key, channel, erp, status, digest, code, placed_at)"
        " select 'shop:S1/' || lpad(n::text, 6, '0'), 'shop', 'tryton', 'failed', 'a', 'SKU_NOT_FOUND',"
        "        timestamptz '2026-11-20 10:00Z' from generate_series(1, %s) n returning id)"
        " insert into transactions (order_id, version, digest, source_status, reference, receipt, customer_account,"
        "   distributor, currency, total, expected_lines, present_lines, details)"
        " select id, 1, 'a', '2', 'R', '', 'C-1', 'usrt', 'EUR', '10.00', 1, 1, '{}' from made",
        number,
    )


def by_keys(number: int) -> Selection:
    return Selection(keys=tuple(OrderKey("shop", ("S1", f"{each:06}")) for each in range(1, number + 1)))


def test_what_the_erp_quoted_of_an_earlier_address_is_not_in_the_log_of_a_dry_run(
    ledger: Ledger, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    """R178"""
    land(ledger, 1, details='{"lines": [], "ship_to": {"name": "Ann Zebedee", "street": "1 High Street"}}')
    sql.do("update orders set status = 'on_hold', code = 'REJECTED_BY_ERP', message = 'no 1 High Street of Zebedee'")
    land(ledger, 1, digest="b", details='{"lines": [], "ship_to": {"name": "Bob Yorick", "street": "2 Low Street"}}')
    caplog.set_level("INFO")
    run_resync(ledger, decision(Selection(channel="shop"), Action.RELEASE, "why", dry_run=True))
    assert "REJECTED_BY_ERP no … of …" in caplog.text


@pytest.mark.parametrize("number", [10_000, pytest.param(100_000, marks=pytest.mark.full)])
@pytest.mark.parametrize(
    "by", [lambda _: Selection(code="SKU_NOT_FOUND"), by_keys], ids=["by their code", "by their keys"]
)
def test_very_many_orders_are_decided_about_in_bulk(
    counted: Ledger, sql: Sql, caplog: pytest.LogCaptureFixture, by: Callable[[int], Selection], number: int
) -> None:
    """R102, R150"""
    many(sql, number)
    sql.do("analyze orders")
    caplog.set_level("INFO")
    asked = decision(by(number), Action.RESYNC, "the SKUs are there now", confirm=True)
    before = Counting.sent
    result = run_resync(counted, asked)
    assert (result.summary.counts, result.to_send) == ({"done": number}, {"tryton": ["shop"]})
    pages = number // 2000
    assert Counting.sent - before <= 2 * pages + 10, "two statements a page"
    assert sql.rows("select status, count(*) from orders group by 1") == [("received", number)]
    assert sql.one("select count(*) from order_history where event = 'resync' and by = %s", URSULA.by) == number
    progress = [line.partition(" orders: ")[2] for line in caplog.text.splitlines() if " orders: " in line]
    assert progress == [f"{2000 * page} done" for page in range(1, pages + 1)]


def test_the_selected_orders_are_read_by_their_keys_and_not_by_reading_them_all(ledger: Ledger, sql: Sql) -> None:
    many(sql, 3000)
    selection = select(ledger, *range(1, 11))
    sql.do(
        "insert into selected_orders (selection_id, order_id) select %s, id from orders on conflict do nothing",
        selection,
    )
    sql.do("analyze")
    query = f"explain (costs off) {statement('read_selected')}"
    parameters = {"selection": selection, "after": 0, "limit": 10}
    plan = [line for (line,) in sql.connection.execute(query, parameters)]
    assert not any("Seq Scan on" in line and "attempts" not in line for line in plan), "\n".join(plan)


def test_an_order_whose_content_was_erased_is_refused_and_stops_no_other(ledger: Ledger, sql: Sql) -> None:
    land(ledger, 1, 2)
    fail(ledger)
    erased = (
        "update orders set status = 'ignored', erased_at = clock_timestamp(), message = '', problems = '[]',"
        " customer_account = null where order_key = %s"
    )
    sql.do(erased, str(key(1)))
    decided = do(ledger, Action.RELEASE, 1, 2)
    assert (decided[1].result, "was erased" in decided[1].message) == (Result.REFUSED, True)
    assert do(ledger, Action.RESYNC, 1, 2, run="another")[2].result is Result.DONE
    assert (sql.status(1), sql.status(2)) == ("ignored", "received")
