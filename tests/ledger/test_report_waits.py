"""A report waits for each channel to be validated, and not for ever."""

from pathlib import Path

import pytest

from order_sync.core.intake.watermark import Watermark
from order_sync.flows.people.report import NotYet
from order_sync.ledger import Ledger
from tests.ledger.reporting import Build, rows, words
from tests.ledger.steps import ACTOR, Sql, fail, land


def read(ledger: Ledger, channel: str) -> None:
    """Let a channel be read to its end, which has nothing."""
    ledger.record(channel, "tryton", [], Watermark("db", 1), ACTOR)


def test_nothing_is_stored_before_each_channel_was_validated_once_and_the_same_day_is_built_then(
    ledger: Ledger, build: Build, sql: Sql, tmp_path: Path
) -> None:
    """Switched on together with its channels, the report runs at once, for yesterday."""
    wait = (
        r"^the report of 2026-11-20 is not built yet, and nothing is stored: no orders of {} have been validated so"
        r" far\. Let sync_orders__\w+.* run until `validate` is green, .*; then clear this task, and it builds the"
        r" report of the same day$"
    )
    with pytest.raises(NotYet, match=wait.format("shop, tills")):
        build(channels=["shop", "tills"])
    land(ledger, 1)
    read(ledger, "shop")
    fail(ledger)
    with pytest.raises(NotYet, match=wait.format("shop, tills")):
        build(channels=["shop", "tills"])
    ledger.note_validated("shop")
    read(ledger, "tills")
    with pytest.raises(NotYet, match=wait.format("tills")):
        build(channels=["shop", "tills"])
    assert (sql.one("select count(*) from reports"), [*tmp_path.iterdir()]) == (0, [])
    ledger.note_validated("tills")
    assert words(build(channels=["shop", "tills"])) == {"R-1": "Failed"}


def test_a_validation_before_anything_was_read_is_none(ledger: Ledger, build: Build) -> None:
    ledger.note_validated("shop")
    read(ledger, "shop")
    with pytest.raises(NotYet):
        build(channels=["shop"])


def test_a_channel_that_nobody_switches_on_keeps_the_report_waiting_for_a_day_and_no_longer(
    ledger: Ledger, build: Build, sql: Sql
) -> None:
    read(ledger, "shop")
    ledger.note_validated("shop")
    aged = "update watermarks set validated_at = clock_timestamp() - interval '1 day' + make_interval(secs => %s)"
    sql.do(aged, 60)
    with pytest.raises(NotYet, match="no orders of tills"):
        build(channels=["shop", "tills"])
    sql.do(aged, 0)
    ledger.note_validated("shop")
    assert rows(build(channels=["shop", "tills"])) == []
    read(ledger, "tills")
    with pytest.raises(NotYet, match="no orders of tills"):
        build(channels=["shop", "tills"], content="all")


def test_a_report_that_is_stored_waits_for_no_channel_that_came_since(ledger: Ledger, build: Build) -> None:
    first = build(channels=[])
    read(ledger, "shop")
    assert build(channels=["shop"]) == first
