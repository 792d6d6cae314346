"""What no flow asks of the ledger in memory: comparisons and backfills are tested on Postgres alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import (
    Comparison,
    Landing,
    Standing,
)


class MemoryUnasked:
    """The rest of the Ledger port."""

    def placed(self, channel: str, window: Window) -> int:
        raise NotImplementedError

    def compare(self, channel: str, window: Window, keys: Iterable[Sequence[tuple[OrderKey, str]]]) -> Comparison:
        raise NotImplementedError

    def before_start(self, channel: str, window: Window, limit: int, skip: int) -> Sequence[OrderKey]:
        raise NotImplementedError

    def backfill(self, channel: str, landings: Sequence[Landing], in_erp: Collection[OrderKey], actor: Actor) -> int:
        raise NotImplementedError

    def backfilled(self, channel: str) -> int:
        raise NotImplementedError

    def standings(self, keys: Collection[str]) -> Mapping[str, Standing]:
        raise NotImplementedError
