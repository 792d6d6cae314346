"""What the flows need from the outside: a Channel, an Erp and a Ledger, one page to read before writing an adapter.

Adapters fulfil these protocols; the flows know nothing else of them. The contract suites test each adapter in the
registry against every sentence here.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from order_sync.core.calendar_days import Window
from order_sync.core.deciding import Decision, Selected
from order_sync.core.findings import Finding
from order_sync.core.holds import Hold, HoldKind, HoldScope
from order_sync.core.lifecycle import Event, Status
from order_sync.core.maker import GuestPolicy, Made, make
from order_sync.core.orders import Order, OrderKey, Problem, Transaction
from order_sync.core.red_runs import FailedInRun
from order_sync.core.rules import ReferenceData, Wanted
from order_sync.core.selection import Action, Selection
from order_sync.core.traits import Traits
from order_sync.core.verdict import Doubt, Found
from order_sync.core.watermark import Watermark


@dataclass(frozen=True, slots=True)
class Batch:
    """Transactions in the channel's order, and the watermark that may be stored together with them.

    Attributes:
        skipped: rows that the channel holds among those that were read, and that the reading left out: a mistake in
            the adapter. Only the last batch of a reading knows them.
        slow_since: since when a writer in the channel is at work that the watermark no longer waits for, or None; what
            it commits is found by the daily comparison. Only the last batch of a reading knows it.
        of: about how many transactions the whole reading gives, for people who wait for it; 0 if nobody knows.
    """

    transactions: Sequence[Transaction]
    watermark: Watermark
    skipped: Sequence[OrderKey] = ()
    slow_since: datetime | None = None
    of: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, the ERP it feeds, and what its owner decided: since when its orders count, and who guests are.

    `by_hand` is why people enter the channel's orders into the ERP themselves, and until when; '' sends them. `twins`
    are the connections of channels that make orders of the same rows, if they lead to the same database.
    `never_orders` are reasons of rows that are no orders and never become one.
    """

    channel: str
    erp: str
    start_from: datetime
    guest_account: str | None
    by_hand: str = ""
    twins: Sequence[str] = ()
    never_orders: Sequence[str] = ()

    @property
    def guests(self) -> GuestPolicy:
        """Who buys without a customer account."""
        return GuestPolicy(self.guest_account)


class Channel(Protocol):
    """A place that sells, read-only."""

    def fingerprint(self) -> str:
        """Names the database, so that a rebuilt or another one is noticed. No secrets."""

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        """New transactions, oldest first, in bulk. The last batch (maybe empty) carries the newest watermark."""

    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        """These transactions as they are now, in bulk; one that is gone is left out."""

    def passed(self, mark: Watermark) -> Sequence[OrderKey]:
        """Keys of rows with a counter at or below the mark: a bounded number of the highest of them, and of the lowest.

        All of these should have been read. None where the channel has no counter.
        """

    def keys(self, window: Window) -> Iterator[Sequence[tuple[OrderKey, str]]]:
        """Key and digest of every row that was placed in the window, whatever its disposition, in bulk."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The ERP's immediate answer to a submit: it has the order; nothing is proven yet."""

    number: str
    erp_status: str


Answer = Receipt | BaseException
"""What came of one order of a submit of many: its receipt, or the error that a submit of it alone would raise."""


@dataclass(frozen=True, slots=True)
class Health:
    """What `check` saw. `fingerprint` names the ERP, so that another one behind the same connection is noticed."""

    fingerprint: str
    version: str


@dataclass(frozen=True, slots=True)
class InErp:
    """An order as the ERP lists it: what people call it, and what it bears as our key, '' for none.

    `begun`: it is a draft, a quotation or the like, which nobody ships as it is; what a look-up calls half made.
    """

    number: str
    key: str
    cancelled: bool
    begun: bool


class Erp(Protocol):
    """Where orders go. Every method raises Transient, NotAuthorised or Misconfigured for trouble of the system."""

    traits: Traits

    async def check(self) -> Health:
        """Reachable, authorised, and set up as this package needs it."""

    async def reference(self) -> ReferenceData:
        """All reference data that the rules may ask for, in bulk."""

    async def prepare(self, orders: Collection[Order]) -> None:
        """Look up in bulk what submits of these orders will need, if anything. Creates no order."""

    async def submit(self, order: Order) -> Receipt:
        """Bring one order into the ERP, or finish one that was begun and is equal.

        Raises OrderRefused, OrderConflict, OutcomeUnknown, or, when this submit provably stored nothing, OrderBusy or
        trouble of the system.
        """

    async def look_up(self, orders: Collection[Order]) -> Mapping[OrderKey, Sequence[Found]]:
        """Every ERP order under these keys, cancelled ones too; a key without any may be left out.

        An order that was sent comes as it was sent.
        """

    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, InErp]:
        """The ERP's orders under these numbers, whoever made them, of the company that sells the channel's; in bulk.

        A number that the ERP does not have is left out. Of several orders under one number the newest is told, and a
        cancelled one only if all are. An order without a number goes by what `look_up` calls it.
        """

    async def revive(self, order: Order, number: str) -> None:
        """Open the cancelled ERP order of that number again, so that a submit of the order can finish it.

        Doing it twice does no harm. Raises OrderRefused, and changes nothing, when the ERP does not let it, when the
        number is not that of the ERP's order of this key, or when that order has another content.
        """

    async def orders(self, channel: str, window: Window) -> Sequence[InErp]:
        """Every order that was made in the ERP within the window under this channel, by us or by anybody."""

    async def count(self, channel: str) -> int:
        """How many live (not cancelled) orders of this channel the ERP holds, by the ERP's own count."""


class BatchLimits(NamedTuple):
    """How many orders an ERP takes in one submit at most, and how many such submits at a time."""

    orders: int
    at_a_time: int


@runtime_checkable
class Batching(Protocol):
    """What an ERP may support besides: one submit for many orders."""

    batch_limits: BatchLimits

    async def submit_all(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        """Bring orders of one channel into the ERP, `batch_limits.orders` at most. Answers for each as `submit` would.

        An order's own trouble is no other's. An order without an answer is taken for one whose outcome is unknown.
        """


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for the audit history, and why.

    Attributes:
        run: the task that acts, `dag/run/task`, without blanks; '' for a person at the command line.
        person: on whose behalf: who triggered the run, or cleared the task; '' for a schedule.
    """

    run: str = ""
    person: str = field(default="", kw_only=True)
    reason: str = field(default="", kw_only=True)

    @property
    def by(self) -> str:
        """Who acts, as the ledger stores and shows it; `task_in` reads the task of it."""
        return " for ".join(filter(None, (self.run, self.person)))

    def because(self, reason: str) -> "Actor":
        """The same actor, for another reason."""
        return replace(self, reason=reason)


def task_in(by: str) -> str:
    """The task that acted, of what the ledger stores as who it was; '' if a person did it without one.

    Nothing else reads that text. Before the person it says ` for `, and in rows of older releases ` cleared by `.
    """
    run, *_ = re.split(" for | cleared by ", by)
    return run if run.count("/") > 1 else ""


@dataclass(frozen=True, slots=True)
class Landing:
    """A transaction and its disposition, `received`, `waiting` or `not_an_order`; `keep_body`: its content too."""

    transaction: Transaction
    status: Status
    reason: str = ""
    placed_at: datetime | None = None
    keep_body: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """An order as the ledger knows it. `generation` changes with every claim and every new fact about the order.

    Attributes:
        doubt: what a verdict needs: of an order in doubt, and of one that was sent and given up.
        version: which version of its order the transaction is.
        sent: the order as the ERP has it or may have it: as the last attempt sent it. None if it was never sent, if the
            ERP refused it or surely does not have it, if the channel changed it since, and if nothing of it was kept.
    """

    key: OrderKey
    status: Status
    generation: int
    transaction: Transaction
    received_at: datetime
    doubt: Doubt | None = None
    refusals: int = 0
    version: int = 1
    sent: Made | None = None

    def make(self, guests: GuestPolicy, now: datetime) -> Made:
        """The order as it would be sent now."""
        return make(self.transaction, guests, now, self.version)

    def as_sent(self, guests: GuestPolicy, now: datetime) -> Made:
        """The order to compare the ERP's with, and to finish what was begun: as it was sent, else as it is made now."""
        return self.sent or self.make(guests, now)


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one order, applied only if its status and generation are still those that were read.

    `event` None notes a look that found nothing definite. `acknowledged_as` is the number under which the ERP says that
    it has the order; '' takes that back, None leaves it as it is.
    """

    key: OrderKey
    generation: int
    from_status: Status
    event: Event | None = None
    to_status: Status | None = None
    code: str | None = None
    message: str = ""
    problems: tuple[Problem, ...] = ()
    order: Order | None = None
    erp_number: str = ""
    erp_status: str = ""
    next_look_at: datetime | None = None
    acknowledged_as: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Orders that one push alone may send, until `lease_seconds` after the claim was asked for."""

    entries: Sequence[Entry]
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that the ERP refused: with which code, and what it said."""

    key: OrderKey
    generation: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: the event for the order (None: unknown, it stays `sending`), and the evidence.

    `cured_by`: of a refusal, the reference data (`kind:code`) whose change may cure it. `retry_after`: of one that was
    not sent, how long it waits before it may be sent; None: not at all.
    """

    key: OrderKey
    generation: int
    event: Event | None
    code: str | None = None
    message: str = ""
    receipt: Receipt | None = None
    cured_by: tuple[str, ...] = ()
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Horizon:
    """Of a channel's orders in doubt: when the next look is due, and when the last of their windows ends."""

    next_look_at: datetime | None
    last_window_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A window of a channel beside the ledger: how many rows were compared, and the keys of those that differ.

    Attributes:
        missing: the channel has it and the ledger has not.
        changed: both have it, with another digest.
        gone: the ledger has it and the channel no longer.
    """

    compared: int
    missing: Sequence[OrderKey]
    changed: Sequence[OrderKey]
    gone: Sequence[OrderKey]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands in the ledger, whether it was ever sent or is done by hand, and its number in the ERP.

    `awaited`: a look-up is still to come that settles it, and is not overdue by more than a day.
    """

    status: Status
    generation: int
    sent: bool
    erp_number: str
    awaited: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """An order that a person means, with its last error. `placed_at` is its landing where the channel gives none."""

    key: OrderKey
    status: Status
    code: str | None
    message: str
    placed_at: datetime
    erp_number: str


class Ledger(Protocol):
    """The record of every order. Each call takes many orders and is one database transaction; time is the ledger's."""

    def now(self) -> datetime:
        """The ledger's clock: the one clock that all decisions share."""

    def check_fingerprint(self, connection: str, fingerprint: str, twins: Collection[str] = ()) -> None:
        """Remember it at first use. Raises Misconfigured when it is not the one that was accepted, or is a twin's."""

    def watermark(self, channel: str) -> Watermark | None:
        """How far the channel has been read; None before the first extract."""

    def record(
        self, channel: str, erp: str, landings: Sequence[Landing], watermark: Watermark | None, actor: Actor
    ) -> Mapping[str, int]:
        """Land transactions and the watermark together. Counts by `new`, `changed`, `unchanged` and disposition.

        Of the changed ones also by `conflict` and `cancelled_at_source`. What changed and is the same order all the
        same is stored and moves nothing.
        """

    def unfinished(self, channel: str, limit: int) -> Sequence[tuple[OrderKey, str]]:
        """Key and digest of the next orders that are not done, in a round over all of them."""

    def done(self, channel: str, limit: int, done_for: timedelta) -> Sequence[tuple[OrderKey, str]]:
        """Key and digest of the next orders that are done and landed within that time, in a round over them."""

    def no_orders(
        self, channel: str, limit: int, landed_for: timedelta, never: Collection[str]
    ) -> Sequence[tuple[OrderKey, str]]:
        """Key and digest of the next rows that are no orders and landed within that time, in a round over them.

        Leaves out those with a reason in `never`, but for orders that the channel cancelled.
        """

    def unknown(self, keys: Collection[OrderKey]) -> Sequence[OrderKey]:
        """Those of these keys that never landed."""

    def placed(self, channel: str, window: Window) -> int:
        """How many of the channel's transactions the ledger knows that were placed in the window."""

    def compare(self, channel: str, window: Window, keys: Iterable[Sequence[tuple[OrderKey, str]]]) -> Comparison:
        """Compare the channel's keys and digests of a window with the orders of that channel and window."""

    def standings(self, keys: Collection[str]) -> Mapping[str, Standing]:
        """How the orders under these keys stand; a key that is no order's is left out."""

    def find(self, findings: Collection[Finding], actor: Actor) -> None:
        """Store findings; one that is stored already is seen again."""

    def untold(self, connections: Collection[str]) -> Sequence[Finding]:
        """Findings about these connections that people were not told of yet, the oldest first."""

    def told(self, findings: Collection[Finding]) -> None:
        """Remember that people were told."""

    def waiting(self, channel: str) -> Sequence[Entry]:
        """Headers whose lines are not all there."""

    def to_validate(self, channel: str, after: OrderKey | None, limit: int) -> Sequence[Entry]:
        """Orders that are `received`, in key order after `after`."""

    def apply(self, changes: Sequence[Change], actor: Actor) -> int:
        """Apply those changes whose status and generation still hold, with their history. Returns how many did."""

    def store_reference(self, erp: str, data: ReferenceData, actor: Actor) -> int:
        """Replace the copy of the ERP's reference data.

        Failed orders become `received` again that new or changed data may cure: those whose problems the rules found,
        and those that the ERP surely does not have, since it refused them every time. After its first refusal an order
        comes back with the next copy in any case, since the ERP may have been mended between two copies. Returns how
        many.
        """

    def judge_again(self, channel: str, erp: str, actor: Actor, cured: str | None = None) -> int:
        """Make failed orders `received` whose problems the rules found and that were not sent since; returns how many.

        Those that people enter into the ERP by hand stay as they are. With `cured` only those with a problem of that
        reference.
        """

    def note_validated(self, channel: str) -> None:
        """Remember that the channel's orders were validated once, if it has been read."""

    def reference(self, erp: str, wanted: Collection[Wanted]) -> ReferenceData | None:
        """The last good copy, of these codes only; None before the first."""

    def first_push(self, channel: str, limit: int) -> int:
        """How many orders the channel would send if that is more than `limit`, it never sent one and nobody agreed."""

    def set_aside(self, channel: str, start_from: datetime, actor: Actor) -> int:
        """Make no orders of what lies before a start that was moved, if the ERP has nothing of it; returns how many."""

    def before_start(self, channel: str, window: Window, limit: int, skip: int) -> Sequence[OrderKey]:
        """Keys of transactions that were placed in the window and before the channel's start, the oldest first.

        Leaves out the first `skip` of them.
        """

    def backfill(self, channel: str, landings: Sequence[Landing], in_erp: Collection[OrderKey], actor: Actor) -> int:
        """Make orders of transactions from before the start; of the others remember why not. Returns how many it made.

        Those under `in_erp` are in the ERP already and stay what they are.
        """

    def backfilled(self, channel: str) -> int:
        """How many backfilled orders are on their way."""

    def chosen(self, selection: Selection, limit: int) -> tuple[Sequence[Chosen], int]:
        """The orders that a selection means, the newest first and no more than `limit`; and how many there are.

        What is no order is meant by its key or status, or by a number or an account that no order has.
        """

    def select(
        self, run: str, action: Action, asked: Mapping[str, object], keys: Collection[OrderKey], actor: Actor
    ) -> int:
        """Store a run's selection of these orders, unless it has one already; the selection's number."""

    def selection(self, run: str) -> int | None:
        """The number of the selection that a run stored."""

    def selected(self, selection: int, after: int, limit: int) -> Sequence[Selected]:
        """The selected orders as they stand, by their position, those after `after`."""

    def entries(self, keys: Collection[OrderKey]) -> Sequence[Entry]:
        """The orders under these keys; one of which no version was kept is left out."""

    def versions(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Sequence[Transaction]]:
        """What the channel says of these orders and said before, as far as it is kept."""

    def owners(self, erp: str, numbers: Collection[str]) -> Mapping[str, OrderKey]:
        """The orders that have these ERP numbers."""

    def decide(
        self, selection: int, decisions: Mapping[OrderKey, tuple[Selected, Decision]], actor: Actor
    ) -> set[OrderKey]:
        """Take decisions whose order still stands as it was selected, and remember the result; the keys of the others.

        A decision that was taken also confirms what was decided about the order before a restore.
        """

    def to_send(self, selection: int) -> Mapping[str, int]:
        """How many of the selected orders are to be sent, by channel."""

    def queued(self, channel: str, *, sent_before: bool) -> int:
        """How many orders are queued and due; `sent_before` counts those that were tried before too."""

    def retry_refused(self, channel: str, erp: str, fewer_than: int, actor: Actor) -> int:
        """Queue failed orders again that the ERP surely does not have; returns how many.

        Those it refused every time and fewer than `fewer_than` times, not because they were cancelled there, and that
        were not queued again for the same `why` before.
        """

    def waits(self, channels: Collection[str], *, sent_before: bool) -> bool:
        """Whether one of these channels, if it runs, could send an order now; `sent_before` as in `queued`."""

    def off_peak(self, channel: str) -> int:
        """How many queued orders were tried before."""

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
        """Take queued orders that are due and not held, oldest first, skipping what others are claiming.

        `as_probe` takes them although the ERP is held for its configuration: those first that it has never refused,
        then those that it has not been tried with for longest.
        Of a `selection` only its orders are taken. Without `sent_before` those wait that were tried before.
        """

    def open(
        self, claim: Claim, orders: Mapping[OrderKey, Made], grace_seconds: float, window_seconds: float
    ) -> set[OrderKey]:
        """Open an attempt for each of these, with the order as it goes out, committed on return.

        Leaves out what changed since, or must be settled first.
        """

    def close(
        self,
        outcomes: Sequence[Outcome],
        next_look_at: datetime | None,
        grace_seconds: float,
        window_seconds: float,
        actor: Actor,
    ) -> None:
        """Close attempts. The evidence is kept always; the status changes only under the attempt's generation.

        The ERP may store what was sent until the grace after the closing is over, since the call may have gone out
        just before.
        """

    def release(self, claim: Claim) -> None:
        """Give back what was claimed and not sent."""

    def doubt(self, channel: str, window_seconds: float, actor: Actor) -> int:
        """Let every open order be looked up that a lost ledger may have sent. Returns how many there were."""

    def overdue(self, channel: str, limit: int) -> Sequence[Entry]:
        """Orders that were sent, whose window is over and that no verdict has fallen on."""

    def look_now(self, channel: str, limit: int) -> int:
        """Make orders that the ERP took due for a look, no more than `limit`; returns how many.

        First those whose look is nearest. One with an open attempt keeps its time.
        """

    def due(self, channel: str, limit: int) -> Sequence[Entry]:
        """Orders in doubt whose look is due, longest overdue first, whoever sent them."""

    def horizon(self, channel: str, selection: int | None = None) -> Horizon:
        """What reconcile has to wait for; of a `selection` only its orders count."""

    def failed_in_run(self, run: str, since: datetime) -> FailedInRun:
        """What the tasks of a run (`dag/run`) did to orders since then."""

    def counts(self, channel: str) -> Mapping[str, int]:
        """How many orders stand in each status."""

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        """The holds in force on these connections, the oldest first."""

    def hold(self, connection: str, kind: HoldKind, scope: HoldScope, reason: str, actor: Actor) -> None:
        """Set a hold, unless the connection has one of this kind already."""

    def release_hold(self, connection: str, kind: HoldKind | None, actor: Actor) -> int:
        """End the connection's holds of this kind, or all of them. Returns how many there were."""

    def refused_in_a_row(self, erp: str, code: str, number: int) -> Sequence[Refused]:
        """The orders that the ERP refused with this code since it last took one; none if they are too few.

        One that it refused before that too, and since the order was last received, is refused for its own sake: it is
        left out. Of those that stand failed so, there must be `number` more.
        """


ReportContent = Literal["failed", "all"]
"""`failed`: only orders that failed to sync, as they stand now. `all`: all orders placed on the business day."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """The report of one business day. `zone` is the IANA name for its times.

    Attributes:
        placed: the business day's instants.
        queued_stuck_after: how long an order may wait unsent before it is `Queued`.
        distributors: the Distributor name by channel; a channel left out shows its transactions' own.
    """

    day: date
    content: ReportContent
    placed: Window
    zone: str
    queued_stuck_after: timedelta
    distributors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """A stored report: as of when, its rows counted by their Status, and the day's orders without a row by status.

    `emptied` is how often rows of it were emptied since, because people's data in them was erased.
    """

    number: int
    day: date
    content: ReportContent
    as_of: datetime
    shown: Mapping[str, int]
    not_shown: Mapping[str, int]
    emptied: int = 0


class Reports(Protocol):
    """The stored reports. The ledger fulfils it."""

    def now(self) -> datetime:
        """The ledger's clock."""

    def awaited(
        self, channels: Collection[str], day: date, content: ReportContent, in_use_within: timedelta
    ) -> Sequence[str]:
        """Those of the channels whose orders must be validated once before the day's rows may be stored.

        None if they are stored. A channel that was never read counts as not in use once another one was validated so
        long ago.
        """

    def build_report(self, request: ReportRequest) -> Report:
        """Store the day's rows at the first build; every later build returns that report, whatever happened since."""

    def report_csv(self, report: Report) -> Iterator[bytes]:
        """The rows as CSV in UTF-8, a header first, every other cell quoted, lines ending in CRLF; in pieces."""


@dataclass(slots=True)
class Summary:
    """What a flow did, in counts: the only thing that a task returns. Never keys, never people's data.

    `held` is why nothing was sent, when sending is on hold. `gave_way` is what is left of a push's turn, when it let
    another channel go first.
    """

    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    held: str | None = None
    gave_way: timedelta | None = None

    def add(self, name: str, number: int = 1) -> None:
        """Count `number` more of `name`; nothing is counted as nothing."""
        if number:
            self.counts[name] = self.counts.get(name, 0) + number

    def __str__(self) -> str:
        counted = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in sorted(self.counts.items()))
        held = [f"on hold: {self.held}"] if self.held else []
        return "; ".join([counted or "nothing to do", *self.notes, *held])
