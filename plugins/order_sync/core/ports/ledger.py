"""What the flows need from the ledger, by what they are about."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.rules import ReferenceData, Wanted
from order_sync.core.decisions.decision import Decision, Selected
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.intake.findings import Finding
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.maker import Made
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.orders import (
    Change,
    Chosen,
    Claim,
    Comparison,
    Entry,
    Horizon,
    Landing,
    Outcome,
    Refused,
    Standing,
)
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope
from order_sync.core.sending.red_runs import FailedInRun


class Clock(Protocol):
    """The clock that all decisions share."""

    def now(self) -> datetime:
        """The ledger's clock: the one clock that all decisions share."""


class Connections(Protocol):
    """Which systems the connections lead to, and which of them are on hold."""

    def check_fingerprint(self, connection: str, fingerprint: str, twins: Collection[str] = ()) -> None:
        """Remember it at first use. Raises Misconfigured when it is not the one that was accepted, or is a twin's."""

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        """The holds in force on these connections, the oldest first."""

    def hold(self, connection: str, kind: HoldKind, scope: HoldScope, reason: str, actor: Actor) -> None:
        """Set a hold, unless the connection has one of this kind already."""

    def release_hold(self, connection: str, kind: HoldKind | None, actor: Actor) -> int:
        """End the connection's holds of this kind, or all that people may end. Returns how many there were."""

    def switch_off(self, off: Mapping[str, str], actor: Actor) -> int:
        """Let exactly these be switched off, each with why; others are switched on again. Returns how many changed."""


class Intake(Protocol):
    """What a channel holds: what was read of it, and what is to be read."""

    def watermark(self, channel: str) -> Watermark | None:
        """How far the channel has been read; None before the first extract."""

    def record(
        self, channel: str, erp: str, landings: Sequence[Landing], watermark: Watermark | None, actor: Actor
    ) -> Mapping[str, int]:
        """Land transactions and the watermark together. Counts by `new`, `changed`, `unchanged` and disposition.

        Of the changed ones also by `conflict` and `cancelled_at_source`. What changed and is the same order all the
        same is stored and moves nothing.
        """

    def waiting(self, channel: str) -> Sequence[Entry]:
        """Headers whose lines are not all there."""

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


class Findings(Protocol):
    """What the comparisons found, until people are told."""

    def find(self, findings: Collection[Finding], actor: Actor) -> None:
        """Store findings; one that is stored already is seen again."""

    def untold(self, connections: Collection[str]) -> Sequence[Finding]:
        """Findings about these connections that people were not told of yet, the oldest first."""

    def told(self, findings: Collection[Finding]) -> None:
        """Remember that people were told."""


class Orders(Protocol):
    """Orders as they stand, and how they change."""

    def entries(self, keys: Collection[OrderKey]) -> Sequence[Entry]:
        """The orders under these keys; one of which no version was kept is left out."""

    def versions(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Sequence[Transaction]]:
        """What the channel says of these orders and said before, as far as it is kept."""

    def standings(self, keys: Collection[str]) -> Mapping[str, Standing]:
        """How the orders under these keys stand; a key that is no order's is left out."""

    def counts(self, channel: str) -> Mapping[str, int]:
        """How many orders stand in each status."""

    def apply(self, changes: Sequence[Change], actor: Actor) -> int:
        """Apply those changes whose status and generation still hold, with their history. Returns how many did."""


class Validation(Protocol):
    """What orders are checked with."""

    def to_validate(self, channel: str, after: OrderKey | None, limit: int) -> Sequence[Entry]:
        """Orders that are `received`, in key order after `after`."""

    def store_reference(self, erp: str, data: ReferenceData, actor: Actor) -> int:
        """Replace the copy of the ERP's reference data; answers about some codes are added to it.

        Failed orders become `received` again that new or changed data may cure: those whose problems the rules found,
        and those that the ERP surely does not have, since it refused them every time. After its first refusal an order
        comes back in any case with the next copy, or answer about what may cure it, since the ERP may have been mended
        meanwhile. Returns how many. Of answers those go that are older than a week.
        """

    def reference(self, erp: str, wanted: Collection[Wanted]) -> ReferenceData | None:
        """The last good copy, of these codes only; None before the first."""

    def to_ask(self, erp: str, wanted: Collection[Wanted], before: datetime) -> set[Wanted]:
        """Those of these codes that the ERP was never asked for, or not since then."""

    def cures(self, channel: str, erp: str) -> set[Wanted]:
        """The reference data whose change may bring failed orders of the channel back."""

    def judge_again(self, channel: str, erp: str, actor: Actor, cured: str | None = None) -> int:
        """Make failed orders `received` whose problems the rules found and that were not sent since; returns how many.

        Those that people enter into the ERP by hand stay as they are. With `cured` only those with a problem of that
        reference.
        """

    def note_validated(self, channel: str) -> None:
        """Remember that the channel's orders were validated once, if it has been read."""


class Sending(Protocol):
    """Which orders are sent, and what came of each attempt."""

    def first_push(self, channel: str, limit: int) -> int:
        """How many orders the channel would send if that is more than `limit`, it never sent one and nobody agreed."""

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

    def switched_off(self, channel: str) -> int:
        """How many queued orders wait since their channel, their ERP or their distributor is switched off."""

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

        Leaves out what changed since, or must be settled first. An order keeps the
        short reference that it goes out under, for good; two of an ERP never have the same.
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

    def refused_in_a_row(self, erp: str, code: str, number: int) -> Sequence[Refused]:
        """The orders that the ERP refused with this code since it last took one; none if they are too few.

        One that it refused before that too, and since the order was last received, is refused for its own sake: it is
        left out. Of those that stand failed so, there must be `number` more.
        """

    def failed_in_run(self, run: str, since: datetime) -> FailedInRun:
        """What the tasks of a run (`dag/run`) did to orders since then."""


class Settling(Protocol):
    """What became of orders whose fate nobody knows yet."""

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


class References(Protocol):
    """Which order bears what, where an ERP does not take our keys."""

    def keys_of(self, erp: str, references: Collection[str]) -> Mapping[str, OrderKey]:
        """The orders that an ERP has under these short references, by reference; one that is not known is left out."""

    def keep_references(self, erp: str, references: Mapping[OrderKey, str]) -> None:
        """Remember under which short references an ERP has these orders.

        An order keeps the one that it has, also if that is its key. None takes another order's.
        """

    def unreferenced(self, channel: str, limit: int) -> Sequence[OrderKey]:
        """The newest orders of a channel that are not done and of which no short reference is known, up to `limit`."""


class Deciding(Protocol):
    """What people decide about orders that they chose."""

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

    def owners(
        self, erp: str, channel: str, numbers: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], OrderKey]:
        """The orders that have these ERP numbers, each given with its company; that of an order of the channel."""

    def decide(
        self, selection: int, decisions: Mapping[OrderKey, tuple[Selected, Decision]], actor: Actor
    ) -> set[OrderKey]:
        """Take decisions whose order still stands as it was selected, and remember the result; the keys of the others.

        A decision that was taken also confirms what was decided about the order before a restore.
        """

    def to_send(self, selection: int) -> Mapping[str, int]:
        """How many of the selected orders are to be sent, by channel."""


class Ledger(
    Clock,
    Connections,
    Intake,
    Findings,
    Orders,
    Validation,
    Sending,
    Settling,
    References,
    Deciding,
    Protocol,
):
    """The record of every order. Each call takes many orders and is one database transaction; time is the ledger's."""
