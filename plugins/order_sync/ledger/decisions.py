"""What people ask the ledger for, and decide: the orders that they mean, and what becomes of these."""

from collections.abc import Collection, Mapping, Sequence

import psycopg

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.decision import Decision, Result, Selected
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.life.lifecycle import Status, step
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.orders import Chosen, Entry
from order_sync.ledger.calls import Calls, by
from order_sync.ledger.rows import clean, named, to_json, transaction_of


class Deciding(Calls):
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
            short_reference=selection.short_reference,
            limit=limit,
        )
        orders = [
            named(
                Chosen,
                row,
                key=OrderKey.parse(row["order_key"]),
                status=Status(row["status"]),
                placed_at=row["placed_at"] or row["landed_at"],
            )
            for row in rows
        ]
        return orders, rows[0]["in_all"] if rows else 0

    def select(
        self, run: str, action: Action, asked: Mapping[str, object], keys: Collection[OrderKey], actor: Actor
    ) -> int:
        """Store a run's selection of these orders, unless it has one already; the selection's number."""
        self._database.execute(
            "store_selection",
            run=run,
            action=action,
            asked=to_json(asked),
            keys=[clean(str(key)) for key in keys],
            by=actor.by,
            why=clean(actor.reason),
        )
        return int(self._one("read_selection", run=run)["id"])

    def selection(self, run: str) -> int | None:
        """The number of the selection that a run stored."""
        row = self._database.row("read_selection", run=run)
        return int(row["id"]) if row else None

    def selected(self, selection: int, after: int, limit: int) -> Sequence[Selected]:
        """The selected orders as they stand, by their position, those after `after`."""
        return [
            named(
                Selected,
                row,
                position=row["id"],
                key=OrderKey.parse(row["order_key"]),
                status=Status(row["status"]),
                result=Result(row["outcome"]) if row["outcome"] else None,
            )
            for row in self._database.rows("read_selected", selection=selection, after=after, limit=limit)
        ]

    def entries(self, keys: Collection[OrderKey]) -> Sequence[Entry]:
        """The orders under these keys; one of which no version was kept is left out."""
        return self._entries("read_entries", keys=[str(key) for key in keys])

    def versions(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Sequence[Transaction]]:
        """What the channel says of these orders and said before, as far as it is kept."""
        found: dict[OrderKey, list[Transaction]] = {key: [] for key in keys}
        for row in self._database.rows("read_versions", keys=[clean(str(key)) for key in keys]):
            version = transaction_of(row)
            found[version.key].append(version)
        return found

    def owners(
        self, erp: str, channel: str, numbers: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], OrderKey]:
        """The orders that have these ERP numbers, each given with its company; that of an order of the channel."""
        named = [(clean(company), clean(number)) for company, number in numbers]
        companies, its_numbers = zip(*named, strict=True) if named else ((), ())
        rows = self._database.rows(
            "read_owners", erp=erp, channel=channel, companies=list(companies), numbers=list(its_numbers)
        )
        return {(row["company"], row["number"]): OrderKey.parse(row["order_key"]) for row in rows}

    def decide(
        self, selection: int, decisions: Mapping[OrderKey, tuple[Selected, Decision]], actor: Actor
    ) -> set[OrderKey]:
        """Take decisions whose order still stands as it was selected, with their history; the keys of the others."""
        rows = [
            {
                "order_id": order.position,
                "generation": order.generation,
                "from_status": order.status,
                "event": decision.event,
                "to_status": decision.event and step(order.status, decision.event),
                "code": decision.code,
                "text": decision.text,
                "erp_number": decision.erp_number,
                "erp_company": decision.erp_company,
                "outcome": decision.result,
                "message": decision.message,
            }
            for order, decision in decisions.values()
        ]
        try:
            left = self._database.rows("decide_orders", selection=selection, decisions=to_json(rows), **by(actor))
        except psycopg.errors.UniqueViolation:  # another run gave one of these ERP numbers to another order meanwhile
            return set(decisions)
        return {OrderKey.parse(row["order_key"]) for row in left}

    def to_send(self, selection: int) -> Mapping[str, int]:
        """How many of the selected orders are to be sent, by channel."""
        return {row["channel"]: row["count"] for row in self._database.rows("count_to_send", selection=selection)}
