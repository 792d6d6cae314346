"""A malformed setting is one sentence that says what to write."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from order_sync.core.errors import Misconfigured
from order_sync.core.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("VERIFICATION_WINDOW", "30", "such as 90s"),
        ("EARLY_LOOKS", "1m;5m", "separated by commas"),
        ("REPORT_ZONE", "Berlin", "IANA"),
        ("REPORT_ZONE", "../etc", "IANA"),
        ("REPORT_AT", "6", "06:00"),
        ("REPORT_AT", "06:00+02:00", "write a time of day such as 06:00"),
        ("REPORT_AT", "06:00:30", "write a time of day such as 06:00"),
        ("CLAIM_SIZE", "many", "whole number"),
        ("CLAIM_SIZE", "0", "1 or more"),
        ("TOTAL_TOLERANCE", "-1", "such as 1, or such as 1\\+0.5/line"),
        ("TOTAL_TOLERANCE", "1 cent", "minor units"),
        ("MAX_RESENDS", "-1", "0 or more"),
        ("VERIFICATION_WINDOW", "0s", "greater than zero"),
        ("VERIFICATION_WINDOW", "99999999999999999999d", "such as 90s"),
        ("EARLY_LOOKS", "1m,3000000d", "separated by commas"),
        ("CLAIM_LEASE", "60s", "claimed twice"),
        ("PUSH_TURN", "35m", "together must be shorter than 0:50:00"),
        ("CLAIM_LEASE", "47m", "together must be shorter than 0:50:00"),
        ("TRANSACTIONS_KEPT_FOR", "30d", "31 days, 0:00:00 or more"),
        ("TRANSACTIONS_KEPT_FOR", "36501d", "at most 36500d"),
        ("READ_DONE_AGAIN_FOR", "400d", "TRANSACTIONS_KEPT_FOR .* must be longer than"),
        ("COMPARE_BACK", "500d", "TRANSACTIONS_KEPT_FOR .* must be longer than"),
        ("SETTLE_LAG", "3d", "COMPARE_BACK .* must be longer than"),
        ("WINDOW", "30m", "not a setting"),
    ],
)
def test_a_malformed_setting_is_one_sentence_that_says_what_to_write(name: str, value: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=says) as caught:
        Settings.read({f"ORDER_SYNC_{name}": value})
    assert f"ORDER_SYNC_{name}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_come_from_the_environment_and_default_to_thirty_minutes() -> None:
    """R45"""
    assert Settings.read({"PATH": "/bin"}).verification_window == timedelta(minutes=30)
    changed = Settings.read({"ORDER_SYNC_VERIFICATION_WINDOW": "60s", "ORDER_SYNC_EARLY_LOOKS": "5s, 15s"})
    assert changed.verification_window == timedelta(seconds=60)
    assert changed.early_looks == (timedelta(seconds=5), timedelta(seconds=15))
    assert Settings.read({"ORDER_SYNC_REPORT_ZONE": "Europe/Berlin"}).report_zone == ZoneInfo("Europe/Berlin")
    assert Settings.read({"ORDER_SYNC_EARLY_LOOKS": ""}).early_looks == ()
