"""What people decide: stored selections, decisions under the generation that was read, a look before a second send."""

from typing import Any

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.after_look import after_look
from order_sync.core.decisions.decision import Decision, Result, decide
from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Event
from order_sync.core.ports.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    ALL,
    LEASE,
    Seen,
    claim,
    close,
    fail,
    key,
    open_all,
    queue,
    send,
    settle,
    validate,
)

URSULA = Actor("resync_orders/run/decide", person="ursula", reason="the SKU is there now")


def select(ledger: Ledger, *numbers: int, run: str = "run", action: Action = Action.RESYNC) -> int:
    return ledger.select(
        run, action, {"order_keys": [str(key(each)) for each in numbers]}, list(map(key, numbers)), URSULA
    )


def take(ledger: Ledger, selection: int, action: Action, number: str = "") -> dict[int, Decision]:
    """Take an action on all orders of a selection, by their numbers; an ERP that is asked has them marked, or not."""
    decisions = {}
    for order in ledger.selected(selection, 0, ALL):
        decision = decide(action, order, number, "")
        if decision is None and action is Action.RESYNC:
            decision = after_look(action, order, number, ())
        elif decision is None:
            decision = Decision(Result.DONE, f"synced as {number}", Event.MARKED_AS_SYNCED, erp_number=number)
        decisions[order.key] = (order, decision)
    left = ledger.decide(selection, decisions, URSULA)
    return {int(each.parts[1]): decision for each, (_, decision) in decisions.items() if each not in left}


def do(ledger: Ledger, action: Action, *numbers: int, run: str = "run", number: str = "") -> dict[int, Decision]:
    return take(ledger, select(ledger, *numbers, run=run, action=action), action, number)


def test_an_order_that_is_set_aside_keeps_its_last_error_and_begins_anew_when_it_is_released(
    ledger: Ledger, seen: Any
) -> None:
    fail(ledger, 1)
    do(ledger, Action.ON_HOLD, 1, run="hold")
    assert seen.order(1, "status, code, message") == ("on_hold", "SKU_NOT_FOUND", "SKU 'A' is not in the ERP")
    do(ledger, Action.RELEASE, 1, run="release")
    assert seen.order(1, "status, code, message") == ("received", None, "")


def test_a_hold_during_a_push_makes_its_claim_void(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1)
    claimed = claim(ledger)
    do(ledger, Action.ON_HOLD, 1)
    assert open_all(ledger, claimed) == set()
    assert seen.status(1) == "on_hold"


def test_an_erp_number_that_another_order_was_given_meanwhile_is_not_given_again(ledger: Ledger, seen: Seen) -> None:
    fail(ledger, 1, 2)
    assert do(ledger, Action.MARK_AS_SYNCED, 1, number="7")[1].result is Result.DONE
    assert ledger.owners("tryton", "shop", [("", "7"), ("", "8")]) == {("", "7"): key(1)}
    assert do(ledger, Action.MARK_AS_SYNCED, 2, run="b", number="7") == {}
    assert seen.status(2) == "failed"


def test_an_order_that_is_not_done_owns_its_number_too(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    assert ledger.owners("tryton", "shop", [("", "N00001"), ("", "")]) == {("", "N00001"): key(1)}
    assert ledger.owners("another", "shop", [("", "N00001")]) == {}


def test_only_what_is_to_be_sent_is_counted_by_channel(ledger: Ledger) -> None:
    queue(ledger, 1)
    fail(ledger, 2, 3)
    selection = select(ledger, 1, 2, 3)
    assert ledger.to_send(selection) == {"shop": 1}
    take(ledger, selection, Action.RESYNC)
    assert ledger.to_send(selection) == {"shop": 3}


def test_a_claim_a_probe_and_the_waiting_of_a_selection_keep_to_its_orders(ledger: Ledger, seen: Seen) -> None:
    queue(ledger, 1, 2, 3)
    selection = select(ledger, 2)
    probed = ledger.claim("shop", ALL, LEASE, ACTOR, as_probe=True, selection=selection)
    assert [entry.key for entry in probed.entries] == [key(2)]
    ledger.release(probed)
    assert [entry.key for entry in ledger.claim("shop", ALL, LEASE, ACTOR, selection=selection).entries] == [key(2)]
    assert len(open_all(ledger, claim(ledger))) == 2
    assert ledger.horizon("shop").last_window_ends_at is not None
    assert ledger.horizon("shop", selection).last_window_ends_at is None


def sent_again(ledger: Ledger, seen: Seen, *, resent: bool) -> str:
    """Resync order 1, validate, claim and open it; its status. `resent`: whether an attempt may be opened."""
    do(ledger, Action.RESYNC, 1)
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == ({key(1)} if resent else set())
    return seen.status(1)


def test_an_order_with_a_receipt_is_looked_at_before_it_is_sent_again(ledger: Ledger, seen: Seen) -> None:
    """R44"""
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    settle(ledger, seen, None)
    settle(ledger, seen, Event.WINDOW_OVER, code="PENDING_VERIFICATION")
    assert sent_again(ledger, seen, resent=False) == "sending"
    assert len(seen.attempts(1, "outcome")) == 1
    next_look_at, window_ends_at = seen.order(1, "next_look_at, window_ends_at")
    assert next_look_at <= ledger.now() < window_ends_at

    settle(ledger, seen, Event.ABSENT)
    assert open_all(ledger, claim(ledger)) == {key(1)}, "once it was looked at it may be sent"
    assert seen.order(1, "resends") == (0,), "the look sent nothing"


def test_an_order_that_the_erp_holds_otherwise_is_looked_at_before_it_is_sent(ledger: Ledger, seen: Seen) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.DIFFERENT, "ORDER_CONFLICT", "another order under this key")
    selection = select(ledger, 1, run="conflict")
    (order,) = ledger.selected(selection, 0, ALL)
    ledger.decide(selection, {order.key: (order, Decision(Result.DONE, "on its way", Event.RESYNC))}, URSULA)
    validate(ledger)
    assert open_all(ledger, claim(ledger)) == set()
    assert seen.status(1) == "sending"


@pytest.mark.parametrize("event", [Event.REFUSED, Event.REFUSED_TOO_OFTEN])
def test_what_the_erp_refused_is_not_there_and_is_sent_again_at_once(ledger: Ledger, seen: Seen, event: Event) -> None:
    """R89"""
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, event, "REJECTED_BY_ERP", "no such article")
    assert sent_again(ledger, seen, resent=True) == "sending"


def test_what_was_never_sent_is_sent_at_once(ledger: Ledger, seen: Seen) -> None:
    fail(ledger, 1)
    assert sent_again(ledger, seen, resent=True) == "sending"
