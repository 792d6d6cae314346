"""The flows over the real ledger, with a channel and an ERP in memory: the port and its Postgres agree."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import pytest

from order_sync.core.basics.summary import Summary
from order_sync.core.errors import Misconfigured, Transient
from order_sync.core.intake.findings import FindingKind
from order_sync.core.order.model import OrderKey
from order_sync.core.order.parsing import read_order
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import compare_channel, extract, push, refresh_reference, settle, validate
from order_sync.ledger import Ledger
from tests.ledger.steps import ACTOR, Sql, made_of, make_due
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
POLICY = Policy("unique_key", grace=timedelta(0))
EXPIRE = (
    "with expired as (update orders set lease_until = clock_timestamp() where lease_until is not null)"
    " update attempts set grace_until = clock_timestamp()"
)


@pytest.fixture
def erp() -> MemoryErp:
    """An ERP that confirms at once."""
    return MemoryErp(Clock(), confirms_after=timedelta(0))


def queue(ledger: Ledger, erp: MemoryErp, channel: MemoryChannel) -> Summary:
    """Bring the channel's orders as far as the queue."""
    summary = extract(ROUTE, channel, ledger, ACTOR)
    asyncio.run(refresh_reference(ROUTE, erp, ledger, ACTOR, timedelta(minutes=15)))
    validate(ROUTE, ledger, ACTOR)
    return summary


def send(ledger: Ledger, erp: MemoryErp, channel: MemoryChannel | None = None) -> dict[str, int]:
    """Push until the queue is empty."""
    return asyncio.run(push(ROUTE, erp, ledger, ACTOR, POLICY, Settings(), channel=channel)).counts


def look(ledger: Ledger, erp: MemoryErp, sql: Sql) -> dict[str, int]:
    """Settle everything in doubt now."""
    make_due(sql)
    return asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY)).counts


def test_every_order_arrives_once_and_is_confirmed(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    channel = MemoryChannel([transaction(number) for number in range(1, 121)])
    assert queue(ledger, erp, channel).counts == {"new": 120, "orders": 120}
    assert send(ledger, erp) == {"sent": 120}
    assert look(ledger, erp, sql) == {"confirmed": 120}
    assert ledger.counts("shop") == {"succeeded": 120}
    assert len(erp.submits) == len(set(erp.submits)) == 120
    assert queue(ledger, erp, channel).counts == {}
    assert send(ledger, erp) == {}


@pytest.mark.parametrize("parts", [("",), (" ",), ("", ""), ("\t",)], ids=repr)
def test_an_order_under_a_blank_key_fails_and_stops_no_other(
    ledger: Ledger, erp: MemoryErp, sql: Sql, parts: tuple[Any, ...]
) -> None:
    blank = OrderKey("shop", parts)
    channel = MemoryChannel([transaction(1), transaction(2, key=blank), transaction(3)])
    queue(ledger, erp, channel)
    assert send(ledger, erp) == {"sent": 2}
    assert sql.rows("select status, code from orders where order_key = %s", str(blank)) == [("failed", "PARSE_ERROR")]


@pytest.mark.parametrize("parts", [("a\tb",), ("\x00",), ("x" * 1995,), ("\N{SYMBOL FOR NULL}",), ("/", ":")], ids=repr)
def test_an_order_under_an_odd_key_is_sent_like_any_other(
    ledger: Ledger, erp: MemoryErp, parts: tuple[Any, ...]
) -> None:
    queue(ledger, erp, MemoryChannel([transaction(1), transaction(2, key=OrderKey("shop", parts))]))
    assert send(ledger, erp) == {"sent": 2}


def test_an_order_under_a_key_that_is_too_long_is_told_and_stops_no_other(ledger: Ledger, erp: MemoryErp) -> None:
    long = transaction(2, key=OrderKey("shop", (token_hex(2000),)))
    channel = MemoryChannel([transaction(1), long, transaction(3)])
    assert queue(ledger, erp, channel).counts == {"new": 2, "orders": 2, "key_too_long": 1}
    (finding,) = ledger.untold(["channel_shop"])
    assert (finding.kind, finding.subject) == (FindingKind.KEY_TOO_LONG, f"{str(long.key)[:200]}...")
    assert send(ledger, erp) == {"sent": 2}
    mark = ledger.watermark("shop")
    assert mark
    assert mark.counter == 3
    back = Settings(compare_back=ledger.now() - datetime(2026, 1, 1, tzinfo=UTC))
    compared = compare_channel(ROUTE, channel, ledger, ACTOR, back)
    assert compared.counts == {"compared": 3}
    assert len(ledger.untold(["channel_shop"])) == 1


@pytest.mark.parametrize("total", ["1e-999999", "0e-20000"])
def test_an_amount_with_more_decimals_than_can_be_stored_fails_its_order_alone(
    ledger: Ledger, erp: MemoryErp, sql: Sql, total: str
) -> None:
    """R173"""
    queue(ledger, erp, MemoryChannel([transaction(1, total=total), transaction(2)]))
    assert ledger.counts("shop") == {"failed": 1, "queued": 1}
    assert sql.one("select message from orders where status = 'failed'") == (
        f"total is '{total}', which has too many digits: correct it in the shop"
    )


def test_a_lost_answer_is_looked_up_and_never_sent_twice(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    erp.script = ["lost after", "lost before", "half-made", "bug", "refused"]
    queue(ledger, erp, MemoryChannel([transaction(number) for number in range(1, 9)]))
    assert send(ledger, erp) == {"sent": 3, "outcome_unknown": 4, "refused": 1}
    look(ledger, erp, sql)
    send(ledger, erp)
    look(ledger, erp, sql)
    assert ledger.counts("shop") == {"succeeded": 7, "failed": 1}
    assert [len(sales) for sales in erp.sales.values()] == [1] * 7


def test_an_erp_that_is_away_leaves_the_orders_queued_for_the_next_push(ledger: Ledger, erp: MemoryErp) -> None:
    queue(ledger, erp, MemoryChannel([transaction(number) for number in range(1, 41)]))
    erp.script = ["fine", "away"]
    with pytest.raises(Transient):
        send(ledger, erp)
    counts = ledger.counts("shop")
    assert counts["queued"] + counts["sent"] == 40
    assert counts["queued"] > 0
    assert send(ledger, erp) == {"sent": counts["queued"]}


def test_a_push_that_was_killed_is_settled_by_the_next_one(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    """The dead push had opened its attempts; the ERP got two of the three orders."""
    queue(ledger, erp, MemoryChannel([transaction(number) for number in (1, 2, 3)]))
    claimed = ledger.claim("shop", 10, 900, ACTOR)
    ledger.open(claimed, made_of(claimed), 0, 1800)
    asyncio.run(_submit(erp, 2))
    assert send(ledger, erp) == {}, "the lease still holds"
    sql.do(EXPIRE)
    make_due(sql)
    assert send(ledger, erp) == {"confirmed": 2, "absent": 1, "sent": 1}
    look(ledger, erp, sql)
    assert ledger.counts("shop") == {"succeeded": 3}
    assert [len(sales) for sales in erp.sales.values()] == [1, 1, 1]


def test_a_guests_order_is_not_sent_once_there_is_no_guest_account(ledger: Ledger, erp: MemoryErp) -> None:
    """R31"""
    guests = replace(ROUTE, guest_account="C-1")
    extract(guests, MemoryChannel([transaction(1, customer_account=""), transaction(2)]), ledger, ACTOR)
    asyncio.run(refresh_reference(ROUTE, erp, ledger, ACTOR, timedelta(minutes=15)))
    validate(guests, ledger, ACTOR)
    assert send(ledger, erp) == {"sent": 1, "to_validate_again": 1}
    assert ledger.counts("shop") == {"received": 1, "sent": 1}


async def _submit(erp: MemoryErp, number: int) -> None:
    for position in range(1, number + 1):
        await erp.submit(read_order(transaction(position), None, datetime.now(UTC)).order)


def test_a_rebuilt_channel_database_stops_the_extract_until_a_person_accepts_it(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([transaction(1), transaction(2)])
    queue(ledger, erp, channel)
    rebuilt = MemoryChannel([transaction(1), transaction(3, counter=1)], database="database 2")
    with pytest.raises(Misconfigured, match="accept channel_shop --fingerprint 'database 2'"):
        queue(ledger, erp, rebuilt)
    ledger.accept_fingerprint("channel_shop", "database 2", ACTOR)
    assert queue(ledger, erp, rebuilt).counts == {"new": 1, "orders": 1, "unchanged": 1, "gone": 1}


def test_a_header_is_completed_when_its_lines_come(ledger: Ledger, erp: MemoryErp) -> None:
    half = transaction(1, present_lines=0, digest="header only")
    assert queue(ledger, erp, MemoryChannel([half])).counts == {"new": 1, "waiting": 1, "unchanged": 1}
    whole = replace(half, present_lines=1, digest="with lines")
    assert queue(ledger, erp, MemoryChannel([whole])).counts == {"changed": 1}
    assert ledger.counts("shop") == {"queued": 1}


def test_what_the_channel_changes_or_cancels_at_the_last_moment_is_not_sent(
    ledger: Ledger, erp: MemoryErp, sql: Sql
) -> None:
    """R11"""
    channel = MemoryChannel([transaction(number) for number in (1, 2, 3)])
    queue(ledger, erp, channel)
    channel.rows[1:] = [
        transaction(2, digest="edited", total="20.00"),
        transaction(3, digest="cancelled", not_an_order="voided"),
    ]
    assert send(ledger, erp, channel) == {"sent": 1, "changed_since": 2}
    assert ledger.counts("shop") == {"sent": 1, "received": 1, "cancelled_at_source": 1}
    assert [key.parts for key in erp.submits] == [("1",)]


def test_an_order_that_changed_after_it_was_sent_is_a_conflict_with_what_differs(
    ledger: Ledger, erp: MemoryErp, sql: Sql
) -> None:
    channel = MemoryChannel([transaction(1), transaction(2)])
    queue(ledger, erp, channel)
    send(ledger, erp)
    look(ledger, erp, sql)
    channel.rows[0] = transaction(1, digest="edited", total="20.00", customer_account="C-2")
    channel.rows[1] = transaction(2, digest="posted", source_status="posted")
    assert queue(ledger, erp, channel).counts == {"changed": 2, "conflict": 1}
    assert ledger.counts("shop") == {"conflict": 1, "succeeded": 1}
    [message] = sql.one("select array_agg(message) from orders where status = 'conflict'")
    assert "customer_account C-1 -> C-2; total 10.00 -> 20.00" in message
    assert queue(ledger, erp, channel).counts == {}


def test_a_settle_changes_the_orders_in_doubt_of_its_channel_and_nothing_else(
    ledger: Ledger, erp: MemoryErp, sql: Sql
) -> None:
    """R182"""
    erp.script = ["refused"]
    queue(ledger, erp, MemoryChannel([transaction(number) for number in range(1, 6)]))
    send(ledger, erp)
    queue(ledger, erp, MemoryChannel([transaction(number) for number in range(6, 9)]))
    sql.do("update orders set channel = 'other' where id = (select max(id) from orders where status = 'sent')")
    make_due(sql)
    orders = "select order_key, channel, status, orders::text from orders"
    before, tables = sql.rows(orders), sql.content()
    assert asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY)).counts == {"confirmed": 3}
    after = sql.rows(orders)
    in_doubt = {key for key, channel, status, _ in before if (channel, status) == ("shop", "sent")}
    assert len(in_doubt) == 3
    assert {key for key, *_ in set(before) - set(after)} == in_doubt
    changed = {table for table, content in sql.content().items() if content != tables[table]}
    assert changed == {"orders", "attempts", "order_history"}
