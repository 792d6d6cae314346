"""The verdict on an order in doubt follows what the ERP has of it, what its guarantee allows, and what proves it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.money import Tolerance
from order_sync.core.sending.traits import Guarantee, Proof, Traits
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.core.settling.verdict import InDoubt, Policy, judge, next_look
from tests.core.settings.test_policy import PROVING

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DOUBT = InDoubt(Status.SENT, Decimal("10.00"), "EUR", NOW + timedelta(minutes=2), NOW + timedelta(minutes=30), 0)
CONFIRMED = ErpOrder(ErpOrderState.CONFIRMED, "SO1", "processing", Decimal("10.00"), "EUR")
POLICY = Policy("unique_key")


@given(
    st.sampled_from([Status.SENDING, Status.SENT, Status.PENDING_VERIFICATION]),
    st.sampled_from(["unique_key", "searchable", "blind"]),
    st.integers(0, 40 * 24 * 60),
    st.sampled_from([None, Decimal("10.00"), Decimal("11.00"), Decimal("NaN"), Decimal("1e999999")]),
)
def test_an_order_that_the_erp_has_in_a_state_that_nobody_knows_is_neither_proven_nor_absent_nor_different(
    status: Status, guarantee: Guarantee, minutes: int, total: Decimal | None
) -> None:
    seen = ErpOrder(ErpOrderState.UNKNOWN, "", "at the tailor's", total, "EUR", text="nobody knows what that means")
    verdict = judge(replace(DOUBT, status=status), [seen], NOW + timedelta(minutes=minutes), Policy(guarantee))
    assert verdict.event in (None, Event.WINDOW_OVER)
    assert (verdict.event is Event.WINDOW_OVER) == (minutes >= 30 and status is not Status.PENDING_VERIFICATION)
    if verdict.event:
        assert (verdict.code, verdict.message) == ("PENDING_VERIFICATION", "nobody knows what that means")


@pytest.mark.parametrize(
    "founds", [[], [replace(CONFIRMED, state=ErpOrderState.TAKEN)]], ids=["not found", "not confirmed"]
)
def test_the_window_is_over_at_the_moment_at_which_it_ends(founds: list[Any]) -> None:
    """R54"""
    end = DOUBT.window_ends_at
    assert judge(DOUBT, founds, end - timedelta(microseconds=1), POLICY).event is None
    assert judge(DOUBT, founds, end, POLICY).event is Event.WINDOW_OVER


def test_an_order_in_a_state_that_nobody_knows_beside_another_one_is_there_twice() -> None:
    unknown = replace(CONFIRMED, state=ErpOrderState.UNKNOWN)
    assert judge(DOUBT, [CONFIRMED, unknown], NOW, POLICY).event is Event.TWO_IN_ERP


@pytest.mark.parametrize("total", [Decimal("NaN"), Decimal("1e999999"), Decimal("Infinity")])
def test_a_total_that_is_no_amount_is_not_the_orders(total: Decimal) -> None:
    assert judge(DOUBT, [replace(CONFIRMED, total=total)], NOW, POLICY).event is Event.DIFFERENT


@pytest.mark.parametrize(
    ("doubt", "founds", "event"),
    [
        ({}, [CONFIRMED], Event.CONFIRMED),
        ({}, [replace(CONFIRMED, total=Decimal("10.01"))], Event.CONFIRMED),
        ({}, [replace(CONFIRMED, total=Decimal("10.02"))], Event.DIFFERENT),
        ({}, [replace(CONFIRMED, total=None)], Event.DIFFERENT),
        ({}, [replace(CONFIRMED, currency="USD")], Event.DIFFERENT),
        ({}, [replace(CONFIRMED, same_lines=False)], Event.DIFFERENT),
        ({}, [CONFIRMED, CONFIRMED], Event.TWO_IN_ERP),
        ({}, [replace(CONFIRMED, state=ErpOrderState.CANCELLED), CONFIRMED], Event.CONFIRMED),
        ({}, [replace(CONFIRMED, state=ErpOrderState.CANCELLED)], Event.CANCELLED_IN_ERP),
        ({}, [replace(CONFIRMED, state=ErpOrderState.REFUSED)], Event.REFUSED),
        ({}, [replace(CONFIRMED, state=ErpOrderState.TAKEN)], None),
        ({"window_ends_at": NOW}, [replace(CONFIRMED, state=ErpOrderState.TAKEN)], Event.WINDOW_OVER),
        ({"status": Status.SENDING}, [replace(CONFIRMED, state=ErpOrderState.TAKEN)], Event.TAKEN),
        ({}, [], None),
        ({"window_ends_at": NOW}, [], Event.WINDOW_OVER),
        ({"status": Status.SENDING}, [], None),
        ({"window_ends_at": NOW, "acknowledged_as": "SO1"}, [], Event.WINDOW_OVER),
        ({"status": Status.SENDING, "grace_until": NOW, "acknowledged_as": "SO1"}, [], None),
        ({"status": Status.PENDING_VERIFICATION, "grace_until": NOW, "acknowledged_as": "SO1"}, [], None),
        (
            {"status": Status.PENDING_VERIFICATION, "grace_until": NOW, "acknowledged_as": "SO1", "resends": 3},
            [],
            None,
        ),
        ({"status": Status.SENDING, "grace_until": NOW}, [], Event.ABSENT),
        ({"status": Status.SENDING, "grace_until": NOW, "resends": 3}, [], Event.RESENDS_SPENT),
        ({"status": Status.SENDING}, [replace(CONFIRMED, state=ErpOrderState.HALF_MADE)], None),
        (
            {"status": Status.SENDING, "grace_until": NOW},
            [replace(CONFIRMED, state=ErpOrderState.HALF_MADE)],
            Event.HALF_MADE,
        ),
        (
            {"status": Status.SENDING, "grace_until": NOW},
            [replace(CONFIRMED, state=ErpOrderState.HALF_MADE, same_lines=False)],
            Event.DIFFERENT,
        ),
        (
            {"status": Status.SENDING, "grace_until": NOW},
            [replace(CONFIRMED, state=ErpOrderState.HALF_MADE, total=Decimal(0), same_lines=True)],
            Event.HALF_MADE,
        ),
        (
            {"status": Status.PENDING_VERIFICATION, "grace_until": NOW},
            [replace(CONFIRMED, state=ErpOrderState.HALF_MADE, total=None)],
            Event.HALF_MADE,
        ),
        ({}, [replace(CONFIRMED, state=ErpOrderState.HALF_MADE)], None),
        ({}, [replace(CONFIRMED, state=ErpOrderState.HALF_MADE, total=Decimal(9))], Event.DIFFERENT),
    ],
)
def test_the_verdict_follows_the_evidence(doubt: dict[str, Any], founds: list[Any], event: Event | None) -> None:
    """R48"""
    assert judge(replace(DOUBT, **doubt), founds, NOW, POLICY).event is event


@pytest.mark.parametrize(
    ("guarantee", "after", "event"),
    [
        ("unique_key", 2, Event.ABSENT),
        ("searchable", 31, Event.WINDOW_OVER),
        ("blind", 31, Event.WINDOW_OVER),
    ],
)
def test_absence_counts_as_soon_as_the_erps_guarantee_allows(guarantee: Guarantee, after: int, event: Event) -> None:
    doubt = replace(DOUBT, status=Status.SENDING)
    assert judge(doubt, [], NOW + timedelta(minutes=after), Policy(guarantee)).event is event


def test_each_send_into_a_searchable_erp_has_a_window_of_its_own() -> None:
    again = replace(DOUBT, status=Status.PENDING_VERIFICATION, grace_until=NOW + timedelta(minutes=42), resends=1)
    policy = Policy("searchable")
    assert judge(again, [], NOW + timedelta(minutes=71), policy).event is None
    assert judge(again, [], NOW + timedelta(minutes=72), policy).event is Event.ABSENT


@pytest.mark.parametrize("guarantee", ["unique_key", "searchable", "blind"])
def test_while_a_number_stands_that_the_erp_gave_absence_never_sends_again_and_the_text_says_what_to_do(
    guarantee: Guarantee,
) -> None:
    doubt = replace(DOUBT, status=Status.PENDING_VERIFICATION, acknowledged_as="SO1")
    verdict = judge(doubt, [], NOW + timedelta(days=30), Policy(guarantee))
    assert verdict.event is None
    assert "search for SO1 in the ERP" in verdict.message


@pytest.mark.parametrize("guarantee", ["unique_key", "searchable", "blind"])
def test_only_where_nobody_can_look_a_receipt_outweighs_not_finding_the_order(guarantee: Guarantee) -> None:
    doubt = replace(DOUBT, status=Status.PENDING_VERIFICATION, acknowledged_as="SO1")
    policy = Policy(guarantee, receipt_is_acceptance=True)
    verdict = judge(doubt, [], NOW + timedelta(days=1), policy)
    assert verdict.event is (Event.CONFIRMED if guarantee == "blind" else None)
    assert judge(replace(doubt, acknowledged_as=""), [], NOW + timedelta(days=1), policy).event is not Event.CONFIRMED


@pytest.mark.parametrize(
    ("word", "states", "event"),
    [
        ("processing", (), Event.CONFIRMED),
        ("processing", ("processing", "done"), Event.CONFIRMED),
        ("processing", ("done",), None),
        ("confirmed", ("processing", "done"), None),
        ("confirmed", ("confirmed", "processing", "done"), Event.CONFIRMED),
    ],
)
def test_only_the_states_that_the_owner_takes_for_proof_confirm_an_order(
    word: str, states: tuple[Any, ...], event: Event | None
) -> None:
    """R48"""
    traits = PROVING.confirmed_by(states, "tryton") if states else Traits("unique_key")
    seen = replace(CONFIRMED, erp_status=word)
    assert judge(DOUBT, [seen], NOW, Settings().policy(traits)).event is event


@pytest.mark.parametrize("state", ["half_made", "cancelled", "refused", "unknown"])
def test_a_state_that_is_no_success_is_none_whatever_the_owner_takes_for_proof(state: str) -> None:
    seen = replace(CONFIRMED, state=ErpOrderState(state), erp_status="done")
    assert seen.as_proof(("done",)) == seen


@pytest.mark.parametrize(
    ("state", "number", "acknowledged_as"),
    [
        (ErpOrderState.TAKEN, "SO1", "SO1"),
        (ErpOrderState.CONFIRMED, "SO1", "SO1"),
        (ErpOrderState.TAKEN, "", None),
        (ErpOrderState.HALF_MADE, "ID 1", None),
        (ErpOrderState.REFUSED, "SO1", ""),
        (ErpOrderState.CANCELLED, "SO1", ""),
    ],
)
def test_a_look_up_acknowledges_an_order_that_the_erp_has_and_takes_it_back_when_it_refused_or_cancelled_it(
    state: ErpOrderState, number: str, acknowledged_as: str | None
) -> None:
    assert replace(CONFIRMED, state=state, number=number).acknowledged_as == acknowledged_as


NET = replace(DOUBT, net=Decimal("8.40"), lines=4)


@pytest.mark.parametrize(
    ("proof", "total", "currency", "event"),
    [
        ("gross", "10.00", "EUR", Event.CONFIRMED),
        ("gross", "8.40", "EUR", Event.DIFFERENT),
        ("gross", None, "EUR", Event.DIFFERENT),
        ("net", "8.40", "EUR", Event.CONFIRMED),
        ("net", "10.00", "EUR", Event.DIFFERENT),
        ("net", "8.40", "USD", Event.DIFFERENT),
        ("net", None, "EUR", Event.DIFFERENT),
        ("acceptance", None, "", Event.CONFIRMED),
        ("acceptance", "10.00", "EUR", Event.CONFIRMED),
        ("acceptance", "8.40", "EUR", Event.DIFFERENT),
    ],
)
def test_an_order_is_proven_by_what_its_erp_can_prove(
    proof: Proof, total: str | None, currency: str, event: Event
) -> None:
    found = replace(CONFIRMED, total=None if total is None else Decimal(total), currency=currency)
    assert judge(NET, [found], NOW, Policy("unique_key", proof=proof)).event is event


def test_acceptance_without_a_number_or_with_other_lines_proves_nothing() -> None:
    policy = Policy("unique_key", proof="acceptance")
    over = NOW + timedelta(hours=1)
    assert judge(NET, [replace(CONFIRMED, total=None, number="")], over, policy).code == "ERP_ACK_WITHOUT_ID"
    assert judge(NET, [replace(CONFIRMED, total=None, same_lines=False)], NOW, policy).event is Event.DIFFERENT


def test_a_difference_of_totals_without_tax_is_told_as_one() -> None:
    message = judge(NET, [CONFIRMED], NOW, Policy("unique_key", proof="net")).message
    assert message == "the ERP's order SO1 has the total 10.00 EUR without tax, the channel's has 8.40 EUR without tax"


@pytest.mark.parametrize(
    ("tolerance", "total", "currency", "event"),
    [
        ("1", "10.02", "EUR", Event.DIFFERENT),
        ("2", "10.02", "EUR", Event.CONFIRMED),
        ("0+0.5/line", "10.02", "EUR", Event.CONFIRMED),
        ("0+0.5/line", "10.03", "EUR", Event.DIFFERENT),
        ("1+0.5/line", "13", "JPY", Event.CONFIRMED),
        ("1+0.5/line", "14", "JPY", Event.DIFFERENT),
    ],
)
def test_totals_may_differ_by_minor_units_and_by_more_for_each_line(
    tolerance: str, total: str, currency: str, event: Event
) -> None:
    policy = Policy("unique_key", tolerance=Tolerance.read(tolerance))
    found = replace(CONFIRMED, total=Decimal(total), currency=currency)
    assert judge(replace(NET, currency=currency), [found], NOW, policy).event is event


def test_a_blind_erp_is_never_sent_to_twice_by_itself() -> None:
    """R46"""
    doubt = replace(DOUBT, status=Status.PENDING_VERIFICATION)
    assert judge(doubt, [], NOW + timedelta(days=30), Policy("blind")).event is None
    assert judge(doubt, [], NOW + timedelta(minutes=32), Policy("searchable")).event is Event.ABSENT


def test_looks_are_early_then_at_the_end_then_ever_rarer_and_end() -> None:
    """T11"""
    moments, now = [], NOW
    doubt = replace(DOUBT, status=Status.SENT)
    while (look := next_look(doubt, now, POLICY)) is not None:
        moments.append((look - NOW) / timedelta(minutes=1))
        now = look
    assert moments[:8] == [1, 5, 15, 30, 35, 45, 60, 90]
    assert now == DOUBT.window_ends_at + POLICY.give_up_looking


def test_an_unanswered_attempt_is_looked_at_when_its_grace_is_over() -> None:
    doubt = replace(DOUBT, status=Status.SENDING)
    assert next_look(doubt, NOW + timedelta(minutes=1), POLICY) == NOW + POLICY.grace
