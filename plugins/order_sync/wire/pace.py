"""The gate of a connection: all its calls pass through it, and wait together while the system asks them to wait.

A system that limits its calls says so in an answer: HTTP 429, a Retry-After, or a header of the vendor's own that tells
how many calls are left. Calls wait here by themselves, with patience; only what would take longer is trouble.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import ceil

from order_sync.core.errors import RateLimited

PATIENCE = timedelta(minutes=1)
"""How long a call waits by itself in all: much less than a submit may take, since a submit is several calls."""

LONGEST = timedelta(days=1)
"""The longest wait that is believed."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The headers in which a vendor tells how many calls are left, and in how many units of time there are more."""

    left: str
    more_in: str
    unit: timedelta = timedelta(seconds=1)

    def spent(self, headers: Mapping[str, str]) -> bool:
        """Whether no call is left."""
        left = headers.get(self.left, "")
        return left.isdecimal() and not left.strip("0")

    def pause(self, headers: Mapping[str, str]) -> timedelta | None:
        """How long it is until there are more, if the vendor says it."""
        return _times(headers.get(self.more_in, ""), self.unit)


class Gate:
    """Open, or closed until a moment. One for all calls of a connection, also if several clients share it."""

    def __init__(
        self,
        connection: str,
        *,
        patience: timedelta = PATIENCE,
        quota: Quota | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._connection = connection
        self._patience = patience
        self._quota = quota
        self._monotonic = monotonic
        self._sleep = sleep
        self._opens_at = float("-inf")

    def now(self) -> float:
        """The moment, in seconds of the gate's clock."""
        return self._monotonic()

    async def passed(self, since: float) -> None:
        """Wait until it is open. Raises RateLimited if a call that began then would have to wait for too long."""
        while (left := self._opens_at - self.now()) > 0:
            if self._opens_at - since > self._patience.total_seconds():
                asked = timedelta(seconds=ceil(left))
                raise RateLimited(
                    f"connection '{self._connection}' is rate-limiting calls and requires a wait of {asked}, longer"
                    f" than a call waits by itself ({self._patience}); nothing was sent",
                    retry_after=asked,
                )
            await self._sleep(left)

    def heed(self, status: int, headers: Mapping[str, str], declined: int) -> bool:
        """Close for as long as an answer asks. Whether it only declined the call, as `declined` answers did before."""
        asked = _retry_after(headers)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            theirs = self._quota.pause(headers) if self._quota else None
            self._close(asked or theirs or timedelta(seconds=2**declined * _about(1, 1.5)))
            return True
        if status == HTTPStatus.SERVICE_UNAVAILABLE and asked:
            self._close(asked)
        elif self._quota and self._quota.spent(headers):
            self._close(self._quota.pause(headers) or timedelta(0))
        return False

    async def rest(self, seconds: float) -> None:
        """Let about so much time pass before a call is repeated; not all who do so come back at once."""
        await self._sleep(seconds * _about(0.5, 1.5))

    def _close(self, pause: timedelta) -> None:
        self._opens_at = max(self._opens_at, self.now() + min(pause, LONGEST).total_seconds())


def _about(least: float, most: float) -> float:
    return random.uniform(least, most)  # noqa: S311  nobody must not guess it


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long a server asks to wait: in seconds, or until a date by its own clock. None if it does not say."""
    text = headers.get("Retry-After", "")
    if text.isdecimal():
        return _times(text, timedelta(seconds=1))
    try:
        pause = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return pause if pause > timedelta(0) else None


def _times(text: str, unit: timedelta) -> timedelta | None:
    try:
        return int(text) * unit or None if text.isdecimal() else None
    except (ValueError, OverflowError):
        return None
