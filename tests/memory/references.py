"""Under which short reference the ledger in memory knows an order."""

from collections.abc import Collection, Mapping, Sequence

from order_sync.core.life.lifecycle import (
    ERASABLE,
)
from order_sync.core.order.model import OrderKey
from tests.memory.orders import MemoryOrders
from tests.memory.rows import Row


class MemoryReferences(MemoryOrders):
    """The references of orders whose ERP does not take their keys."""

    def keys_of(self, erp: str, references: Collection[str]) -> Mapping[str, OrderKey]:
        known = {row.short_reference: key for key, row in self.rows.items() if row.erp == erp and row.short_reference}
        return {reference: known[reference] for reference in references if reference in known}

    def keep_references(self, erp: str, references: Mapping[OrderKey, str]) -> None:
        for key, reference in references.items():
            row = self.rows.get(key)
            if row and row.erp == erp and row.bears is None and not self.keys_of(erp, [reference]):
                row.short_reference = reference

    def unreferenced(self, channel: str, limit: int) -> Sequence[OrderKey]:
        open_ones = [row for row in self._of(channel) if row.status not in ERASABLE and row.short_reference is None]
        open_ones.sort(key=lambda row: row.placed_at or row.landed_at, reverse=True)
        return [row.transaction.key for row in open_ones[:limit]]

    def _bear(self, row: Row, reference: str) -> None:
        """Keep the reference under which an order goes out. Raises ValueError for that of another one."""
        if reference and row.short_reference is None:
            if self.keys_of(row.erp, [reference]):
                raise ValueError(f"{reference} is the reference of another order")
            row.short_reference = reference
