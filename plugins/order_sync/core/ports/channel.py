"""What the flows need from a channel. An adapter fulfils `Channel`; its contract suite tests every sentence here."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from order_sync.core.basics.calendar_days import Window
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey, Transaction


@dataclass(frozen=True, slots=True)
class Batch:
    """Transactions in the channel's order, and the watermark that may be stored together with them.

    Attributes:
        skipped: rows that the channel holds among those that were read, and that the reading left out: a mistake in
            the adapter. Only the last batch of a reading knows them.
        slow_since: since when a writer in the channel is at work that the watermark no longer waits for, or None; what
            it commits is found by the daily comparison. Only the last batch of a reading knows it.
        of: about how many transactions the whole reading gives, for people who wait for it; 0 if nobody knows.
    """

    transactions: Sequence[Transaction]
    watermark: Watermark
    skipped: Sequence[OrderKey] = ()
    slow_since: datetime | None = None
    of: int = 0


class Channel(Protocol):
    """A place that sells, read-only."""

    def fingerprint(self) -> str:
        """Names the database, so that a rebuilt or another one is noticed. No secrets."""

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        """New transactions, oldest first, in bulk. The last batch (maybe empty) carries the newest watermark."""

    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        """These transactions as they are now, in bulk; one that is gone is left out."""

    def passed(self, mark: Watermark) -> Sequence[OrderKey]:
        """Keys of rows with a counter at or below the mark: a bounded number of the highest of them, and of the lowest.

        All of these should have been read. None where the channel has no counter.
        """

    def keys(self, window: Window) -> Iterator[Sequence[tuple[OrderKey, str]]]:
        """Key and digest of every row that was placed in the window, whatever its disposition, in bulk."""
