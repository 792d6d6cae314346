"""A cluster starts wherever it is put, whatever an earlier run left behind."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sandbox import scratch
from sandbox.postgres import Cluster
from sandbox.processes import SandboxError

pytestmark = pytest.mark.full


@pytest.fixture
def own() -> Iterator[Cluster]:
    with scratch() as folder:
        cluster = Cluster(folder / "postgres").start()
        yield cluster
        cluster.remove()


def ask(cluster: Cluster, question: str, database: str = "postgres") -> object:
    with psycopg.connect(cluster.dsn(database)) as connection:
        row = connection.execute(question).fetchone()
    assert row
    return row[0]


def test_it_speaks_utf8_and_utc(own: Cluster) -> None:
    assert (
        ask(own, "select upper('ä') || current_setting('server_encoding') || current_setting('timezone')") == "ÄUTF8UTC"
    )


def test_it_wants_its_password_and_listens_on_this_machine_only(own: Cluster) -> None:
    assert ask(own, "select current_setting('listen_addresses')") == "127.0.0.1"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(own.dsn().replace(own.password, "wrong"))
    assert (own.directory / "password").stat().st_mode & 0o077 == 0


def test_what_was_committed_is_there_after_its_server_was_killed(own: Cluster) -> None:
    own.create_database("ledger")
    with psycopg.connect(own.dsn("ledger")) as connection:
        connection.execute("create table orders as select 7 as number")
    os.kill(_server(own), signal.SIGKILL)
    own.start()
    assert ask(own, "select number from orders", "ledger") == 7


def test_a_server_left_running_by_a_killed_run_gives_way(own: Cluster) -> None:
    before = _server(own)
    again = Cluster(own.directory).start()
    assert _server(again) != before
    assert ask(again, "select 1") == 1


def test_the_pid_of_a_dead_server_that_another_process_got_does_not_matter(own: Cluster) -> None:
    own.stop()
    (own.directory / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    own.start()
    assert ask(own, "select 1") == 1


def test_a_copy_has_the_same_content_and_a_life_of_its_own(own: Cluster) -> None:
    own.create_database("ledger")
    with pytest.raises(SandboxError, match="stop it before copying"):
        own.copy_to(own.directory.with_name("early"))
    own.stop()
    copy = own.copy_to(own.directory.with_name("copy")).start()
    own.start()
    copy.drop_database("ledger")
    assert ask(own, "select 1", "ledger") == 1
    copy.remove()
    assert not copy.directory.exists()


def test_a_database_is_made_from_a_template(own: Cluster) -> None:
    own.create_database("first")
    with psycopg.connect(own.dsn("first")) as connection:
        connection.execute("create table orders as select 7 as number")
    own.create_database("second", template="first")
    assert ask(own, "select number from orders", "second") == 7


def test_it_also_starts_below_a_folder_that_only_its_owner_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    cluster = Cluster(closed / "postgres").start()
    place = cluster.directory.resolve()
    assert ask(cluster, "select 1") == 1
    cluster.remove()
    assert not place.exists()
    assert list(closed.iterdir()) == []


def _server(cluster: Cluster) -> int:
    return int((cluster.directory / "data" / "postmaster.pid").read_text().split()[0])
