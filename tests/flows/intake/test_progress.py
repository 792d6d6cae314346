"""A first read of a channel tells how far it is; a short one says nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.progress import Progress
from order_sync.core.intake.watermark import Watermark
from order_sync.core.ports.channel import Batch
from order_sync.core.sending.route import Route
from order_sync.flows import extract
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("test")


class InPages(MemoryChannel):
    """A channel that gives one transaction at a time and says how many there are."""

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        for batch in super().transactions(since):
            for each in batch.transactions:
                yield Batch([each], Watermark(since.fingerprint, each.counter or 0), of=len(batch.transactions))


def read(progress: Progress | None) -> None:
    channel = InPages([transaction(number) for number in (1, 2, 3)])
    counts = extract(ROUTE, channel, MemoryLedger(copy=reference()), ACTOR, progress=progress).counts
    assert counts == {"new": 3, "orders": 3}


def test_a_long_read_tells_how_much_is_done_and_about_how_long_it_takes() -> None:
    lines: list[str] = []
    read(Progress(lines.append, clock=count(step=60).__next__))
    assert [line.partition(", ")[0] for line in lines] == [
        "read of shop: 1 of about 3",
        "read of shop: 2 of about 3",
        "read of shop: 3",
    ]
    assert [line.endswith(" left") for line in lines] == [True, True, False]


def test_a_short_read_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    read(None)
    assert caplog.text == ""
