"""A report: what it is asked for, and what is stored of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from order_sync.core.basics.calendar_days import Window

ReportContent = Literal["failed", "all"]
"""`failed`: only orders that failed to sync, as they stand now. `all`: all orders placed on the business day."""


@dataclass(frozen=True, slots=True)
class ReportScope:
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
