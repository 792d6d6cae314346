"""What the report needs from the ledger."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from order_sync.core.basics.calendar_days import Window

ReportContent = Literal["failed", "all"]
"""`failed`: only orders that failed to sync, as they stand now. `all`: all orders placed on the business day."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """The report of one business day. `zone` is the IANA name for its times.

    Attributes:
        placed: the business day's instants.
        queued_stuck_after: how long an order may wait unsent before it is `Queued`.
        distributors: the Distributor name by channel; a channel left out shows its transactions' own.
    """

    day: date
    content: ReportContent
    placed: Window
    zone: str
    queued_stuck_after: timedelta
    distributors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """A stored report: as of when, its rows counted by their Status, and the day's orders without a row by status.

    `emptied` is how often rows of it were emptied since, because people's data in them was erased.
    """

    number: int
    day: date
    content: ReportContent
    as_of: datetime
    shown: Mapping[str, int]
    not_shown: Mapping[str, int]
    emptied: int = 0


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

    def build_report(self, request: ReportRequest) -> Report:
        """Store the day's rows at the first build; every later build returns that report, whatever happened since."""

    def report_csv(self, report: Report) -> Iterator[bytes]:
        """The rows as CSV in UTF-8, a header first, every other cell quoted, lines ending in CRLF; in pieces."""
