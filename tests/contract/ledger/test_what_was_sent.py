"""What was sent: the ledger gives it back as long as the ERP may have the order by it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Entry
from tests.ledger.steps import (
    ACTOR,
    ALL,
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


def entry(ledger: Ledger, number: int = 1) -> Entry:
    """The order as the ledger knows it."""
    (found,) = ledger.entries([key(number)])
    return found


def test_each_attempt_of_a_batch_keeps_its_own_order(ledger: Ledger) -> None:
    send(ledger, 1, 2, 3)
    for number in (1, 2, 3):
        known = entry(ledger, number)
        assert known.sent is not None
        assert (known.sent.order.key, known.sent.order.reference) == (key(number), f"R-{number}")


ENDS = {
    "open": (None, True),
    "unknown": (lambda ledger, entries: close(ledger, entries, None), True),
    "receipt": (lambda ledger, entries: close(ledger, entries, Event.RECEIPT), True),
    "different": (lambda ledger, entries: close(ledger, entries, Event.DIFFERENT), True),
    "refused": (lambda ledger, entries: close(ledger, entries, Event.REFUSED), False),
    "refused_too_often": (lambda ledger, entries: close(ledger, entries, Event.REFUSED_TOO_OFTEN), False),
    "not_sent": (lambda ledger, entries: close(ledger, entries, Event.NOT_SENT), False),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_was_sent_counts_as_long_as_the_erp_may_have_it(ledger: Ledger, end: str) -> None:
    act, counts = ENDS[end]
    claimed = send(ledger, 1)
    if act:
        act(ledger, claimed.entries)
    assert bool(entry(ledger).sent) is counts


@pytest.mark.parametrize(
    ("looks", "counts"),
    [
        ([Event.ABSENT], False),
        ([Event.HALF_MADE], True),
        ([Event.CANCELLED_IN_ERP], True),
        ([Event.REFUSED], False),
        ([None], True),
        ([Event.WINDOW_OVER, Event.ABSENT], False),
        ([Event.WINDOW_OVER, Event.HALF_MADE], True),
    ],
)
def test_what_was_sent_counts_until_a_look_says_that_the_erp_has_it_not(
    ledger: Ledger, seen: Seen, looks: list[Event | None], counts: bool
) -> None:
    close(ledger, send(ledger, 1).entries, None)
    for event in looks:
        assert settle(ledger, seen, event) == 1
    assert bool(entry(ledger).sent) is counts


def test_a_receipt_that_comes_after_a_look_that_found_nothing_counts(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    assert entry(ledger).sent is None
    close(ledger, claimed.entries, Event.RECEIPT)
    assert entry(ledger).sent is not None


def test_an_order_whose_refusal_was_taken_back_is_made_anew(ledger: Ledger) -> None:
    close(ledger, send(ledger, 1).entries, Event.REFUSED)
    ledger.apply([change(entry(ledger), Event.CONFIGURATION_SUSPECTED)], ACTOR)
    assert entry(ledger).status is Status.QUEUED
    assert entry(ledger).sent is None


def test_the_last_attempt_that_went_out_decides(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, seen, Event.HALF_MADE)
    claimed = claim(ledger)
    assert claimed.entries[0].sent is not None
    open_all(ledger, claimed)
    close(ledger, claimed.entries, Event.NOT_SENT)
    assert entry(ledger).sent is not None, "the one before it"
    claimed = claim(ledger)
    open_all(ledger, claimed)
    close(ledger, claimed.entries, Event.REFUSED)
    assert entry(ledger).sent is None


def test_what_was_sent_counts_no_longer_once_the_channel_changed_the_order(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, seen, Event.HALF_MADE)
    land(ledger, 1, digest="b", total="10.0", source_status="posted")
    assert (entry(ledger).version, seen.order(1, "content_version")) == (2, (1,))
    assert entry(ledger).sent is not None, "the same order, in other words"
    land(ledger, 1, digest="c")
    assert (entry(ledger).version, seen.order(1, "content_version")) == (3, (3,))
    assert entry(ledger).sent is None


def test_an_order_in_doubt_is_judged_by_what_was_sent(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1)
    claimed = claim(ledger)
    made = made_of(claimed)[key(1)]
    other = replace(made, order=replace(made.order, total=Decimal("12.3450"), currency="TND"))
    ledger.open(claimed, {key(1): other}, 120, 1800)
    assert seen.order(1, "total, currency") == (Decimal("10.00"), "EUR")
    make_due(seen)
    (due,) = ledger.due("shop", ALL)
    assert due.doubt is not None
    assert (due.doubt.total, due.doubt.currency) == (Decimal("12.3450"), "TND")


def test_a_conflict_tells_what_differs_from_what_was_sent(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, seen, Event.HALF_MADE)
    land(ledger, 1, digest="b")
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == set(), "it is looked up first"
    assert seen.status(1) == "sending"
    land(ledger, 1, digest="c")
    (message,) = seen.order(1, "message")
    assert message == (
        "the channel changed the order, and the ERP has it or may have it: total 10.00 -> 199.00: a person compares the"
        " two and decides"
    )


def test_what_is_sent_of_a_version_that_the_channel_moved_on_since_the_claim_says_so(
    ledger: Ledger, seen: Seen
) -> None:
    queue(ledger, 1)
    claimed = claim(ledger)
    land(ledger, 1, digest="b", total="10.0")
    assert open_all(ledger, claimed) == {key(1)}
    assert seen.order(1, "version") == (2,)
    known = entry(ledger).sent
    assert known is not None
    assert (known.provenance.version, known.provenance.digest) == (1, "a")
