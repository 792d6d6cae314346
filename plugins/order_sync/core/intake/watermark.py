"""How far a channel has been read, and when that mark may rise.

A channel's counter is taken at insert and becomes visible at commit, so a slow writer can appear *below* a counter
that was read long ago. A mark therefore rises only to a counter that was seen before a moment all of whose writers
have ended since: the sample's `horizon` is a transaction number drawn after the rows were read, and every writer that
might hold a lower counter had begun by then. It waits for no writer for ever: a sample that has grown old counts too.

A channel without a counter has instants instead, and no transaction numbers go with them: its mark stays behind the
newest instant by as long as a writer may take.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """The highest counter seen and when, by the channel's clock, and the horizon once the rows had been read."""

    counter: int
    horizon: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Watermark:
    """Everything at or below `counter` has been read for good; `samples` wait for their writers to end.

    `fingerprint` names the database that the counters belong to: in another one they mean nothing.
    """

    fingerprint: str
    counter: int = 0
    samples: tuple[Sample, ...] = ()

    def settled(self, oldest_running: int) -> "Watermark":
        """The mark as it may stand now that every writer older than `oldest_running` has ended."""
        return self._risen([sample.counter for sample in self.samples if sample.horizon <= oldest_running])

    def given_up(self, until: datetime) -> tuple["Watermark", datetime | None]:
        """The mark that waits for no writer from `until` or before, and since when at least the oldest of them writes.

        What it passes over by this is no longer found by reading on. None: there is no such writer.
        """
        old = [sample for sample in self.samples if sample.at <= until]
        return self._risen([sample.counter for sample in old]), min((sample.at for sample in old), default=None)

    def sampled(self, sample: Sample) -> "Watermark":
        """The mark with one more sample; of samples with the same counter only the oldest is of use."""
        if sample.counter <= self.counter or any(older.counter >= sample.counter for older in self.samples):
            return self
        return replace(self, samples=(*self.samples, sample))

    def trailing(self, highest: int, now: datetime, lag: timedelta) -> "Watermark":
        """The mark of a channel whose counters are instants, in microseconds since 1970: `lag` behind the `highest`.

        And behind `now`, the channel's clock: an instant that lies in the future says nothing.
        """
        return self._risen([min(highest, microseconds(now - EPOCH)) - microseconds(lag)])

    def _risen(self, counters: list[int]) -> "Watermark":
        counter = max([self.counter, *counters])
        return replace(self, counter=counter, samples=tuple(s for s in self.samples if s.counter > counter))


def microseconds(duration: timedelta) -> int:
    """How many whole microseconds it has."""
    return duration // timedelta(microseconds=1)
