"""Holds on the real ledger: what they stop, how they are told, probed and released."""

import pytest

from order_sync.core.holds import HoldKind, HoldScope
from order_sync.core.lifecycle import Event
from order_sync.core.ports import Actor
from order_sync.ledger import Ledger
from tests.ledger.steps import ACTOR, LEASE, Sql, claim, close, key, open_all, queue, send

ADA = Actor("Ada", "stock-taking is over")


@pytest.mark.parametrize(
    ("connection", "kind", "scope", "sent"),
    [
        ("erp_tryton", HoldKind.OUTAGE, HoldScope.ALL, 0),
        ("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT, 0),
        ("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, 0),
        ("channel_shop", HoldKind.PERSON, HoldScope.SUBMIT, 0),
        ("channel_shop", HoldKind.OUTAGE, HoldScope.ALL, 1),
        ("channel_other", HoldKind.PERSON, HoldScope.SUBMIT, 1),
    ],
)
def test_a_hold_stops_the_claim_of_its_connection_until_it_is_released(ledger: Ledger, connection, kind, scope, sent):
    """R38"""
    queue(ledger, 1)
    ledger.hold(connection, kind, scope, "stock-taking", ACTOR)
    claimed = claim(ledger)
    assert len(claimed.entries) == sent
    ledger.release(claimed)
    assert ledger.release_hold(connection, kind, ADA) == 1
    assert len(claim(ledger).entries) == 1


def test_a_hold_of_a_kind_is_set_once_and_tells_who_set_it_first(ledger: Ledger):
    for by in ("Ada", "Bob"):
        ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, f"{by} says so", Actor(by))
    ledger.hold("erp_tryton", HoldKind.OUTAGE, HoldScope.ALL, "no answer", ACTOR)
    first, second = ledger.holds(["erp_tryton", "channel_shop"])
    assert (first.by, first.reason, first.kind) == ("Ada", "Ada says so", HoldKind.PERSON)
    assert str(second).startswith("erp_tryton (outage): no answer (by sync_orders__shop/run 1/task since ")
    assert ledger.release_hold("erp_tryton", None, ADA) == 2
    assert ledger.release_hold("erp_tryton", None, ADA) == 0


def test_who_released_a_hold_and_why_is_kept(ledger: Ledger, sql: Sql):
    ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, "stock-taking", Actor("Ada"))
    ledger.release_hold("erp_tryton", HoldKind.PERSON, ADA)
    assert sql.rows("select held_by, released_by, release_reason from holds") == [
        ("Ada", "Ada", "stock-taking is over")
    ]


def test_a_probe_takes_one_order_past_a_hold_for_configuration_one_that_was_never_refused_first(ledger: Ledger):
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP", "no period")
    (refused,) = ledger.refused_in_a_row("tryton", 1)
    ledger.hold("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT, "no period", ACTOR)
    queue(ledger, 2, 3)
    assert refused.key == key(1)
    assert not claim(ledger).entries
    probe = ledger.claim("shop", 1, LEASE, ACTOR, as_probe=True)
    assert [entry.key for entry in probe.entries] == [key(2)]


def test_no_probe_goes_past_a_persons_hold(ledger: Ledger):
    queue(ledger, 1)
    ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, "stock-taking", Actor("Ada"))
    assert not ledger.claim("shop", 1, LEASE, ACTOR, as_probe=True).entries


def refuse(ledger: Ledger, number: int, code: str = "PERIOD_CLOSED") -> None:
    """Send one order that the ERP refuses."""
    close(ledger, send(ledger, number).entries, Event.REFUSED, code, "the period is closed")


def test_refusals_in_a_row_are_those_of_one_code_without_a_receipt_between(ledger: Ledger):
    for number in (1, 2):
        refuse(ledger, number)
    assert [each.key for each in ledger.refused_in_a_row("tryton", 1)] == [key(1), key(2)]
    assert ledger.refused_in_a_row("tryton", 3) == []
    assert ledger.refused_in_a_row("other", 2) == []
    refuse(ledger, 3, "REJECTED_BY_ERP")
    assert ledger.refused_in_a_row("tryton", 2) == []
    close(ledger, send(ledger, 4).entries, Event.RECEIPT)
    refuse(ledger, 5, "REJECTED_BY_ERP")
    assert ledger.refused_in_a_row("tryton", 2) == []


def test_orders_whose_window_is_over_are_found_without_a_look(ledger: Ledger, sql: Sql):
    queue(ledger, 1, 2, 3)
    claimed = claim(ledger)
    open_all(ledger, claimed)
    close(ledger, claimed.entries[:2], Event.RECEIPT)
    assert not ledger.overdue("shop", 10)
    sql.do("update orders set window_ends_at = clock_timestamp() where order_key in (%s, %s)", str(key(1)), str(key(3)))
    assert {entry.key for entry in ledger.overdue("shop", 10)} == {key(1), key(3)}
