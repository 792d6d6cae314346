"""Landing: what a batch makes of new, changed and known transactions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import pytest

from order_sync.core.decisions.selection import Selection
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Change, Landing
from tests.ledger.steps import (
    ACTOR,
    ALL,
    LEASE,
    Seen,
    change,
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
    transaction,
)


def test_a_transaction_comes_back_as_it_was_received(ledger: Ledger) -> None:
    odd = transaction(
        1, total=None, placed_at=None, delivery_date="", details='{"lines": [1, "\\u00e4 %s"]}', counter=None
    )
    ledger.record("shop", "tryton", [landing(1), replace(landing(1), transaction=odd)], None, ACTOR)
    (entry,) = ledger.to_validate("shop", None, 10)
    assert entry.transaction == odd
    assert entry.status is Status.RECEIVED
    assert entry.doubt is None


@pytest.mark.parametrize(
    ("landed", "disposition", "event", "after"),
    [
        (Status.WAITING, Status.RECEIVED, "complete", "received"),
        (Status.WAITING, Status.NOT_AN_ORDER, "no_order_after_all", "not_an_order"),
        (Status.WAITING, Status.WAITING, "changed", "waiting"),
        (Status.RECEIVED, Status.RECEIVED, "changed", "received"),
        (Status.RECEIVED, Status.NOT_AN_ORDER, "cancelled_in_channel", "cancelled_at_source"),
        (Status.NOT_AN_ORDER, Status.RECEIVED, "changed", "received"),
    ],
)
def test_what_a_new_version_does_to_an_order_that_was_never_touched(
    ledger: Ledger, seen: Seen, landed: Status, disposition: Status, event: str, after: str
) -> None:
    land(ledger, 1, status=landed)
    assert land(ledger, 1, status=disposition, digest="b")["changed"] == 1
    assert seen.status(1) == after
    assert seen.events(1) == ["landed", event]


def test_no_order_that_changes_and_stays_none_has_no_event_but_the_new_reason(ledger: Ledger, seen: Seen) -> None:
    land(ledger, 1, status=Status.NOT_AN_ORDER)
    again = replace(landing(1, Status.NOT_AN_ORDER, "b"), reason="training")
    assert ledger.record("shop", "tryton", [again], None, ACTOR)["changed"] == 1
    assert seen.order(1, "status, reason, version") == ("not_an_order", "training", 2)
    assert seen.events(1) == ["landed"]


def test_a_change_takes_a_queued_order_back_and_frees_it_from_its_claim(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1)
    claimed = claim(ledger)
    land(ledger, 1, digest="b")
    assert seen.order(1, "status, lease_until") == ("received", None)
    assert open_all(ledger, claimed) == set()


@pytest.mark.parametrize(
    ("disposition", "event", "what"),
    [
        (Status.RECEIVED, "changed", "the channel changed the order"),
        (Status.WAITING, "changed", "the channel changed the order"),
        (Status.NOT_AN_ORDER, "cancelled_in_channel", "in the channel it is no longer an order (voided)"),
    ],
)
@pytest.mark.parametrize("finished", [False, True])
def test_a_change_after_an_attempt_is_a_conflict_that_says_so(
    ledger: Ledger, seen: Seen, disposition: Status, event: str, what: str, finished: bool
) -> None:
    send(ledger, 1)
    if finished:
        settle(ledger, seen, Event.CONFIRMED)
    land(ledger, 1, status=disposition, digest="b")
    assert seen.events(1)[-1] == event
    status, code, message = seen.order(1, "status, code, message")
    assert (status, code) == ("conflict", "ORDER_CONFLICT")
    assert f"{what}, and the ERP has it or may have it: total 10.00 -> 198.00: a person compares" in str(message)


def test_a_failed_order_that_was_never_sent_may_be_cancelled_in_the_channel(ledger: Ledger, seen: Seen) -> None:
    fail(ledger, 1)
    land(ledger, 1, status=Status.NOT_AN_ORDER, digest="b")
    assert seen.order(1, "status, code, message") == (
        "cancelled_at_source",
        None,
        "in the channel it is no longer an order (voided): it is not sent",
    )


def test_an_attempt_that_provably_sent_nothing_does_not_stand_in_the_way_of_a_cancellation(
    ledger: Ledger, seen: Seen
) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.NOT_SENT)
    land(ledger, 1, digest="b")
    fail(ledger)
    land(ledger, 1, status=Status.NOT_AN_ORDER, digest="c")
    assert seen.status(1) == "cancelled_at_source"


def test_an_order_that_the_erp_may_have_and_the_channel_cancels_is_a_conflict(ledger: Ledger, seen: Seen) -> None:
    """R11: a refused order may have left a draft in the ERP, as one that was begun and is queued again has."""
    first, second = send(ledger, 1, 2).entries
    close(ledger, [first], Event.REFUSED, "REJECTED_BY_ERP", "no")
    close(ledger, [second], None)
    settle(ledger, seen, Event.HALF_MADE)
    assert (seen.status(1), seen.status(2)) == ("failed", "queued")
    assert ledger.record("shop", "tryton", [cancelled(1), cancelled(2)], None, ACTOR)["conflict"] == 2
    for number in (1, 2):
        status, code, message = seen.order(number, "status, code, message")
        assert (status, code) == ("conflict", "ORDER_CONFLICT")
        assert "in the channel it is no longer an order (voided), and the ERP has it or may have it" in str(message)
    assert claim(ledger).entries == []


def test_an_order_that_the_erp_provably_has_not_may_be_cancelled_in_the_channel(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, seen, Event.ABSENT)
    land(ledger, 1, status=Status.NOT_AN_ORDER, digest="b")
    assert seen.status(1) == "cancelled_at_source"


def test_a_cancelled_order_is_not_queued_again_with_those_that_were_refused_like_it(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1, 2)
    close(ledger, claimed.entries, Event.REFUSED, "PERIOD_CLOSED", "no")
    ledger.record("shop", "tryton", [cancelled(1)], None, ACTOR)
    suspect_the_configuration(ledger)
    assert seen.status(1) != "queued"


def suspect_the_configuration(ledger: Ledger, number: int = 2, code: str = "PERIOD_CLOSED") -> int:
    """Take the refusals back, as a push does that sees so many in a row; returns how many held."""
    again = [
        Change(each.key, each.generation, Status.FAILED, Event.CONFIGURATION_SUSPECTED, Status.QUEUED)
        for each in ledger.refused_in_a_row("tryton", code, number)
    ]
    return ledger.apply(again, ACTOR)


def test_an_order_that_was_cancelled_in_the_erp_since_is_not_queued_again_with_those_that_were_refused(
    ledger: Ledger, seen: Seen
) -> None:
    close(ledger, send(ledger, 1, 2).entries, Event.REFUSED, "PERIOD_CLOSED", "no")
    assert suspect_the_configuration(ledger) == 2
    claimed = ledger.claim("shop", 1, LEASE, ACTOR)
    open_all(ledger, claimed)
    close(ledger, claimed.entries, None)
    settle(ledger, seen, Event.CANCELLED_IN_ERP, code="CANCELLED_IN_ERP", erp_number="N1")
    close(ledger, send(ledger, 3).entries, Event.REFUSED, "PERIOD_CLOSED", "no")
    suspect_the_configuration(ledger)
    assert [seen.status(number) for number in (1, 2, 3)] == ["failed", "queued", "queued"]


def test_what_was_refused_for_the_configuration_counts_as_never_tried(ledger: Ledger, seen: Seen) -> None:
    """It waits for no off-peak hours, and its verification window begins when it is sent."""
    close(ledger, send(ledger, 1, 2).entries, Event.REFUSED, "PERIOD_CLOSED", "no")
    seen.let_pass(timedelta(hours=2))
    assert suspect_the_configuration(ledger) == 2
    assert ledger.off_peak("shop") == 0
    claimed = ledger.claim("shop", ALL, LEASE, ACTOR, sent_before=False)
    assert open_all(ledger, claimed) == {key(1), key(2)}
    assert seen.order(1, "window_ends_at")[0] > ledger.now()


def test_only_refusals_that_were_not_taken_back_count_towards_the_last_one(ledger: Ledger, seen: Seen) -> None:
    for _ in range(5):
        close(ledger, send(ledger, 1, 2).entries, Event.REFUSED, "PERIOD_CLOSED", "no")
        assert suspect_the_configuration(ledger) == 2
    claimed = claim(ledger)
    assert {entry.refusals for entry in claimed.entries} == {0}
    open_all(ledger, claimed)
    close(ledger, claimed.entries, Event.REFUSED, "SKU_NOT_FOUND", "no")
    assert ledger.retry_refused("shop", "tryton", 2, ACTOR) == 2
    assert {entry.refusals for entry in claim(ledger).entries} == {1}


def test_what_was_tried_before_it_was_refused_for_the_configuration_still_waits(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1, 2).entries, None)
    settle(ledger, seen, Event.ABSENT)
    claimed = claim(ledger)
    open_all(ledger, claimed)
    close(ledger, claimed.entries, Event.REFUSED, "PERIOD_CLOSED", "no")
    assert suspect_the_configuration(ledger) == 2
    assert ledger.off_peak("shop") == 2


def test_what_became_of_changed_orders_is_counted(ledger: Ledger) -> None:
    send(ledger, 1)
    land(ledger, 2)
    counts = ledger.record("shop", "tryton", [landing(1, digest="b"), cancelled(2)], None, ACTOR)
    assert (counts["changed"], counts["conflict"], counts["cancelled_at_source"]) == (2, 1, 1)


def cancelled(number: int) -> Landing:
    """A landing of an order that the channel has cancelled."""
    return landing(number, Status.NOT_AN_ORDER, "c", not_an_order="voided")


def test_a_status_without_a_row_for_the_event_stores_the_version_and_stays(ledger: Ledger, seen: Seen) -> None:
    send(ledger, 1)
    land(ledger, 1, digest="b")
    assert seen.status(1) == "conflict"
    land(ledger, 1, digest="c")
    assert seen.order(1, "status, version") == ("conflict", 3)
    assert seen.events(1)[-1] == "changed"
    assert len(seen.events(1)) == 4


def test_what_was_placed_before_the_start_leaves_by_a_person_alone(ledger: Ledger, seen: Seen) -> None:
    early = replace(landing(1, Status.NOT_AN_ORDER), reason="before_start", keep_body=False)
    ledger.record("shop", "tryton", [early], None, ACTOR)
    land(ledger, 1, digest="b")
    assert seen.order(1, "status, reason, digest") == ("not_an_order", "before_start", "b")


def test_the_greatest_number_of_lines_that_a_channel_tells_is_stored(ledger: Ledger) -> None:
    land(ledger, 1, expected_lines=2147483647, present_lines=2147483647)
    (entry,) = ledger.to_validate("shop", None, 10)
    assert entry.transaction.expected_lines == 2147483647


def test_1114_lines_on_one_order_are_one_good_order(ledger: Ledger) -> None:
    details = '{"lines": [' + ", ".join(['{"sku": "TEA", "quantity": "1"}'] * 1114) + "]}"
    land(ledger, 1, details=details, expected_lines=1114, present_lines=1114)
    (entry,) = ledger.to_validate("shop", None, 10)
    assert entry.transaction.details == details


def test_no_watermark_leaves_the_stored_one(ledger: Ledger) -> None:
    mark = Watermark("db 1", 7)
    ledger.record("shop", "tryton", [], mark, ACTOR)
    land(ledger, 1)
    assert ledger.watermark("shop") == mark
    assert ledger.watermark("another") is None


def test_a_slower_extract_never_moves_the_watermark_back(ledger: Ledger) -> None:
    ledger.record("shop", "tryton", [], Watermark("db 1", 20), ACTOR)
    ledger.record("shop", "tryton", [], Watermark("db 1", 10), ACTOR)
    assert ledger.watermark("shop") == Watermark("db 1", 20)


def test_waiting_headers_are_listed_with_what_is_there_and_may_be_given_up(ledger: Ledger, seen: Seen) -> None:
    land(ledger, 1, status=Status.WAITING, expected_lines=3, present_lines=1)
    land(ledger, 2)
    (entry,) = ledger.waiting("shop")
    assert (entry.transaction.present_lines, entry.transaction.expected_lines) == (1, 3)
    overdue = change(entry, Event.OVERDUE, code="LINES_MISSING", message="1 of 3 lines came")
    assert ledger.apply([overdue], ACTOR) == 1
    assert seen.order(1, "status, code, message") == ("failed", "LINES_MISSING", "1 of 3 lines came")


def test_an_order_that_the_channel_cancels_and_takes_up_again_is_an_order_again(ledger: Ledger, seen: Seen) -> None:
    """As a shop does that suspends a sale, and goes on with it."""
    queue(ledger, 1)
    ledger.record("shop", "tryton", [cancelled(1)], None, ACTOR)
    land(ledger, 1)
    assert seen.order(1, "status, code, message") == ("received", None, "")
    assert seen.events(1)[-2:] == ["cancelled_in_channel", "changed"]


LONG = token_hex(5000)
"""Text that no compression makes much shorter."""


@pytest.mark.parametrize(
    "field", ["reference", "receipt", "customer_account", "distributor", "source_status", "details"]
)
def test_text_of_any_length_in_one_transaction_stops_no_batch_and_is_found(
    ledger: Ledger, seen: Seen, field: str
) -> None:
    known: dict[str, Any] = {field: LONG}
    assert land(ledger, 1, **known)["new"] == 1
    if field in ("reference", "receipt", "customer_account"):
        chosen, number = ledger.chosen(Selection(**known), 9)
        assert ([each.key for each in chosen], number) == ([key(1)], 1)
        assert ledger.chosen(Selection(**known | {field: LONG[:-1]}), 9) == ([], 0)


LATER_START = datetime(2027, 1, 1, tzinfo=UTC)


def test_a_later_start_sets_aside_what_never_left_or_was_found_absent_and_nothing_that_the_erp_may_have(
    ledger: Ledger, seen: Seen
) -> None:
    never_left, absent, unknown, refused = send(ledger, 1, 2, 3, 4).entries
    close(ledger, [never_left], Event.NOT_SENT)
    close(ledger, [refused], Event.REFUSED, "REJECTED_BY_ERP", "no")
    seen.make_due()
    due = {entry.key: entry for entry in ledger.due("shop", ALL)}
    found = [change(due[absent.key], Event.ABSENT), change(due[unknown.key], Event.HALF_MADE)]
    assert ledger.apply(found, ACTOR) == 2
    queue(ledger, 5)
    assert ledger.set_aside("shop", LATER_START, ACTOR) == 3
    assert [seen.status(number) for number in (1, 2, 3, 4, 5)] == [
        *("not_an_order", "not_an_order", "queued", "failed", "not_an_order"),
    ]
    assert seen.order(1, "reason, code, message") == ("before_start", None, "")
    assert ledger.set_aside("other", LATER_START, ACTOR) == 0
