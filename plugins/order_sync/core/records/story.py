"""One order's whole story as the ledger tells it, and the rows of the order list: what `explain` turns into sentences.

Facts only, none of them weighed. The transactions in a story and the orders of its attempts hold people's data; nothing
else here does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from order_sync.core.decisions.selection import Action
from order_sync.core.life.evidence import REFUSALS, surely_refused, went_out
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import Order, OrderKey, Problem, Transaction
from order_sync.core.sending.holds import Hold


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send. `outcome` None: open; `unknown`: no answer came. `resolution`: what a look-up then said, or
    that a refusal was taken back. `cured_by`: of a refusal, the ERP's data whose change may cure it.

    A `generation` below 0: the sending that a lost ledger may have done, which a restore put on record.

    Attributes:
        version, revision: which version of the order it sent, and the name of what it was made of besides. None and ''
            in attempts of before that was kept.
        order: the order as it was sent, as long as that is kept.
    """

    generation: int
    opened_at: datetime
    by: str
    closed_at: datetime | None
    outcome: str | None
    code: str | None
    message: str
    receipt_number: str
    receipt_status: str
    looked_at: datetime | None
    resolution: str | None
    cured_by: tuple[str, ...] = ()
    resolved_at: datetime | None = None
    version: int | None = None
    revision: str = ""
    order: Order | None = None
    receipt_company: str = ""

    @property
    def sent(self) -> bool:
        """Whether this ledger sent it, as far as anybody knows."""
        return self.generation > 0 and went_out(self)

    @property
    def refused(self) -> bool:
        """Whether the ERP refused the order, maybe after it had begun one."""
        return not set(REFUSALS).isdisjoint((self.outcome, self.resolution))


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the audit history. `event` is `landed` for the first."""

    at: datetime
    from_status: Status | None
    event: str
    to_status: Status
    by: str
    why: str
    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class DecisionTaken:
    """What a person decided about the order, in a run of `resync_orders`, and what became of it (None: not yet)."""

    at: datetime
    action: str
    by: str
    reason: str
    outcome: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What compare_orders saw of the order in the ERP although it is not done here, and when it saw that last."""

    at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that the ledger knows of one order, as of one moment of its clock.

    Attributes:
        reason: why it is waiting, or no order.
        source_status, erp_status: the channel's and the ERP's own words, '' while unknown; `status` is ours.
        version: how many versions of it the channel gave.
        received_at: since when it waits to be sent.
        leased_until: until when a push has claimed it, if one has.
        holds: those in force on its ERP, its channel and its distributor, the oldest first.
        decisions: of people, the oldest first.
        lost: decisions that a restore of the ledger lost and that nobody confirmed yet.
        doubted: whether a ledger that was lost may have sent it, and nobody has looked since the restore.
        erased_at: when people's data in it was erased.
        transaction: what the channel says now, with people's data; None where no content is kept.
        earlier: what it said before, likewise.
        sighting: that it is in the ERP all the same, if nobody looked it up since.
        next_attempt_at: before when no push takes it, because the ERP was busy with it; it may lie behind.
        short_reference: what it bears in an ERP that does not take its key; '' where that is not known to be so.
    """

    key: OrderKey
    as_of: datetime
    channel: str
    erp: str
    status: Status
    code: str | None
    message: str
    problems: tuple[Problem, ...]
    reason: str
    source_status: str
    version: int
    landed_at: datetime
    received_at: datetime
    placed_at: datetime | None
    erp_number: str
    erp_status: str
    leased_until: datetime | None
    leased_by: str
    window_ends_at: datetime | None
    next_look_at: datetime | None
    attempts: tuple[Attempt, ...]
    history: tuple[Step, ...]
    holds: tuple[Hold, ...]
    decisions: tuple[DecisionTaken, ...]
    lost: tuple[DecisionTaken, ...]
    doubted: bool
    erased_at: datetime | None
    transaction: Transaction | None
    earlier: tuple[Transaction, ...]
    sighting: Sighting | None = None
    next_attempt_at: datetime | None = None
    erp_company: str = ""
    short_reference: str = ""

    @property
    def external_reference(self) -> str:
        """What it bears in the ERP, or would bear."""
        return self.short_reference or str(self.key)

    @property
    def distributor(self) -> str:
        """Who sells, as the channel gives it; '' where no content is kept."""
        return self.transaction.distributor if self.transaction else ""

    @property
    def versions(self) -> tuple[Transaction, ...]:
        """Every version of which the content is kept."""
        return (self.transaction, *self.earlier) if self.transaction else self.earlier

    @property
    def last_sent(self) -> Attempt | None:
        """The last attempt that may have reached the ERP and of which is known what it sent."""
        return next((each for each in reversed(self.attempts) if each.sent and each.version), None)

    @property
    def tried(self) -> bool:
        """Whether an attempt counts that may have reached the ERP since the order was last received."""
        since = [each for each in self.attempts if each.opened_at >= self.received_at]
        return any(each.sent and each.resolution != Event.CONFIGURATION_SUSPECTED for each in since)

    @property
    def cures(self) -> tuple[str, ...]:
        """What brings the order back by itself once it failed: references, as problems have them."""
        if any(problem.code == "NOT_AUTOMATED" for problem in self.problems):
            return ()
        if not self.tried:
            return tuple(sorted({problem.reference for problem in self.problems if problem.reference}))
        return self.attempts[-1].cured_by if surely_refused(self.attempts) else ()

    def stuck(self, patience: timedelta) -> bool:
        """Whether it has waited for longer than that to be sent."""
        return self.received_at <= self.as_of - patience

    @property
    def waits_for_set_up(self) -> bool:
        """Whether the ERP refused it, as it refused others, and it waits until the ERP's set-up is mended."""
        since = [each for each in self.attempts if each.opened_at >= self.received_at]
        taken_back = any(each.resolution == Event.CONFIGURATION_SUSPECTED for each in since)
        return self.status is Status.QUEUED and taken_back

    @property
    def known_to_erp_at(self) -> datetime | None:
        """When the ERP last reported on this order: by a receipt, a refusal or a look-up."""
        heard = [attempt.looked_at for attempt in self.attempts]
        heard += [attempt.closed_at for attempt in self.attempts if attempt.outcome not in ("unknown", "not_sent")]
        return max((at for at in heard if at), default=None)


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the order list: an order with its last error. `dated_at` is its placing, else its landing."""

    key: OrderKey
    reference: str
    receipt: str
    dated_at: datetime
    age: timedelta
    status: Status
    roll_up: str
    code: str | None
    message: str
    erp_number: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Filters:
    """Which orders a list shows; an empty filter asks for nothing. `since`: placed at or after it."""

    keys: tuple[OrderKey, ...] = ()
    status: Status | None = None
    code: str = ""
    channel: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """How many orders stand with one code, and since when the oldest of them."""

    code: str
    orders: int
    oldest: datetime


DECISIONS: dict[Action, Event] = {
    Action.RESYNC: Event.RESYNC,
    Action.MARK_AS_SYNCED: Event.MARKED_AS_SYNCED,
    Action.IGNORE: Event.IGNORED,
    Action.ON_HOLD: Event.PUT_ON_HOLD,
    Action.RELEASE: Event.RELEASED,
    Action.ACCEPT: Event.ACCEPTED,
}
"""What each decision of a person does to an order."""
