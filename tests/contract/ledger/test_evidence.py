"""What stands against not finding an order in the ERP: a number that the ERP gave, and the grace of its sending."""

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.decision import Decision, Result
from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.ports.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Seen,
    claim,
    close,
    key,
    land,
    landing,
    make_due,
    open_all,
    send,
    settle,
    validate,
)

VOIDED = landing(1, Status.NOT_AN_ORDER, digest="v", not_an_order="voided")


def acknowledged_as(ledger: Ledger, seen: Seen) -> str:
    """The number that speaks against sending the order again."""
    (number,) = seen.order(1, "acknowledged_as")
    return str(number)


def test_a_receipt_with_a_number_stands_until_the_erp_takes_it_back(ledger: Ledger, seen: Seen) -> None:
    """R44"""
    close(ledger, send(ledger, 1).entries, Event.RECEIPT)
    settle(ledger, seen, Event.WINDOW_OVER)
    assert acknowledged_as(ledger, seen) == "N00001"
    settle(ledger, seen, Event.REFUSED, acknowledged_as="")
    assert acknowledged_as(ledger, seen) == ""


def test_what_a_look_up_saw_stands_too(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, None, "OUTCOME_UNKNOWN")
    settle(ledger, seen, Event.TAKEN, erp_number="SO-1", acknowledged_as="SO-1")
    settle(ledger, seen, Event.WINDOW_OVER)
    make_due(seen)
    (entry,) = ledger.due("shop", ALL)
    assert entry.doubt is not None
    assert entry.doubt.acknowledged_as == "SO-1"


def test_a_late_receipt_stands_although_the_order_was_found_absent_before(ledger: Ledger, seen: Seen) -> None:
    first = send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    close(ledger, first.entries, Event.RECEIPT)
    assert (seen.status(1), acknowledged_as(ledger, seen)) == ("queued", "N00001")
    ledger.record("shop", "tryton", [VOIDED], None, ACTOR)
    status, message = seen.order(1, "status, message")
    assert status == "conflict"
    assert "in the channel it is no longer an order (voided), and the ERP has it or may have it" in str(message)


def test_a_person_who_sends_it_again_ends_what_the_receipt_said_and_nobody_else_does(
    ledger: Ledger, seen: Seen
) -> None:
    close(ledger, send(ledger, 1).entries, Event.RECEIPT)
    settle(ledger, seen, Event.WINDOW_OVER)
    selection = ledger.select("resync_orders/run", Action.RESYNC, {}, [key(1)], ACTOR)
    (order,) = ledger.selected(selection, 0, ALL)
    assert order.acknowledged_as == "N00001"
    again = Decision(Result.DONE, "on its way again", Event.RESYNC)
    assert ledger.decide(selection, {key(1): (order, again)}, Actor(person="ursula", reason="looked")) == set()
    assert (seen.status(1), acknowledged_as(ledger, seen)) == ("received", "")
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == set(), "it is looked up first"


def test_a_new_version_does_not_end_it(ledger: Ledger, seen: Seen) -> None:
    first = send(ledger, 1)
    settle(ledger, seen, Event.RESENDS_SPENT)
    close(ledger, first.entries, Event.RECEIPT)
    land(ledger, 1, digest="b")
    assert (seen.status(1), acknowledged_as(ledger, seen)) == ("received", "N00001")


def test_an_attempt_that_ended_without_an_answer_after_it_was_looked_for_is_looked_for_again(
    ledger: Ledger, seen: Seen
) -> None:
    first = send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    second = claim(ledger)
    close(ledger, first.entries, None, "OUTCOME_UNKNOWN")
    assert open_all(ledger, second) == set()
    assert seen.status(1) == "sending"


@pytest.mark.parametrize("ended", [Event.REFUSED, Event.REFUSED_TOO_OFTEN])
def test_what_was_not_found_before_it_was_received_again_is_looked_for_again(
    ledger: Ledger, seen: Seen, ended: Event
) -> None:
    """The ERP may have stored it since: the first send was slow, and the second was refused."""
    send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    again = claim(ledger)
    open_all(ledger, again)
    close(ledger, again.entries, ended, "REJECTED_BY_ERP")
    land(ledger, 1, digest="b")
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == set()
    settle(ledger, seen, Event.ABSENT)
    assert open_all(ledger, claim(ledger)) == {key(1)}


def test_what_the_channel_cancels_after_a_send_is_not_said_to_be_cancelled_before_it(
    ledger: Ledger, seen: Seen
) -> None:
    send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    ledger.record("shop", "tryton", [VOIDED], None, ACTOR)
    assert seen.order(1, "status, message") == (
        "cancelled_at_source",
        "in the channel it is no longer an order (voided): it may have been sent before, and a look-up did not find it"
        " in the ERP",
    )


def test_a_look_after_the_end_takes_the_place_of_one_before_it(ledger: Ledger, seen: Seen) -> None:
    first = send(ledger, 1)
    settle(ledger, seen, Event.ABSENT)
    second = claim(ledger)
    close(ledger, first.entries, None, "OUTCOME_UNKNOWN")
    open_all(ledger, second)
    settle(ledger, seen, Event.HALF_MADE)
    assert seen.attempts(1, "resolution") == [("half_made",)]
