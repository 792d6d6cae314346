"""What the flows need from the ledger for people's decisions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.decision import Decision, Selected
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import (
    Chosen,
)


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
