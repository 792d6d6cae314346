"""What a ledger remembers for completeness: which orders the channel is asked for again, and what was found."""

from dataclasses import replace
from datetime import timedelta

from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.ports.ledger import Ledger
from tests.ledger.steps import ACTOR, Seen, fail, key, land, landing, queue, send, settle

WEEK, YEAR = timedelta(days=7), timedelta(days=365)
MISSING = Finding("channel_shop", FindingKind.MISSING, "shop:1", "placed long ago")


def unfinished(ledger: Ledger, limit: int) -> list[str]:
    return [str(found) for found, _ in ledger.unfinished("shop", limit)]


def keys(*numbers: int) -> list[str]:
    return [str(key(number)) for number in numbers]


def test_orders_that_are_not_done_are_asked_for_in_rounds(ledger: Ledger) -> None:
    land(ledger, 1, 2, 3, 4, 5)
    assert [unfinished(ledger, 2) for _ in range(4)] == [keys(1, 2), keys(3, 4), keys(5), keys(1, 2)]


def test_as_long_as_they_are_few_all_are_asked_for_each_time(ledger: Ledger) -> None:
    queue(ledger, 1, 2)
    fail(ledger, 3)
    for _ in range(3):
        assert unfinished(ledger, 100) == keys(1, 2, 3)


def test_an_order_is_asked_for_with_the_digest_of_its_last_version(ledger: Ledger) -> None:
    land(ledger, 1)
    land(ledger, 1, digest="b")
    assert ledger.unfinished("shop", 10) == [(key(1), "b")]


def test_a_channel_has_rounds_of_its_own(ledger: Ledger) -> None:
    land(ledger, 1, 2, 3)
    assert ledger.unfinished("bazaar", 2) == []
    assert unfinished(ledger, 2) == keys(1, 2)


def no_orders(ledger: Ledger, limit: int = 10, never: tuple[str, ...] = ()) -> list[str]:
    return [str(found) for found, _ in ledger.no_orders("shop", limit, YEAR, never)]


def land_no_orders(ledger: Ledger, reason: str, *numbers: int) -> None:
    landings = [replace(landing(number, Status.NOT_AN_ORDER), reason=reason) for number in numbers]
    ledger.record("shop", "tryton", landings, None, ACTOR)


def test_rows_that_are_no_orders_are_asked_for_in_rounds_in_the_order_of_their_landing(ledger: Ledger) -> None:
    land_no_orders(ledger, "unpaid", 1, 3)
    land_no_orders(ledger, "open", 2, 4)
    land_no_orders(ledger, "unpaid", 5)
    assert [no_orders(ledger, 2) for _ in range(4)] == [keys(1, 3), keys(2, 4), keys(5), keys(1, 3)]
    assert ledger.no_orders("bazaar", 2, YEAR, ()) == []


def test_a_row_that_landed_too_long_ago_is_asked_for_no_longer(ledger: Ledger, seen: Seen) -> None:
    land_no_orders(ledger, "unpaid", 1)
    seen.let_pass(timedelta(days=366))
    land_no_orders(ledger, "unpaid", 2)
    assert [no_orders(ledger) for _ in range(2)] == [keys(2), keys(2)]


def test_keys_that_never_landed_are_told_from_those_that_did(ledger: Ledger) -> None:
    land(ledger, 1)
    land_no_orders(ledger, "before_start", 2)
    assert ledger.unknown([key(1), key(2), key(3)]) == [key(3)]
    assert ledger.unknown([]) == []


def test_an_order_that_is_done_is_asked_for_while_it_is_young(ledger: Ledger, seen: Seen) -> None:
    send(ledger, 1)
    seen.let_pass(timedelta(days=8))
    send(ledger, 2)
    settle(ledger, seen, Event.CONFIRMED)
    for _ in range(3):
        assert [str(found) for found, _ in ledger.done("shop", 10, WEEK)] == keys(2)


def test_a_finding_that_nobody_could_be_told_of_is_told_later(ledger: Ledger) -> None:
    ledger.find([MISSING], ACTOR)
    other = Finding("channel_shop", FindingKind.SKIPPED, "shop:2")
    ledger.find([other], ACTOR)
    ledger.told([MISSING])
    assert ledger.untold(["channel_shop"]) == [other]
