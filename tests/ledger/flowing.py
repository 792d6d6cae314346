"""The flows on a ledger on Postgres, between a channel and an ERP in memory."""

import asyncio
from datetime import UTC, datetime, timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.order.model import Transaction
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import backfill, extract, push, refresh_reference, settle, validate
from order_sync.ledger import Ledger
from tests.ledger.steps import ACTOR, Sql, make_due
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
POLICY = Policy("unique_key", grace=timedelta(0))
SETTINGS = Settings()
BEFORE = Window(datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
PERSON = Actor(person="ursula", reason="the shop moved")


def read(ledger: Ledger, channel: MemoryChannel, route: Route = ROUTE) -> None:
    extract(route, channel, ledger, ACTOR, SETTINGS)


def queue(ledger: Ledger, erp: MemoryErp, channel: MemoryChannel, route: Route = ROUTE) -> None:
    read(ledger, channel, route)
    asyncio.run(refresh_reference(route, erp, ledger, ACTOR, timedelta(minutes=15)))
    validate(route, ledger, ACTOR)


def send(ledger: Ledger, erp: MemoryErp, route: Route = ROUTE, settings: Settings = SETTINGS) -> dict[str, int]:
    return asyncio.run(push(route, erp, ledger, ACTOR, POLICY, settings)).counts


def confirm(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    make_due(sql)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))


def old(number: int, **changes: object) -> Transaction:
    """A transaction of before the start."""
    return transaction(number, placed_at=f"2025-12-{number:02}T08:00:00+00:00", **changes)


def fill(ledger: Ledger, erp: MemoryErp, channel: MemoryChannel, at_most: int = 500) -> tuple[dict[str, int], bool]:
    summary, left = asyncio.run(backfill(ROUTE, channel, erp, ledger, PERSON, BEFORE, at_most))
    return summary.counts, left
