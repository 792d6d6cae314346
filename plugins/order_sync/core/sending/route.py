"""Which way a channel's orders go, and what its owner decided about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from order_sync.core.order.maker import GuestPolicy


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, the ERP it feeds, and what its owner decided: since when its orders count, and who guests are.

    `by_hand` is why people enter the channel's orders into the ERP themselves, and until when; '' sends them. `twins`
    are the connections of channels that make orders of the same rows, if they lead to the same database.
    `never_orders` are reasons of rows that are no orders and never become one.
    """

    channel: str
    erp: str
    start_from: datetime
    guest_account: str | None
    by_hand: str = ""
    twins: Sequence[str] = ()
    never_orders: Sequence[str] = ()

    @property
    def guests(self) -> GuestPolicy:
        """Who buys without a customer account."""
        return GuestPolicy(self.guest_account)
