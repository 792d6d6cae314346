"""Restoring: what is known of a ledger that was restored from a backup, and what people decided that it does not know.

A decision that keeps an order from being sent would be undone by forgetting it: it is lost until a person confirms it.
Nothing here knows where the runs of people are read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.intake.findings import Finding
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.orders import Chosen

BINDING = (Action.MARK_AS_SYNCED, Action.IGNORE, Action.ON_HOLD)
"""Decisions that keep an order from being sent; one that is lost does so too, until it is confirmed."""


@dataclass(frozen=True, slots=True)
class PersonsRun:
    """A run that a person triggered, as Airflow remembers it.

    Attributes:
        at: when it was triggered.
        ended_at: None while it has not ended.
        params: those that were given.
    """

    dag_id: str
    run_id: str
    at: datetime
    ended_at: datetime | None
    state: str
    by: str
    params: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As the ledger names a run."""
        return f"{self.dag_id}/{self.run_id}"


@dataclass(frozen=True, slots=True)
class PersonsRuns:
    """The runs that people triggered, the oldest first; and of which DAGs Airflow tells none, and why."""

    runs: Sequence[PersonsRun]
    untold: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore on record: the backup's instant, when it was recorded, and from when on looks prove something.

    `is_new` tells that it was recorded by this call.
    """

    number: int
    backup_at: datetime
    restored_at: datetime
    looks_from: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class LostDecision:
    """What somebody decided about an order, and the restored ledger does not know. `status` is the order's, if any."""

    key: OrderKey
    action: Action
    by: str
    at: datetime
    reason: str
    status: str = ""


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
