"""The business day: which instants belong to a date in a place. Half-open, and right on days of 23 and 25 hours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """The instants from `start` up to, and without, `end`; both UTC."""

    start: datetime
    end: datetime

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


def business_day(day: date, zone: ZoneInfo) -> Window:
    """The window of one calendar date in a zone, from its midnight to the next."""
    return between(datetime.combine(day, time.min), datetime.combine(day + timedelta(days=1), time.min), zone)


def between(start: datetime, end: datetime, zone: ZoneInfo) -> Window:
    """The window between two times of a zone's clocks; of a time that they show twice, the first."""
    return Window(start.replace(tzinfo=zone).astimezone(UTC), end.replace(tzinfo=zone).astimezone(UTC))


def day_before(instant: datetime, zone: ZoneInfo) -> date:
    """The last business day that was over at an instant: what a morning's report is about."""
    return instant.astimezone(zone).date() - timedelta(days=1)
