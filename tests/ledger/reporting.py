"""The report of failed orders: how a test builds it and reads its file."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from order_sync.flows.people.report import ReportFile
from tests.ledger.steps import Sql, key

DAY = date(2026, 11, 20)
BERLIN = ZoneInfo("Europe/Berlin")
STUCK = timedelta(minutes=30)
HEADER = ["Order id", "Distributor name", "Account ID", "Delivery Date", "Placed At Date", "Status"]

Build = Callable[..., ReportFile]


def rows(built: ReportFile) -> list[list[str]]:
    """The file's rows without its header, as a spreadsheet reads them."""
    with built.path.open(encoding="utf-8-sig", newline="") as file:
        header, *found = csv.reader(file, strict=True)
    assert header == HEADER
    return found


def words(built: ReportFile) -> dict[str, str]:
    """The Status of each order in the file."""
    return {row[0]: row[5] for row in rows(built)}


def put(sql: Sql, number: int, status: str, minutes_old: float = 60, **columns: object) -> None:
    """Put an order that has landed into a status, `minutes_old` ago."""
    in_doubt = status in ("sending", "sent", "pending_verification")
    facts = {"status": status, "erp_number": str(number), **columns}
    if in_doubt:
        facts = {"total": 1, "currency": "EUR", "window_ends_at": datetime(2100, 1, 1, tzinfo=UTC), **facts}
    assigned = ", ".join(f"{name} = %s" for name in facts)
    where = "where order_key = %s"
    sql.do(f"update orders set {assigned} {where}", *facts.values(), str(key(number)))
    aged = "update orders set received_at = clock_timestamp() - make_interval(secs => %s)"
    sql.do(f"{aged} {where}", minutes_old * 60, str(key(number)))
