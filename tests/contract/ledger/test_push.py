"""Claim, open, close, release: one push at a time, with an attempt on record before and after."""

from datetime import timedelta

import pytest

from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Event
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Outcome
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.receipts import Receipt
from tests.ledger.steps import (
    ACTOR,
    ALL,
    GRACE,
    LEASE,
    WINDOW,
    Seen,
    change,
    claim,
    close,
    key,
    land,
    made_of,
    make_due,
    open_all,
    queue,
    send,
    settle,
    validate,
)

ATTEMPT = "outcome, code, message, resolution"

LEASE_OVER = timedelta(seconds=LEASE)


def test_a_claim_takes_the_oldest_queued_orders_and_raises_their_generation(ledger: Ledger, seen: Seen) -> None:
    """R38"""
    queue(ledger, 3, 1, 2)
    land(ledger, 4)
    (before,) = seen.order(3, "generation")
    claimed = claim(ledger, limit=2)
    assert [entry.key for entry in claimed.entries] == [key(3), key(1)]
    assert claimed.entries[0].generation == before + 1 == seen.order(3, "generation")[0]
    assert claimed.entries[0].transaction.reference == "R-3"
    assert claimed.lease_seconds == LEASE
    status, lease_until = seen.order(3, "status, lease_until")
    assert status == "queued"
    assert timedelta(0) < lease_until - ledger.now() <= timedelta(seconds=LEASE)
    assert [entry.key for entry in claim(ledger).entries] == [key(2)]


def test_an_order_that_the_erp_is_busy_with_is_queued_for_later_and_says_why(ledger: Ledger, seen: Seen) -> None:
    busy, other = send(ledger, 1, 2).entries
    wait = timedelta(minutes=7)
    ledger.close(
        [
            Outcome(busy.key, busy.generation, Event.NOT_SENT, "ORDER_BUSY", "a job runs", retry_after=wait),
            Outcome(other.key, other.generation, Event.NOT_SENT, "NOT_SENT", "the push ended"),
        ],
        None,
        GRACE,
        WINDOW,
        ACTOR,
    )
    facts = "status, code, message, first_attempt_at, window_ends_at, next_look_at, lease_until"
    assert seen.order(1, facts) == ("queued", "ORDER_BUSY", "a job runs", None, None, None, None)
    assert seen.events(1)[-1] == "not_sent"
    assert seen.attempts(1, ATTEMPT) == [("not_sent", "ORDER_BUSY", "a job runs", "not_sent")]
    (next_attempt_at,) = seen.order(1, "next_attempt_at")
    assert ledger.now() + timedelta(minutes=6) < next_attempt_at < ledger.now() + wait
    assert ledger.queued("shop", sent_before=True) == 1
    assert [entry.key for entry in claim(ledger).entries] == [other.key]
    seen.let_pass(wait)
    assert ledger.queued("shop", sent_before=False) == 1
    assert [entry.key for entry in claim(ledger).entries] == [busy.key]


def test_a_lease_that_ended_without_an_attempt_frees_the_order(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1)
    dead = claim(ledger)
    assert not claim(ledger).entries
    seen.let_pass(LEASE_OVER)
    assert [entry.key for entry in claim(ledger).entries] == [key(1)]
    assert open_all(ledger, dead) == set()


def test_a_channel_on_hold_waits_for_a_person_and_not_for_the_erp(ledger: Ledger) -> None:
    queue(ledger, 1)
    ledger.record("shop", "tryton", [], Watermark("one database", 1), ACTOR)
    ledger.hold("channel_shop", HoldKind.PERSON, HoldScope.SUBMIT, "stocktaking", ACTOR)
    assert not ledger.waits(["shop"], sent_before=True)
    ledger.release_hold("channel_shop", HoldKind.PERSON, ACTOR)
    ledger.hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL, "the shop is away", ACTOR)
    assert ledger.waits(["shop"], sent_before=True), "what was read is sent"


def test_releasing_gives_back_what_was_not_sent_and_nothing_else(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1, 2)
    claimed = claim(ledger)
    ledger.open(claimed, made_of(claimed, 1), 120, WINDOW)
    ledger.release(claimed)
    assert seen.order(1, "status")[0] == "sending"
    assert seen.order(1, "lease_until")[0] is not None
    assert [entry.key for entry in claim(ledger).entries] == [key(2)]


def test_releasing_a_claim_that_another_took_over_frees_nothing(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1)
    dead = claim(ledger)
    seen.let_pass(LEASE_OVER)
    claim(ledger)
    ledger.release(dead)
    assert not claim(ledger).entries


def test_an_attempt_is_on_record_before_anything_is_sent(ledger: Ledger, seen: Seen) -> None:
    """R10, R41"""
    queue(ledger, 1)
    claimed = claim(ledger)
    assert ledger.open(claimed, made_of(claimed), grace_seconds=120, window_seconds=1800) == {key(1)}
    assert seen.status(1) == "sending"
    assert seen.events(1)[-1] == "attempt_opened"
    generation, lease_until, first_attempt_at = seen.order(1, "generation, lease_until, first_attempt_at")
    window_ends_at, next_look_at = seen.order(1, "window_ends_at, next_look_at")
    assert seen.attempts(1, "generation, opened_at, closed_at, outcome, grace_until") == [
        (generation, first_attempt_at, None, None, lease_until)
    ]
    assert window_ends_at - first_attempt_at == timedelta(minutes=30)
    assert next_look_at == lease_until
    assert open_all(ledger, claimed) == set()


def test_an_attempt_is_looked_at_when_both_lease_and_grace_are_over(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1)
    claimed = claim(ledger)
    ledger.open(claimed, made_of(claimed), grace_seconds=3600, window_seconds=1800)
    [(opened_at, grace_until)] = seen.attempts(1, "opened_at, grace_until")
    assert grace_until - opened_at == timedelta(hours=1)
    assert seen.order(1, "next_look_at") == (grace_until,)


def test_nothing_is_opened_once_the_lease_is_over(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1)
    claimed = claim(ledger)
    seen.let_pass(LEASE_OVER)
    assert open_all(ledger, claimed) == set()
    assert seen.status(1) == "queued"
    assert seen.attempts(1, "outcome") == []


def test_only_what_was_asked_for_is_opened(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1, 2, 3)
    claimed = claim(ledger)
    stranger = {key(9): made_of(claimed)[key(1)]}
    assert ledger.open(claimed, made_of(claimed, 2) | stranger, 120, WINDOW) == {key(2)}
    assert seen.status(1) == "queued"


def test_a_receipt_makes_the_order_sent_and_starts_its_window(ledger: Ledger, seen: Seen) -> None:
    """R40"""
    claimed = send(ledger, 1)
    look = ledger.now() + timedelta(minutes=1)
    receipt = Receipt("SO-1", "quotation")
    outcome = Outcome(key(1), claimed.entries[0].generation, Event.RECEIPT, receipt=receipt)
    ledger.close([outcome], look, GRACE, WINDOW, ACTOR)
    assert seen.order(1, "status, erp_number, erp_status") == ("sent", "SO-1", "quotation")
    assert seen.order(1, "lease_until, next_look_at") == (None, look)
    window_ends_at, receipt_at = seen.order(1, "window_ends_at, receipt_at")
    assert window_ends_at - receipt_at == timedelta(minutes=30)
    assert seen.attempts(1, ATTEMPT) == [("receipt", None, "", None)]
    assert seen.events(1)[-1] == "receipt"


def test_the_first_look_is_never_later_than_the_windows_end(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    receipt = Receipt("SO-1", "quotation")
    outcome = Outcome(key(1), claimed.entries[0].generation, Event.RECEIPT, receipt=receipt)
    ledger.close([outcome], ledger.now() + timedelta(days=1), GRACE, WINDOW, ACTOR)
    assert seen.order(1, "next_look_at") == seen.order(1, "window_ends_at")


def test_a_second_receipt_does_not_move_the_window(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    settle(ledger, seen, Event.WINDOW_OVER)
    settle(ledger, seen, Event.HALF_MADE)
    (before,) = seen.order(1, "window_ends_at")
    again = claim(ledger)
    open_all(ledger, again)
    close(ledger, again.entries, Event.RECEIPT)
    assert seen.order(1, "status, window_ends_at") == ("sent", before)


def test_what_provably_was_not_sent_is_queued_again_as_if_nothing_had_been_tried(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.NOT_SENT, "ERP_UNAVAILABLE", "connection refused")
    assert seen.order(1, "status, lease_until, first_attempt_at, window_ends_at, next_look_at, code, message") == (
        *("queued", None, None, None, None),
        *("ERP_UNAVAILABLE", "connection refused"),
    )
    assert seen.attempts(1, ATTEMPT) == [("not_sent", "ERP_UNAVAILABLE", "connection refused", "not_sent")]
    again = claim(ledger)
    assert open_all(ledger, again) == {key(1)}


def test_the_window_stays_when_an_earlier_attempt_may_have_been_sent(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN")
    settle(ledger, seen, Event.ABSENT)
    (before,) = seen.order(1, "window_ends_at")
    again = claim(ledger)
    open_all(ledger, again)
    close(ledger, again.entries, Event.NOT_SENT)
    assert seen.order(1, "status, window_ends_at") == ("queued", before)
    assert ledger.off_peak("shop") == 1


def test_a_late_word_that_the_earlier_attempt_was_not_sent_counts_too(ledger: Ledger, seen: Seen) -> None:
    """Of two attempts none reached the ERP: the window has not begun."""
    first = send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    second = claim(ledger)
    open_all(ledger, second)
    close(ledger, first.entries, Event.NOT_SENT)
    close(ledger, second.entries, Event.NOT_SENT)
    assert seen.order(1, "status, window_ends_at, first_attempt_at") == ("queued", None, None)


def test_an_unknown_outcome_stays_sending_and_is_looked_up_after_the_grace(ledger: Ledger, seen: Seen) -> None:
    """R81"""
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN", "no answer")
    assert seen.order(1, "status, code, message") == ("sending", "OUTCOME_UNKNOWN", "no answer")
    assert seen.attempts(1, ATTEMPT) == [("unknown", "OUTCOME_UNKNOWN", "no answer", None)]
    assert seen.order(1, "next_look_at") == seen.attempts(1, "grace_until")[0]
    assert seen.events(1)[-1] == "attempt_opened"


@pytest.mark.parametrize(
    ("event", "status"),
    [(Event.REFUSED, "failed"), (Event.REFUSED_TOO_OFTEN, "dead"), (Event.DIFFERENT, "conflict")],
)
def test_a_definite_answer_ends_the_attempt_and_moves_the_order(
    ledger: Ledger, seen: Seen, event: Event, status: str
) -> None:
    """R10, R41"""
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, event, "REJECTED_BY_ERP", "no such customer")
    assert seen.order(1, "status, code, message, next_look_at") == (status, "REJECTED_BY_ERP", "no such customer", None)
    assert seen.attempts(1, ATTEMPT) == [(event, "REJECTED_BY_ERP", "no such customer", event)]
    assert seen.events(1)[-1] == event


def test_refusals_are_counted_over_all_attempts(ledger: Ledger) -> None:
    for digest in ("a", "b", "c"):
        land(ledger, 1, digest=digest)
        validate(ledger)
        claimed = claim(ledger)
        open_all(ledger, claimed)
        close(ledger, claimed.entries, Event.REFUSED)
    land(ledger, 1, digest="d")
    (entry,) = ledger.to_validate("shop", None, ALL)
    assert entry.refusals == 3


def test_an_answer_under_an_old_generation_is_kept_and_moves_nothing(ledger: Ledger, seen: Seen) -> None:
    """The settled attempt's late receipt is evidence only: the order was queued again meanwhile."""
    claimed = send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    close(ledger, claimed.entries, Event.RECEIPT)
    assert seen.status(1) == "queued"
    assert seen.attempts(1, ATTEMPT) == [("receipt", None, "", "absent")]
    assert seen.events(1)[-1] == "absent"


def test_an_answer_to_an_order_that_has_moved_on_is_kept_and_moves_nothing(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    settle(ledger, seen, Event.CONFIRMED)
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP", "too late")
    assert seen.order(1, "status, code") == ("succeeded", None)
    assert seen.attempts(1, ATTEMPT) == [("refused", "REJECTED_BY_ERP", "too late", "confirmed")]


def test_a_late_receipt_is_looked_up_before_the_order_is_sent_again(ledger: Ledger, seen: Seen) -> None:
    """The ERP has the order after all: the next push settles it, and opens no attempt."""
    first = send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    second = claim(ledger)
    close(ledger, first.entries, Event.RECEIPT)
    assert open_all(ledger, second) == set(), "a new fact ends the claim"
    seen.let_pass(LEASE_OVER)
    assert open_all(ledger, claim(ledger)) == set()
    assert seen.order(1, "status, lease_until") == ("sending", None)
    assert len(seen.attempts(1, "outcome")) == 1
    assert seen.events(1)[-1] == "attempt_opened"
    (entry,) = ledger.due("shop", ALL)
    assert entry.doubt is not None
    found = change(entry, Event.CONFIRMED, erp_number="SO-1")
    assert ledger.apply([found], ACTOR) == 1
    assert seen.status(1) == "succeeded"


def test_a_look_that_began_before_a_late_receipt_decides_nothing(ledger: Ledger, seen: Seen) -> None:
    first = send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    second = claim(ledger)
    open_all(ledger, second)
    make_due(seen)
    (entry,) = ledger.due("shop", ALL)
    close(ledger, first.entries, Event.RECEIPT)
    assert ledger.apply([change(entry, Event.ABSENT)], ACTOR) == 0
    assert seen.status(1) == "sending"
    assert seen.order(1, "next_look_at")[0] <= ledger.now()


def test_an_unknown_attempt_from_before_a_resync_is_settled_before_a_new_one_is_opened(
    ledger: Ledger, seen: Seen
) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN")
    settle(ledger, seen, Event.WINDOW_OVER)
    settle(ledger, seen, Event.RESYNC)
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == set()
    assert seen.order(1, "status, next_look_at") == ("sending", *seen.attempts(1, "grace_until")[0])
    assert seen.order(1, "window_ends_at")[0] > ledger.now()
    settle(ledger, seen, Event.ABSENT)
    assert open_all(ledger, claim(ledger)) == {key(1)}
    assert len(seen.attempts(1, "outcome")) == 2


def test_a_receipt_that_a_look_has_answered_since_the_resync_does_not_stop_the_next_attempt(
    ledger: Ledger, seen: Seen
) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    settle(ledger, seen, Event.WINDOW_OVER)
    settle(ledger, seen, Event.RESYNC)
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == set(), "the answer is from before the resync"
    settle(ledger, seen, Event.HALF_MADE)
    assert open_all(ledger, claim(ledger)) == {key(1)}
