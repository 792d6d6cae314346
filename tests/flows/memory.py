"""A ledger and an ERP in memory, for flows and the model of the lifecycle.

The ledger keeps the same promises as the real one. The ERP is one that nobody could have for real: it loses answers,
stores orders late, leaves them half-made, forgets them, cancels them and edits them, when it is told to.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from order_sync.core.advice import CATALOGUE
from order_sync.core.calendar_days import Window
from order_sync.core.difference import difference
from order_sync.core.errors import Misconfigured, OrderConflict, OrderRefused, OutcomeUnknown, Transient
from order_sync.core.findings import Finding
from order_sync.core.holds import Hold, HoldKind, HoldScope
from order_sync.core.lifecycle import (
    DONE,
    GIVEN_UP,
    IN_DOUBT,
    STANDINGS,
    TRANSITIONS,
    UNFINISHED,
    Event,
    Status,
    Who,
    allowed,
    step,
)
from order_sync.core.orders import Order, OrderKey, Transaction
from order_sync.core.ports import (
    Actor,
    Batch,
    Change,
    Claim,
    Entry,
    Health,
    Horizon,
    InErp,
    Landing,
    Outcome,
    Receipt,
    Refused,
)
from order_sync.core.reading import read_instant
from order_sync.core.red_runs import FailedInRun
from order_sync.core.rules import ReferenceData, Wanted
from order_sync.core.verdict import Doubt, Found, FoundState, Guarantee
from order_sync.core.watermark import Watermark

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FAILED = {status for status, standing in STANDINGS.items() if standing.roll_up == "Failed"}
DETAILS = (
    '{"ships": false, "ship_to": null, "charges": [],'
    ' "lines": [{"number": 1, "sku": "TEA", "quantity": "2", "net": "10.00", "tax_code": "", "tax": "0"}]}'
)


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = START

    def sleep(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def monotonic(self) -> float:
        return (self.now - START).total_seconds()


def transaction(number: int = 1, **changes: object) -> Transaction:
    """A good transaction of channel `shop`, number by number another one."""
    key = OrderKey("shop", (str(number),))
    good = Transaction(
        key=key,
        counter=number,
        digest=f"digest {number}",
        not_an_order=None,
        source_status="concluded",
        reference=f"WEB-{number}",
        receipt="",
        customer_account="C-1",
        distributor="usrt",
        placed_at="2026-03-02T08:00:00+00:00",
        delivery_date="2026-03-05",
        currency="EUR",
        total="10.00",
        expected_lines=1,
        present_lines=1,
        details=DETAILS,
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def reference(as_of: datetime = START) -> ReferenceData:
    """Reference data in which `transaction()` is valid."""
    facts: dict[Wanted, dict[str, object]] = {
        ("sku", "TEA"): {"salable": True, "digits": 0},
        ("customer", "C-1"): {},
        ("currency", "EUR"): {"digits": 2},
        ("country", "DE"): {},
        ("state", "DE-NW"): {},
        ("tax", "DE19"): {"rate": "19"},
    }
    return ReferenceData(facts, as_of)


@dataclass
class MemoryChannel:
    """A channel that holds what it is given, in the order of its counters."""

    rows: list[Transaction] = field(default_factory=list)
    database: str = "database 1"
    down: bool = False
    most_passed: int = 500

    def fingerprint(self) -> str:
        self._answer()
        return self.database

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        self._answer()
        new = sorted((row for row in self.rows if (row.counter or 0) > since.counter), key=lambda row: row.counter or 0)
        last = max((row.counter or 0 for row in new), default=since.counter)
        yield Batch(new, Watermark(since.fingerprint, last))

    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        self._answer()
        yield [row for row in self.rows if row.key in keys]

    def passed(self, mark: Watermark) -> Sequence[OrderKey]:
        self._answer()
        below = sorted((row.counter, row.key) for row in self.rows if row.counter and row.counter <= mark.counter)
        return [key for _, key in {*below[: self.most_passed], *below[max(len(below) - self.most_passed, 0) :]}]

    def keys(self, window: Window) -> Iterator[Sequence[tuple[OrderKey, str]]]:
        self._answer()
        placed = [(row, read_instant(row.placed_at)) for row in self.rows]
        yield [(row.key, row.digest) for row, instant in placed if instant and instant in window]

    def _answer(self) -> None:
        if self.down:
            raise Transient("the channel is away", code="EXTRACT_FAILED")


NOT_THERE = (Event.NOT_SENT, Event.REFUSED, Event.REFUSED_TOO_OFTEN)
"""Ends of an attempt after which the ERP has no order of it."""


@dataclass
class Row:
    """An order in the ledger."""

    transaction: Transaction
    status: Status
    received_at: datetime
    reason: str = ""
    generation: int = 0
    code: str | None = None
    message: str = ""
    total: Decimal = Decimal(0)
    currency: str = ""
    erp_number: str = ""
    acknowledged_as: str = ""
    problems: tuple[object, ...] = ()
    lease_until: datetime | None = None
    next_look_at: datetime | None = None
    window_ends_at: datetime | None = None
    receipt_at: datetime | None = None
    resends: int = 0
    attempts: list["Attempt"] = field(default_factory=list)
    earlier_attempts: int = 0
    landed_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.landed_at = self.received_at

    @property
    def tried(self) -> bool:
        """Whether it was tried since it was received, or since its refusals were taken back."""
        return any(attempt.outcome is not Event.NOT_SENT for attempt in self.attempts[self.earlier_attempts :])

    @property
    def refusals(self) -> int:
        """How often it was refused, but for what was taken back."""
        return sum(each.outcome is Event.REFUSED and each.resolution is Event.REFUSED for each in self.attempts)

    def curable(self, stored: Collection[str]) -> bool:
        """Whether new or changed reference data under these names may cure it."""
        if not self.tried:
            references = {getattr(problem, "reference", None) for problem in self.problems}
            return "NOT_AUTOMATED" not in _codes(self) and not references.isdisjoint(stored)
        cured_by = self.attempts[-1].cured_by
        return self.surely_refused and bool(cured_by) and (self.refusals == 1 or not set(cured_by).isdisjoint(stored))

    @property
    def surely_refused(self) -> bool:
        """Whether the ERP has nothing of it by any attempt."""
        outcomes, codes = ({getattr(each, name) for each in self.attempts} for name in ("outcome", "code"))
        return outcomes <= {Event.REFUSED, Event.NOT_SENT} and "CANCELLED_IN_ERP" not in codes

    def closed(self, outcome: Outcome, now: datetime, grace_seconds: float) -> "Attempt":
        """Keep what an attempt ended with."""
        attempt = next(item for item in self.attempts if item.generation == outcome.generation)
        attempt.outcome, attempt.code, attempt.message = outcome.event, outcome.code, outcome.message
        attempt.closed_at = now
        attempt.cured_by = outcome.cured_by
        attempt.grace_until = now + timedelta(seconds=grace_seconds)
        if outcome.receipt:
            self.acknowledged_as = outcome.receipt.number or self.acknowledged_as
        if outcome.event is not Event.RECEIPT:
            attempt.resolution = attempt.resolution or outcome.event
        return attempt

    def heard_late(self, outcome: Outcome, now: datetime) -> None:
        """Let a receipt that nobody awaited any more end every claim and look of before."""
        if outcome.event is Event.RECEIPT:
            self.generation += 1
            self.next_look_at = min(self.next_look_at or now, now) if self.status in IN_DOUBT else self.next_look_at

    def looked_at(self, event: Event | None, now: datetime) -> None:
        """Keep what a look-up said about every attempt."""
        for attempt in self.attempts:
            attempt.looked_at = now
            if event not in (None, Event.TAKEN, Event.WINDOW_OVER) and not attempt.resolution:
                attempt.resolution, attempt.resolved_at = event, now

    def take_back(self) -> None:
        """Take the refusals back that came since it was received."""
        lately = self.attempts[self.earlier_attempts :]
        for attempt in lately:
            attempt.resolution = (
                Event.CONFIGURATION_SUSPECTED if attempt.outcome is Event.REFUSED else attempt.resolution
            )
        if {attempt.outcome for attempt in lately} <= {Event.REFUSED, Event.NOT_SENT}:
            self.earlier_attempts, self.window_ends_at = len(self.attempts), None


@dataclass
class Attempt:
    """One try to send; `outcome` None is open or unknown."""

    generation: int
    opened_at: datetime
    grace_until: datetime
    outcome: Event | None = None
    closed_at: datetime | None = None
    looked_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: Event | None = None
    code: str | None = None
    message: str = ""
    cured_by: tuple[str, ...] = ()

    @property
    def not_found_since(self) -> bool:
        """Whether a look-up after its end did not find the order."""
        early = self.closed_at and self.resolved_at and self.resolved_at < self.closed_at
        return self.resolution is Event.ABSENT and not early

    def settle_from(self, received_at: datetime) -> datetime | None:
        """From when it has to be looked up before anything is sent again; None if it has not to."""
        looked_at = self.looked_at or datetime.min.replace(tzinfo=UTC)
        there = self.outcome not in NOT_THERE and self.resolution not in NOT_THERE
        received = self.outcome is Event.RECEIPT
        late = self.outcome in (Event.RECEIPT, None) and self.closed_at is not None and looked_at < self.closed_at
        found_absent = self.resolution is Event.ABSENT and looked_at == received_at  # this clock may stand still
        if (there and looked_at <= received_at and not found_absent) or late:
            return self.closed_at if received else self.grace_until
        return None


@dataclass
class MemoryLedger:
    """The Ledger port over a dictionary, on a clock of its own."""

    clock: Clock = field(default_factory=Clock)
    rows: dict[OrderKey, Row] = field(default_factory=dict)
    history: list[tuple[OrderKey, str | None, str, str, str]] = field(default_factory=list)
    retried: set[tuple[OrderKey, str]] = field(default_factory=set)
    marks: dict[str, Watermark] = field(default_factory=dict)
    validated: set[str] = field(default_factory=set)
    fingerprints: dict[str, str] = field(default_factory=dict)
    copy: ReferenceData | None = None
    in_force: list[Hold] = field(default_factory=list)
    ended: list[Hold] = field(default_factory=list)
    answered: list[tuple[OrderKey, Attempt]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    has_told: list[Finding] = field(default_factory=list)
    chosen_by: list[dict[OrderKey, str | None]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.clock.now

    def check_fingerprint(self, connection: str, fingerprint: str, twins: Collection[str] = ()) -> None:
        if any(self.fingerprints.get(twin) == fingerprint for twin in twins):
            raise Misconfigured(f"{connection} and a twin lead to the same database")
        if self.fingerprints.setdefault(connection, fingerprint) != fingerprint:
            raise Misconfigured(f"{connection} is another system than the accepted one")

    def watermark(self, channel: str) -> Watermark | None:
        return self.marks.get(channel)

    def record(
        self, channel: str, erp: str, landings: Sequence[Landing], watermark: Watermark | None, actor: Actor
    ) -> Mapping[str, int]:
        counts = {"new": 0, "changed": 0, "unchanged": 0, "conflict": 0, "cancelled_at_source": 0}
        for landing in landings:
            key = landing.transaction.key
            row = self.rows.get(key)
            if row is None:
                self.rows[key] = Row(landing.transaction, landing.status, self.now(), landing.reason)
                counts["new"] += 1
            elif row.transaction.digest == landing.transaction.digest:
                counts["unchanged"] += 1
            else:
                self._change(key, row, landing, actor)
                counts["changed"] += 1
                if row.status in counts:
                    counts[row.status] += 1
        if watermark:
            self.marks[channel] = watermark
        return counts

    def _change(self, key: OrderKey, row: Row, landing: Landing, actor: Actor) -> None:
        what = difference(row.transaction, landing.transaction)
        row.transaction = landing.transaction
        if landing.status is Status.NOT_AN_ORDER:
            row.reason = landing.reason
        event = _event_of(row.status, landing.status)
        if (row.status is not Status.WAITING and not what) or not allowed(row.status, event):
            return
        row.generation += 1
        row.lease_until = row.next_look_at = None
        row.message = what
        self._move(key, row, event, actor.by)

    def waiting(self, channel: str) -> Sequence[Entry]:
        return self._entries(Status.WAITING)

    def unfinished(self, channel: str, limit: int) -> Sequence[tuple[OrderKey, str]]:
        return [(key, row.transaction.digest) for key, row in self.rows.items() if row.status in UNFINISHED][:limit]

    def done(self, channel: str, limit: int, done_for: timedelta) -> Sequence[tuple[OrderKey, str]]:
        lately = self.now() - done_for
        done = [(key, row) for key, row in self.rows.items() if row.status in DONE and row.received_at > lately]
        return [(key, row.transaction.digest) for key, row in done][:limit]

    def no_orders(
        self, channel: str, limit: int, landed_for: timedelta, never: Collection[str]
    ) -> Sequence[tuple[OrderKey, str]]:
        lately = self.now() - landed_for
        return [
            (key, row.transaction.digest)
            for key, row in self.rows.items()
            if (
                row.status is Status.CANCELLED_AT_SOURCE
                or (row.status is Status.NOT_AN_ORDER and row.reason not in never)
            )
            and row.landed_at > lately
        ][:limit]

    def unknown(self, keys: Collection[OrderKey]) -> Sequence[OrderKey]:
        return [key for key in keys if key not in self.rows]

    def find(self, findings: Collection[Finding], actor: Actor) -> None:
        self.findings += [finding for finding in findings if finding not in self.findings]

    def untold(self, connections: Collection[str]) -> Sequence[Finding]:
        return [each for each in self.findings if each.connection in connections and each not in self.has_told]

    def told(self, findings: Collection[Finding]) -> None:
        self.has_told += findings

    def to_validate(self, channel: str, after: OrderKey | None, limit: int) -> Sequence[Entry]:
        entries = sorted(self._entries(Status.RECEIVED), key=lambda entry: entry.key)
        return [entry for entry in entries if after is None or entry.key > after][:limit]

    def apply(self, changes: Sequence[Change], actor: Actor) -> int:
        return sum(self._apply(change, actor) for change in changes)

    def store_reference(self, erp: str, data: ReferenceData, actor: Actor) -> int:
        known = self.copy.facts if self.copy else {}
        stored = {f"{kind}:{code}" for (kind, code), facts in data.facts.items() if known.get((kind, code)) != facts}
        self.copy = data
        curable = [(key, row) for key, row in self.rows.items() if row.status is Status.FAILED and row.curable(stored)]
        for key, row in curable:
            row.generation += 1
            self._move(key, row, Event.REFERENCE_CHANGED, actor.by)
        return len(curable)

    def reference(self, erp: str, wanted: Collection[Wanted]) -> ReferenceData | None:
        return self.copy

    def judge_again(self, channel: str, erp: str, actor: Actor, cured: str | None = None) -> int:
        failed = [
            (key, row)
            for key, row in self.rows.items()
            if row.status is Status.FAILED
            and row.problems
            and "NOT_AUTOMATED" not in _codes(row)
            and (cured is None or cured in {getattr(problem, "reference", None) for problem in row.problems})
        ]
        for key, row in failed:
            row.generation, row.code, row.message, row.problems = row.generation + 1, None, "", ()
            self._move(key, row, Event.REFERENCE_CHANGED if cured else Event.RESYNC, actor.by)
        return len(failed)

    def note_validated(self, channel: str) -> None:
        self.validated |= {channel} & self.marks.keys()

    def retry_refused(self, channel: str, erp: str, fewer_than: int, actor: Actor) -> int:
        refused = [
            (key, row)
            for key, row in self.rows.items()
            if row.status is Status.FAILED
            and row.tried
            and row.surely_refused
            and 1 <= row.refusals < fewer_than
            and (key, actor.why) not in self.retried
        ]
        for key, row in refused:
            row.generation, row.code, row.message, row.window_ends_at = row.generation + 1, None, "", None
            self.retried.add((key, actor.why))
            self._move(key, row, Event.RETRIED, actor.by)
        return len(refused)

    def queued(self, channel: str, *, sent_before: bool) -> int:
        return sum(
            row.transaction.key.channel == channel and row.status is Status.QUEUED and (sent_before or not row.tried)
            for row in self.rows.values()
        )

    def waits(self, channels: Collection[str], *, sent_before: bool) -> bool:
        return any(
            row.transaction.key.channel in channels and row.status is Status.QUEUED and (sent_before or not row.tried)
            for row in self.rows.values()
        )

    def off_peak(self, channel: str) -> int:
        return sum(row.status is Status.QUEUED and row.tried for row in self.rows.values())

    def look_now(self, channel: str, limit: int) -> int:
        later = [
            row
            for row in self.rows.values()
            if row.status in (Status.SENT, Status.PENDING_VERIFICATION)
            and (row.next_look_at is None or row.next_look_at > self.now())
        ][:limit]
        for row in later:
            row.next_look_at = self.now()
        return len(later)

    def first_push(self, channel: str, limit: int) -> int:
        queued = len(self._entries(Status.QUEUED))
        asked = any(hold.kind is HoldKind.FIRST_RUN for hold in (*self.in_force, *self.ended))
        asked |= any(hold.kind in (HoldKind.PERSON, HoldKind.RESTORE) for hold in self.holds((f"channel_{channel}",)))
        return 0 if asked or queued <= limit or any(row.attempts for row in self.rows.values()) else queued

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
        entries: list[Entry] = []
        if any(_stops_sending(hold, as_probe) for hold in self.in_force):
            return Claim(entries, lease_seconds)
        refused = {key: n for n, (key, attempt) in enumerate(self.answered) if attempt.outcome is Event.REFUSED}
        rows = sorted(self.rows.items(), key=lambda item: refused.get(item[0], -1) if as_probe else 0)
        for key, row in rows:
            free = row.lease_until is None or row.lease_until <= self.now()
            meant = key.channel == channel and (selection is None or key in self.chosen_by[selection])
            waits = row.tried and not sent_before
            if row.status is Status.QUEUED and free and meant and not waits and len(entries) < limit:
                row.generation += 1
                row.lease_until = self.now() + timedelta(seconds=lease_seconds)
                entries.append(self._entry(key, row))
        return Claim(entries, lease_seconds)

    def open(
        self, claim: Claim, keys: Sequence[OrderKey], grace_seconds: float, window_seconds: float
    ) -> set[OrderKey]:
        opened = set()
        for entry in claim.entries:
            row = self.rows[entry.key]
            same = row.status is Status.QUEUED and row.generation == entry.generation
            if entry.key not in keys or not same or row.lease_until is None or row.lease_until <= self.now():
                continue
            first = [at for attempt in row.attempts if (at := attempt.settle_from(row.received_at))]
            row.window_ends_at = row.window_ends_at or self.now() + timedelta(seconds=window_seconds)
            self._move(entry.key, row, Event.ATTEMPT_OPENED, "push")
            if first:
                row.generation, row.lease_until, row.next_look_at = row.generation + 1, None, max(*first, self.now())
                continue
            grace_until = max(row.lease_until, self.now() + timedelta(seconds=grace_seconds))
            row.next_look_at = grace_until
            row.attempts.append(Attempt(row.generation, self.now(), grace_until))
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
        for outcome in outcomes:
            row = self.rows[outcome.key]
            attempt = row.closed(outcome, self.now(), grace_seconds)
            if outcome.event in (Event.RECEIPT, Event.REFUSED):
                self.answered.append((outcome.key, attempt))
            if row.status is not Status.SENDING or row.generation != outcome.generation:
                row.heard_late(outcome, self.now())
                continue
            row.code, row.message = outcome.code, outcome.message
            row.lease_until = None
            if outcome.event is None:
                row.next_look_at = attempt.grace_until
                continue
            self._move(outcome.key, row, outcome.event, actor.by)
            if outcome.event is Event.RECEIPT:
                if row.receipt_at is None:
                    row.receipt_at = self.now()
                    row.window_ends_at = self.now() + timedelta(seconds=window_seconds)
                row.next_look_at = next_look_at
            elif outcome.event is Event.NOT_SENT:
                row.next_look_at = None
                if all(item.outcome is Event.NOT_SENT for item in row.attempts):
                    row.window_ends_at = None

    def release(self, claim: Claim) -> None:
        for entry in claim.entries:
            row = self.rows[entry.key]
            if row.status is Status.QUEUED and row.generation == entry.generation:
                row.lease_until = None

    def doubt(self, channel: str, window_seconds: float, actor: Actor) -> int:
        return 0  # it was never lost

    def due(self, channel: str, limit: int) -> Sequence[Entry]:
        return [
            self._entry(key, row)
            for key, row in self.rows.items()
            if row.status in IN_DOUBT and row.next_look_at is not None and row.next_look_at <= self.now()
        ][:limit]

    def horizon(self, channel: str, selection: int | None = None) -> Horizon:
        meant = self.rows if selection is None else self.chosen_by[selection]
        doubts = [row for key, row in self.rows.items() if row.status in IN_DOUBT and key in meant]
        looks = [row.next_look_at for row in doubts if row.next_look_at]
        ends = [row.window_ends_at for row in doubts if row.window_ends_at]
        return Horizon(min(looks, default=None), max(ends, default=None))

    def failed_in_run(self, run: str, since: datetime) -> FailedInRun:
        worked = {key for key, before, _, _, by in self.history if before is not None and by.startswith(f"{run}/")}
        failed = {key for key, _, _, to_status, by in self.history if by.startswith(f"{run}/") and to_status in FAILED}
        codes = [self.rows[key].code or "UNKNOWN" for key in failed if self.rows[key].status in FAILED]
        return FailedInRun(len(worked), Counter(codes))

    def counts(self, channel: str) -> Mapping[str, int]:
        return {status: len(self._entries(status)) for status in Status if self._entries(status)}

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        return [hold for hold in self.in_force if hold.connection in connections]

    def hold(self, connection: str, kind: HoldKind, scope: HoldScope, reason: str, actor: Actor) -> None:
        if not any((hold.connection, hold.kind) == (connection, kind) for hold in self.in_force):
            self.in_force.append(Hold(connection, kind, scope, actor.by, reason, self.now()))

    def release_hold(self, connection: str, kind: HoldKind | None, actor: Actor) -> int:
        ended = [hold for hold in self.in_force if hold.connection == connection and kind in (None, hold.kind)]
        self.in_force = [hold for hold in self.in_force if hold not in ended]
        self.ended += ended
        return len(ended)

    def refused_in_a_row(self, erp: str, code: str, number: int) -> Sequence[Refused]:
        taken = max((n for n, (_, each) in enumerate(self.answered) if each.outcome is Event.RECEIPT), default=-1)
        refused = [
            (n > taken, attempt.opened_at >= self.rows[key].received_at, key, attempt)
            for n, (key, attempt) in enumerate(self.answered)
            if (attempt.outcome, attempt.code) == (Event.REFUSED, code)
        ]
        for_its_own_sake = {key for since, lately, key, _ in refused if lately and not since}
        stand = [key for key in for_its_own_sake if self.rows[key].status in (Status.FAILED, Status.DEAD)]
        in_a_row = {
            key: (lately, each) for since, lately, key, each in refused if since and key not in for_its_own_sake
        }
        if len(in_a_row) < number + sum(self.rows[key].code == code for key in stand):
            return []
        return [
            Refused(key, self.rows[key].generation, code, attempt.message)
            for key, (lately, attempt) in in_a_row.items()
            if self.rows[key].status is not Status.FAILED or (lately and self.rows[key].code == code)
        ]

    def overdue(self, channel: str, limit: int) -> Sequence[Entry]:
        return [
            self._entry(key, row)
            for key, row in self.rows.items()
            if row.status in (Status.SENDING, Status.SENT) and row.window_ends_at and row.window_ends_at <= self.now()
        ][:limit]

    def status(self, number: int = 1) -> Status:
        return self.rows[OrderKey("shop", (str(number),))].status

    def _entries(self, status: Status) -> list[Entry]:
        return [self._entry(key, row) for key, row in self.rows.items() if row.status is status]

    def _entry(self, key: OrderKey, row: Row) -> Entry:
        doubt = None
        if row.status in IN_DOUBT or (row.status in GIVEN_UP and row.tried):
            end = row.window_ends_at or self.now()
            grace_until = max(attempt.grace_until for attempt in row.attempts)
            doubt = Doubt(row.status, row.total, row.currency, grace_until, end, row.resends, row.acknowledged_as)
        return Entry(key, row.status, row.generation, row.transaction, row.received_at, doubt, row.refusals)

    def _apply(self, change: Change, actor: Actor) -> bool:
        row = self.rows[change.key]
        if row.status is not change.from_status or row.generation != change.generation:
            return False
        row.next_look_at = change.next_look_at
        row.erp_number = change.erp_number or row.erp_number
        row.acknowledged_as = row.acknowledged_as if change.acknowledged_as is None else change.acknowledged_as
        if change.event is None or (row.status, change.event) in LOOKS:
            row.looked_at(change.event, self.now())
        if change.event is None:
            return True
        row.code, row.message, row.problems = change.code, change.message, change.problems
        if change.order:
            row.total, row.currency = change.order.total, change.order.currency
        if change.event in (Event.ABSENT, Event.HALF_MADE):
            row.resends += 1
            row.lease_until = None
        if change.event is Event.CONFIGURATION_SUSPECTED:
            row.take_back()
        self._move(change.key, row, change.event, actor.by)
        if change.to_status is not Status.SENT:
            row.generation += 1
        return True

    def _move(self, key: OrderKey, row: Row, event: Event, by: str) -> None:
        before, row.status = row.status, step(row.status, event)
        if row.status is Status.RECEIVED:
            row.earlier_attempts = len(row.attempts)
        self.history.append((key, before, event, row.status, by))
        if row.status is Status.RECEIVED and before is not Status.RECEIVED:
            row.received_at, row.resends, row.code, row.message, row.problems = self.now(), 0, None, "", ()
            row.receipt_at = row.window_ends_at = row.next_look_at = row.lease_until = None


LOOKS = {(row.from_status, row.event) for row in TRANSITIONS if row.who is Who.SETTLE}
"""What only a look-up tells."""


def _codes(row: Row) -> set[object]:
    return {getattr(problem, "code", None) for problem in row.problems}


def _stops_sending(hold: Hold, as_probe: bool) -> bool:
    if hold.connection.startswith("channel_"):
        return hold.scope is HoldScope.SUBMIT or hold.kind is HoldKind.PERSON
    return not (as_probe and hold.kind is HoldKind.CONFIGURATION)


def _event_of(status: Status, landed: Status) -> Event:
    if landed is Status.NOT_AN_ORDER:
        return Event.NO_ORDER_AFTER_ALL if status is Status.WAITING else Event.CANCELLED_IN_CHANNEL
    return Event.COMPLETE if status is Status.WAITING and landed is Status.RECEIVED else Event.CHANGED


@dataclass
class Sale:
    """An order in the ERP. `visible_from`: a late commit shows only then."""

    state: FoundState
    total: Decimal
    currency: str
    visible_from: datetime
    number: str


def _listed(number: str, key: str, state: FoundState) -> InErp:
    return InErp(number, key, state is FoundState.CANCELLED, state is FoundState.HALF_MADE)


@dataclass
class MemoryErp:
    """The Erp port over a dictionary. `script` says what goes wrong with the next submits, one word each.

    A word that is a code of the catalogue is a refusal with it. `by_hand` are the orders that people entered, by
    number: they bear no key. `knows` is reference data that differs from the usual; None is missing.
    """

    clock: Clock
    guarantee: Guarantee = "unique_key"
    script: list[str] = field(default_factory=list)
    sales: dict[OrderKey, list[Sale]] = field(default_factory=dict)
    confirms_after: timedelta = timedelta(seconds=30)
    down: bool = False
    submits: list[OrderKey] = field(default_factory=list)
    made_at: dict[OrderKey, datetime] = field(default_factory=dict)
    revived: list[str] = field(default_factory=list)
    by_hand: dict[str, FoundState] = field(default_factory=dict)
    knows: dict[Wanted, dict[str, object] | None] = field(default_factory=dict)

    async def check(self) -> Health:
        self._answer()
        return Health("memory", "1")

    async def reference(self) -> ReferenceData:
        self._answer()
        facts = {**reference().facts, **self.knows}
        return ReferenceData({code: each for code, each in facts.items() if each is not None}, self.clock.now)

    async def prepare(self, orders: Collection[Order]) -> None:
        self._answer()

    async def submit(self, order: Order) -> Receipt:
        self._answer()
        self.submits.append(order.key)
        trouble = self.script.pop(0) if self.script else "fine"
        if trouble == "away":
            raise Transient("connection refused")
        if trouble == "refused":
            raise OrderRefused("no such article")
        if trouble in CATALOGUE:
            raise OrderRefused("refused", code=trouble)
        if trouble == "lost before":
            raise OutcomeUnknown("no answer")
        if trouble == "bug":
            raise KeyError(order.key)
        return self._make(order, trouble)

    def _make(self, order: Order, trouble: str) -> Receipt:
        existing = [sale for sale in self.sales.get(order.key, ()) if self._meets(sale)]
        if existing:
            sale = existing[0]
            if sale.state is FoundState.CANCELLED:
                raise OrderConflict(f"the ERP holds {sale.number}, cancelled", code="CANCELLED_IN_ERP")
            if sale.total != order.total:
                raise OrderConflict(f"the ERP holds {sale.number} over {sale.total}")
        else:
            late = {"late": timedelta(seconds=60), "shown late": timedelta(hours=4)}.get(trouble, timedelta(0))
            number = f"SO{sum(map(len, self.sales.values())) + 1}"
            sale = Sale(FoundState.HALF_MADE, order.total, order.currency, self.clock.now + late, number)
            self.sales.setdefault(order.key, []).append(sale)
        if trouble == "edited":
            sale.total += 1
        if trouble in ("half-made", "edited half-made"):
            raise OutcomeUnknown("no answer")
        if sale.state is FoundState.HALF_MADE:
            sale.state = FoundState.TAKEN
            self.made_at[order.key] = self.clock.now
        if trouble in ("lost after", "late"):
            raise OutcomeUnknown("no answer")
        if trouble == "forgotten":
            self.sales[order.key].remove(sale)
        if trouble == "cancelled":
            sale.state = FoundState.CANCELLED
        return Receipt(sale.number, sale.state)

    def _meets(self, sale: Sale) -> bool:
        """Whether a submit of the same key meets this sale: by a constraint, by a search, or not at all."""
        if self.guarantee == "searchable":
            return sale.visible_from <= self.clock.now
        return self.guarantee == "unique_key"

    async def look_up(self, orders: Collection[Order]) -> Mapping[OrderKey, Sequence[Found]]:
        self._answer()
        found: dict[OrderKey, list[Found]] = {}
        for order in orders:
            for sale in self.sales.get(order.key, ()):
                if sale.state is FoundState.TAKEN and self.clock.now >= self.made_at[order.key] + self.confirms_after:
                    sale.state = FoundState.CONFIRMED
                if sale.visible_from <= self.clock.now and self.guarantee != "blind":
                    seen = Found(sale.state, sale.number, sale.state, sale.total, sale.currency)
                    found.setdefault(order.key, []).append(seen)
        return found

    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, InErp]:
        self._answer()
        return {row.number: row for row in self._listed() if row.number in numbers}

    async def revive(self, order: Order, number: str) -> None:
        self._answer()
        named = [sale for sale in self.sales.get(order.key, ()) if sale.number == number]
        if not named:
            raise OrderRefused(f"'{number}' is not opened again: it is not of this order")
        if named[0].total != order.total:
            raise OrderRefused(f"the ERP holds {number} over {named[0].total}")
        if named[0].state is FoundState.CANCELLED:
            named[0].state = FoundState.HALF_MADE
            self.revived.append(number)

    async def orders(self, channel: str, window: Window) -> Sequence[InErp]:
        self._answer()
        return self._listed()

    def _listed(self) -> list[InErp]:
        return [_listed(sale.number, str(key), sale.state) for key, sales in self.sales.items() for sale in sales] + [
            _listed(number, "", state) for number, state in self.by_hand.items()
        ]

    async def count(self, channel: str) -> int:
        return sum(sale.state is not FoundState.CANCELLED for sales in self.sales.values() for sale in sales)

    def _answer(self) -> None:
        if self.down:
            raise Transient("the ERP is away")
