"""What a decision does to one order, in every status."""

from dataclasses import replace
from typing import Any

import pytest

from order_sync.core.decisions.after_look import after_look, by_its_number, found_by_number, to_revive
from order_sync.core.decisions.decision import Result, Selected, decide
from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Event, Status, step
from order_sync.core.order.model import OrderKey
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState, ListedOrder

ORDER = Selected(1, OrderKey("shop", ("1",)), Status.FAILED, 3, "SKU_NOT_FOUND", "", "", 0, reached=False)
S = Status
ASK = "the ERP is asked"
BY_NUMBER = (S.RECEIVED, S.QUEUED, S.PENDING_VERIFICATION, S.FAILED, S.DEAD, S.CONFLICT, S.ON_HOLD, S.IGNORED)
ANSWERS: dict[Action, dict[Status, object]] = {
    Action.RESYNC: {
        **dict.fromkeys((S.FAILED, S.DEAD), Event.RESYNC),
        **dict.fromkeys((S.RECEIVED, S.QUEUED, S.SENDING, S.SENT), Result.UNCHANGED),
        **dict.fromkeys((S.CONFLICT, S.PENDING_VERIFICATION), ASK),
    },
    Action.MARK_AS_SYNCED: dict.fromkeys(BY_NUMBER, ASK),
    Action.IGNORE: {
        **dict.fromkeys((S.RECEIVED, S.QUEUED, S.FAILED, S.DEAD, S.CONFLICT, S.ON_HOLD), Event.IGNORED),
        S.IGNORED: Result.UNCHANGED,
    },
    Action.ON_HOLD: {
        **dict.fromkeys((S.RECEIVED, S.QUEUED, S.FAILED, S.DEAD), Event.PUT_ON_HOLD),
        S.ON_HOLD: Result.UNCHANGED,
    },
    Action.RELEASE: {
        **dict.fromkeys(set(S) - {S.WAITING, S.NOT_AN_ORDER}, Result.UNCHANGED),
        S.ON_HOLD: Event.RELEASED,
        S.IGNORED: ASK,
    },
    Action.ACCEPT: {S.CONFLICT: ASK, S.SUCCEEDED: Result.UNCHANGED, S.SYNCED_MANUALLY: Result.UNCHANGED},
}
"""What each action gives in each status: an event, a question, or that nothing has to be done; else it is refused."""


def result_of(action: Action, order: Selected, number: str) -> Result | None:
    """What a decision came to; None is a question to the ERP."""
    decision = decide(action, order, number, "")
    return decision.result if decision else None


def found(number: str, state: ErpOrderState = ErpOrderState.CONFIRMED) -> ErpOrder:
    return ErpOrder(state, number, state, None, "EUR")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", Status)
def test_each_action_does_in_each_status_what_the_table_says(action: Action, status: Status) -> None:
    """R36, R87, R88"""
    number = "SO2" if action is Action.MARK_AS_SYNCED else ""
    decision = decide(action, replace(ORDER, status=status, erp_number="SO1"), number, "")
    answer = ANSWERS[action].get(status, Result.REFUSED)
    if decision is None:
        assert answer == ASK
    elif decision.event:
        assert (decision.event, decision.result) == (answer, Result.DONE)
        step(status, decision.event)
    else:
        assert decision.result is answer
        assert decision.message


@pytest.mark.parametrize("status", [Status.FAILED, Status.DEAD, Status.PENDING_VERIFICATION])
def test_the_erp_is_asked_about_an_order_that_is_to_be_opened_again(status: Status) -> None:
    assert decide(Action.RESYNC, replace(ORDER, status=status), "SO1", "") is None


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.SYNCED_MANUALLY])
def test_what_the_erp_has_is_never_sent_again(status: Status) -> None:
    """R97"""
    decision = decide(Action.RESYNC, replace(ORDER, status=status, erp_number="SO1"), "", "")
    assert decision
    assert (decision.result, decision.event) == (Result.REFUSED, None)
    assert decision.message == "the ERP has it as SO1: a succeeded order cannot be sent again"


def test_a_repeated_decision_stands_once_its_orders_are_done() -> None:
    order = replace(ORDER, status=Status.SUCCEEDED, erp_number="SO1", result=Result.DONE)
    assert result_of(Action.RESYNC, order, "") is Result.DONE
    on_its_way = replace(ORDER, status=Status.SENT, result=Result.DONE)
    assert result_of(Action.RESYNC, on_its_way, "") is Result.DONE


@pytest.mark.parametrize("status", [Status.FAILED, Status.PENDING_VERIFICATION, Status.CONFLICT])
def test_orders_of_a_channel_that_is_worked_by_hand_are_marked_and_not_sent(status: Status) -> None:
    decision = decide(Action.RESYNC, replace(ORDER, status=status), "", "until the till is connected")
    assert decision
    assert decision.result is Result.REFUSED
    assert "mark it as synced" in decision.message


@pytest.mark.parametrize("action", [Action.RESYNC, Action.RELEASE])
@pytest.mark.parametrize(("reached", "to_status"), [(False, Status.CANCELLED_AT_SOURCE), (True, Status.CONFLICT)])
def test_what_the_channel_cancelled_meanwhile_is_not_on_its_way_again(
    action: Action, reached: bool, to_status: Status
) -> None:
    status = Status.ON_HOLD if action is Action.RELEASE else Status.FAILED
    decision = decide(action, replace(ORDER, status=status, not_an_order="cancelled", reached=reached), "", "")
    assert decision
    assert decision.event
    assert step(status, decision.event) is to_status
    assert "cancelled" in decision.text
    assert decision.code == ("ORDER_CONFLICT" if reached else None)


@pytest.mark.parametrize("status", [Status.PENDING_VERIFICATION, Status.DEAD])
def test_what_may_be_in_the_erp_and_is_cancelled_in_the_channel_is_a_conflict(status: Status) -> None:
    cancelled = replace(ORDER, status=status, not_an_order="cancelled", reached=True)
    decision = decide(Action.RESYNC, cancelled, "", "")
    assert decision
    assert decision.event
    assert step(status, decision.event) is Status.CONFLICT


def test_a_conflict_that_the_channel_cancelled_is_not_sent_again() -> None:
    conflict = replace(ORDER, status=Status.CONFLICT, not_an_order="cancelled", reached=True)
    assert result_of(Action.RESYNC, conflict, "") is Result.REFUSED
    assert result_of(Action.RESYNC, conflict, "SO1") is Result.REFUSED


@pytest.mark.parametrize("action", [Action.RESYNC, Action.RELEASE])
def test_an_order_whose_lines_are_missing_is_not_on_its_way_again(action: Action) -> None:
    status = Status.ON_HOLD if action is Action.RELEASE else Status.FAILED
    decision = decide(action, replace(ORDER, status=status, missing_lines=2), "SO1", "")
    assert decision
    assert decision.result is Result.REFUSED
    assert "2 of its lines are missing" in decision.message


@pytest.mark.parametrize(
    ("there", "number", "event", "says"),
    [
        ([], "", Event.RESYNC, "on its way again"),
        ([found("SO1")], "", None, "the ERP has it as SO1: accept that one"),
        ([found("SO1", ErpOrderState.HALF_MADE)], "", None, "the ERP has it unfinished, as SO1: send it again"),
        ([found("SO1"), found("SO2")], "SO1", None, "the ERP has it as SO1, SO2"),
        ([found("SO1")], "SO1", None, "the ERP has it as SO1"),
        ([found("SO1", ErpOrderState.CANCELLED)], "", None, "resync it by its key with that ERP number"),
        ([found("SO1", ErpOrderState.CANCELLED)], "SO2", None, "it is cancelled in the ERP as SO1"),
        ([found("SO1", ErpOrderState.CANCELLED)], "SO1", Event.RESYNC, "on its way again"),
        ([found("SO1", ErpOrderState.HALF_MADE)], "SO1", Event.RESYNC, "on its way again"),
        ([found("SO1", ErpOrderState.CANCELLED), found("SO2")], "SO1", None, "the ERP has it as SO2"),
        ([], "SO1", None, "the ERP has no order SO1 under its key"),
    ],
)
def test_a_conflict_is_sent_again_only_when_no_live_order_is_there_and_a_cancelled_one_only_by_name(
    there: list[Any], number: str, event: Event | None, says: str
) -> None:
    decision = after_look(Action.RESYNC, replace(ORDER, status=Status.CONFLICT), number, there)
    assert decision.event is event
    assert says in decision.message


def test_a_cancelled_order_of_that_number_and_no_other_is_opened_again() -> None:
    cancelled = found("SO1", ErpOrderState.CANCELLED)
    assert to_revive(ORDER, "SO1", [cancelled])
    assert not to_revive(ORDER, "", [found("", ErpOrderState.CANCELLED)])
    assert not to_revive(ORDER, "SO1", [found("SO1", ErpOrderState.HALF_MADE), found("SO2", ErpOrderState.CANCELLED)])


def test_a_failed_order_that_is_cancelled_in_the_erp_is_told_how_to_revive_it() -> None:
    order = replace(ORDER, code="CANCELLED_IN_ERP", erp_number="SO1")
    decision = decide(Action.RESYNC, order, "", "")
    assert decision
    assert "with that ERP number" in decision.message
    assert decide(Action.RESYNC, order, "SO1", "") is None, "the ERP is asked"


@pytest.mark.parametrize(
    ("there", "number", "says"),
    [
        ([found("SO1")], "SO1", "accepted as SO1"),
        ([found("SO1"), found("SO2", ErpOrderState.CANCELLED)], "SO1", "accepted as SO1"),
        ([], "", "the ERP shows nothing"),
        ([found("SO1", ErpOrderState.TAKEN)], "", "SO1 (taken)"),
        ([found("SO1"), found("SO2")], "", "SO1 (confirmed), SO2 (confirmed)"),
        ([found("")], "", "no number (confirmed)"),
    ],
)
def test_exactly_one_confirmed_order_can_be_accepted(there: list[Any], number: str, says: str) -> None:
    decision = after_look(Action.ACCEPT, replace(ORDER, status=Status.CONFLICT), "", there)
    assert (decision.event, decision.erp_number) == (Event.ACCEPTED if number else None, number)
    assert says in decision.message


def listed(key: str = "", *, cancelled: bool = False, begun: bool = False) -> ListedOrder:
    """The ERP's order 7."""
    return ListedOrder("7", key, cancelled, begun)


@pytest.mark.parametrize(
    ("seven", "there", "done", "says"),
    [
        (listed(), [], True, "synced as 7"),
        (listed("shop:1"), [found("7")], True, "synced as 7"),
        (None, [], False, "the ERP has no order 7"),
        (listed(cancelled=True), [], False, "is cancelled"),
        (listed("shop:2"), [], False, "belongs to shop:2"),
        (
            listed(),
            [found("8", ErpOrderState.HALF_MADE)],
            True,
            "the ERP also has it unfinished, as 8: cancel that one",
        ),
        (listed(), [found("8", ErpOrderState.CANCELLED)], True, "synced as 7"),
    ],
)
def test_an_order_is_marked_with_a_number_that_is_its_own(seven: Any, there: list[Any], done: bool, says: str) -> None:
    """R97"""
    decision = by_its_number(ORDER, "7", seven, there)
    assert (decision.event is Event.MARKED_AS_SYNCED) is done
    assert (decision.result is Result.DONE) is done
    assert says in decision.message
    assert decision.warns is ("also" in says)


@pytest.mark.parametrize("ours", [True, False])
def test_an_order_is_not_marked_with_the_number_of_a_draft_or_a_quotation_which_nobody_ships(ours: bool) -> None:
    """R97"""
    seven = listed("shop:1" if ours else "", begun=True)
    decision = by_its_number(ORDER, "7", seven, [found("7", ErpOrderState.HALF_MADE)] if ours else [])
    assert (decision.result, decision.event) == (Result.REFUSED, None)
    assert "the ERP's order 7 is only a draft or a quotation" in decision.message
    assert "confirm it in the ERP" in decision.message
    assert ("or send it again with that number" in decision.message) is ours


@pytest.mark.parametrize("state", [ErpOrderState.TAKEN, ErpOrderState.CONFIRMED])
def test_an_order_that_the_erp_has_under_its_key_is_not_marked_with_another_number(state: ErpOrderState) -> None:
    decision = by_its_number(ORDER, "7", listed(), [found("8", state), found("9", ErpOrderState.HALF_MADE)])
    assert (decision.result, decision.event) == (Result.REFUSED, None)
    assert "the ERP also has it as 8: cancel one of the two" in decision.message


def test_what_was_found_is_accepted_of_a_conflict_and_else_marked() -> None:
    live = [found("SO1")]
    assert "accept that one" in after_look(Action.RESYNC, replace(ORDER, status=S.CONFLICT), "SO1", live).message
    for status in (S.FAILED, S.DEAD):
        said = after_look(Action.RESYNC, replace(ORDER, status=status), "SO1", live).message
        assert "mark it as synced with that number" in said
        assert "accept" not in said


@pytest.mark.parametrize("status", [S.CONFLICT, S.FAILED, S.DEAD])
def test_what_was_found_begun_is_neither_to_be_accepted_nor_marked_but_finished(status: Status) -> None:
    order, begun = replace(ORDER, status=status), [found("SO1", ErpOrderState.HALF_MADE)]
    said = after_look(Action.RESYNC, order, "SO2", begun).message
    assert said.startswith("the ERP has it unfinished, as SO1: send it again by its key with that number")
    assert after_look(Action.RESYNC, order, "SO1", begun).event is Event.RESYNC


@pytest.mark.parametrize(("status", "asks"), [(S.IGNORED, True), (S.ON_HOLD, False)])
def test_the_erp_is_asked_before_a_conflict_that_was_ignored_is_released(status: Status, asks: bool) -> None:
    """An order that was marked with a number cannot be put on hold."""
    order = replace(ORDER, status=status, erp_number="SO1")
    assert (decide(Action.RELEASE, order, "", "") is None) is asks
    assert after_look(Action.RELEASE, order, "", []).event is Event.RELEASED
    for there, why in (("", "which a person entered"), (str(order.key), "a look-up by its key does not show it")):
        said = found_by_number(order, ListedOrder("SO1", there, cancelled=False, begun=False))
        assert (said.result, why in said.message) == (Result.REFUSED, True)


@pytest.mark.parametrize("status", [S.FAILED, S.DEAD])
def test_the_erp_is_asked_before_an_order_is_sent_again_that_it_said_to_have(status: Status) -> None:
    order = replace(ORDER, status=status)
    assert decide(Action.RESYNC, replace(order, acknowledged_as="SO1"), "", "") is None
    assert decide(Action.RESYNC, order, "", "").event is Event.RESYNC  # type: ignore[union-attr]


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", [S.CONFLICT, S.SUCCEEDED, S.IGNORED, S.CANCELLED_AT_SOURCE])
def test_an_order_whose_content_was_erased_is_never_on_its_way_again(action: Action, status: Status) -> None:
    decision = decide(action, replace(ORDER, status=status, erp_number="SO1", erased=True), "SO2", "")
    if action in (Action.MARK_AS_SYNCED, Action.IGNORE):
        assert decision is None or decision.event in (None, Event.IGNORED)
    else:
        assert decision
        assert decision.result is Result.REFUSED
        assert "was erased" in decision.message
