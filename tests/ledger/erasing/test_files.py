"""The files of reports are erased too, also those that are written meanwhile."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import ERASABLE
from order_sync.core.records.report import Report
from order_sync.ledger import Ledger
from order_sync.ledger.statements import statement
from tests.ledger.erasing.marked import PERSON, RUN, Build, Erase, blocked, of, rows, succeed
from tests.ledger.steps import (
    Connect,
    Sql,
    key,
)


# Files
def test_a_file_that_somebody_took_away_is_not_written_again(ledger: Ledger, sql: Sql, do: Erase, build: Build) -> None:
    succeed(ledger, sql, 1)
    build().path.unlink()
    assert do(of(1)).counts == {"erased": 1}
    assert ledger.reports_to_write_again() == []


@pytest.mark.parametrize("wrong", ["gone", "not named"])
def test_without_the_folder_the_ledger_is_emptied_and_the_files_are_done_by_the_next_run(
    ledger: Ledger, sql: Sql, do: Erase, build: Build, tmp_path: Path, wrong: str
) -> None:
    succeed(ledger, sql, 1, 2)
    path = build().path
    folder, says = {
        "gone": (tmp_path / "elsewhere", "folder '.*elsewhere' does not exist: create it"),
        "not named": (None, "the files of 1 reports may still show it: set their folder"),
    }[wrong]
    with pytest.raises(Misconfigured, match=says):
        do(of(1), folder=folder)
    assert sql.one("select count(*) from orders where erased_at is not null") == 1
    assert "R-1" in path.read_text()
    assert do(of(1)).counts == {"erased_before": 1, "reports_written_again": 1}
    assert "R-1" not in path.read_text()
    assert do(of(1)).counts == {"erased_before": 1}


def test_a_folder_is_needed_only_where_reports_are_kept(ledger: Ledger, sql: Sql, do: Erase) -> None:
    succeed(ledger, sql, 1)
    assert do(of(1), folder=None).counts == {"erased": 1}


def test_a_report_that_is_written_while_an_order_is_erased_is_written_once_more(
    ledger: Ledger, sql: Sql, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeed(ledger, sql, 1)
    once: list[int] = []
    csv_of = ledger.report_csv

    def report_csv(report: Report) -> Iterator[bytes]:
        yield from csv_of(report)
        if not once:
            once.append(ledger.erase([key(1)], RUN, PERSON))

    monkeypatch.setattr(ledger, "report_csv", report_csv)
    assert [row[0] for row in rows(build().path)] == ["erased"]
    assert once == [1]


def test_a_report_waits_for_an_erasure_that_began_before_it(
    ledger: Ledger, sql: Sql, build: Build, connect: Connect
) -> None:
    succeed(ledger, sql, 1)
    with connect() as other, ThreadPoolExecutor(1) as pool:
        other.execute("set search_path to order_sync")
        other.execute(statement("lock_reports"))
        other.execute(statement("mark_erased"), {"keys": [str(key(1))], "erasable": list(ERASABLE)})
        building = pool.submit(build)
        while not (blocked(sql) or building.done()):
            pass
        other.execute(statement("empty_erased"), {"ids": [1], "event": "erased", "by": "me", "why": ""})
        other.commit()
        assert [row[0] for row in rows(building.result().path)] == ["erased"]


def test_what_a_killed_task_left_half_written_is_deleted_after_a_day(
    ledger: Ledger, sql: Sql, do: Erase, tmp_path: Path
) -> None:
    succeed(ledger, sql, 1)
    old, new = (tmp_path / f".order-sync-all-2026-11-20.csv.{name}" for name in ("old", "new"))
    for path, hours in ((old, 25), (new, 1)):
        path.write_text("R-1")
        moment = (ledger.now() - timedelta(hours=hours)).timestamp()
        os.utime(path, (moment, moment))
    assert do(of(1)).counts == {"erased": 1, "files_deleted": 1}
    assert [path.exists() for path in (old, new)] == [False, True]
