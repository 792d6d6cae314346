"""An order that is marked wherever people's data can be, and where the marks are still found."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.life.lifecycle import Event
from order_sync.core.privacy.erasing import Whose
from order_sync.flows.people.report import ReportFile
from order_sync.ledger import Ledger
from tests.ledger.steps import (
    Sql,
    close,
    key,
    send,
    settle,
)

DAY = date(2026, 11, 20)
ALL_FILE = "order-sync-all-2026-11-20.csv"
MARK = "Zebedee"
RUN = "erase_personal_data/run 1"
PERSON = Actor("erase_personal_data/run 1/erase", person="ada", reason="request 7")

PEOPLE = {
    "attempts": {"message", "cured_by", "sent_order"},
    "lost_decisions": {"reason"},
    "order_history": {"message", "why"},
    "orders": {"customer_account", "message", "problems"},
    "report_rows": {"account_id", "line", "order_id"},
    "selected_orders": {"message"},
    "selections": {"asked", "reason"},
    "transactions": {
        *("reference", "receipt", "customer_account", "placed_at", "delivery_date", "currency", "total", "details"),
    },
}
"""Columns that may hold people's data: an erasure empties them."""

EVIDENCE = {
    "attempts": {
        *("order_id", "generation", "opened_at", "opened_by", "grace_until", "closed_at", "outcome", "code"),
        *("receipt_number", "receipt_status", "receipt_company", "looked_at", "resolved_at", "resolution"),
        *("version", "digest", "revision", "last_look"),
    },
    "erasures": {"run", "erased_by", "reason", "first_at", "last_at", "orders"},
    "findings": {
        *("id", "connection", "kind", "subject", "detail", "found_at", "found_by", "last_seen_at", "told_at"),
    },
    "lost_decisions": {"restore_id", "order_key", "action", "decided_by", "decided_at", "confirmed_at"},
    "order_history": {"id", "order_id", "at", "from_status", "event", "to_status", "by", "code"},
    "orders": {
        *("id", "order_key", "channel", "erp", "status", "generation", "version", "digest", "reason", "landed_at"),
        *("received_at", "placed_at", "delivery_date", "currency", "total", "code", "erp_number", "erp_status"),
        *("next_attempt_at", "lease_until", "leased_by", "first_attempt_at", "receipt_at", "window_ends_at"),
        *("next_look_at", "resends", "epoch", "backfilled", "erased_at", "acknowledged_as", "content_version"),
        *("erp_company", "short_reference"),
    },
    "report_rows": {
        *("report_id", "position", "of_order", "distributor_name", "delivery_date", "placed_at_date", "status"),
    },
    "selected_orders": {"selection_id", "order_id", "outcome"},
    "selections": {"id", "run", "action", "chosen_by", "chosen_at"},
    "transactions": {
        *("order_id", "version", "landed_at", "digest", "counter", "not_an_order", "source_status", "distributor"),
        *("expected_lines", "present_lines", "erased_at"),
    },
}
"""Columns that tell what became of an order, and by whom: keys, words of ours, numbers, instants."""

NEITHER = {
    *("alembic_version", "fingerprints", "holds", "lifecycle", "readings_again", "reports", "restores", "watermarks"),
}
"""Tables that say nothing of single orders."""

COPIED = {"reference_copies", "reference_data"}
"""The ERP's own: accounts of customers among it, which go with the next copy once the ERP has them no longer."""


def columns(sql: Sql) -> dict[str, set[str]]:
    """Every column of every table."""
    found: dict[str, set[str]] = {}
    rows = sql.rows(
        "select table_name, column_name from information_schema.columns c join information_schema.tables"
        " using (table_schema, table_name) where table_schema = 'order_sync' and table_type = 'BASE TABLE'"
    )
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    return found


def found(sql: Sql, mark: str = MARK) -> dict[str, set[str]]:
    """Where a word stands, in any column of any table."""
    query = "select exists (select from {} where {}::text like %s)"
    hits = {
        table: {name for name in names if sql.one(query.format(table, f'"{name}"'), f"%{mark}%")}
        for table, names in columns(sql).items()
    }
    return {table: names for table, names in hits.items() if names}


def blocked(sql: Sql) -> bool:
    """Whether some connection waits for a lock."""
    waits = "datname = current_database() and wait_event_type = 'Lock'"
    return bool(sql.one(f"select exists (select from pg_stat_activity where {waits})"))


def succeed(ledger: Ledger, sql: Sql, *numbers: int) -> None:
    """Bring orders into the ERP, confirmed."""
    claimed = send(ledger, *numbers)
    close(ledger, claimed.entries, Event.RECEIPT)
    settle(ledger, sql, Event.CONFIRMED)


def put(sql: Sql, number: int, status: str) -> None:
    """Put an order into a status."""
    facts = "erp_number = id::text, total = 1, currency = 'EUR', window_ends_at = '2100-01-01'"
    sql.do(f"update orders set status = %s, {facts} where order_key = %s", status, str(key(number)))


def of(*numbers: int) -> Whose:
    """Orders by their keys."""
    return Whose("shop", "", tuple(key(number) for number in numbers))


Erase = Callable[..., Summary]
Build = Callable[..., ReportFile]


def rows(path: Path) -> list[list[str]]:
    """The file's rows without its header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, strict=True))[1:]


def evidence(sql: Sql) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of evidence about orders, but for what an erasure adds."""
    left_out = {"erased_at", "generation"}
    names = {
        table: sorted(each - left_out) for table, each in EVIDENCE.items() if table not in ("erasures", "findings")
    }
    quoted = {table: ", ".join(f'"{name}"' for name in each) for table, each in names.items()}
    return {
        table: sql.rows(
            f"select {each} from {table}{' where event <> %s' if table == 'order_history' else ''} order by {each}",
            *(["erased"] if table == "order_history" else []),
        )
        for table, each in quoted.items()
    }
