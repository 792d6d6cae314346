"""What the ledger in memory does with orders in doubt: which are to be looked up, and when."""

from collections.abc import Sequence

from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import (
    Event,
    Status,
)
from order_sync.core.records.orders import Entry, Horizon
from tests.memory.orders import MemoryOrders


class MemorySettling(MemoryOrders):
    """What a look-up needs."""

    def doubt(self, channel: str, window_seconds: float, actor: Actor) -> int:
        return 0  # it was never lost

    def overdue(self, channel: str, limit: int) -> Sequence[Entry]:
        now = self.now()
        over = [
            (key, row)
            for key, row in self._in_doubt(channel)
            if row.status is not Status.PENDING_VERIFICATION and row.window_ends_at and row.window_ends_at <= now
        ]
        over.sort(key=lambda item: item[1].window_ends_at or now)
        return [self._entry(*item) for item in over[:limit]]

    def look_now(self, channel: str, limit: int) -> int:
        now = self.now()
        later = [
            row
            for row in self._of(channel, Status.SENT, Status.PENDING_VERIFICATION)
            if (row.next_look_at is None or row.next_look_at > now)
            and not any(
                each.resolved_at is None and each.outcome != Event.RECEIPT and each.grace_until > now
                for each in row.attempts
            )
        ]
        later.sort(key=lambda row: (row.next_look_at is None, row.next_look_at or now))
        for row in later[:limit]:
            row.next_look_at = now
        return len(later[:limit])

    def due(self, channel: str, limit: int) -> Sequence[Entry]:
        now = self.now()
        due = [item for item in self._in_doubt(channel) if item[1].next_look_at and item[1].next_look_at <= now]
        due.sort(key=lambda item: item[1].next_look_at or now)
        return [self._entry(*item) for item in due[:limit]]

    def horizon(self, channel: str, selection: int | None = None) -> Horizon:
        meant = self.rows if selection is None else self.chosen_by[selection]
        doubts = [row for key, row in self._in_doubt(channel) if key in meant]
        looks = [row.next_look_at for row in doubts if row.next_look_at]
        ends = [row.window_ends_at for row in doubts if row.window_ends_at]
        return Horizon(min(looks, default=None), max(ends, default=None))
