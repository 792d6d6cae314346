"""Sentences of explain, problems and advice in the states in which an easier sentence would be false."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.checks.rules import problems_of
from order_sync.core.decisions.after_look import after_look
from order_sync.core.decisions.decision import Decision, Selected, decide
from order_sync.core.decisions.selection import Action
from order_sync.core.explain.by_itself import by_itself, how_it_ends
from order_sync.core.explain.by_people import decisions, for_support
from order_sync.core.explain.manual_entry import manual_entry
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.changes import difference
from order_sync.core.order.model import Problem, Transaction
from order_sync.core.order.money import ONE_MINOR_UNIT
from order_sync.core.order.parsing import read_order
from order_sync.core.privacy.redaction import without_people
from order_sync.core.records.story import Story
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.core.settling.verdict import InDoubt, Policy, judge
from tests.core.explain import stories
from tests.core.explain.stories import KEY, LANDED, NOW, ROUTE, RUN, STUCK_AFTER, TRANSACTION, attempt, story
from tests.memory.channel import DETAILS, transaction
from tests.memory.clock import START
from tests.memory.erp import reference

ADDRESS = {"name": "Ann Other", "street": "Ring 1", "city": "Bath", "state": "", "postal_code": "B1", "country": "DE"}


def row(given: Story, name: str) -> str:
    """A row of the explanation."""
    lines = stories.told(given).splitlines()
    return next(line[16:] for line in lines if line[:16].strip() == name)


# What a look-up means


def said(status: Status, resends: int = 0, *founds: ErpOrder, hours: int = 9, total: str = "10.00") -> str:
    """What a verdict says some hours after the attempt."""
    doubt = InDoubt(status, Decimal(total), "EUR", START, START + timedelta(minutes=30), resends)
    return judge(doubt, founds, START + timedelta(hours=hours), Policy("unique_key")).message


def found(
    state: ErpOrderState, number: str = "SO7", total: str | None = "10.00", *, same_lines: bool = True
) -> ErpOrder:
    return ErpOrder(state, number, "confirmed", Decimal(total) if total else None, "EUR", same_lines)


def test_what_was_opened_four_times_and_killed_before_each_call_is_not_said_to_be_sent() -> None:
    """R79"""
    text = said(Status.SENDING, 3)
    assert text.startswith("tried 4 times without a definite answer, and the ERP does not have it: check the log of")
    assert "sent" not in text
    assert "never" not in text, "it may have been begun there meanwhile, and be gone again"
    assert said(Status.SENDING, 3, found(ErpOrderState.HALF_MADE)).startswith(
        "tried 4 times without a definite answer, and the ERP has it only unfinished, as SO7: check"
    )
    assert "sent" not in CATALOGUE["POISON"].meaning
    dead = story(Status.DEAD, code="POISON", attempts=(attempt(None, resolution="resends_spent"),))
    assert "sent" not in by_itself(dead, ROUTE)
    assert "sent" not in str(for_support(dead, ROUTE, STUCK_AFTER))


@pytest.mark.parametrize("status", [Status.SENDING, Status.PENDING_VERIFICATION])
def test_what_may_have_had_an_answer_is_not_said_to_have_had_none(status: Status) -> None:
    assert said(status) == "the ERP does not have it: it is queued to be sent"


def test_what_a_look_up_does_not_find_after_the_window_is_said_without_a_guess_at_the_answer() -> None:
    doubt = InDoubt(Status.SENDING, Decimal("10.00"), "EUR", START, START, 0)
    message = judge(doubt, (), START, Policy("blind")).message
    assert message == "the window is over, and a look-up does not find it in the ERP"
    assert said(Status.SENT) == "the ERP took it, but a look-up does not find it now; the window is over"


def test_an_erps_word_that_sounds_like_a_confirmation_is_quoted_as_its_word() -> None:
    text = said(Status.SENT, 0, found(ErpOrderState.TAKEN))
    assert text == "the ERP has it in the state 'confirmed', which is no proof; the window is over"


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (
            found(ErpOrderState.TAKEN, total="10.01", same_lines=False),
            "the ERP's order SO7 has different lines from the",
        ),
        (
            found(ErpOrderState.TAKEN, total="12.00"),
            "the ERP's order SO7 has the total 12.00 EUR, the channel's has 10.00",
        ),
        (found(ErpOrderState.TAKEN, total=None), "the ERP's order SO7 has no total, the channel's has 10.00 EUR"),
        (found(ErpOrderState.TAKEN, "", "12.00"), "the ERP's order (no number) has the total 12.00 EUR"),
    ],
)
def test_of_a_difference_what_really_differs_is_told(there: ErpOrder, says: str) -> None:
    assert said(Status.SENT, 0, there).startswith(says)


# What the rules say


def problems(bad: Transaction) -> list[Problem]:
    return [*problems_of(read_order(bad, None, START), reference(), ONE_MINOR_UNIT)]


def ordered(**details: object) -> Transaction:
    return transaction(details=json.dumps({**json.loads(DETAILS), **details}))


def test_two_shipping_addresses_are_neither_none_nor_something_to_ignore() -> None:
    """R30"""
    (problem,) = problems(ordered(ships=True, ship_to=[ADDRESS, {**ADDRESS, "city": "Bonn"}]))
    assert (problem.code, problem.value) == ("ADDRESS_AMBIGUOUS", "2")
    assert problem.message.startswith("the order ships to 2 addresses, but an order can have only one: leave one")
    assert "ignore" not in problem.message
    assert problems(ordered(ships=False, ship_to=[ADDRESS, ADDRESS])) == [], "what is fetched has none"


def test_of_several_addresses_nothing_gets_out_and_a_change_is_told_without_them() -> None:
    """R178"""
    one, two = ordered(ships=True, ship_to=ADDRESS), ordered(ships=True, ship_to=[ADDRESS, {**ADDRESS, "city": "Bonn"}])
    assert difference(one, two) == difference(two, one) == "ship_to changed"
    assert difference(two, two) == ""
    assert without_people("to Ring 1, Bonn, for Ann", [two]) == "to …, …, for …"


def test_an_address_that_is_there_in_part_is_no_test_and_no_order_of_a_store() -> None:
    (problem,) = problems(ordered(ships=True, ship_to={**ADDRESS, "street": ""}))
    assert problem.message == "the shipping address has no street: complete it in the shop"


def test_what_the_erp_closed_or_merged_is_not_said_to_be_missing_there_alone() -> None:
    sku = problems(ordered(lines=[{**json.loads(DETAILS)["lines"][0], "sku": "OLD"}]))[0].message
    assert "'OLD' is not in the ERP, or not active there: create or activate it there, or correct it in the" in sku
    customer = problems(transaction(customer_account="C-7"))[0].message
    assert "customer 'C-7' is not in the ERP, or cannot buy there (inactive, merged, or the guest of" in customer
    currency = problems(transaction(currency="XAF"))[0].message
    assert "not in the ERP, or not active there" in currency
    assert "no active" in CATALOGUE["SKU_NOT_FOUND"].meaning
    assert "no active" in CATALOGUE["CUSTOMER_NOT_FOUND"].meaning


def test_what_is_empty_in_the_shop_is_not_to_be_created_in_the_erp() -> None:
    line = json.loads(DETAILS)["lines"][0]
    (sku,) = problems(ordered(lines=[{**line, "sku": ""}]))
    assert sku.message == "line 1 has no SKU: complete it in the shop"
    assert problems(transaction(currency=""))[0].message == "the order has no currency: complete it in the shop"
    assert problems(transaction(total=None))[0].message == "total is missing: complete it in the shop"
    assert problems(transaction(placed_at=None))[0].message == "placed_at is missing: complete it in the shop"


@pytest.mark.parametrize(
    ("bad", "codes"),
    [
        (transaction(details="{"), ["PARSE_ERROR"]),
        (transaction(expected_lines=2, details=json.dumps({"lines": [], "ships": False})), ["LINES_MISSING"]),
        (transaction(expected_lines=2, total="20.00"), ["LINES_MISSING"]),
        (ordered(lines=[{**json.loads(DETAILS)["lines"][0], "tax_code": "DE19", "tax_rate": "x"}]), ["FIELD_INVALID"]),
    ],
)
def test_what_follows_only_from_what_could_not_be_read_is_no_problem_of_its_own(
    bad: Transaction, codes: list[str]
) -> None:
    assert [problem.code for problem in problems(bad)] == codes


def test_a_tax_code_without_a_rate_is_not_said_to_have_one() -> None:
    taxed = {**json.loads(DETAILS)["lines"][0], "tax_code": "XX", "tax": "0"}
    (problem,) = problems(ordered(lines=[taxed]))
    assert problem.message == "tax code 'XX' is not an active sales tax in the ERP: finance creates or activates it"


def test_a_date_before_2000_is_a_date() -> None:
    (problem,) = problems(transaction(delivery_date="1999-12-31"))
    assert "is not a date, or is before the year 2000" in problem.message


# What explain says


def test_a_claim_is_told_although_a_hold_came_after_it() -> None:
    hold = Hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, RUN, "stock-taking", NOW)
    claimed = story(leased_until=NOW + timedelta(minutes=5), leased_by=RUN, holds=(hold,))
    text = by_itself(claimed, ROUTE)
    assert text.startswith(f"A push has claimed it and is at work ({RUN}). If that push dies, it is free again from")
    assert "It waits for the end of the hold on erp_tryton" in text


def test_a_hold_for_the_set_up_is_not_said_to_try_an_order_where_none_is_queued() -> None:
    hold = Hold("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT, RUN, "x", NOW)
    assert how_it_ends(hold).startswith("each push tries one order, if one is queued")


def test_a_start_that_was_moved_since_is_not_said_to_have_been_the_reason() -> None:
    early = story(Status.NOT_AN_ORDER, reason="before_start", placed_at=datetime(2025, 6, 1, tzinfo=UTC))
    assert "before the channel's start (2026-01-01 00:00 UTC)" in by_itself(early, ROUTE)
    moved = replace(ROUTE, start_from=datetime(2025, 1, 1, tzinfo=UTC))
    assert "before the start that the channel had then" in by_itself(early, moved)


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.SYNCED_MANUALLY])
def test_what_is_finished_may_still_become_a_conflict(status: Status) -> None:
    assert "it becomes a conflict" in by_itself(story(status, erp_number="SO7"), ROUTE)


def test_a_conflict_is_not_always_a_difference_of_two_orders() -> None:
    assert "differ" not in by_itself(story(Status.CONFLICT, code="CANCELLED_IN_ERP"), ROUTE)
    assert "other content" not in CATALOGUE["ORDER_CONFLICT"].meaning


def test_a_window_that_is_over_is_not_said_to_have_made_it_pending_already() -> None:
    late = story(Status.SENT, window_ends_at=NOW - timedelta(minutes=5), next_look_at=NOW)
    assert "The first look-up after 2026-11-20 10:05 UTC makes it Pending Verification" in by_itself(late, ROUTE)


def test_looks_that_end_are_not_said_to_find_a_confirmation_however_late() -> None:
    pending = story(Status.PENDING_VERIFICATION, next_look_at=NOW)
    assert "however late" not in by_itself(pending, ROUTE) + CATALOGUE["PENDING_VERIFICATION"].then
    assert "sent again only if a look-up proves" in by_itself(pending, ROUTE)


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        (story(Status.FAILED, transaction=replace(TRANSACTION, present_lines=1)), "resync"),
        (story(Status.ON_HOLD, transaction=replace(TRANSACTION, present_lines=1)), "release"),
        (story(Status.CONFLICT, transaction=replace(TRANSACTION, not_an_order="voided")), "resync"),
    ],
)
def test_people_are_not_offered_what_would_be_refused(given: Story, left_out: str) -> None:
    assert left_out not in decisions(given, ROUTE).partition(", with")[0].split(", ")
    assert left_out in decisions(replace(given, transaction=TRANSACTION), ROUTE)


def test_of_a_channel_that_left_the_registry_people_can_decide_nothing() -> None:
    assert decisions(story(Status.FAILED), None) == "nothing while its channel is not in the registry"


def test_the_channel_cannot_change_what_the_erp_had_before_the_start() -> None:
    assert decisions(story(Status.NOT_AN_ORDER, reason="in_erp_before_start"), ROUTE) == "nothing here"


def test_an_order_that_people_enter_by_hand_does_not_go_to_support_because_it_waits() -> None:
    waits = story(received_at=NOW - timedelta(hours=9))
    assert for_support(waits, ROUTE, STUCK_AFTER)
    assert for_support(waits, replace(ROUTE, by_hand="a team enters them"), STUCK_AFTER) is None


@pytest.mark.parametrize(
    ("given", "stage"),
    [
        (story(Status.CONFLICT, attempts=(attempt(),)), "attempted 1 time by Write Order, and in conflict"),
        (
            story(Status.FAILED, received_at=NOW, attempts=(attempt("refused"),)),
            "attempted 1 time by Write Order before, but not since it was set back",
        ),
        (story(attempts=(attempt("not_sent"),)), "not sent by Write Order"),
    ],
)
def test_the_stage_says_of_a_failure_where_it_was(given: Story, stage: str) -> None:
    assert row(given, "Stage") == f"extracted by P-0001, {stage}"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (story(Status.SENT, attempts=(attempt(),)), "'Pending' in the report of all orders until its window is over"),
        (story(Status.SUCCEEDED, erp_number="SO7"), "'Successful' in the report of all orders"),
        (story(Status.SENDING, attempts=(attempt("unknown"),)), "'Queued' in the report once"),
        (story(Status.SENDING, attempts=(attempt(), attempt(None, 2))), "'Pending Verification' in the report once"),
    ],
)
def test_the_word_in_the_report_is_the_one_that_the_report_has(given: Story, says: str) -> None:
    assert says in row(given, "Status")


def test_an_attempt_without_an_outcome_is_not_said_to_go_on() -> None:
    assert row(story(attempts=(attempt(None),)), "Attempts").startswith("2026-11-20 10:01:00: no result is recorded;")
    given_up = row(story(Status.DEAD, attempts=(attempt(None, resolution="resends_spent"),)), "Attempts")
    assert (
        "a later look-up showed: the ERP does not have it, or only unfinished, and no further attempt is allowed"
        in given_up
    )
    broken = row(story(attempts=(attempt("unknown", message="answered HTTP 502"),)), "Attempts")
    assert "no answer came" not in broken


def test_an_order_that_a_look_up_missed_is_not_said_to_be_heard_of() -> None:
    missed = story(Status.PENDING_VERIFICATION, attempts=(attempt("unknown", looked_at=NOW),))
    assert row(missed, "In the ERP").endswith("; a look-up did not find it, 2026-11-20 10:10 UTC")
    accepted = story(Status.SUCCEEDED, erp_number="SO7")
    assert row(accepted, "In the ERP").endswith("number SO7, no state is known; the time of its report is not recorded")


def test_a_word_that_the_channel_never_gave_is_not_said_to_be_lost() -> None:
    assert "no status is known" in row(story(source_status=""), "In the channel")


def test_what_is_cancelled_in_the_erp_under_a_number_that_nobody_kept_is_told_without_it() -> None:
    given = story(Status.FAILED, code="CANCELLED_IN_ERP", attempts=(attempt("refused", code="CANCELLED_IN_ERP"),))
    assert "the ERP has it under the number that its error names, cancelled" in manual_entry(given)


def test_a_return_is_booked_by_finance_and_not_entered_as_a_sale() -> None:
    given = story(Status.NOT_AN_ORDER, reason="RETURN_NOT_SUPPORTED")
    assert manual_entry(given) == "DO NOT enter it as a sale: it is a return, which finance books in the ERP."
    assert "`not_an_order`" in CATALOGUE["RETURN_NOT_SUPPORTED"].then


def test_what_no_look_up_found_but_may_be_there_is_not_said_to_be_unlooked_for() -> None:
    given = story(Status.PENDING_VERIFICATION, attempts=(attempt("unknown", looked_at=NOW),))
    assert "no look-up has proven that it is not" in manual_entry(given)


# What a decision says


def selected(status: Status, **changes: object) -> Selected:
    usual = Selected(1, KEY, status, 1, None, "", "", 0, reached=True)
    return replace(usual, **changes)  # type: ignore[arg-type]


def resynced(order: Selected) -> str:
    decision = decide(Action.RESYNC, order, "", "")
    assert isinstance(decision, Decision)
    return decision.message


@pytest.mark.parametrize("reason", ["voided", "on_hold"])
def test_what_the_channel_took_back_is_told_with_its_word_and_not_called_cancelled(reason: str) -> None:
    never, maybe = (selected(Status.FAILED, not_an_order=reason, reached=reached) for reached in (False, True))
    assert resynced(never) == f"in the channel it is no longer an order ({reason}): it is not sent"
    assert resynced(maybe).startswith(f"in the channel it is no longer an order ({reason}), and the ERP has it or may")


def test_a_person_is_not_told_to_do_what_would_be_refused() -> None:
    assert "mark it as synced" not in resynced(selected(Status.SUCCEEDED, erased=True))
    brought = selected(Status.NOT_AN_ORDER, not_an_order="before_start")
    assert "backfill_orders brings it in" in resynced(brought)
    assert "backfill_orders" not in resynced(replace(brought, erased=True))
    two = [found(ErpOrderState.TAKEN, "SO7"), found(ErpOrderState.TAKEN, "SO8")]
    told = after_look(Action.RESYNC, selected(Status.CONFLICT), "", two).message
    assert told == "the ERP has it as SO7, SO8: cancel what is wrong in the ERP first"
    assert "as :" not in resynced(selected(Status.FAILED, code="CANCELLED_IN_ERP"))


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.QUEUED, Status.SENDING, Status.SENT])
def test_an_order_that_waits_for_a_hold_is_not_said_to_be_on_its_way(status: Status) -> None:
    assert resynced(selected(status)) == f"it is {status} already: there is nothing to send again"


def test_looks_that_have_ended_are_not_promised_to_a_person() -> None:
    pending = selected(Status.PENDING_VERIFICATION)
    told = after_look(Action.RESYNC, pending, "", [found(ErpOrderState.TAKEN)]).message
    assert "by itself" not in told
    assert told.endswith("mark this one as synced with that number")


def test_no_advice_promises_a_retry_of_a_task_that_fails_at_once() -> None:
    for code in ("AUTH_EXPIRED", "FORBIDDEN", "MISCONFIGURED", "ERP_UNAVAILABLE", "REFERENCE_MISSING"):
        assert CATALOGUE[code].then == "No order is changed; the task, or a later run, tries again."


def test_events_that_resolve_an_attempt_by_a_look_are_told_in_words() -> None:
    for event in (Event.ABSENT, Event.RESENDS_SPENT, Event.HALF_MADE, Event.CANCELLED_IN_ERP, Event.TWO_IN_ERP):
        text = row(story(attempts=(attempt("unknown", looked_at=LANDED, resolution=event),)), "Attempts")
        assert "a later look-up showed: the ERP " in text
