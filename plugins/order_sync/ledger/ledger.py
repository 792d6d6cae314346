"""The Ledger port on Postgres: each method is one statement, or a few in one transaction, for many orders at once.

What a statement does, and the rules it keeps, stand in its file under `include/sql/`; here are only names and values.
"""

import shlex
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import Self

from order_sync.core.errors import Misconfigured
from order_sync.core.lifecycle import STANDINGS, Status
from order_sync.core.ports import (
    Actor,
    Report,
    ReportContent,
    ReportRequest,
)
from order_sync.ledger import migration
from order_sync.ledger.choosing import Choosing
from order_sync.ledger.erasing import Erasing
from order_sync.ledger.intake import Intake
from order_sync.ledger.restoring import Restoring
from order_sync.ledger.rows import (
    to_json,
)
from order_sync.ledger.sending import Sending
from order_sync.ledger.statements import statement
from order_sync.ledger.telling import Telling


class Ledger(Intake, Sending, Choosing, Telling, Restoring, Erasing):
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

    # What is behind a connection

    def check_fingerprint(self, connection: str, fingerprint: str, twins: Collection[str] = ()) -> None:
        """Remember it at first use. Raises Misconfigured when it is not the one that was accepted, or is a twin's."""
        if twins and (same := self._database.row("read_twin", twins=list(twins), fingerprint=fingerprint)):
            raise Misconfigured(
                f"connections {connection} and {same['connection']} lead to the same database, and by their options in"
                " the registry both channels make orders of the same transactions, which would be sent twice: give the"
                " two lists that share nothing (in Dynamics, `types`), or correct a connection"
            )
        self._database.execute("store_fingerprint", connection=connection, fingerprint=fingerprint)
        accepted = self._one("read_fingerprint", connection=connection)
        if accepted["fingerprint"] == fingerprint:
            return
        raise Misconfigured(
            f"connection {connection} leads to '{fingerprint}', and since {accepted['accepted_at']:%Y-%m-%d %H:%M} UTC"
            f" it has been '{accepted['fingerprint']}': correct the connection, or let a person accept the new one:"
            f" python -m order_sync accept {connection} --fingerprint {shlex.quote(fingerprint)} --by NAME --reason WHY"
        )

    def accept_fingerprint(self, connection: str, fingerprint: str, actor: Actor) -> None:
        """A person accepts what a connection leads to now. A channel is then read from its beginning again."""
        self._database.execute(
            "accept_fingerprint", connection=connection, fingerprint=fingerprint, by=actor.by, reason=actor.why
        )

    # Report

    def awaited(
        self, channels: Collection[str], day: date, content: ReportContent, in_use_within: timedelta
    ) -> Sequence[str]:
        """Those of the channels whose first validation the day's report waits for."""
        asked = {"channels": list(channels), "day": day, "content": content, "in_use_within": in_use_within}
        return [row["channel"] for row in self._database.rows("read_awaited", **asked)]

    def build_report(self, request: ReportRequest) -> Report:
        """Store the rows of a day's report, unless they are stored already; returns the report as it is stored."""
        common = {
            "day": request.day,
            "content": request.content,
            "zone": request.zone,
            "start": request.placed.start,
            "end": request.placed.end,
        }
        unnamed = [status for status, standing in STANDINGS.items() if standing.report_word is None]
        with self._database.transaction() as cursor:
            new = cursor.execute(statement("store_report"), {**common, "not_shown": unnamed}).fetchone()
            if new:
                parameters = {
                    **common,
                    "report": new["id"],
                    "words": to_json({status: standing.report_word for status, standing in STANDINGS.items()}),
                    "queued": STANDINGS[Status.QUEUED].report_word,
                    "pending": STANDINGS[Status.SENT].report_word,
                    "unverified": STANDINGS[Status.PENDING_VERIFICATION].report_word,
                    "stuck_after": request.queued_stuck_after,
                    "distributors": to_json(request.distributors),
                }
                cursor.execute(statement("store_report_rows"), parameters)
        return self.stored_report(request.day, request.content)

    def report_csv(self, report: Report) -> Iterator[bytes]:
        """The stored rows as CSV in UTF-8, a header first, every other cell quoted, lines ending in CRLF; in pieces."""
        for row in self._database.stream("read_report_lines", report=report.number):
            yield row["lines"].encode()
