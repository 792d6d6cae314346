"""An empty ledger for each test, and a plain connection to look behind it.

Its database is a copy of one migrated one, emptied for the next test, which takes a third of the time of a new copy.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from order_sync.core.records.report import ReportContent
from order_sync.flows import build_report
from order_sync.flows.people.report import ReportFile
from order_sync.ledger import Ledger
from order_sync.ledger.database import session
from sandbox.postgres import Cluster
from tests.ledger.reporting import BERLIN, DAY, STUCK, Build
from tests.ledger.shop import NUMBERS, Shop
from tests.ledger.steps import Connect, Counting, Sql
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp
from tests.support.emptying import empty

MIGRATED = ["alembic_version", "lifecycle"]
"""The tables that a migration fills."""

_NUMBERS = count(1)


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """A new database, empty."""
    name = f"ledger_{next(_NUMBERS)}"
    cluster.create_database(name)
    yield cluster.dsn(name)
    cluster.drop_database(name)


@pytest.fixture(scope="session")
def emptied() -> list[str]:
    """The names of migrated databases in which no test works, with nothing in them."""
    return []


@pytest.fixture
def connect(cluster: Cluster, migrated: str, emptied: list[str]) -> Iterator[Connect]:
    """Opens connections to a migrated database of this test's own."""
    if not emptied:
        emptied.append(f"ledger_{next(_NUMBERS)}")
        cluster.create_database(emptied[-1], template=migrated)
    name = emptied.pop()
    yield lambda: psycopg.connect(cluster.dsn(name))
    empty_ledger(cluster.dsn(name))
    emptied.append(name)


def empty_ledger(dsn: str) -> None:
    """End the connections to a ledger's database, and remove all that a migration does not put into it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'order_sync' and tablename <> all(%s)", [MIGRATED]
        )
        empty(connection, "order_sync", [name for (name,) in tables])


@pytest.fixture
def ledger(connect: Connect) -> Iterator[Ledger]:
    """A ledger with nothing in it."""
    with Ledger(connect) as ledger:
        yield ledger


@pytest.fixture
def sql(connect: Connect) -> Iterator[Sql]:
    """A connection of the test's own, which commits each statement."""
    with session(connect) as connection:
        yield Sql(connection)


@pytest.fixture
def counted(connect: Connect) -> Iterator[Ledger]:
    """A ledger whose statements are counted."""

    def connect_counting() -> psycopg.Connection:
        connection = connect()
        connection.cursor_factory = Counting
        return connection

    with Ledger(connect_counting) as ledger:
        yield ledger


@pytest.fixture
def dumps() -> bool:
    """Whether backups are dumps, as people make them. One test sees that nothing depends on it."""
    return False


@pytest.fixture
def shop(
    cluster: Cluster, migrated: str, tmp_path: Path, request: pytest.FixtureRequest, dumps: bool
) -> Iterator[Shop]:
    """A shop whose ERP gives the guarantee that the test asks for."""
    name = f"lost_{next(NUMBERS)}"
    cluster.create_database(name, template=migrated)
    shop = Shop(cluster, name, tmp_path / "dump" if dumps else None, getattr(request, "param", "unique_key"))
    yield shop
    shop.close()
    for database in (name, shop.backup):
        cluster.drop_database(database)


@pytest.fixture
def erp() -> MemoryErp:
    """An ERP that confirms at once."""
    return MemoryErp(Clock(), confirms_after=timedelta(0))


@pytest.fixture
def hours_ago(ledger: Ledger) -> Callable[[float], str]:
    """What a channel writes as the time of placing, so many hours ago by the ledger's clock."""
    return lambda hours: (ledger.now() - timedelta(hours=hours)).isoformat()


@pytest.fixture
def build(ledger: Ledger, tmp_path: Path) -> Build:
    """Build the report of `DAY`, unless told otherwise."""

    def build(content: ReportContent = "failed", zone: ZoneInfo = BERLIN, **options: object) -> ReportFile:
        given = {"folder": tmp_path, "distributors": {}, "channels": (), "day": DAY, **options}
        return build_report(ledger, content=content, zone=zone, queued_stuck_after=STUCK, **given)  # type: ignore[arg-type]

    return build
