"""Mistakes in which orders an adapter counts, lists and opens again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from order_sync.core.basics.calendar_days import Window
from order_sync.core.order.model import Order
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settling.erp_orders import ListedOrder
from tests.contract.able import Able
from tests.contract.wrong_erps.adapter import Wrong


class CountsEverySubmit(Wrong):
    submitted = 0

    async def submit(self, order: Order) -> Receipt:
        self.submitted += 2
        return await self.right.submit(order)

    async def count(self, channel: str) -> int:
        return self.submitted


class CountsWhatIsCancelled(Wrong):
    most = 0

    async def count(self, channel: str) -> int:
        self.most = max(self.most, await self.right.count(channel))
        return self.most


class CountsEveryChannel(Wrong):
    channel = ""

    async def submit(self, order: Order) -> Receipt:
        self.channel = order.key.channel
        return await self.right.submit(order)

    async def count(self, channel: str) -> int:
        return await self.right.count(self.channel or channel)


class ListsOrdersOfAnyTime(Wrong):
    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        return await self.right.orders(channel, replace(window, start=window.start - timedelta(days=30)))


class ListsTheWindowsEndToo(Wrong):
    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        return await self.right.orders(channel, replace(window, end=window.end + timedelta(days=30)))


class ListsOrdersOfEveryChannel(CountsEveryChannel):
    async def count(self, channel: str) -> int:
        return await self.right.count(channel)

    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        return await self.right.orders(self.channel or channel, window)


class ListsNoKeys(Wrong):
    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        return [replace(row, key="") for row in await self.right.orders(channel, window)]


class ListsCancelledOrdersAsLive(Wrong):
    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        return [replace(row, cancelled=False) for row in await self.right.orders(channel, window)]


class KnowsOnlyOurNumbers(Wrong):
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        return {number: row for number, row in (await self.right.by_number(channel, numbers)).items() if row.key}


class FindsNumbersWithoutKeys(Wrong):
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        found = await self.right.by_number(channel, numbers)
        return {number: replace(row, key="") for number, row in found.items()}


class FindsAnyNumber(Wrong):
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        found = await self.right.by_number(channel, numbers)
        return {**{number: ListedOrder(number, "", False, False) for number in numbers}, **found}


class FindsCancelledNumbersAsLive(Wrong):
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        found = await self.right.by_number(channel, numbers)
        return {number: replace(row, cancelled=False) for number, row in found.items()}


class TakesTheBegunForWhole(Wrong):
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        found = await self.right.by_number(channel, numbers)
        return {number: replace(row, begun=False) for number, row in found.items()}


class TakesTheWholeForBegun(Wrong):
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        found = await self.right.by_number(channel, numbers)
        return {number: replace(row, begun=True) for number, row in found.items()}


class AsksForEachNumber(Wrong):
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        found: dict[str, ListedOrder] = {}
        for number in list(numbers)[-20:]:
            found |= await self.right.by_number(channel, [number])
        return found


class AsksAboutNoNumber(Wrong):
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        await self.right.check()
        return await self.right.by_number(channel, numbers)


class OpensNothingAgain(Wrong):
    async def revive(self, order: Order, number: str) -> None:
        pass


class OpensWhateverIsCancelled(Wrong):
    async def revive(self, order: Order, number: str) -> None:
        (found,) = (await self.right.look_up([Sent(order)]))[order.key]
        await self.right.revive(order, found.number)


class OpensOthersAgain(Wrong):
    def __init__(self, right: Able) -> None:
        super().__init__(right)
        self.sent: list[Order] = []

    async def submit(self, order: Order) -> Receipt:
        self.sent.append(order)
        return await self.right.submit(order)

    async def revive(self, order: Order, number: str) -> None:
        for key, (found,) in (await self.right.look_up([Sent(each) for each in self.sent])).items():
            if found.number == number:
                await self.right.revive(next(each for each in self.sent if each.key == key), number)


class OpensOtherContentAgain(OpensOthersAgain):
    async def revive(self, order: Order, number: str) -> None:
        await self.right.revive(next((each for each in self.sent if each.key == order.key), order), number)
