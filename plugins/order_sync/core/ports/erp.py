"""What the flows need from an ERP. An adapter fulfils `Erp`; its contract suite tests every sentence here.

`Erp` is what every ERP can do. What one may support besides stands in small protocols of their own, `Listing`,
`Revivable` and `Batching`: flows ask an adapter whether it is one, and say what goes without.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.sending.receipts import Answer, Receipt, Sent
from order_sync.core.sending.traits import Traits
from order_sync.core.settling.erp_orders import ErpOrder, ListedOrder


@dataclass(frozen=True, slots=True)
class Health:
    """What `check` saw. `fingerprint` names the ERP, so that another one behind the same connection is noticed.

    `note` is what people must know of it with each run; '' for nothing.
    """

    fingerprint: str
    version: str
    note: str = ""


class Erp(Protocol):
    """Where orders go. Every method raises Transient, NotAuthorised or Misconfigured for trouble of the system."""

    @property
    def traits(self) -> Traits:
        """What the flows must know of this ERP."""

    async def check(self) -> Health:
        """Reachable, authorised, and set up as this package needs it."""

    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        """The reference data that the rules may ask for, of the kinds that `traits.knows` names, in bulk.

        All of it; with `traits.reference_by_code` what there is under the codes that are `wanted`, and nothing else.
        """

    async def prepare(self, orders: Collection[Order]) -> None:
        """Look up in bulk what submits of these orders will need, if anything. Creates no order."""

    async def submit(self, order: Order) -> Receipt:
        """Bring one order into the ERP under its `external_reference`, or finish one that was begun and is equal.

        Raises OrderRefused, OrderConflict, OutcomeUnknown, or, when this submit provably stored nothing, OrderBusy or
        trouble of the system.
        """

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        """Every ERP order under the external references of these orders, cancelled ones too, by their keys.

        A key without any may be left out.
        """


@runtime_checkable
class Listing(Protocol):
    """What an ERP may support besides: it tells its orders by number, and those of a time."""

    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        """The ERP's orders under these numbers, whoever made them, of the company that sells the channel's; in bulk.

        A number that the ERP does not have is left out. Of several orders under one number the newest is told, and a
        cancelled one only if all are. An order without a number goes by what `look_up` calls it.
        """

    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        """Every order that was made in the ERP within the window under this channel, by us or by anybody."""

    async def count(self, channel: str) -> int:
        """How many live (not cancelled) orders of this channel the ERP holds, by the ERP's own count."""


@runtime_checkable
class Revivable(Protocol):
    """What an ERP may support besides: it opens a cancelled order again."""

    async def revive(self, order: Order, number: str) -> None:
        """Open the cancelled ERP order of that number again, so that a submit of the order can finish it.

        Doing it twice does no harm. Raises OrderRefused, and changes nothing, when the ERP does not let it, when the
        number is not that of the ERP's order of this key, or when that order has another content.
        """


class BatchLimits(NamedTuple):
    """How many orders an ERP takes in one submit at most, and how many such submits at a time."""

    orders: int
    at_a_time: int


@runtime_checkable
class Batching(Protocol):
    """What an ERP may support besides: one submit for many orders."""

    batch_limits: BatchLimits

    async def submit_all(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        """Bring orders of one channel into the ERP, `batch_limits.orders` at most. Answers for each as `submit` would.

        An order's own trouble is no other's. An order without an answer is taken for one whose outcome is unknown.
        """
