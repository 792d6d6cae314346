"""Many orders of a channel into Tryton in six calls: create, quote and confirm them all, and read what became of them.

Tryton takes all orders of a call or none, and does not say which one it declined: a batch that is declined is halved
until the culprit is alone, and that one goes the way of a single order. It must not know how ids are found.
"""

from collections.abc import Iterator, Mapping, Sequence

from order_sync.core.errors import OrderConflict, OrderSyncError, Permanent, Transient
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.sending.receipts import Answer, Receipt
from order_sync.erps.tryton.client import Client, Declined, Row, text, whole
from order_sync.erps.tryton.look_ups import number_of
from order_sync.erps.tryton.master_data import WebShop
from order_sync.erps.tryton.sales import FIELDS, MODEL, Sales
from order_sync.erps.tryton.session import TrytonSession
from order_sync.wire.content import UNREADABLE, in_doubt

MOST_LINES = 400
"""Lines of the orders of one call, so that it ends soon; an order that has more is alone in its call."""

STUMBLES = (OrderSyncError, *UNREADABLE)
"""What one order may end with, and no other for its sake."""

Made = Mapping[int, Order]
"""Orders whose sales exist, by the ids of these."""


class Batches:
    """Submits batches of orders; everything they name has been looked up before. Answers for each, raises nothing."""

    def __init__(self, client: Client, session: TrytonSession, sales: Sales) -> None:
        self._client = client
        self._session = session
        self._sales = sales

    async def submit(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        """See `Batching.submit_all`. The orders are of one channel."""
        answers: dict[OrderKey, Answer] = {}
        ready: list[tuple[Order, Row]] = []
        for order in orders:
            try:
                ready.append((order, self._sales.values(order)))
            except STUMBLES as error:
                answers[order.key] = error
        for batch in _by_lines(ready):
            answers |= await self._create(batch)
        return answers

    async def _create(self, batch: Sequence[tuple[Order, Row]]) -> dict[OrderKey, Answer]:
        orders = [order for order, _ in batch]
        if len(batch) == 1:
            return {orders[0].key: await self._alone(orders[0])}
        shop = self._sales.shop(orders[0])
        try:
            ids = await self._session.create(MODEL, [values for _, values in batch], shop.company)
        except Declined:
            return await self._halved(batch)
        except OrderSyncError as error:
            return {order.key: error for order in orders}
        return await self._finish(ids, orders, shop)

    async def _halved(self, batch: Sequence[tuple[Order, Row]]) -> dict[OrderKey, Answer]:
        middle = len(batch) // 2
        answers = await self._create(batch[:middle])
        trouble = next((each for each in answers.values() if isinstance(each, Transient | Permanent)), None)
        if trouble:
            return answers | {order.key: trouble for order, _ in batch[middle:]}
        return answers | await self._create(batch[middle:])

    async def _alone(self, order: Order) -> Answer:
        try:
            return await self._sales.submit(order)
        except STUMBLES as error:
            return error

    async def _finish(self, ids: Sequence[int], orders: Sequence[Order], shop: WebShop) -> dict[OrderKey, Answer]:
        """Quote and confirm sales that exist. What Tryton declines for all of them is done for each."""
        made: Made = {}
        try:
            with in_doubt("the sale"):
                made = dict(zip(ids, orders, strict=True))
                await self._session.press(MODEL, [*made], "quote", shop.company)
                rows = await self._read(made)
                answers, sound = self._judged(made, rows)
                if sound:
                    await self._session.press(MODEL, [*sound], "confirm", shop.company)
                    rows = await self._read(sound)
                return answers | {
                    order.key: Receipt(number_of(rows[sale]), text(rows[sale], "state"), shop.company_name)
                    for sale, order in sound.items()
                }
        except Declined:
            return await self._one_by_one(made)
        except OrderSyncError as error:
            return {order.key: error for order in orders}

    def _judged(self, made: Made, rows: Mapping[int, Row]) -> tuple[dict[OrderKey, Answer], Made]:
        """The conflicts among the sales, and those over the money that the order says."""
        conflicts: dict[OrderKey, Answer] = {}
        sound = {}
        for sale, order in made.items():
            try:
                self._sales.same_money(order, rows[sale])
                sound[sale] = order
            except OrderConflict as conflict:
                conflicts[order.key] = conflict
        return conflicts, sound

    async def _one_by_one(self, made: Made) -> dict[OrderKey, Answer]:
        try:
            with in_doubt("the sale"):
                rows = await self._read(made)
        except OrderSyncError as error:
            return {order.key: error for order in made.values()}
        answers: dict[OrderKey, Answer] = {}
        for sale, order in made.items():
            try:
                with in_doubt("the sale"):
                    answers[order.key] = await self._sales.finish(order, rows[sale])
            except STUMBLES as error:
                answers[order.key] = error
        return answers

    async def _read(self, made: Made) -> Mapping[int, Row]:
        rows = await self._client.search(MODEL, [["id", "in", sorted(made)]], FIELDS)
        return {whole(row["id"]): row for row in rows}


def _by_lines(ready: Sequence[tuple[Order, Row]]) -> Iterator[Sequence[tuple[Order, Row]]]:
    """The orders in their order, so many at a time that their lines are not too many."""
    batch: list[tuple[Order, Row]] = []
    lines = 0
    for order, values in ready:
        number = len(order.lines) + len(order.charges)
        if batch and lines + number > MOST_LINES:
            yield batch
            batch, lines = [], 0
        batch.append((order, values))
        lines += number
    if batch:
        yield batch
