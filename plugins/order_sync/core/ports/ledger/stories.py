"""What explain asks the ledger."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from order_sync.core.decisions.selection import Selection
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.orders import Chosen
from order_sync.core.records.story import Cause, Filters, Listed, Story
from order_sync.core.sending.holds import Hold


class Stories(Protocol):
    """What explain asks the ledger. Nothing here changes anything."""

    def now(self) -> datetime:
        """The ledger's clock."""

    def chosen(self, selection: Selection, limit: int) -> tuple[Sequence[Chosen], int]:
        """The orders that a selection means, the newest first and no more than `limit`; and how many there are.

        What is no order is meant by its key or status, or by a number or an account that no order has.
        """

    def stories(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Story]:
        """The stories of these orders; a key that is no order's is left out."""

    def versions(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Sequence[Transaction]]:
        """What the channel says of these orders and said before, as far as it is kept."""

    def listed(self, filters: Filters, limit: int) -> Sequence[Listed]:
        """The newest orders that meet the filters, no more than `limit`; what is no order only by key or status."""

    def causes(self, filters: Filters, limit: int) -> Sequence[Cause]:
        """The codes that most of these orders stand with, the most frequent first."""

    def read_at(self, channels: Collection[str]) -> Mapping[str, datetime | None]:
        """When each channel was last read to its end; None for never."""

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        """The holds in force on these connections, the oldest first."""

    def found(self, connections: Collection[str], limit: int) -> Sequence[tuple[str, str, str, datetime]]:
        """The newest findings about these connections: connection, kind, subject, and when it was last seen."""
