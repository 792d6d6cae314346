"""A session of the ledger relies on nothing that its server, its database or its role has set."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal

from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import Event
from order_sync.ledger import Ledger, migrate
from order_sync.ledger.database import session
from order_sync.ledger.statements import statement
from sandbox.postgres import Cluster
from tests.ledger.steps import Connect, claim, close, key, open_all, queue, send
from tests.servers import HOSTILE

SCOPES = {"database": "database {database}", "role": "role postgres in database {database}"}
OURS = {
    "search_path": "order_sync",
    "default_transaction_isolation": "read committed",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "plan_cache_mode": "auto",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}

Give = Callable[..., Connect]


@pytest.fixture
def give(database: str) -> Give:
    """Gives a new database, or everybody's role in it, settings of its own; returns what connects to it."""

    def give(scope: str = "database", **settings: str) -> Connect:
        with psycopg.connect(database, autocommit=True) as connection:
            whose = SCOPES[scope].format(database=connection.info.dbname)
            for name, value in settings.items():
                alter = SQL("alter {} set {} to {}")
                connection.execute(alter.format(SQL(whose), Identifier(name), Literal(value)))
        return lambda: psycopg.connect(database)

    return give


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_database_or_a_role_has_set_changes_nothing(give: Give, scope: str) -> None:
    connect = give(scope, **{name: value for name, value in HOSTILE.items() if name != "fsync"}, search_path="pg_temp")
    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(lambda _: migrate(connect), range(2)))) == 1
    with Ledger(connect) as ledger:
        close(ledger, send(ledger, 1, 2).entries, Event.RECEIPT)
        assert ledger.counts("shop") == {"sent": 2}
        assert [story.key for story in ledger.stories([key(1)]).values()] == [key(1)]
    with session(connect) as connection:
        shown = {name: connection.execute(f"show {name}").fetchone() for name in OURS}
    assert shown == {name: (value,) for name, value in OURS.items()}


def test_time_outs_that_the_extra_of_the_connection_sets_stay(database: str) -> None:
    own = {"statement_timeout": "9min", "lock_timeout": "20s", "idle_session_timeout": "1h"}
    options = " ".join(f"-c {name}={value}" for name, value in own.items())
    with session(lambda: psycopg.connect(database, options=options)) as connection:
        assert {name: connection.execute(f"show {name}").fetchone() for name in own} == {
            name: (value,) for name, value in own.items()
        }


@pytest.mark.parametrize(
    ("asked", "kept"),
    [("off", "on"), ("local", "on"), ("remote_write", "remote_write"), ("on", "on"), ("remote_apply", "remote_apply")],
)
@pytest.mark.parametrize("scope", [*SCOPES, "extra"])
def test_a_commit_is_as_sure_as_it_must_be_and_never_less_sure_than_asked_for(
    give: Give, database: str, scope: str, asked: str, kept: str
) -> None:
    if scope == "extra":
        connect: Connect = lambda: psycopg.connect(database, options=f"-c synchronous_commit={asked}")  # noqa: E731
    else:
        connect = give(scope, synchronous_commit=asked)
    with session(connect) as connection:
        assert connection.execute("show synchronous_commit").fetchone() == (kept,)


@pytest.fixture
def forgetful(server: Callable[[Path], Cluster], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server that answers before a commit is on disk, and then takes its time."""
    cluster = server(tmp_path_factory.mktemp("forgetful") / "cluster")
    cluster.settings = {**cluster.settings, "synchronous_commit": "off", "wal_writer_delay": "10s"}
    yield cluster.start()
    cluster.remove()


def test_an_attempt_that_was_opened_is_on_record_after_a_crash_of_a_server_that_does_not_wait(
    forgetful: Cluster,
) -> None:
    """Otherwise what was sent just before is sent once more."""

    def connect() -> psycopg.Connection:
        return psycopg.connect(forgetful.dsn())

    migrate(connect)
    with Ledger(connect) as ledger:
        queue(ledger, 1)
        opened = open_all(ledger, claim(ledger))
        os.kill(int((forgetful.directory / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    forgetful.start()
    with Ledger(connect) as ledger:
        assert opened == {key(1)}
        assert ledger.counts("shop") == {"sending": 1}


@pytest.mark.parametrize(("fsync", "told"), [("off", True), ("on", False)])
def test_a_server_that_does_not_wait_for_its_disk_is_named(forgetful: Cluster, fsync: str, told: bool) -> None:
    forgetful.settings = {**forgetful.settings, "fsync": fsync}
    forgetful.start()
    ledger = Ledger(lambda: psycopg.connect(forgetful.dsn()))
    ledger.migrate()
    assert ("runs with fsync = off: after a power cut" in ledger.risk()) is told


def test_a_database_that_cannot_store_every_letter_is_refused_with_what_to_do(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute(
            "create database narrow encoding 'LATIN1' locale_provider libc locale 'C' template template0"
        )
    try:
        with pytest.raises(Misconfigured, match=r"stores text as LATIN1, which cannot store every .*: create another"):
            migrate(lambda: psycopg.connect(cluster.dsn("narrow")))
    finally:
        cluster.drop_database("narrow")


def test_keys_are_in_one_order_whatever_the_databases_collation(connect: Connect) -> None:
    """They are read on from the last one, and by Python too."""
    collations = (
        "select attrelid::regclass::text, collname from pg_attribute join pg_collation c on c.oid = attcollation"
        " where attname = 'order_key' and attnum > 0 and attrelid::regclass::text !~ '^pg_'"
    )
    with session(connect) as connection:
        for name in ("stage_landings", "stage_keys"):
            connection.execute(statement(name))
        found = connection.execute(collations).fetchall()
    assert {table for table, _ in found} >= {"orders", "entries", "order_list", "landing", "seen", "lost_decisions"}
    assert {collation for _, collation in found} == {"C"}
