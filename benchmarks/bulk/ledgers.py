"""What a ledger costs as it grows: the calls of every cycle in a small one and in a large one; and a large report."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count

import psycopg

from benchmarks.bulk.servers import ACTOR, HERE, ROUTE, Servers, connecting, psql
from benchmarks.bulk.table import Row, in_turns
from order_sync import flows
from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.orders import Landing
from order_sync.core.records.report import Report, ReportScope
from order_sync.ledger import Ledger

OPEN = 5_000
"""Orders queued, in doubt and failed, the same in a small and in a large ledger."""

READINGS = 40
"""Readings whose time in the databases is counted together."""

PLAIN_REPORT = (
    "copy (select order_id, distributor_name, account_id, delivery_date, placed_at_date, status"
    " from order_sync.report_rows where report_id = {} order by position) to stdout"
)


def growth(at: Servers, rounds: int, small: int, large: int) -> list[Row]:
    """Milliseconds of each call: ours in the large ledger, the limit in the small one."""
    addresses = [filled(at, name, done) for name, done in (("large", large), ("small", small))]
    with Ledger(connecting(addresses[0])) as big, Ledger(connecting(addresses[1])) as little:
        for ledger in (big, little):
            flows.extract(ROUTE, at.channel(), ledger, ACTOR)
            for _ in range(2):
                _read_on(at, ledger)
        numbers = count()
        calls: dict[str, Callable[[Ledger], object]] = {
            "claim 200 orders": lambda ledger: ledger.claim("shop", 200, 0.001, ACTOR),
            "1,000 due looks": lambda ledger: ledger.due("shop", 1000),
            "failures of a day": lambda ledger: _report(ledger, next(numbers), OPEN),
            "land 1,000 new orders": lambda ledger: _land(ledger, next(numbers)),
            "read a channel with nothing new": lambda ledger: _read_on(at, ledger),
            "choose 2,000 orders to read again": _chosen_again,
        }
        rows = []
        for name, call in calls.items():
            ours, limit = in_turns(rounds, partial(call, big), partial(call, little))
            rows.append(Row(f"{name}, ms ({large:,} ledger rows; limit: {small:,})", ours * 1000, limit * 1000))
    spent = [_database_time(at, address) for address in addresses]
    return [*rows, Row(f"database time of a reading with nothing new, ms ({large:,}; limit: {small:,})", *spent)]


def report(at: Servers, rounds: int, orders: int) -> list[Row]:
    """Rows a second of a report that is written out, and of plain COPY; and how many are built and stored."""
    address = filled(at, "report", 0, failed=orders)
    with Ledger(connecting(address)) as ledger:
        stored: list[Report] = []
        (built,) = in_turns(1, lambda: stored.append(_report(ledger, 0, orders)))
        plain = PLAIN_REPORT.format(stored[0].number)
        ours, limit = in_turns(rounds, lambda: _written(ledger, stored[0]), lambda: psql((address, [plain])))
    return [
        Row("report rows written a second (limit: plain COPY)", orders / ours, orders / limit),
        Row("report rows built and stored a second", orders / built),
    ]


def validation(at: Servers) -> list[Row]:
    """Orders a second against the rules, every SKU and customer known."""
    address = at.database("validated")
    with Ledger(connecting(address)) as ledger:
        flows.extract(ROUTE, at.channel(), ledger, ACTOR)
        ledger.store_reference(ROUTE.erp, _reference(at), ACTOR)
        (seconds,) = in_turns(1, lambda: flows.validate(ROUTE, ledger, ACTOR))
        counts = ledger.counts(ROUTE.channel)
    return [Row(f"orders validated a second ({counts.get(Status.QUEUED, 0):,} of them valid)", at.baskets / seconds)]


def _reference(at: Servers) -> ReferenceData:
    with psycopg.connect(at.shop) as connection:
        products = connection.execute("select distinct product_id::text from basket_line").fetchall()
        customers = connection.execute("select distinct 'H-' || household_id from basket").fetchall()
    facts: dict[tuple[str, str], dict[str, object]] = {("currency", "USD"): {"digits": 2}}
    facts |= {("sku", code): {"salable": True, "digits": 0} for (code,) in products}
    facts |= {("customer", code): {} for (code,) in customers}
    return ReferenceData(facts, datetime.now(UTC))


def filled(at: Servers, name: str, done: int, failed: int = OPEN) -> str:
    """A ledger with that many orders done, and some open; its other indexes are made afterwards."""
    address = at.database(name)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("set search_path to order_sync; set session_replication_role to replica")
        connection.execute("set maintenance_work_mem to '512MB'")
        indexes = connection.execute(
            "select indexname, indexdef from pg_indexes i where schemaname = 'order_sync' and tablename = 'orders'"
            " and not exists (select from pg_constraint where conname = indexname)"
        ).fetchall()
        for index, _ in indexes:
            connection.execute(psycopg.sql.SQL("drop index {}").format(psycopg.sql.Identifier(index)))
        connection.execute((HERE / "fill.sql").read_bytes(), {"done": done, "open": OPEN, "failed": failed})
        for _, definition in indexes:
            connection.execute(definition.encode())
        connection.execute("vacuum analyze")
    return address


def _report(ledger: Ledger, day: int, at_least: int) -> Report:
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=1), now + timedelta(days=1))
    request = ReportScope(date(2026, 1, 1) + timedelta(days=day), "failed", window, "UTC", timedelta(minutes=30), {})
    report = ledger.build_report(request)
    if report.shown.get("Failed", 0) < at_least:
        raise SystemExit(f"the report shows {dict(report.shown)}")
    return report


def _written(ledger: Ledger, report: Report) -> None:
    for _ in ledger.report_csv(report):
        pass


def _land(ledger: Ledger, number: int) -> None:
    order = Transaction(
        OrderKey("shop", ("new",)), None, "digest", None, "paid", "R-1", "", "C-1", "demf", None, None, "EUR", "10.00",
        1, 1, '{"lines": []}',
    )  # fmt: skip
    placed_at = datetime.now(UTC)
    landings = [
        Landing(replace(order, key=OrderKey("shop", ("new", f"{number}-{n}"))), Status.RECEIVED, "", placed_at)
        for n in range(1000)
    ]
    if ledger.record("shop", "tryton", landings, None, ACTOR)["new"] != len(landings):
        raise SystemExit("the orders were there before")


def _chosen_again(ledger: Ledger) -> None:
    ledger.unfinished("shop", 1000)
    ledger.done("shop", 1000, timedelta(days=2000))


def _database_time(at: Servers, address: str) -> float:
    """Milliseconds that the two databases spend on one reading that finds nothing, by their own count."""

    def spent() -> float:
        total = 0.0
        for database in (at.shop, address):
            with psycopg.connect(database) as connection:
                asked = "select active_time from pg_stat_database where datname = current_database()"
                total += connection.execute(asked.encode()).fetchall()[0][0]
        return total

    before = spent()
    for _ in range(READINGS):
        with Ledger(connecting(address)) as ledger:  # a server counts a session's time at its end at the latest
            _read_on(at, ledger)
    return (spent() - before) / READINGS


def _read_on(at: Servers, ledger: Ledger) -> None:
    since = ledger.watermark(ROUTE.channel) or Watermark("")
    for batch in at.channel().transactions(since):
        ledger.record(ROUTE.channel, ROUTE.erp, [], batch.watermark, ACTOR)
