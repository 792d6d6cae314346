"""What the ledger remembers for completeness: which orders the channel is asked for again, and what was found."""

from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.life.lifecycle import DONE, UNFINISHED, Status
from order_sync.ledger import Ledger
from tests.ledger.steps import ACTOR, Sql, key, land, landing

WEEK, YEAR = timedelta(days=7), timedelta(days=365)
MISSING = Finding("channel_shop", FindingKind.MISSING, "shop:1", "placed long ago")


def keys(*numbers: int) -> list[str]:
    return [str(key(number)) for number in numbers]


def no_orders(ledger: Ledger, limit: int = 10, never: tuple[str, ...] = ()) -> list[str]:
    return [str(found) for found, _ in ledger.no_orders("shop", limit, YEAR, never)]


def land_no_orders(ledger: Ledger, reason: str, *numbers: int) -> None:
    landings = [replace(landing(number, Status.NOT_AN_ORDER), reason=reason) for number in numbers]
    ledger.record("shop", "tryton", landings, None, ACTOR)


def test_rows_that_never_become_an_order_take_no_place_in_the_round(ledger: Ledger, sql: Sql) -> None:
    land_no_orders(ledger, "web_order", *range(10, 30))
    land_no_orders(ledger, "unpaid", 1, 2)
    land(ledger, 3)
    sql.do("update orders set status = 'cancelled_at_source', reason = 'web_order' where order_key = %s", str(key(3)))
    assert [no_orders(ledger, 2, ("web_order",)) for _ in range(3)] == [keys(1, 2), keys(3), keys(1, 2)]


@pytest.mark.parametrize("status", Status)
def test_each_status_is_asked_for_as_the_lifecycle_says(ledger: Ledger, sql: Sql, status: Status) -> None:
    land(ledger, 1)
    sql.do(
        "update orders set status = %s, erp_number = 'N1',"
        " window_ends_at = clock_timestamp(), total = 1, currency = 'EUR'",
        status,
    )
    assert bool(ledger.unfinished("shop", 10)) == (status in UNFINISHED)
    assert bool(ledger.done("shop", 10, WEEK)) == (status in DONE)
    assert bool(no_orders(ledger)) == (status in (Status.NOT_AN_ORDER, Status.CANCELLED_AT_SOURCE))


def test_people_are_told_of_a_finding_once(ledger: Ledger, sql: Sql) -> None:
    """R9"""
    ledger.find([MISSING, MISSING], ACTOR)
    assert ledger.untold(["channel_shop"]) == [MISSING]
    assert ledger.untold(["channel_bazaar"]) == []
    ledger.told([MISSING])
    ledger.find([MISSING], ACTOR)
    assert ledger.untold(["channel_shop"]) == []
    assert sql.one("select last_seen_at > found_at from findings")
