"""Web shops to write into: one that every test finds empty, and databases of one's own to break."""

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from sandbox import shop
from sandbox.postgres import Cluster
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
    cluster.create_database(name)
    shop.create(cluster.dsn(name))
    yield name
    cluster.drop_database(name)


@pytest.fixture
def own_dsn(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of an empty shop whose schema may be changed."""
    name = f"shop_{next(NUMBERS)}"
    cluster.create_database(name, template)
    yield cluster.dsn(name)
    cluster.drop_database(name)


@pytest.fixture(scope="session")
def shared(cluster: Cluster, template: str) -> Iterator[str]:
    cluster.create_database("shop", template)
    yield cluster.dsn("shop")
    cluster.drop_database("shop")


@pytest.fixture
def dsn(shared: str) -> Iterator[str]:
    """The address of an empty shop."""
    yield shared
    emptied(shared)


@pytest.fixture(scope="session")
def shared_lax(cluster: Cluster, template: str) -> Iterator[str]:
    cluster.create_database("lax_shop", template)
    dsn = cluster.dsn("lax_shop")
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
    yield dsn
    cluster.drop_database("lax_shop")


@pytest.fixture
def lax_dsn(shared_lax: str) -> Iterator[str]:
    """The address of an empty shop whose columns, but for keys and counters, hold all that their types can."""
    yield shared_lax
    emptied(shared_lax)
