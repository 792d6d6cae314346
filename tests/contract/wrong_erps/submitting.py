"""Mistakes in how an adapter sends an order."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from order_sync.core.errors import OrderBusy, OrderConflict, OrderRefused, OutcomeUnknown, Transient
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.sending.receipts import Answer, Receipt, Sent
from tests.contract.able import Able
from tests.contract.wrong_erps.adapter import Wrong, another_key


class PromisesTooMuch(Wrong):
    """Its ERP makes an order of each submit."""

    def __init__(self, right: Able) -> None:
        super().__init__(right)
        self.traits = replace(right.traits, guarantee="unique_key")


class GivesANumberOfNothing(Wrong):
    """The ERP gives the next number of its sequence, and then rolls back."""

    async def submit(self, order: Order) -> Receipt:
        return Receipt("SO-4711", "open")


class TakesLagForAbsence(Wrong):
    """It looks whether an order is there before it makes it, and makes another one under another reference if not."""

    async def submit(self, order: Order) -> Receipt:
        taken = [found for founds in (await self.right.look_up([Sent(order)])).values() for found in founds]
        return await self.right.submit(order if taken else another_key(order))


class IsBusyAtFirst(Wrong):
    """No mistake: an ERP that cannot take an order now, and takes it the next time."""

    busy = True

    async def submit(self, order: Order) -> Receipt:
        if self.busy:
            self.busy = False
            raise OrderBusy("a record is locked")
        return await self.right.submit(order)


class TakesNoTime(Wrong):
    def __init__(self, right: Able) -> None:
        super().__init__(right)
        self.traits = replace(right.traits, submit_seconds=0)


class SendsWhilePreparing(Wrong):
    async def prepare(self, orders: Collection[Order]) -> None:
        await asyncio.gather(*(self.right.submit(order) for order in orders))


class AcceptsAKeyTwice(Wrong):
    async def submit(self, order: Order) -> Receipt:
        return await self.right.submit(another_key(order))


class BeginsAnewInsteadOfResuming(Wrong):
    async def submit(self, order: Order) -> Receipt:
        begun = (await self.right.look_up([Sent(order)])).get(order.key)
        return await self.right.submit(another_key(order) if begun else order)


class AdoptsWhateverIsThere(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OrderConflict:
            return Receipt("1", "confirmed")


class AdoptsWhateverCostsTheSame(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OrderConflict:
            (found,) = (await self.right.look_up([Sent(order)]))[order.key]
            if found.total == (order.net if self.traits.proof == "net" else order.total):
                return Receipt(found.number, found.erp_status)
            raise


class FinishesWhateverIsBegun(AdoptsWhateverIsThere):
    """As the one above, and no order is taken yet."""


class LeavesChargesOut(Wrong):
    async def submit(self, order: Order) -> Receipt:
        charged = sum((charge.net + charge.tax for charge in order.charges), Decimal(0))
        return await self.right.submit(replace(order, charges=(), total=order.total - charged))


class GivesNoNumber(Wrong):
    async def submit(self, order: Order) -> Receipt:
        return replace(await self.right.submit(order), number="")


class SendsInAnotherCurrency(Wrong):
    async def submit(self, order: Order) -> Receipt:
        return await self.right.submit(replace(order, currency="USD" if order.currency == "EUR" else "EUR"))


class TakesACancelledOrderForDone(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OrderRefused as refusal:
            if refusal.code != "CANCELLED_IN_ERP":
                raise
            (found,) = (await self.right.look_up([Sent(order)]))[order.key]
            return Receipt(found.number, found.erp_status)


class WrongInBatches(Wrong):
    """The same for an ERP that takes many orders at a time."""

    def __init__(self, right: Able) -> None:
        super().__init__(right)
        self.batch_limits = right.batch_limits

    async def submit_all(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        return await self.right.submit_all(orders)


class RefusesAWholeBatch(WrongInBatches):
    async def submit_all(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        answers = await self.right.submit_all(orders)
        refused = next((each for each in answers.values() if isinstance(each, OrderRefused)), None)
        return dict.fromkeys(answers, refused) if refused else answers


class SendsABatchTwice(WrongInBatches):
    async def submit_all(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        await self.right.submit_all(orders)
        return await self.right.submit_all(orders)


class GivesUpALostBatch(WrongInBatches):
    async def submit_all(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        answers = await self.right.submit_all(orders)
        return {
            key: Transient(str(each)) if isinstance(each, OutcomeUnknown) else each for key, each in answers.items()
        }
