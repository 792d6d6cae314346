"""Bringing a ledger's database to the schema that this code needs, and telling when it is another one.

Alembic runs the versions in `order_sync/migrations`, all of them and the lifecycle table in one transaction, and one
process at a time. Opening a ledger compares numbers only, so that Alembic is loaded by `migrate` alone.
"""

from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import MEANINGS, TRANSITIONS
from order_sync.ledger.database import Connect, Database, sentences, session
from order_sync.ledger.rows import to_json
from order_sync.ledger.statements import statement

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
MIGRATE = "run `python -m order_sync migrate`"
_LOCK = 0x0EDE55


def migrate(connect: Connect, to: str = "head") -> str:
    """Bring the database to this code's schema, or `to` an older one, and return this code's number.

    Safe to run twice, and twice at a time.
    """
    from sqlalchemy.exc import DBAPIError

    with sentences():
        try:
            _upgrade(connect, to)
        except DBAPIError as error:
            raise error.orig or error from None
    return needed()


def _upgrade(connect: Connect, to: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import NullPool, create_engine

    def begin() -> psycopg.Connection[Any]:
        connection = session(connect)
        connection.autocommit = False
        return connection

    engine = create_engine("postgresql+psycopg://", creator=begin, poolclass=NullPool)
    with engine.begin() as connection:
        _refuse_other_encodings(connection.exec_driver_sql(statement("read_server")).mappings().one()["encoding"])
        connection.exec_driver_sql("select pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.exec_driver_sql("create schema if not exists order_sync")
        if connection.exec_driver_sql("select to_regclass('order_sync.alembic_version')").scalar():
            _refuse_newer(connection.exec_driver_sql("select version_num from alembic_version").scalar())
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        transitions = {"transitions": _transitions()}
        for name in ("retire_lifecycle", "load_lifecycle"):
            connection.connection.cursor().execute(statement(name), transitions)


def risk(connect: Connect) -> str:
    """What the ledger's server may lose, in a sentence; '' if it keeps what it is given."""
    with sentences(), session(connect) as connection:
        row = connection.execute(statement("read_server")).fetchone()
    if row is None or row[1]:
        return ""
    return (
        "the server of the ledger (connection order_ledger) runs with fsync = off: after a power cut, or a crash of its"
        " machine, the record of what was sent may be lost, and orders may be sent twice; before real orders are sent,"
        " the server's operators must set fsync = on"
    )


def check(database: Database) -> None:
    """Raise Misconfigured unless the database has exactly the schema and the lifecycle of this code."""
    try:
        row = database.row("read_schema")
    except psycopg.errors.UndefinedTable:
        row = None
    if row is None or row["version"] is None:
        raise Misconfigured(f"the ledger (connection order_ledger) has no tables yet: {MIGRATE}")
    _refuse_newer(row["version"])
    if row["version"] != needed():
        raise Misconfigured(
            f"the ledger (connection order_ledger) is at schema {row['version']}, and this release needs {needed()}:"
            f" {MIGRATE}"
        )
    if {tuple(known) for known in row["transitions"]} != {(t.from_status, t.event, t.to_status) for t in TRANSITIONS}:
        raise Misconfigured(
            f"the ledger (connection order_ledger) contains the lifecycle of another release: {MIGRATE}"
        )


@cache
def needed() -> str:
    """The number of the schema that this code needs: the highest in `migrations/versions`."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def _refuse_other_encodings(encoding: str) -> None:
    if encoding != "UTF8":
        raise Misconfigured(
            f"the ledger's database (connection order_ledger) stores text as {encoding}, which cannot store every name"
            " and message: create another database with `create database NAME template template0 encoding 'UTF8'`"
        )


def _refuse_newer(version: str | None) -> None:
    if version is not None and version > needed():
        raise Misconfigured(
            f"the ledger (connection order_ledger) is at schema {version}, newer than this release's {needed()}:"
            " install the release that migrated it, or a later one"
        )


def _transitions() -> str:
    return to_json(
        [
            {
                "from_status": transition.from_status,
                "event": transition.event,
                "to_status": transition.to_status,
                "who": transition.who,
                "evidence": transition.evidence,
                "calls_erp": transition.calls_erp,
                "roll_up": MEANINGS[transition.to_status].roll_up,
                "report_word": MEANINGS[transition.to_status].report_word,
            }
            for transition in TRANSITIONS
        ]
    )
