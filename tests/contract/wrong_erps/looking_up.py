"""Mistakes in what an adapter's look-up finds, and what it tells of that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from order_sync.core.errors import Transient
from order_sync.core.order.model import OrderKey
from order_sync.core.sending.receipts import Sent
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from tests.contract.able import Able
from tests.contract.wrong_erps.adapter import Wrong


class TakesTheHeaderForAnother(Wrong):
    """It compares what is not there yet."""

    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(
            found, same_lines=None if found.state is ErpOrderState.HALF_MADE and not found.total else found.same_lines
        )


class TakesTheHeaderForTheOrder(Wrong):
    patience = 1

    def seen(self, found: ErpOrder) -> ErpOrder | None:
        header = found.state is ErpOrderState.HALF_MADE and not found.total
        return replace(found, state=ErpOrderState.TAKEN) if header else found


class TellsTheTotalWithTax(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, total=found.total and found.total * Decimal("1.2"))


class TellsNoTotal(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, total=None)


class RemembersWhatIsMissing(Wrong):
    """It keeps what it was told for as long as it lives."""

    def __init__(self, right: Able) -> None:
        super().__init__(right)
        self.told: dict[OrderKey, Sequence[ErpOrder]] = {}

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        found = await self.right.look_up(sent)
        return {each.order.key: self.told.setdefault(each.order.key, found.get(each.order.key, ())) for each in sent}


class LosesItsWayByNumber(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        return await self.right.look_up([each for each in sent if not each.number])


class ReadsOnePage(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        ask = self.right.http.ask

        async def first_page(*args: Any, **kwargs: Any) -> Any:
            reply = await ask(*args, **kwargs)
            return replace(reply, body=reply.body | {"next": None})

        self.right.http.ask = first_page
        try:
            return await self.right.look_up(sent)
        finally:
            self.right.http.ask = ask


class ConfirmsWhatIsOnlyTaken(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return (
            replace(found, state=ErpOrderState.CONFIRMED, number="SO-1")
            if found.state is ErpOrderState.TAKEN
            else found
        )


class MissesRefusals(Wrong):
    patience = 1

    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, state=ErpOrderState.TAKEN) if found.state is ErpOrderState.REFUSED else found


class GossipsInLateRefusals(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, text=f"{found.text}, 1 High Street")


class MissesWhatIsHalfMade(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return None if found.state is ErpOrderState.HALF_MADE else found


class TakesHalfMadeForTaken(Wrong):
    patience = 5

    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, state=ErpOrderState.TAKEN) if found.state is ErpOrderState.HALF_MADE else found


class MissesWhatIsCancelled(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return None if found.state is ErpOrderState.CANCELLED else found


class TakesCancelledForTaken(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, state=ErpOrderState.TAKEN) if found.state is ErpOrderState.CANCELLED else found


class ComparesNoLines(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, same_lines=None)


class FindsAllLinesTheSame(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, same_lines=True)


class ReadsMoneyAsFloat(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        total: Any = float(found.total or 0)
        return replace(found, total=total)


class RoundsTotals(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, total=found.total and round(found.total, 0))


class TellsNoCurrency(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, currency="XXX")


class ConfirmsAtOnceAndForNothing(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, state=ErpOrderState.CONFIRMED, total=(found.total or 0) + Decimal(1))


class FindsEverything(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        found = await self.right.look_up(sent)
        some = next(iter(found.values()), [ErpOrder(ErpOrderState.TAKEN, "1", "confirmed", Decimal(1), "EUR")])
        return {each.order.key: found.get(each.order.key, some) for each in sent}


class FindsNothing(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        return {}


class TakesTroubleForNothing(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        try:
            return await self.right.look_up(sent)
        except Transient:
            return {}


class AsksForEachKey(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        found: dict[OrderKey, Sequence[ErpOrder]] = {}
        for each in list(sent)[-30:]:
            found |= await self.right.look_up([each])
        return found


class IgnoresCase(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        orders = [each.order for each in sent]
        folded = [replace(order, key=OrderKey.parse(str(order.key).replace("/A", "/a"))) for order in orders]
        found = await self.right.look_up([Sent(order) for order in folded])
        return {order.key: found.get(each.key, ()) for order, each in zip(orders, folded, strict=True)}


class AsksAboutNothing(Wrong):
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        await self.right.check()
        return await self.right.look_up(sent)


class NamesItsStatesInOtherWords(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, erp_status=found.erp_status.upper())


class ForgetsTheCompany(Wrong):
    def seen(self, found: ErpOrder) -> ErpOrder | None:
        return replace(found, company=f"not {found.company}")
