"""The command line, as a person runs it: a process of its own, with the ledger's connection in the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from order_sync.ledger import Ledger
from tests.ledger.steps import Connect, Sql

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture
def run(tmp_path: Path):
    """Runs `python -m order_sync` in a process that knows one connection at most."""

    def run(*words: str, connection: str | None) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "ORDER_SYNC_"))}
        environment = {**kept, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(PLUGINS)}
        if connection:
            environment["AIRFLOW_CONN_ORDER_LEDGER"] = connection
        command = [sys.executable, "-m", "order_sync", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_migrate_makes_a_new_database_a_ledger_by_a_connection_in_either_form(run, database: str):
    parts = psycopg.conninfo.conninfo_to_dict(database)
    as_json = {
        "conn_type": "postgres",
        "login": parts["user"],
        "password": parts["password"],
        "schema": parts["dbname"],
    }
    for connection in (database, json.dumps({**as_json, "host": parts["host"], "port": int(parts["port"])})):
        done = run("migrate", connection=connection)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "the ledger is at schema 0003"
    with Ledger(lambda: psycopg.connect(database)) as ledger:
        assert ledger.counts("shop") == {}


def test_accept_records_who_and_why_and_says_what_follows(run, connect: Connect, ledger: Ledger, sql: Sql):
    ledger.check_fingerprint("channel_dynamics_web", "old")
    info = connect().info
    address = f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"
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
    ],
)
def test_what_cannot_be_done_is_one_sentence_without_a_traceback(
    run, words: list[str], connection: str | None, code: int, sentence: str
):
    done = run(*words, connection=connection)
    assert done.returncode == code
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert done.stdout == ""
