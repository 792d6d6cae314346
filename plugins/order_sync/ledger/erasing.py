"""What is emptied of people's data: on request, or because its time is over. Evidence stays, and so do the rows."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import ERASABLE, Event, Status
from order_sync.core.order.model import OrderKey
from order_sync.core.privacy.erasing import Erasable, Kept, RoundPlace, Whose
from order_sync.core.records.report import Report
from order_sync.ledger.calls import by
from order_sync.ledger.reporting import Reporting
from order_sync.ledger.rows import clean
from order_sync.ledger.statements import statement

EPOCH = datetime(1, 1, 2, tzinfo=UTC)
"""Before everything that is kept."""


class Erasing(Reporting):
    """The calls of an erasure, and of the files that show what was erased."""

    def to_erase(self, whose: Whose) -> Sequence[Erasable]:
        """The orders under these keys, or of that customer in any of their versions."""
        rows = self._database.rows(
            "read_to_erase",
            keys=[clean(str(key)) for key in whose.keys],
            channel=whose.channel,
            customer_account=clean(whose.customer_account),
        )
        return [Erasable(OrderKey.parse(row["order_key"]), Status(row["status"]), row["erased"]) for row in rows]

    def erase(self, keys: Collection[OrderKey], run: str, actor: Actor) -> int:
        """Empty people's data of those orders that may be erased, on request. Returns how many there were."""
        return self._empty(keys, Event.ERASED, run, actor)

    def forget(self, keys: Collection[OrderKey], run: str, actor: Actor) -> int:
        """The same because their time is over."""
        return self._empty(keys, Event.FORGOTTEN, run, actor)

    def _empty(self, keys: Collection[OrderKey], event: Event, run: str, actor: Actor) -> int:
        with self._database.transaction() as cursor:
            cursor.execute(statement("lock_reports"))
            asked = {"keys": [str(key) for key in keys], "erasable": list(ERASABLE)}
            marked = [row["id"] for row in cursor.execute(statement("mark_erased"), asked)]
            if marked:
                cursor.execute(statement("empty_erased"), {"ids": marked, "event": event, **by(actor)})
                cursor.execute(statement("empty_selections"), {"ids": marked, "customer_account": "", "before": None})
                cursor.execute(statement("note_erasure"), {"run": run, "orders": len(marked), **by(actor)})
        return len(marked)

    def erased_by(self, run: str) -> int:
        """Of how many orders a run erased people's data."""
        row = self._database.row("read_erasure", run=run)
        return int(row["orders"]) if row else 0

    def kept_since(self, before: datetime, after: RoundPlace | None, limit: int) -> Kept:
        """The next orders that landed before an instant and to which nothing happened since; oldest first."""
        place = after or RoundPlace(EPOCH, 0, 0)
        rows = self._database.rows(
            "read_to_forget",
            before=before,
            erasable=list(ERASABLE),
            after_at=place.at,
            after_id=place.order,
            after_version=place.version,
            limit=limit,
        )
        end = (
            RoundPlace(*(rows[-1][name] for name in ("landed_at", "order_id", "version")))
            if len(rows) == limit
            else None
        )
        return Kept(
            [OrderKey.parse(key) for key in dict.fromkeys(row["order_key"] for row in rows if row["ripe"])],
            len({row["order_id"] for row in rows if row["still_open"]}),
            end,
        )

    def empty_selections(self, customer_account: str = "", before: datetime | None = None) -> None:
        """Empty what people asked for in selections for this customer, or of before an instant, without open orders."""
        self._database.execute("empty_selections", ids=[], customer_account=clean(customer_account), before=before)

    def erased_among(self, keys: Collection[str]) -> set[str]:
        """Which of these keys are those of erased orders."""
        rows = self._database.rows("read_erased_keys", keys=[clean(key) for key in keys])
        return {row["order_key"] for row in rows}

    # Files

    def reports_to_write_again(self) -> Sequence[Report]:
        """Reports whose kept files may still show what was erased, the oldest first."""
        return [self.stored_report(row["day"], row["content"]) for row in self._database.rows("read_reports_to_write")]

    def written_again(self, report: Report) -> None:
        """Note that the file of a report shows its rows as they are."""
        self._database.execute("note_written", report=report.number, emptied=report.emptied)
