"""Off-peak: the hours of an ERP during which orders that were tried before are sent again; new ones go at any hour.

Pure: a time of day in a zone, and the instants that it means on each day. Nothing here knows orders or ERPs.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from order_sync.core.basics.calendar_days import Window, between


@dataclass(frozen=True, slots=True)
class OffPeak:
    """From `start` up to, and without, `end`, by the clocks of `zone`; over midnight when the end is the earlier."""

    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def read(cls, start: str, end: str, zone: str) -> "OffPeak":
        """From text such as 22:00, 06:00 and Europe/Berlin. Raises ValueError, which says what is wrong with it."""
        hours = cls(_time(start), _time(end), _zone(zone))
        if hours.start == hours.end:
            raise ValueError(f"{start} and {end} are the same time")
        return hours

    def at(self, instant: datetime) -> Window:
        """The hours that hold an instant, else the next ones."""
        day = instant.astimezone(self.zone).date() - timedelta(days=1)
        while instant >= (hours := self._of(day)).end or hours.start >= hours.end:
            day += timedelta(days=1)
        return hours

    def _of(self, day: date) -> Window:
        last = day + timedelta(days=self.end < self.start)
        return between(datetime.combine(day, self.start), datetime.combine(last, self.end), self.zone)


def begins_at(off_peak: OffPeak | None, now: datetime) -> datetime | None:
    """When the next hours begin, for an ERP that has them and is not in them at this moment; else None."""
    if off_peak is None or now in (hours := off_peak.at(now)):
        return None
    return hours.start


def _time(text: str) -> time:
    try:
        read = time.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError(f"'{text}' is not a time of day such as 22:00") from None
    if read.tzinfo:
        raise ValueError(f"'{text}' has a UTC offset: leave it out, since the zone sets it")
    return read


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (TypeError, ValueError, KeyError, OSError):
        raise ValueError(f"'{name}' is not an IANA time zone such as Europe/Berlin") from None
