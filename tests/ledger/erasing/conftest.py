"""Erasing, reports, and a ledger and files that hold the marks of one customer."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from order_sync.core.basics.summary import Summary
from order_sync.core.life.lifecycle import Event
from order_sync.core.privacy.erasing import Whose
from order_sync.core.records.report import ReportContent
from order_sync.flows import build_report, erase
from order_sync.flows.people.printing import order_file
from order_sync.flows.people.report import ReportFile
from order_sync.ledger import Ledger
from tests.ledger.erasing.marked import DAY, MARK, PERSON, RUN, Build, Erase
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Sql,
    change,
    claim,
    close,
    key,
    land,
    open_all,
    order_of,
    settle,
)


@pytest.fixture
def do(ledger: Ledger, tmp_path: Path) -> Erase:
    """Erase on request, with the reports in a folder."""

    def do(whose: Whose, run: str = RUN, folder: Path | None = tmp_path, **options: bool) -> Summary:
        return erase(ledger, whose, folder, run, PERSON, **options)

    return do


@pytest.fixture
def build(ledger: Ledger, tmp_path: Path) -> Build:
    """Build a day's report into the folder."""

    def build(content: ReportContent = "all", day: date = DAY) -> ReportFile:
        return build_report(ledger, tmp_path, content, ZoneInfo("UTC"), timedelta(minutes=30), {}, (), day)

    return build


@pytest.fixture
def marked(ledger: Ledger, sql: Sql, build: Build, tmp_path: Path) -> None:
    """An order that is done and of which every column for people's data holds some, and one of somebody else."""
    texts = ("reference", "receipt", "customer_account", "currency", "total", "details", "delivery_date")
    land(ledger, 1, **dict.fromkeys(texts, MARK))
    land(ledger, 2)
    land(ledger, 1, digest="b", **dict.fromkeys(texts, f"{MARK} II"))
    entries = ledger.to_validate("shop", None, ALL)
    valid = [
        change(each, Event.VALID, order=replace(order_of(each), customer_account=each.transaction.customer_account))
        for each in entries
    ]
    ledger.apply(valid[:1], replace(ACTOR, reason=f"{MARK} called"))
    ledger.apply(valid[1:], ACTOR)
    claimed = claim(ledger)
    open_all(ledger, claimed)
    close(ledger, claimed.entries[:1], Event.RECEIPT, message=f"taken for {MARK}")
    close(ledger, claimed.entries[1:], Event.RECEIPT)
    settle(ledger, sql, Event.CONFIRMED)
    sql.do("update orders set problems = %s, message = %s where id = 1", f'[{{"value": "{MARK}"}}]', MARK)
    sql.do("update attempts set cured_by = %s where order_id = 1", [f"customer:{MARK}"])
    sql.do(
        "insert into transactions select order_id, 3, landed_at, digest, counter, not_an_order, source_status,"
        " reference, receipt, customer_account, distributor, %s, delivery_date, currency, total, 1, 1, details"
        " from transactions where order_id = 1 and version = 2",
        MARK,
    )
    sql.do("update orders set version = 3 where id = 1")
    build()
    sql.do(
        "insert into selections (run, action, asked, reason, chosen_by) values ('r', 'resync', %s, %s, 'ada')",
        f'{{"customer_account": "{MARK} II", "reference": "", "reason": "for {MARK}", "status": "failed"}}',
        f"{MARK} asked",
    )
    sql.do("insert into selected_orders values (1, 1, 'resent', %s)", f"for {MARK}")
    sql.do("insert into restores (backup_at, looks_from, restored_by, reason) values (now(), now(), 'ada', 'disk')")
    sql.do(
        "insert into lost_decisions (restore_id, order_key, action, decided_by, decided_at, reason)"
        " values (1, %s, 'ignore', 'ada', now(), %s)",
        str(key(1)),
        MARK,
    )
    for number in (1, 2):
        order_file(tmp_path, key(number)).write_text(f"{MARK}'s order")
