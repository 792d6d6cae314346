"""What holds stop, how they are told, probed and released, and when the ERP refused too many orders in a row."""

from datetime import timedelta

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import OrderKey
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Change, Claim
from order_sync.core.sending.holds import HoldKind, HoldScope
from tests.ledger.steps import ACTOR, LEASE, WINDOW, Seen, claim, close, key, land, open_all, queue, send

ADA = Actor(person="Ada", reason="stock-taking is over")


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
def test_a_hold_stops_the_claim_of_its_connection_until_it_is_released(
    ledger: Ledger, connection: str, kind: HoldKind, scope: HoldScope, sent: int
) -> None:
    """R38"""
    queue(ledger, 1)
    ledger.hold(connection, kind, scope, "stock-taking", ACTOR)
    claimed = claim(ledger)
    assert len(claimed.entries) == sent
    ledger.release(claimed)
    assert ledger.release_hold(connection, kind, ADA) == 1
    assert len(claim(ledger).entries) == 1


@pytest.mark.parametrize("name", ["channel_shop", "erp_tryton", "distributor_usrt"])
def test_what_is_switched_off_is_not_sent_until_it_is_switched_on_whatever_a_person_releases(
    ledger: Ledger, name: str
) -> None:
    """R16"""
    queue(ledger, 1)
    assert ledger.switch_off({name: "the plan ended"}, ACTOR) == 1
    assert not claim(ledger).entries
    (hold,) = ledger.holds([name])
    assert (hold.kind, hold.scope, hold.reason) == (HoldKind.SWITCHED_OFF, HoldScope.SUBMIT, "the plan ended")
    assert ledger.release_hold(name, None, ADA) == 0
    assert not claim(ledger).entries
    assert ledger.switch_off({}, ACTOR) == 1
    assert len(claim(ledger).entries) == 1


def test_switching_off_what_is_off_changes_nothing_but_its_reason(ledger: Ledger) -> None:
    ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, "stock-taking", Actor(person="Ada"))
    assert ledger.switch_off({"erp_tryton": "one", "channel_shop": "two"}, ACTOR) == 2
    assert ledger.switch_off({"erp_tryton": "one", "channel_shop": "two"}, ACTOR) == 0
    assert ledger.switch_off({"erp_tryton": "one", "channel_shop": "three"}, ACTOR) == 1
    reasons = [hold.reason for hold in ledger.holds(["erp_tryton", "channel_shop"])]
    assert sorted(reasons) == ["one", "stock-taking", "three"]
    assert ledger.switch_off({"channel_shop": "three"}, ACTOR) == 1
    assert [hold.kind for hold in ledger.holds(["erp_tryton"])] == [HoldKind.PERSON]


def test_one_distributors_orders_wait_and_those_of_others_are_sent(ledger: Ledger) -> None:
    land(ledger, 1, distributor="Ann")
    queue(ledger, 2)
    ledger.switch_off({"distributor_Ann": "the plan ended"}, ACTOR)
    assert (ledger.switched_off("shop"), ledger.switched_off("other")) == (1, 0)
    assert [entry.key for entry in claim(ledger).entries] == [key(2)]


def test_no_probe_goes_past_what_is_switched_off(ledger: Ledger) -> None:
    queue(ledger, 1)
    ledger.hold("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT, "no period", ACTOR)
    ledger.switch_off({"channel_shop": "the plan ended"}, ACTOR)
    assert not ledger.claim("shop", 1, LEASE, ACTOR, as_probe=True).entries


def test_a_hold_of_a_kind_is_set_once_and_tells_who_set_it_first(ledger: Ledger) -> None:
    for by in ("Ada", "Bob"):
        ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, f"{by} says so", Actor(person=by))
    ledger.hold("erp_tryton", HoldKind.OUTAGE, HoldScope.ALL, "no answer", ACTOR)
    first, second = ledger.holds(["erp_tryton", "channel_shop"])
    assert (first.by, first.reason, first.kind) == ("Ada", "Ada says so", HoldKind.PERSON)
    assert str(second).startswith("erp_tryton (outage): no answer (by sync_orders__shop/run 1/task since ")
    assert ledger.release_hold("erp_tryton", None, ADA) == 2
    assert ledger.release_hold("erp_tryton", None, ADA) == 0


def test_a_probe_takes_one_order_past_a_hold_for_configuration_one_that_was_never_refused_first(ledger: Ledger) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP", "no period")
    (refused,) = ledger.refused_in_a_row("tryton", "REJECTED_BY_ERP", 1)
    ledger.hold("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT, "no period", ACTOR)
    queue(ledger, 2, 3)
    assert refused.key == key(1)
    assert not claim(ledger).entries
    probe = ledger.claim("shop", 1, LEASE, ACTOR, as_probe=True)
    assert [entry.key for entry in probe.entries] == [key(2)]


def test_no_probe_goes_past_a_persons_hold(ledger: Ledger) -> None:
    queue(ledger, 1)
    ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, "stock-taking", Actor(person="Ada"))
    assert not ledger.claim("shop", 1, LEASE, ACTOR, as_probe=True).entries


def refuse(ledger: Ledger, number: int, code: str = "PERIOD_CLOSED") -> None:
    """Send one order that the ERP refuses."""
    close(ledger, send(ledger, number).entries, Event.REFUSED, code, "the period is closed")


def in_a_row(ledger: Ledger, number: int, code: str = "PERIOD_CLOSED", erp: str = "tryton") -> list[OrderKey]:
    return [each.key for each in ledger.refused_in_a_row(erp, code, number)]


def test_refusals_in_a_row_are_those_of_one_code_without_a_receipt_between(ledger: Ledger) -> None:
    for number in (1, 2):
        refuse(ledger, number)
    assert in_a_row(ledger, 1) == [key(1), key(2)]
    assert {(each.code, each.message) for each in ledger.refused_in_a_row("tryton", "PERIOD_CLOSED", 1)} == {
        ("PERIOD_CLOSED", "the period is closed")
    }
    assert in_a_row(ledger, 3) == []
    assert in_a_row(ledger, 2, erp="other") == []
    refuse(ledger, 3, "REJECTED_BY_ERP")
    assert in_a_row(ledger, 1, "REJECTED_BY_ERP") == [key(3)], "each code has a row of its own"
    assert in_a_row(ledger, 2) == [key(1), key(2)], "and the other's refusals do not end it"
    close(ledger, send(ledger, 4).entries, Event.RECEIPT)
    for number in (5, 6):
        refuse(ledger, number)
    assert in_a_row(ledger, 1) == [], "two stand failed from before, and two is no more than that"
    refuse(ledger, 7)
    assert in_a_row(ledger, 1) == [key(5), key(6), key(7)]


def take_back(ledger: Ledger, number: int) -> None:
    """Queue again what was refused in a row, as a push does that sees so many."""
    again = [
        Change(each.key, each.generation, Status.FAILED, Event.CONFIGURATION_SUSPECTED, Status.QUEUED, each.code, "no")
        for each in ledger.refused_in_a_row("tryton", "PERIOD_CLOSED", number)
    ]
    assert ledger.apply(again, ACTOR) == number


def test_an_order_that_is_refused_before_and_after_a_success_is_in_no_row(ledger: Ledger) -> None:
    for number in (1, 2):
        refuse(ledger, number)
    take_back(ledger, 2)
    queue(ledger, 3)
    claimed = claim(ledger)
    open_all(ledger, claimed)
    first, second, third = sorted(claimed.entries, key=lambda entry: entry.key)
    close(ledger, [third], Event.RECEIPT)
    close(ledger, [first, second], Event.REFUSED, "PERIOD_CLOSED", "the period is closed")
    assert in_a_row(ledger, 1) == []
    for number in (4, 5):
        refuse(ledger, number)
    assert in_a_row(ledger, 1) == [], "as many more as stand failed so, and one"
    refuse(ledger, 6)
    assert in_a_row(ledger, 1) == [key(4), key(5), key(6)]
    assert in_a_row(ledger, 2) == []


def test_an_order_that_was_received_again_since_its_refusal_begins_anew(ledger: Ledger) -> None:
    refuse(ledger, 1)
    close(ledger, send(ledger, 2).entries, Event.RECEIPT)
    land(ledger, 1, digest="b")
    refuse(ledger, 1)
    assert in_a_row(ledger, 1) == [key(1)]


def test_an_order_that_waits_for_a_held_erp_keeps_what_the_erp_said_of_it(ledger: Ledger, seen: Seen) -> None:
    for number in (1, 2):
        refuse(ledger, number)
    take_back(ledger, 2)
    assert seen.order(1, "status, code, message") == ("queued", "PERIOD_CLOSED", "no")
    close(ledger, send(ledger).entries, Event.RECEIPT)
    assert seen.order(1, "status, code, message") == ("sent", None, "")


def test_probes_take_one_order_after_the_other(ledger: Ledger) -> None:
    for number in (1, 2, 3):
        refuse(ledger, number)
    take_back(ledger, 3)
    ledger.hold("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT, "no period", ACTOR)
    tried = []
    for _ in range(4):
        probe = ledger.claim("shop", 1, LEASE, ACTOR, as_probe=True)
        open_all(ledger, probe)
        close(ledger, probe.entries, Event.REFUSED, "PERIOD_CLOSED", "the period is closed")
        tried += [entry.key for entry in probe.entries]
        take_back_one(ledger, probe)
    assert tried == [key(1), key(2), key(3), key(1)]


def take_back_one(ledger: Ledger, probe: Claim) -> None:
    (entry,) = probe.entries
    again = Change(entry.key, entry.generation, Status.FAILED, Event.CONFIGURATION_SUSPECTED, Status.QUEUED)
    assert ledger.apply([again], ACTOR) == 1


def test_a_probe_takes_no_order_that_a_push_which_died_still_has(ledger: Ledger) -> None:
    queue(ledger, 1, 2)
    ledger.claim("shop", 1, LEASE, ACTOR)
    ledger.hold("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT, "no period", ACTOR)
    assert [entry.key for entry in ledger.claim("shop", 1, LEASE, ACTOR, as_probe=True).entries] == [key(2)]


def test_orders_whose_window_is_over_are_found_without_a_look(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1, 2, 3)
    claimed = claim(ledger)
    open_all(ledger, claimed)
    close(ledger, claimed.entries[:2], Event.RECEIPT)
    assert not ledger.overdue("shop", 10)
    seen.let_pass(timedelta(seconds=WINDOW))
    assert {entry.key for entry in ledger.overdue("shop", 10)} == {key(1), key(2), key(3)}
    assert not ledger.overdue("other", 10)
