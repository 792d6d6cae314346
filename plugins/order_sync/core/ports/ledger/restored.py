"""What a restore needs of the ledger."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.selection import Selection
from order_sync.core.intake.findings import Finding
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.orders import Chosen
from order_sync.core.records.restoring import LostDecision, Restore


class RestoredLedger(Protocol):
    """What a restore needs of the ledger."""

    def now(self) -> datetime:
        """The ledger's clock."""

    def span(self, until: datetime) -> tuple[datetime | None, datetime | None]:
        """From when on the ledger knows something, and when its last entry until an instant was made; None for none."""

    def restore(
        self, channels: Collection[str], backup_at: datetime, since: datetime, lease: timedelta, actor: Actor
    ) -> Restore:
        """Record a restore, hold the channels, and let them be read again from what had landed `since`.

        All in one transaction; of a backup that is on record already it changes nothing.
        """

    def unproven(self, channels: Collection[str]) -> Mapping[str, int]:
        """How many open orders of each channel a lost ledger may have sent and nobody looked up since."""

    def known_runs(self, runs: Collection[str]) -> set[str]:
        """Those of the runs of resync_orders that the ledger knows."""

    def keys_of_run(self, run: str) -> Sequence[OrderKey]:
        """The orders that a run of resync_orders selected, if the ledger knows it."""

    def chosen(self, selection: Selection, limit: int) -> tuple[Sequence[Chosen], int]:
        """The orders that a selection means, the newest first and no more than `limit`; and how many there are."""

    def versions(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Sequence[Transaction]]:
        """What the channel says of these orders and said before, as far as it is kept."""

    def lose(self, restore: Restore, decisions: Sequence[LostDecision]) -> int:
        """Remember lost decisions: such an order is not sent until somebody decides again. Returns how many are new."""

    def lost(self) -> Sequence[LostDecision]:
        """The lost decisions that wait for somebody, the oldest first, of orders that are not done."""

    def find(self, findings: Collection[Finding], actor: Actor) -> None:
        """Store findings; one that is stored already is seen again."""
