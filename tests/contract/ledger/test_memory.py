"""What a ledger remembers beside orders: what is behind a connection, and the reference data."""

from datetime import timedelta
from typing import Any

import pytest

from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.life.lifecycle import Event
from order_sync.core.order.model import Problem
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Outcome
from order_sync.core.sending.traits import Kind
from tests.ledger.steps import (
    ACTOR,
    ALL,
    GRACE,
    WINDOW,
    Seen,
    change,
    claim,
    fail,
    key,
    land,
    open_all,
    send,
    validate,
)

Facts = dict[Wanted, dict[str, object]]
A, B, C = ("sku", "A"), ("sku", "B"), ("sku", "C")


def store(ledger: Ledger, facts: Facts) -> int:
    """Store a copy that was read just now."""
    return ledger.store_reference("tryton", ReferenceData(facts, ledger.now()), ACTOR)


def answer(ledger: Ledger, facts: dict[Wanted, Any]) -> int:
    """Store what the ERP has just answered about these codes; None: it does not have it."""
    return ledger.store_reference("tryton", ReferenceData(facts, ledger.now(), whole=False), ACTOR)


def known(ledger: Ledger, *wanted: Wanted) -> dict[Wanted, Any]:
    """What the ledger knows of these codes."""
    copy = ledger.reference("tryton", wanted)
    assert copy is not None
    return dict(copy.facts)


def to_ask(ledger: Ledger, *wanted: Wanted, **age: float) -> set[Wanted]:
    """Which of these codes are to be asked for, if answers of that age serve."""
    return ledger.to_ask("tryton", wanted, ledger.now() - timedelta(**age))


def test_there_is_no_reference_data_before_the_first_copy(ledger: Ledger) -> None:
    assert ledger.reference("tryton", ()) is None
    store(ledger, {})
    copy = ledger.reference("tryton", [("sku", "A")])
    assert copy is not None
    assert copy.facts == {}
    assert ledger.reference("other", ()) is None


def test_reference_data_is_read_by_kind_and_code_with_its_facts(ledger: Ledger) -> None:
    facts: Facts = {
        ("sku", "A"): {"salable": True, "digits": 0},
        ("tax", "A"): {"rate": "19.00"},
        ("customer", "C"): {},
    }
    store(ledger, facts)
    copy = ledger.reference("tryton", [("sku", "A"), ("customer", "C"), ("sku", "gone"), ("sku", "\x00")])
    assert copy is not None
    assert copy.facts == {("sku", "A"): facts["sku", "A"], ("customer", "C"): {}}


def test_the_age_of_a_copy_is_by_the_ledgers_clock_even_if_the_readers_runs_ahead(ledger: Ledger) -> None:
    ahead = ledger.now() + timedelta(hours=1)
    ledger.store_reference("tryton", ReferenceData({}, ahead), ACTOR)
    copy = ledger.reference("tryton", ())
    assert copy is not None
    assert copy.as_of <= ledger.now()


@pytest.mark.parametrize("before", [{}, {("sku", "A"): {"salable": False}}])
def test_new_or_changed_data_receives_the_failed_orders_that_it_may_cure(
    ledger: Ledger, seen: Seen, before: Facts
) -> None:
    """R102"""
    store(ledger, {**before, ("sku", "B"): {}})
    fail(ledger, 1, 2, reference="sku:A")
    fail(ledger, 3, reference="sku:B")
    fail(ledger, 4, reference="sku:C")
    assert store(ledger, {("sku", "A"): {"salable": True}, ("sku", "B"): {}}) == 2
    assert [seen.status(number) for number in (1, 2, 3, 4)] == ["received", "received", "failed", "failed"]
    assert seen.events(1) == ["landed", "invalid", "reference_changed"]
    assert store(ledger, {("sku", "A"): {"salable": True}, ("sku", "B"): {}}) == 0


def test_data_that_went_away_cures_nothing(ledger: Ledger, seen: Seen) -> None:
    store(ledger, {("sku", "A"): {}})
    fail(ledger, 1, reference="sku:A")
    assert store(ledger, {}) == 0
    assert seen.status(1) == "failed"


def test_any_of_an_orders_problems_is_enough(ledger: Ledger, seen: Seen) -> None:
    land(ledger, 1)
    (entry,) = ledger.to_validate("shop", None, ALL)
    problems = (
        Problem("ORDER_EMPTY", "lines", "0", "no lines"),
        Problem("SKU_NOT_FOUND", "line 1", "A", "not there", "sku:A"),
    )
    ledger.apply([change(entry, Event.INVALID, problems=problems)], ACTOR)
    assert store(ledger, {("sku", "A"): {}}) == 1
    assert seen.status(1) == "received"


def test_an_order_that_was_received_again_is_sent_under_its_new_generation(ledger: Ledger, seen: Seen) -> None:
    fail(ledger, 1)
    store(ledger, {("sku", "A"): {}})
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == {key(1)}


def test_answers_about_codes_are_added_to_those_before(ledger: Ledger) -> None:
    answer(ledger, {A: {"digits": 0}, B: None})
    answer(ledger, {B: {}, C: None})
    assert known(ledger, A, B, C, ("sku", "D")) == {A: {"digits": 0}, B: {}, C: None}


def test_a_copy_says_whether_it_is_whole_and_which_kinds_the_erp_can_tell(ledger: Ledger) -> None:
    cases: list[tuple[bool, frozenset[Kind]]] = [(False, frozenset({"sku", "tax"})), (True, frozenset())]
    for whole, kinds in cases:
        ledger.store_reference("tryton", ReferenceData({}, ledger.now(), whole, kinds), ACTOR)
        copy = ledger.reference("tryton", [A])
        assert copy is not None
        assert (copy.whole, copy.knows) == (whole, kinds)


def test_what_is_to_be_asked_for_was_never_asked_for_or_too_long_ago(ledger: Ledger, seen: Seen) -> None:
    assert to_ask(ledger, A, minutes=15) == {A}
    answer(ledger, {A: {}, B: None})
    assert to_ask(ledger, A, B, C, minutes=15) == {C}
    assert to_ask(ledger, A, minutes=0) == {A}
    assert ledger.to_ask("other", [A], ledger.now() - timedelta(minutes=15)) == {A}
    assert ledger.to_ask("tryton", [], ledger.now()) == set()
    seen.let_pass(timedelta(minutes=10))
    answer(ledger, {B: None})
    seen.let_pass(timedelta(minutes=10))
    assert to_ask(ledger, A, B, minutes=15) == {A}


def test_a_whole_copy_takes_the_place_of_all_answers(ledger: Ledger) -> None:
    answer(ledger, {A: {}, B: None, C: {}})
    store(ledger, {A: {"digits": 2}})
    assert known(ledger, A, B, C) == {A: {"digits": 2}}


def test_answers_that_nobody_asked_for_again_within_a_week_go(ledger: Ledger, seen: Seen) -> None:
    store(ledger, {C: {}})
    answer(ledger, {A: {}, B: {}})
    assert known(ledger, C) == {}, "what a whole copy had counts as never asked for"
    seen.let_pass(timedelta(days=6))
    answer(ledger, {B: {}})
    seen.let_pass(timedelta(days=2))
    answer(ledger, {C: {}})
    assert known(ledger, A, B, C) == {B: {}, C: {}}


def test_an_answer_that_differs_receives_the_failed_orders_that_it_may_cure(ledger: Ledger, seen: Seen) -> None:
    answer(ledger, {A: None, B: {}, C: {}})
    fail(ledger, 1, 2, reference="sku:A")
    fail(ledger, 3, reference="sku:B")
    assert answer(ledger, {A: None, B: {}}) == 0
    assert answer(ledger, {B: None, C: None}) == 0, "what went away cures nothing"
    assert answer(ledger, {A: {"salable": True}}) == 2
    assert [seen.status(number) for number in (1, 2, 3)] == ["received", "received", "failed"]


@pytest.mark.parametrize(("asked", "comes_back"), [({B: {}}, 0), ({A: None}, 0), ({A: {}}, 1)])
def test_what_was_refused_once_comes_back_when_the_erp_was_asked_again_for_what_may_cure_it(
    ledger: Ledger, asked: Facts, comes_back: int
) -> None:
    answer(ledger, {A: {}, B: {}})
    refuse(ledger, "sku:A")
    assert answer(ledger, asked) == comes_back


def test_what_was_refused_twice_comes_back_only_when_an_answer_differs(ledger: Ledger) -> None:
    answer(ledger, {A: {}})
    refuse(ledger, "sku:A")
    answer(ledger, {A: {}})
    refuse(ledger, "sku:A")
    assert answer(ledger, {A: {}}) == 0
    assert answer(ledger, {A: {"digits": 2}}) == 1


def refuse(ledger: Ledger, *cured_by: str) -> None:
    """The ERP refuses an order, which this data may cure."""
    (entry,) = send(ledger, 1).entries
    refused = Outcome(entry.key, entry.generation, Event.REFUSED, "SKU_NOT_FOUND", cured_by=cured_by)
    ledger.close([refused], None, GRACE, WINDOW, ACTOR)


def test_what_may_cure_failed_orders_is_named(ledger: Ledger) -> None:
    assert ledger.cures("shop", "tryton") == set()
    refuse(ledger, "state:DE-NW", "country:DE")
    fail(ledger, 2, 3, reference="sku:A:1")
    assert ledger.cures("shop", "tryton") == {("state", "DE-NW"), ("country", "DE"), ("sku", "A:1")}
    assert ledger.cures("other", "tryton") == ledger.cures("shop", "other") == set()


def test_nothing_brings_back_what_people_enter_by_hand(ledger: Ledger) -> None:
    land(ledger, 1)
    (entry,) = ledger.to_validate("shop", None, ALL)
    problems = (Problem("SKU_NOT_FOUND", "line 1", "A", "not there", "sku:A"), Problem("NOT_AUTOMATED", "", "", ""))
    ledger.apply([change(entry, Event.INVALID, problems=problems)], ACTOR)
    assert ledger.cures("shop", "tryton") == set()
