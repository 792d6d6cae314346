"""Claim, open, close, release: each order is sent by one push at a time, with an attempt on record before and after."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from order_sync.core.holds import HoldKind, HoldScope
from order_sync.core.lifecycle import Event
from order_sync.core.ports import Actor, Outcome, Receipt
from order_sync.core.watermark import Watermark
from order_sync.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    ALL,
    GRACE,
    LEASE,
    WINDOW,
    Connect,
    Sql,
    change,
    claim,
    close,
    key,
    land,
    open_all,
    queue,
    send,
    settle,
    validate,
)

ATTEMPTS = (
    "select outcome, code, message, receipt_number, closed_at is not null, resolution from attempts order by opened_at"
)
EXPIRE = "update orders set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null"


def test_a_claim_takes_the_oldest_queued_orders_and_raises_their_generation(ledger: Ledger, sql: Sql):
    """R38"""
    queue(ledger, 3, 1, 2)
    land(ledger, 4)
    (before,) = sql.order(3, "generation")
    claimed = claim(ledger, limit=2)
    assert [entry.key for entry in claimed.entries] == [key(3), key(1)]
    assert claimed.entries[0].generation == before + 1 == sql.order(3, "generation")[0]
    assert claimed.entries[0].transaction.reference == "R-3"
    assert claimed.lease_seconds == LEASE
    assert sql.order(3, "status, lease_until > clock_timestamp()") == ("queued", True)
    assert [entry.key for entry in claim(ledger).entries] == [key(2)]


def test_a_lease_that_ended_without_an_attempt_frees_the_order(ledger: Ledger, sql: Sql):
    queue(ledger, 1)
    dead = claim(ledger)
    assert not claim(ledger).entries
    sql.do(EXPIRE)
    assert [entry.key for entry in claim(ledger).entries] == [key(1)]
    assert open_all(ledger, dead) == set()


def test_an_order_whose_next_attempt_is_not_due_is_left(ledger: Ledger, sql: Sql):
    """R38"""
    queue(ledger, 1)
    sql.do("update orders set next_attempt_at = clock_timestamp() + interval '1 minute'")
    assert not claim(ledger).entries


def test_what_is_left_for_the_next_push_is_what_it_may_claim(ledger: Ledger, sql: Sql):
    queue(ledger, *range(1, 6))
    sql.do(
        "update orders set next_attempt_at = clock_timestamp() + interval '1 hour' where order_key = %s", str(key(1))
    )
    sql.do("update orders set first_attempt_at = clock_timestamp() where order_key = %s", str(key(2)))
    assert ledger.queued("shop", sent_before=True) == len(claim(ledger).entries) == 4
    assert ledger.queued("shop", sent_before=False) == 3
    assert ledger.queued("other", sent_before=True) == 0


@pytest.mark.parametrize(
    ("change", "waits"),
    [
        ("select", True),
        ("update orders set next_attempt_at = clock_timestamp() + interval '1 hour'", False),
        ("update orders set lease_until = clock_timestamp() + interval '1 minute'", False),
        ("update orders set first_attempt_at = clock_timestamp()", False),
        ("update orders set status = 'failed'", False),
        ("update watermarks set stored_at = clock_timestamp() - interval '61 minutes'", False),
        ("delete from watermarks", False),
    ],
)
def test_a_channel_waits_while_it_is_read_and_has_an_order_that_a_push_could_send(
    ledger: Ledger, sql: Sql, change: str, waits: bool
):
    queue(ledger, 1)
    ledger.record("shop", "tryton", [], Watermark("one database", 1), ACTOR)
    sql.do(change)
    assert ledger.waits(["shop", "other"], sent_before=False) is waits
    assert not ledger.waits(["other"], sent_before=False)
    assert not ledger.waits([], sent_before=False)


def test_a_channel_on_hold_waits_for_a_person_and_not_for_the_erp(ledger: Ledger):
    queue(ledger, 1)
    ledger.record("shop", "tryton", [], Watermark("one database", 1), ACTOR)
    ledger.hold("channel_shop", HoldKind.PERSON, HoldScope.SUBMIT, "stocktaking", ACTOR)
    assert not ledger.waits(["shop"], sent_before=True)
    ledger.release_hold("channel_shop", HoldKind.PERSON, ACTOR)
    ledger.hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL, "the shop is away", ACTOR)
    assert ledger.waits(["shop"], sent_before=True), "what was read is sent"


def test_two_claims_at_once_share_the_orders_and_none_is_in_both(connect: Connect):
    """R38"""
    with Ledger(connect) as ledger, ThreadPoolExecutor(4) as pool:
        queue(ledger, *range(1, 201))
        claims = list(pool.map(lambda run: ledger.claim("shop", 60, LEASE, Actor(f"run {run}")), range(4)))
        keys = [entry.key for claimed in claims for entry in claimed.entries]
        assert len(keys) == len(set(keys))
        rest = [entry.key for entry in claim(ledger).entries]
        assert len(keys) + len(rest) == 200


def test_a_claim_passes_over_what_another_is_claiming_and_waits_for_nobody(connect: Connect, sql: Sql):
    """R38"""

    def impatient() -> psycopg.Connection:
        connection = connect()
        connection.execute("set lock_timeout = '1s'")
        connection.commit()
        return connection

    with Ledger(impatient) as ledger, sql.connection.transaction():
        queue(ledger, 1, 2)
        sql.do("select from orders where order_key = %s for update", str(key(1)))
        assert [entry.key for entry in claim(ledger).entries] == [key(2)]


def test_releasing_gives_back_what_was_not_sent_and_nothing_else(ledger: Ledger, sql: Sql):
    queue(ledger, 1, 2)
    claimed = claim(ledger)
    ledger.open(claimed, [key(1)], 120, WINDOW)
    ledger.release(claimed)
    assert sql.order(1, "status, lease_until is null") == ("sending", False)
    assert [entry.key for entry in claim(ledger).entries] == [key(2)]


def test_releasing_a_claim_that_another_took_over_frees_nothing(ledger: Ledger, sql: Sql):
    queue(ledger, 1)
    dead = claim(ledger)
    sql.do(EXPIRE)
    claim(ledger)
    ledger.release(dead)
    assert not claim(ledger).entries


def test_an_attempt_is_on_record_before_anything_is_sent(ledger: Ledger, sql: Sql):
    """R10, R41"""
    queue(ledger, 1)
    claimed = claim(ledger)
    assert ledger.open(claimed, [key(1)], grace_seconds=120, window_seconds=1800) == {key(1)}
    assert sql.status(1) == "sending"
    assert sql.events(1)[-1] == "attempt_opened"
    facts = (
        "a.generation = o.generation, a.opened_by, a.closed_at, a.outcome, a.grace_until = o.lease_until,"
        " o.first_attempt_at = a.opened_at, o.window_ends_at - a.opened_at, o.next_look_at = o.lease_until"
    )
    assert sql.rows(f"select {facts} from attempts a join orders o on o.id = a.order_id") == [
        (True, ACTOR.by, None, None, True, True, timedelta(minutes=30), True)
    ]
    assert ledger.open(claimed, [key(1)], 120, 1800) == set()


def test_an_attempt_is_looked_at_when_both_lease_and_grace_are_over(ledger: Ledger, sql: Sql):
    queue(ledger, 1)
    ledger.open(claim(ledger), [key(1)], grace_seconds=3600, window_seconds=1800)
    assert sql.one("select next_look_at = (select grace_until from attempts) from orders") is True


def test_nothing_is_opened_once_the_lease_is_over(ledger: Ledger, sql: Sql):
    queue(ledger, 1)
    claimed = claim(ledger)
    sql.do(EXPIRE)
    assert open_all(ledger, claimed) == set()
    assert sql.status(1) == "queued"
    assert sql.one("select count(*) from attempts") == 0


def test_only_what_was_asked_for_is_opened(ledger: Ledger, sql: Sql):
    queue(ledger, 1, 2, 3)
    assert ledger.open(claim(ledger), [key(2), key(9)], 120, WINDOW) == {key(2)}
    assert sql.status(1) == "queued"


def test_a_receipt_makes_the_order_sent_and_starts_its_window(ledger: Ledger, sql: Sql):
    """R40"""
    claimed = send(ledger, 1)
    look = ledger.now() + timedelta(minutes=1)
    receipt = Receipt("SO-1", "quotation")
    outcome = Outcome(key(1), claimed.entries[0].generation, Event.RECEIPT, receipt=receipt)
    ledger.close([outcome], look, GRACE, WINDOW, ACTOR)
    facts = "status, erp_number, erp_status, lease_until, window_ends_at - receipt_at, next_look_at"
    assert sql.order(1, facts) == ("sent", "SO-1", "quotation", None, timedelta(minutes=30), look)
    assert sql.rows(ATTEMPTS) == [("receipt", None, "", "SO-1", True, None)]
    assert sql.events(1)[-1] == "receipt"


def test_the_first_look_is_never_later_than_the_windows_end(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    receipt = Receipt("SO-1", "quotation")
    outcome = Outcome(key(1), claimed.entries[0].generation, Event.RECEIPT, receipt=receipt)
    ledger.close([outcome], ledger.now() + timedelta(days=1), GRACE, WINDOW, ACTOR)
    assert sql.one("select next_look_at = window_ends_at from orders") is True


def test_a_second_receipt_does_not_move_the_window(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    settle(ledger, sql, Event.WINDOW_OVER)
    settle(ledger, sql, Event.HALF_MADE)
    (before,) = sql.order(1, "window_ends_at")
    again = claim(ledger)
    open_all(ledger, again)
    close(ledger, again.entries, Event.RECEIPT)
    assert sql.order(1, "status, window_ends_at") == ("sent", before)


def test_what_provably_was_not_sent_is_queued_again_as_if_nothing_had_been_tried(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.NOT_SENT, "ERP_UNAVAILABLE", "connection refused")
    facts = "status, lease_until, first_attempt_at, window_ends_at, next_look_at, code, message"
    assert sql.order(1, facts) == ("queued", None, None, None, None, "ERP_UNAVAILABLE", "connection refused")
    assert sql.rows(ATTEMPTS) == [("not_sent", "ERP_UNAVAILABLE", "connection refused", "", True, "not_sent")]
    again = claim(ledger)
    assert open_all(ledger, again) == {key(1)}


def test_the_window_stays_when_an_earlier_attempt_may_have_been_sent(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN")
    settle(ledger, sql, Event.ABSENT)
    (before,) = sql.order(1, "window_ends_at")
    again = claim(ledger)
    open_all(ledger, again)
    close(ledger, again.entries, Event.NOT_SENT)
    assert sql.order(1, "status, window_ends_at, first_attempt_at is null") == ("queued", before, False)


def test_a_late_word_that_the_earlier_attempt_was_not_sent_counts_too(ledger: Ledger, sql: Sql):
    """Of two attempts none reached the ERP: the window has not begun."""
    first = send(ledger, 1)
    settle(ledger, sql, Event.ABSENT)
    second = claim(ledger)
    open_all(ledger, second)
    close(ledger, first.entries, Event.NOT_SENT)
    close(ledger, second.entries, Event.NOT_SENT)
    assert sql.order(1, "status, window_ends_at, first_attempt_at") == ("queued", None, None)


def test_an_unknown_outcome_stays_sending_and_is_looked_up_after_the_grace(ledger: Ledger, sql: Sql):
    """R81"""
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN", "no answer")
    assert sql.order(1, "status, code, message") == ("sending", "OUTCOME_UNKNOWN", "no answer")
    assert sql.rows(ATTEMPTS) == [("unknown", "OUTCOME_UNKNOWN", "no answer", "", True, None)]
    assert sql.one("select next_look_at = (select grace_until from attempts) from orders") is True
    assert sql.events(1)[-1] == "attempt_opened"


@pytest.mark.parametrize(
    ("event", "status"),
    [(Event.REFUSED, "failed"), (Event.REFUSED_TOO_OFTEN, "dead"), (Event.DIFFERENT, "conflict")],
)
def test_a_definite_answer_ends_the_attempt_and_moves_the_order(ledger: Ledger, sql: Sql, event: Event, status: str):
    """R10, R41"""
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, event, "REJECTED_BY_ERP", "no such customer")
    assert sql.order(1, "status, code, message, next_look_at") == (status, "REJECTED_BY_ERP", "no such customer", None)
    assert sql.rows(ATTEMPTS) == [(event, "REJECTED_BY_ERP", "no such customer", "", True, event)]
    query = "select by, why, code, message from order_history order by id desc limit 1"
    assert sql.rows(query) == [(ACTOR.by, ACTOR.why, "REJECTED_BY_ERP", "no such customer")]


def test_refusals_are_counted_over_all_attempts(ledger: Ledger):
    for digest in ("a", "b", "c"):
        land(ledger, 1, digest=digest)
        validate(ledger)
        claimed = claim(ledger)
        open_all(ledger, claimed)
        close(ledger, claimed.entries, Event.REFUSED)
    land(ledger, 1, digest="d")
    (entry,) = ledger.to_validate("shop", None, ALL)
    assert entry.refusals == 3


def test_an_answer_under_an_old_generation_is_kept_and_moves_nothing(ledger: Ledger, sql: Sql):
    """The settled attempt's late receipt is evidence only: the order was queued again meanwhile."""
    claimed = send(ledger, 1)
    settle(ledger, sql, Event.ABSENT)
    close(ledger, claimed.entries, Event.RECEIPT)
    assert sql.status(1) == "queued"
    assert sql.rows(ATTEMPTS) == [("receipt", None, "", "N00001", True, "absent")]
    assert sql.events(1)[-1] == "absent"


def test_an_answer_to_an_order_that_has_moved_on_is_kept_and_moves_nothing(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    settle(ledger, sql, Event.CONFIRMED)
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP", "too late")
    assert sql.order(1, "status, code") == ("succeeded", None)
    assert sql.rows(ATTEMPTS) == [("refused", "REJECTED_BY_ERP", "too late", "", True, "confirmed")]


def test_a_late_receipt_is_looked_up_before_the_order_is_sent_again(ledger: Ledger, sql: Sql):
    """The ERP has the order after all: the next push settles it, and opens no attempt."""
    first = send(ledger, 1)
    settle(ledger, sql, Event.ABSENT)
    second = claim(ledger)
    close(ledger, first.entries, Event.RECEIPT)
    assert open_all(ledger, second) == set(), "a new fact ends the claim"
    sql.do(EXPIRE)
    assert open_all(ledger, claim(ledger)) == set()
    assert sql.order(1, "status, lease_until") == ("sending", None)
    assert sql.one("select count(*) from attempts") == 1
    query = "select why from order_history where event = 'attempt_opened' order by id desc limit 1"
    assert "an earlier attempt is settled first" in str(sql.one(query))
    (entry,) = ledger.due("shop", ALL)
    assert entry.doubt is not None
    found = change(entry, Event.CONFIRMED, erp_number="SO-1")
    assert ledger.apply([found], ACTOR) == 1
    assert sql.status(1) == "succeeded"


def test_a_look_that_began_before_a_late_receipt_decides_nothing(ledger: Ledger, sql: Sql):
    first = send(ledger, 1)
    settle(ledger, sql, Event.ABSENT)
    second = claim(ledger)
    open_all(ledger, second)
    sql.do("update orders set next_look_at = clock_timestamp() - interval '1 second'")
    (entry,) = ledger.due("shop", ALL)
    close(ledger, first.entries, Event.RECEIPT)
    assert ledger.apply([change(entry, Event.ABSENT)], ACTOR) == 0
    assert sql.status(1) == "sending"
    assert sql.one("select next_look_at <= clock_timestamp() from orders") is True


def test_an_unknown_attempt_from_before_a_resync_is_settled_before_a_new_one_is_opened(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN")
    settle(ledger, sql, Event.WINDOW_OVER)
    settle(ledger, sql, Event.RESYNC)
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == set()
    facts = "status, next_look_at = (select grace_until from attempts), window_ends_at > clock_timestamp()"
    assert sql.order(1, facts) == ("sending", True, True)
    settle(ledger, sql, Event.ABSENT)
    assert open_all(ledger, claim(ledger)) == {key(1)}
    assert sql.one("select count(*) from attempts") == 2


def test_a_receipt_that_a_look_has_answered_since_the_resync_does_not_stop_the_next_attempt(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    settle(ledger, sql, Event.WINDOW_OVER)
    settle(ledger, sql, Event.RESYNC)
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == set(), "the answer is from before the resync"
    settle(ledger, sql, Event.HALF_MADE)
    assert open_all(ledger, claim(ledger)) == {key(1)}


def test_an_attempt_is_opened_while_others_are_closed(connect: Connect):
    """The push opens and closes from two threads at a time."""
    with Ledger(connect) as ledger, ThreadPoolExecutor(2) as pool:
        queue(ledger, *range(1, 101))
        claimed = claim(ledger)
        batches = [claimed.entries[start : start + 10] for start in range(0, 100, 10)]
        opened = pool.submit(ledger.open, claimed, [entry.key for entry in batches[0]], 120, WINDOW)
        for batch, following in zip(batches, [*batches[1:], []], strict=True):
            assert len(opened.result()) == 10
            closing = pool.submit(close, ledger, batch, Event.RECEIPT)
            opened = pool.submit(ledger.open, claimed, [entry.key for entry in following], 120, WINDOW)
            closing.result()
        assert ledger.counts("shop") == {"sent": 100}
