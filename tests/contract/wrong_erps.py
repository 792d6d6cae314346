"""ERP adapters with one mistake each, over a right one: what the contract suite must notice and name."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count

from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.errors import OrderBusy, OrderConflict, OrderRefused, OrderSyncError, OutcomeUnknown, Transient
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.order.references import SHORT_CHARACTERS, ReferenceField, short_of
from order_sync.core.ports.erp import Erp, Health
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.traits import KINDS
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState, ListedOrder
from order_sync.wire.pace import Gate

ANY = count()


class Wrong:
    """Right in everything but what a mistake overrides. `patience`: seconds its orders may take to be confirmed."""

    patience: float = 60

    def __init__(self, right: Erp) -> None:
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


def without(data: ReferenceData, *kinds: str) -> ReferenceData:
    """The data without what it says of these kinds."""
    return replace(data, facts={code: facts for code, facts in data.facts.items() if code[0] not in kinds})


class ChecksDifferently(Wrong):
    async def check(self):
        return replace(await self.right.check(), fingerprint=f"{next(ANY)}")


class CountsInFractions(Wrong):
    async def reference(self, wanted=None):
        data = await self.right.reference(wanted)
        facts = {
            (kind, code): {"rate": str(Decimal(str(fact["rate"])) / 100)} if kind == "tax" else fact
            for (kind, code), fact in data.facts.items()
        }
        return replace(data, facts=facts)


class ForgetsCustomers(Wrong):
    async def reference(self, wanted=None):
        return without(await self.right.reference(wanted), "customer")


class KnowsStatesAndTellsNone(Wrong):
    async def reference(self, wanted=None):
        return without(await self.right.reference(wanted), "state")


class KnowsArticlesAlone(Wrong):
    """No mistake: an ERP that cannot tell all kinds, and says so."""

    def __init__(self, right):
        super().__init__(right)
        self.traits = replace(right.traits, knows=frozenset({"sku"}))

    async def reference(self, wanted=None):
        return without(await self.right.reference(wanted), *(kind for kind in KINDS if kind != "sku"))


class LeavesFactsOut(Wrong):
    """No mistake: an ERP that says what there is, and no more of it."""

    async def reference(self, wanted=None):
        data = await self.right.reference(wanted)
        return replace(data, facts={code: {} for code in data.facts})


class ForgetsACodeThatWasAskedFor(Wrong):
    async def reference(self, wanted=None):
        return without(await super().reference(wanted), "sku")


class TellsWhatNobodyAskedFor(Wrong):
    async def reference(self, wanted=None):
        return await self.right.reference([*wanted, ("currency", "JPY"), ("tax", "DE19")])


class AsksForEachCode(Wrong):
    async def reference(self, wanted=None):
        await asyncio.gather(*(self.right.count("any") for _ in wanted))
        return await super().reference(wanted)


class DatesTheReadingsEnd(Wrong):
    async def reference(self, wanted=None):
        return replace(await self.right.reference(wanted), as_of=datetime.now(UTC))


class TellsLocalTime(Wrong):
    async def reference(self, wanted=None):
        data = await self.right.reference(wanted)
        return replace(data, as_of=data.as_of.replace(tzinfo=None))


class PromisesTooMuch(Wrong):
    """Its ERP makes an order of each submit."""

    def __init__(self, right):
        super().__init__(right)
        self.traits = replace(right.traits, guarantee="unique_key")


class TakesTheHeaderForAnother(Wrong):
    """It compares what is not there yet."""

    def seen(self, found):
        return replace(
            found, same_lines=None if found.state is ErpOrderState.HALF_MADE and not found.total else found.same_lines
        )


class TakesTheHeaderForTheOrder(Wrong):
    patience = 1

    def seen(self, found):
        header = found.state is ErpOrderState.HALF_MADE and not found.total
        return replace(found, state=ErpOrderState.TAKEN) if header else found


class GivesANumberOfNothing(Wrong):
    """The ERP gives the next number of its sequence, and then rolls back."""

    async def submit(self, order):
        return Receipt("SO-4711", "open")


class TellsTheTotalWithTax(Wrong):
    def seen(self, found):
        return replace(found, total=found.total * Decimal("1.2"))


class TellsNoTotal(Wrong):
    def seen(self, found):
        return replace(found, total=None)


class DropsTheReason(Wrong):
    """It reads no body of an HTTP 500."""

    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OrderRefused as error:
            raise OutcomeUnknown("HTTP 500") from error


class TakesEveryFailureForARefusal(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise OrderRefused(str(error)) from error


class OtherGate(Wrong):
    """Over an adapter whose client stands in `http`."""

    def __init__(self, right):
        super().__init__(right)
        right.http._gate = self.gate()

    def gate(self) -> Gate:
        raise NotImplementedError


class HasNoPatience(OtherGate):
    def gate(self):
        return Gate("erp", patience=timedelta(0))


class AsksAgainAtOnce(OtherGate):
    def gate(self):
        async def not_at_all(seconds: float) -> None:
            gate._opens_at = float("-inf")

        gate = Gate("erp", sleep=not_at_all)
        return gate


class ForgetsForHowLong(Wrong):
    async def look_up(self, sent):
        try:
            return await self.right.look_up(sent)
        except Transient as error:
            raise Transient(str(error)) from error


class AsksOnce(Wrong):
    def __init__(self, right):
        super().__init__(right)
        right.http.ask = partial(right.http.ask, repeats=())


class RemembersWhatIsMissing(Wrong):
    """It keeps what it was told for as long as it lives."""

    def __init__(self, right):
        super().__init__(right)
        self.told = {}

    async def look_up(self, sent):
        found = await self.right.look_up(sent)
        return {each.order.key: self.told.setdefault(each.order.key, found.get(each.order.key, ())) for each in sent}


class TakesLagForAbsence(Wrong):
    """It looks whether an order is there before it makes it, and makes another one under another reference if not."""

    async def submit(self, order):
        taken = [found for founds in (await self.right.look_up([Sent(order)])).values() for found in founds]
        return await self.right.submit(order if taken else another_key(order))


class LosesItsWayByNumber(Wrong):
    async def look_up(self, sent):
        return await self.right.look_up([each for each in sent if not each.number])


class ReadsOnePage(Wrong):
    async def look_up(self, sent):
        ask = self.right.http.ask

        async def first_page(*args, **kwargs):
            reply = await ask(*args, **kwargs)
            return replace(reply, body=reply.body | {"next": None})

        self.right.http.ask = first_page
        try:
            return await self.right.look_up(sent)
        finally:
            self.right.http.ask = ask


class ConfirmsWhatIsOnlyTaken(Wrong):
    def seen(self, found):
        return (
            replace(found, state=ErpOrderState.CONFIRMED, number="SO-1")
            if found.state is ErpOrderState.TAKEN
            else found
        )


class MissesRefusals(Wrong):
    patience = 1

    def seen(self, found):
        return replace(found, state=ErpOrderState.TAKEN) if found.state is ErpOrderState.REFUSED else found


class GossipsInLateRefusals(Wrong):
    def seen(self, found):
        return replace(found, text=f"{found.text}, 1 High Street")


class IsBusyAtFirst(Wrong):
    """No mistake: an ERP that cannot take an order now, and takes it the next time."""

    busy = True

    async def submit(self, order):
        if self.busy:
            self.busy = False
            raise OrderBusy("a record is locked")
        return await self.right.submit(order)


class CallsItBusyOnceItIsStored(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise OrderBusy(str(error)) from error


class TakesNoTime(Wrong):
    def __init__(self, right):
        super().__init__(right)
        self.traits = replace(right.traits, submit_seconds=0)


class SendsWhilePreparing(Wrong):
    async def prepare(self, orders):
        await asyncio.gather(*(self.right.submit(order) for order in orders))


class AcceptsAKeyTwice(Wrong):
    async def submit(self, order):
        return await self.right.submit(another_key(order))


class BeginsAnewInsteadOfResuming(Wrong):
    async def submit(self, order):
        begun = (await self.right.look_up([Sent(order)])).get(order.key)
        return await self.right.submit(another_key(order) if begun else order)


class AdoptsWhateverIsThere(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OrderConflict:
            return Receipt("1", "confirmed")


class AdoptsWhateverCostsTheSame(Wrong):
    async def submit(self, order):
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
    async def submit(self, order):
        charged = sum((charge.net + charge.tax for charge in order.charges), Decimal(0))
        return await self.right.submit(replace(order, charges=(), total=order.total - charged))


class GivesNoNumber(Wrong):
    async def submit(self, order):
        return replace(await self.right.submit(order), number="")


class SendsInAnotherCurrency(Wrong):
    async def submit(self, order):
        return await self.right.submit(replace(order, currency="USD" if order.currency == "EUR" else "EUR"))


class TakesSilenceForAReceipt(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OutcomeUnknown:
            return Receipt("1", "sent")


class TakesSilenceForAnOutage(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise Transient(str(error)) from error


class TakesAPageForAnOutage(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            if "something else than asked for" in str(error):
                raise Transient(str(error)) from error
            raise


class TakesSilenceForARefusal(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise OrderRefused(str(error)) from error


class ForgetsWhatIsBegun(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OutcomeUnknown as error:
            raise error.__cause__ or error from error


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


class InventsCodes(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OrderRefused as error:
            raise OrderRefused(str(error), code="E-4711") from error


class MissesWhatIsHalfMade(Wrong):
    def seen(self, found):
        return None if found.state is ErpOrderState.HALF_MADE else found


class TakesHalfMadeForTaken(Wrong):
    patience = 5

    def seen(self, found):
        return replace(found, state=ErpOrderState.TAKEN) if found.state is ErpOrderState.HALF_MADE else found


class MissesWhatIsCancelled(Wrong):
    def seen(self, found):
        return None if found.state is ErpOrderState.CANCELLED else found


class TakesCancelledForTaken(Wrong):
    def seen(self, found):
        return replace(found, state=ErpOrderState.TAKEN) if found.state is ErpOrderState.CANCELLED else found


class TakesACancelledOrderForDone(Wrong):
    async def submit(self, order):
        try:
            return await self.right.submit(order)
        except OrderRefused as refusal:
            if refusal.code != "CANCELLED_IN_ERP":
                raise
            (found,) = (await self.right.look_up([Sent(order)]))[order.key]
            return Receipt(found.number, found.erp_status)


class SellsNothing(Wrong):
    async def reference(self, wanted=None):
        data = await self.right.reference(wanted)
        facts = {
            code: {**told, "salable": False} if told and code[0] == "sku" else told for code, told in data.facts.items()
        }
        return replace(data, facts=facts)


class ComparesNoLines(Wrong):
    def seen(self, found):
        return replace(found, same_lines=None)


class FindsAllLinesTheSame(Wrong):
    def seen(self, found):
        return replace(found, same_lines=True)


class ReadsMoneyAsFloat(Wrong):
    def seen(self, found):
        return replace(found, total=float(found.total))


class RoundsTotals(Wrong):
    def seen(self, found):
        return replace(found, total=round(found.total, 0))


class TellsNoCurrency(Wrong):
    def seen(self, found):
        return replace(found, currency="XXX")


class ConfirmsAtOnceAndForNothing(Wrong):
    def seen(self, found):
        return replace(found, state=ErpOrderState.CONFIRMED, total=found.total + 1)


class FindsEverything(Wrong):
    async def look_up(self, sent):
        found = await self.right.look_up(sent)
        some = next(iter(found.values()), [ErpOrder(ErpOrderState.TAKEN, "1", "confirmed", Decimal(1), "EUR")])
        return {each.order.key: found.get(each.order.key, some) for each in sent}


class FindsNothing(Wrong):
    async def look_up(self, sent):
        return {}


class TakesTroubleForNothing(Wrong):
    async def look_up(self, sent):
        try:
            return await self.right.look_up(sent)
        except Transient:
            return {}


class AsksForEachKey(Wrong):
    async def look_up(self, sent):
        found = {}
        for each in list(sent)[-30:]:
            found |= await self.right.look_up([each])
        return found


class IgnoresCase(Wrong):
    async def look_up(self, sent):
        orders = [each.order for each in sent]
        folded = [replace(order, key=OrderKey.parse(str(order.key).replace("/A", "/a"))) for order in orders]
        found = await self.right.look_up([Sent(order) for order in folded])
        return {order.key: found.get(each.key, ()) for order, each in zip(orders, folded, strict=True)}


class BearsAnother(Wrong):
    """Its orders bear what becomes of their external reference."""

    def becomes(self, reference: str) -> str:
        """What the ERP keeps of a reference."""
        return reference

    def _kept(self, order: Order) -> Order:
        return replace(order, short_reference=self.becomes(order.external_reference))

    async def submit(self, order):
        return await self.right.submit(self._kept(order))

    async def look_up(self, sent):
        found = [await self.right.look_up([replace(each, order=self._kept(each.order))]) for each in sent]
        return {key: founds for each in found for key, founds in each.items()}

    async def revive(self, order, number):
        await self.right.revive(self._kept(order), number)


class CutsReferences(BearsAnother):
    def becomes(self, reference):
        return reference[:35]


class FoldsCase(BearsAnother):
    def becomes(self, reference):
        return reference.casefold()


class TakesShortReferences(BearsAnother):
    """No mistake: an ERP that takes none of our keys, and says so."""

    def __init__(self, right):
        super().__init__(right)
        self.traits = replace(right.traits, external_reference=ReferenceField(31, SHORT_CHARACTERS))

    def becomes(self, reference):
        assert len(reference) <= 31
        assert set(reference) <= set(SHORT_CHARACTERS)
        return reference

    async def count(self, channel):
        ever = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
        return sum(not row.cancelled for row in await self.right.orders(channel, ever))


class AsksAboutNothing(Wrong):
    async def look_up(self, sent):
        await self.right.check()
        return await self.right.look_up(sent)


class CountsEverySubmit(Wrong):
    submitted = 0

    async def submit(self, order):
        self.submitted += 2
        return await self.right.submit(order)

    async def count(self, channel):
        return self.submitted


class CountsWhatIsCancelled(Wrong):
    most = 0

    async def count(self, channel):
        self.most = max(self.most, await self.right.count(channel))
        return self.most


class CountsEveryChannel(Wrong):
    channel = ""

    async def submit(self, order):
        self.channel = order.key.channel
        return await self.right.submit(order)

    async def count(self, channel):
        return await self.right.count(self.channel or channel)


class ListsOrdersOfAnyTime(Wrong):
    async def orders(self, channel, window):
        return await self.right.orders(channel, replace(window, start=window.start - timedelta(days=30)))


class ListsTheWindowsEndToo(Wrong):
    async def orders(self, channel, window):
        return await self.right.orders(channel, replace(window, end=window.end + timedelta(days=30)))


class ListsOrdersOfEveryChannel(CountsEveryChannel):
    async def count(self, channel):
        return await self.right.count(channel)

    async def orders(self, channel, window):
        return await self.right.orders(self.channel or channel, window)


class ListsNoKeys(Wrong):
    async def orders(self, channel, window):
        return [replace(row, key="") for row in await self.right.orders(channel, window)]


class ListsCancelledOrdersAsLive(Wrong):
    async def orders(self, channel, window):
        return [replace(row, cancelled=False) for row in await self.right.orders(channel, window)]


class KnowsOnlyOurNumbers(Wrong):
    async def by_number(self, channel, numbers):
        return {number: row for number, row in (await self.right.by_number(channel, numbers)).items() if row.key}


class FindsNumbersWithoutKeys(Wrong):
    async def by_number(self, channel, numbers):
        found = await self.right.by_number(channel, numbers)
        return {number: replace(row, key="") for number, row in found.items()}


class FindsAnyNumber(Wrong):
    async def by_number(self, channel, numbers):
        return {number: ListedOrder(number, "", False, False) for number in numbers} | await self.right.by_number(
            channel, numbers
        )


class FindsCancelledNumbersAsLive(Wrong):
    async def by_number(self, channel, numbers):
        found = await self.right.by_number(channel, numbers)
        return {number: replace(row, cancelled=False) for number, row in found.items()}


class TakesTheBegunForWhole(Wrong):
    async def by_number(self, channel, numbers):
        found = await self.right.by_number(channel, numbers)
        return {number: replace(row, begun=False) for number, row in found.items()}


class TakesTheWholeForBegun(Wrong):
    async def by_number(self, channel, numbers):
        found = await self.right.by_number(channel, numbers)
        return {number: replace(row, begun=True) for number, row in found.items()}


class NamesItsStatesInOtherWords(Wrong):
    def seen(self, found):
        return replace(found, erp_status=found.erp_status.upper())


class ForgetsTheCompany(Wrong):
    def seen(self, found):
        return replace(found, company=f"not {found.company}")


class AsksForEachNumber(Wrong):
    async def by_number(self, channel, numbers):
        found = {}
        for number in list(numbers)[-20:]:
            found |= await self.right.by_number(channel, [number])
        return found


class AsksAboutNoNumber(Wrong):
    async def by_number(self, channel, numbers):
        await self.right.check()
        return await self.right.by_number(channel, numbers)


class OpensNothingAgain(Wrong):
    async def revive(self, order, number):
        pass


class OpensWhateverIsCancelled(Wrong):
    async def revive(self, order, number):
        (found,) = (await self.right.look_up([Sent(order)]))[order.key]
        await self.right.revive(order, found.number)


class OpensOthersAgain(Wrong):
    def __init__(self, right):
        super().__init__(right)
        self.sent = []

    async def submit(self, order):
        self.sent.append(order)
        return await self.right.submit(order)

    async def revive(self, order, number):
        for key, (found,) in (await self.right.look_up([Sent(each) for each in self.sent])).items():
            if found.number == number:
                await self.right.revive(next(each for each in self.sent if each.key == key), number)


class OpensOtherContentAgain(OpensOthersAgain):
    async def revive(self, order, number):
        await self.right.revive(next((each for each in self.sent if each.key == order.key), order), number)


class WrongInBatches(Wrong):
    """The same for an ERP that takes many orders at a time."""

    def __init__(self, right):
        super().__init__(right)
        self.batch_limits = right.batch_limits

    async def submit_all(self, orders):
        return await self.right.submit_all(orders)


class RefusesAWholeBatch(WrongInBatches):
    async def submit_all(self, orders):
        answers = await self.right.submit_all(orders)
        refused = next((each for each in answers.values() if isinstance(each, OrderRefused)), None)
        return dict.fromkeys(answers, refused) if refused else answers


class SendsABatchTwice(WrongInBatches):
    async def submit_all(self, orders):
        await self.right.submit_all(orders)
        return await self.right.submit_all(orders)


class GivesUpALostBatch(WrongInBatches):
    async def submit_all(self, orders):
        answers = await self.right.submit_all(orders)
        return {
            key: Transient(str(each)) if isinstance(each, OutcomeUnknown) else each for key, each in answers.items()
        }
