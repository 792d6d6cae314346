"""What the report needs from the ledger."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from order_sync.core.records.report import Report, ReportContent, ReportScope


class Reports(Protocol):
    """The stored reports. The ledger fulfils it."""

    def now(self) -> datetime:
        """The ledger's clock."""

    def awaited(
        self, channels: Collection[str], day: date, content: ReportContent, in_use_within: timedelta
    ) -> Sequence[str]:
        """Those of the channels whose orders must be validated once before the day's rows may be stored.

        None if they are stored. A channel that was never read counts as not in use once another one was validated so
        long ago.
        """

    def build_report(self, request: ReportScope) -> Report:
        """Store the day's rows at the first build; every later build returns that report, whatever happened since."""

    def report_csv(self, report: Report) -> Iterator[bytes]:
        """The rows as CSV in UTF-8, a header first, every other cell quoted, lines ending in CRLF; in pieces."""
