"""Orders that may still change are read again in the channel: with each extract, and just before they are sent."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.intake.findings import FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.ports.channel import Batch
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, validate
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("test")
EDITED = transaction(1, digest="edited", currency="XAF")
CANCELLED = transaction(1, digest="cancelled", not_an_order="voided")


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(copy=reference())


def queue(ledger: MemoryLedger, channel: MemoryChannel) -> dict[str, int]:
    counts = extract(ROUTE, channel, ledger, ACTOR).counts
    validate(ROUTE, ledger, ACTOR)
    return counts


def send(ledger: MemoryLedger, channel: MemoryChannel) -> dict[str, int]:
    run = push(
        ROUTE, MemoryErp(ledger.clock), ledger, ACTOR, Policy("unique_key"), Settings(), ledger.clock.monotonic, channel
    )
    return asyncio.run(run).counts


def test_what_changed_before_it_was_sent_is_validated_anew(ledger: MemoryLedger) -> None:
    """R11"""
    channel = MemoryChannel([transaction(1)])
    queue(ledger, channel)
    channel.rows = [EDITED]
    assert queue(ledger, channel) == {"changed": 1}
    assert ledger.status() is Status.FAILED
    channel.rows = [transaction(1, digest="mended")]
    queue(ledger, channel)
    assert ledger.status() is Status.QUEUED


def test_what_was_cancelled_before_it_was_sent_is_never_sent(ledger: MemoryLedger) -> None:
    channel = MemoryChannel([transaction(1)])
    queue(ledger, channel)
    channel.rows = [CANCELLED]
    assert queue(ledger, channel) == {"changed": 1, "cancelled_at_source": 1}
    assert send(ledger, channel) == {}


@pytest.mark.parametrize(("now", "status"), [(EDITED, Status.RECEIVED), (CANCELLED, Status.CANCELLED_AT_SOURCE)])
def test_what_changes_between_extract_and_push_is_not_sent(ledger: MemoryLedger, now: Any, status: Status) -> None:
    channel = MemoryChannel([transaction(1)])
    queue(ledger, channel)
    channel.rows = [now]
    assert send(ledger, channel) == {"changed_since": 1}
    assert ledger.status() is status


def test_while_the_channel_is_away_what_the_ledger_knows_is_sent_and_counted_as_unchecked(ledger: MemoryLedger) -> None:
    channel = MemoryChannel([transaction(1)])
    queue(ledger, channel)
    channel.down = True
    assert send(ledger, channel) == {"sent": 1, "unchecked": 1}


def test_another_database_of_the_channel_says_nothing_about_its_orders(ledger: MemoryLedger) -> None:
    channel = MemoryChannel([transaction(1)])
    queue(ledger, channel)
    assert send(ledger, MemoryChannel([CANCELLED], database="another")) == {"sent": 1, "unchecked": 1}


@pytest.mark.parametrize("decision", [Status.ON_HOLD, Status.IGNORED])
def test_what_a_person_decided_survives_a_change_in_the_channel(ledger: MemoryLedger, decision: Status) -> None:
    """R11"""
    channel = MemoryChannel([transaction(1)])
    queue(ledger, channel)
    ledger.rows[transaction(1).key].status = decision
    channel.rows = [EDITED]
    queue(ledger, channel)
    assert ledger.status() is decision


def test_an_order_that_is_gone_from_the_channel_stays_and_is_counted(ledger: MemoryLedger) -> None:
    channel = MemoryChannel([transaction(1)])
    queue(ledger, channel)
    channel.rows = []
    assert queue(ledger, channel) == {"gone": 1}
    assert ledger.status() is Status.QUEUED


class SkippingChannel(MemoryChannel):
    """A channel whose reading leaves a row out and no longer waits for a slow writer, and says so."""

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        for batch in super().transactions(since):
            yield Batch(batch.transactions, batch.watermark, (transaction(9).key,), datetime(2026, 3, 2, 7, tzinfo=UTC))


def test_what_a_reading_left_out_and_whom_it_does_not_wait_for_are_findings(ledger: MemoryLedger) -> None:
    """R9"""
    extract(ROUTE, SkippingChannel([replace(transaction(1))]), ledger, ACTOR)
    assert [(each.kind, each.subject, each.detail) for each in ledger.findings.values()] == [
        (FindingKind.SKIPPED, "shop:9", ""),
        (FindingKind.SLOW_WRITER, "2026-03-02", "since 07:00 UTC"),
    ]


class BrokenChannel(MemoryChannel):
    """A channel whose adapter stumbles."""

    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        raise KeyError("part")


def test_a_channel_whose_adapter_stumbles_holds_no_order_back(ledger: MemoryLedger) -> None:
    queue(ledger, MemoryChannel([transaction(1)]))
    with pytest.raises(KeyError):
        send(ledger, BrokenChannel([transaction(1)]))
    assert ledger.rows[transaction(1).key].lease_until is None, "the next push need not wait for the lease"


class Killed(BaseException):
    """The worker's process is gone."""


def test_what_a_reading_left_out_is_on_record_when_the_run_dies_as_the_watermark_moves(
    ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = ledger.record

    def die_after(*arguments: Any) -> dict[str, int]:
        record(*arguments)
        raise Killed

    monkeypatch.setattr(ledger, "record", die_after)
    with pytest.raises(Killed):
        extract(ROUTE, SkippingChannel([transaction(1)]), ledger, ACTOR)
    assert ledger.marks["shop"].counter == 1
    assert [each.subject for each in ledger.findings.values() if each.kind is FindingKind.SKIPPED] == ["shop:9"]
