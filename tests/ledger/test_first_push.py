"""What is not sent unasked: a first push of very many, what lies before the start, what people do by hand."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from order_sync.core.basics.calendar_days import Window
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.settings import Settings
from order_sync.flows import backfill, push
from order_sync.ledger import Ledger
from tests.ledger.flowing import PERSON, POLICY, ROUTE, SETTINGS, queue, read, send
from tests.ledger.steps import ACTOR, Sql
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp

# First run
FEW = Settings(first_run_limit=2)


def test_a_first_push_of_very_many_orders_waits_for_a_person(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([transaction(number) for number in (1, 2, 3)])
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=FEW) == {}
    (hold,) = ledger.holds(["channel_shop"])
    assert hold.kind is HoldKind.FIRST_RUN
    assert "its first push would send 3 orders, more than 2: release it with hold_connection" in hold.reason
    assert send(ledger, erp, settings=FEW) == {}
    assert ledger.release_hold("channel_shop", None, PERSON) == 1
    assert send(ledger, erp, settings=FEW) == {"sent": 3}


def test_who_releases_their_own_hold_is_asked_about_a_first_push_of_very_many_orders_all_the_same(
    ledger: Ledger, erp: MemoryErp
) -> None:
    queue(ledger, erp, MemoryChannel([transaction(number) for number in (1, 2, 3)]))
    ledger.hold("channel_shop", HoldKind.PERSON, HoldScope.SUBMIT, "not before the inventory", PERSON)
    assert send(ledger, erp, settings=FEW) == {}
    assert ledger.release_hold("channel_shop", None, PERSON) == 1
    assert send(ledger, erp, settings=FEW) == {}
    assert [hold.kind for hold in ledger.holds(["channel_shop"])] == [HoldKind.FIRST_RUN]


def test_a_channel_that_has_sent_before_or_sends_few_is_not_held(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([transaction(1)])
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=FEW) == {"sent": 1}
    channel.rows += [transaction(number) for number in range(2, 9)]
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=FEW) == {"sent": 7}


# By hand
BY_HAND = replace(ROUTE, by_hand="keyed in by the order desk until March")


def test_orders_of_a_channel_that_is_worked_by_hand_are_shown_and_counted_and_never_sent(
    ledger: Ledger, erp: MemoryErp, sql: Sql
) -> None:
    """R12, R62, R65"""
    channel = MemoryChannel([transaction(1), transaction(2, currency="XAF")])
    queue(ledger, erp, channel, BY_HAND)
    assert asyncio.run(push(BY_HAND, erp, ledger, ACTOR, POLICY, SETTINGS)).held == (
        "orders of shop are entered into the ERP by hand: keyed in by the order desk until March"
    )
    assert sql.rows("select code, status, jsonb_array_length(problems) from orders order by id") == [
        ("NOT_AUTOMATED", "failed", 1),
        ("CURRENCY_MAPPING", "failed", 2),
    ]
    assert erp.submits == []


def test_orders_that_people_may_have_entered_stay_unsent_once_the_channel_is_automated(
    ledger: Ledger, erp: MemoryErp
) -> None:
    channel = MemoryChannel([transaction(1), transaction(2, currency="XAF")])
    queue(ledger, erp, channel, BY_HAND)
    known = asyncio.run(erp.reference())
    facts = {**known.facts, ("currency", "XAF"): {"digits": 0}}
    ledger.store_reference("erp", replace(known, facts=facts, as_of=ledger.now()), ACTOR)
    channel.rows.append(transaction(3))
    queue(ledger, erp, channel)
    assert send(ledger, erp) == {"sent": 1}
    assert [key.parts for key in erp.submits] == [("3",)]


def test_what_was_queued_before_the_channel_is_worked_by_hand_waits(ledger: Ledger, erp: MemoryErp) -> None:
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    assert asyncio.run(push(BY_HAND, erp, ledger, ACTOR, POLICY, SETTINGS)).counts == {}
    assert ledger.counts("shop") == {"queued": 1}


# What lies before the start and is an order all the same
LATER = replace(ROUTE, start_from=datetime(2026, 3, 3, tzinfo=UTC))


def test_a_start_that_is_moved_cancels_no_order_that_was_sent(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    channel = MemoryChannel([transaction(1)])
    queue(ledger, erp, channel)
    send(ledger, erp)
    channel.rows = [transaction(1, digest="posted", source_status="posted")]
    read(ledger, channel, LATER)
    assert sql.rows("select status, message from orders") == [("sent", "")]
    assert sql.one("select count(*) from entries") == 1


def test_a_later_start_takes_back_what_the_first_push_would_have_sent(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    """R2: as the hold's reason advises."""
    channel = MemoryChannel([transaction(1), transaction(2, currency="XAF"), transaction(3), transaction(4)])
    channel.rows.append(transaction(5, placed_at="2026-03-03T00:00:00+00:00"))
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=FEW) == {}
    assert "otherwise set its start_from later in the registry" in ledger.holds(["channel_shop"])[0].reason
    assert send(ledger, erp, LATER, settings=FEW) == {"before_start": 4}
    ledger.release_hold("channel_shop", None, PERSON)
    assert send(ledger, erp, LATER, settings=FEW) == {"sent": 1}
    assert [key.parts for key in erp.submits] == [("5",)]
    assert sql.rows("select distinct status, reason, code from orders where order_key < 'shop:5'") == [
        ("not_an_order", "before_start", None)
    ]
    after = Window(datetime(2026, 3, 1, tzinfo=UTC), LATER.start_from)
    assert asyncio.run(backfill(LATER, channel, erp, ledger, PERSON, after, 9))[0].counts == {"backfilled": 4}
