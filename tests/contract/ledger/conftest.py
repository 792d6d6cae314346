"""The two ledgers that keep the contract: on Postgres, as it ships, and in memory, on which the flows are tested.

What the flows rely on is tested here once for both, through the port; what only Postgres has, `tests/ledger` tests.
"""

from datetime import timedelta
from typing import Any

import pytest

from order_sync.core.life.lifecycle import IN_DOUBT
from order_sync.core.ports.ledger import Ledger
from tests.ledger.conftest import connect, emptied
from tests.ledger.conftest import ledger as on_postgres
from tests.ledger.conftest import sql as behind_postgres
from tests.ledger.steps import key
from tests.memory.ledger import MemoryLedger
from tests.memory.rows import Row

__all__ = ["behind_postgres", "connect", "emptied", "on_postgres"]


class Memory:
    """Looks behind a ledger in memory as `Sql` does behind that on Postgres."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()

    def _row(self, number: int) -> Row:
        return self.ledger.rows[key(number)]

    def status(self, number: int) -> str:
        """The status of the order with that number."""
        return self._row(number).status

    def order(self, number: int, columns: str) -> tuple[Any, ...]:
        """Some columns of the order with that number."""
        row = self._row(number)
        known = {"version": len(row.versions), "digest": row.transaction.digest}
        return tuple(known.get(column, getattr(row, column, None)) for column in columns.split(", "))

    def events(self, number: int) -> list[str]:
        """What happened to the order with that number, oldest first."""
        return [event for found, _, event, _, _ in self.ledger.history if found == key(number)]

    def attempts(self, number: int, columns: str) -> list[tuple[Any, ...]]:
        """Some columns of the attempts of the order with that number, oldest first."""
        return [
            tuple(getattr(attempt, column) for column in columns.split(", ")) for attempt in self._row(number).attempts
        ]

    def make_due(self) -> None:
        """Let every look be due now."""
        for row in self.ledger.rows.values():
            if row.status in IN_DOUBT:
                row.next_look_at = self.ledger.now()

    def let_pass(self, time: timedelta) -> None:
        """Let so much time pass."""
        self.ledger.clock.now += time


@pytest.fixture(params=["postgres", "memory"])
def seen(request: pytest.FixtureRequest) -> Any:
    """Looks behind the ledger."""
    return Memory() if request.param == "memory" else request.getfixturevalue("behind_postgres")


@pytest.fixture
def ledger(seen: Any, request: pytest.FixtureRequest) -> Ledger:
    """A ledger with nothing in it."""
    return seen.ledger if isinstance(seen, Memory) else request.getfixturevalue("on_postgres")
