"""Holds: what stops the use of a connection, who set it and why, and how it ends.

A hold on `erp_<name>` or `channel_<name>` stops work through that connection; other connections go on. Those that the
flows set end by themselves when a probe succeeds; a person's, that of a first run that would send very many orders, and
those of a restored ledger end when a person releases them. What the owner switched off in the registry is on hold until
it is switched on there: a channel, an ERP, or as `distributor_<name>` one who sells.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from order_sync.core.catalogue import CATALOGUE, Hint
from order_sync.core.errors import NotAuthorised, OrderSyncError


class HoldKind(StrEnum):
    """Why a connection is on hold, and so how it is probed."""

    OUTAGE = "outage"
    ACCESS = "access"
    CONFIGURATION = "configuration"
    PERSON = "person"
    FIRST_RUN = "first_run"
    RESTORE = "restore"
    SWITCHED_OFF = "switched_off"


class HoldScope(StrEnum):
    """What is stopped: `submit`, only the sending of orders; `all`, every call over the connection."""

    SUBMIT = "submit"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold in force. `by` is a run's task or a person."""

    connection: str
    kind: HoldKind
    scope: HoldScope
    by: str
    reason: str
    since: datetime

    def __str__(self) -> str:
        return f"{self.connection} ({self.kind}): {self.reason} (by {self.by} since {self.since:%Y-%m-%d %H:%M} UTC)"


def stops_sending(hold: Hold, channel: str, erp: str, distributor: str = "") -> bool:
    """Whether no push takes the orders of this channel, ERP and distributor while the hold is in force.

    A channel that is away stops its extract alone. The ledger has the same rule as an SQL function of this name.
    """
    if hold.connection in (f"erp_{erp}", of_distributor(distributor)):
        return True
    submit = hold.scope is HoldScope.SUBMIT or hold.kind is HoldKind.PERSON
    return hold.connection == f"channel_{channel}" and submit


def of_distributor(name: str) -> str:
    """What stands in the place of a connection in a hold on all orders of one distributor."""
    return f"distributor_{name}"


def kind_of(trouble: OrderSyncError) -> HoldKind:
    """The kind of hold that trouble of a system asks for."""
    return HoldKind.ACCESS if isinstance(trouble, NotAuthorised) else HoldKind.OUTAGE


HOLDS_AFTER: dict[Hint, int | None] = {"yes": 5, "maybe": 20, "no": None}
"""How many orders the ERP must refuse with one code, by whether it hints at the set-up; only the number tells a set-up
that is wrong from orders that are, where the code says nothing of either."""


def holds_after(code: str) -> int | None:
    """How many orders the ERP must refuse with this code, and take none between, before it is held; None: never."""
    return HOLDS_AFTER[CATALOGUE.get(code, CATALOGUE["UNKNOWN"]).hints_at_setup]
