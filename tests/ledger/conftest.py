"""A ledger of its own for each test: a copy of one migrated database, and a plain connection to look behind it."""

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from order_sync.ledger import Ledger, migrate
from sandbox.postgres import Cluster
from tests.ledger.steps import Connect, Counting, Sql

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def migrated(cluster: Cluster) -> str:
    """The name of a migrated database to which nobody is connected."""
    name = "ledger_template"
    cluster.create_database(name)
    migrate(lambda: psycopg.connect(cluster.dsn(name)))
    return name


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """A new database, empty."""
    name = f"ledger_{next(_NUMBERS)}"
    cluster.create_database(name)
    yield cluster.dsn(name)
    cluster.drop_database(name)


@pytest.fixture
def connect(cluster: Cluster, migrated: str) -> Iterator[Connect]:
    """Opens connections to a migrated database of this test's own."""
    name = f"ledger_{next(_NUMBERS)}"
    cluster.create_database(name, template=migrated)
    yield lambda: psycopg.connect(cluster.dsn(name))
    cluster.drop_database(name)


@pytest.fixture
def ledger(connect: Connect) -> Iterator[Ledger]:
    """A ledger with nothing in it."""
    with Ledger(connect) as ledger:
        yield ledger


@pytest.fixture
def sql(connect: Connect) -> Iterator[Sql]:
    """A connection of the test's own, which commits each statement."""
    with connect() as connection:
        connection.autocommit = True
        connection.execute("set search_path to order_sync")
        connection.execute("set timezone to 'UTC'")
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
