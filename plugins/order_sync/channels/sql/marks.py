"""The marks of one reading: how far it has got for good after each batch.

A channel has an insert counter, or only instants; `core.watermark` says what follows from it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from order_sync.channels.sql.folder import SAMPLE, StatementFolder, around
from order_sync.channels.sql.session import ChannelSession
from order_sync.core.intake.watermark import EPOCH, Sample, Watermark, microseconds

SAMPLE_FILE = "sample.sql"
"""The file of a channel that has a counter."""

EARLIEST = microseconds(datetime(2000, 1, 1, tzinfo=UTC) - EPOCH)
"""What lies below it is no instant of a sale, in microseconds since 1970."""


class Marks(Protocol):
    """What a reading may store.

    `ties`: whether two rows may have the same counter. `newest`: which counter a reading ends with, about.
    """

    ties: bool
    newest: int

    def after(self, counter: int) -> Watermark:
        """The mark after a batch that is not the last and ends with this counter."""

    def last(self, highest: int) -> tuple[Watermark, datetime | None]:
        """The mark after the last batch, and since when a writer is at work that it no longer waits for."""


class ByCounter:
    """Of a channel with an insert counter: the mark waits for the writers that were at work."""

    ties = False

    def __init__(
        self, session: ChannelSession, folder: StatementFolder, since: Watermark, settle_lag: timedelta
    ) -> None:
        self._session, self._folder, self._since = session, folder, since
        self._first = self._sample()
        self.newest = int(self._first["counter"])
        self._settled = since.settled(self._first["oldest_running"])
        self._given_up = self._first["taken_at"] - settle_lag

    def after(self, counter: int) -> Watermark:
        """As far as the batch goes, but no further than a settled sample allows."""
        return self._settled if counter >= self._settled.counter else replace(self._since, counter=counter)

    def last(self, highest: int) -> tuple[Watermark, datetime | None]:
        """With a sample of what was read, whose horizon is drawn only now."""
        mark, slow_since = self._settled.given_up(self._given_up)
        self._session.begin()
        horizon = self._sample()["horizon"]
        return mark.sampled(Sample(self._first["counter"], horizon, self._first["taken_at"])), slow_since

    def _sample(self) -> Mapping[str, Any]:
        return self._session.one(SAMPLE_FILE, around("read_sample", sample=self._folder.text(SAMPLE_FILE)), SAMPLE)


class ByInstant:
    """Of a channel without a counter: the mark stays behind, and what lies above it is read again each time."""

    ties = True

    def __init__(
        self, session: ChannelSession, folder: StatementFolder, since: Watermark, settle_lag: timedelta
    ) -> None:
        self._folder, self._since, self._lag = folder, since, settle_lag
        self._now = session.one("transactions.sql", around("read_clock"), {})["taken_at"]
        self.newest = microseconds(self._now - EPOCH)

    def after(self, counter: int) -> Watermark:
        """Behind the batch's end by the lag, so that what shares its last instant is not passed over."""
        return self._since.trailing(counter, self._now, self._lag)

    def last(self, highest: int) -> tuple[Watermark, datetime | None]:
        """Behind the newest by the lag."""
        if self._since.counter < highest < EARLIEST:
            what = (
                f"returns {highest} as its highest counter, but there is no sample.sql: write one if that is a real"
                " counter, or return instants, in microseconds since 1970"
            )
            raise self._folder.malformed("transactions.sql", what)
        return self.after(highest), None


def marks_of(session: ChannelSession, folder: StatementFolder, since: Watermark, settle_lag: timedelta) -> Marks:
    """Those of this channel, which samples it now, before anything is read."""
    kind = ByCounter if SAMPLE_FILE in folder else ByInstant
    return kind(session, folder, since, settle_lag)
