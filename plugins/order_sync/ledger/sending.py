"""What goes out: orders that are checked, claimed, sent and settled, what holds them, and their reference data."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.life.lifecycle import MEANINGS
from order_sync.core.order.maker import Made
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import Change, Claim, Entry, Horizon, Outcome, Refused
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope
from order_sync.core.sending.red_runs import FailedInRun
from order_sync.ledger.calls import Calls, by, count
from order_sync.ledger.database import copy_in
from order_sync.ledger.rows import (
    attempt_row,
    change_row,
    clean,
    hold_of,
    outcome_row,
    to_json,
)
from order_sync.ledger.statements import statement


class Sending(Calls):
    """The calls of validate, push and settle."""

    # Validate

    def to_validate(self, channel: str, after: OrderKey | None, limit: int) -> Sequence[Entry]:
        """Orders that are `received`, in key order after `after`."""
        return self._entries("read_received", channel=channel, after=str(after or ""), limit=limit)

    def apply(self, changes: Sequence[Change], actor: Actor) -> int:
        """Apply those changes whose status and generation still hold, with their history. Returns how many did."""
        if not changes:
            return 0
        parameters = {"changes": to_json([change_row(change) for change in changes]), **by(actor)}
        try:
            return int(self._one("apply_changes", **parameters)["count"])
        except psycopg.errors.UniqueViolation:  # another run gave the same ERP number to another order meanwhile
            return int(self._one("apply_changes", **parameters)["count"])

    def store_reference(self, erp: str, data: ReferenceData, actor: Actor) -> int:
        """Replace the copy of the ERP's reference data, or add answers to it; how many orders are validated again."""
        said = {"erp": erp, "as_of": data.as_of, "whole": data.whole, "knows": [*data.knows], **by(actor)}
        rows = (
            (clean(kind), clean(code), None if facts is None else to_json(facts))
            for (kind, code), facts in data.facts.items()
        )
        with self._database.transaction() as cursor:
            cursor.execute(statement("store_reference_copy"), said)
            cursor.execute(statement("stage_reference"))
            copy_in(cursor, "copy_reference", rows)
            again = count(cursor.execute(statement("store_reference"), said))
            if not data.whole:
                cursor.execute(statement("note_asked"), said)
            cursor.execute(statement("drop_reference"), said)
        return again

    def judge_again(self, channel: str, erp: str, actor: Actor, cured: str | None = None) -> int:
        """Receive again what the rules failed and nobody sent since; returns how many orders that were."""
        return int(self._one("judge_again", channel=channel, erp=erp, cured=cured, **by(actor))["count"])

    def note_validated(self, channel: str) -> None:
        """Remember that the channel's orders were validated once, if it has been read."""
        self._database.execute("note_validated", channel=channel)

    def reference(self, erp: str, wanted: Collection[Wanted]) -> ReferenceData | None:
        """The last good copy, of these codes only; None before the first."""
        rows = self._database.rows("read_reference", erp=erp, **_asked(wanted))
        copy = next((row for row in rows if row["kind"] is None), None)
        if copy is None:
            return None
        facts = {(row["kind"], row["code"]): row["facts"] for row in rows if row is not copy}
        return ReferenceData(facts, copy["as_of"], copy["whole"], frozenset(copy["knows"]))

    def to_ask(self, erp: str, wanted: Collection[Wanted], before: datetime) -> set[Wanted]:
        """Those of these codes that the ERP was never asked for, or not since then."""
        rows = self._database.rows("read_to_ask", erp=erp, **_asked(wanted), before=before)
        return {(row["kind"], row["code"]) for row in rows}

    def cures(self, channel: str, erp: str) -> set[Wanted]:
        """The reference data whose change may bring failed orders of the channel back."""
        rows = self._database.rows("read_cures", channel=channel, erp=erp)
        named = (row["reference"].partition(":") for row in rows)
        return {(kind, code) for kind, _, code in named}

    # Push

    def first_push(self, channel: str, limit: int) -> int:
        """How many orders the channel would send if it has never sent one and nobody has agreed to it yet, else 0."""
        return int(self._one("count_first_push", channel=channel, limit=limit)["count"])

    def set_aside(self, channel: str, start_from: datetime, actor: Actor) -> int:
        """Make no orders of what lies before a start that was moved, if the ERP has nothing of it; returns how many."""
        return int(self._one("set_aside_orders", channel=channel, start=start_from, **by(actor))["count"])

    def retry_refused(self, channel: str, erp: str, fewer_than: int, actor: Actor) -> int:
        """Queue again what the ERP surely refused, and not as often as that; returns how many orders that were."""
        return int(self._one("retry_refused", channel=channel, erp=erp, fewer_than=fewer_than, **by(actor))["count"])

    def queued(self, channel: str, *, sent_before: bool) -> int:
        """How many orders are queued and due; `sent_before` counts those that were tried before too."""
        return int(self._one("count_queued", channel=channel, sent_before=sent_before)["count"])

    def waits(self, channels: Collection[str], *, sent_before: bool) -> bool:
        """Whether one of these channels, if it runs, could send an order now; `sent_before` as in `queued`."""
        return bool(self._one("read_who_waits", channels=list(channels), sent_before=sent_before)["waits"])

    def off_peak(self, channel: str) -> int:
        """How many queued orders were tried before."""
        return int(self._one("count_off_peak", channel=channel)["count"])

    def switched_off(self, channel: str) -> int:
        """How many queued orders wait since their channel, their ERP or their distributor is switched off."""
        return int(self._one("count_switched_off", channel=channel)["count"])

    def claim(
        self,
        channel: str,
        limit: int,
        lease_seconds: float,
        actor: Actor,
        *,
        as_probe: bool = False,
        selection: int | None = None,
        sent_before: bool = True,
    ) -> Claim:
        """Take queued orders that are due and not held, oldest first, skipping what others are claiming."""
        probe = self._database.row("find_probe", channel=channel, selection=selection) if as_probe else None
        if as_probe and not probe:
            return Claim([], lease_seconds)
        entries = self._entries(
            "claim_orders",
            channel=channel,
            limit=limit,
            lease=lease_seconds,
            by=actor.by,
            probe=probe["id"] if probe else None,
            selection=selection,
            sent_before=sent_before,
        )
        return Claim(entries, lease_seconds)

    def open(
        self, claim: Claim, orders: Mapping[OrderKey, Made], grace_seconds: float, window_seconds: float
    ) -> set[OrderKey]:
        """Open an attempt for each of these, with the order as it goes out. Leaves out what may not be sent now."""
        attempts = [attempt_row(entry, orders[entry.key]) for entry in claim.entries if entry.key in orders]
        opened = self._database.rows(
            "open_attempts", attempts=to_json(attempts), grace=grace_seconds, window=window_seconds
        )
        return {OrderKey.parse(row["order_key"]) for row in opened}

    def close(
        self,
        outcomes: Sequence[Outcome],
        next_look_at: datetime | None,
        grace_seconds: float,
        window_seconds: float,
        actor: Actor,
    ) -> None:
        """Close attempts. The evidence is kept always; the status changes only under the attempt's generation."""
        self._database.execute(
            "close_attempts",
            outcomes=to_json([outcome_row(outcome) for outcome in outcomes]),
            next_look_at=next_look_at,
            grace=grace_seconds,
            window=window_seconds,
            **by(actor),
        )

    def release(self, claim: Claim) -> None:
        """Give back what was claimed and not sent."""
        self._database.execute("release_orders", **claimed(claim.entries))

    def refused_in_a_row(self, erp: str, code: str, number: int) -> Sequence[Refused]:
        """The orders that the ERP refused with this code since it last took one; none if they are too few."""
        rows = self._database.rows("read_refusals", erp=erp, code=clean(code), number=number)
        return [Refused(OrderKey.parse(row["order_key"]), row["generation"], code, row["message"]) for row in rows]

    # Holds

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        """The holds in force on these connections, the oldest first."""
        return [hold_of(row) for row in self._database.rows("read_holds", connections=list(connections))]

    def hold(self, connection: str, kind: HoldKind, scope: HoldScope, reason: str, actor: Actor) -> None:
        """Set a hold, unless the connection has one of this kind already."""
        self._database.execute(
            "place_hold", connection=connection, kind=kind, scope=scope, by=actor.by, reason=clean(reason)
        )

    def release_hold(self, connection: str, kind: HoldKind | None, actor: Actor) -> int:
        """End the connection's holds of this kind, or all that people may end. Returns how many there were."""
        return int(self._one("release_hold", connection=connection, kind=kind, **by(actor))["count"])

    def switch_off(self, off: Mapping[str, str], actor: Actor) -> int:
        """Let exactly these be switched off, each with why; others are switched on again. Returns how many changed."""
        asked = {"connections": [*off], "reasons": [clean(reason) for reason in off.values()]}
        return int(self._one("switch_off", **asked, **by(actor))["count"])

    # Settle

    def look_now(self, channel: str, limit: int) -> int:
        """Make orders that the ERP took due for a look, those nearest to theirs; returns how many that were."""
        return int(self._one("look_now", channel=channel, limit=limit)["count"])

    def due(self, channel: str, limit: int) -> Sequence[Entry]:
        """Orders in doubt whose look is due, longest overdue first, whoever sent them."""
        return self._entries("read_due", channel=channel, limit=limit)

    def overdue(self, channel: str, limit: int) -> Sequence[Entry]:
        """Orders that were sent, whose window is over and that no verdict has fallen on."""
        return self._entries("read_overdue", channel=channel, limit=limit)

    def horizon(self, channel: str, selection: int | None = None) -> Horizon:
        """When the next look at an order in doubt is due, and when the last of their windows ends."""
        return Horizon(**self._one("read_horizon", channel=channel, selection=selection))

    # References

    def keys_of(self, erp: str, references: Collection[str]) -> Mapping[str, OrderKey]:
        """The orders that an ERP has under these short references; of a reference that is not known none."""
        rows = self._database.rows("read_keys_of_references", erp=erp, short_references=list(references))
        return {row["short_reference"]: OrderKey.parse(row["order_key"]) for row in rows}

    def keep_references(self, erp: str, references: Mapping[OrderKey, str]) -> None:
        """Remember under which short references an ERP has these orders, if nothing else is known of them."""
        keys = [str(key) for key in references]
        self._database.execute("keep_references", erp=erp, keys=keys, short_references=[*references.values()])

    def unreferenced(self, channel: str, limit: int) -> Sequence[OrderKey]:
        """The newest open orders of a channel of which no short reference is known, no more than `limit`."""
        rows = self._database.rows("read_unreferenced", channel=channel, limit=limit)
        return [OrderKey.parse(row["order_key"]) for row in rows]

    # Results

    def failed_in_run(self, run: str, since: datetime) -> FailedInRun:
        """The orders that the run's tasks worked on since then, and those that stand as they failed them."""
        failed = [status for status, standing in MEANINGS.items() if standing.roll_up == "Failed"]
        return FailedInRun(**self._one("count_failed_in_run", run=f"{run}/", since=since, failed=failed))

    def counts(self, channel: str) -> Mapping[str, int]:
        """How many orders stand in each status."""
        return {row["status"]: row["count"] for row in self._database.rows("count_orders", channel=channel)}


def _asked(wanted: Collection[Wanted]) -> dict[str, list[Any]]:
    kinds, codes = zip(*wanted, strict=True) if wanted else ((), ())
    return {"kinds": list(kinds), "codes": [clean(code) for code in codes]}


def claimed(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    return {"keys": [str(entry.key) for entry in entries], "generations": [entry.generation for entry in entries]}
