"""Erasing people's data: whose, what stands in its way, and what an erasure needs of the ledger.

What is left is evidence: keys, statuses, instants, outcomes, codes, totals and ERP numbers. Nothing here knows a table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from order_sync.core.life.lifecycle import ERASABLE, Status
from order_sync.core.order.model import OrderKey

MOST = 20
"""Keys that one sentence names; of more it gives the number."""

DECIDE = (Status.FAILED, Status.DEAD, Status.CONFLICT, Status.ON_HOLD)
"""Statuses that a person ends first; the other open ones end by themselves."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose data is to be erased: a customer's by the account that the channel says, or that of single orders."""

    channel: str = ""
    customer_account: str = ""
    keys: tuple[OrderKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Erasable:
    """An order that an erasure means. `erased`: it is done already."""

    key: OrderKey
    status: Status
    erased: bool

    @property
    def ready(self) -> bool:
        """Whether nothing is left to do with it, so that it can be erased."""
        return not self.erased and self.status in ERASABLE


@dataclass(frozen=True, slots=True)
class RoundPlace:
    """How far a round over what is kept has come."""

    at: datetime
    order: int
    version: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A page of what is kept for longer than it should be.

    Attributes:
        keys: orders that may be erased.
        still_open: how many may not, since something is left to do with them.
        end: where the next page begins; None after the last.
    """

    keys: Sequence[OrderKey]
    still_open: int
    end: RoundPlace | None


def obstacles(orders: Iterable[Erasable]) -> str:
    """What has to be done first with these orders, with their keys; '' for none."""
    return "; ".join(
        _sentence(decides, list(group)) for decides, group in groupby(sorted(orders, key=_decides), _decides)
    )


def _decides(order: Erasable) -> bool:
    return order.status in DECIDE


def _sentence(decides: bool, orders: Sequence[Erasable]) -> str:
    named = ", ".join(f"{each.key} ({each.status})" for each in orders[:MOST])
    rest = f" and {len(orders) - MOST} more" if len(orders) > MOST else ""
    if decides:
        return (
            f"{len(orders)} wait for a decision: decide with resync_orders (resync, mark_as_synced, ignore or accept),"
            f" and clear this task once they are finished or ignored: {named}{rest}"
        )
    return f"{len(orders)} are on their way: clear this task once they are finished: {named}{rest}"
