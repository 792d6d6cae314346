"""A backfill brings in what lies before the start, so many at a time, and never what the ERP has."""

import asyncio
from dataclasses import replace
from itertools import count

import pytest

from order_sync.core.basics.progress import Progress
from order_sync.core.errors import Transient
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.flows import backfill
from order_sync.ledger import Ledger
from tests.ledger.flowing import BEFORE, PERSON, ROUTE, confirm, fill, old, queue, read, send
from tests.ledger.steps import Sql
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp, Sale


def test_a_long_backfill_tells_how_far_it_is(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([old(1), old(2), old(3)])
    read(ledger, channel)
    lines: list[str] = []
    progress = Progress(lines.append, clock=count(step=60).__next__)
    asyncio.run(backfill(ROUTE, channel, erp, ledger, PERSON, BEFORE, 2, progress))
    assert [line.partition(", ")[0] for line in lines] == ["brought in of shop: 2"]


def test_what_lies_before_the_start_is_brought_in_and_sent_after_newer_orders(
    ledger: Ledger, erp: MemoryErp, sql: Sql
) -> None:
    """R2"""
    channel = MemoryChannel([old(1), old(2), old(3), transaction(50)])
    read(ledger, channel)
    assert fill(ledger, erp, channel) == ({"backfilled": 3}, False)
    assert sql.rows("select distinct event, by, why from order_history where event <> 'landed'") == [
        ("backfilled", "ursula", "the shop moved")
    ]
    channel.rows.append(transaction(51))
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=Settings(claim_size=2, submit_concurrency=1)) == {"sent": 5}
    assert [int(key.parts[0]) for key in erp.submits] == [50, 51, 1, 2, 3]


def test_only_so_many_are_on_their_way_at_a_time(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    channel = MemoryChannel([old(number) for number in range(1, 6)])
    read(ledger, channel)
    assert fill(ledger, erp, channel, at_most=2) == ({"backfilled": 2}, True)
    assert fill(ledger, erp, channel, at_most=2) == ({}, True)
    queue(ledger, erp, channel)
    send(ledger, erp)
    confirm(ledger, erp, sql)
    assert fill(ledger, erp, channel, at_most=2) == ({"backfilled": 2}, True)
    assert fill(ledger, erp, channel, at_most=9) == ({"backfilled": 1}, False)


def test_what_the_erp_has_already_is_not_sent_and_told(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([old(1), old(2)])
    read(ledger, channel)
    erp.sales[old(1).key] = [Sale(ErpOrderState.CONFIRMED, old(1).total, "EUR", erp.clock.now, "SO1")]  # type: ignore[arg-type]
    assert fill(ledger, erp, channel) == ({"backfilled": 1, "in_erp_before_start": 1}, False)
    queue(ledger, erp, channel)
    send(ledger, erp)
    assert [key.parts for key in erp.submits] == [("2",)]
    channel.rows[0] = replace(channel.rows[0], digest="edited", total="99.00")
    queue(ledger, erp, channel)
    assert ledger.counts("shop") == {"not_an_order": 1, "sent": 1}


def test_what_is_no_order_or_gone_is_counted_and_holds_nothing_up(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    channel = MemoryChannel([old(1), old(2, not_an_order="voided"), old(3), old(4, present_lines=0)])
    read(ledger, channel)
    channel.rows.pop(0)
    assert fill(ledger, erp, channel) == ({"backfilled": 1, "not_an_order": 2, "gone": 1}, False)
    assert sql.rows("select order_key, status, reason from orders order by order_key") == [
        ("shop:1", "not_an_order", "before_start"),
        ("shop:2", "not_an_order", "voided"),
        ("shop:3", "received", ""),
        ("shop:4", "not_an_order", "lines_missing"),
    ]


def test_only_the_days_that_were_asked_for_are_brought_in(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([old(1), replace(old(2), placed_at="2025-11-30T23:59:59+00:00")])
    read(ledger, channel)
    assert fill(ledger, erp, channel) == ({"backfilled": 1}, False)


def test_a_backfill_that_dies_goes_on_with_what_is_left(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([old(1), old(2)])
    read(ledger, channel)
    erp.down = True
    with pytest.raises(Transient):
        fill(ledger, erp, channel)
    erp.down = False
    assert fill(ledger, erp, channel) == ({"backfilled": 2}, False)
    assert fill(ledger, erp, channel) == ({}, False)


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ({"source_status": "packed"}, "queued"),
        ({"total": "20.00"}, "received"),
        ({"not_an_order": "voided"}, "cancelled_at_source"),
    ],
)
def test_a_backfilled_order_is_read_again_as_every_other_order(
    ledger: Ledger, erp: MemoryErp, sql: Sql, now: dict[str, str], status: str
) -> None:
    """R2, R11"""
    channel = MemoryChannel([old(1)])
    read(ledger, channel)
    fill(ledger, erp, channel)
    queue(ledger, erp, channel)
    channel.rows = [old(1, digest="another", **now)]
    read(ledger, channel)
    assert sql.one("select status from orders") == status
    assert sql.one("select count(*) from entries") == 1, "its version is kept, so that a report shows it"
