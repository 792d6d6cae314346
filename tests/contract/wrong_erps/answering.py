"""Mistakes in what an adapter makes of an answer to a submit, or of none."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial

from order_sync.core.errors import OrderBusy, OrderRefused, OrderSyncError, OutcomeUnknown, Transient
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settling.erp_orders import ErpOrder
from order_sync.wire.pace import Gate
from tests.contract.able import Able
from tests.contract.wrong_erps.adapter import Wrong


class DropsTheReason(Wrong):
    """It reads no body of an HTTP 500."""

    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OrderRefused as error:
            raise OutcomeUnknown("HTTP 500") from error


class TakesEveryFailureForARefusal(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise OrderRefused(str(error)) from error


class OtherGate(Wrong):
    """Over an adapter whose client stands in `http`."""

    def __init__(self, right: Able) -> None:
        super().__init__(right)
        right.http._gate = self.gate()

    def gate(self) -> Gate:
        raise NotImplementedError


class HasNoPatience(OtherGate):
    def gate(self) -> Gate:
        return Gate("erp", patience=timedelta(0))


class AsksAgainAtOnce(OtherGate):
    def gate(self) -> Gate:
        async def not_at_all(seconds: float) -> None:
            gate._opens_at = float("-inf")

        gate = Gate("erp", sleep=not_at_all)
        return gate


class ForgetsForHowLong(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        try:
            return await self.right.look_up(sent)
        except Transient as error:
            raise Transient(str(error)) from error


class AsksOnce(Wrong):
    def __init__(self, right: Able) -> None:
        super().__init__(right)
        right.http.ask = partial(right.http.ask, repeats=())


class CallsItBusyOnceItIsStored(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise OrderBusy(str(error)) from error


class TakesSilenceForAReceipt(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OutcomeUnknown:
            return Receipt("1", "sent")


class TakesSilenceForAnOutage(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise Transient(str(error)) from error


class TakesAPageForAnOutage(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            if "an unexpected answer" in str(error):
                raise Transient(str(error)) from error
            raise


class TakesSilenceForARefusal(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise OrderRefused(str(error)) from error


class ForgetsWhatIsBegun(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise error.__cause__ or error from error


class SwallowsRefusals(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OrderRefused:
            return Receipt("", "refused")


class CallsTroubleARefusal(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OrderSyncError as error:
            raise OrderRefused(str(error)) from error


class GossipsInRefusals(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OrderRefused as error:
            raise OrderRefused(f"{error} {order.ship_to and order.ship_to.name}", code=error.code) from error


class InventsCodes(Wrong):
    async def submit(self, order: Order) -> Receipt:
        try:
            return await self.right.submit(order)
        except OrderRefused as error:
            raise OrderRefused(str(error), code="E-4711") from error
