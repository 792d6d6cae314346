"""What a restored ledger does about all that it forgot."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.selection import Action
from order_sync.core.order.model import OrderKey
from order_sync.core.records.restoring import LostDecision, Restore
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.ledger.calls import Calls, by
from order_sync.ledger.rows import clean, named, to_json
from order_sync.ledger.statements import statement


class Restoring(Calls):
    """The calls of restore, and what settle asks because of one."""

    def doubt(self, channel: str, window_seconds: float, actor: Actor) -> int:
        """Let every open order be looked up that a lost ledger may have sent. Returns how many there were."""
        return int(self._one("doubt_orders", channel=channel, window=window_seconds, by=actor.by)["count"])

    def span(self, until: datetime) -> tuple[datetime | None, datetime | None]:
        """From when on the ledger knows something, and when its last entry until an instant was made; None for none."""
        row = self._one("read_span", until=until)
        return row["first"], row["last"]

    def restore(
        self, channels: Collection[str], backup_at: datetime, since: datetime, lease: timedelta, actor: Actor
    ) -> Restore:
        """Record a restore, hold the channels, and let them be read again; nothing if it is on record already."""
        bound = {"backup_at": backup_at, "lease": lease, **by(actor)}
        hold = {"kind": HoldKind.RESTORE, "scope": HoldScope.SUBMIT, "by": actor.by}
        hold["reason"] = (
            f"the ledger was restored from the backup of {backup_at:%Y-%m-%d %H:%M} UTC ({clean(actor.reason)}):"
            " release it with hold_connection once the orders were looked up and the lost decisions are confirmed"
        )
        with self._database.transaction() as cursor:
            is_new = cursor.execute(statement("record_restore"), bound).fetchone() is not None
            if is_new:
                for channel in sorted(channels):
                    cursor.execute(statement("place_hold"), {**hold, "connection": f"channel_{channel}"})
                cursor.execute(statement("rewind_watermarks"), {"channels": list(channels), "since": since})
        row = self._one("read_restore", backup_at=backup_at)
        return named(Restore, row, number=row["id"], is_new=is_new)

    def unproven(self, channels: Collection[str]) -> Mapping[str, int]:
        """How many open orders of each channel a lost ledger may have sent and nobody looked up since."""
        rows = self._database.rows("count_unproven", channels=list(channels))
        return {row["channel"]: row["count"] for row in rows}

    def known_runs(self, runs: Collection[str]) -> set[str]:
        """Those of the runs of resync_orders that the ledger knows."""
        return {row["run"] for row in self._database.rows("read_known_runs", runs=list(runs))}

    def keys_of_run(self, run: str) -> Sequence[OrderKey]:
        """The orders that a run of resync_orders selected, if the ledger knows it."""
        return [OrderKey.parse(row["order_key"]) for row in self._database.rows("read_keys_of_run", run=run)]

    def lose(self, restore: Restore, decisions: Sequence[LostDecision]) -> int:
        """Remember lost decisions: such an order is not sent until somebody decides again. Returns how many are new."""
        rows = [
            {
                "order_key": str(each.key),
                "action": each.action,
                "decided_by": each.by,
                "decided_at": each.at,
                "reason": each.reason,
            }
            for each in decisions
        ]
        return int(self._one("store_lost_decisions", restore=restore.number, decisions=to_json(rows))["count"])

    def lost(self) -> Sequence[LostDecision]:
        """The lost decisions that wait for somebody, the oldest first, of orders that are not done."""
        return [
            named(
                LostDecision,
                row,
                key=OrderKey.parse(row["order_key"]),
                action=Action(row["action"]),
                by=row["decided_by"],
                at=row["decided_at"],
            )
            for row in self._database.rows("read_lost_decisions")
        ]
