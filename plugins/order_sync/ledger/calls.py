"""What all calls on the ledger share: one database, its clock, and how rows come back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from order_sync.core.basics.actor import Actor
from order_sync.core.records.orders import Entry
from order_sync.ledger.database import Connect, Database
from order_sync.ledger.rows import (
    entry_of,
)


class Calls:
    """Calls on one ledger database."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._database = Database(connect)

    def now(self) -> datetime:
        """The ledger's clock, UTC."""
        now: datetime = self._one("read_clock")["clock_timestamp"]
        return now

    def _one(self, name: str, **parameters: Any) -> Mapping[str, Any]:
        row = self._database.row(name, **parameters)
        if row is None:
            raise LookupError(f"{name} returned no row")
        return row

    def _entries(self, name: str, **parameters: Any) -> list[Entry]:
        return [entry_of(row) for row in self._database.rows(name, **parameters)]


def by(actor: Actor) -> dict[str, str]:
    return {"by": actor.by, "why": actor.reason}


def count(cursor: psycopg.Cursor[Any]) -> int:
    return int((cursor.fetchone() or {"count": 0})["count"])
