"""The orders of the ledger in memory: what it keeps of them, and what every change of one does.

It keeps the same promises as the real ledger: `tests/contract/ledger` tries both.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.intake.findings import Finding
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import (
    DONE,
    GIVEN_UP,
    IN_DOUBT,
    TRANSITIONS,
    Event,
    Status,
    Who,
    allowed,
    step,
)
from order_sync.core.order.companies import same_company
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.orders import Change, Entry
from order_sync.core.sending.holds import Hold
from order_sync.core.settling.verdict import InDoubt
from tests.memory.clock import Clock
from tests.memory.rows import Attempt, Row

LOOKS = {(row.from_status, row.event) for row in TRANSITIONS if row.who is Who.SETTLE}
"""What only a look-up tells."""


@dataclass
class MemoryOrders:
    """Every order by its key, and the history, on a clock of its own, which never shows the same instant twice.

    `copy` is the copy of each ERP's reference data until one is stored.
    """

    clock: Clock = field(default_factory=Clock)
    ticks: int = 0
    rows: dict[OrderKey, Row] = field(default_factory=dict)
    history: list[tuple[OrderKey, str | None, str, str, str]] = field(default_factory=list)
    happened_at: list[datetime] = field(default_factory=list)
    retried: set[tuple[OrderKey, str]] = field(default_factory=set)
    marks: dict[str, Watermark] = field(default_factory=dict)
    marked_at: dict[str, datetime] = field(default_factory=dict)
    rounds: dict[tuple[str, str], int] = field(default_factory=dict)
    validated: set[str] = field(default_factory=set)
    fingerprints: dict[str, str] = field(default_factory=dict)
    copy: ReferenceData | None = None
    copies: dict[str, ReferenceData] = field(default_factory=dict)
    asked: dict[tuple[str, Wanted], datetime] = field(default_factory=dict)
    in_force: list[Hold] = field(default_factory=list)
    ended: list[Hold] = field(default_factory=list)
    answered: list[tuple[OrderKey, Attempt]] = field(default_factory=list)
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    has_told: set[tuple[str, str, str]] = field(default_factory=set)
    chosen_by: list[dict[OrderKey, str | None]] = field(default_factory=list)

    def now(self) -> datetime:
        self.ticks += 1
        return self.clock.now + timedelta(microseconds=self.ticks)

    def counts(self, channel: str) -> Mapping[str, int]:
        return Counter(row.status for row in self._of(channel))

    def status(self, number: int = 1) -> Status:
        return self.rows[OrderKey("shop", (str(number),))].status

    def apply(self, changes: Sequence[Change], actor: Actor) -> int:
        order = {key: number for number, key in enumerate(self.rows)}
        known = sorted((each for each in changes if each.key in order), key=lambda each: order[each.key])
        return sum(self._apply(self.rows[change.key], change, actor) for change in known)

    def entries(self, keys: Collection[OrderKey]) -> Sequence[Entry]:
        return [self._entry(key, row) for key, row in self.rows.items() if key in keys and row.kept]

    def versions(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Sequence[Transaction]]:
        return {key: self.rows[key].versions if key in self.rows else [] for key in keys}

    def _of(self, channel: str, *statuses: Status) -> list[Row]:
        rows = [row for row in self.rows.values() if row.channel == channel]
        return [row for row in rows if not statuses or row.status in statuses]

    def _in_doubt(self, channel: str) -> list[tuple[OrderKey, Row]]:
        return [item for item in self.rows.items() if item[1].channel == channel and item[1].status in IN_DOUBT]

    def _entries(self, channel: str, status: Status) -> list[Entry]:
        return [self._entry(row.transaction.key, row) for row in self._of(channel, status)]

    def _entry(self, key: OrderKey, row: Row) -> Entry:
        doubt = None
        last = row.last_sent(row.content_version)
        sent = last.made if last else None
        if row.status in IN_DOUBT or (row.status in GIVEN_UP and row.tried):
            end = row.window_ends_at or self.now()
            grace_until = max(attempt.grace_until for attempt in row.attempts)
            money = (sent.order.total, sent.order.currency) if sent else (row.total, row.currency)
            doubt = InDoubt(row.status, *money, grace_until, end, row.resends, row.acknowledged_as)
        facts = (row.generation, row.transaction, row.received_at, doubt, row.refusals, len(row.versions), sent)
        return Entry(key, row.status, *facts, row.acknowledged_as, row.sent_at, row.bears)

    def _apply(self, row: Row, change: Change, actor: Actor) -> bool:
        if (row.status, row.generation) != (change.from_status, change.generation):
            return False
        event, code, message = change.event, change.code, change.message
        found = (row.status, event) in LOOKS
        definite = found and event not in (Event.TAKEN, Event.WINDOW_OVER)
        row.erp_company = change.erp_company or row.erp_company
        owner = self._owner(row, change.erp_number) if event and step(row.status, event) in DONE else None
        if owner:
            event = Event.DIFFERENT if allowed(row.status, Event.DIFFERENT) else None
            code, message = (
                "ORDER_CONFLICT",
                (
                    f"the ERP names {change.erp_number} as its order number, which is that of order {owner}: a person"
                    " compares the two in the ERP"
                ),
            )
        if found or change.event is None:
            row.heard(event, definite, not change.by_receipt, self.now())
        row.next_look_at = change.next_look_at
        row.erp_number, row.erp_status = change.erp_number or row.erp_number, change.erp_status or row.erp_status
        row.acknowledged_as = row.acknowledged_as if change.acknowledged_as is None else change.acknowledged_as
        if change.order:
            row.total, row.currency = change.order.total, change.order.currency
        if event is None:
            row.code, row.message = (code, message) if code else (row.code, row.message)
            return True
        row.code, row.message, row.problems, row.lease_until = code, message, change.problems, None
        if step(row.status, event) is Status.QUEUED:
            row.next_attempt_at = self.now()
        if event in (Event.ABSENT, Event.HALF_MADE):
            row.resends += row.tried
            row.window_ends_at = row.window_ends_at if row.tried else None
        if event is Event.CONFIGURATION_SUSPECTED:
            row.take_back()
        row.generation += 1
        self._move(row, event, actor.by)
        return True

    def _owner(self, row: Row, number: str) -> OrderKey | None:
        """Another order that is done under this number of the same company of the ERP."""
        done = [(key, each) for key, each in self.rows.items() if each is not row and each.status in DONE]
        same = [(key, each) for key, each in done if (each.erp, each.erp_number) == (row.erp, number)]
        its = (row.channel, row.erp_company)
        return next((key for key, each in same if same_company(each.channel, each.erp_company, *its)), None)

    def _move(self, row: Row, event: Event, by: str) -> None:
        before, row.status = row.status, step(row.status, event)
        self._note(row.transaction.key, before, event, row.status, by)
        if row.status is Status.RECEIVED and before is not Status.RECEIVED:
            row.received_at, row.resends, row.code, row.message, row.problems = self.now(), 0, None, "", ()
            row.receipt_at = row.window_ends_at = row.next_look_at = row.lease_until = row.first_attempt_at = None

    def _note(self, key: OrderKey, before: Status | None, event: str, after: Status, by: str) -> None:
        self.history.append((key, before, event, after, by))
        self.happened_at.append(self.now())
