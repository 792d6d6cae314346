"""Mistakes in under which reference an adapter keeps an order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from order_sync.core.basics.calendar_days import Window
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.order.references import SHORT_CHARACTERS, ReferenceField
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settling.erp_orders import ErpOrder
from tests.contract.able import Able
from tests.contract.wrong_erps.adapter import Wrong


class BearsAnother(Wrong):
    """Its orders bear what becomes of their external reference."""

    def becomes(self, reference: str) -> str:
        """What the ERP keeps of a reference."""
        return reference

    def _kept(self, order: Order) -> Order:
        return replace(order, short_reference=self.becomes(order.external_reference))

    async def submit(self, order: Order) -> Receipt:
        return await self.right.submit(self._kept(order))

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        found = [await self.right.look_up([replace(each, order=self._kept(each.order))]) for each in sent]
        return {key: founds for each in found for key, founds in each.items()}

    async def revive(self, order: Order, number: str) -> None:
        await self.right.revive(self._kept(order), number)


class CutsReferences(BearsAnother):
    def becomes(self, reference: str) -> str:
        return reference[:35]


class FoldsCase(BearsAnother):
    def becomes(self, reference: str) -> str:
        return reference.casefold()


class TakesShortReferences(BearsAnother):
    """No mistake: an ERP that takes none of our keys, and says so."""

    def __init__(self, right: Able) -> None:
        super().__init__(right)
        self.traits = replace(right.traits, external_reference=ReferenceField(31, SHORT_CHARACTERS))

    def becomes(self, reference: str) -> str:
        assert len(reference) <= 31
        assert set(reference) <= set(SHORT_CHARACTERS)
        return reference

    async def count(self, channel: str) -> int:
        ever = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
        return sum(not row.cancelled for row in await self.right.orders(channel, ever))
