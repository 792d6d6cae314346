"""What a ledger remembers beside orders: what is behind a connection, and the reference data."""

from datetime import timedelta

import pytest

from order_sync.core.lifecycle import Event
from order_sync.core.orders import Problem
from order_sync.core.ports.ledger import Ledger
from order_sync.core.rules import ReferenceData, Wanted
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Seen,
    change,
    claim,
    fail,
    key,
    land,
    open_all,
    validate,
)

Facts = dict[Wanted, dict[str, object]]


def store(ledger: Ledger, facts: Facts) -> int:
    """Store a copy that was read just now."""
    return ledger.store_reference("tryton", ReferenceData(facts, ledger.now()), ACTOR)


def test_there_is_no_reference_data_before_the_first_copy(ledger: Ledger):
    assert ledger.reference("tryton", ()) is None
    store(ledger, {})
    copy = ledger.reference("tryton", [("sku", "A")])
    assert copy is not None
    assert copy.facts == {}
    assert ledger.reference("other", ()) is None


def test_reference_data_is_read_by_kind_and_code_with_its_facts(ledger: Ledger):
    facts: Facts = {
        ("sku", "A"): {"salable": True, "digits": 0},
        ("tax", "A"): {"rate": "19.00"},
        ("customer", "C"): {},
    }
    store(ledger, facts)
    copy = ledger.reference("tryton", [("sku", "A"), ("customer", "C"), ("sku", "gone"), ("sku", "\x00")])
    assert copy is not None
    assert copy.facts == {("sku", "A"): facts["sku", "A"], ("customer", "C"): {}}


def test_the_age_of_a_copy_is_by_the_ledgers_clock_even_if_the_readers_runs_ahead(ledger: Ledger):
    ahead = ledger.now() + timedelta(hours=1)
    ledger.store_reference("tryton", ReferenceData({}, ahead), ACTOR)
    copy = ledger.reference("tryton", ())
    assert copy is not None
    assert copy.as_of <= ledger.now()


@pytest.mark.parametrize("before", [{}, {("sku", "A"): {"salable": False}}])
def test_new_or_changed_data_receives_the_failed_orders_that_it_may_cure(ledger: Ledger, seen: Seen, before: Facts):
    """R102"""
    store(ledger, {**before, ("sku", "B"): {}})
    fail(ledger, 1, 2, reference="sku:A")
    fail(ledger, 3, reference="sku:B")
    fail(ledger, 4, reference="sku:C")
    assert store(ledger, {("sku", "A"): {"salable": True}, ("sku", "B"): {}}) == 2
    assert [seen.status(number) for number in (1, 2, 3, 4)] == ["received", "received", "failed", "failed"]
    assert seen.events(1) == ["landed", "invalid", "reference_changed"]
    assert store(ledger, {("sku", "A"): {"salable": True}, ("sku", "B"): {}}) == 0


def test_data_that_went_away_cures_nothing(ledger: Ledger, seen: Seen):
    store(ledger, {("sku", "A"): {}})
    fail(ledger, 1, reference="sku:A")
    assert store(ledger, {}) == 0
    assert seen.status(1) == "failed"


def test_any_of_an_orders_problems_is_enough(ledger: Ledger, seen: Seen):
    land(ledger, 1)
    (entry,) = ledger.to_validate("shop", None, ALL)
    problems = (
        Problem("ORDER_EMPTY", "lines", "0", "no lines"),
        Problem("SKU_NOT_FOUND", "line 1", "A", "not there", "sku:A"),
    )
    ledger.apply([change(entry, Event.INVALID, problems=problems)], ACTOR)
    assert store(ledger, {("sku", "A"): {}}) == 1
    assert seen.status(1) == "received"


def test_an_order_that_was_received_again_is_sent_under_its_new_generation(ledger: Ledger, seen: Seen):
    fail(ledger, 1)
    store(ledger, {("sku", "A"): {}})
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == {key(1)}
