"""What the ledger in memory does while orders are sent: it lets them be claimed, and keeps each attempt."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.life.evidence import (
    surely_refused,
    to_settle,
    went_out,
)
from order_sync.core.life.lifecycle import (
    GIVEN_UP,
    IN_DOUBT,
    MEANINGS,
    Event,
    Status,
)
from order_sync.core.order.maker import Made
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import Claim, Entry, Outcome, Refused
from order_sync.core.sending.holds import HoldKind, stops_sending
from order_sync.core.sending.red_runs import FailedInRun
from tests.memory.connections import MemoryConnections
from tests.memory.references import MemoryReferences
from tests.memory.rows import Attempt, Row

FAILED = {status for status, standing in MEANINGS.items() if standing.roll_up == "Failed"}


class MemorySending(MemoryConnections, MemoryReferences):
    """What a push needs."""

    def first_push(self, channel: str, limit: int) -> int:
        connection = f"channel_{channel}"
        queued = len(self._of(channel, Status.QUEUED))
        asked = any(
            hold.kind is HoldKind.FIRST_RUN for hold in (*self.in_force, *self.ended) if hold.connection == connection
        )
        asked |= any(hold.kind in (HoldKind.PERSON, HoldKind.RESTORE) for hold in self.holds((connection,)))
        return 0 if asked or queued <= limit or any(row.attempts for row in self._of(channel)) else queued

    def queued(self, channel: str, *, sent_before: bool) -> int:
        now = self.now()
        return sum(row.claimable(now) and (sent_before or not row.tried) for row in self._of(channel))

    def switched_off(self, channel: str) -> int:
        off = [hold for hold in self.in_force if hold.kind is HoldKind.SWITCHED_OFF]
        queued = self._of(channel, Status.QUEUED)
        of = [(channel, row.erp, row.transaction.distributor) for row in queued]
        return sum(any(stops_sending(hold, *each) for hold in off) for each in of)

    def retry_refused(self, channel: str, erp: str, fewer_than: int, actor: Actor) -> int:
        again = [
            (key, row)
            for key, row in self.rows.items()
            if (row.channel, row.erp, row.status) == (channel, erp, Status.FAILED)
            and row.tried
            and surely_refused(row.attempts)
            and 1 <= row.refusals < fewer_than
            and (key, actor.reason) not in self.retried
        ]
        for key, row in again:
            row.generation, row.code, row.message, row.window_ends_at = row.generation + 1, None, "", None
            row.next_attempt_at = self.now()
            self.retried.add((key, actor.reason))
            self._move(row, Event.RETRIED, actor.by)
        return len(again)

    def waits(self, channels: Collection[str], *, sent_before: bool) -> bool:
        return any(self._waits(channel, sent_before) for channel in channels)

    def _waits(self, channel: str, sent_before: bool) -> bool:
        now, read_at = self.now(), self.marked_at.get(channel)
        free = [
            row
            for row in self._of(channel)
            if row.claimable(now) and (sent_before or not row.tried)
            if not any(stops_sending(hold, channel, "", row.transaction.distributor) for hold in self.in_force)
        ]
        return bool(free) and read_at is not None and read_at > now - timedelta(hours=1)

    def off_peak(self, channel: str) -> int:
        return sum(row.tried for row in self._of(channel, Status.QUEUED))

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
        now, entries = self.now(), list[Entry]()
        free = [
            (key, row)
            for key, row in self.rows.items()
            if row.channel == channel and row.claimable(now) and (sent_before or not row.tried)
            if selection is None or key in self.chosen_by[selection]
        ]
        free.sort(key=lambda item: item[1].backfilled)
        if as_probe:
            refused_at = {key: n for n, (key, attempt) in enumerate(self.answered) if attempt.outcome == Event.REFUSED}
            free = sorted(free, key=lambda item: refused_at.get(item[0], -1))[:1]
        for key, row in free:
            of = (channel, row.erp, row.transaction.distributor)
            holds = [hold for hold in self.in_force if stops_sending(hold, *of)]
            held = any(hold.kind is not HoldKind.CONFIGURATION or not as_probe for hold in holds)
            if len(entries) < limit and not held:
                row.generation += 1
                row.lease_until, row.leased_by = now + timedelta(seconds=lease_seconds), actor.by
                entries.append(self._entry(key, row))
        return Claim(entries, lease_seconds)

    def open(
        self, claim: Claim, orders: Mapping[OrderKey, Made], grace_seconds: float, window_seconds: float
    ) -> set[OrderKey]:
        now, opened = self.now(), set()
        for entry in claim.entries:
            row = self.rows[entry.key]
            same = row.status is Status.QUEUED and row.generation == entry.generation
            if entry.key not in orders or not same or row.lease_until is None or row.lease_until <= now:
                continue
            unsettled = [each for each in row.attempts if to_settle(each, row.received_at)]
            if not unsettled:
                self._bear(row, orders[entry.key].order.short_reference)
            row.window_ends_at = row.window_ends_at or now + timedelta(seconds=window_seconds)
            self._move(row, Event.ATTEMPT_OPENED, row.leased_by)
            if unsettled:
                ends = [each.closed_at if each.outcome == Event.RECEIPT else each.grace_until for each in unsettled]
                row.next_look_at = max(now, *(end for end in ends if end))
                row.generation, row.lease_until = row.generation + 1, None
                continue
            grace_until = max(row.lease_until, now + timedelta(seconds=grace_seconds))
            row.first_attempt_at, row.next_look_at = row.first_attempt_at or now, grace_until
            sent = replace(orders[entry.key], problems=(), sound_money=True)
            row.attempts.append(Attempt(row.generation, now, grace_until, sent))
            opened.add(entry.key)
        return opened

    def close(
        self,
        outcomes: Sequence[Outcome],
        next_look_at: datetime | None,
        grace_seconds: float,
        window_seconds: float,
        actor: Actor,
    ) -> None:
        now = self.now()
        for outcome in outcomes:
            if (row := self.rows.get(outcome.key)) is None:
                continue
            awaited = row.status is Status.SENDING and row.generation == outcome.generation
            if outcome.event is Event.RECEIPT and not awaited:
                row.generation += 1
                row.next_look_at = min(row.next_look_at or now, now) if row.status in IN_DOUBT else row.next_look_at
                row.acknowledged_as = _number(outcome) or row.acknowledged_as
            open_ones = [each for each in row.attempts if each.closed_at is None]
            for attempt in open_ones:
                if attempt.generation == outcome.generation:
                    attempt.close(outcome, now, grace_seconds)
                    if outcome.event in (Event.RECEIPT, Event.REFUSED):
                        self.answered.append((outcome.key, attempt))
                    if awaited:
                        self._close(row, outcome, attempt, next_look_at, timedelta(seconds=window_seconds), actor)

    def _close(
        self,
        row: Row,
        outcome: Outcome,
        attempt: Attempt,
        next_look_at: datetime | None,
        window: timedelta,
        actor: Actor,
    ) -> None:
        now = attempt.closed_at
        assert now
        row.code, row.message, row.lease_until = outcome.code, outcome.message, None
        row.next_look_at = attempt.grace_until if outcome.event is None else None
        if outcome.event is None:
            return
        others = any(went_out(each) for each in row.since_first if each is not attempt)
        if outcome.retry_after:
            row.next_attempt_at = now + outcome.retry_after
        if outcome.event is Event.NOT_SENT and not others:
            row.first_attempt_at = row.window_ends_at = None
        if outcome.receipt:
            row.erp_number = row.acknowledged_as = _number(outcome) or row.erp_number
            row.erp_status = outcome.receipt.erp_status or row.erp_status
            row.erp_company = outcome.receipt.company or row.erp_company
        if outcome.event is Event.RECEIPT:
            row.window_ends_at = row.window_ends_at if row.receipt_at else now + window
            row.receipt_at = now
            row.next_look_at = min(at for at in (next_look_at, row.window_ends_at) if at)
        self._move(row, outcome.event, actor.by)

    def release(self, claim: Claim) -> None:
        for entry in claim.entries:
            row = self.rows[entry.key]
            if row.status is Status.QUEUED and row.generation == entry.generation:
                row.lease_until = None

    def refused_in_a_row(self, erp: str, code: str, number: int) -> Sequence[Refused]:
        answers = [(n, key, each) for n, (key, each) in enumerate(self.answered) if self.rows[key].erp == erp]
        taken = max((n for n, _, each in answers if each.outcome == Event.RECEIPT), default=-1)
        same = [each for each in answers if (each[2].outcome, each[2].code) == (Event.REFUSED, code)]
        lately = {key for n, key, each in same if n < taken and _since_received(self.rows[key], each)}
        stand = [key for key in lately if self.rows[key].status in GIVEN_UP and self.rows[key].code == code]
        last = {key: (n, each) for n, key, each in same}
        in_a_row = {key: each for key, (n, each) in last.items() if n > taken and key not in lately}
        if len(in_a_row) < number + len(stand):
            return []
        return [
            Refused(key, row.generation, code, attempt.message)
            for key, attempt in in_a_row.items()
            if (row := self.rows[key]).status is not Status.FAILED
            or (row.code == code and _since_received(row, attempt))
        ]

    def failed_in_run(self, run: str, since: datetime) -> FailedInRun:
        steps = [each for each, at in zip(self.history, self.happened_at, strict=True) if at >= since]
        steps = [each for each in steps if each[1] is not None and each[4].startswith(f"{run}/")]
        failed = {key for key, _, _, to_status, _ in steps if to_status in FAILED}
        codes = [self.rows[key].code or "UNKNOWN" for key in failed if self.rows[key].status in FAILED]
        return FailedInRun(len({key for key, *_ in steps}), Counter(codes))


def _number(outcome: Outcome) -> str:
    return outcome.receipt.number if outcome.receipt else ""


def _since_received(row: Row, attempt: Attempt) -> bool:
    return attempt.closed_at is not None and attempt.closed_at >= row.received_at
