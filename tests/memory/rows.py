"""An order in the ledger in memory, and its attempts."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from order_sync.core.life.evidence import (
    REFUSALS,
    came_to_nothing,
    reached,
    refused,
    surely_refused,
    went_out,
)
from order_sync.core.life.lifecycle import (
    Event,
    Status,
)
from order_sync.core.order.maker import Made
from order_sync.core.order.model import Problem, Transaction
from order_sync.core.records.orders import Outcome
from tests.memory.clock import START


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
    problems: tuple[Problem, ...] = ()
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
        return set() if "NOT_AUTOMATED" in codes_of(self) else {each for each in references if each}

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


def codes_of(row: Row) -> set[object]:
    return {getattr(problem, "code", None) for problem in row.problems}
