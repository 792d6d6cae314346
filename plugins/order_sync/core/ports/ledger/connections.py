"""The ledger's clock, and what it knows of connections."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from order_sync.core.basics.actor import Actor
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope


class Clock(Protocol):
    """The clock that all decisions share."""

    def now(self) -> datetime:
        """The ledger's clock: the one clock that all decisions share."""


class Connections(Protocol):
    """Which systems the connections lead to, and which of them are on hold."""

    def check_fingerprint(self, connection: str, fingerprint: str, twins: Collection[str] = ()) -> None:
        """Remember it at first use. Raises Misconfigured when it is not the one that was accepted, or is a twin's."""

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        """The holds in force on these connections, the oldest first."""

    def hold(self, connection: str, kind: HoldKind, scope: HoldScope, reason: str, actor: Actor) -> None:
        """Set a hold, unless the connection has one of this kind already."""

    def release_hold(self, connection: str, kind: HoldKind | None, actor: Actor) -> int:
        """End the connection's holds of this kind, or all that people may end. Returns how many there were."""

    def switch_off(self, off: Mapping[str, str], actor: Actor) -> int:
        """Let exactly these be switched off, each with why; others are switched on again. Returns how many changed."""
