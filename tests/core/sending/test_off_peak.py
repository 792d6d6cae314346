"""Off-peak hours: half-open, over midnight, and one piece on the days on which clocks are changed."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.basics.calendar_days import Window
from order_sync.core.errors import Misconfigured
from order_sync.core.sending.off_peak import OffPeak, begins_at
from order_sync.specs import ErpSpec

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = OffPeak.read("22:00", "06:00", "Europe/Berlin")
NOON = OffPeak.read("12:00", "13:30", "UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2026-03-02T11:59:59+00:00", "2026-03-02T12:00:00+00:00"),
        ("2026-03-02T12:00:00+00:00", None),
        ("2026-03-02T13:29:59+00:00", None),
        ("2026-03-02T13:30:00+00:00", "2026-03-03T12:00:00+00:00"),
    ],
)
def test_the_hours_begin_with_their_start_and_are_over_at_their_end(now: str, begins: str | None) -> None:
    assert begins_at(NOON, at(now)) == (begins and at(begins))


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2026-03-02T21:59:59+01:00", "2026-03-02T22:00:00+01:00"),
        ("2026-03-02T22:00:00+01:00", None),
        ("2026-03-03T00:00:00+01:00", None),
        ("2026-03-03T05:59:59+01:00", None),
        ("2026-03-03T06:00:00+01:00", "2026-03-03T22:00:00+01:00"),
    ],
)
def test_hours_may_go_over_midnight_by_the_clocks_of_their_zone(now: str, begins: str | None) -> None:
    """R42"""
    assert begins_at(NIGHT, at(now)) == (begins and at(begins))


@pytest.mark.parametrize(("evening", "long"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-07-01", 8)])
def test_a_night_is_as_long_as_its_clocks_make_it(evening: str, long: int) -> None:
    hours = NIGHT.at(datetime.fromisoformat(f"{evening}T20:00").replace(tzinfo=BERLIN))
    assert hours.end - hours.start == timedelta(hours=long)


def test_hours_that_the_clocks_leave_out_are_not_there_that_day() -> None:
    skipped = OffPeak.read("02:40", "03:20", "Europe/Berlin")
    assert skipped.at(at("2026-03-29T00:00:00+01:00")) == Window(
        at("2026-03-30T02:40:00+02:00"), at("2026-03-30T03:20:00+02:00")
    )


def test_an_erp_without_hours_never_waits() -> None:
    assert begins_at(None, at("2026-03-02T12:00:00+00:00")) is None


@given(
    st.integers(0, 4 * 366 * 24 * 60),
    st.times(),
    st.times(),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
)
def test_an_instant_is_in_the_hours_or_they_begin_later_and_within_three_days(
    minutes: int, start: time, end: time, zone: str
) -> None:
    if start == end:
        return
    off_peak, now = OffPeak(start, end, ZoneInfo(zone)), datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    begins = begins_at(off_peak, now)
    if begins is None:
        hours = off_peak.at(now)
        assert hours.start <= now < hours.end
    else:
        assert now < begins <= now + timedelta(days=3)
        assert begins_at(off_peak, begins) is None
        assert begins_at(off_peak, begins - timedelta(microseconds=1)) == begins


@pytest.mark.parametrize(
    ("given_hours", "says"),
    [
        (("25:00", "06:00", "UTC"), "'25:00' is not a time of day"),
        (("22:00", "six", "UTC"), "'six' is not a time of day"),
        (("22:00", 6, "UTC"), "'6' is not a time of day"),
        (("22:00+01:00", "06:00", "UTC"), "has a UTC offset"),
        (("22:00", "06:00", "Berlin"), "'Berlin' is not an IANA time zone"),
        (("22:00", "06:00", ""), "'' is not an IANA time zone"),
        (("22:00", "22:00", "UTC"), "are the same time"),
    ],
)
def test_hours_that_cannot_be_are_refused_with_what_is_wrong(given_hours: tuple[str, str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        OffPeak.read(*given_hours)


def test_the_registry_says_off_peak_hours_in_words() -> None:
    spec = ErpSpec("erp", "none:None", off_peak=("22:00", "06:00", "Europe/Berlin"))
    assert spec.hours == NIGHT
    assert ErpSpec("erp", "none:None").hours is None


@pytest.mark.parametrize("given_hours", [("22:00", "late", "UTC"), ("22:00", "06:00"), "22:00"])
def test_a_registry_with_hours_that_cannot_be_does_not_load(given_hours: tuple[str, str, str]) -> None:
    with pytest.raises(Misconfigured, match=r"^ERP 'erp': off_peak is .*: write two times of day and a zone, such as"):
        ErpSpec("erp", "none:None", off_peak=given_hours)
