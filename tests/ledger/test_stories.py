"""A story tells the whole way of an order, whatever its status."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from order_sync import flows
from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.life.lifecycle import MEANINGS, Event, Status
from order_sync.core.records.story import Filters
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.ledger import Ledger
from tests.ledger.explaining import ROUTES, ask
from tests.ledger.steps import (
    ACTOR,
    Sql,
    claim,
    close,
    fail,
    key,
    land,
    landing,
    open_all,
    queue,
    send,
    settle,
    validate,
)
from tests.memory.channel import DETAILS


def test_a_story_tells_until_when_an_order_waits_that_the_erp_was_busy_with(ledger: Ledger, sql: Sql) -> None:
    close(ledger, send(ledger, 1).entries, Event.NOT_SENT, "ORDER_BUSY", "a job runs")
    sql.do("update orders set next_attempt_at = clock_timestamp() + interval '7 minutes'")
    assert ledger.stories([key(1)])[key(1)].next_attempt_at == sql.order(1, "next_attempt_at")[0]
    assert "The ERP was busy with it" in ask(ledger, key=str(key(1))).text


def test_the_history_tells_what_was_not_checked_since_the_erp_cannot_tell_it(ledger: Ledger) -> None:
    land(ledger, 1, details=DETAILS)
    ledger.store_reference("tryton", ReferenceData({}, ledger.now(), knows=frozenset({"country"})), ACTOR)
    flows.validate(ROUTES["shop"], ledger, ACTOR)
    told = "received -> queued (valid): not checked before sending, since the ERP does not provide it: sku, customer,"
    text = ask(ledger, key=str(key(1))).text
    assert text.count("not checked before sending") == 1
    assert told in text


def test_a_story_tells_the_whole_way_of_an_order(ledger: Ledger, sql: Sql) -> None:
    """R10, R155, R183"""
    close(ledger, send(ledger, 1).entries, Event.RECEIPT)
    settle(ledger, sql, Event.CONFIRMED, erp_status="processing")
    ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, "stock-taking", Actor(person="ursula"))
    ledger.hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL, "over", ACTOR)
    ledger.release_hold("channel_shop", None, ACTOR)
    ledger.hold("erp_other", HoldKind.PERSON, HoldScope.SUBMIT, "not ours", Actor(person="ursula"))
    known = ledger.stories([key(1), key(2)])
    assert set(known) == {key(1)}
    story = known[key(1)]
    assert (story.status, story.erp_number, story.erp_status) == (Status.SUCCEEDED, "N00001", "processing")
    assert [step.event for step in story.history] == ["landed", "valid", "attempt_opened", "receipt", "confirmed"]
    (attempt,) = story.attempts
    assert (attempt.outcome, attempt.receipt_number, attempt.resolution) == ("receipt", "N00001", "confirmed")
    assert attempt.looked_at is not None
    assert story.known_to_erp_at == max(filter(None, (attempt.looked_at, attempt.closed_at)))
    assert [hold.reason for hold in story.holds] == ["stock-taking"]
    assert story.transaction is not None
    assert (story.transaction.key, story.transaction.reference) == (key(1), "R-1")
    assert story.as_of.utcoffset() == timedelta(0)
    assert story.tried


def test_a_story_tells_what_people_decided_and_what_a_restore_lost(ledger: Ledger, sql: Sql) -> None:
    queue(ledger, 1)
    sql.do(
        "insert into selections (run, action, asked, reason, chosen_by)"
        " values ('r', 'on_hold', '{}', 'to ask', 'ursula')"
    )
    sql.do("insert into selected_orders (selection_id, order_id, outcome) select 1, id, 'done' from orders")
    sql.do("insert into restores (backup_at, looks_from, restored_by, reason) values (now(), now(), 'ada', 'disk')")
    sql.do(
        "insert into lost_decisions values (1, %s, 'ignore', 'ursula', now(), 'a test', null),"
        " (1, %s, 'resync', 'ursula', now(), 'a test', now())",
        *(str(key(1)), str(key(1))),
    )
    story = ledger.stories([key(1)])[key(1)]
    assert [(each.action, each.by, each.reason, each.outcome) for each in story.decisions] == [
        ("on_hold", "ursula", "to ask", "done")
    ]
    assert [each.action for each in story.lost] == ["ignore"]
    text = ask(ledger, key=str(key(1))).text
    assert "on_hold by ursula, because: to ask (done)" in text
    assert "Nothing: a decision about it was lost when the ledger was restored" in text


def test_what_the_comparison_saw_in_the_erp_is_in_the_story_until_somebody_looks_again(
    ledger: Ledger, sql: Sql
) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN")
    settle(ledger, sql, Event.WINDOW_OVER)
    ledger.find([Finding("erp_tryton", FindingKind.NOT_DONE, str(key(1)), "in the ERP as SO-1")], ACTOR)
    sighting = ledger.stories([key(1)])[key(1)].sighting
    assert sighting is not None
    assert sighting.detail == "in the ERP as SO-1"
    settle(ledger, sql, None)
    assert ledger.stories([key(1)])[key(1)].sighting is None


def before_start(ledger: Ledger) -> None:
    landed = landing(1, Status.NOT_AN_ORDER)
    kept = type(landed)(landed.transaction, Status.NOT_AN_ORDER, "before_start", landed.placed_at, keep_body=False)
    ledger.record("shop", "tryton", [kept], None, ACTOR)


def to_status(ledger: Ledger, sql: Sql, status: Status) -> None:
    """Bring order 1 into a status, by the calls that do it; a person's are set by hand."""
    ways: dict[Status, Callable[[], Any]] = {
        Status.WAITING: lambda: land(ledger, 1, status=Status.WAITING),
        Status.NOT_AN_ORDER: lambda: before_start(ledger),
        Status.RECEIVED: lambda: land(ledger, 1),
        Status.QUEUED: lambda: queue(ledger, 1),
        Status.FAILED: lambda: fail(ledger, 1),
    }
    if status in ways:
        ways[status]()
        return
    entries = send(ledger, 1).entries
    ends = {
        Status.SENDING: None,
        Status.DEAD: Event.REFUSED_TOO_OFTEN,
        Status.CONFLICT: Event.DIFFERENT,
    }
    if status in ends:
        close(ledger, entries, ends[status], "POISON", "refused by the ERP")
        return
    close(ledger, entries, Event.RECEIPT)
    if status is Status.PENDING_VERIFICATION:
        settle(ledger, sql, Event.WINDOW_OVER, code="PENDING_VERIFICATION", message="not confirmed")
    elif status is not Status.SENT:
        settle(ledger, sql, Event.CONFIRMED)
        sql.do("update orders set status = %s", status)


@pytest.mark.parametrize("status", Status)
def test_an_order_in_whatever_status_is_explained_printed_and_listed(ledger: Ledger, sql: Sql, status: Status) -> None:
    """T3, R148, R153"""
    to_status(ledger, sql, status)
    assert sql.status(1) == status
    answer = ask(ledger, key=str(key(1)), whole_order=True, escalate=True)
    assert answer.text.splitlines()[0] == f"Order {key(1)}"
    assert answer.text.splitlines()[1].startswith("Last error ")
    assert f"\nStatus          {status} since 20" in answer.text
    assert "\nSubject: Order Sync Error\n" in answer.text
    assert (answer.key, answer.summary.counts) == (key(1), {"found": 1})
    assert answer.page.splitlines()[0] == f"Order {key(1)}"
    assert str(key(1)) in ask(ledger, status=status).text
    row = sql.rows("select status, roll_up, coalesce(report_word, '') from order_list")
    assert row == [(status, MEANINGS[status].roll_up, MEANINGS[status].report_word or "")]


def test_a_push_at_work_and_an_attempt_without_an_answer_are_told(ledger: Ledger) -> None:
    """R46"""
    queue(ledger, 1)
    claimed = claim(ledger)
    assert "A push has claimed it and is at work" in ask(ledger, key=str(key(1))).text
    open_all(ledger, claimed)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN", "no answer within 30 seconds")
    answer = ask(ledger, key=str(key(1)), whole_order=True)
    assert answer.text.splitlines()[1].startswith("Last error      OUTCOME_UNKNOWN, ")
    assert "the result is not known, OUTCOME_UNKNOWN: no answer within 30 seconds" in answer.text
    assert "DO NOT enter it now: it may be in the ERP already" in answer.page
    land(ledger, 2)
    validate(ledger)
    assert "DO NOT" not in ask(ledger, key=str(key(2)), whole_order=True).page


RESTORED = (
    "insert into restores (backup_at, looks_from, restored_by, reason)"
    " values (clock_timestamp(), clock_timestamp(), 'ada', 'disk')"
)
LOST = "insert into lost_decisions values (1, %s, 'ignore', 'ursula', now(), 'a test', null)"


def test_after_a_restore_the_page_forbids_what_the_lost_ledger_may_have_sent(ledger: Ledger, sql: Sql) -> None:
    """R96, R44"""
    queue(ledger, 1)
    sql.do(RESTORED)
    ledger.hold("channel_shop", HoldKind.RESTORE, HoldScope.SUBMIT, "restored", ACTOR)
    answer = ask(ledger, key=str(key(1)), whole_order=True)
    assert "once the orders were looked up and the lost decisions are confirmed" in answer.text
    assert "DO NOT enter it now: it may be in the ERP already" in answer.page
    assert "looked up" in ask(ledger, reference="W9").text


def test_the_attempt_that_a_restore_puts_on_record_is_not_counted_as_one(ledger: Ledger, sql: Sql) -> None:
    queue(ledger, 1)
    sql.do(RESTORED)
    ledger.doubt("shop", 1800.0, ACTOR)
    answer = ask(ledger, key=str(key(1)), whole_order=True)
    assert sql.one("select count(*) from attempts") == 1
    assert "may have been sent by a ledger that was lost" in answer.text
    assert "DO NOT enter it now" in answer.page
    assert [row.attempts for row in ledger.listed(Filters(), 10)] == [0]


def test_a_lost_decision_about_an_order_that_is_finished_is_not_to_be_taken_again(ledger: Ledger, sql: Sql) -> None:
    close(ledger, send(ledger, 1).entries, Event.RECEIPT)
    sql.do(RESTORED)
    sql.do(LOST, str(key(1)))
    assert [each.action for each in ledger.stories([key(1)])[key(1)].lost] == ["ignore"]
    settle(ledger, sql, Event.CONFIRMED)
    assert ledger.stories([key(1)])[key(1)].lost == ()


def test_an_order_that_the_erp_has_begun_is_not_keyed_in(ledger: Ledger, sql: Sql) -> None:
    """R44"""
    close(ledger, send(ledger, 1).entries, None, "OUTCOME_UNKNOWN", "no answer")
    settle(ledger, sql, Event.HALF_MADE, erp_number="SO9", erp_status="draft")
    assert "DO NOT enter it now" in ask(ledger, key=str(key(1)), whole_order=True).page


def test_an_erased_order_is_told_as_one(ledger: Ledger, sql: Sql) -> None:
    fail(ledger, 1)
    sql.do("update orders set status = 'ignored', customer_account = null, problems = '[]', erased_at = now()")
    answer = ask(ledger, key=str(key(1)), whole_order=True)
    assert "By itself       Nothing is sent: its content was erased." in answer.text
    assert "People may      mark_as_synced, with the DAG resync_orders" in answer.text
    assert "DO NOT enter it: its content was erased." in answer.page
