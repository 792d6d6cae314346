"""The command line, as a person runs it: the ledger's connection in the environment, words, and how it ends.

Airflow takes seconds to start, so most of it runs in this process, and what only a process of its own shows in one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

import tests.airflow_home  # noqa: F401  Airflow reads its settings at import
from order_sync.__main__ import main
from order_sync.core.life.lifecycle import Event
from order_sync.core.requests.explain import ExplainRequest
from order_sync.core.requests.request import Known
from order_sync.ledger import Ledger, migration
from tests.ledger.steps import Connect, Sql, close, fail, key, land, send

PLUGINS = Path(__file__).parents[2] / "plugins"
LEDGER = "AIRFLOW_CONN_ORDER_LEDGER"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Does what `python -m order_sync` does, and knows one connection at most."""

    def run(*words: str, connection: str | None) -> subprocess.CompletedProcess[str]:
        monkeypatch.delenv(LEDGER, raising=False)
        if connection:
            monkeypatch.setenv(LEDGER, connection)
        capfd.readouterr()
        try:
            code = main(words)
        except SystemExit as end:
            code = int(str(end.code))
        return subprocess.CompletedProcess(words, code, *capfd.readouterr())

    return run


@pytest.fixture
def run_alone(tmp_path: Path) -> Run:
    """Runs `python -m order_sync` in a process that knows one connection at most."""

    def run(*words: str, connection: str | None, page: str = "") -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "ORDER_SYNC_"))}
        environment = {**kept, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(PLUGINS)}
        if connection:
            environment[LEDGER] = connection
        if page:
            (tmp_path / "registry.py").write_text(page)
            environment["ORDER_SYNC_REGISTRY"] = str(tmp_path / "registry.py")
        command = [sys.executable, "-m", "order_sync", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_migrate_makes_a_new_database_a_ledger_by_a_connection_in_either_form(run_alone: Run, database: str) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(database)
    as_json = {
        "conn_type": "postgres",
        "login": parts["user"],
        "password": parts["password"],
        "schema": parts["dbname"],
    }
    for connection in (database, json.dumps({**as_json, "host": parts["host"], "port": int(str(parts["port"]))})):
        done = run_alone("migrate", connection=connection)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == f"the ledger is at schema {migration.needed()}"
    with Ledger(lambda: psycopg.connect(database)) as ledger:
        assert ledger.counts("shop") == {}


def test_migrate_names_a_server_that_may_forget(run: Run, database: str) -> None:
    shown = "the server of the ledger (connection order_ledger) runs with fsync = off: "
    with psycopg.connect(database) as connection:
        off = connection.execute("show fsync").fetchone() == ("off",)
    done = run("migrate", connection=database)
    assert (done.returncode, shown in done.stdout) == (0, off)


def test_accept_records_who_and_why_and_says_what_follows(run: Run, address: str, ledger: Ledger, sql: Sql) -> None:
    ledger.check_fingerprint("channel_dynamics_web", "old")
    words = ("accept", "channel_dynamics_web", "--fingerprint", "new", "--by", "Ada", "--reason", "rebuilt on Friday")
    done = run(*words, connection=address)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "channel_dynamics_web may lead to 'new' from now on; the next extract reads it from its beginning\n"
    )
    ledger.check_fingerprint("channel_dynamics_web", "new")
    assert sql.rows("select accepted_by, reason from fingerprints order by epoch desc limit 1") == [
        ("Ada", "rebuilt on Friday")
    ]


@pytest.fixture
def address(connect: Connect, ledger: Ledger) -> str:
    """The connection of a migrated ledger, as the environment holds it."""
    info = connect().info
    return f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"


def test_explain_says_where_an_order_is_by_any_of_what_people_know_of_it(
    run: Run, address: str, ledger: Ledger
) -> None:
    """R5, R80"""
    close(ledger, send(ledger, 1).entries, Event.REFUSED, "TAX_MAPPING", "tax code 'X' is not the ERP's")
    for words in ((str(key(1)),), ("--reference", "R-1"), ("--customer-account", "C-1")):
        done = run("explain", *words, connection=address)
        assert (done.returncode, done.stderr) == (0, "")
        title, error, meaning = done.stdout.splitlines()[:3]
        assert title == f"Order {key(1)}"
        assert error.endswith(": tax code 'X' is not the ERP's")
        assert meaning == "It means        The ERP does not have this tax code, or has it with another rate."
        assert "This page holds people's data" not in done.stdout


def test_explain_prints_a_whole_order_and_what_support_needs(run: Run, address: str, ledger: Ledger) -> None:
    """R95, R96"""
    ship_to = {"name": "Ann Other", "street": "1 High Street", "city": "Bristol", "country": "GB"}
    land(ledger, 1, details=json.dumps({"lines": [["1", "SKU-0001", "1", "10.00"]], "ship_to": ship_to}))
    done = run("explain", str(key(1)), "--whole-order", "--escalate", connection=address)
    assert (done.returncode, done.stderr) == (0, "")
    text, _, page = done.stdout.rpartition(f"\n\nOrder {key(1)}\n")
    assert "Ann Other" in page
    assert "SKU-0001" in page
    assert "Ann Other" not in text
    assert "Subject: Order Sync Error" in text
    assert f"ledger schema {migration.needed()}" in text
    assert "Airflow         3.3.2, Python 3.11" in text
    assert "Settings        all at their defaults" in text
    assert ledger_password(address) not in done.stdout


def ledger_password(address: str) -> str:
    return address.split(":")[2].split("@")[0]


def test_explain_has_an_option_for_each_field_of_its_form(run: Run) -> None:
    """R173"""
    done = run("explain", "--help", connection=None)
    assert (done.returncode, done.stderr) == (0, "")
    for name, schema in ExplainRequest.form(Known()).items():
        assert f"--{name.replace('_', '-')}" in done.stdout or name == "key"
        assert schema["title"] in " ".join(done.stdout.split())


def test_explain_without_an_order_lists_the_newest_and_counts_causes(run: Run, address: str, ledger: Ledger) -> None:
    """R148, R149, R85"""
    fail(ledger, 1, 2, 3)
    land(ledger, 4)
    done = run("explain", "--status", "failed", "--at-most", "2", connection=address)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Orders (status failed), the newest 2 first"
    assert [str(key(3)) in lines[1], str(key(2)) in lines[3]] == [True, True]
    assert lines[-1].split()[:2] == ["3", "SKU_NOT_FOUND,"]


@pytest.mark.parametrize(
    ("words", "connection", "code", "sentence"),
    [
        (["migrate"], None, 1, "AIRFLOW_CONN_ORDER_LEDGER"),
        (["migrate"], "postgresql://desk:hunter2@127.0.0.1:1/ledger", 1, "does not answer"),
        (
            ["accept", "channel_nowhere", "--fingerprint", "x", "--by", "x", "--reason", "x"],
            None,
            2,
            "channel_dynamics_web",
        ),
        (["accept", "erp_tryton", "--fingerprint", "x", "--by", "x"], None, 2, "--reason"),
        (
            ["accept", "erp_tryton", "--fingerprint", "", "--by", " ", "--reason", ""],
            None,
            1,
            "--fingerprint, --by, --reason: this must not be empty, for the audit history",
        ),
        (["explain", "W100012", "--days", "x"], None, 1, "leave out days; days is 'x': write a whole number"),
        (["explain", "--reference", "W1"], None, 1, "AIRFLOW_CONN_ORDER_LEDGER"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_without_a_traceback(
    run: Run, words: list[str], connection: str | None, code: int, sentence: str
) -> None:
    done = run(*words, connection=connection)
    assert done.returncode == code
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("connection", "sentence"), [(None, LEDGER), ("postgresql://desk:hunter2@127.0.0.1:1/x", "ans")]
)
def test_a_process_of_its_own_ends_in_the_same_way(run_alone: Run, connection: str | None, sentence: str) -> None:
    done = run_alone("explain", "--reference", "W1", connection=connection)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("words", [["migrate"], ["explain", "--help"], ["nonsense"]])
def test_a_mistake_in_the_owners_registry_is_one_sentence_whatever_is_asked(
    run_alone: Run, tmp_path: Path, words: list[str]
) -> None:
    done = run_alone(*words, connection=None, page="ERPS = ()\nCHANNELS = [\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{tmp_path / 'registry.py'}, line 2: SyntaxError: '[' was never closed\n"
