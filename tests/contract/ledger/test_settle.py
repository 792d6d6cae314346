"""Apply, due, horizon: what evidence does to orders, under which condition, and what is left to look at."""

from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.ports.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Seen,
    change,
    claim,
    close,
    fail,
    key,
    land,
    make_due,
    open_all,
    order_of,
    queue,
    send,
    settle,
)


def test_a_change_of_an_order_that_moved_on_is_not_applied(ledger: Ledger, seen: Seen) -> None:
    land(ledger, 1, 2)
    one, two = ledger.to_validate("shop", None, ALL)
    land(ledger, 1, digest="b")
    valid = [change(entry, Event.VALID, order=order_of(entry)) for entry in (one, two)]
    assert ledger.apply(valid, ACTOR) == 1
    assert (seen.status(1), seen.status(2)) == ("received", "queued")
    assert ledger.apply(valid, ACTOR) == 0
    assert seen.events(2) == ["landed", "valid"]


def test_a_finding_about_an_open_attempt_falls_when_its_receipt_comes_first(ledger: Ledger, seen: Seen) -> None:
    """The look saw nothing, then the slow answer arrived: absence proves nothing any more."""
    claimed = send(ledger, 1)
    make_due(seen)
    (entry,) = ledger.due("shop", ALL)
    close(ledger, claimed.entries, Event.RECEIPT)
    assert ledger.apply([change(entry, Event.ABSENT)], ACTOR) == 0
    assert seen.status(1) == "sent"


def test_the_grace_of_the_newest_attempt_counts(ledger: Ledger, seen: Seen) -> None:
    send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    open_all(ledger, claim(ledger))
    make_due(seen)
    (entry,) = ledger.due("shop", ALL)
    assert entry.doubt is not None
    assert entry.doubt.resends == 1
    assert (entry.doubt.grace_until,) == seen.attempts(1, "grace_until")[-1]
    assert entry.doubt.grace_until == seen.order(1, "lease_until")[0]


def test_a_confirmation_succeeds_with_the_erps_number_and_resolves_the_attempts(ledger: Ledger, seen: Seen) -> None:
    """R40, R41, T1"""
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    assert settle(ledger, seen, Event.CONFIRMED, erp_number="SO-9", erp_status="processing") == 1
    assert seen.order(1, "status, erp_number, erp_status") == ("succeeded", "SO-9", "processing")
    assert seen.order(1, "next_look_at, code, message") == (None, None, "")
    ((looked, resolved, resolution),) = seen.attempts(1, "looked_at, resolved_at, resolution")
    assert looked == resolved
    assert resolution == "confirmed"
    assert ledger.horizon("shop").next_look_at is None


@pytest.mark.parametrize(
    ("event", "status"),
    [(Event.ABSENT, "queued"), (Event.HALF_MADE, "queued"), (Event.RESENDS_SPENT, "dead"), (Event.REFUSED, "failed"),
     (Event.CANCELLED_IN_ERP, "failed"), (Event.DIFFERENT, "conflict"), (Event.TWO_IN_ERP, "conflict")],
)  # fmt: skip
def test_definite_evidence_resolves_the_attempt(ledger: Ledger, seen: Seen, event: Event, status: str) -> None:
    send(ledger, 1)
    settle(ledger, seen, event, code="CODE", message="text")
    assert seen.order(1, "status, code, message, next_look_at") == (status, "CODE", "text", None)
    ((resolution, looked_at, resolved_at),) = seen.attempts(1, "resolution, looked_at, resolved_at")
    assert (resolution, looked_at) == (event, resolved_at)


@pytest.mark.parametrize(("event", "status"), [(Event.TAKEN, "sent"), (Event.WINDOW_OVER, "pending_verification")])
def test_evidence_that_proves_nothing_leaves_the_attempt_unresolved(
    ledger: Ledger, seen: Seen, event: Event, status: str
) -> None:
    send(ledger, 1)
    look = ledger.now() + timedelta(minutes=5)
    settle(ledger, seen, event, next_look_at=look)
    assert seen.order(1, "status, next_look_at") == (status, look)
    ((looked_at, resolution),) = seen.attempts(1, "looked_at, resolution")
    assert looked_at is not None
    assert resolution is None


@pytest.mark.parametrize("event", [Event.ABSENT, Event.HALF_MADE])
def test_an_order_to_send_again_counts_the_resend_and_is_free_at_once(ledger: Ledger, seen: Seen, event: Event) -> None:
    send(ledger, 1)
    before = seen.order(1, "generation, window_ends_at")
    settle(ledger, seen, event)
    assert seen.order(1, "status, resends, lease_until") == ("queued", 1, None)
    assert seen.order(1, "generation, window_ends_at") == (before[0] + 1, before[1])
    assert open_all(ledger, claim(ledger)) == {key(1)}


def test_a_look_without_a_verdict_notes_the_next_one_and_what_it_saw(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    before = seen.order(1, "generation, window_ends_at")
    look = ledger.now() + timedelta(minutes=5)
    assert settle(ledger, seen, None, next_look_at=look, erp_status="draft", erp_number="D-1") == 1
    assert seen.order(1, "status, next_look_at, erp_status, erp_number") == ("sent", look, "draft", "D-1")
    assert seen.order(1, "generation, window_ends_at") == before
    assert seen.events(1)[-1] == "receipt"
    assert seen.attempts(1, "looked_at") != [(None,)]


def test_the_text_of_a_later_look_is_kept_and_silence_does_not_erase_it(ledger: Ledger, seen: Seen) -> None:
    send(ledger, 1)
    settle(
        ledger, seen, Event.WINDOW_OVER, code="PENDING_VERIFICATION", message="not there yet", next_look_at=ledger.now()
    )
    settle(
        ledger, seen, None, code="PENDING_VERIFICATION", message="the queue says: no period", next_look_at=ledger.now()
    )
    settle(ledger, seen, None, next_look_at=ledger.now())
    assert seen.order(1, "code, message") == ("PENDING_VERIFICATION", "the queue says: no period")


@pytest.mark.parametrize("together", [True, False])
def test_an_erp_number_that_another_order_has_is_a_recorded_conflict(
    ledger: Ledger, seen: Seen, together: bool
) -> None:
    send(ledger, 1)
    if not together:
        settle(ledger, seen, Event.CONFIRMED, erp_number="SO-1")
    send(ledger, 2)
    assert settle(ledger, seen, Event.CONFIRMED, erp_number="SO-1") == (2 if together else 1)
    assert seen.order(1, "status, erp_number") == ("succeeded", "SO-1")
    status, code, message = seen.order(2, "status, code, message")
    assert (status, code) == ("conflict", "ORDER_CONFLICT")
    assert "the ERP names SO-1 as its order number, which is that of order shop:S1/00001" in str(message)
    assert seen.events(2)[-1] == "different"


def test_an_order_given_up_stays_so_when_its_number_turns_out_to_be_anothers(ledger: Ledger, seen: Seen) -> None:
    """`failed` has no way to `conflict`: the finding is noted, and nothing is moved."""
    send(ledger, 1)
    settle(ledger, seen, Event.CONFIRMED, erp_number="SO-1")
    send(ledger, 2)
    settle(ledger, seen, Event.REFUSED, code="REJECTED_BY_ERP")
    land(ledger, 3)
    (template,) = ledger.to_validate("shop", None, ALL)
    (generation,) = seen.order(2, "generation")
    failed = replace(template, key=key(2), status=Status.FAILED, generation=int(generation))
    assert ledger.apply([change(failed, Event.CONFIRMED, erp_number="SO-1")], ACTOR) == 1
    assert seen.order(2, "status, code") == ("failed", "ORDER_CONFLICT")
    assert seen.events(2)[-1] == "refused"


def test_counts_are_by_status_of_one_channel(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1, 2)
    land(ledger, 3)
    fail(ledger, 4)
    assert ledger.counts("shop") == {"queued": 2, "failed": 2}
    assert ledger.counts("other") == {}


def test_to_validate_pages_in_key_order(ledger: Ledger) -> None:
    land(ledger, 3, 1, 2)
    first = ledger.to_validate("shop", None, 2)
    assert [entry.key for entry in first] == [key(1), key(2)]
    assert [entry.key for entry in ledger.to_validate("shop", first[-1].key, 2)] == [key(3)]
    assert not ledger.to_validate("other", None, 2)


def test_a_receipt_that_is_acceptance_confirms_without_a_look(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    (entry,) = claimed.entries
    accepted = replace(entry, status=Status.SENT)
    assert ledger.apply([change(accepted, Event.CONFIRMED, erp_number="N00001", by_receipt=True)], ACTOR) == 1
    assert seen.order(1, "status, erp_number") == ("succeeded", "N00001")
    assert seen.events(1)[-2:] == ["receipt", "confirmed"]
    ((outcome, resolution, looked_at, last_look),) = seen.attempts(1, "outcome, resolution, looked_at, last_look")
    assert (outcome, resolution, looked_at, last_look) == ("receipt", "confirmed", None, None)
