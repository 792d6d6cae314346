"""The Ledger port on Postgres: each method is one statement, or a few in one transaction, for many orders at once.

What a statement does, and the rules it keeps, stand in its file under `include/sql/ledger/`; here are only names and
values.
"""

from typing import Self

from order_sync.ledger import migration
from order_sync.ledger.connections import Connections
from order_sync.ledger.decisions import Deciding
from order_sync.ledger.erasing import Erasing
from order_sync.ledger.intake import Intake
from order_sync.ledger.queries import Queries
from order_sync.ledger.restoring import Restoring
from order_sync.ledger.sending import Sending


class Ledger(Connections, Intake, Sending, Deciding, Queries, Restoring, Erasing):
    """The ledger behind `connect`; a context manager that closes its connections. Threads may share it.

    Entering raises LedgerUnavailable when the database is away, and Misconfigured when its schema is another one.
    """

    def migrate(self) -> str:
        """Bring the database to the schema that this release needs, and return its number; before entering."""
        return migration.migrate(self._connect)

    def risk(self) -> str:
        """What the ledger's server may lose, in a sentence; '' if it keeps what it is given; before entering."""
        return migration.risk(self._connect)

    def __enter__(self) -> Self:
        try:
            migration.check(self._database)
        except BaseException:
            self._database.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
