"""Web shops to write into: one that every test finds empty, and databases of one's own to break."""

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from sandbox import shop
from sandbox.postgres import Cluster
from tests.support.databases import database
from tests.support.emptying import empty

NUMBERS = count()
TABLES = ("table", "salestrans", "taxtrans", "markuptrans", "chargetaxtrans", "addresstrans")


def emptied(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        empty(connection, "ax", [f"retailtransaction{name}" for name in TABLES])


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Iterator[str]:
    """The name of a database with an empty shop, to which nobody is connected."""
    name = "empty_shop"
    with database(cluster, name) as dsn:
        shop.create(dsn)
        yield name


@pytest.fixture
def own_dsn(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of an empty shop whose schema may be changed."""
    with database(cluster, f"shop_{next(NUMBERS)}", template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def shared(cluster: Cluster, template: str) -> Iterator[str]:
    with database(cluster, "shop", template) as dsn:
        yield dsn


@pytest.fixture
def dsn(shared: str) -> Iterator[str]:
    """The address of an empty shop."""
    yield shared
    emptied(shared)


def loosened(dsn: str) -> None:
    """Let columns, but for keys and counters, hold all that their types can."""
    with psycopg.connect(dsn) as connection:
        columns = connection.execute(
            "select attrelid::regclass::text, attname, atttypid = 'numeric'::regtype from pg_attribute"
            " join pg_class on oid = attrelid"
            " where relnamespace = 'ax'::regnamespace and relkind = 'r' and attnum > 0 and attidentity = ''"
            " and not exists (select from pg_index where indrelid = attrelid and indisprimary and attnum = any(indkey))"
        ).fetchall()
        for table, column, numeric in columns:
            unbounded = f", alter {column} type numeric" if numeric else ""
            connection.execute(f"alter table {table} alter {column} drop not null{unbounded}")


@pytest.fixture(scope="session")
def shared_lax(cluster: Cluster, template: str) -> Iterator[str]:
    with database(cluster, "lax_shop", template) as dsn:
        loosened(dsn)
        yield dsn


@pytest.fixture
def lax_dsn(shared_lax: str) -> Iterator[str]:
    """The address of an empty shop whose columns, but for keys and counters, hold all that their types can."""
    yield shared_lax
    emptied(shared_lax)
