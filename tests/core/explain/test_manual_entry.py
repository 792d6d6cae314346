"""Nobody is told to key an order in that the ERP has or may yet get."""

from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.explain.by_people import decisions
from order_sync.core.explain.manual_entry import manual_entry
from order_sync.core.life.lifecycle import Event, Status, allowed
from order_sync.core.records.story import Attempt, DecisionTaken, Sighting, Story
from tests.core.explain.stories import KEY, LANDED, NOW, ROUTE, TRANSACTION, attempt, story
from tests.core.explain.telling import told


@pytest.mark.parametrize("status", Status)
def test_an_order_that_the_erp_may_have_or_may_yet_get_is_never_to_be_keyed_in_as_it_stands(status: Status) -> None:
    """R96, R44"""
    says = manual_entry(story(status, erp_number="SO7"))
    free = {Status.ON_HOLD, Status.IGNORED}
    first = {Status.RECEIVED, Status.QUEUED, Status.FAILED, Status.DEAD}
    assert says.startswith("Give the ERP's order the external reference") == (status in free)
    assert says.startswith("FIRST put it on hold") == (status in first)
    assert says.startswith("DO NOT enter it") == (status not in free | first)
    assert status not in first or allowed(status, Event.PUT_ON_HOLD), "it must be possible to do as is said"
    assert status not in free or allowed(status, Event.MARKED_AS_SYNCED)


def test_an_attempt_without_an_answer_forbids_keying_in_whatever_the_status() -> None:
    for status in (Status.QUEUED, Status.FAILED, Status.ON_HOLD, Status.IGNORED):
        assert manual_entry(story(status, attempts=(attempt("unknown"),))).startswith("DO NOT enter it now")
    settled = attempt("unknown", resolution="absent")
    assert manual_entry(story(Status.ON_HOLD, attempts=(settled,))).startswith("Give the ERP's order")


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.DEAD, Status.CONFLICT, Status.ON_HOLD, Status.IGNORED, Status.CANCELLED_AT_SOURCE]
)
def test_what_the_comparison_saw_in_the_erp_is_told_instead_of_what_was_believed_before(status: Status) -> None:
    settled = attempt("unknown", resolution="absent", looked_at=LANDED + timedelta(minutes=5))
    seen = Sighting(NOW, f"in the ERP as SO7, here {status}: compare the two")
    given = story(status, attempts=(settled,), sighting=seen)
    rows = told(given)
    assert rows["In the ERP"].endswith(f"compare_orders saw it 2026-11-20 10:10 UTC, {seen.detail}")
    assert "But compare_orders saw it in the ERP (2026-11-20 10:10 UTC)" in rows["By itself"]
    assert manual_entry(given).startswith("DO NOT enter it: compare_orders saw it")


LOST = DecisionTaken(LANDED, "mark_as_synced", "ursula", "keyed in as SO9", None, "")
OF_A_RESTORE = attempt("unknown", generation=-1, code="OUTCOME_UNKNOWN", message="the ledger was restored")


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.QUEUED, Status.FAILED, Status.ON_HOLD, Status.IGNORED])
@pytest.mark.parametrize(
    "changes",
    [
        {"attempts": (attempt("receipt", looked_at=NOW),), "received_at": NOW},
        {"attempts": (attempt("unknown", resolution="half_made"),)},
        {"attempts": (attempt("unknown", resolution="resends_spent"),), "erp_number": "SO7"},
        {"attempts": (OF_A_RESTORE,)},
        {"attempts": (attempt("receipt", resolution="absent", resolved_at=LANDED),)},
        {"attempts": (attempt("unknown", resolution="absent", resolved_at=LANDED, looked_at=NOW),)},
        {"doubted": True},
    ],
)
def test_what_no_look_up_has_found_to_be_missing_in_the_erp_is_never_to_be_keyed_in(
    status: Status, changes: dict[str, object]
) -> None:
    """R96, R44"""
    assert manual_entry(story(status, **changes)).startswith("DO NOT enter it now: it may be in the ERP already")


@pytest.mark.parametrize(
    "settled",
    [attempt("not_sent"), *(attempt("unknown", resolution=said) for said in ("absent", "resends_spent"))],
)
def test_what_the_erp_does_not_have_may_be_keyed_in(settled: Attempt) -> None:
    assert manual_entry(story(Status.ON_HOLD, attempts=(settled,))).startswith("Give the ERP's order")


@pytest.mark.parametrize(
    "refused",
    [attempt("refused"), attempt("refused_too_often"), attempt("unknown", resolution="refused")],
)
def test_of_what_the_erp_refused_a_draft_is_looked_for_there_before_it_is_keyed_in(refused: Attempt) -> None:
    """R96, R44"""
    says = manual_entry(story(Status.FAILED, attempts=(refused, attempt("not_sent", 5))))
    assert says.startswith("FIRST put it on hold (DAG resync_orders, on_hold): otherwise it may be sent by itself. ")
    assert f" Search the ERP for the external reference {KEY}: the ERP refused the order, but may have kept" in says
    assert says.endswith("(DAG resync_orders, mark_as_synced), so that it is never sent.")
    assert manual_entry(story(Status.ON_HOLD, attempts=(refused,))).startswith("Search the ERP for the external")


@pytest.mark.parametrize("status", [Status.FAILED, Status.ON_HOLD, Status.IGNORED, Status.RECEIVED])
def test_an_order_of_which_lines_are_missing_is_not_keyed_in(status: Status) -> None:
    """R96"""
    lacking = replace(TRANSACTION, present_lines=1)
    says = manual_entry(story(status, code="LINES_MISSING", transaction=lacking))
    assert says == "DO NOT enter it: not all of its lines are there yet."


def test_a_lost_decision_forbids_keying_in_and_is_told_with_who_decided_it() -> None:
    says = manual_entry(story(Status.ON_HOLD, lost=(LOST,)))
    assert says.startswith("DO NOT enter it now: the ledger was restored")
    assert "mark_as_synced by ursula at 2026-11-20 10:00 UTC" in says


@pytest.mark.parametrize(
    "given",
    [
        story(Status.FAILED, code="CANCELLED_IN_ERP", erp_number="SO7"),
        story(Status.CONFLICT, code="CANCELLED_IN_ERP", erp_number="SO7"),
        story(Status.ON_HOLD, attempts=(attempt(resolution="cancelled_in_erp"),), erp_number="SO7"),
        story(Status.ON_HOLD, attempts=(attempt("refused", code="CANCELLED_IN_ERP"),), erp_number="SO7"),
        story(Status.QUEUED, attempts=(attempt("refused", code="CANCELLED_IN_ERP"),), erp_number="SO7"),
    ],
)
def test_what_is_cancelled_in_the_erp_keeps_its_key_there_and_is_opened_again_rather_than_keyed_in(
    given: Story,
) -> None:
    says = manual_entry(given)
    assert says.startswith("DO NOT enter it: the ERP has it as SO7, cancelled, and the cancelled order keeps")
    if given.code:
        assert "resync (with its ERP number)" in decisions(given, ROUTE)


def test_an_order_of_a_channel_that_people_serve_is_keyed_in_without_a_hold() -> None:
    """R62"""
    assert manual_entry(story(Status.FAILED, code="NOT_AUTOMATED")).startswith(
        f"Give the ERP's order the external reference {KEY}"
    )
