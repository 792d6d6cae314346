"""What the sentences about an ERP have in common: what they send, do to it and compare."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.reference_data import ReferenceData, Wanted, wanted
from order_sync.core.errors import (
    OrderSyncError,
)
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Charge, Order
from order_sync.core.order.references import addressed, reference_of
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.core.settling.verdict import InDoubt
from tests.contract.able import Able
from tests.contract.erp_subject import Subject

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def settled(subject: Subject, erp: Able, order: Order) -> ErpOrder:
    """The ERP order once it is confirmed, or as it is when patience is over."""
    subject.works()
    deadline = time.monotonic() + subject.patience
    (found,) = await subject.seen(erp, order)
    while found.state is ErpOrderState.TAKEN and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        (found,) = await subject.seen(erp, order)
    return found


def named(erp: Able, order: Order) -> list[Wanted]:
    """What an order names, of the kinds that the ERP can tell."""
    place = order.ship_to
    state = {("state", f"{place.country}-{place.state}")} if place and place.state else set()
    return sorted(each for each in wanted(order) | state if each[0] in erp.traits.knows)


async def told(erp: Able, codes: Sequence[Wanted]) -> ReferenceData:
    """The reference data as a flow asks for it: under these codes, or everything."""
    return await erp.reference(codes if erp.traits.reference_by_code else None)


def bears(erp: Able, order: Order) -> str:
    """The external reference of an order in the ERP."""
    return reference_of(order.key, erp.traits.external_reference)


async def answered(call: Awaitable[Any]) -> Any:
    """What a call returned or raised."""
    return (await asyncio.gather(call, return_exceptions=True))[0]


def with_charge(order: Order) -> Order:
    """The order with a charge: the article of its first line again, for as much."""
    item = order.lines[0]
    charge = Charge(item.sku, item.net, item.tax_code, item.tax_rate, item.tax)
    return replace(order, charges=(*order.charges, charge), total=order.total + item.net + item.tax)


def proof(erp: Able, order: Order) -> Decimal | None:
    """The total that a look-up has to tell of an order; None where acceptance is the proof."""
    return {"gross": order.total, "net": order.net, "acceptance": None}[erp.traits.proof]


def over(subject: Subject, erp: Able, order: Order, founds: Sequence[ErpOrder]) -> list[Decimal | None]:
    """What the ERP's orders under a key are over: by the look-up, or by who looks into an ERP that tells no total."""
    if erp.traits.proof == "acceptance":
        return [subject.fixture.total(subject.server, addressed(order, erp.traits.external_reference))]
    return [found.total for found in founds]


def due(erp: Able, order: Order) -> Decimal:
    """What they must be over."""
    return order.net if erp.traits.proof == "net" else order.total


def is_it(erp: Able, founds: Sequence[ErpOrder], receipt: Receipt) -> bool:
    """Whether a look-up shows one order, the one of a receipt. What is only accepted may get its number later."""
    numbers = [found.number for found in founds]
    if not erp.traits.looks_up:
        return bool(receipt.number) and not numbers
    return len(numbers) == 1 if erp.traits.proof == "acceptance" else numbers == [receipt.number]


def tells_its_money(erp: Able, order: Order, found: ErpOrder) -> None:
    """A look-up tells the total that proves an order, and its currency."""
    if erp.traits.proof != "acceptance":
        assert isinstance(found.total, Decimal), "the total is no Decimal: money must never be a float"
        assert found.currency == order.currency, "the order is in another currency"
        assert found.total == proof(erp, order), "the total is not the order's, to the cent"


def in_doubt(order: Order) -> InDoubt:
    """The order as the ledger has it when its attempt was interrupted and its grace is over."""
    return InDoubt(Status.SENDING, order.total, order.currency, LONG_AGO, datetime.max.replace(tzinfo=UTC), 0).about(
        order
    )


def twice_as_many(order: Order) -> Order:
    """Another order under the same key: twice the pieces for the same money."""
    return replace(order, lines=tuple(replace(line, quantity=line.quantity * 2) for line in order.lines))


def doubled(order: Order) -> Order:
    """Another order under the same key."""
    return replace(order, lines=order.lines * 2, total=order.total * 2)


async def begin(subject: Subject, erp: Able, order: Order) -> None:
    """Submit an order whose answers are lost from the call on that stores it."""
    before = await subject.count(erp, order.key.channel)
    for heard in range(20):
        subject.network.lose(".", skip=heard)
        await answered(erp.submit(order))
        subject.network.behave()
        if await subject.count(erp, order.key.channel) > before:
            break


async def begin_wholly(subject: Subject, erp: Able, order: Order) -> ErpOrder:
    """The same, until all that an order is made of is there."""
    for heard in range(20):
        subject.network.lose(".", skip=heard)
        await answered(erp.submit(order))
        subject.network.behave()
        founds = await subject.seen(erp, order)
        if founds and (founds[0].state is not ErpOrderState.HALF_MADE or founds[0].total == proof(erp, order)):
            return founds[0]
    raise AssertionError("a submit does not get on, however much of it is answered")


async def cancelled_in_erp(subject: Subject, erp: Able, order: Order) -> str:
    """Begin an order, and cancel it as a person does in the ERP; returns what the ERP calls it."""
    await begin(subject, erp, order)
    subject.fixture.cancel(subject.server, addressed(order, erp.traits.external_reference))
    founds = await subject.seen(erp, order)
    return founds[0].number if founds else ""


def lately() -> Window:
    """The hour before now, and some time more: the ERP's clock is not this machine's."""
    now = datetime.now(UTC)
    return Window(now - timedelta(hours=1), now + timedelta(hours=1))


def is_trouble(error: Any, kind: type[OrderSyncError], call: str) -> bool:
    """Whether a call ended as it must; a prepare that needs nothing of the ERP may end well."""
    return isinstance(error, kind) or (call == "prepare" and error is None)


CALLS: dict[str, Callable[[Able, Order], Awaitable[Any]]] = {
    "check": lambda erp, order: erp.check(),
    "reference": lambda erp, order: told(erp, named(erp, order)),
    "prepare": lambda erp, order: erp.prepare([order]),
    "submit": lambda erp, order: erp.submit(order),
    "look_up": lambda erp, order: erp.look_up([Sent(order)]),
    "orders": lambda erp, order: erp.orders(order.key.channel, Window(LONG_AGO, LONG_AGO)),
    "by_number": lambda erp, order: erp.by_number(order.key.channel, ["1"]),
    "revive": lambda erp, order: erp.revive(order, "1"),
    "count": lambda erp, order: erp.count(order.key.channel),
}
