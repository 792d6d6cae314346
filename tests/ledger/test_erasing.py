"""People's data: where it lies, how one customer's is erased, what stays, and that it stays erased."""

import csv
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.basics.summary import Summary
from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.decisions.decision import decide
from order_sync.core.decisions.selection import Action
from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import ERASABLE, Event, Status
from order_sync.core.privacy.erasing import Whose
from order_sync.core.records.report import Report, ReportContent
from order_sync.core.records.restoring import LostDecision, Restore
from order_sync.flows import build_report, erase
from order_sync.flows.people.printing import order_file
from order_sync.flows.people.report import ReportFile
from order_sync.ledger import Ledger
from order_sync.ledger.statements import statement
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Connect,
    Sql,
    change,
    claim,
    close,
    key,
    land,
    landing,
    open_all,
    order_of,
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


def rows(path: Path) -> list[list[str]]:
    """The file's rows without its header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, strict=True))[1:]


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


def evidence(sql: Sql) -> dict[str, list[tuple]]:
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


def test_every_column_is_known_to_hold_peoples_data_or_not_to(sql: Sql):
    """A new column fails here until somebody says what it holds; what holds people's data is then swept below."""
    known = {table: PEOPLE.get(table, set()) | EVIDENCE.get(table, set()) for table in {*PEOPLE, *EVIDENCE}}
    assert {table: names for table, names in columns(sql).items() if table not in NEITHER | COPIED} == known


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize(
    "whose", [Whose("shop", MARK), Whose("shop", f"{MARK} II"), of(1)], ids=["first", "last", "key"]
)
def test_everything_of_one_customer_is_emptied_and_the_evidence_stays(
    whose: Whose, sql: Sql, do: Erase, tmp_path: Path
):
    assert found(sql) == PEOPLE, "the mark must stand wherever people's data may be"
    before = evidence(sql)
    assert do(whose).counts == {"erased": 1, "reports_written_again": 1, "files_deleted": 1}
    assert found(sql) == {}
    assert evidence(sql) == before
    assert sql.events(1)[-1] == "erased"
    assert sql.rows("select by, why from order_history where event = 'erased'") == [(PERSON.by, PERSON.reason)]
    assert sql.rows("select run, erased_by, reason, orders from erasures") == [(RUN, PERSON.by, PERSON.reason, 1)]
    asked = {"customer_account": "erased", "reference": "", "reason": "erased", "status": "failed"}
    assert sql.one("select asked from selections") == asked
    assert [path.name for path in tmp_path.iterdir() if MARK in path.read_text()] == [order_file(tmp_path, key(2)).name]


@pytest.mark.usefixtures("marked")
def test_what_the_erp_answered_about_somebodys_account_goes_with_the_orders(ledger: Ledger, sql: Sql, do: Erase):
    """An account that the ERP does not have goes with no copy."""
    answers = {("customer", MARK): None, ("customer", f"{MARK} II"): {}, ("customer", "C-1"): {}, ("sku", MARK): {}}
    ledger.store_reference("tryton", ReferenceData(answers, ledger.now(), whole=False), ACTOR)
    do(of(1))
    kept = ledger.reference("tryton", [*answers])
    assert kept
    assert set(kept.facts) == {("customer", "C-1"), ("sku", MARK)}


@pytest.mark.usefixtures("marked")
def test_what_is_somebody_elses_is_untouched(sql: Sql, do: Erase, tmp_path: Path):
    def others() -> list[list[tuple]]:
        tables = ("transactions", "order_history", "attempts")
        return [sql.rows(f"select * from {table} where order_id = 2 order by 2") for table in tables]

    before, row = others(), rows(tmp_path / ALL_FILE)
    do(of(1))
    assert others() == before
    assert sql.one("select erased_at from orders where id = 2") is None
    assert rows(tmp_path / ALL_FILE) == [["erased", "usrt", "", *each[3:]] if MARK in each[0] else each for each in row]


@pytest.mark.usefixtures("marked")
def test_a_dry_run_counts_and_writes_nothing(sql: Sql, do: Erase, tmp_path: Path):
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    put(sql, 2, "failed")
    before = sql.content(), files()
    summary = do(of(1, 2), dry_run=True)
    assert summary.counts == {"to_erase": 1, "still_open": 1}
    assert f"of {key(1)}; 1 wait for a decision" in str(summary)
    assert MARK not in str(summary)
    assert (sql.content(), files()) == before


# What stands in the way


@pytest.mark.parametrize("status", Status)
def test_an_order_is_erased_once_nothing_is_left_to_do_with_it(ledger: Ledger, sql: Sql, do: Erase, status: Status):
    land(ledger, 1, 2)
    put(sql, 1, status)
    put(sql, 2, "succeeded")
    if status in ERASABLE:
        assert do(of(1, 2)).counts == {"erased": 2}
        return
    with pytest.raises(Misconfigured, match=rf"1 erased; not everything could be erased: 1 .*: {key(1)} \({status}\)"):
        do(of(1, 2))
    assert sql.one("select details <> '' from transactions where order_id = 1")
    put(sql, 1, "ignored")
    assert do(of(1, 2)).counts == {"erased": 1, "erased_before": 1}


def test_what_to_do_first_is_said_by_what_the_orders_wait_for(ledger: Ledger, sql: Sql, do: Erase):
    land(ledger, *range(1, 25))
    put(sql, 24, "conflict")
    with pytest.raises(Misconfigured) as caught:
        do(Whose("shop", "C-1"))
    assert "23 are on their way: clear this task once they are finished: shop:S1/00001 (received), " in str(
        caught.value
    )
    assert " and 3 more; 1 wait for a decision: take it with resync_orders " in str(caught.value)
    assert str(caught.value).endswith("finished or ignored: shop:S1/00024 (conflict)")
    assert "C-1" not in str(caught.value)


def test_keys_that_no_order_has_are_all_named_and_nothing_is_erased(ledger: Ledger, sql: Sql, do: Erase):
    succeed(ledger, sql, 1)
    before = sql.content()
    with pytest.raises(Misconfigured, match=f"nothing was erased: {key(8)}, {key(9)}$"):
        do(of(9, 1, 8))
    assert sql.content() == before


@pytest.mark.parametrize("whose", [Whose("shop", "C-9"), Whose("other", "C-1"), Whose("shop", "")])
def test_a_customer_without_orders_is_said_so_and_not_by_name(ledger: Ledger, sql: Sql, do: Erase, whose: Whose):
    land(ledger, 2, customer_account="")
    succeed(ledger, sql, 1)
    for dry_run in (True, False):
        with pytest.raises(Misconfigured, match="has no order of the customer account that was given") as caught:
            do(whose, dry_run=dry_run)
        assert "C-" not in str(caught.value)
    assert sql.one("select count(*) from orders where erased_at is not null") == 0


def test_the_same_run_cleared_and_another_run_find_it_done(ledger: Ledger, sql: Sql, do: Erase):
    succeed(ledger, sql, 1, 2)
    assert do(Whose("shop", "C-1")).counts == {"erased": 2}
    before = sql.content()
    assert do(Whose("shop", "C-1")).counts == {"erased_before": 2}
    assert do(of(1, 2), run="another").counts == {"erased_before": 2}
    with pytest.raises(Misconfigured, match="has no order"):
        do(Whose("shop", "C-1"), run="another")
    assert sql.content() == before


def test_two_runs_at_once_erase_each_order_once(ledger: Ledger, sql: Sql, do: Erase):
    succeed(ledger, sql, *range(1, 41))
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda run: do(of(*range(1, 41)), run=run), ("one", "two")))
    assert sum(each.counts.get("erased", 0) for each in both) == 40
    assert sql.one("select count(*) from order_history where event = 'erased'") == 40
    assert sql.one("select sum(orders) from erasures") == 40


# It stays erased


AGAIN = "Yvonne"
"""What the channel says later."""


def again(ledger: Ledger, status: Status = Status.RECEIVED, digest: str = "z", **changes: object) -> dict[str, int]:
    """Read the order again, with other content."""
    said = dict.fromkeys(("reference", "receipt", "customer_account", "delivery_date", "details"), AGAIN)
    return land(ledger, 1, status=status, digest=digest, **{**said, **changes})


@pytest.mark.parametrize("status", ["succeeded", "synced_manually", "ignored"])
@pytest.mark.parametrize("landed", [Status.RECEIVED, Status.NOT_AN_ORDER, Status.WAITING])
def test_a_change_of_an_erased_order_is_noted_and_its_digest_alone_is_kept(
    ledger: Ledger, sql: Sql, do: Erase, status: str, landed: Status
):
    land(ledger, 1)
    put(sql, 1, status)
    do(of(1))
    assert again(ledger, landed)["changed"] == 1
    assert found(sql, AGAIN) == {}
    assert sql.order(1, "status, digest, version") == (status, "z", 2)
    assert sql.rows("select version, digest from transactions order by version") == [(1, "a"), (2, "z")]
    assert sql.events(1)[-2:] == ["erased", "changed_once_erased"]
    assert again(ledger, landed)["unchanged"] == 1


def test_an_order_that_was_none_when_it_was_erased_is_a_conflict_without_content(ledger: Ledger, sql: Sql, do: Erase):
    land(ledger, 1, status=Status.NOT_AN_ORDER)
    do(of(1))
    again(ledger, Status.NOT_AN_ORDER)
    assert sql.status(1) == "not_an_order"
    assert again(ledger, digest="y")["conflict"] == 1
    assert sql.status(1) == "conflict"
    assert "which was none when its content was erased: a person" in str(sql.order(1, "message"))
    assert again(ledger, digest="x")["conflict"] == 0
    assert found(sql, AGAIN) == {}


def test_a_reason_that_somebody_gives_after_the_erasure_ends_with_its_selection(ledger: Ledger, sql: Sql, do: Erase):
    land(ledger, 1, status=Status.NOT_AN_ORDER)
    do(of(1))
    again(ledger)
    ada = Actor("resync_orders/run 2/decide", person="ada", reason=f"{MARK} rang")
    selection = ledger.select("run 2", Action.IGNORE, {"reason": ada.reason}, [key(1)], ada)
    decided = {each.key: (each, decide(Action.IGNORE, each, "", "")) for each in ledger.selected(selection, 0, ALL)}
    assert not ledger.decide(selection, decided, ada)  # type: ignore[arg-type]
    assert sql.rows("select by, why from order_history where event = 'ignored'") == [(ada.by, "")]
    assert found(sql) == {"selections": {"asked", "reason"}}, "until its time is over"
    ledger.empty_selections(before=ledger.now())
    assert found(sql) == {}


def test_a_lost_decision_about_an_erased_order_is_remembered_without_its_reason(ledger: Ledger, sql: Sql, do: Erase):
    succeed(ledger, sql, 1)
    do(of(1))
    sql.do("insert into restores (backup_at, looks_from, restored_by, reason) values (now(), now(), 'ada', 'disk')")
    lost = [LostDecision(each, Action.IGNORE, "ada", ledger.now(), f"{MARK} rang") for each in (key(1), key(2))]
    ledger.lose(Restore(1, ledger.now(), ledger.now(), ledger.now(), is_new=True), lost)
    rows = sql.rows("select order_key, reason from lost_decisions order by order_key")
    assert rows == [(str(key(1)), ""), (str(key(2)), f"{MARK} rang")]


@pytest.mark.parametrize("status", ["succeeded", "ignored", "not_an_order"])
def test_another_order_under_an_erased_key_of_a_rebuilt_database_is_a_conflict(
    ledger: Ledger, sql: Sql, do: Erase, status: str
):
    ledger.check_fingerprint("channel_shop", "one")
    land(ledger, 1)
    put(sql, 1, status)
    do(of(1))
    ledger.accept_fingerprint("channel_shop", "two", Actor(person="Ada", reason="rebuilt"))
    assert again(ledger)["conflict"] == 1
    assert found(sql, AGAIN) == {}


def test_a_comparison_says_nothing_of_an_erased_order(ledger: Ledger, sql: Sql, do: Erase):
    succeed(ledger, sql, 1, 2)
    do(of(1, 2))
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    comparison = ledger.compare("shop", window, [[(key(1), "a")]])
    assert (comparison.missing, comparison.changed, comparison.gone) == ([], [], [])


def test_what_was_placed_before_the_start_and_is_erased_is_not_brought_in(ledger: Ledger, sql: Sql, do: Erase):
    before_start = replace(landing(1, Status.NOT_AN_ORDER), reason="before_start", keep_body=False)
    ledger.record("shop", "tryton", [before_start], None, ACTOR)
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    assert ledger.before_start("shop", window, 10, 0) == [key(1)]
    do(of(1))
    assert ledger.before_start("shop", window, 10, 0) == []
    assert ledger.backfill("shop", [landing(1, reference=AGAIN)], [], ACTOR) == 0
    assert found(sql, AGAIN) == {}


def test_an_answer_that_comes_after_the_erasure_is_kept_without_its_words(ledger: Ledger, sql: Sql, do: Erase):
    claimed = send(ledger, 1)
    put(sql, 1, "synced_manually")
    do(of(1))
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP", f"{MARK} is blocked")
    assert sql.rows("select outcome, code, message from attempts") == [("refused", "REJECTED_BY_ERP", "")]


def test_a_report_that_is_built_after_the_erasure_shows_that_there_was_an_order(
    ledger: Ledger, sql: Sql, do: Erase, build: Build
):
    succeed(ledger, sql, 1, 2)
    do(of(1))
    assert rows(build().path) == [
        ["R-2", "usrt", "C-1", "2026-11-25", "2026-11-20 10:00", "Successful"],
        ["erased", "usrt", "", "2026-11-25", "2026-11-20 10:00", "Successful"],
    ]


@pytest.mark.parametrize("status", sorted(set(Status) - set(ERASABLE) - {Status.CONFLICT}))
def test_an_erased_order_can_never_be_on_its_way_again(ledger: Ledger, sql: Sql, do: Erase, status: Status):
    succeed(ledger, sql, 1)
    do(of(1))
    with pytest.raises(psycopg.errors.CheckViolation, match="an_erased_order_is_never_sent"):
        put(sql, 1, status)


# Nothing else may change what was stored

EMPTY = (
    "reference = '', receipt = '', customer_account = '', placed_at = null, delivery_date = null, currency = '',"
    " total = null, details = ''"
)


@pytest.mark.parametrize(
    "statement",
    [
        "update transactions set details = ''",
        "update transactions set erased_at = now()",
        f"update transactions set {EMPTY}, erased_at = now()",
        "update order_history set message = '', why = ''",
    ],
)
def test_what_was_stored_of_an_order_that_is_not_erased_cannot_be_emptied(ledger: Ledger, sql: Sql, statement: str):
    """R183"""
    succeed(ledger, sql, 1)
    with pytest.raises(psycopg.errors.RaiseException, match="is append-only"):
        sql.do(statement)


@pytest.mark.parametrize(
    "statement",
    [
        f"update transactions set {EMPTY}",
        f"update transactions set {EMPTY}, erased_at = now(), digest = 'z'",
        f"update transactions set {EMPTY}, erased_at = now(), version = 7",
        "update transactions set details = '', erased_at = now()",
        f"update transactions set {EMPTY.replace('details = ', 'details = 1 || ')}, erased_at = now()",
        "update order_history set by = 'me', why = '', message = ''",
        "update order_history set why = ''",
        "update order_history set why = 'better', message = ''",
        "delete from transactions",
        "delete from order_history",
    ],
)
def test_of_an_order_that_is_erased_nothing_but_the_emptying_is_allowed(ledger: Ledger, sql: Sql, statement: str):
    """R183"""
    land(ledger, 1)
    sql.do(
        "insert into order_history (order_id, event, to_status, by, why, message)"
        " values (1, 'landed', 'received', 'me', 'because', 'words')"
    )
    sql.do("update orders set status = 'ignored', erased_at = now()")
    with pytest.raises(psycopg.errors.RaiseException, match="is append-only"):
        sql.do(statement)
    sql.do(f"update transactions set {EMPTY}, erased_at = now()")
    with pytest.raises(psycopg.errors.RaiseException, match="transactions is append-only"):
        sql.do(f"update transactions set {EMPTY}, erased_at = now()")


# Files


def test_a_file_that_somebody_took_away_is_not_written_again(ledger: Ledger, sql: Sql, do: Erase, build: Build):
    succeed(ledger, sql, 1)
    build().path.unlink()
    assert do(of(1)).counts == {"erased": 1}
    assert ledger.reports_to_write_again() == []


@pytest.mark.parametrize("wrong", ["gone", "not named"])
def test_without_the_folder_the_ledger_is_emptied_and_the_files_are_done_by_the_next_run(
    ledger: Ledger, sql: Sql, do: Erase, build: Build, tmp_path: Path, wrong: str
):
    succeed(ledger, sql, 1, 2)
    path = build().path
    folder, says = {
        "gone": (tmp_path / "elsewhere", "folder '.*elsewhere' is not there: create it"),
        "not named": (None, "the files of 1 reports may still show it: name their folder"),
    }[wrong]
    with pytest.raises(Misconfigured, match=says):
        do(of(1), folder=folder)
    assert sql.one("select count(*) from orders where erased_at is not null") == 1
    assert "R-1" in path.read_text()
    assert do(of(1)).counts == {"erased_before": 1, "reports_written_again": 1}
    assert "R-1" not in path.read_text()
    assert do(of(1)).counts == {"erased_before": 1}


def test_a_folder_is_needed_only_where_reports_are_kept(ledger: Ledger, sql: Sql, do: Erase):
    succeed(ledger, sql, 1)
    assert do(of(1), folder=None).counts == {"erased": 1}


def test_a_report_that_is_written_while_an_order_is_erased_is_written_once_more(
    ledger: Ledger, sql: Sql, build: Build, monkeypatch: pytest.MonkeyPatch
):
    succeed(ledger, sql, 1)
    once, csv_of = [], ledger.report_csv

    def report_csv(report: Report) -> Iterator[bytes]:
        yield from csv_of(report)
        if not once:
            once.append(ledger.erase([key(1)], RUN, PERSON))

    monkeypatch.setattr(ledger, "report_csv", report_csv)
    assert [row[0] for row in rows(build().path)] == ["erased"]
    assert once == [1]


def test_a_report_waits_for_an_erasure_that_began_before_it(ledger: Ledger, sql: Sql, build: Build, connect: Connect):
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
):
    succeed(ledger, sql, 1)
    old, new = (tmp_path / f".order-sync-all-2026-11-20.csv.{name}" for name in ("old", "new"))
    for path, hours in ((old, 25), (new, 1)):
        path.write_text("R-1")
        moment = (ledger.now() - timedelta(hours=hours)).timestamp()
        os.utime(path, (moment, moment))
    assert do(of(1)).counts == {"erased": 1, "files_deleted": 1}
    assert [path.exists() for path in (old, new)] == [False, True]
