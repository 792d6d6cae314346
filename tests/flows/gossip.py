"""An ERP that talks of people wherever it may: what it says must reach no log, no alert and no XCom."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from order_sync.core.basics.calendar_days import Window
from order_sync.core.errors import OrderConflict, OrderRefused
from order_sync.core.order.model import Order, OrderKey, Transaction
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState, ListedOrder
from tests.memory.channel import transaction
from tests.memory.erp import MemoryErp, Sale

ADDRESS = {
    "name": "Ann Otherwise",
    "street": "17 Larkspur Row",
    "city": "Kingsbridge",
    "postal_code": "TQ7 1ZZ",
    "country": "DE",
}
PRIVATE = ("Ann", "Otherwise", "Larkspur", "Kingsbridge", "TQ7", "ann@example.com", "7946 0958")
"""What of a person must not get out: no part of an order's address, and no mail address or phone number."""

GOSSIP = "Ann Otherwise of 17 Larkspur Row, TQ7 1ZZ Kingsbridge (ann@example.com, +44 20 7946 0958) is blocked"


def sold_to_ann(number: int, **changes: object) -> Transaction:
    """A good order of hers."""
    good = transaction(number, **changes)
    return replace(good, details=json.dumps({**json.loads(good.details), "ship_to": ADDRESS}))


def privates_in(text: str) -> list[str]:
    """What of her stands in a text."""
    return [private for private in PRIVATE if private in text]


@dataclass
class GossipingErp(MemoryErp):
    """Adds what it knows of people to each text that an ERP may give."""

    async def submit(self, order: Order) -> Receipt:
        try:
            return await super().submit(order)
        except (OrderRefused, OrderConflict) as error:
            raise type(error)(GOSSIP, code=error.code) from None

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        found = await super().look_up(sent)
        return {key: [replace(each, text=GOSSIP) for each in founds] for key, founds in found.items()}

    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        return {**dict.fromkeys(numbers, ListedOrder("SO7", GOSSIP, cancelled=False, begun=False))}

    async def revive(self, order: Order, number: str) -> None:
        raise OrderRefused(GOSSIP)

    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        strangers = [ListedOrder("SO8", GOSSIP, cancelled=False, begun=False)]
        return [*await super().orders(channel, window), *strangers]


def cancelled(erp: MemoryErp, number: int) -> None:
    """Let the ERP hold an order as cancelled, under the number SO and its own."""
    erp.sales[transaction(number).key] = [
        Sale(ErpOrderState.CANCELLED, Decimal("10.00"), "EUR", erp.clock.now, f"SO{number}")
    ]
