"""The stored reports: their rows are chosen once, and every later build returns the same."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

from order_sync.core.life.lifecycle import MEANINGS, Status
from order_sync.core.records.report import Report, ReportContent, ReportScope
from order_sync.ledger.calls import Calls
from order_sync.ledger.rows import named, to_json
from order_sync.ledger.statements import statement


class Reporting(Calls):
    """The calls of report."""

    def awaited(
        self, channels: Collection[str], day: date, content: ReportContent, in_use_within: timedelta
    ) -> Sequence[str]:
        """Those of the channels whose first validation the day's report waits for."""
        asked = {"channels": list(channels), "day": day, "content": content, "in_use_within": in_use_within}
        return [row["channel"] for row in self._database.rows("read_awaited", **asked)]

    def build_report(self, request: ReportScope) -> Report:
        """Store the rows of a day's report, unless they are stored already; returns the report as it is stored."""
        common = {
            "day": request.day,
            "content": request.content,
            "zone": request.zone,
            "start": request.placed.start,
            "end": request.placed.end,
        }
        unnamed = [status for status, standing in MEANINGS.items() if standing.report_word is None]
        with self._database.transaction() as cursor:
            new = cursor.execute(statement("store_report"), {**common, "not_shown": unnamed}).fetchone()
            if new:
                parameters = {
                    **common,
                    "report": new["id"],
                    "words": to_json({status: standing.report_word for status, standing in MEANINGS.items()}),
                    "queued": MEANINGS[Status.QUEUED].report_word,
                    "pending": MEANINGS[Status.SENT].report_word,
                    "unverified": MEANINGS[Status.PENDING_VERIFICATION].report_word,
                    "stuck_after": request.queued_stuck_after,
                    "distributors": to_json(request.distributors),
                }
                cursor.execute(statement("store_report_rows"), parameters)
        return self.stored_report(request.day, request.content)

    def stored_report(self, day: date, content: ReportContent) -> Report:
        """A report as it is stored now."""
        row = self._one("read_report", day=day, content=content)
        return named(Report, row, number=row["id"], day=day, content=content)

    def report_csv(self, report: Report) -> Iterator[bytes]:
        """The stored rows as CSV in UTF-8, a header first, every other cell quoted, lines ending in CRLF; in pieces."""
        for row in self._database.stream("read_report_lines", report=report.number):
            yield row["lines"].encode()
