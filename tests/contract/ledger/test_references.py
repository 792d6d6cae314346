"""Short references: kept from the first attempt on, mapped back, and never those of two orders of an ERP."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from order_sync.core.life.lifecycle import Event
from order_sync.core.order.model import OrderKey
from order_sync.core.order.references import short_of
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Claim
from tests.ledger.steps import (
    ACTOR,
    GRACE,
    WINDOW,
    Seen,
    change,
    claim,
    close,
    key,
    land,
    landing,
    made_of,
    queue,
    send,
    settle,
)

ANOTHERS = (psycopg.errors.UniqueViolation, ValueError)
"""What a ledger says when an order would go out under the reference of another one: a bug of the push."""


def open_short(ledger: Ledger, claimed: Claim, bears: str = "") -> set[OrderKey]:
    """Open an attempt for each order that was claimed, under its short reference or that one."""
    made = {
        each: replace(one, order=replace(one.order, short_reference=bears or short_of(each)))
        for each, one in made_of(claimed).items()
    }
    return ledger.open(claimed, made, GRACE, WINDOW)


def send_short(ledger: Ledger, *numbers: int) -> Claim:
    """Queue orders and send them under their short references."""
    queue(ledger, *numbers)
    claimed = claim(ledger)
    assert open_short(ledger, claimed) == {key(number) for number in numbers}
    return claimed


def bears(ledger: Ledger, number: int = 1) -> str | None:
    """What the ledger says that the order bears."""
    (entry,) = ledger.entries([key(number)])
    return entry.short_reference


def test_a_short_reference_is_kept_with_the_attempt_and_mapped_back(ledger: Ledger) -> None:
    send_short(ledger, 1, 2)
    assert ledger.keys_of("tryton", [short_of(key(1)), short_of(key(2)), short_of(key(3))]) == {
        short_of(key(1)): key(1),
        short_of(key(2)): key(2),
    }
    assert ledger.keys_of("another", [short_of(key(1))]) == {}
    (entry,) = ledger.entries([key(1)])
    assert entry.short_reference == short_of(key(1))
    assert entry.sent is not None
    assert entry.sent.order.external_reference == short_of(key(1))


ENDS: dict[str, tuple[Callable[[Ledger], object], str | None]] = {
    "never claimed": (lambda ledger: queue(ledger, 1), None),
    "open": (lambda ledger: send(ledger, 1), ""),
    "unknown": (lambda ledger: close(ledger, send(ledger, 1).entries, None), ""),
    "receipt": (lambda ledger: close(ledger, send(ledger, 1).entries, Event.RECEIPT), ""),
    "different": (lambda ledger: close(ledger, send(ledger, 1).entries, Event.DIFFERENT), ""),
    "not sent": (lambda ledger: close(ledger, send(ledger, 1).entries, Event.NOT_SENT), None),
    "refused": (lambda ledger: close(ledger, send(ledger, 1).entries, Event.REFUSED), None),
    "refused, as it was cancelled there": (
        lambda ledger: close(ledger, send(ledger, 1).entries, Event.REFUSED, "CANCELLED_IN_ERP"),
        "",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_order_that_the_erp_may_have_under_its_key_stays_under_it(ledger: Ledger, end: str) -> None:
    act, known = ENDS[end]
    act(ledger)
    assert bears(ledger) == known


def test_an_order_stays_under_its_key_also_once_a_look_did_not_find_it(ledger: Ledger, seen: Seen) -> None:
    """What comes late must meet the order that is sent again, which only the same reference does."""
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, seen, Event.ABSENT)
    assert bears(ledger) == ""


@pytest.mark.parametrize("end", [Event.REFUSED, Event.NOT_SENT, None])
def test_an_order_keeps_its_short_reference_for_good(ledger: Ledger, end: Event | None) -> None:
    close(ledger, send_short(ledger, 1).entries, end)
    land(ledger, 1, digest="b")
    assert bears(ledger) == short_of(key(1))


def test_an_order_that_goes_out_again_keeps_the_reference_of_the_first_time(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send_short(ledger, 1).entries, None)
    settle(ledger, seen, Event.ABSENT)
    open_short(ledger, claim(ledger), "SHOP-00000000000000000000000000")
    assert bears(ledger) == short_of(key(1))


def test_an_attempt_that_waits_for_a_look_up_keeps_no_reference(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, seen, Event.HALF_MADE)
    land(ledger, 1, digest="b")
    (entry,) = ledger.to_validate("shop", None, 1)
    ledger.apply([change(entry, Event.VALID)], ACTOR)
    assert open_short(ledger, claim(ledger)) == set(), "it is looked up first"
    assert seen.order(1, "short_reference") == (None,)


def test_no_order_goes_out_under_the_reference_of_another_one(ledger: Ledger, seen: Seen) -> None:
    send_short(ledger, 1)
    queue(ledger, 2)
    claimed = claim(ledger)
    with pytest.raises(ANOTHERS):
        open_short(ledger, claimed, short_of(key(1)))
    assert (seen.status(2), seen.attempts(2, "generation")) == ("queued", [])


def test_two_erps_may_have_orders_under_one_reference(ledger: Ledger) -> None:
    send_short(ledger, 1)
    ledger.record("shop", "another", [landing(2)], None, ACTOR)
    ledger.keep_references("another", {key(2): short_of(key(1))})
    assert ledger.keys_of("another", [short_of(key(1))]) == {short_of(key(1)): key(2)}


def test_what_a_look_up_found_is_kept_unless_something_is_known(ledger: Ledger) -> None:
    send_short(ledger, 1)
    queue(ledger, 2, 3)
    ledger.keep_references("another", {key(2): short_of(key(2))})
    assert bears(ledger, 2) is None, "it is an order of another ERP"
    other = "SHOP-00000000000000000000000000"
    ledger.keep_references("tryton", {key(1): other, key(2): short_of(key(2)), key(3): short_of(key(1)), key(9): other})
    assert [bears(ledger, number) for number in (1, 2, 3)] == [short_of(key(1)), short_of(key(2)), None]


def test_open_orders_of_which_no_reference_is_known_are_told_the_newest_first(ledger: Ledger, seen: Seen) -> None:
    for number in range(1, 7):
        land(ledger, number, placed_at=f"2026-11-20T1{number}:00:00+00:00")
    ledger.record("another", "tryton", [landing(7)], None, ACTOR)
    ledger.keep_references("tryton", {key(2): short_of(key(2))})
    done, *_ = ledger.to_validate("shop", None, 10)
    ledger.apply([change(done, Event.DISREGARDED)], ACTOR)
    assert ledger.unreferenced("shop", 10) == [key(6), key(5), key(4), key(3)]
    assert ledger.unreferenced("shop", 2) == [key(6), key(5)]


def test_an_order_that_was_sent_under_its_key_is_not_said_to_bear_another(ledger: Ledger) -> None:
    close(ledger, send(ledger, 1).entries, None)
    ledger.keep_references("tryton", {key(1): short_of(key(1))})
    assert bears(ledger) == ""
