"""A clock that stands still until a test moves it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = START

    def sleep(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def monotonic(self) -> float:
        return (self.now - START).total_seconds()
