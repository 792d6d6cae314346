"""What people ask the ledger for: the orders that they mean."""

from collections.abc import Sequence

from order_sync.core.lifecycle import Status
from order_sync.core.orders import OrderKey
from order_sync.core.ports import Chosen
from order_sync.core.selection import Selection
from order_sync.ledger.calls import Calls
from order_sync.ledger.rows import clean


class Choosing(Calls):
    """The calls of resync and explain."""

    def chosen(self, selection: Selection, limit: int) -> tuple[Sequence[Chosen], int]:
        """The orders that a selection means, the newest first and no more than `limit`; and how many there are."""
        placed = selection.placed
        rows = self._database.rows(
            "choose_orders",
            keys=[clean(str(key)) for key in selection.keys] or None,
            channel=clean(selection.channel),
            status=selection.status,
            code=clean(selection.code),
            start=placed and placed.start,
            end=placed and placed.end,
            reference=clean(selection.reference),
            receipt=clean(selection.receipt),
            customer_account=clean(selection.customer_account),
            limit=limit,
        )
        orders = [
            Chosen(
                OrderKey.parse(row["order_key"]),
                Status(row["status"]),
                row["code"],
                row["message"],
                row["placed_at"] or row["landed_at"],
                row["erp_number"],
            )
            for row in rows
        ]
        return orders, rows[0]["in_all"] if rows else 0
