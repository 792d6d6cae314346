"""Red runs: whether orders that failed make the run red that failed them, for those who want to see it so.

No task is in trouble then, and by default none is red. Nothing here knows how the orders were counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from order_sync.core.errors import Permanent


class OrdersFailed(Permanent):
    """Orders failed in a run, and the settings want such a run red."""


@dataclass(frozen=True, slots=True)
class FailedInRun:
    """How many orders a run worked on, and by code how many of these it failed that did not get well since."""

    worked: int
    failed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RedOn:
    """From which share of a run's orders on failed ones make it red: None never, 0 from the first one on."""

    share: Decimal | None = None

    @classmethod
    def read(cls, text: str) -> "RedOn":
        """From `never`, `any` or a share such as 0.2. Raises ValueError."""
        if text == "never":
            return cls(None)
        if text == "any":
            return cls(Decimal(0))
        try:
            if 0 < (share := Decimal(text)) <= 1:
                return cls(share)
        except InvalidOperation:
            pass
        raise ValueError(text)

    def __str__(self) -> str:
        return "never" if self.share is None else str(self.share or "any")

    def judge(self, run: FailedInRun) -> None:
        """Raises OrdersFailed, which counts them by code, if there are as many as that."""
        failed = sum(run.failed.values())
        if self.share is None or not failed or failed < self.share * run.worked:
            return
        codes = ", ".join(f"{number} {code}" for code, number in sorted(run.failed.items(), key=lambda each: -each[1]))
        raise OrdersFailed(
            f"{failed} of {run.worked} orders that this run worked on failed: {codes}. Every step did its work: what"
            " is wrong with an order, and who fixes it, is in the daily report and in the ledger's table orders"
        )
