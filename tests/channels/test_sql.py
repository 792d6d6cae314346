"""What a SQL channel says when its database, its SQL or its rows are not as they must be."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from order_sync.channels import sql
from order_sync.channels.sql import COLUMNS, SqlChannel
from order_sync.channels.sql.folder import OURS
from order_sync.core.errors import Misconfigured, NotAuthorised, OrderSyncError, Transient
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.order.parsing import read_order
from sandbox import shop
from sandbox.postgres import Cluster
from tests.fixtures import dynamics_web
from tests.fixtures.dynamics_web import FOLDER, SPEC, sale
from tests.servers import HOSTILE

GOOD = {
    "key_parts": "array['1', 'a']",
    "counter": "1",
    "not_an_order": "null::text",
    "source_status": "'new'",
    "reference": "'W1'",
    "receipt": "''",
    "customer_account": "'C-1'",
    "distributor": "'demf'",
    "placed_at": "'2026-03-01 11:30:15+00'",
    "delivery_date": "null::text",
    "currency": "'EUR'",
    "total": "'10.00'",
    "expected_lines": "0",
    "present_lines": "0",
    "details": """'{"lines": [], "charges": [], "ship_to": null, "ships": false}'""",
}
"""A channel without a table: its one transaction, an expression for each column."""


@pytest.fixture
def one_row(cluster: Cluster, tmp_path: Path) -> Callable[..., SqlChannel]:
    """Makes a channel whose SQL gives one row, GOOD but for some columns; one that is None is left out."""

    def make(**columns: str | None) -> SqlChannel:
        write_sql(tmp_path, columns)
        return SqlChannel(lambda: psycopg.connect(cluster.dsn()), "shop", tmp_path, {})

    return make


def write_sql(folder: Path, columns: Mapping[str, str | None], table: str = "", **others: str) -> None:
    """Write the files of a channel whose rows are GOOD but for some columns."""
    chosen = {name: text for name, text in {**GOOD, **columns}.items() if text is not None}
    select = [f"{text} as {name}" for name, text in chosen.items()]
    files = {
        "transactions": f"select {', '.join(select)} {table} where {{which}} order by counter",
        "headers": f"select {', '.join(select[:2])} {table} where {{which}}",
        "new": "%(since)s < 1",
        "sample": "select 1 as counter, 1 as oldest_running, 2 as horizon",
        "fingerprint": "select 'here' as fingerprint",
    }
    for name, text in {**files, **others}.items():
        (folder / f"{name}.sql").write_text(text)


def read(channel: SqlChannel) -> list[Transaction]:
    return [each for batch in channel.transactions(Watermark("")) for each in batch.transactions]


def test_every_documented_column_is_in_the_example() -> None:
    assert set(GOOD) == set(COLUMNS)


@pytest.mark.parametrize("path", sorted(OURS.glob("*.sql")), ids=lambda path: path.stem)
def test_each_statement_around_a_channels_says_first_what_it_gives_and_needs_and_is_used(path: Any) -> None:
    text = path.read_text()
    first = text.splitlines()[0]
    assert first.startswith("-- ")
    assert "need" in first
    assert ";" not in "".join(line for line in text.splitlines() if not line.startswith("--")), "one statement a file"
    assert any(f'"{path.stem}"' in module.read_text() for module in Path(sql.__file__).parent.glob("*.py"))


def test_a_row_becomes_a_transaction(one_row: Callable[..., SqlChannel]) -> None:
    (transaction,) = read(one_row())
    assert str(transaction.key) == "shop:1/a"
    assert (transaction.total, transaction.delivery_date, transaction.not_an_order) == ("10.00", None, None)


def test_a_null_is_nothing_where_nothing_is_a_fact_and_empty_elsewhere(one_row: Callable[..., SqlChannel]) -> None:
    nullable = [
        name for name in COLUMNS if name not in ("key_parts", "counter", "expected_lines", "present_lines", "details")
    ]
    (transaction,) = read(one_row(**dict.fromkeys(nullable, "null::text")))
    assert {getattr(transaction, name) for name in ("not_an_order", "placed_at", "delivery_date", "total")} == {None}
    assert {transaction.reference, transaction.receipt, transaction.customer_account, transaction.currency} == {""}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"key_parts": "array['1', null]"}, "a null in key_parts at counter 1"),
        ({"key_parts": "null::text[]"}, "a null in key_parts at counter 1"),
        ({"counter": "null::int"}, "a null in counter"),
        ({"present_lines": "null::int"}, "a null in present_lines at counter 1"),
        ({"key_parts": "array[1, 2]"}, "key_parts with a type other than text[]"),
        ({"total": "10.00"}, "total with a type other than text"),
        ({"placed_at": "now()"}, "placed_at with a type other than text"),
        ({"details": "json_build_object()"}, "details with a type other than text"),
        ({"details": None}, "no column details"),
        ({"details": None, "total": None}, "no column details, total"),
        ({"key_parts": "array[]::text[]"}, "nothing in key_parts at counter 1"),
        ({"key_parts": "array['']"}, "nothing in key_parts at counter 1"),
        ({"key_parts": "array['', '']"}, "nothing in key_parts at counter 1"),
        ({"expected_lines": "0.0"}, "expected_lines with a type other than int"),
        ({"counter": "true"}, "counter with a type other than int"),
    ],
)
def test_a_row_of_another_shape_is_refused_by_its_columns_name(
    one_row: Callable[..., SqlChannel], tmp_path: Path, columns: dict[str, Any], says: str
) -> None:
    with pytest.raises(Misconfigured, match=rf"channel 'shop': {tmp_path}/transactions.sql returns {re.escape(says)}"):
        read(one_row(**columns))


def test_a_number_of_lines_that_no_ledger_could_store_stops_no_channel(one_row: Callable[..., SqlChannel]) -> None:
    many = "3000000000::bigint"
    (held,) = read(one_row(expected_lines=many, present_lines=f"-{many}"))
    assert (held.expected_lines, held.present_lines) == (2147483647, 0)


def test_keys_of_different_numbers_of_parts_are_refused(one_row: Callable[..., SqlChannel], tmp_path: Path) -> None:
    """As after a change of the SQL: an order under another key would be sent once more."""
    keys = [OrderKey("shop", ("1", "a")), OrderKey("shop", ("2",))]
    with pytest.raises(Misconfigured, match=r"transactions.sql returns keys of 1 and of 2 parts: .*must not change"):
        list(one_row().read_again(keys))


def test_a_value_that_cannot_be_converted_is_not_repeated(one_row: Callable[..., SqlChannel]) -> None:
    """A name in a log is nobody's business."""
    with pytest.raises(Misconfigured, match=r"a value cannot be converted \(InvalidTextRepresentation\)") as raised:
        read(one_row(counter="concat('Jane', ' Doe')::int"))
    assert "Jane" not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("sku", ["A\\u0000B", "A\N{SYMBOL FOR NULL}B"])
def test_a_nul_in_json_becomes_a_problem(one_row: Callable[..., SqlChannel], sku: str) -> None:
    line = f'{{"number": "1", "sku": "{sku}", "quantity": "1", "net": "1", "tax": "0"}}'
    (transaction,) = read(one_row(details=f"""'{{"lines": [{line}], "ships": true}}'::json::text"""))
    (problem,) = read_order(transaction, None, datetime(2026, 3, 2, tzinfo=UTC)).problems
    assert (problem.code, problem.field, problem.value) == ("BAD_CHARACTERS", "line 1 sku", "A\N{SYMBOL FOR NULL}B")


def test_sql_that_would_write_is_refused(one_row: Callable[..., SqlChannel]) -> None:
    """R92, R100"""
    channel = one_row()
    (channel.folder / "fingerprint.sql").write_text("update pg_database set datname = 'mine' returning datname")
    with pytest.raises(Misconfigured, match="cannot execute UPDATE in a read-only transaction"):
        channel.fingerprint()


@pytest.mark.parametrize("file", ["transactions.sql", "new.sql", "headers.sql"])
def test_a_missing_file_is_named(one_row: Callable[..., SqlChannel], tmp_path: Path, file: str) -> None:
    channel = one_row()
    (tmp_path / file).unlink()
    with pytest.raises(
        Misconfigured, match=f"channel 'shop': there is no file {tmp_path / file}: write it, or correct"
    ):
        read(channel)


def test_a_missing_folder_is_named(cluster: Cluster) -> None:
    channel = SqlChannel(lambda: psycopg.connect(cluster.dsn()), "shpo", FOLDER.with_name("shpo"), {})
    with pytest.raises(Misconfigured, match=r"channel 'shpo': there is no file .*/channels/shpo/fingerprint.sql"):
        channel.fingerprint()


def test_a_missing_option_is_named(dsn: str) -> None:
    channel = SqlChannel(lambda: psycopg.connect(dsn), SPEC.name, FOLDER, {})
    with pytest.raises(Misconfigured, match=r"dynamics_web.*transactions.sql with new.sql fails: .*missing: types"):
        read(channel)


def test_an_unknown_zone_leads_to_the_options(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        shop.write(connection, [sale(placed_at="1900-01-01")])
        connection.execute("update ax.retailtransactiontable set transdate = '2026-03-01'")
    channel = SqlChannel(lambda: psycopg.connect(dsn), SPEC.name, FOLDER, {**SPEC.options, "zone": "Europe/Atlantis"})
    with pytest.raises(Misconfigured, match=r"\(InvalidParameterValue\): .* or correct the channel's options"):
        read(channel)


def test_a_column_that_the_database_does_not_have_is_named(own_dsn: str) -> None:
    with psycopg.connect(own_dsn) as connection:
        connection.execute("alter table ax.retailtransactiontable drop begindatetime")
    says = (
        r"channel 'dynamics_web': .*transactions.sql with new.sql fails: column h.begindatetime does not exist: adapt"
    )
    with pytest.raises(Misconfigured, match=says):
        read(dynamics_web.Shop.over(own_dsn))


def test_a_user_who_may_not_read_is_told_which_table(own_dsn: str) -> None:
    with psycopg.connect(own_dsn) as connection:
        connection.execute("create role clerk login password 'clerk'")
        connection.execute("grant usage on schema ax to clerk")
    clerk = psycopg.conninfo.make_conninfo(own_dsn, user="clerk", password="clerk")
    try:
        with pytest.raises(
            Misconfigured, match=r"sample.sql fails: permission denied for table retailtransactiontable"
        ):
            read(dynamics_web.Shop.over(clerk))
        with psycopg.connect(own_dsn) as connection:
            connection.execute("grant select on all tables in schema ax to clerk")
        assert read(dynamics_web.Shop.over(clerk)) == []
        assert dynamics_web.Shop.over(clerk).fingerprint() == dynamics_web.Shop.over(own_dsn).fingerprint()
    finally:
        with psycopg.connect(own_dsn) as connection:
            connection.execute("drop owned by clerk; drop role clerk")


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"port": "1"}, Transient, "Connection refused"),
        ({"password": "wrong"}, NotAuthorised, "password authentication failed .*: correct user, password or database"),
        ({"user": "nobody"}, NotAuthorised, "authentication failed"),
        ({"dbname": "nowhere"}, NotAuthorised, 'database "nowhere" does not exist: correct'),
    ],
)
def test_a_database_that_does_not_let_us_in_is_away_or_refuses(
    dsn: str, change: dict[str, Any], kind: Any, says: str
) -> None:
    """R71"""
    channel = dynamics_web.Shop.over(psycopg.conninfo.make_conninfo(dsn, **change))
    with pytest.raises(kind, match=f"channel 'dynamics_web' cannot be read .connecting.: .*{says}") as raised:
        channel.fingerprint()
    assert raised.value.code == {Transient: "EXTRACT_FAILED", NotAuthorised: "AUTH_EXPIRED"}[kind]


def test_a_database_that_goes_away_while_it_is_read_is_transient(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        shop.write(connection, [sale(f"W{number}") for number in range(4)])
    batches = dynamics_web.Shop.over(dsn, batch_size=1).transactions(Watermark(""))
    next(batches)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    with pytest.raises(Transient, match="terminating connection") as raised:
        list(batches)
    assert raised.value.code == "EXTRACT_FAILED"


def test_a_table_that_somebody_has_locked_is_not_waited_for_without_end(dsn: str) -> None:
    """The connection's own time-outs hold; without them there are ours."""
    own = psycopg.conninfo.make_conninfo(dsn, options="-c lock_timeout=20ms")
    with psycopg.connect(dsn) as connection:
        shop.write(connection, [sale("W1")])
    (transaction,) = read(dynamics_web.Shop.over(dsn))
    with psycopg.connect(dsn) as connection:
        connection.execute("lock table ax.retailtransactiontable in access exclusive mode")
        for reading in (read, lambda channel: list(channel.read_again([transaction.key]))):
            with pytest.raises(Transient, match=r"dynamics_web.*cannot be read.*lock timeout") as raised:
                reading(dynamics_web.Shop.over(own))
            assert raised.value.code == "EXTRACT_FAILED"


@pytest.mark.parametrize(
    ("options", "of_one", "of_many"),
    [("", "1min 5min", "1min 0"), ("-c lock_timeout=7s -c statement_timeout=8s", "7s 8s", "7s 8s")],
    ids=["ours", "the connection's"],
)
def test_a_lock_is_waited_for_a_minute_and_what_a_push_asks_for_five(
    cluster: Cluster, tmp_path: Path, options: str, of_one: str, of_many: str
) -> None:
    """A first extract may take as long as it takes: cut off, it would begin anew each time."""
    times = "concat_ws(' ', current_setting('lock_timeout'), current_setting('statement_timeout'))"
    fingerprint = f"select {times} as fingerprint"
    write_sql(tmp_path, {"source_status": times}, fingerprint=fingerprint, again="%(key_1)s is not null")
    dsn = psycopg.conninfo.make_conninfo(cluster.dsn(), options=options)
    channel = SqlChannel(lambda: psycopg.connect(dsn), "shop", tmp_path, {})
    (transaction,) = read(channel)
    ((again,),) = channel.read_again([transaction.key])
    assert (channel.fingerprint(), again.source_status, transaction.source_status) == (of_one, of_one, of_many)


@pytest.mark.parametrize(
    ("whose", "of_one"),
    [("database {}", "1min 5min"), ("role postgres in database {}", "7s 8s")],
    ids=["everybody's", "our role's"],
)
def test_time_outs_that_the_channels_owner_gave_our_role_stay_and_everybodys_do_not(
    own_dsn: str, tmp_path: Path, whose: str, of_one: str
) -> None:
    """A short one is for the shop's own clients: a first extract takes longer."""
    times = "concat_ws(' ', current_setting('lock_timeout'), current_setting('statement_timeout'))"
    write_sql(tmp_path, {}, fingerprint=f"select {times} as fingerprint")
    with psycopg.connect(own_dsn, autocommit=True) as connection:
        altered = psycopg.sql.SQL(whose).format(psycopg.sql.Identifier(connection.info.dbname))
        for name, value in (("lock_timeout", "7s"), ("statement_timeout", "8s")):
            connection.execute(psycopg.sql.SQL("alter {} set {} = {}").format(altered, psycopg.sql.SQL(name), value))
    assert SqlChannel(lambda: psycopg.connect(own_dsn), "shop", tmp_path, {}).fingerprint() == of_one


@pytest.mark.parametrize(
    ("rows", "order", "new", "says"),
    [
        ("(1), (2)", "-counter", "counter > %(since)s", "counter 1 after 2"),
        ("(0), (1)", "counter", "counter >= %(since)s", "counter 0 after 0"),
        ("(1), (1)", "counter", "counter > %(since)s", "counter 1 after 1"),
    ],
    ids=["not rising", "an inclusive bound", "not unique"],
)
def test_counters_that_no_mark_can_tell_apart_are_refused(
    one_row: Callable[..., SqlChannel], rows: str, order: str, new: str, says: str
) -> None:
    channel = one_row()
    write_sql(channel.folder, {"counter": "counter"}, f"from (values {rows}) as plain (counter)", new=new)
    file = channel.folder / "transactions.sql"
    file.write_text(file.read_text().replace("order by counter", f"order by {order}"))
    with pytest.raises(Misconfigured, match=f"returns {says}: it must return those above `since`, unique and rising"):
        read(channel)


def test_a_writer_that_had_its_counter_before_the_extract_and_writes_during_it_is_found(
    own_dsn: str, tmp_path: Path
) -> None:
    """A counter is taken a moment before its row is written: the horizon counts only from after the rows were read."""
    sample = (dynamics_web.FOLDER / "sample.sql").read_text()
    sample = sample.replace(
        "max(replicationcounterfromorigin) from ax.retailtransactiontable", "max(counter) from plain"
    )
    columns = {"key_parts": "array[counter::text]", "counter": "counter"}
    write_sql(tmp_path, columns, "from plain", new="counter > %(since)s", sample=sample)
    with psycopg.connect(own_dsn) as connection:
        connection.execute("create table plain (counter int); insert into plain values (2), (3)")
    channel = SqlChannel(lambda: psycopg.connect(own_dsn), "shop", tmp_path, {}, 1)
    extract = channel.transactions(Watermark(""))
    next(extract)
    with psycopg.connect(own_dsn) as slow:
        slow.execute("insert into plain values (1)")
        *_, last = extract
        *_, last = channel.transactions(last.watermark)
    found = [each.counter for batch in channel.transactions(last.watermark) for each in batch.transactions]
    assert 1 in found


@pytest.mark.parametrize("ends", ["fully read", "given up", "failed"])
def test_no_connection_stays_open(dsn: str, ends: str) -> None:
    with psycopg.connect(dsn) as connection:
        shop.write(connection, [sale("W1"), sale("W2")])
    opened: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        opened.append(psycopg.connect(dsn))
        return opened[-1]

    channel = SqlChannel(
        connect,
        SPEC.name,
        FOLDER,
        {} if ends == "failed" else SPEC.options,
        1,
    )
    batches: Any = channel.transactions(Watermark(""))
    try:
        next(batches)
        if ends == "given up":
            batches.close()
        list(batches)
    except OrderSyncError:
        assert ends == "failed"
    assert [connection.closed for connection in opened] == [True]


def test_nothing_that_a_database_has_set_ends_or_changes_a_reading(own_dsn: str) -> None:
    with psycopg.connect(own_dsn) as connection:
        shop.write(connection, [sale()])
    plain = read(dynamics_web.Shop.over(own_dsn))
    with psycopg.connect(own_dsn, autocommit=True) as connection:
        name = psycopg.sql.Identifier(connection.info.dbname)
        for setting, value in HOSTILE.items():
            if setting != "fsync":
                altered = psycopg.sql.SQL("alter database {} set {} to {}")
                connection.execute(altered.format(name, psycopg.sql.Identifier(setting), value))
    assert read(dynamics_web.Shop.over(own_dsn)) == plain


def test_the_servers_own_formats_of_dates_do_not_matter(own_dsn: str) -> None:
    with psycopg.connect(own_dsn) as connection:
        shop.write(connection, [sale(), sale("W2", placed_at="1900-01-01")])
        connection.execute("update ax.retailtransactiontable set transdate = '2026-03-01'")
    plain = read(dynamics_web.Shop.over(own_dsn))
    with psycopg.connect(own_dsn, autocommit=True) as connection:
        name = psycopg.sql.Identifier(connection.info.dbname)
        connection.execute(psycopg.sql.SQL("alter database {} set datestyle = 'German'").format(name))
        connection.execute(psycopg.sql.SQL("alter database {} set timezone = 'Asia/Tokyo'").format(name))
    assert read(dynamics_web.Shop.over(own_dsn)) == plain
