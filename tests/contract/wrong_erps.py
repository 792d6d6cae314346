"""Adapters with one known mistake each, wrapped around a right one: the contract suite must name them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count

from order_sync.core.errors import OrderConflict, OrderRefused, OrderSyncError
from order_sync.core.orders import Order, OrderKey
from order_sync.core.ports import Erp, Health, Receipt
from order_sync.core.rules import ReferenceData
from order_sync.core.verdict import Found, FoundState


class Wrong:
    """An adapter that is right in everything but what a mistake overrides."""

    def __init__(self, right: Erp) -> None:
        self.right = right
        self.guarantee = right.guarantee

    async def check(self) -> Health:
        return await self.right.check()

    async def reference(self) -> ReferenceData:
        return await self.right.reference()

    async def prepare(self, orders: Collection[Order]) -> None:
        await self.right.prepare(orders)

    async def submit(self, order: Order) -> Receipt:
        return await self.right.submit(order)

    async def look_up(self, orders: Collection[Order]) -> Mapping[OrderKey, Sequence[Found]]:
        return await self.right.look_up(orders)

    async def count(self, channel: str) -> int:
        return await self.right.count(channel)


class ChecksDifferently(Wrong):
    numbers = count()

    async def check(self):
        return replace(await self.right.check(), fingerprint=f"{next(self.numbers)}")


class CountsInFractions(Wrong):
    async def reference(self):
        data = await self.right.reference()
        facts = {
            (kind, code): {"rate": str(Decimal(str(fact["rate"])) / 100)} if kind == "tax" else fact
            for (kind, code), fact in data.facts.items()
        }
        return replace(data, facts=facts)


class TellsLocalTime(Wrong):
    async def reference(self):
        data = await self.right.reference()
        return replace(data, as_of=data.as_of.replace(tzinfo=None))


class SendsWhilePreparing(Wrong):
    async def prepare(self, orders):
        await asyncio.gather(*(self.right.submit(order) for order in orders))


class MakesANewKeyEachTime(Wrong):
    numbers = count()

    async def submit(self, order):
        key = OrderKey(order.key.channel, (*order.key.parts, f"{next(self.numbers)}"))
        return await self.right.submit(replace(order, key=key))


class AdoptsWhateverIsThere(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OrderConflict:
            return Receipt("1", "confirmed")


class SwallowsRefusals(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OrderRefused:
            return Receipt("", "refused")


class CallsTroubleARefusal(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OrderSyncError as error:
            raise OrderRefused(str(error)) from error


class GossipsInRefusals(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OrderRefused as error:
            raise OrderRefused(f"{error} {order.ship_to.name}", code=error.code) from error


class ReadsMoneyAsFloat(Wrong):
    async def look_up(self, orders):
        found = await self.right.look_up(orders)
        return {key: [replace(each, total=float(each.total)) for each in founds] for key, founds in found.items()}


class FindsEverything(Wrong):
    async def look_up(self, orders):
        found = await self.right.look_up(orders)
        some = next(iter(found.values()), [Found(FoundState.TAKEN, "1", "confirmed", Decimal(1), "EUR")])
        return {order.key: found.get(order.key, some) for order in orders}


class FindsNothing(Wrong):
    async def look_up(self, orders):
        return {}


class CountsEverySubmit(Wrong):
    submitted = 0

    async def submit(self, order):
        self.submitted += 2
        return await self.right.submit(order)

    async def count(self, channel):
        return self.submitted
