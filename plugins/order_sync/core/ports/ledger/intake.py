"""What the flows need from the ledger to read a channel and to make orders."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.intake.findings import Finding
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.orders import (
    Change,
    Comparison,
    Entry,
    Landing,
    Standing,
)


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
