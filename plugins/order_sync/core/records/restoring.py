"""Restoring: what is known of a ledger that was restored from a backup, and what people decided that it does not know.

A decision that keeps an order from being sent would be undone by forgetting it: it is lost until a person confirms it.
Nothing here knows where the runs of people are read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from order_sync.core.decisions.selection import Action
from order_sync.core.order.model import OrderKey

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
