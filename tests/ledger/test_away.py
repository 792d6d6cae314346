"""A ledger that goes away and comes back: the push ends with one sentence, and the next call connects anew."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from order_sync.core.errors import LedgerUnavailable
from order_sync.core.order.model import Order
from order_sync.core.sending.receipts import Receipt
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, refresh_reference, validate
from order_sync.ledger import Ledger
from order_sync.ledger import database as module
from order_sync.ledger.database import Database
from tests.ledger.steps import ACTOR, Connect, Sql
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
POLICY = Policy("unique_key", grace=timedelta(0))
SENTENCE = r"^the ledger \(connection order_ledger\) does not answer: [^\n]+$"
"""The reason is the server's last word, or, when that comes too late, that the server closed the connection."""


@pytest.mark.parametrize("at", [1, 33, 150])
def test_a_push_whose_connections_are_ended_in_the_middle_ends_with_one_sentence_and_nothing_is_lost(
    ledger: Ledger, sql: Sql, at: int
) -> None:
    """As a failover of the ledger, or a crash, ends them."""
    erp = Ending(Clock(), sql=sql, at=at)
    extract(ROUTE, MemoryChannel([transaction(number) for number in range(1, 301)]), ledger, ACTOR)
    asyncio.run(refresh_reference(ROUTE, erp, ledger, ACTOR, timedelta(minutes=15)))
    validate(ROUTE, ledger, ACTOR)
    with pytest.raises(LedgerUnavailable, match=SENTENCE):
        asyncio.run(_push(ledger, erp))
    first = len(erp.submits)
    assert at <= first < 300
    assert ledger.counts("shop") == {"sent": first, "queued": 300 - first}, "what the ERP said is on record"
    assert asyncio.run(_push(ledger, erp)) == {"sent": 300 - first}
    assert len(set(erp.submits)) == len(erp.submits) == 300


async def _push(ledger: Ledger, erp: MemoryErp) -> dict[str, int]:
    async with asyncio.timeout(60):
        return (await push(ROUTE, erp, ledger, ACTOR, POLICY, Settings(claim_size=300))).counts


class Ending(MemoryErp):
    """An ERP in whose call of that number all connections to the ledger end."""

    def __init__(self, clock: Clock, sql: Sql, at: int) -> None:
        super().__init__(clock)
        self.sql, self.at = sql, at

    async def submit(self, order: Order) -> Receipt:
        receipt = await super().submit(order)
        if len(self.submits) == self.at:
            end_connections(self.sql)
        return receipt


def end_connections(sql: Sql) -> None:
    sql.do(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )


@pytest.fixture
def database(connect: Connect) -> Iterator[Database]:
    """The connections to a ledger, of which two are idle."""
    database = Database(connect)
    with database.transaction():
        database.row("read_clock")
    yield database
    database.close()


def test_once_a_connection_broke_the_next_call_connects_anew(database: Database, sql: Sql) -> None:
    end_connections(sql)
    with pytest.raises(LedgerUnavailable, match="does not answer"):
        database.row("read_clock")
    assert database.row("read_clock")


def test_a_call_that_is_broken_off_leaves_no_connection_that_is_still_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Airflow's time-out of a task breaks it off, by a signal."""
    monkeypatch.setattr(module, "statement", lambda name: b"select pg_sleep(60)")
    with pytest.raises(BrokenOff), broken_off():
        database.row("read_clock")
    monkeypatch.undo()
    assert database.row("read_clock")


class BrokenOff(BaseException):
    """Raised by a signal."""


@contextmanager
def broken_off() -> Iterator[None]:
    def end(*_: object) -> None:
        raise BrokenOff

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_ledger_that_only_reads_as_the_old_one_does_after_a_failover_is_away(connect: Connect) -> None:
    def reading() -> psycopg.Connection:
        connection = connect()
        connection.execute("set default_transaction_read_only = on")
        connection.commit()
        return connection

    with Ledger(reading) as ledger:
        assert ledger.counts("shop") == {}
        with pytest.raises(LedgerUnavailable, match="read-only transaction"):
            ledger.check_fingerprint("channel_shop", "a")
