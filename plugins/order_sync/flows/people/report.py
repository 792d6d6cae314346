"""Report: the day's orders that did not get through, and why not, as a CSV file that a spreadsheet opens.

The rows are made and stored by the ledger when the day is built first; this flow says which instants the day has, and
puts the stored rows into a file, byte for byte the same whenever it is asked again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from os import fsync
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4
from zoneinfo import ZoneInfo

from order_sync.core.basics.calendar_days import business_day, day_before
from order_sync.core.basics.summary import Summary
from order_sync.core.errors import Misconfigured
from order_sync.core.explain.by_itself import dag_of
from order_sync.core.ports.ledger.reports import Reports
from order_sync.core.records.report import Report, ReportContent, ReportScope
from order_sync.flows.people.new_file import new_file

FILE_NAMES = {"failed": "order-sync-failures-{day}.csv", "all": "order-sync-all-{day}.csv"}
IN_USE_WITHIN = timedelta(days=1)
"""A channel that was never read counts as not in use, once another one has been validated for so long."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotYet(Exception):
    """A day's report would show too little, and for good: nothing was stored, and a later build makes it."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report as it lies in the folder."""

    path: Path
    report: Report

    @property
    def summary(self) -> Summary:
        """Its rows by Status, and what has no row."""
        hidden = {f"not_shown_{status}": number for status, number in self.report.not_shown.items()}
        note = f"business day {self.report.day}, as of {self.report.as_of:%Y-%m-%d %H:%M} UTC: {self.path}"
        return Summary({**self.report.shown, **hidden}, [note])


def build_report(
    reports: Reports,
    folder: Path,
    content: ReportContent,
    zone: ZoneInfo,
    queued_stuck_after: timedelta,
    distributors: Mapping[str, str],
    channels: Collection[str],
    day: date | None = None,
) -> ReportFile:
    """Write the report of a business day, by default the last one that is over in `zone`.

    Raises Misconfigured when the day is not over yet, or the folder cannot be written to, and NotYet while orders of
    one of these channels were never validated; nothing is stored then.
    """
    now = reports.now()
    day = day or day_before(now, zone)
    placed = business_day(day, zone)
    if now < placed.end:
        raise Misconfigured(
            f"the business day {day} ends at {placed.end.astimezone(zone):%Y-%m-%d %H:%M} in {zone.key}:"
            " its report can be built from then on"
        )
    must_be_there(folder)
    if awaited := reports.awaited(channels, day, content, IN_USE_WITHIN):
        raise NotYet(
            f"the report of {day} is not built yet, and nothing is stored: no orders of {', '.join(awaited)} have been"
            f" validated so far. Let {', '.join(map(dag_of, awaited))} run until `validate` is green, or remove a"
            " channel that you do not use from the registry; then clear this task, and it builds the report of the same"
            " day"
        )
    request = ReportScope(day, content, placed, zone.key, queued_stuck_after, distributors)
    return write_report(reports, path_of(folder, content, day), lambda: reports.build_report(request))


def must_be_there(folder: Path) -> None:
    """Raises Misconfigured if the reports' folder is not there."""
    if not folder.is_dir():
        raise Misconfigured(f"the report's folder '{folder}' does not exist: create it, or set another one")


def path_of(folder: Path, content: ReportContent, day: date) -> Path:
    """Where a report's file lies."""
    return folder / FILE_NAMES[content].format(day=day)


def write_report(reports: Reports, path: Path, build: Callable[[], Report]) -> ReportFile:
    """Write the file of the report that `build` gives, once more if rows of it were emptied meanwhile.

    Raises Misconfigured when the folder cannot be written to; nothing is built then.
    """
    while True:
        with _replacing(path) as file:
            report = build()
            file.write(BYTE_ORDER_MARK)
            for piece in reports.report_csv(report):
                file.write(piece)
        if build().emptied == report.emptied:
            return ReportFile(path, report)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with new_file(part) as file:
            yield file
            file.flush()
            fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise Misconfigured(
            f"the report cannot be written to the folder '{path.parent}': {error.strerror};"
            " let the user of Airflow's workers write there, or set another one"
        ) from error
    finally:
        part.unlink(missing_ok=True)
