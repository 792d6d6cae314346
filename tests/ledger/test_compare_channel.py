"""The comparison with the channel finds what no extract saw, and tells it once."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from order_sync.core.basics.calendar_days import Window
from order_sync.core.basics.progress import Progress
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.flows import backfill, compare_channel, compare_erp, extract
from order_sync.ledger import Ledger
from tests.ledger.flowing import ROUTE, old, queue, read, send
from tests.ledger.steps import ACTOR, Sql
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp


# Beside the channel
def test_a_transaction_that_no_extract_saw_is_found_by_its_key_and_read(
    ledger: Ledger, sql: Sql, hours_ago: Callable[[float], str]
) -> None:
    """R9, R53"""
    late = transaction(7, placed_at=hours_ago(5))
    channel = MemoryChannel([transaction(8, placed_at=hours_ago(4))], most_passed=0)
    read(ledger, channel)
    channel.rows.append(late)
    read(ledger, channel)
    assert ledger.counts("shop") == {"received": 1}, "its counter lies below the watermark"
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"compared": 2, "missing": 1, "new": 1, "orders": 1}
    assert ledger.counts("shop") == {"received": 2}
    (finding,) = ledger.untold(["channel_shop"])
    assert (finding.kind, finding.subject) == (FindingKind.MISSING, "shop:7")
    assert finding.detail.endswith("UTC; counter 7, and the channel had been read up to 8")
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"compared": 2}


@pytest.mark.parametrize("later", [6368005, 1], ids=["a jump", "a new beginning"])
def test_rows_below_the_watermark_that_never_landed_are_told_once_and_read(ledger: Ledger, later: int) -> None:
    """R9"""
    landed = [transaction(number) for number in (6368003, 6368004, 2_000_000_000)]
    channel = MemoryChannel(landed, most_passed=3)
    read(ledger, channel)
    channel.rows += [transaction(number) for number in (later, later + 1)]
    read(ledger, channel)
    assert ledger.counts("shop") == {"received": 5}
    (finding,) = ledger.untold(["channel_shop"])
    assert (finding.kind, finding.subject) == (FindingKind.PASSED_OVER, "counter 2000000000")
    assert finding.detail.startswith("2 of them, such as shop:")
    ledger.told([finding])
    channel.rows.append(transaction(later + 2))
    read(ledger, channel)
    read(ledger, channel)
    assert ledger.counts("shop") == {"received": 6}
    assert ledger.untold(["channel_shop"]) == []


def test_what_no_reading_gives_is_not_told_as_passed_over(ledger: Ledger) -> None:
    """As a row that a join drops, which is told as skipped."""

    class Dropping(MemoryChannel):
        def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
            yield [row for row in self.rows if row.key in keys and row.customer_account]

    channel = Dropping([transaction(1), transaction(9)])
    read(ledger, channel)
    channel.rows.append(transaction(5, customer_account=""))
    read(ledger, channel)
    assert ledger.untold(["channel_shop"]) == []


UNPAID = replace(transaction(1), digest="unpaid", not_an_order="unpaid")


@pytest.mark.parametrize(("days", "told"), [(2, []), (200, ["shop:1"])])
def test_a_row_that_becomes_an_order_is_found_however_late_and_told_once_the_comparison_is_past_it(
    ledger: Ledger, erp: MemoryErp, hours_ago: Callable[[float], str], days: int, told: list[str]
) -> None:
    """R11"""
    placed_at = hours_ago(24 * days)
    channel = MemoryChannel([replace(UNPAID, placed_at=placed_at)])
    read(ledger, channel)
    channel.rows = [transaction(1, placed_at=placed_at)]
    queue(ledger, erp, channel)
    assert ledger.counts("shop") == {"queued": 1}
    found = ledger.untold(["channel_shop"])
    assert [each.subject for each in found if each.kind is FindingKind.ORDER_AFTER_ALL] == told
    assert [each.detail for each in found] == [f"placed {placed_at[:10]}" for _ in told]
    assert send(ledger, erp) == {"sent": 1}


def test_what_was_cancelled_and_is_taken_up_again_long_after_is_found(
    ledger: Ledger, hours_ago: Callable[[float], str]
) -> None:
    placed_at = hours_ago(24 * 100)
    channel = MemoryChannel([transaction(1, placed_at=placed_at)])
    read(ledger, channel)
    channel.rows = [replace(UNPAID, placed_at=placed_at, not_an_order="RETURN_NOT_SUPPORTED")]
    read(ledger, channel)
    assert ledger.counts("shop") == {"cancelled_at_source": 1}
    channel.rows = [transaction(1, placed_at=placed_at, digest="again")]
    read(ledger, channel)
    assert ledger.counts("shop") == {"received": 1}
    assert [each.kind for each in ledger.untold(["channel_shop"])] == [FindingKind.ORDER_AFTER_ALL]


def test_what_lies_before_the_start_is_no_order_whatever_becomes_of_it(ledger: Ledger) -> None:
    channel = MemoryChannel([old(1, digest="unpaid", not_an_order="unpaid")])
    read(ledger, channel)
    channel.rows = [old(1)]
    read(ledger, channel)
    assert ledger.counts("shop") == {"not_an_order": 1}
    assert ledger.untold(["channel_shop"]) == []


def test_what_the_next_extract_will_read_is_not_missing(ledger: Ledger, hours_ago: Callable[[float], str]) -> None:
    """A till that was without a line commits what it sold hours ago, while the extract waits for its turn, or fails."""
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(30))])
    read(ledger, channel)
    channel.rows += [transaction(2, placed_at=hours_ago(0.5)), transaction(3, placed_at=hours_ago(3))]
    counts = compare_channel(ROUTE, channel, ledger, ACTOR).counts
    assert counts == {"compared": 2, "new": 1, "orders": 1}, "what is read already is no loss either"
    assert ledger.untold(["channel_shop"]) == []


class EarlierKeys(MemoryChannel):
    """A channel whose list of keys was read before its newest row was committed, and extracted by another run."""

    def keys(self, window: Window) -> Iterator[Sequence[tuple[OrderKey, str]]]:
        for keys in super().keys(window):
            yield keys[:-1]


def test_what_came_while_the_keys_were_read_is_not_gone(ledger: Ledger, hours_ago: Callable[[float], str]) -> None:
    rows = [transaction(1, placed_at=hours_ago(5)), transaction(2, placed_at=hours_ago(5))]
    channel = EarlierKeys(rows)
    read(ledger, channel)
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"compared": 1}
    assert ledger.untold(["channel_shop"]) == []


def test_what_was_placed_at_another_time_after_all_is_not_gone_and_read_again(
    ledger: Ledger, sql: Sql, hours_ago: Callable[[float], str]
) -> None:
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5))])
    read(ledger, channel)
    channel.rows = [transaction(1, placed_at=hours_ago(500), digest="corrected")]
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"changed": 1}
    assert sql.one("select placed_at < clock_timestamp() - interval '10 days' from orders")
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {}


def test_before_its_first_extract_a_channel_is_not_compared(ledger: Ledger, hours_ago: Callable[[float], str]) -> None:
    assert compare_channel(ROUTE, MemoryChannel([transaction(1, placed_at=hours_ago(30))]), ledger, ACTOR).counts == {}


def test_what_changed_unseen_is_read_again_by_its_digest(
    ledger: Ledger, sql: Sql, hours_ago: Callable[[float], str]
) -> None:
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5))])
    read(ledger, channel)
    channel.rows = [replace(channel.rows[0], digest="edited", total="11.00")]
    counts = compare_channel(ROUTE, channel, ledger, ACTOR).counts
    assert counts == {"compared": 1, "changed": 1}
    assert sql.one("select version from orders") == 2


def test_what_is_gone_from_the_channel_is_told_and_kept(ledger: Ledger, hours_ago: Callable[[float], str]) -> None:
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5)), transaction(2, placed_at=hours_ago(5))])
    read(ledger, channel)
    channel.rows.pop()
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"compared": 1, "gone": 1}
    assert ledger.untold(["channel_shop"]) == [Finding("channel_shop", FindingKind.GONE, "shop:2")]
    assert ledger.counts("shop") == {"received": 2}


def test_another_database_than_the_accepted_one_is_not_compared(
    ledger: Ledger, hours_ago: Callable[[float], str]
) -> None:
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5))])
    read(ledger, channel)
    with pytest.raises(Misconfigured, match="accept channel_shop"):
        compare_channel(ROUTE, replace(channel, database="another"), ledger, ACTOR)


def test_two_channels_that_would_make_orders_of_the_same_rows_are_refused_before_anything_is_read(
    ledger: Ledger, erp: MemoryErp, hours_ago: Callable[[float], str]
) -> None:
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5))])
    read(ledger, channel)
    twin = replace(ROUTE, channel="kiosk", twins=("channel_shop",))
    now = ledger.now()
    readings = (
        lambda: extract(twin, channel, ledger, ACTOR),
        lambda: compare_channel(twin, channel, ledger, ACTOR),
        lambda: asyncio.run(backfill(twin, channel, erp, ledger, ACTOR, Window(now - timedelta(days=1), now), 1)),
    )
    ledger.record("kiosk", "erp", [], Watermark("database 1", 1), ACTOR)
    for reading in readings:
        with pytest.raises(Misconfigured, match=r"channel_kiosk and channel_shop lead to the same database.*twice"):
            reading()
    assert ledger.counts("kiosk") == {}
    read(ledger, channel)
    extract(twin, replace(channel, database="another"), ledger, ACTOR)


class Killed(BaseException):
    """The worker's process is gone."""


def test_what_was_missing_is_told_although_the_run_dies_as_it_lands(
    ledger: Ledger, hours_ago: Callable[[float], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = MemoryChannel([transaction(8, placed_at=hours_ago(4))])
    read(ledger, channel)
    channel.rows.append(transaction(7, placed_at=hours_ago(5)))
    record = ledger.record

    def die_after(*arguments: Any) -> None:
        record(*arguments)
        raise Killed

    monkeypatch.setattr(ledger, "record", die_after)
    with pytest.raises(Killed):
        compare_channel(ROUTE, channel, ledger, ACTOR)
    assert ledger.counts("shop") == {"received": 2}
    assert [each.subject for each in ledger.untold(["channel_shop"])] == ["shop:7"]


def test_a_long_comparison_tells_how_far_it_is_of_what_the_ledger_knows(
    ledger: Ledger, erp: MemoryErp, hours_ago: Callable[[float], str]
) -> None:
    channel = MemoryChannel([transaction(number, placed_at=hours_ago(5)) for number in (1, 2)])
    queue(ledger, erp, channel)
    send(ledger, erp)
    channel.rows.append(transaction(3, placed_at=hours_ago(4)))
    lines: list[str] = []
    compare_channel(ROUTE, channel, ledger, ACTOR, progress=Progress(lines.append, clock=count(step=60).__next__))
    asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR, progress=Progress(lines.append, clock=count(step=60).__next__)))
    assert [line.partition(", ")[0] for line in lines] == [
        "compared of shop: 3",
        "read again from shop: 1",
        "compared of erp for shop: 2",
    ]


def test_the_ledger_counts_what_was_placed_in_a_window(ledger: Ledger, hours_ago: Callable[[float], str]) -> None:
    read(ledger, MemoryChannel([transaction(number, placed_at=hours_ago(number)) for number in (1, 2, 3, 4)]))
    now = ledger.now()
    assert ledger.placed("shop", Window(now - timedelta(hours=3.5), now - timedelta(hours=1.5))) == 2
    assert ledger.placed("elsewhere", Window(now - timedelta(hours=9), now)) == 0
