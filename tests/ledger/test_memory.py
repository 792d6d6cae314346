"""What the ledger remembers beside orders: what is behind a connection, how far it was read, and the reference data."""

from datetime import timedelta

import pytest

from order_sync.core.errors import Misconfigured
from order_sync.core.lifecycle import Event
from order_sync.core.orders import Problem
from order_sync.core.ports import Actor
from order_sync.core.rules import ReferenceData, Wanted
from order_sync.core.watermark import Watermark
from order_sync.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Sql,
    change,
    claim,
    close,
    fail,
    key,
    land,
    open_all,
    send,
    validate,
)

Facts = dict[Wanted, dict[str, object]]


def store(ledger: Ledger, facts: Facts) -> int:
    """Store a copy that was read just now."""
    return ledger.store_reference("tryton", ReferenceData(facts, ledger.now()), ACTOR)


def test_the_first_fingerprint_of_a_connection_is_accepted_and_another_one_refused(ledger: Ledger):
    ledger.check_fingerprint("channel_shop", "pg 1/shop")
    ledger.check_fingerprint("channel_shop", "pg 1/shop")
    ledger.check_fingerprint("erp_tryton", "tryton 7")
    with pytest.raises(Misconfigured) as caught:
        ledger.check_fingerprint("channel_shop", "pg 2/shop's")
    assert "connection channel_shop leads to 'pg 2/shop's', and since" in str(caught.value)
    assert "it has been 'pg 1/shop'" in str(caught.value)
    command = """python -m order_sync accept channel_shop --fingerprint 'pg 2/shop'"'"'s' --by NAME --reason WHY"""
    assert str(caught.value).endswith(command)


def test_a_fingerprint_that_a_person_accepts_holds_from_then_on_and_the_old_one_no_longer(ledger: Ledger, sql: Sql):
    ledger.check_fingerprint("channel_shop", "one")
    ledger.accept_fingerprint("channel_shop", "two", Actor("Ada", "rebuilt"))
    ledger.check_fingerprint("channel_shop", "two")
    with pytest.raises(Misconfigured):
        ledger.check_fingerprint("channel_shop", "one")
    assert sql.rows("select epoch, fingerprint, accepted_by, reason from fingerprints order by epoch") == [
        (1, "one", "first use", ""),
        (2, "two", "Ada", "rebuilt"),
    ]


def test_an_accepted_channel_database_is_read_from_its_beginning(ledger: Ledger):
    ledger.check_fingerprint("channel_shop", "one")
    ledger.record("shop", "tryton", [], Watermark("one", 500), ACTOR)
    ledger.accept_fingerprint("channel_shop", "two", Actor("Ada", "rebuilt"))
    assert ledger.watermark("shop") is None
    ledger.record("shop", "tryton", [], Watermark("two", 3), ACTOR)
    assert ledger.watermark("shop") == Watermark("two", 3)


def test_an_extract_that_was_under_way_during_the_acceptance_stores_no_watermark(ledger: Ledger):
    ledger.check_fingerprint("channel_shop", "one")
    ledger.accept_fingerprint("channel_shop", "two", Actor("Ada", "rebuilt"))
    ledger.record("shop", "tryton", [], Watermark("one", 500), ACTOR)
    assert ledger.watermark("shop") is None


def test_a_database_that_comes_back_after_another_is_read_from_its_beginning_too(ledger: Ledger):
    ledger.check_fingerprint("channel_shop", "one")
    ledger.record("shop", "tryton", [], Watermark("one", 500), ACTOR)
    for fingerprint in ("two", "one"):
        ledger.accept_fingerprint("channel_shop", fingerprint, Actor("Ada", "restored"))
    assert ledger.watermark("shop") is None


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


def test_a_new_copy_replaces_all_of_the_old_one(ledger: Ledger, sql: Sql):
    store(ledger, {("sku", "A"): {"digits": 0}, ("sku", "B"): {}, ("sku", "C"): {}})
    store(ledger, {("sku", "A"): {"digits": 2}, ("sku", "C"): {}})
    assert sql.rows("select code, facts from reference_data order by code") == [("A", {"digits": 2}), ("C", {})]


def test_the_age_of_a_copy_is_by_the_ledgers_clock_even_if_the_readers_runs_ahead(ledger: Ledger):
    ahead = ledger.now() + timedelta(hours=1)
    ledger.store_reference("tryton", ReferenceData({}, ahead), ACTOR)
    copy = ledger.reference("tryton", ())
    assert copy is not None
    assert copy.as_of <= ledger.now()


@pytest.mark.parametrize("before", [{}, {("sku", "A"): {"salable": False}}])
def test_new_or_changed_data_receives_the_failed_orders_that_it_may_cure(ledger: Ledger, sql: Sql, before: Facts):
    """R102"""
    store(ledger, {**before, ("sku", "B"): {}})
    fail(ledger, 1, 2, reference="sku:A")
    fail(ledger, 3, reference="sku:B")
    fail(ledger, 4, reference="sku:C")
    assert store(ledger, {("sku", "A"): {"salable": True}, ("sku", "B"): {}}) == 2
    assert [sql.status(number) for number in (1, 2, 3, 4)] == ["received", "received", "failed", "failed"]
    assert sql.events(1) == ["landed", "invalid", "reference_changed"]
    assert store(ledger, {("sku", "A"): {"salable": True}, ("sku", "B"): {}}) == 0


def test_data_that_went_away_cures_nothing(ledger: Ledger, sql: Sql):
    store(ledger, {("sku", "A"): {}})
    fail(ledger, 1, reference="sku:A")
    assert store(ledger, {}) == 0
    assert sql.status(1) == "failed"


def test_any_of_an_orders_problems_is_enough(ledger: Ledger, sql: Sql):
    land(ledger, 1)
    (entry,) = ledger.to_validate("shop", None, ALL)
    problems = (
        Problem("ORDER_EMPTY", "lines", "0", "no lines"),
        Problem("SKU_NOT_FOUND", "line 1", "A", "not there", "sku:A"),
    )
    ledger.apply([change(entry, Event.INVALID, problems=problems)], ACTOR)
    assert store(ledger, {("sku", "A"): {}}) == 1
    assert sql.status(1) == "received"


def test_an_order_that_was_sent_is_not_touched_by_reference_data(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP")
    sql.do("""update orders set problems = '[{"reference": "sku:A"}]'""")
    assert store(ledger, {("sku", "A"): {}}) == 0
    assert sql.status(1) == "failed"


def test_another_erps_orders_are_not_touched(ledger: Ledger, sql: Sql):
    fail(ledger, 1, reference="sku:A")
    sql.do("update orders set erp = 'other'")
    assert store(ledger, {("sku", "A"): {}}) == 0


def test_an_order_that_was_received_again_is_sent_under_its_new_generation(ledger: Ledger, sql: Sql):
    fail(ledger, 1)
    store(ledger, {("sku", "A"): {}})
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == {key(1)}
