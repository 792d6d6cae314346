"""The daily report: which orders have a row, under which word, and what the file looks like to a spreadsheet."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from order_sync.core.errors import Misconfigured, Transient
from order_sync.core.life.lifecycle import MEANINGS, Event, Status
from order_sync.core.records.orders import Change
from order_sync.core.records.report import ReportContent
from order_sync.flows import build_report
from order_sync.ledger import Ledger
from tests.ledger.reporting import BERLIN, DAY, STUCK, Build, put, rows, words
from tests.ledger.steps import ACTOR, Sql, close, fail, key, land, queue, send, settle


def test_a_row_has_exactly_the_six_columns_as_people_search_them(ledger: Ledger, build: Build) -> None:
    """R114, R115, R116"""
    land(ledger, 1)
    fail(ledger)
    assert rows(build()) == [["R-1", "usrt", "C-1", "2026-11-25", "2026-11-20 11:00", "Failed"]]


def test_the_order_id_is_the_channels_reference_else_the_receipt_else_the_key(ledger: Ledger, build: Build) -> None:
    """R5"""
    land(ledger, 1, receipt="REC-1")
    land(ledger, 2, reference="", receipt="REC-2")
    land(ledger, 3, reference="", receipt="")
    fail(ledger)
    assert set(words(build())) == {"R-1", "REC-2", "shop:S1/00003"}


def test_the_distributor_is_the_channels_setting_or_what_the_transaction_names(
    ledger: Ledger, build: Build, sql: Sql
) -> None:
    fail(ledger, 1, 2)
    sql.do("update orders set channel = 'other' where order_key = %s", str(key(2)))
    assert {row[0]: row[1] for row in rows(build(distributors={"shop": "Fabrikam"}))} == {
        "R-1": "Fabrikam",
        "R-2": "usrt",
    }


def test_what_the_channel_does_not_say_is_an_empty_cell(ledger: Ledger, build: Build) -> None:
    land(ledger, 1, delivery_date=None, placed_at=None, customer_account="", distributor="")
    fail(ledger)
    assert rows(build()) == [["R-1", "", "", "", "", "Failed"]]


def test_a_delivery_date_that_is_none_is_an_empty_cell(ledger: Ledger, build: Build) -> None:
    land(ledger, 1, delivery_date="1900-01-01")
    land(ledger, 2, delivery_date="soon")
    fail(ledger)
    assert [row[3] for row in rows(build())] == ["", ""]


FAILED_WORDS = {
    "failed": "Failed", "dead": "Failed", "conflict": "Failed", "pending_verification": "Pending Verification",
    "received": "Queued", "queued": "Queued", "waiting": "Queued", "sending": "Queued", "on_hold": "Queued",
}  # fmt: skip
ALL_WORDS = FAILED_WORDS | {"sent": "Pending", "succeeded": "Successful", "synced_manually": "Successful"}


@pytest.mark.parametrize(("content", "expected"), [("failed", FAILED_WORDS), ("all", ALL_WORDS)])
def test_each_status_has_its_word_or_no_row(
    ledger: Ledger, build: Build, sql: Sql, content: ReportContent, expected: dict[str, str]
) -> None:
    """R108, T4, T5: failed orders, unsynced ones that are still pending, and under All orders the good ones too."""
    numbers = dict(enumerate(Status, start=1))
    land(ledger, *numbers)
    for number, status in numbers.items():
        put(sql, number, status)
    built = build(content)
    assert {numbers[int(order_id[2:])]: word for order_id, word in words(built).items()} == expected
    assert built.report.shown == {word: list(expected.values()).count(word) for word in set(expected.values())}
    assert built.report.not_shown == {"ignored": 1, "cancelled_at_source": 1, "not_an_order": 1}
    assert {status for status, standing in MEANINGS.items() if standing.report_word is None} == set(Status) - {
        Status(status) for status in ALL_WORDS
    }


def test_what_the_erp_refused_for_its_set_up_is_queued_in_the_report_at_once(ledger: Ledger, build: Build) -> None:
    """It was refused once already: nobody has to wait for half an hour to hear of it."""
    close(ledger, send(ledger, 1, 2).entries, Event.REFUSED, "PERIOD_CLOSED", "the period is closed")
    queue(ledger, 3)
    again = [
        Change(each.key, each.generation, Status.FAILED, Event.CONFIGURATION_SUSPECTED, Status.QUEUED)
        for each in ledger.refused_in_a_row("tryton", "PERIOD_CLOSED", 2)
    ]
    ledger.apply(again, ACTOR)
    assert words(build()) == {"R-1": "Queued", "R-2": "Queued"}


@pytest.mark.parametrize("status", ["received", "queued", "waiting", "sending", "on_hold"])
@pytest.mark.parametrize(("minutes", "word"), [(29.5, "Pending"), (30, "Queued")])
def test_what_waits_unsent_is_queued_once_it_is_stuck_and_pending_before(
    ledger: Ledger, build: Build, sql: Sql, status: str, minutes: float, word: str
) -> None:
    """R47, R122, T6: stuck is a threshold of its own, and a younger order is only under All orders."""
    land(ledger, 1)
    put(sql, 1, status, minutes_old=minutes)
    assert words(build("all")) == {"R-1": word}
    assert words(build("failed")) == ({"R-1": word} if word == "Queued" else {})


@pytest.mark.parametrize("off", ["channel_shop", "erp_tryton", "distributor_usrt"])
def test_what_waits_since_it_is_switched_off_is_counted_and_has_no_row(
    ledger: Ledger, build: Build, sql: Sql, off: str
) -> None:
    """R16"""
    queue(ledger, 1)
    fail(ledger, 2)
    put(sql, 1, "queued", minutes_old=60)
    ledger.switch_off({off: "the plan ended"}, ACTOR)
    built = build()
    assert words(built) == {"R-2": "Failed"}
    assert built.summary.counts == {"Failed": 1, "not_shown_switched_off": 1}
    assert words(build("all")) == {"R-1": "Queued", "R-2": "Failed"}


@pytest.mark.parametrize(("seconds_left", "word"), [(60, "Pending"), (-1, "Pending Verification")])
def test_what_was_sent_is_pending_within_its_window_and_unverified_after_it_even_if_nobody_looked(
    ledger: Ledger, build: Build, sql: Sql, seconds_left: int, word: str
) -> None:
    """R45, R121: the verification window decides, not whether reconcile has run."""
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.RECEIPT)
    sql.do("update orders set window_ends_at = clock_timestamp() + make_interval(secs => %s)", seconds_left)
    assert words(build("all")) == {"R-1": word}
    assert words(build("failed")) == ({} if word == "Pending" else {"R-1": word})


def test_what_was_sent_once_and_waits_to_be_sent_again_is_unverified_not_queued(
    ledger: Ledger, build: Build, sql: Sql
) -> None:
    """R46: it may be in the ERP, so that it is neither Failed nor stuck."""
    land(ledger, 1)
    put(sql, 1, "queued", receipt_at=datetime(2026, 11, 20, tzinfo=UTC))
    assert words(build()) == {"R-1": "Pending Verification"}


def test_failed_orders_are_reported_whatever_day_they_were_placed_on(ledger: Ledger, build: Build) -> None:
    """R52, R120"""
    land(ledger, 1, placed_at="2026-09-01T00:00:00+00:00")
    fail(ledger)
    assert words(build("failed")) == {"R-1": "Failed"}
    assert words(build("all")) == {}


@pytest.mark.parametrize(
    ("day", "zone", "first", "last"),
    [
        (date(2026, 11, 20), "UTC", "2026-11-20T00:00:00+00:00", "2026-11-20T23:59:59.999999+00:00"),
        (date(2026, 11, 20), "Europe/Berlin", "2026-11-19T23:00:00+00:00", "2026-11-20T22:59:59.999999+00:00"),
        (date(2026, 3, 29), "Europe/Berlin", "2026-03-28T23:00:00+00:00", "2026-03-29T21:59:59.999999+00:00"),
        (date(2026, 10, 25), "Europe/Berlin", "2026-10-24T22:00:00+00:00", "2026-10-25T22:59:59.999999+00:00"),
        (date(2026, 3, 8), "America/New_York", "2026-03-08T05:00:00+00:00", "2026-03-09T03:59:59.999999+00:00"),
    ],
)
def test_all_orders_are_those_placed_on_the_zones_business_day_also_of_23_and_25_hours(
    ledger: Ledger, build: Build, day: date, zone: str, first: str, last: str
) -> None:
    """R106, R107: half-open, by the report's own zone."""
    instant = timedelta(microseconds=1)
    before = (datetime.fromisoformat(first) - instant).isoformat()
    after = (datetime.fromisoformat(last) + instant).isoformat()
    for number, placed_at in enumerate((before, first, last, after), start=1):
        land(ledger, number, placed_at=placed_at)
    built = build("all", ZoneInfo(zone), day=day)
    assert set(words(built)) == {"R-2", "R-3"}
    assert {row[4][:10] for row in rows(built)} == {day.isoformat()}


def test_an_order_without_a_readable_date_is_reported_on_the_day_it_landed(
    ledger: Ledger, build: Build, sql: Sql
) -> None:
    land(ledger, 1, placed_at=None)
    sql.do("update orders set landed_at = '2026-11-20 12:00+00'")
    assert [(row[0], row[4]) for row in rows(build("all"))] == [("R-1", "")]


def test_the_newest_order_comes_first(ledger: Ledger, build: Build) -> None:
    """R13"""
    for number, hour in ((1, 9), (2, 12), (3, 7)):
        land(ledger, number, placed_at=f"2026-11-20T{hour:02}:00:00+00:00")
    fail(ledger)
    assert [row[0] for row in rows(build())] == ["R-2", "R-1", "R-3"]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+49", "'+49"),
        ("-1+2", "'-1+2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\r=1", "' =1"),
        ("\n=1", "' =1"),
        ("a\r\nb\nc\rd\u2028e", "a b c d e"),
        ('say "hi", twice', 'say "hi", twice'),
        ("A\x00B", "A␀B"),
        ("日本 Łódź 😀", "日本 Łódź 😀"),
        ("a=b", "a=b"),
    ],
)
def test_no_cell_is_a_formula_or_breaks_its_line(ledger: Ledger, build: Build, value: str, cell: str) -> None:
    land(ledger, 1, reference=value, distributor=value, customer_account=value)
    fail(ledger)
    built = build()
    assert rows(built) == [[cell, cell, cell, "2026-11-25", "2026-11-20 11:00", "Failed"]]
    assert built.path.read_bytes().count(b"\n") == 2


def test_the_file_is_what_a_spreadsheet_opens_by_a_double_click(ledger: Ledger, build: Build) -> None:
    """R117, R118, R119"""
    land(ledger, 1)
    fail(ledger)
    assert build().path.read_bytes() == (
        b"\xef\xbb\xbfOrder id,Distributor name,Account ID,Delivery Date,Placed At Date,Status\r\n"
        b'"R-1","usrt","C-1","2026-11-25","2026-11-20 11:00","Failed"\r\n'
    )


def test_a_day_without_a_row_is_a_file_with_its_header(build: Build) -> None:
    """R126"""
    built = build("all")
    assert rows(built) == []
    assert built.report.shown == {}


def test_the_files_are_named_after_content_and_day(build: Build) -> None:
    assert build("failed").path.name == "order-sync-failures-2026-11-20.csv"
    assert build("all").path.name == "order-sync-all-2026-11-20.csv"


def test_the_file_is_read_by_its_owner_and_its_group_alone(build: Build) -> None:
    assert build().path.stat().st_mode & 0o777 & ~0o640 == 0


def test_a_report_that_is_built_again_is_the_same_byte_for_byte_whatever_happened_since(
    ledger: Ledger, build: Build, sql: Sql
) -> None:
    """R181: re-running the report of a past day gives that day's data."""
    queue(ledger, 2)
    fail(ledger, 1)
    first = build()
    content = first.path.read_bytes()
    first.path.unlink()
    land(ledger, 1, digest="b")
    fail(ledger, 3)
    sql.do("update orders set received_at = received_at - interval '1 day'")
    again = build(zone=ZoneInfo("UTC"), distributors={"shop": "Another"})
    assert again == first
    assert again.path.read_bytes() == content


def test_builds_at_once_give_one_report(ledger: Ledger, build: Build, sql: Sql) -> None:
    fail(ledger, *range(1, 101))
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda _: build(), range(4)))
    assert all(other == built[0] for other in built)
    assert len(rows(built[0])) == 100
    assert sql.one("select count(*) from report_rows") == 100


def test_the_default_day_is_the_last_that_is_over_in_the_zone(ledger: Ledger, build: Build) -> None:
    for zone in (ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")):
        built = build(zone=zone, day=None)
        assert built.report.day == ledger.now().astimezone(zone).date() - timedelta(days=1)


def test_a_day_that_is_not_over_is_refused_and_nothing_is_stored(ledger: Ledger, build: Build, sql: Sql) -> None:
    today = ledger.now().astimezone(BERLIN).date()
    with pytest.raises(Misconfigured, match=rf"business day {today} ends at .* 00:00 in Europe/Berlin"):
        build(day=today)
    assert sql.one("select count(*) from reports") == 0


def test_a_folder_that_is_not_there_is_one_sentence_and_nothing_is_stored(
    build: Build, tmp_path: Path, sql: Sql
) -> None:
    missing = tmp_path / "reports"
    with pytest.raises(Misconfigured, match=f"the report's folder '{missing}' does not exist: create it"):
        build(folder=missing)
    assert sql.one("select count(*) from reports") == 0


def test_a_folder_that_cannot_be_written_to_is_one_sentence_and_nothing_is_stored(build: Build, sql: Sql) -> None:
    """/proc takes no file from anybody, root included."""
    with pytest.raises(Misconfigured, match=r"cannot be written to the folder '/proc': .*; let the user of Airflow"):
        build(folder=Path("/proc"))
    assert sql.one("select count(*) from reports") == 0


def test_a_report_that_fails_half_way_leaves_the_last_file_and_no_other(
    ledger: Ledger, build: Build, tmp_path: Path
) -> None:
    class Broken:
        now, awaited, build_report = ledger.now, ledger.awaited, ledger.build_report

        def report_csv(self, report: object) -> object:
            yield b"half a row"
            raise Transient("the ledger went away")

    fail(ledger, 1)
    content = build().path.read_bytes()
    with pytest.raises(Transient):
        build_report(Broken(), tmp_path, "failed", BERLIN, STUCK, {}, (), DAY)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["order-sync-failures-2026-11-20.csv"]
    assert build().path.read_bytes() == content


def test_the_summary_counts_by_word_and_names_no_order(ledger: Ledger, build: Build, sql: Sql) -> None:
    fail(ledger, 1, 2)
    land(ledger, 3)
    put(sql, 3, "ignored")
    summary = build().summary
    assert summary.counts == {"Failed": 2, "not_shown_ignored": 1}
    assert "R-1" not in str(summary)
    assert "business day 2026-11-20" in str(summary)


def test_a_late_confirmation_takes_the_order_out_of_the_next_days_report(
    ledger: Ledger, build: Build, sql: Sql
) -> None:
    """R54, T11"""
    send(ledger, 1)
    settle(ledger, sql, Event.WINDOW_OVER, code="PENDING_VERIFICATION")
    assert words(build(day=DAY)) == {"R-1": "Pending Verification"}
    settle(ledger, sql, Event.CONFIRMED)
    assert words(build(day=DAY - timedelta(days=1))) == {}


def test_a_report_changes_nothing_but_the_reports(ledger: Ledger, build: Build, sql: Sql) -> None:
    """R182"""
    land(ledger, *range(1, len(ALL_WORDS) + 1))
    for number, status in enumerate(ALL_WORDS, 1):
        put(sql, number, status)
    before = sql.content()
    assert len(rows(build("failed"))) + len(rows(build("all"))) > len(ALL_WORDS)
    after = sql.content()
    assert {table for table in before if before[table] != after[table]} == {"reports", "report_rows"}
