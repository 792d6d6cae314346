"""What the ledger in memory does with what is extracted: it lands, changes, is read again, and findings are told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.intake.findings import Finding
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.evidence import (
    went_out,
)
from order_sync.core.life.lifecycle import (
    DONE,
    GIVEN_UP,
    UNFINISHED,
    Event,
    Status,
    allowed,
    step,
)
from order_sync.core.order.changes import difference
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import Entry, Landing
from tests.memory.orders import MemoryOrders
from tests.memory.rows import Row

ON_ITS_WAY = (Status.RECEIVED, Status.QUEUED, *GIVEN_UP, Status.ON_HOLD, Status.IGNORED)
"""Statuses in which an order that the channel cancels is looked at for attempts."""


class MemoryIntake(MemoryOrders):
    """What a reading of the channel needs."""

    def watermark(self, channel: str) -> Watermark | None:
        return self.marks.get(channel)

    def record(
        self, channel: str, erp: str, landings: Sequence[Landing], watermark: Watermark | None, actor: Actor
    ) -> Mapping[str, int]:
        counts = dict.fromkeys(("new", "changed", "orders", "waiting", "not_an_order", "conflict"), 0)
        counts["cancelled_at_source"] = 0
        for key, landing in {landing.transaction.key: landing for landing in landings}.items():
            row = self.rows.get(key)
            if row is None:
                self._land(channel, erp, landing, actor)
                counts["new"] += 1
                counts["orders" if landing.status is Status.RECEIVED else landing.status] += 1
            elif row.transaction.digest != landing.transaction.digest:
                counts["changed"] += 1
                to_status = self._change(row, landing, actor)
                if to_status in (Status.CONFLICT, Status.CANCELLED_AT_SOURCE):
                    counts[to_status] += 1
        if watermark and watermark.counter >= self.marks.get(channel, watermark).counter:
            self.marks[channel], self.marked_at[channel] = watermark, self.now()
        return {**counts, "unchanged": len(landings) - counts["new"] - counts["changed"]}

    def _land(self, channel: str, erp: str, landing: Landing, actor: Actor) -> None:
        key = landing.transaction.key
        row = Row(channel, erp, landing.transaction, landing.status, self.now(), landing.reason, landing.placed_at)
        row.versions += [landing.transaction] if landing.keep_body else []
        self.rows[key] = row
        self._note(key, None, "landed", row.status, actor.by)

    def _change(self, row: Row, landing: Landing, actor: Actor) -> Status | None:
        """Store a new version, and what it does to the order; the status that follows, None if it stays."""
        if not landing.keep_body and row.status not in (Status.WAITING, Status.NOT_AN_ORDER):
            landing = _within_start(landing)
        what = difference(row.transaction, landing.transaction) if row.kept else ""
        event = _event_of(row, landing, what)
        if event and not allowed(row.status, event):
            event = None
        row.transaction, row.placed_at = landing.transaction, landing.placed_at
        row.versions += [landing.transaction] if landing.keep_body else []
        sent = row.last_sent(since=1)
        if sent and sent.made.provenance.version < row.content_version:
            since_sent = difference(row.versions[sent.made.provenance.version - 1], landing.transaction)
        else:
            since_sent = what
        row.content_version = len(row.versions) if what else row.content_version
        row.generation += bool(event or what)
        if event or landing.status is Status.NOT_AN_ORDER:
            row.reason = landing.reason
        if event is None:
            return None
        row.lease_until = row.next_look_at = None
        to_status = step(row.status, event)
        if to_status in (Status.CONFLICT, Status.CANCELLED_AT_SOURCE):
            row.code = "ORDER_CONFLICT" if to_status is Status.CONFLICT else None
            row.message = _why_changed(row, event, since_sent)
        self._move(row, event, actor.by)
        return to_status

    def waiting(self, channel: str) -> Sequence[Entry]:
        return self._entries(channel, Status.WAITING)

    def unfinished(self, channel: str, limit: int) -> Sequence[tuple[OrderKey, str]]:
        return self._round("unfinished", channel, limit, lambda row: row.status in UNFINISHED)

    def done(self, channel: str, limit: int, done_for: timedelta) -> Sequence[tuple[OrderKey, str]]:
        lately = self.now() - done_for
        return self._round("done", channel, limit, lambda row: row.status in DONE and row.landed_at > lately)

    def no_orders(
        self, channel: str, limit: int, landed_for: timedelta, never: Collection[str]
    ) -> Sequence[tuple[OrderKey, str]]:
        lately = self.now() - landed_for

        def may_become_one(row: Row) -> bool:
            none = row.status is Status.NOT_AN_ORDER and row.reason not in never
            return row.landed_at > lately and (none or row.status is Status.CANCELLED_AT_SOURCE)

        return self._round("no_order", channel, limit, may_become_one)

    def _round(
        self, which: str, channel: str, limit: int, meant: Callable[[Row], bool]
    ) -> Sequence[tuple[OrderKey, str]]:
        """The next of these rows, after where the last round stopped; from the beginning once it has been through."""
        rows = list(self.rows.items())
        after = self.rounds.get((which, channel), 0)
        page = [(n, key, row) for n, (key, row) in enumerate(rows, 1) if n > after and row.channel == channel]
        page = [(n, key, row) for n, key, row in page if meant(row)][:limit]
        self.rounds[which, channel] = page[-1][0] if len(page) == limit else 0
        return [(key, row.transaction.digest) for _, key, row in page]

    def unknown(self, keys: Collection[OrderKey]) -> Sequence[OrderKey]:
        return [key for key in keys if key not in self.rows]

    def set_aside(self, channel: str, start_from: datetime, actor: Actor) -> int:
        early = [
            row
            for row in self.rows.values()
            if (row.channel == channel and row.status in (Status.RECEIVED, Status.QUEUED, Status.FAILED))
            and (row.placed_at and row.placed_at < start_from and not row.backfilled and not row.reached)
        ]
        for row in early:
            row.reason, row.generation, row.lease_until = "before_start", row.generation + 1, None
            row.code, row.message, row.problems = None, "", ()
            self._move(row, Event.START_MOVED, actor.by)
        return len(early)

    def find(self, findings: Collection[Finding], actor: Actor) -> None:
        self.findings |= {(each.connection, each.kind, each.subject): each for each in findings}

    def untold(self, connections: Collection[str]) -> Sequence[Finding]:
        untold = [each for which, each in self.findings.items() if which not in self.has_told]
        return [each for each in untold if each.connection in connections]

    def told(self, findings: Collection[Finding]) -> None:
        self.has_told |= {(each.connection, each.kind, each.subject) for each in findings}


def _within_start(landing: Landing) -> Landing:
    """The landing of an order that is known: it stays one, although it lies before the start."""
    row = landing.transaction
    if row.not_an_order:
        return replace(landing, status=Status.NOT_AN_ORDER, reason=row.not_an_order, keep_body=True)
    status, reason = (Status.RECEIVED, "") if row.whole else (Status.WAITING, "lines_missing")
    return replace(landing, status=status, reason=reason, keep_body=True)


def _event_of(row: Row, landing: Landing, what: str) -> Event | None:
    """What a new version does to the order, if that is allowed in its status."""
    none = landing.status is Status.NOT_AN_ORDER
    if row.status is Status.NOT_AN_ORDER and (none or row.reason in ("before_start", "in_erp_before_start")):
        return None
    if row.status is Status.WAITING and landing.status is Status.RECEIVED:
        return Event.COMPLETE
    if row.status is Status.WAITING and none:
        return Event.NO_ORDER_AFTER_ALL
    if not none:
        same = row.status not in (Status.WAITING, Status.NOT_AN_ORDER) and not what
        return None if same else Event.CHANGED
    too_late = row.status in ON_ITS_WAY and row.reached
    return Event.CANCELLED_TOO_LATE if too_late else Event.CANCELLED_IN_CHANNEL


def _why_changed(row: Row, event: Event, what: str) -> str:
    """What people read of an order that the channel changed or cancelled, as the ledger words it."""
    none = f"in the channel it is no longer an order ({row.reason})"
    if step(row.status, event) is Status.CANCELLED_AT_SOURCE:
        sent = "it may have been sent before, and a look-up did not find it in the ERP"
        return f"{none}: {sent if any(map(went_out, row.attempts)) else 'it is not sent'}"
    changed = "the channel changed the order" if event is Event.CHANGED else none
    differs = f"{what}: " if what else ""
    return f"{changed}, and the ERP has it or may have it: {differs}a person compares the two and decides"
