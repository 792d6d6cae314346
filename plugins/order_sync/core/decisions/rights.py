"""Who may do what: the roles of order-sync, and one row for each thing that people do. Whatever asks, asks this table.

It knows no Airflow: the shell makes the rights of DAGs of it, and a page shows of it what somebody may do.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """The roles, by the names that an administrator grants. Administrators need none of them: they may do all."""

    ACTIONS = "Order Sync Actions"
    SUPPORT = "Order Sync Support"
    VIEWER = "Order Sync Viewer"
    AUDITOR = "Order Sync Auditor"


class Deed(StrEnum):
    """What people do. What they decide about orders bears the name of its action."""

    RESYNC = "resync"
    MARK_AS_SYNCED = "mark_as_synced"
    IGNORE = "ignore"
    ON_HOLD = "on_hold"
    RELEASE = "release"
    ACCEPT = "accept"
    HOLD_CONNECTION = "hold_connection"
    RELEASE_CONNECTION = "release_connection"
    EXPLAIN = "explain"
    REPORT = "report"
    BACKFILL = "backfill"
    RESTORE = "restore"
    ERASE = "erase"
    LOOK_AFTER = "look_after"
    """Clear a task that runs by schedule."""


@dataclass(frozen=True, slots=True)
class Right:
    """Which roles may do something, and which see that it was done: its runs, their params and logs."""

    may: frozenset[Role]
    see: frozenset[Role] = frozenset(Role)


BY_WHO_DECIDES = Right(frozenset({Role.ACTIONS}))
BY_WHO_ASKS = Right(frozenset({Role.ACTIONS, Role.SUPPORT}))
BY_WHO_LOOKS_AFTER = Right(frozenset({Role.SUPPORT}))
BY_ADMINISTRATORS = Right(frozenset(), see=frozenset({Role.AUDITOR}))

RIGHTS: Mapping[Deed, Right] = MappingProxyType(
    {
        Deed.RESYNC: BY_WHO_DECIDES,
        Deed.MARK_AS_SYNCED: BY_WHO_DECIDES,
        Deed.IGNORE: BY_WHO_DECIDES,
        Deed.ON_HOLD: BY_WHO_DECIDES,
        Deed.RELEASE: BY_WHO_DECIDES,
        Deed.ACCEPT: BY_WHO_DECIDES,
        Deed.HOLD_CONNECTION: BY_WHO_DECIDES,
        Deed.RELEASE_CONNECTION: BY_WHO_DECIDES,
        Deed.EXPLAIN: BY_WHO_ASKS,
        Deed.REPORT: BY_WHO_ASKS,
        Deed.BACKFILL: BY_ADMINISTRATORS,
        Deed.RESTORE: BY_ADMINISTRATORS,
        Deed.ERASE: BY_ADMINISTRATORS,
        Deed.LOOK_AFTER: BY_WHO_LOOKS_AFTER,
    }
)


def may(roles: Collection[str], deed: Deed) -> bool:
    """Whether somebody with these roles may do it. Who has several may do what any of them may."""
    return not RIGHTS[deed].may.isdisjoint(roles)


def sees(roles: Collection[str], deed: Deed) -> bool:
    """Whether somebody with these roles sees that it was done."""
    return not RIGHTS[deed].see.isdisjoint(roles)
