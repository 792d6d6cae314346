"""The business day: half-open, in the report's zone, right on days of 23 and 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.basics.calendar_days import business_day, day_before

ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"})).map(ZoneInfo)
DAYS = st.dates(date(2000, 1, 1), date(2037, 12, 30))
INSTANTS = st.integers(1_000_000_000, 2_140_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 11, 20), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
    ],
)
def test_a_day_is_as_long_as_the_zones_clocks_make_it(zone: str, day: date, hours: float) -> None:
    """R106"""
    window = business_day(day, ZoneInfo(zone))
    assert window.end - window.start == timedelta(hours=hours)


def test_a_day_begins_at_its_own_midnight_in_utc() -> None:
    assert business_day(date(2026, 7, 1), ZoneInfo("Europe/Berlin")).start == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_a_window_holds_its_start_and_not_its_end() -> None:
    window = business_day(date(2026, 11, 20), ZoneInfo("UTC"))
    assert window.start in window
    assert window.end - INSTANT in window
    assert window.end not in window
    assert window.start - INSTANT not in window


@given(day=DAYS, zone=ZONES)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    assert business_day(day, zone).end == business_day(day + timedelta(days=1), zone).start


@given(zone=ZONES, instant=INSTANTS)
def test_the_day_before_an_instant_is_over_and_the_day_after_it_is_not(zone: ZoneInfo, instant: datetime) -> None:
    day = day_before(instant, zone)
    assert business_day(day, zone).end <= instant
    assert instant < business_day(day + timedelta(days=1), zone).end


def test_the_day_before_depends_on_the_zone() -> None:
    instant = datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert day_before(instant, ZoneInfo("Pacific/Pago_Pago")) == date(2026, 11, 19)
    assert day_before(instant, ZoneInfo("Pacific/Kiritimati")) == date(2026, 11, 20)
