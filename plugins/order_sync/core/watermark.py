"""How far a channel has been read, and when that mark may rise.

A channel's counter is taken at insert and becomes visible at commit, so a slow writer can appear *below* a counter
that was read long ago. A mark therefore rises only to a counter that was seen before a moment all of whose writers
have ended since: the sample's `horizon` is a transaction number drawn after the rows were read, and every writer that
might hold a lower counter had begun by then.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Sample:
    """The highest counter seen, and the transaction horizon once the rows had been read."""

    counter: int
    horizon: int


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
        done = [sample.counter for sample in self.samples if sample.horizon <= oldest_running]
        counter = max([self.counter, *done])
        return replace(self, counter=counter, samples=tuple(s for s in self.samples if s.counter > counter))

    def sampled(self, counter: int, horizon: int) -> "Watermark":
        """The mark with one more sample; of samples with the same counter only the oldest horizon is of use."""
        if counter <= self.counter or any(sample.counter >= counter for sample in self.samples):
            return self
        return replace(self, samples=(*self.samples, Sample(counter, horizon)))
