"""What happens to an order by itself, and what it waits for, is told as the lifecycle and the holds have it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.explain.by_itself import by_itself, how_it_ends
from order_sync.core.life.lifecycle import IN_DOUBT, TRANSITIONS, Status, Who
from order_sync.core.order.model import GUEST_ACCOUNT, Problem
from order_sync.core.records.story import DecisionTaken
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope
from tests.core.explain.stories import LANDED, NOW, ROUTE, RUN, attempt, story
from tests.core.explain.telling import hold, told
from tests.core.explain.test_manual_entry import OF_A_RESTORE

NOBODY_MOVES = {
    status
    for status in Status
    if not any(
        row.from_status is status and row.to_status is not status and row.who in (Who.RULES, Who.PUSH, Who.SETTLE)
        for row in TRANSITIONS
    )
}


@pytest.mark.parametrize("status", Status)
def test_what_no_rule_and_no_push_and_no_look_moves_is_said_to_stay(status: Status) -> None:
    given_up = (Status.FAILED, Status.DEAD, Status.CONFLICT, Status.SUCCEEDED, Status.SYNCED_MANUALLY)
    stays = by_itself(story(status, next_look_at=NOW), ROUTE).startswith("Nothing")
    assert stays == (status in NOBODY_MOVES or status in given_up)


@pytest.mark.parametrize("status", IN_DOUBT)
def test_an_order_in_doubt_is_looked_up_and_never_said_to_be_sent(status: Status) -> None:
    ends = NOW + timedelta(minutes=21)
    look = story(status, next_look_at=NOW + timedelta(minutes=5), window_ends_at=ends)
    assert "looked up in the ERP at 2026-11-20 10:15 UTC or soon after" in by_itself(look, ROUTE)
    due = story(status, next_look_at=NOW, window_ends_at=ends)
    assert "with the next push or reconcile of sync_orders__shop: the look-up is due" in by_itself(due, ROUTE)
    assert "sends it" not in by_itself(look, ROUTE)
    away = story(
        status, next_look_at=NOW, window_ends_at=ends, holds=(hold(kind=HoldKind.OUTAGE, scope=HoldScope.ALL),)
    )
    assert "no run looks" in by_itself(away, ROUTE)


def test_looks_that_have_ended_leave_it_to_a_person() -> None:
    assert by_itself(story(Status.PENDING_VERIFICATION), ROUTE).endswith(
        "the time for look-ups is over. A person decides."
    )


@pytest.mark.parametrize(
    ("held", "waits"),
    [
        (hold(), True),
        (hold(kind=HoldKind.OUTAGE, scope=HoldScope.ALL), True),
        (hold("channel_shop"), True),
        (hold("channel_shop", HoldKind.FIRST_RUN), True),
        (hold("distributor_usrt", HoldKind.SWITCHED_OFF), True),
        (hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL), False),
    ],
)
def test_a_queued_order_waits_for_the_holds_that_stop_a_claim_and_for_no_others(held: Hold, waits: bool) -> None:
    said = by_itself(story(holds=(held,)), ROUTE)
    assert said.startswith(f"It waits for the end of the hold on {held.connection}") == waits
    assert ("is not read while" in said) == (not waits)


def test_what_keeps_a_queued_order_is_told() -> None:
    lost = DecisionTaken(LANDED, "ignore", "ursula", "a test", None, "")
    assert "somebody decides" in by_itself(story(lost=(lost,)), ROUTE)
    claimed = story(leased_until=NOW + timedelta(minutes=5), leased_by=RUN)
    assert by_itself(claimed, ROUTE).startswith(f"A push has claimed it and is at work ({RUN})")
    assert by_itself(story(leased_until=NOW, leased_by=RUN), ROUTE).startswith("The next push of sync_orders__shop")
    assert "no longer in the registry" in by_itself(story(), None)
    busy = story(next_attempt_at=NOW + timedelta(minutes=5), code="ORDER_BUSY", attempts=(attempt("not_sent"),))
    then = f"{NOW + timedelta(minutes=5):%Y-%m-%d %H:%M} UTC"
    assert by_itself(busy, ROUTE).startswith(
        f"The ERP was busy with it: the first push of sync_orders__shop after {then}"
    )
    assert by_itself(story(next_attempt_at=NOW), ROUTE).startswith("The next push of sync_orders__shop")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "It is validated again when the ERP's data for sku:A changes."),
        ({"attempts": (attempt("not_sent"),)}, "It is validated again when the ERP's data for sku:A changes."),
        ({"attempts": (attempt("refused"),)}, "Nothing is sent by itself."),
        (
            {"attempts": (attempt("refused", cured_by=("sku:B",)),)},
            "It is validated again when the ERP's data for sku:B changes.",
        ),
        ({"attempts": (attempt("unknown"), attempt("refused", 2, cured_by=("sku:B",)))}, "Nothing is sent by itself."),
    ],
)
def test_only_an_order_that_the_erp_surely_does_not_have_is_said_to_be_validated_again(
    changes: dict[str, object], says: str
) -> None:
    problem = Problem("SKU_NOT_FOUND", "line 1", "A", "SKU 'A' is not in the ERP", "sku:A")
    given = story(Status.FAILED, code=problem.code, problems=(problem,), **changes)
    assert by_itself(given, ROUTE).startswith(says)
    guest = Problem("CUSTOMER_NOT_FOUND", "customer_account", "", "a guest's order", GUEST_ACCOUNT)
    assert by_itself(story(Status.FAILED, problems=(guest,)), ROUTE).startswith(
        "It is validated again when the channel has a guest account in the registry. "
    )
    many = tuple(Problem("SKU_NOT_FOUND", "line", "A", "no", f"sku:{number:03}") for number in range(12))
    assert "sku:008, sku:009 and 2 more changes." in by_itself(story(Status.FAILED, problems=many), ROUTE)
    entered = Problem("NOT_AUTOMATED", "channel", "shop", "by hand")
    assert by_itself(story(Status.FAILED, problems=(problem, entered)), ROUTE).startswith("Nothing is sent")


def test_what_a_lost_ledger_may_have_sent_is_looked_up_first_and_is_no_attempt_of_this_one() -> None:
    assert "first looks it up in the ERP" in by_itself(story(doubted=True), ROUTE)
    doubted = story(attempts=(OF_A_RESTORE,))
    assert not doubted.tried
    assert told(doubted)["Stage"] == "extracted by P-0001, and may have been sent by a ledger that was lost"
    assert told(story(doubted=True))["Stage"] == told(doubted)["Stage"]
    found = replace(doubted, status=Status.SUCCEEDED)
    assert told(found)["Stage"] == "extracted by P-0001, found in the ERP, and succeeded"


@pytest.mark.parametrize("kind", HoldKind)
def test_every_kind_of_hold_is_told_with_how_it_ends(kind: HoldKind) -> None:
    held = hold("channel_shop", kind)
    assert told(story(holds=(held,)))["On hold"] == f"{held}; {how_it_ends(held)}"
