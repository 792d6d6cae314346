"""What people may do about an order, and when it goes to support."""

from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.explain.by_people import decisions, for_support
from order_sync.core.explain.manual_entry import manual_entry
from order_sync.core.life.lifecycle import TRANSITIONS, Event, Status, Who
from order_sync.core.records.story import DECISIONS, Step, Story
from order_sync.core.sending.holds import HoldKind, HoldScope
from tests.core.explain.stories import LANDED, NOW, ROUTE, STUCK_AFTER, attempt, story
from tests.core.explain.telling import hold, told
from tests.core.explain.test_manual_entry import LOST, OF_A_RESTORE


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.NOT_AN_ORDER])
def test_people_may_what_the_lifecycle_lets_them(status: Status) -> None:
    events = {row.event for row in TRANSITIONS if row.from_status is status and row.who is Who.PERSON}
    may = {action for action, event in DECISIONS.items() if event in events}
    assert {
        each for each in DECISIONS if each in decisions(story(status), ROUTE).partition(", with")[0].split(", ")
    } == may


RESENT = Step(
    LANDED + timedelta(minutes=3),
    Status.FAILED,
    Event.RESYNC,
    Status.RECEIVED,
    "resync_orders/m/x for ursula",
    "again",
    None,
    "",
)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (story(Status.DEAD), "as often as allowed"),
        (
            story(Status.FAILED, history=(RESENT,), attempts=(attempt("refused"), attempt("refused", 5))),
            "tried again and failed again",
        ),
        (story(received_at=NOW - timedelta(minutes=31)), "waited unsent since 2026-11-20 09:39 UTC"),
        (
            story(
                received_at=NOW - timedelta(minutes=31),
                holds=(hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL),),
            ),
            "no hold explains it",
        ),
        (
            story(Status.PENDING_VERIFICATION, window_ends_at=NOW - timedelta(hours=25)),
            "not confirmed it for more than a day",
        ),
    ],
)
def test_what_does_not_get_through_goes_to_support_and_says_why(given: Story, why: str) -> None:
    """R99, R170, R171"""
    assert why in (for_support(given, ROUTE, STUCK_AFTER) or "")
    assert told(given)["Support"].startswith("Send it to support with the subject 'Order Sync Error'")


@pytest.mark.parametrize(
    "given",
    [
        story(),
        story(received_at=NOW - timedelta(hours=9), holds=(hold(),)),
        story(Status.FAILED, attempts=(attempt("refused"),)),
        story(Status.FAILED, history=(RESENT,), attempts=(attempt("not_sent"), attempt("refused", 5))),
        story(Status.FAILED, history=(RESENT,), attempts=(attempt("refused", 5),)),
        story(as_of=NOW + timedelta(hours=3), attempts=(attempt("unknown", resolution="absent"),)),
        story(Status.PENDING_VERIFICATION, window_ends_at=NOW - timedelta(hours=23)),
        story(Status.SUCCEEDED, attempts=(attempt(),), history=(RESENT,)),
    ],
)
def test_what_may_still_mend_itself_or_was_not_tried_again_does_not_go_to_support(given: Story) -> None:
    assert for_support(given, ROUTE, STUCK_AFTER) is None
    assert "Support" not in told(given)


def test_an_erased_order_can_only_be_marked_or_ignored() -> None:
    """R102"""
    erased = story(Status.CONFLICT, code="ORDER_CONFLICT", erased_at=NOW)
    rows = told(erased)
    assert rows["Last error"].endswith("its text was erased on 2026-11-20")
    assert rows["By itself"] == "Nothing is sent: its content was erased."
    assert rows["People may"] == "mark_as_synced, ignore, with the DAG resync_orders"
    assert manual_entry(erased) == "DO NOT enter it: its content was erased."


@pytest.mark.parametrize("changes", [{"doubted": True}, {"lost": (LOST,)}, {"attempts": (OF_A_RESTORE,)}, {}])
def test_whoever_enters_a_channels_orders_by_hand_is_told_what_to_do_before_and_after(
    changes: dict[str, object],
) -> None:
    """R62, R96"""
    given = story(Status.FAILED, code="NOT_AUTOMATED", message="by hand", **changes)
    assert told(given)["How"] == manual_entry(given)
    assert told(given)["How"].startswith("DO NOT enter it now" if changes else "Give the ERP's order the external")


def test_nobody_is_told_to_resync_what_people_enter_by_hand() -> None:
    """R62"""
    by_hand = replace(ROUTE, by_hand="a team enters them")
    given = story(Status.FAILED, code="NOT_AUTOMATED")
    assert "resync," in decisions(given, ROUTE)
    assert decisions(given, by_hand).startswith("mark_as_synced, ")
