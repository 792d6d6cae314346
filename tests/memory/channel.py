"""A channel in memory, and good transactions to put into it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from order_sync.core.basics.calendar_days import Window
from order_sync.core.errors import Transient
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.order.parsing import read_instant
from order_sync.core.ports.channel import Batch

DETAILS = (
    '{"ships": false, "ship_to": null, "charges": [],'
    ' "lines": [{"number": 1, "sku": "TEA", "quantity": "2", "net": "10.00", "tax_code": "", "tax": "0"}]}'
)


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
