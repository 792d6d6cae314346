"""Selections: which orders a person means, and what the person decides about them.

By their keys, or by what they have in common; never by both. Nothing here knows how they are found.
"""

from dataclasses import dataclass
from enum import StrEnum

from order_sync.core.basics.calendar_days import Window
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey


class Action(StrEnum):
    """What a person decides about orders."""

    RESYNC = "resync"
    MARK_AS_SYNCED = "mark_as_synced"
    IGNORE = "ignore"
    ON_HOLD = "on_hold"
    RELEASE = "release"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Selection:
    """Orders by key, or all that meet every one of the other conditions; an empty condition asks for nothing.

    Attributes:
        placed: when they were placed, half-open.
        reference: the Channel reference ID that an online store's confirmation shows.
        customer_account: as the channel says it.
        receipt: the number on a till's receipt.
        short_reference: what it bears in an ERP that does not take its key.
    """

    keys: tuple[OrderKey, ...] = ()
    channel: str = ""
    status: Status | None = None
    code: str = ""
    placed: Window | None = None
    reference: str = ""
    customer_account: str = ""
    receipt: str = ""
    short_reference: str = ""
