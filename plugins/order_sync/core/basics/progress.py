"""How far a long command is: counts, and when it will be about done.

On a terminal one line is written over again and again; in a log there is a line at most once a minute. Who writes, and
which clock counts, is given.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Self, TypeVar

Item = TypeVar("Item")
Page = TypeVar("Page", bound=Collection[object])

IN_A_LOG, ON_A_TERMINAL = 60.0, 1.0
"""Seconds between two lines, at least."""

WIDTH = 110
"""Letters of a line that is written over, at most: one that is broken could not be."""

TOO_EARLY = 10.0
"""Seconds of work from which on an end is foretold."""


class Progress:
    """One command's progress, step by step.

    Args:
        write: takes a line for a log or, `in_place`, text for a terminal with its control characters.
        clock: seconds that never run backwards.
    """

    def __init__(
        self, write: Callable[[str], object], *, in_place: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write, self._in_place, self._clock = write, in_place, clock
        self._what = ""
        self._begun = self._shown = clock()
        self._done, self._total, self._note = 0, 0, ""

    def begin(self, what: str, total: int = 0) -> Self:
        """Begin a step. `total` is about how much there is to do; 0 if nobody knows."""
        self.end()
        self._what, self._done, self._total, self._note = what, 0, total, ""
        self._begun = self._shown = self._clock()
        if self._in_place:
            self._show()
        return self

    def add(self, number: int, total: int = 0) -> None:
        """So much more was done; of about `total`, if that is known better now."""
        self._done, self._total = self._done + number, total or self._total
        self.tick()

    def note(self, text: str) -> None:
        """Say it in words."""
        self._note = text
        self.tick()

    def tick(self) -> None:
        """Show how it stands, unless that was done a moment ago."""
        if self._what and self._clock() - self._shown >= (ON_A_TERMINAL if self._in_place else IN_A_LOG):
            self._show()

    def end(self) -> None:
        """End the step: on a terminal its line stays as it is."""
        if self._what and self._in_place:
            self._show()
            self._write("\n")
        self._what = ""

    def each(self, items: Iterable[Item]) -> Iterator[Item]:
        """These items, each counted once the next one is asked for."""
        for item in items:
            yield item
            self.add(1)

    def counted(self, pages: Iterable[Page]) -> Iterator[Page]:
        """These pages, each counted by what is on it once the next one is asked for."""
        for page in pages:
            yield page
            self.add(len(page))

    def __str__(self) -> str:
        seconds = self._clock() - self._begun
        of = f" of about {self._total:,}" if self._total > self._done else ""
        parts = [f"{self._done:,}{of}" if self._done or self._total else "", self._note, _time(seconds)]
        if of and self._done and seconds >= TOO_EARLY:
            parts.append(f"about {_time(seconds * (self._total - self._done) / self._done)} left")
        return f"{self._what}: {', '.join(part for part in parts if part)}"

    def _show(self) -> None:
        self._shown = self._clock()
        self._write(f"\r{str(self)[:WIDTH]}\x1b[K" if self._in_place else str(self))


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
