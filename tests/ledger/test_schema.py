"""The schema: how it comes to be, what it refuses, and what a ledger says to a database that is not ready for it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from order_sync.core.errors import Misconfigured, Transient
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import MEANINGS, TRANSITIONS, Event, Status
from order_sync.ledger import Ledger, migrate, migration
from sandbox.postgres import Cluster
from tests.ledger.steps import Connect, Sql, key, land, queue, send, settle


@pytest.fixture
def connect(cluster: Cluster, migrated: str) -> Iterator[Connect]:
    """Opens connections to a migrated database that a test may spoil."""
    cluster.create_database("spoiled", template=migrated)
    yield lambda: psycopg.connect(cluster.dsn("spoiled"))
    cluster.drop_database("spoiled")


def test_a_database_that_was_never_migrated_is_refused_with_the_command_to_run(database: str) -> None:
    with pytest.raises(Misconfigured, match=r"no tables yet: run `python -m order_sync migrate`"):
        Ledger(lambda: psycopg.connect(database)).__enter__()


def test_a_database_of_a_newer_release_is_refused_by_number(connect: Connect, sql: Sql) -> None:
    sql.do("update alembic_version set version_num = '0999'")
    for begin in (Ledger(connect).__enter__, Ledger(connect).migrate):
        with pytest.raises(
            Misconfigured, match=r"at schema 0999, newer than this release's 0\d\d\d: install the release"
        ):
            begin()


def test_a_database_of_an_older_release_is_refused_with_the_command_to_run(connect: Connect, sql: Sql) -> None:
    sql.do("update alembic_version set version_num = '0000'")
    with pytest.raises(Misconfigured, match=r"at schema 0000, and this release needs 0\d\d\d: run `python -m"):
        Ledger(connect).__enter__()


def test_a_ledger_of_the_first_schema_goes_on_with_what_it_has(database: str) -> None:
    def connect() -> psycopg.Connection:
        return psycopg.connect(database)

    migrate(connect, "0001")
    with connect() as connection:
        connection.execute("set search_path to order_sync")
        connection.execute(
            "insert into orders (order_key, channel, erp, status, digest, total, currency)"
            " values ('shop:1', 'shop', 'tryton', 'queued', 'a', 10, 'EUR')"
        )
        connection.execute(
            "insert into watermarks (channel, epoch, fingerprint, counter, samples)"
            " values ('shop', 1, 'db', 7, '[[9, 8]]')"
        )
    migrate(connect)
    with Ledger(connect) as ledger:
        assert ledger.watermark("shop") == Watermark("db", 7)
        assert ledger.counts("shop") == {"queued": 1}
        assert ledger.unfinished("shop", 10) != []


def test_rows_of_reports_from_before_find_their_orders(database: str) -> None:
    def connect() -> psycopg.Connection:
        return psycopg.connect(database)

    migrate(connect, "0002")
    with connect() as connection:
        connection.execute("set search_path to order_sync")
        connection.execute(
            "insert into orders (order_key, channel, erp, status, digest)"
            " select 'shop:' || n, 'shop', 'tryton', 'not_an_order', '' from generate_series(1, 3) n"
        )
        connection.execute(
            "insert into transactions (order_id, version, digest, source_status, reference, receipt, customer_account,"
            " distributor, currency, expected_lines, present_lines, details)"
            " select id, 1, '', '', (array['R-1', '', ''])[id], (array['', '=2', ''])[id], 'C', '', '', 1, 1, ''"
            " from orders"
        )
        connection.execute(
            "insert into reports (day, content, zone, as_of, not_shown) values (now(), 'all', '', now(), '{}')"
        )
        connection.execute(
            "insert into report_rows"
            " select 1, n, (array['R-1', $$'=2$$, 'shop:3', 'gone'])[n], '', 'C', '', '', ''"
            " from generate_series(1, 4) n"
        )
    migrate(connect)
    with connect() as connection:
        rows = connection.execute("select of_order from order_sync.report_rows order by position").fetchall()
    assert rows == [(1,), (2,), (3,), (None,)]


def test_a_lifecycle_that_is_not_the_codes_is_refused_until_it_is_migrated(connect: Connect, sql: Sql) -> None:
    sql.do("delete from lifecycle where event = 'complete'")
    with pytest.raises(
        Misconfigured, match="contains the lifecycle of another release: run `python -m order_sync migrate`"
    ):
        Ledger(connect).__enter__()
    migrate(connect)
    with Ledger(connect) as ledger:
        assert land(ledger, 1)["new"] == 1


def test_a_ledger_that_cannot_be_reached_is_one_sentence_without_its_password(unused_tcp_port: int) -> None:
    address = f"postgresql://desk:hunter2@127.0.0.1:{unused_tcp_port}/ledger"
    for begin in (
        Ledger(lambda: psycopg.connect(address)).__enter__,
        lambda: migrate(lambda: psycopg.connect(address)),
    ):
        with pytest.raises(Transient) as caught:
            begin()
        assert caught.value.code == "LEDGER_UNAVAILABLE"
        assert "the ledger (connection order_ledger) does not answer" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_address_that_is_none_is_misconfigured_and_not_repeated() -> None:
    broken = Ledger(lambda: psycopg.connect("postgresql//desk:hunter2@nowhere"))
    for begin in (broken.__enter__, broken.migrate):
        with pytest.raises(Misconfigured, match="not a Postgres address") as caught:
            begin()
        assert "hunter2" not in str(caught.value)


def test_a_user_without_the_rights_is_told_so(connect: Connect, sql: Sql, database: str) -> None:
    sql.do("create role reader login password 'hunter2'")
    try:
        for begin in (Ledger(_as_reader(connect().info.dsn)).__enter__, Ledger(_as_reader(database)).migrate):
            with pytest.raises(Misconfigured, match="lacks rights that it needs: permission denied for") as caught:
                begin()
            assert "hunter2" not in str(caught.value)
    finally:
        sql.do("drop role reader")


def _as_reader(address: str) -> Callable[[], psycopg.Connection]:
    return lambda: psycopg.connect(address, user="reader", password="hunter2")


def test_a_connection_that_was_cut_is_replaced_by_the_next_call(ledger: Ledger, sql: Sql) -> None:
    ledger.now()
    sql.do(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    with pytest.raises(Transient) as caught:
        ledger.now()
    assert caught.value.code == "LEDGER_UNAVAILABLE"
    assert ledger.now().tzinfo is not None


def test_migrating_twice_changes_nothing_and_loses_nothing(connect: Connect, sql: Sql) -> None:
    with Ledger(connect) as ledger:
        land(ledger, 1)
    assert migrate(connect) == migration.needed()
    assert sql.status(1) == "received"


def test_four_processes_may_migrate_a_new_database_at_once(database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: migrate(lambda: psycopg.connect(database)), range(4)))
    assert numbers == [migration.needed()] * 4
    with Ledger(lambda: psycopg.connect(database)) as ledger:
        assert land(ledger, 1)["new"] == 1


def test_the_lifecycle_table_is_the_codes_with_what_it_means_to_people(sql: Sql) -> None:
    """T2, T3"""
    rows = sql.rows("select from_status, event, to_status, who, calls_erp, roll_up, report_word from lifecycle")
    assert set(rows) == {
        (
            row.from_status,
            row.event,
            row.to_status,
            row.who,
            row.calls_erp,
            MEANINGS[row.to_status].roll_up,
            MEANINGS[row.to_status].report_word,
        )
        for row in TRANSITIONS
    }


def test_a_transition_that_the_code_gave_up_is_retired_where_history_has_it_and_else_removed(
    connect: Connect, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(connect) as ledger:
        queue(ledger, 1)
    valid = next(row for row in TRANSITIONS if row.event is Event.VALID)
    kept = tuple(row for row in TRANSITIONS if row.event not in (Event.VALID, Event.OVERDUE))
    monkeypatch.setattr(migration, "TRANSITIONS", (*kept, replace(valid, to_status=Status.DEAD)))
    migrate(connect)
    rows = sql.rows("select to_status, retired from lifecycle where event in ('valid', 'overdue') order by to_status")
    assert rows == [("dead", False), ("queued", True)]
    assert sql.events(1) == ["landed", "valid"]


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [("succeeded", "valid", "queued"), ("received", "confirmed", "succeeded"), ("queued", "lost", "failed")],
)
def test_history_refuses_a_transition_that_the_lifecycle_does_not_list(
    ledger: Ledger, sql: Sql, before: str, event: str, after: str
) -> None:
    """R183"""
    land(ledger, 1)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="only_listed_transitions"):
        sql.do(
            "insert into order_history (order_id, from_status, event, to_status, by, why)"
            " select id, %s, %s, %s, 'me', '' from orders",
            before,
            event,
            after,
        )


def test_only_a_landing_comes_from_nowhere(ledger: Ledger, sql: Sql) -> None:
    land(ledger, 1)
    with pytest.raises(psycopg.errors.CheckViolation, match="only_a_landing_comes_from_nowhere"):
        sql.do(
            "insert into order_history (order_id, event, to_status, by, why)"
            " select id, 'landed', 'succeeded', 'me', '' from orders"
        )


@pytest.mark.parametrize("table", ["order_history", "transactions"])
@pytest.mark.parametrize("statement", ["update {} set order_id = order_id", "delete from {}"])
def test_history_and_transactions_are_append_only(ledger: Ledger, sql: Sql, table: str, statement: str) -> None:
    """R183"""
    land(ledger, 1)
    with pytest.raises(psycopg.errors.RaiseException, match=f"{table} is append-only"):
        sql.do(statement.format(table))


def test_no_order_is_succeeded_without_the_erps_number(ledger: Ledger, sql: Sql) -> None:
    """T8, R51: Succeeded means that the ERP's order number is present."""
    send(ledger, 1)
    with pytest.raises(psycopg.errors.CheckViolation, match="a_synced_order_has_its_erp_number"):
        settle(ledger, sql, Event.CONFIRMED, erp_number="")
    assert sql.status(1) == "sending"


def test_two_orders_cannot_share_a_key(ledger: Ledger, sql: Sql) -> None:
    land(ledger, 1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        sql.do(
            "insert into orders (order_key, channel, erp, status, digest) values (%s, 'shop', 'erp', 'received', '')",
            str(key(1)),
        )


def test_the_index_of_open_orders_leaves_out_exactly_what_the_report_has_no_row_or_no_worry_for(sql: Sql) -> None:
    predicate = str(
        sql.one("select pg_get_expr(indpred, indrelid) from pg_index where indexrelid = 'orders_open'::regclass")
    )
    assert {status for status in Status if f"'{status}'" in predicate} == {
        status
        for status, standing in MEANINGS.items()
        if standing.report_word is None or standing.roll_up == "Successful"
    }
