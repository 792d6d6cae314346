"""What the flows need from the ledger to send orders and to settle them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from order_sync.core.basics.actor import Actor
from order_sync.core.order.maker import Made
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import (
    Claim,
    Entry,
    Horizon,
    Outcome,
    Refused,
)
from order_sync.core.sending.red_runs import FailedInRun


class Sending(Protocol):
    """Which orders are sent, and what came of each attempt."""

    def first_push(self, channel: str, limit: int) -> int:
        """How many orders the channel would send if that is more than `limit`, it never sent one and nobody agreed."""

    def queued(self, channel: str, *, sent_before: bool) -> int:
        """How many orders are queued and due; `sent_before` counts those that were tried before too."""

    def retry_refused(self, channel: str, erp: str, fewer_than: int, actor: Actor) -> int:
        """Queue failed orders again that the ERP surely does not have; returns how many.

        Those it refused every time and fewer than `fewer_than` times, not because they were cancelled there, and that
        were not queued again for the same `why` before.
        """

    def waits(self, channels: Collection[str], *, sent_before: bool) -> bool:
        """Whether one of these channels, if it runs, could send an order now; `sent_before` as in `queued`."""

    def off_peak(self, channel: str) -> int:
        """How many queued orders were tried before."""

    def switched_off(self, channel: str) -> int:
        """How many queued orders wait since their channel, their ERP or their distributor is switched off."""

    def claim(
        self,
        channel: str,
        limit: int,
        lease_seconds: float,
        actor: Actor,
        *,
        as_probe: bool = False,
        selection: int | None = None,
        sent_before: bool = True,
    ) -> Claim:
        """Take queued orders that are due and not held, oldest first, skipping what others are claiming.

        `as_probe` takes them although the ERP is held for its configuration: those first that it has never refused,
        then those that it has not been tried with for longest.
        Of a `selection` only its orders are taken. Without `sent_before` those wait that were tried before.
        """

    def open(
        self, claim: Claim, orders: Mapping[OrderKey, Made], grace_seconds: float, window_seconds: float
    ) -> set[OrderKey]:
        """Open an attempt for each of these, with the order as it goes out, committed on return.

        Leaves out what changed since, or must be settled first. An order keeps the
        short reference that it goes out under, for good; two of an ERP never have the same.
        """

    def close(
        self,
        outcomes: Sequence[Outcome],
        next_look_at: datetime | None,
        grace_seconds: float,
        window_seconds: float,
        actor: Actor,
    ) -> None:
        """Close attempts. The evidence is kept always; the status changes only under the attempt's generation.

        The ERP may store what was sent until the grace after the closing is over, since the call may have gone out
        just before.
        """

    def release(self, claim: Claim) -> None:
        """Give back what was claimed and not sent."""

    def refused_in_a_row(self, erp: str, code: str, number: int) -> Sequence[Refused]:
        """The orders that the ERP refused with this code since it last took one; none if they are too few.

        One that it refused before that too, and since the order was last received, is refused for its own sake: it is
        left out. Of those that stand failed so, there must be `number` more.
        """

    def failed_in_run(self, run: str, since: datetime) -> FailedInRun:
        """What the tasks of a run (`dag/run`) did to orders since then."""


class Settling(Protocol):
    """What became of orders whose fate nobody knows yet."""

    def doubt(self, channel: str, window_seconds: float, actor: Actor) -> int:
        """Let every open order be looked up that a lost ledger may have sent. Returns how many there were."""

    def overdue(self, channel: str, limit: int) -> Sequence[Entry]:
        """Orders that were sent, whose window is over and that no verdict has fallen on."""

    def look_now(self, channel: str, limit: int) -> int:
        """Make orders that the ERP took due for a look, no more than `limit`; returns how many.

        First those whose look is nearest. One with an open attempt keeps its time.
        """

    def due(self, channel: str, limit: int) -> Sequence[Entry]:
        """Orders in doubt whose look is due, longest overdue first, whoever sent them."""

    def horizon(self, channel: str, selection: int | None = None) -> Horizon:
        """What reconcile has to wait for; of a `selection` only its orders count."""


class References(Protocol):
    """Which order bears what, where an ERP does not take our keys."""

    def keys_of(self, erp: str, references: Collection[str]) -> Mapping[str, OrderKey]:
        """The orders that an ERP has under these short references, by reference; one that is not known is left out."""

    def keep_references(self, erp: str, references: Mapping[OrderKey, str]) -> None:
        """Remember under which short references an ERP has these orders.

        An order keeps the one that it has, also if that is its key. None takes another order's.
        """

    def unreferenced(self, channel: str, limit: int) -> Sequence[OrderKey]:
        """The newest orders of a channel that are not done and of which no short reference is known, up to `limit`."""
