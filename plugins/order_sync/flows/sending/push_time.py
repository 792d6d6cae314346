"""How long a push goes on: for its own time, and shorter while orders of another channel wait for the same ERP."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

SHARE = timedelta(seconds=30)
"""How long a push keeps an ERP for itself while another channel's orders wait for it."""


@dataclass
class PushTime:
    """The time of one push, in seconds of `monotonic`. `others_wait` asks the ledger, and is asked after a share only.

    `gave_way` says that the push ends for the sake of others, with time left for later.
    """

    monotonic: Callable[[], float]
    begun: float
    ends_at: float
    others_wait: Callable[[], bool]
    gave_way: bool = False

    @classmethod
    def of(cls, whole: timedelta, monotonic: Callable[[], float], others_wait: Callable[[], bool]) -> "PushTime":
        """Time that begins now."""
        begun = monotonic()
        return cls(monotonic, begun, begun + whole.total_seconds(), others_wait)

    def over(self) -> bool:
        """Whether nothing more may be claimed and opened. What is opened is sent."""
        if self.monotonic() < self.ends_at:
            self.gave_way = self.gave_way or self._share_is_used(1)
        return self.gave_way or self.monotonic() >= self.ends_at

    def half_over(self) -> bool:
        """Whether half is used: looking up takes no more of it."""
        return self.monotonic() >= (self.begun + self.ends_at) / 2 or self._share_is_used(0.5)

    @property
    def left(self) -> timedelta:
        """What is left for later."""
        return timedelta(seconds=max(self.ends_at - self.monotonic(), 0))

    def _share_is_used(self, part: float) -> bool:
        return self.monotonic() >= self.begun + part * SHARE.total_seconds() and self.others_wait()
