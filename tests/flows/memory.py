"""A ledger and an ERP in memory, for flows and the model of the lifecycle.

The ledger keeps the same promises as the real one. The ERP is one that nobody could have for real: it loses answers,
stores orders late, leaves them half-made, forgets them, cancels them and edits them, when it is told to.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.catalogue import CATALOGUE
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.errors import Misconfigured, OrderBusy, OrderConflict, OrderRefused, OutcomeUnknown, Transient
from order_sync.core.intake.findings import Finding
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.evidence import (
    REFUSALS,
    came_to_nothing,
    reached,
    refused,
    surely_refused,
    to_settle,
    went_out,
)
from order_sync.core.life.lifecycle import (
    DONE,
    ERASABLE,
    GIVEN_UP,
    IN_DOUBT,
    MEANINGS,
    TRANSITIONS,
    UNFINISHED,
    Event,
    Status,
    Who,
    allowed,
    step,
)
from order_sync.core.order.changes import difference
from order_sync.core.order.companies import same_company
from order_sync.core.order.maker import Made
from order_sync.core.order.model import Order, OrderKey, Transaction
from order_sync.core.order.parsing import read_instant
from order_sync.core.order.references import ANY_KEY, ReferenceField
from order_sync.core.ports.channel import Batch
from order_sync.core.ports.erp import Health
from order_sync.core.records.orders import Change, Claim, Entry, Horizon, Landing, Outcome, Refused
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope, stops_sending
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.red_runs import FailedInRun
from order_sync.core.sending.traits import KINDS, Guarantee, Kind, Proof, Traits
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState, ListedOrder
from order_sync.core.settling.verdict import InDoubt

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FAILED = {status for status, standing in MEANINGS.items() if standing.roll_up == "Failed"}
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


@dataclass
class Row:
    """An order in the ledger. `first_attempt_at`: since when it counts as tried, as in the real ledger."""

    channel: str
    erp: str
    transaction: Transaction
    status: Status
    received_at: datetime
    reason: str = ""
    placed_at: datetime | None = None
    backfilled: bool = False
    generation: int = 1
    code: str | None = None
    message: str = ""
    total: Decimal = Decimal(0)
    currency: str = ""
    erp_number: str = ""
    erp_company: str = ""
    erp_status: str = ""
    acknowledged_as: str = ""
    problems: tuple[object, ...] = ()
    lease_until: datetime | None = None
    leased_by: str = ""
    next_attempt_at: datetime = START
    next_look_at: datetime | None = None
    window_ends_at: datetime | None = None
    first_attempt_at: datetime | None = None
    receipt_at: datetime | None = None
    resends: int = 0
    attempts: list["Attempt"] = field(default_factory=list)
    versions: list[Transaction] = field(default_factory=list)
    content_version: int = 1
    short_reference: str | None = None
    landed_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.landed_at = self.received_at

    @property
    def tried(self) -> bool:
        """Whether it was tried since it was received, or since its refusals were taken back."""
        return self.first_attempt_at is not None

    @property
    def kept(self) -> bool:
        """Whether the content of its last version is kept."""
        return bool(self.versions) and self.versions[-1] is self.transaction

    @property
    def since_first(self) -> list["Attempt"]:
        """The attempts since it counts as tried."""
        return [each for each in self.attempts if self.first_attempt_at and each.opened_at >= self.first_attempt_at]

    @property
    def refusals(self) -> int:
        """How often it was refused, but for what was taken back."""
        return sum(map(refused, self.attempts))

    @property
    def reached(self) -> bool:
        """Whether the ERP may have something of it."""
        return any(map(reached, self.attempts))

    @property
    def sent_at(self) -> datetime | None:
        """When it was last sent, as far as anybody knows."""
        return max((each.opened_at for each in self.attempts if went_out(each)), default=None)

    @property
    def bears(self) -> str | None:
        """Its short reference; '' if it was sent under its key, None if it was not, or only refused."""
        sent = any(not came_to_nothing(each) for each in self.attempts)
        return self.short_reference or ("" if sent else None)

    def claimable(self, now: datetime) -> bool:
        """Whether a push may claim it, as far as the order itself goes."""
        free = self.lease_until is None or self.lease_until <= now
        return self.status is Status.QUEUED and self.next_attempt_at <= now and free

    @property
    def cures(self) -> set[str]:
        """What brings it back, if it is what failed it: by its problems, or by its last refusal."""
        if self.tried:
            return set(self.attempts[-1].cured_by)
        references = {getattr(problem, "reference", None) for problem in self.problems}
        return set() if "NOT_AUTOMATED" in _codes(self) else {each for each in references if each}

    def curable(self, changed: Collection[str], told: Collection[str] | None) -> bool:
        """Whether what `changed` in the reference data may cure it, or that it was `told`; None: all of it was."""
        mended = not self.cures.isdisjoint(changed)
        if not self.tried:
            return mended
        asked = told is None or not self.cures.isdisjoint(told)
        return surely_refused(self.attempts) and bool(self.cures) and (mended or (self.refusals == 1 and asked))

    def last_sent(self, since: int) -> "Attempt | None":
        """The last attempt that went out, if the ERP may have the order by it, and if it sent this version or later."""
        last = next((each for each in reversed(self.attempts) if went_out(each)), None)
        return last if last and last.stands and last.made.provenance.version >= since else None

    def heard(self, event: Event | None, definite: bool, looked: bool, now: datetime) -> None:
        """Keep what a look-up said about every attempt, or a receipt."""
        for attempt in self.attempts:
            if looked:
                attempt.looked_at, attempt.last_look = now, event
            early = attempt.resolved_at and attempt.closed_at and attempt.resolved_at < attempt.closed_at
            if definite and (attempt.resolved_at is None or early):
                attempt.resolution, attempt.resolved_at = event, now

    def take_back(self) -> None:
        """Take the refusals back that came since it was tried first."""
        lately = self.since_first
        for attempt in lately:
            if attempt.outcome == Event.REFUSED:
                attempt.resolution = Event.CONFIGURATION_SUSPECTED
        if surely_refused(lately):
            self.first_attempt_at = self.window_ends_at = None


@dataclass
class Attempt:
    """One try to send; `outcome` None is open."""

    generation: int
    opened_at: datetime
    grace_until: datetime
    made: Made
    outcome: str | None = None
    closed_at: datetime | None = None
    looked_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: Event | None = None
    code: str | None = None
    message: str = ""
    cured_by: tuple[str, ...] = ()
    last_look: Event | None = None
    receipt_company: str = ""

    @property
    def stands(self) -> bool:
        """Whether the ERP may have the order by it: it was not refused, and the last look did not miss it."""
        early = self.closed_at and self.looked_at and self.looked_at < self.closed_at
        missed = self.last_look == Event.ABSENT and not early
        return self.outcome not in REFUSALS and self.resolution not in REFUSALS and not missed

    def close(self, outcome: Outcome, now: datetime, grace_seconds: float) -> None:
        """Keep what it ended with."""
        self.outcome, self.code, self.message = outcome.event or "unknown", outcome.code, outcome.message
        self.closed_at, self.cured_by = now, outcome.cured_by
        self.receipt_company = outcome.receipt.company if outcome.receipt else ""
        self.grace_until = now + timedelta(seconds=grace_seconds)
        if outcome.event not in (None, Event.RECEIPT) and self.resolved_at is None:
            self.resolved_at, self.resolution = now, outcome.event


@dataclass
class MemoryLedger:
    """The Ledger port over a dictionary, on a clock of its own, which never shows the same instant twice.

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

    def check_fingerprint(self, connection: str, fingerprint: str, twins: Collection[str] = ()) -> None:
        if any(self.fingerprints.get(twin) == fingerprint for twin in twins):
            raise Misconfigured(f"{connection} and a twin lead to the same database")
        if self.fingerprints.setdefault(connection, fingerprint) != fingerprint:
            raise Misconfigured(f"connection {connection} leads to another system than the accepted one")

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

    def find(self, findings: Collection[Finding], actor: Actor) -> None:
        self.findings |= {(each.connection, each.kind, each.subject): each for each in findings}

    def untold(self, connections: Collection[str]) -> Sequence[Finding]:
        untold = [each for which, each in self.findings.items() if which not in self.has_told]
        return [each for each in untold if each.connection in connections]

    def told(self, findings: Collection[Finding]) -> None:
        self.has_told |= {(each.connection, each.kind, each.subject) for each in findings}

    def to_validate(self, channel: str, after: OrderKey | None, limit: int) -> Sequence[Entry]:
        entries = sorted(self._entries(channel, Status.RECEIVED), key=lambda entry: str(entry.key))
        return [entry for entry in entries if after is None or str(entry.key) > str(after)][:limit]

    def apply(self, changes: Sequence[Change], actor: Actor) -> int:
        order = {key: number for number, key in enumerate(self.rows)}
        known = sorted((each for each in changes if each.key in order), key=lambda each: order[each.key])
        return sum(self._apply(self.rows[change.key], change, actor) for change in known)

    def store_reference(self, erp: str, data: ReferenceData, actor: Actor) -> int:
        before, as_of = self.copies.get(erp, self.copy), min(data.as_of, self.now())
        known = before.facts if before else {}
        there = {code: facts for code, facts in data.facts.items() if facts is not None}
        changed = {f"{kind}:{code}" for (kind, code), facts in there.items() if known.get((kind, code)) != facts}
        told = None if data.whole else {f"{kind}:{code}" for kind, code in there}
        self.asked = self._still_told(erp, data, as_of)
        kept = {} if data.whole else {code: facts for code, facts in known.items() if (erp, code) in self.asked}
        self.copies[erp] = replace(data, facts={**kept, **data.facts}, as_of=as_of)
        failed = [row for row in self.rows.values() if row.erp == erp and row.status is Status.FAILED]
        curable = [row for row in failed if row.curable(changed, told)]
        for row in curable:
            row.generation += 1
            self._move(row, Event.REFERENCE_CHANGED, actor.by)
        return len(curable)

    def _still_told(self, erp: str, data: ReferenceData, as_of: datetime) -> dict[tuple[str, Wanted], datetime]:
        """When which codes were asked for: no longer those that a whole copy lacks, nor answers older than a week."""
        week_ago = self.now() - timedelta(days=7)
        others = {each: at for each, at in self.asked.items() if each[0] != erp}
        mine = {each: at for each, at in self.asked.items() if each[0] == erp}
        if data.whole:
            return others | {each: at for each, at in mine.items() if each[1] in data.facts}
        return others | {each: at for each, at in mine.items() if at > week_ago} | {(erp, c): as_of for c in data.facts}

    def to_ask(self, erp: str, wanted: Collection[Wanted], before: datetime) -> set[Wanted]:
        return {each for each in wanted if (at := self.asked.get((erp, each))) is None or at <= before}

    def cures(self, channel: str, erp: str) -> set[Wanted]:
        failed = [row for row in self._of(channel, Status.FAILED) if row.erp == erp]
        named = [each.partition(":") for row in failed for each in row.cures]
        return {(kind, code) for kind, _, code in named}

    def reference(self, erp: str, wanted: Collection[Wanted]) -> ReferenceData | None:
        data = self.copies.get(erp, self.copy)
        return data and replace(data, facts={code: data.facts[code] for code in wanted if code in data.facts})

    def judge_again(self, channel: str, erp: str, actor: Actor, cured: str | None = None) -> int:
        failed = [
            row
            for row in self.rows.values()
            if (row.channel, row.erp, row.status) == (channel, erp, Status.FAILED)
            and not row.tried
            and row.problems
            and "NOT_AUTOMATED" not in _codes(row)
            and (cured is None or cured in {getattr(problem, "reference", None) for problem in row.problems})
        ]
        for row in failed:
            row.generation += 1
            self._move(row, Event.REFERENCE_CHANGED if cured else Event.RESYNC, actor.by)
        return len(failed)

    def note_validated(self, channel: str) -> None:
        self.validated |= {channel} & self.marks.keys()

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

    def queued(self, channel: str, *, sent_before: bool) -> int:
        now = self.now()
        return sum(row.claimable(now) and (sent_before or not row.tried) for row in self._of(channel))

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

    def look_now(self, channel: str, limit: int) -> int:
        now = self.now()
        later = [
            row
            for row in self._of(channel, Status.SENT, Status.PENDING_VERIFICATION)
            if (row.next_look_at is None or row.next_look_at > now)
            and not any(
                each.resolved_at is None and each.outcome != Event.RECEIPT and each.grace_until > now
                for each in row.attempts
            )
        ]
        later.sort(key=lambda row: (row.next_look_at is None, row.next_look_at or now))
        for row in later[:limit]:
            row.next_look_at = now
        return len(later[:limit])

    def first_push(self, channel: str, limit: int) -> int:
        connection = f"channel_{channel}"
        queued = len(self._of(channel, Status.QUEUED))
        asked = any(
            hold.kind is HoldKind.FIRST_RUN for hold in (*self.in_force, *self.ended) if hold.connection == connection
        )
        asked |= any(hold.kind in (HoldKind.PERSON, HoldKind.RESTORE) for hold in self.holds((connection,)))
        return 0 if asked or queued <= limit or any(row.attempts for row in self._of(channel)) else queued

    def switched_off(self, channel: str) -> int:
        off = [hold for hold in self.in_force if hold.kind is HoldKind.SWITCHED_OFF]
        queued = self._of(channel, Status.QUEUED)
        of = [(channel, row.erp, row.transaction.distributor) for row in queued]
        return sum(any(stops_sending(hold, *each) for hold in off) for each in of)

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

    def doubt(self, channel: str, window_seconds: float, actor: Actor) -> int:
        return 0  # it was never lost

    def due(self, channel: str, limit: int) -> Sequence[Entry]:
        now = self.now()
        due = [item for item in self._in_doubt(channel) if item[1].next_look_at and item[1].next_look_at <= now]
        due.sort(key=lambda item: item[1].next_look_at or now)
        return [self._entry(*item) for item in due[:limit]]

    def horizon(self, channel: str, selection: int | None = None) -> Horizon:
        meant = self.rows if selection is None else self.chosen_by[selection]
        doubts = [row for key, row in self._in_doubt(channel) if key in meant]
        looks = [row.next_look_at for row in doubts if row.next_look_at]
        ends = [row.window_ends_at for row in doubts if row.window_ends_at]
        return Horizon(min(looks, default=None), max(ends, default=None))

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

    def failed_in_run(self, run: str, since: datetime) -> FailedInRun:
        steps = [each for each, at in zip(self.history, self.happened_at, strict=True) if at >= since]
        steps = [each for each in steps if each[1] is not None and each[4].startswith(f"{run}/")]
        failed = {key for key, _, _, to_status, _ in steps if to_status in FAILED}
        codes = [self.rows[key].code or "UNKNOWN" for key in failed if self.rows[key].status in FAILED]
        return FailedInRun(len({key for key, *_ in steps}), Counter(codes))

    def counts(self, channel: str) -> Mapping[str, int]:
        return Counter(row.status for row in self._of(channel))

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        return [hold for hold in self.in_force if hold.connection in connections]

    def hold(self, connection: str, kind: HoldKind, scope: HoldScope, reason: str, actor: Actor) -> None:
        if not any((hold.connection, hold.kind) == (connection, kind) for hold in self.in_force):
            self.in_force.append(Hold(connection, kind, scope, actor.by, reason, self.now()))

    def release_hold(self, connection: str, kind: HoldKind | None, actor: Actor) -> int:
        ended = [
            hold
            for hold in self.in_force
            if hold.connection == connection
            and (hold.kind is kind or (kind is None and hold.kind is not HoldKind.SWITCHED_OFF))
        ]
        self.in_force = [hold for hold in self.in_force if hold not in ended]
        self.ended += ended
        return len(ended)

    def switch_off(self, off: Mapping[str, str], actor: Actor) -> int:
        before = {hold.connection: hold for hold in self.in_force if hold.kind is HoldKind.SWITCHED_OFF}
        changed = {name: reason for name, reason in off.items() if name not in before or before[name].reason != reason}
        stay = [hold for hold in self.in_force if before.get(hold.connection) is not hold or hold.connection in off]
        self.ended += [hold for hold in self.in_force if hold not in stay]
        self.in_force = [
            replace(hold, reason=changed[hold.connection])
            if hold.kind is HoldKind.SWITCHED_OFF and hold.connection in changed
            else hold
            for hold in stay
        ]
        for name in changed.keys() - before.keys():
            self.hold(name, HoldKind.SWITCHED_OFF, HoldScope.SUBMIT, changed[name], actor)
        return len(changed) + len(before.keys() - off.keys())

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

    def overdue(self, channel: str, limit: int) -> Sequence[Entry]:
        now = self.now()
        over = [
            (key, row)
            for key, row in self._in_doubt(channel)
            if row.status is not Status.PENDING_VERIFICATION and row.window_ends_at and row.window_ends_at <= now
        ]
        over.sort(key=lambda item: item[1].window_ends_at or now)
        return [self._entry(*item) for item in over[:limit]]

    def status(self, number: int = 1) -> Status:
        return self.rows[OrderKey("shop", (str(number),))].status

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


LOOKS = {(row.from_status, row.event) for row in TRANSITIONS if row.who is Who.SETTLE}
"""What only a look-up tells."""

ON_ITS_WAY = (Status.RECEIVED, Status.QUEUED, *GIVEN_UP, Status.ON_HOLD, Status.IGNORED)
"""Statuses in which an order that the channel cancels is looked at for attempts."""


def _codes(row: Row) -> set[object]:
    return {getattr(problem, "code", None) for problem in row.problems}


def _number(outcome: Outcome) -> str:
    return outcome.receipt.number if outcome.receipt else ""


def _since_received(row: Row, attempt: Attempt) -> bool:
    return attempt.closed_at is not None and attempt.closed_at >= row.received_at


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
    none = f"in the channel it is no order any more ({row.reason})"
    if step(row.status, event) is Status.CANCELLED_AT_SOURCE:
        sent = "it may have been sent before, and a look-up did not find it in the ERP"
        return f"{none}: {sent if any(map(went_out, row.attempts)) else 'it is not sent'}"
    changed = "the channel changed the order" if event is Event.CHANGED else none
    differs = f"{what}: " if what else ""
    return f"{changed}, and the ERP has it or may have it: {differs}a person compares the two and decides"


@dataclass
class Sale:
    """An order in the ERP. `visible_from`: a late commit shows only then. `header_alone`: its lines are to come."""

    state: ErpOrderState
    total: Decimal
    currency: str
    visible_from: datetime
    number: str
    net: Decimal = Decimal(0)
    header_alone: bool = False
    order: Order | None = None

    def is_of(self, order: Order) -> bool:
        """Whether it sells the same to the same customer; of what did not come by a submit only the total counts."""
        return self.order is None or all(
            getattr(self.order, name) == getattr(order, name) for name in ("customer_account", "lines", "charges")
        )


BUSY = timedelta(minutes=7)
"""How long a busy ERP asks to wait."""


def _listed(number: str, key: str, state: ErpOrderState, company: str) -> ListedOrder:
    return ListedOrder(number, key, state is ErpOrderState.CANCELLED, state is ErpOrderState.HALF_MADE, company)


@dataclass
class BareErp:
    """The Erp port over a dictionary, without what an ERP may support besides.

    `script` says what goes wrong with the next submits, one word each; a word that is a code of the catalogue is a
    refusal with it. `by_hand` are the orders that people entered, by number: they bear no key. `knows` is reference
    data that differs from the usual; None is missing. `kinds` are those that it can tell, all at once or `by_code`;
    `asked_for` are the codes that it was asked for then. `proof` is what its look-ups tell: a total with tax or
    without, or none at all. `asked` is what was looked up. `company` is whose its orders are. `takes` is its field for
    the external reference.
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
    by_hand: dict[str, ErpOrderState] = field(default_factory=dict)
    knows: dict[Wanted, dict[str, object] | None] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset(KINDS)
    by_code: bool = False
    asked_for: list[Wanted] = field(default_factory=list)
    submit_seconds: float = 240
    proof: Proof = "gross"
    keys_a_call: int = 500
    company: str = ""
    confirmed_states: tuple[str, ...] = ()
    receipt_is_acceptance: bool = False
    takes: ReferenceField = ANY_KEY
    asked: list[Sent] = field(default_factory=list)

    @property
    def traits(self) -> Traits:
        return Traits(
            self.guarantee,
            self.submit_seconds,
            self.proof,
            self.keys_a_call,
            self.confirmed_states,
            receipt_is_acceptance=self.receipt_is_acceptance,
            knows=self.kinds,
            reference_by_code=self.by_code,
            external_reference=self.takes,
        )

    def under(self, order: Order) -> OrderKey:
        """Under what it keeps an order: its key, as its field takes every key."""
        return order.key

    async def check(self) -> Health:
        self._answer()
        return Health("memory", "1")

    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        self._answer()
        self.asked_for += wanted or ()
        facts = {code: each for code, each in {**reference().facts, **self.knows}.items() if code[0] in self.kinds}
        told = [code for code in facts if wanted is None or code in wanted]
        return ReferenceData({code: facts[code] for code in told if facts[code] is not None}, self.clock.now)

    async def prepare(self, orders: Collection[Order]) -> None:
        self._answer()

    async def submit(self, order: Order) -> Receipt:
        self._answer()
        self.submits.append(order.key)
        trouble = self.script.pop(0) if self.script else "fine"
        if trouble == "away":
            raise Transient("connection refused")
        if trouble == "busy":
            raise OrderBusy("the customer's record is locked", retry_after=BUSY)
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
        sale = self._met(order) or self._begin(order, trouble)
        if trouble == "header alone":
            raise OutcomeUnknown("no answer")
        if sale.header_alone:
            sale.total, sale.net, sale.header_alone, sale.order = order.total, order.net, False, order
        if trouble == "edited":
            sale.total += 1
        if trouble in ("half-made", "edited half-made"):
            raise OutcomeUnknown("no answer")
        if sale.state is ErpOrderState.HALF_MADE:
            sale.state = ErpOrderState.TAKEN
            self.made_at[self.under(order)] = self.clock.now
        if trouble in ("lost after", "late"):
            raise OutcomeUnknown("no answer")
        if trouble == "forgotten":
            self.sales[self.under(order)].remove(sale)
        if trouble == "cancelled":
            sale.state = ErpOrderState.CANCELLED
        return Receipt("" if trouble == "no number" else sale.number, sale.state, self.company)

    def _met(self, order: Order) -> Sale | None:
        """The sale that a submit of the order meets, if it is the same one."""
        existing = [sale for sale in self.sales.get(self.under(order), ()) if self._meets(sale)]
        if not existing:
            return None
        sale = existing[0]
        if sale.state is ErpOrderState.CANCELLED:
            raise OrderConflict(f"the ERP holds {sale.number}, cancelled", code="CANCELLED_IN_ERP")
        if not sale.header_alone and (sale.total != order.total or not sale.is_of(order)):
            raise OrderConflict(f"the ERP holds {sale.number} over {sale.total}")
        return sale

    def _begin(self, order: Order, trouble: str) -> Sale:
        late = {"late": timedelta(seconds=60), "shown late": timedelta(hours=4)}.get(trouble, timedelta(0))
        number = f"SO{sum(map(len, self.sales.values())) + 1}"
        sale = Sale(
            ErpOrderState.HALF_MADE, Decimal(0), order.currency, self.clock.now + late, number, header_alone=True
        )
        self.sales.setdefault(self.under(order), []).append(sale)
        return sale

    def _meets(self, sale: Sale) -> bool:
        """Whether a submit of the same key meets this sale: by a constraint, by a search, or not at all."""
        if self.guarantee == "searchable":
            return sale.visible_from <= self.clock.now
        return self.guarantee == "unique_key"

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        self._answer()
        found: dict[OrderKey, list[ErpOrder]] = {}
        self.asked += sent
        for order in (each.order for each in sent):
            filed = self.under(order)
            for sale in self.sales.get(filed, ()):
                if sale.state is ErpOrderState.TAKEN and self.clock.now >= self.made_at[filed] + self.confirms_after:
                    sale.state = ErpOrderState.CONFIRMED
                if sale.visible_from <= self.clock.now and self.guarantee != "blind":
                    total = {"gross": sale.total, "net": sale.net, "acceptance": None}[self.proof]
                    same = None if sale.header_alone else sale.is_of(order)
                    seen = ErpOrder(
                        sale.state, sale.number, sale.state, total, sale.currency, same, company=self.company
                    )
                    found.setdefault(order.key, []).append(seen)
        return found

    def _answer(self) -> None:
        if self.down:
            raise Transient("the ERP is away")


@dataclass
class MemoryErp(BareErp):
    """The same, and it lists its orders and opens cancelled ones again."""

    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        self._answer()
        return {row.number: row for row in self._listed() if row.number in numbers}

    async def revive(self, order: Order, number: str) -> None:
        self._answer()
        named = [sale for sale in self.sales.get(self.under(order), ()) if sale.number == number]
        if not named:
            raise OrderRefused(f"'{number}' is not opened again: it is not of this order")
        if named[0].total != order.total or not named[0].is_of(order):
            raise OrderRefused(f"the ERP holds {number} over {named[0].total}")
        if named[0].state is ErpOrderState.CANCELLED:
            named[0].state = ErpOrderState.HALF_MADE
            self.revived.append(number)

    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        self._answer()
        return self._listed()

    def _listed(self) -> list[ListedOrder]:
        ours = [(sale.number, str(key), sale.state) for key, sales in self.sales.items() for sale in sales]
        return [
            _listed(*each, self.company) for each in (*ours, *((n, "", state) for n, state in self.by_hand.items()))
        ]

    async def count(self, channel: str) -> int:
        return sum(sale.state is not ErpOrderState.CANCELLED for sales in self.sales.values() for sale in sales)
