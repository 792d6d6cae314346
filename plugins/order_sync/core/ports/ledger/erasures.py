"""What an erasure needs of the ledger."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from order_sync.core.basics.actor import Actor
from order_sync.core.order.model import OrderKey
from order_sync.core.ports.ledger.reports import Reports
from order_sync.core.privacy.erasing import Erasable, Kept, RoundPlace, Whose
from order_sync.core.records.report import Report, ReportContent


class Erasures(Reports, Protocol):
    """What an erasure needs. The ledger fulfils it; each call is one transaction."""

    def to_erase(self, whose: Whose) -> Sequence[Erasable]:
        """The orders under these keys, or of that customer in any of their versions."""

    def erase(self, keys: Collection[OrderKey], run: str, actor: Actor) -> int:
        """Empty people's data of those orders that may be erased, on a person's request; noted under the run.

        Returns how many there were.
        """

    def forget(self, keys: Collection[OrderKey], run: str, actor: Actor) -> int:
        """The same because their time is over."""

    def erased_by(self, run: str) -> int:
        """Of how many orders a run erased people's data."""

    def kept_since(self, before: datetime, after: RoundPlace | None, limit: int) -> Kept:
        """The next orders that landed before an instant and to which nothing happened since; oldest first."""

    def empty_selections(self, customer_account: str = "", before: datetime | None = None) -> None:
        """Empty what people asked for in selections for this customer, or of before an instant, without open orders."""

    def erased_among(self, keys: Collection[str]) -> set[str]:
        """Which of these keys are those of erased orders."""

    def stored_report(self, day: date, content: ReportContent) -> Report:
        """A report as it is stored now."""

    def reports_to_write_again(self) -> Sequence[Report]:
        """Reports whose kept files may still show what was erased, the oldest first."""

    def written_again(self, report: Report) -> None:
        """Note that the file of a report shows its rows as they are."""
