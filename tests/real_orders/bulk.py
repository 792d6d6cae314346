"""Whole files of real orders on their way: copied into a channel database, extracted, validated and compared at once.

Channel, ledger and flows are the real ones. There is no ERP: what it knows is given as facts.
"""

import gzip
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from order_sync import flows
from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.ledger import Ledger, migrate
from sandbox import shop
from sandbox.postgres import Cluster
from tests.fixtures import dynamics_web
from tests.real_orders.standing import Standing, standings

ACTOR = Actor("real orders")
Facts = Mapping[Wanted, Mapping[str, object]]
Load = Callable[[psycopg.Connection[Any]], Facts]


@dataclass
class Arrived:
    """What the ledger holds in the end; `counts` and `seconds` are what each step told and took."""

    ledger: psycopg.Connection[Any]
    counts: dict[str, Mapping[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def standings(self) -> dict[str, Standing]:
        """What became of each transaction, by its number."""
        return standings(self.ledger)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query of the ledger's tables gives."""
        return self.ledger.execute(query.encode()).fetchall()


@contextmanager
def arrived(cluster: Cluster, name: str, load: Load, options: Mapping[str, Any]) -> Iterator[Arrived]:
    """A channel database that `load` fills, read and judged whole by the facts that it returns.

    `options` are other than the web shop's in the registry. Nothing is too old, and no guest has an account.
    """
    channel, ledger = f"{name}_channel", f"{name}_ledger"
    for database in (channel, ledger):
        cluster.create_database(database)
    try:
        migrate(lambda: psycopg.connect(cluster.dsn(ledger)))
        with psycopg.connect(cluster.dsn(ledger), options="-c search_path=order_sync -c timezone=UTC") as connection:
            connection.autocommit = True
            arrived = Arrived(connection)
            _travel(cluster.dsn(channel), cluster.dsn(ledger), load, options, arrived)
            yield arrived
    finally:
        for database in (channel, ledger):
            cluster.drop_database(database)


def _travel(channel: str, ledger: str, load: Load, options: Mapping[str, Any], arrived: Arrived) -> None:
    route = Route("dynamics_web", "tryton", datetime(2000, 1, 1, tzinfo=UTC), None)
    shop.create(channel)
    begun = [time.monotonic()]

    def done(step: str, counts: Mapping[str, int]) -> None:
        begun.append(time.monotonic())
        arrived.counts[step], arrived.seconds[step] = counts, begun[-1] - begun[-2]

    with psycopg.connect(channel) as connection:
        facts = load(connection)
    done("load", {})
    everything = Settings(compare_back=datetime.now(UTC) - route.start_from)
    with Ledger(lambda: psycopg.connect(ledger)) as books:
        web = dynamics_web.Shop.over(channel)
        there = replace(web, options={**web.options, **options})
        done("extract", flows.extract(route, there, books, ACTOR).counts)
        books.store_reference(route.erp, ReferenceData(facts, books.now()), ACTOR)
        done("reference", {})
        done("validate", flows.validate(route, books, ACTOR).counts)
        # What was not settled when it was read is read once more: a slow writer may have added to it.
        done("extract again", flows.extract(route, there, books, ACTOR).counts)
        done("compare", flows.compare_channel(route, there, books, ACTOR, everything).counts)


def copy_file(
    connection: psycopg.Connection[Any], table: str, file: Path, columns: Sequence[str] = (), delimiter: str = ","
) -> None:
    """Copy a compressed file into a new temporary table of texts, beside `row`, each row's place in the file.

    `columns` are given for a file without a header. What is empty becomes null.
    """
    with gzip.open(file) as text, connection.cursor() as cursor:
        names = columns or text.readline().decode().strip().lower().split(delimiter)
        listed = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in names)
        row = sql.SQL("create temporary table {} (row bigint generated always as identity, {})")
        cursor.execute(row.format(sql.Identifier(table), listed))
        into = sql.SQL("copy {} ({}) from stdin (format csv, delimiter {})").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names)), sql.Literal(delimiter)
        )
        with cursor.copy(into) as copy:
            while block := text.read(1 << 20):
                copy.write(block)


def run_file(connection: psycopg.Connection[Any], name: str) -> None:
    """Run the statements of a file of this folder."""
    connection.execute(Path(__file__).with_name(name).read_bytes())
