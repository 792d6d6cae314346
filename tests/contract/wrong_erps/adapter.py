"""An ERP adapter with one mistake, over a right one: what the contract suite must notice and name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count

from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.order.references import short_of
from order_sync.core.ports.erp import Health
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settling.erp_orders import ErpOrder, ListedOrder
from tests.contract.able import Able

ANY = count()


class Wrong:
    """Right in everything but what a mistake overrides. `patience`: seconds its orders may take to be confirmed."""

    patience: float = 60

    def __init__(self, right: Able) -> None:
        self.right = right
        self.traits = right.traits

    async def check(self) -> Health:
        return await self.right.check()

    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        return await self.right.reference(wanted)

    async def prepare(self, orders: Collection[Order]) -> None:
        await self.right.prepare(orders)

    async def submit(self, order: Order) -> Receipt:
        return await self.right.submit(order)

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        found = await self.right.look_up(sent)
        return {key: [changed for each in founds if (changed := self.seen(each))] for key, founds in found.items()}

    def seen(self, found: ErpOrder) -> ErpOrder | None:
        """One ERP order as the look-up tells it; None leaves it out."""
        return found

    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        return await self.right.by_number(channel, numbers)

    async def revive(self, order: Order, number: str) -> None:
        await self.right.revive(order, number)

    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        return await self.right.orders(channel, window)

    async def count(self, channel: str) -> int:
        return await self.right.count(channel)


def another_key(order: Order) -> Order:
    """The same order under a key that nobody else has."""
    key = OrderKey(order.key.channel, (*order.key.parts, f"{next(ANY)}"))
    return replace(order, key=key, short_reference=order.short_reference and short_of(key))
