"""What the ledger remembers beside orders: what is behind a connection, how far it was read, and the reference data."""

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Event
from order_sync.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    Sql,
    close,
    fail,
    send,
)

Facts = dict[Wanted, dict[str, object]]


def store(ledger: Ledger, facts: Facts) -> int:
    """Store a copy that was read just now."""
    return ledger.store_reference("tryton", ReferenceData(facts, ledger.now()), ACTOR)


def test_a_fingerprint_that_a_person_accepts_holds_from_then_on_and_the_old_one_no_longer(
    ledger: Ledger, sql: Sql
) -> None:
    ledger.check_fingerprint("channel_shop", "one")
    ledger.accept_fingerprint("channel_shop", "two", Actor(person="Ada", reason="rebuilt"))
    ledger.check_fingerprint("channel_shop", "two")
    with pytest.raises(Misconfigured):
        ledger.check_fingerprint("channel_shop", "one")
    assert sql.rows("select epoch, fingerprint, accepted_by, reason from fingerprints order by epoch") == [
        (1, "one", "first use", ""),
        (2, "two", "Ada", "rebuilt"),
    ]


def test_an_accepted_channel_database_is_read_from_its_beginning(ledger: Ledger) -> None:
    ledger.check_fingerprint("channel_shop", "one")
    ledger.record("shop", "tryton", [], Watermark("one", 500), ACTOR)
    ledger.accept_fingerprint("channel_shop", "two", Actor(person="Ada", reason="rebuilt"))
    assert ledger.watermark("shop") is None
    ledger.record("shop", "tryton", [], Watermark("two", 3), ACTOR)
    assert ledger.watermark("shop") == Watermark("two", 3)


def test_an_extract_that_was_under_way_during_the_acceptance_stores_no_watermark(ledger: Ledger) -> None:
    ledger.check_fingerprint("channel_shop", "one")
    ledger.accept_fingerprint("channel_shop", "two", Actor(person="Ada", reason="rebuilt"))
    ledger.record("shop", "tryton", [], Watermark("one", 500), ACTOR)
    assert ledger.watermark("shop") is None


def test_a_database_that_comes_back_after_another_is_read_from_its_beginning_too(ledger: Ledger) -> None:
    ledger.check_fingerprint("channel_shop", "one")
    ledger.record("shop", "tryton", [], Watermark("one", 500), ACTOR)
    for fingerprint in ("two", "one"):
        ledger.accept_fingerprint("channel_shop", fingerprint, Actor(person="Ada", reason="restored"))
    assert ledger.watermark("shop") is None


def test_a_new_copy_replaces_all_of_the_old_one(ledger: Ledger, sql: Sql) -> None:
    store(ledger, {("sku", "A"): {"digits": 0}, ("sku", "B"): {}, ("sku", "C"): {}})
    store(ledger, {("sku", "A"): {"digits": 2}, ("sku", "C"): {}})
    assert sql.rows("select code, facts from reference_data order by code") == [("A", {"digits": 2}), ("C", {})]


def test_an_order_that_was_sent_is_not_touched_by_reference_data(ledger: Ledger, sql: Sql) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP")
    sql.do("""update orders set problems = '[{"reference": "sku:A"}]'""")
    assert store(ledger, {("sku", "A"): {}}) == 0
    assert sql.status(1) == "failed"


def test_another_erps_orders_are_not_touched(ledger: Ledger, sql: Sql) -> None:
    fail(ledger, 1, reference="sku:A")
    sql.do("update orders set erp = 'other'")
    assert store(ledger, {("sku", "A"): {}}) == 0


def test_the_first_fingerprint_of_a_connection_is_accepted_and_another_one_refused(ledger: Ledger) -> None:
    ledger.check_fingerprint("channel_shop", "pg 1/shop")
    ledger.check_fingerprint("channel_shop", "pg 1/shop")
    ledger.check_fingerprint("erp_tryton", "tryton 7")
    with pytest.raises(Misconfigured) as caught:
        ledger.check_fingerprint("channel_shop", "pg 2/shop's")
    assert "connection channel_shop leads to 'pg 2/shop's', and since" in str(caught.value)
    assert "it has been 'pg 1/shop'" in str(caught.value)
    command = """python -m order_sync accept channel_shop --fingerprint 'pg 2/shop'"'"'s' --by NAME --reason WHY"""
    assert str(caught.value).endswith(command)
