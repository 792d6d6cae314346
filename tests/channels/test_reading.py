"""What a reading of a SQL channel finds, what its mark waits for, and what it says of the rest.

The channel is a small shop with both a counter and an instant for each sale; its ledger lies in another cluster.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from order_sync import flows
from order_sync.channels.sql import SqlChannel
from order_sync.channels.sql.folder import around
from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.findings import FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey
from order_sync.core.sending.route import Route
from order_sync.ledger import Ledger, migrate
from sandbox.postgres import Cluster
from tests.channels.test_sql import write_sql
from tests.fixtures import dynamics_web

ACTOR = Actor("test")
ROUTE = Route("shop", "tryton", datetime(2020, 1, 1, tzinfo=UTC), None)
PLACED = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
START = Watermark("here")
MINUTE, HOUR, AT_ONCE = timedelta(minutes=1), timedelta(hours=1), timedelta(microseconds=1)

TABLES = """
create table sale (
    number text primary key, counter int generated always as identity, customer text,
    placed timestamptz default '2026-03-01 11:30+00', written timestamptz default now(), state text default 'paid'
);
create table customer (name text primary key);
"""
SAMPLE = """
select coalesce((select max(counter) from sale), 0) as counter,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_running,
    pg_current_xact_id()::text::bigint as horizon
"""
INSTANT = "(extract(epoch from s.written) * 1000000)::bigint"
Shop = Callable[..., SqlChannel]


@pytest.fixture
def dsn(cluster: Cluster) -> Iterator[str]:
    name = "small_shop"
    cluster.create_database(name)
    with psycopg.connect(cluster.dsn(name)) as connection:
        connection.execute(TABLES)
    yield cluster.dsn(name)
    cluster.drop_database(name)


@pytest.fixture
def shop(dsn: str, tmp_path: Path) -> Shop:
    """Makes a channel over the small shop: by its counter, or by when a sale was written."""

    def make(*, by_instant: bool = False, batch_size: int = 500, lag: timedelta = HOUR, **files: str) -> SqlChannel:
        counter = INSTANT if by_instant else "s.counter"
        columns = {
            "key_parts": "array[s.number]",
            "counter": counter,
            "source_status": "s.state",
            "placed_at": "s.placed::text",
            "customer_account": "s.customer",
        }
        usual = {"new": f"{counter} > %(since)s", "placed": "s.placed <@ tstzrange(%(start)s, %(end)s)"}
        write_sql(tmp_path, columns, "from sale s", sample=SAMPLE, **{**usual, **files})
        (tmp_path / "again.sql").write_text("s.number = any (%(key_1)s)")
        if by_instant:
            (tmp_path / "sample.sql").unlink()
        return SqlChannel(lambda: psycopg.connect(dsn), "shop", tmp_path, {}, batch_size, lag)

    return make


@pytest.fixture(scope="module")
def another_cluster(tmp_path_factory: pytest.TempPathFactory, server: Callable[[Path], Cluster]) -> Iterator[Cluster]:
    cluster = server(Path(tmp_path_factory.mktemp("another")) / "cluster").start()
    cluster.create_database("migrated")
    migrate(lambda: psycopg.connect(cluster.dsn("migrated")))
    yield cluster
    cluster.remove()


@pytest.fixture
def ledger(another_cluster: Cluster) -> Iterator[Ledger]:
    """An empty ledger, in another cluster than the channel."""
    another_cluster.create_database("ledger", template="migrated")
    with Ledger(lambda: psycopg.connect(another_cluster.dsn("ledger"))) as ledger:
        yield ledger
    another_cluster.drop_database("ledger")


def sell(dsn: str, *numbers: str, **columns: str) -> None:
    with psycopg.connect(dsn) as connection:
        insert(connection, *numbers, **columns)


def insert(connection: psycopg.Connection, *numbers: str, **columns: str) -> None:
    """Write sales; each column is an expression."""
    names = "".join(f", {name}" for name in columns)
    values = "".join(f", {value}" for value in columns.values())
    connection.execute(
        f"insert into sale (number{names}) select number{values} from unnest(%s::text[]) number", [[*numbers]]
    )


def read(channel: SqlChannel, since: Watermark = START) -> tuple[list[str], Watermark]:
    """The numbers of what one reading gives, and the newest mark."""
    batches = list(channel.transactions(since))
    return [each.key.parts[0] for batch in batches for each in batch.transactions], batches[-1].watermark


def known(ledger: Ledger) -> set[str]:
    return {entry.key.parts[0] for entry in ledger.to_validate("shop", None, 1000)}


def in_window(channel: SqlChannel, window: Window) -> dict[OrderKey, str]:
    return {key: digest for batch in channel.keys(window) for key, digest in batch}


@pytest.mark.parametrize("by_instant", [False, True])
def test_a_transaction_that_is_held_open_over_three_extracts_is_found(
    shop: Shop, dsn: str, ledger: Ledger, by_instant: bool
) -> None:
    channel = shop(by_instant=by_instant)
    with psycopg.connect(dsn) as slow:
        insert(slow, "LATE")
        for number in ("A", "B", "C"):
            sell(dsn, number)
            flows.extract(ROUTE, channel, ledger, ACTOR)
    assert known(ledger) == {"A", "B", "C"}
    flows.extract(ROUTE, channel, ledger, ACTOR)
    assert known(ledger) == {"A", "B", "C", "LATE"}
    assert ledger.untold(["channel_shop"]) == [], "the mark waited for it"


def test_what_a_writer_commits_that_was_not_waited_for_is_read_by_the_next_extract_and_told(
    shop: Shop, dsn: str, ledger: Ledger
) -> None:
    channel = shop(lag=AT_ONCE)
    with psycopg.connect(dsn) as slow:
        insert(slow, "LATE")
        for number in ("A", "B", "C"):
            sell(dsn, number)
            flows.extract(ROUTE, channel, ledger, ACTOR)
    assert known(ledger) == {"A", "B", "C"}
    flows.extract(ROUTE, channel, ledger, ACTOR)
    assert known(ledger) == {"A", "B", "C", "LATE"}
    assert [found.kind for found in ledger.untold(["channel_shop"])] == [
        *(FindingKind.SLOW_WRITER, FindingKind.PASSED_OVER)
    ]


@pytest.mark.parametrize("next_one", [3, 1, -5], ids=["goes back", "begins anew", "falls below nothing"])
def test_rows_under_counters_that_were_passed_are_read_and_told_once(
    shop: Shop, dsn: str, ledger: Ledger, next_one: int
) -> None:
    """R9"""
    channel = shop()
    jump = "alter table sale alter counter set minvalue -10 restart with {}"
    for counter, number in ((2, "A"), (2_000_000_000, "FAR"), (next_one, "B")):
        with psycopg.connect(dsn) as connection:
            connection.execute(jump.format(counter))
        sell(dsn, number)
        for _ in range(2):
            flows.extract(ROUTE, channel, ledger, ACTOR)
    assert known(ledger) == {"A", "FAR", "B"}
    (finding,) = ledger.untold(["channel_shop"])
    assert (finding.kind, finding.subject) == (FindingKind.PASSED_OVER, "counter 2000000000")
    assert finding.detail == f"1 of them, such as shop:B with counter {next_one}"
    ledger.told([finding])
    sell(dsn, "C")
    flows.extract(ROUTE, channel, ledger, ACTOR)
    assert known(ledger) == {"A", "FAR", "B", "C"}
    assert ledger.untold(["channel_shop"]) == []


def test_only_so_many_of_the_highest_and_of_the_lowest_below_the_mark_are_looked_at(
    shop: Shop, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("order_sync.channels.sql.channel.MOST_PASSED", 2)
    sell(dsn, *"ABCDEFG")
    assert {key.parts[0] for key in shop().passed(Watermark("here", 6))} == {"A", "B", "E", "F"}


def test_what_was_passed_is_found_by_the_index_on_the_counter_and_not_by_a_scan(own_dsn: str) -> None:
    channel = dynamics_web.Shop.over(own_dsn)
    headers = (channel.folder / "headers.sql").read_text()
    passed = headers.replace("{which}", f"not ({(channel.folder / 'new.sql').read_text()})")
    query = f"explain (costs off) {around('read_passed', headers=passed)}"
    with psycopg.connect(own_dsn) as connection:
        dynamics_web.Shop.add(connection, [str(number) for number in range(1000, 1400)])
        connection.execute("analyze ax.retailtransactiontable")
        rows = psycopg.ClientCursor(connection).execute(query, {"since": 10**9, "most": 5})
        plan = "\n".join(line for (line,) in rows)
    assert plan.count("Index Scan") == 2, plan
    assert "Seq Scan" not in plan
    assert "Backward" in plan


def test_a_writer_that_takes_longer_than_the_lag_is_told_and_holds_the_mark_back_no_longer(
    shop: Shop, dsn: str, ledger: Ledger
) -> None:
    """What it commits in the end is seen by the comparison of keys."""
    channel = shop(lag=AT_ONCE)
    with psycopg.connect(dsn) as slow:
        insert(slow, "LATE")
        sell(dsn, "A", "B")
        (first,) = channel.transactions(START)
        (second,) = channel.transactions(first.watermark)
        assert (first.slow_since, second.slow_since) == (None, first.watermark.samples[0].at)
        assert (first.watermark.counter, second.watermark.counter) == (0, 3)
        assert read(channel, second.watermark) == ([], second.watermark)
    assert read(channel, second.watermark) == ([], second.watermark)
    window = Window(PLACED - MINUTE, PLACED + MINUTE)
    assert {key.parts[0] for key in in_window(channel, window)} == {"A", "B", "LATE"}


def test_a_batchs_mark_never_passes_over_a_slow_writer_that_was_not_told_yet(shop: Shop, dsn: str) -> None:
    channel = shop(lag=AT_ONCE, batch_size=1)
    with psycopg.connect(dsn) as slow:
        insert(slow, "LATE")
        sell(dsn, "A", "B")
        _, mark = read(channel)
        sell(dsn, "C")
        *unfinished, last = channel.transactions(mark)
    assert [batch.watermark.counter for batch in unfinished] == [0, 0]
    assert last.slow_since is not None
    assert read(channel, unfinished[-1].watermark)[0] == ["LATE", "A", "B", "C"]


def test_a_reading_tells_about_how_many_it_will_give(shop: Shop, dsn: str) -> None:
    sell(dsn, *"ABCDEFGHIJ")
    batches = list(shop(batch_size=2).transactions(START))
    assert [batch.of for batch in batches] == [9 * 4 // 3, 9 * 6 // 5, 9 * 8 // 7, 10, 0]
    assert next(shop(batch_size=1).transactions(START)).of == 9 * 2 // 1


@pytest.mark.parametrize("by_instant", [False, True])
def test_of_rows_without_a_distance_between_them_nobody_tells_how_many_more_there_are(
    shop: Shop, dsn: str, by_instant: bool
) -> None:
    sell(dsn, "A", "B", "C", written="'2026-03-01 12:00+00'")
    batches = list(shop(by_instant=by_instant, batch_size=1).transactions(START))
    assert batches[0].of == (0 if by_instant else 2 * 2)


def test_within_the_lag_nobody_is_told_of_a_slow_writer(shop: Shop, dsn: str) -> None:
    channel = shop()
    with psycopg.connect(dsn) as slow:
        insert(slow, "LATE")
        sell(dsn, "A")
        _, mark = read(channel)
        (batch,) = channel.transactions(mark)
    assert batch.slow_since is None
    assert batch.watermark.counter == 0


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4])
def test_of_sales_at_one_instant_none_is_lost_when_an_extract_dies_between_two_batches(
    shop: Shop, dsn: str, batch_size: int
) -> None:
    sell(dsn, "A", "B", "C", "D", "E", written="'2026-03-01 12:00+00'")
    channel = shop(by_instant=True, lag=AT_ONCE, batch_size=batch_size)
    batches: Any = channel.transactions(START)
    landed = next(batches)
    batches.close()
    rest, _ = read(channel, landed.watermark)
    assert {each.key.parts[0] for each in landed.transactions} | set(rest) == {"A", "B", "C", "D", "E"}


def test_without_a_counter_the_mark_stays_behind_the_newest_sale_by_the_lag(shop: Shop, dsn: str) -> None:
    sell(dsn, "A", written="'2026-03-01 10:00+00'")
    sell(dsn, "B", written="'2026-03-01 12:00+00'")
    numbers, mark = read(shop(by_instant=True, lag=HOUR))
    assert numbers == ["A", "B"]
    assert mark.counter == int(datetime(2026, 3, 1, 11, tzinfo=UTC).timestamp()) * 1_000_000
    assert read(shop(by_instant=True), mark) == (["B"], mark)


def test_without_a_counter_an_edit_and_a_commit_within_the_lag_are_read(shop: Shop, dsn: str) -> None:
    channel = shop(by_instant=True)
    with psycopg.connect(dsn) as slow:
        insert(slow, "LATE")
        sell(dsn, "A", written="now() - interval '2 days'")
        sell(dsn, "B", written="clock_timestamp()")
        _, mark = read(channel)
        with psycopg.connect(dsn) as connection:
            connection.execute("update sale set state = 'cancelled', written = now() where number = 'A'")
    assert set(read(channel, mark)[0]) == {"LATE", "A", "B"}


def test_an_instant_in_the_future_lets_no_mark_pass_over_the_present(shop: Shop, dsn: str) -> None:
    channel = shop(by_instant=True)
    sell(dsn, "FUTURE", written="'2099-01-01'")
    _, mark = read(channel)
    sell(dsn, "A")
    assert read(channel, mark)[0] == ["A", "FUTURE"]


@pytest.mark.parametrize("counter", ["s.counter", "extract(epoch from s.written)::bigint"])
def test_counters_that_are_no_instants_are_refused_where_there_is_no_sample(shop: Shop, dsn: str, counter: str) -> None:
    channel = shop(by_instant=True, new=f"{counter} > %(since)s")
    for file in ("transactions.sql", "headers.sql"):
        path = channel.folder / file
        path.write_text(path.read_text().replace(INSTANT, counter))
    sell(dsn, "A")
    with pytest.raises(Misconfigured, match=r"as its highest counter, but there is no sample\.sql: write one if"):
        read(channel)


def test_counters_that_fall_are_refused_without_a_sample_too(shop: Shop, dsn: str) -> None:
    channel = shop(by_instant=True)
    sell(dsn, "A", written="'2026-03-01 10:00+00'")
    sell(dsn, "B", written="'2026-03-01 12:00+00'")
    path = channel.folder / "transactions.sql"
    path.write_text(path.read_text().replace("order by counter", "order by counter desc"))
    with pytest.raises(
        Misconfigured, match=r"transactions\.sql with new\.sql returns counter \d+ after \d+: .* falling"
    ):
        read(channel)


@pytest.mark.parametrize("by_instant", [False, True])
@pytest.mark.parametrize("batch_size", [1, 500])
def test_a_row_that_an_inner_join_drops_is_named(shop: Shop, dsn: str, by_instant: bool, batch_size: int) -> None:
    sell(dsn, "A", "B", "C", customer="'Ann'")
    sell(dsn, "GUEST")
    with psycopg.connect(dsn) as connection:
        connection.execute("insert into customer values ('Ann')")
    channel = shop(by_instant=by_instant, batch_size=batch_size)
    path = channel.folder / "transactions.sql"
    path.write_text(path.read_text().replace("from sale s", "from sale s join customer c on c.name = s.customer"))
    batches = list(channel.transactions(START))
    assert sum(len(batch.transactions) for batch in batches) == 3
    assert [batch.skipped for batch in batches if batch.skipped] == [[OrderKey("shop", ("GUEST",))]]
    assert batches[-1].skipped


def test_a_join_that_finds_two_rows_is_refused_where_counters_may_be_shared(shop: Shop, dsn: str) -> None:
    sell(dsn, "A", customer="'Ann'")
    with psycopg.connect(dsn) as connection:
        connection.execute("insert into customer values ('Ann'), ('Bob')")
    channel = shop(by_instant=True)
    path = channel.folder / "transactions.sql"
    path.write_text(path.read_text().replace("from sale s", "from sale s cross join customer"))
    with pytest.raises(Misconfigured, match=r"with new\.sql returns shop:A twice: a join finds several rows for it"):
        read(channel)


@pytest.mark.parametrize(
    ("select", "says"),
    [
        (
            "select array[s.number] as key_parts, s.counter from sale s where s.number = 'A' and {which}",
            "returns 1 rows",
        ),
        ("select array[s.number] as key_parts, s.counter + 1 as counter from sale s where {which}", "or returns other"),
        ("select array[s.number] as key_parts from sale s where {which}", "returns no column counter"),
        ("select s.number as key_parts, s.counter from sale s where {which}", "key_parts with a type other than"),
    ],
)
def test_headers_that_do_not_fit_the_transactions_are_refused(shop: Shop, dsn: str, select: str, says: str) -> None:
    sell(dsn, "A", "B")
    with pytest.raises(Misconfigured, match=rf"channel 'shop': .*/headers\.sql .*{says}"):
        read(shop(headers=select))


def test_the_keys_of_a_window_are_those_placed_from_its_start_up_to_its_end_with_their_digests(
    shop: Shop, dsn: str
) -> None:
    for number, placed in (("BEFORE", PLACED - MINUTE), ("FIRST", PLACED), ("LAST", PLACED + MINUTE - AT_ONCE)):
        sell(dsn, number, placed=f"'{placed}'")
    sell(dsn, "AFTER", placed=f"'{PLACED + MINUTE}'")
    sell(dsn, "NEVER", placed="null")
    channel = shop(batch_size=1)
    digests = {each.key: each.digest for batch in channel.transactions(START) for each in batch.transactions}
    found = in_window(channel, Window(PLACED, PLACED + MINUTE))
    assert {key.parts[0] for key in found} == {"FIRST", "LAST"}
    assert found.items() <= digests.items()


@pytest.mark.parametrize(
    "clock",
    [
        "begindatetime = '2026-03-01 11:30', transdate = '2020-01-01'",
        "begindatetime = '1900-01-01', transdate = '2026-03-01', transtime = 12 * 3600 + 1800",
    ],
)
def test_a_dynamics_sale_is_in_the_window_of_its_instant_and_in_no_other(own_dsn: str, clock: str) -> None:
    with psycopg.connect(own_dsn) as connection:
        dynamics_web.Shop.add(connection, ["W1", "NEVER"])
        connection.execute(f"update ax.retailtransactiontable set {clock}")
        connection.execute(
            "update ax.retailtransactiontable set begindatetime = '1900-01-01', transdate = 'infinity'"
            " where channelreferenceid = 'NEVER'"
        )
    channel = dynamics_web.Shop.over(own_dsn)
    here = in_window(channel, Window(PLACED, PLACED + AT_ONCE))
    assert [key.parts[3] for key in here] == ["T-W1"]
    assert in_window(channel, Window(PLACED - HOUR, PLACED)) == {}
    assert in_window(channel, Window(PLACED + AT_ONCE, PLACED + HOUR)) == {}
