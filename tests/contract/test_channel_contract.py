"""Every channel against every sentence of `ports.Channel` about reading, over a real shop.

A channel brings its fixture, `tests/fixtures/<name>.py`; one without it fails here. What a row says is tried in
`test_channel_rows`, and the suite itself in `test_channel_mistakes`.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from order_sync.channels.sql.folder import StatementFolder, around
from order_sync.core.basics.calendar_days import Window
from tests.contract.channel_subject import START, Subject, digests, references
from tests.support.shop import PLACED_AT, needs

AGAIN = "again.sql must take all keys that are bound, each part as the column's type"
CONDITION = "headers.sql must have no join, and no condition except `where {which}` at its end"
SECOND = timedelta(seconds=1)
TEN = [str(number) for number in range(1000, 1010)]
OF_LOW_NUMBER = "900"
LATE, NEVER = "1900", "1901"


def test_the_fingerprint_names_the_database(subject: Subject) -> None:
    fingerprint = subject.channel().fingerprint()
    assert fingerprint == subject.channel().fingerprint(), "the fingerprint of one database changes"
    with subject.another() as another:
        assert fingerprint != another.channel().fingerprint(), "two databases have the same fingerprint"
    assert subject.shop.secret not in fingerprint, "the fingerprint shows the password"
    subject.add("1001")
    assert fingerprint == subject.channel().fingerprint(), "the fingerprint changes when something is sold"


def test_an_empty_channel_gives_one_empty_batch_and_a_mark(subject: Subject) -> None:
    batches = subject.batches()
    assert [[*batch.transactions] for batch in batches] == [[]], "an empty channel gives no batch, and so no mark"
    assert batches[0].watermark == START, "an empty channel has a mark: sample.sql must give 0 where there is no row"


@needs("folder")
def test_nothing_but_the_condition_chooses_what_is_read(subject: Subject) -> None:
    channel: Any = subject.channel()
    folder = channel.folder
    headers, transactions = (statement(folder / f"{name}.sql") for name in ("headers", "transactions"))
    assert re.search(r" where \(? ?{which} ?\)?$", headers), CONDITION
    assert not re.search(r" join | where .* where ", headers), CONDITION
    assert re.search(r" where \(? ?{which} ?\)? order by (\w+\.)?counter( asc)?$", transactions), (
        "transactions.sql must end with `where {which}` and `order by counter`: another condition, a group or a limit"
        " there loses transactions"
    )


@needs("folder")
def test_the_headers_have_the_keys_of_the_transactions(subject: Subject) -> None:
    subject.add(*TEN)
    channel: Any = subject.channel()
    sql = StatementFolder(subject.shop.spec.name, channel.folder)
    both = {file: sql.chosen(f"{file}.sql", "new.sql") for file in ("headers", "transactions")}
    with subject.shop.connect() as connection:
        bound = {**subject.shop.spec.options, "since": 0}
        skipped = psycopg.ClientCursor(connection).execute(around("read_skipped", **both).encode(), bound).fetchall()
    assert skipped == [], "headers.sql must not give other keys than transactions.sql"


def statement(path: Path) -> str:
    """The SQL in a file without its comments, in one line and in lower case."""
    return " ".join(re.sub(r"--.*|/\*(.|\n)*?\*/", " ", path.read_text()).lower().split())


def test_new_transactions_come_oldest_first(subject: Subject) -> None:
    """R4"""
    for reference in TEN:
        subject.add(reference)
    assert references(subject.read()[0]) == TEN, "transactions come in another order than they were written in"


def test_each_transaction_comes_once_also_when_it_was_changed(subject: Subject) -> None:
    subject.add(*TEN, lines=3)
    for changed in (None, TEN[0], TEN[4]):
        if changed:
            subject.change(changed)
        transactions, _ = subject.read()
        read = references(transactions)
        assert sorted(read) == sorted(set(read)), "a transaction comes twice: does a join find several rows for it?"
        assert set(read) == set(TEN), "a transaction is lost"
        counters = [each.counter or 0 for each in transactions]
        assert counters == sorted(counters), "counters fall: transactions.sql must end with `order by counter`"


def test_none_is_lost_or_doubled_at_the_edge_of_a_batch(subject: Subject) -> None:
    subject.add(*TEN)
    for batch_size in (1, 2, 3, 5, 9, 10, 11):
        batches = [references(batch.transactions) for batch in subject.batches(batch_size=batch_size)]
        read = [reference for batch in batches for reference in batch]
        assert set(read) == set(TEN), "a transaction is lost at the edge of a batch"
        assert sorted(read) == TEN, "a transaction comes twice at the edge of a batch"
        assert max(map(len, batches)) <= batch_size, "a batch is larger than asked for: intake must not hold everything"


def test_what_is_sold_or_changed_while_it_is_read_hides_nothing(subject: Subject) -> None:
    for reference in TEN:
        subject.add(reference)
    batches = iter(subject.channel(batch_size=2).transactions(START))
    read = references(next(batches).transactions)
    subject.add("1010")
    subject.change(TEN[0])
    read += [reference for batch in batches for reference in references(batch.transactions)]
    assert set(read) >= set(TEN), (
        "what is sold or changed meanwhile hides another from the reading: go on behind the last transaction of a page,"
        " and not by counting"
    )


def test_what_was_settled_is_not_read_again(subject: Subject) -> None:
    subject.add("1001", "1002", lines=3)
    mark = subject.settled()
    subject.add(OF_LOW_NUMBER)
    found = references(subject.read(mark)[0])
    assert OF_LOW_NUMBER in found, (
        "what was written after the mark is not found: is the counter the header's own, taken when the row is written,"
        " and does sample.sql give the same one?"
    )
    assert found == [OF_LOW_NUMBER], "what lies at or below the mark is read again"


def test_what_the_mark_has_passed_is_told_by_its_key(subject: Subject) -> None:
    """R9"""
    subject.add(*TEN[:5])
    transactions, first = subject.read()
    has_counter = first.samples != ()
    mark = subject.settled()
    subject.add(OF_LOW_NUMBER)
    passed = [*subject.channel().passed(mark)]
    read = {each.key for each in transactions} if has_counter else set()
    assert read <= {*passed}, "a key that the mark has passed is not told: headers.sql must give every row"
    assert {*passed} <= read, "a key is told that lies above the mark, or has no counter"
    assert len(passed) == len({*passed}), "a key that the mark has passed is told twice"
    assert [*subject.channel().passed(START)] == [], "a key is told although nothing was read yet"


def test_an_older_mark_gives_the_same_transactions_again(subject: Subject) -> None:
    subject.add("1001", "1002", "1003")
    first, _ = subject.read()
    for _ in range(2):
        again, _ = subject.read()
        assert digests(again) == digests(first), "the same mark gives other transactions, although nothing changed"
        counters = [each.counter or 0 for each in again]
        assert counters == sorted(counters), "the same mark gives transactions in another order"


def test_the_first_batches_mark_resumes_where_an_extract_broke_off(subject: Subject) -> None:
    written = TEN[:6]
    for reference in written:
        subject.add(reference)
    _, mark = subject.read()
    has_counter = mark.samples != ()
    batches = iter(subject.channel(batch_size=2).transactions(mark))
    landed, resume = (first := next(batches)).transactions, first.watermark
    del batches
    assert references(landed) == written[:2]
    rest = references(subject.read(resume)[0])
    assert set(rest) >= set(written[2:]), "a batch's mark passes over what the next batches hold"
    assert rest == written[2:] or not has_counter, "a batch's mark does not rise with it"


@needs("selling")
def test_a_late_commit_under_a_lower_counter_is_found_by_the_next_extract(subject: Subject) -> None:
    with subject.shop.selling(LATE):
        subject.add("1001", "1002")
        transactions, mark = subject.read()
        assert set(references(transactions)) == {"1001", "1002"}
        _, mark = subject.read(mark)
    assert LATE in references(subject.read(mark)[0]), "the mark has risen past a writer that had not committed yet"
    assert set(references(subject.read()[0])) == {LATE, "1001", "1002"}


@needs("selling")
def test_no_batch_has_a_mark_that_would_pass_over_a_late_commit(subject: Subject) -> None:
    subject.add("1000")
    _, mark = subject.read()
    with subject.shop.selling(LATE):
        subject.add("1001", "1002", "1003")
        marks = [batch.watermark for batch in subject.batches(mark, batch_size=1)]
        marks += [batch.watermark for batch in subject.batches(marks[-1], batch_size=1)]
    assert len(marks) > 4
    for mark in marks:
        assert LATE in references(subject.read(mark)[0]), "a batch's mark has risen past a writer at work"


@needs("selling")
def test_a_writer_that_gave_up_holds_nothing_back(subject: Subject) -> None:
    with suppress(KeyError), subject.shop.selling(NEVER):
        raise KeyError
    subject.add("1001")
    mark = subject.settled()
    assert references(subject.read()[0]) == ["1001"]
    assert mark.counter > 0, "the mark never rises"
    assert mark.samples == ()


def test_a_header_without_lines_is_told_and_not_skipped(subject: Subject) -> None:
    held = [reference for reference, lines in (("1001", 2), ("1002", 0)) if subject.may_add(reference, lines=lines)]
    batches = subject.batches()
    read = references(each for batch in batches for each in batch.transactions)
    assert len(batches[-1].skipped) == len(held) - len(read), "what the reading leaves out is not told as skipped"
    assert set(read) == set(held), "a header without lines is left out: does an inner join want a line for it?"
    assert batches[-1].skipped == ()


def test_reading_again_gives_what_a_first_reading_gives(subject: Subject) -> None:
    subject.add(*TEN[:5], lines=2)
    transactions, _ = subject.read()
    for batch_size in (2, 5, 500):
        again = list(subject.channel(batch_size).read_again([each.key for each in transactions]))
        assert max(map(len, again), default=0) <= batch_size
        read = {each.key: each for batch in again for each in batch}
        assert len(read) == len(transactions), f"reading again loses transactions: {AGAIN}"
        assert read == {each.key: each for each in transactions}, "reading again gives something else than the first"


def test_reading_again_gives_what_is_there_now_and_leaves_out_what_is_gone(subject: Subject) -> None:
    for reference in ("1001", "1002", "1003"):
        subject.add(reference)
    before, _ = subject.read()
    subject.change("1001")
    subject.remove("1002")
    again = subject.read_again(before)
    told = {each.key: each.digest for each in again}
    assert before[1].key not in told, "reading again gives a transaction that is gone"
    assert sorted(references(again)) == ["1001", "1003"], f"reading again loses transactions: {AGAIN}"
    assert told[before[0].key] != before[0].digest, "reading again gives what was there before, not what is there now"
    assert told[before[2].key] == before[2].digest


def test_reading_again_gives_what_was_asked_for_and_nothing_else(subject: Subject) -> None:
    subject.add(*TEN[:8])
    transactions, _ = subject.read()
    for asked in ([], transactions[:1], [transactions[0], transactions[3]], transactions[1::3]):
        again = sorted(references(subject.read_again(asked)))
        assert again == sorted(references(asked)), (
            "reading again gives what nobody asked for: again.sql must compare all parts of a key at once"
        )


def test_a_window_holds_the_keys_of_what_was_placed_in_it(subject: Subject) -> None:
    start = PLACED_AT
    end = start + timedelta(hours=1)
    for reference, placed_at in (("1000", start - SECOND), ("1001", start), ("1002", end - SECOND), ("1003", end)):
        subject.add(reference, placed_at=placed_at)
    names = {each.key: reference for each in subject.read()[0] for reference in references([each])}

    def held(start: datetime, end: datetime) -> dict[str, str]:
        rows = [row for batch in subject.channel(batch_size=3).keys(Window(start, end)) for row in batch]
        assert len(rows) == len(dict(rows)), "a window holds a key twice"
        return {names[key]: digest for key, digest in rows}

    there = {*held(start, end)}
    assert there != {"1001", "1002", "1003"}, "a window holds its end: placed.sql must take what is before `end` alone"
    assert there != {"1002"}, "a window lacks its start: placed.sql must take `start` itself"
    assert there == {"1001", "1002"}, "placed.sql goes by another instant than the one in placed_at"
    everything = held(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    assert everything == digests(subject.read()[0]), "a window's keys have other digests than the transactions"


@needs("shake")
def test_the_place_of_rows_on_the_disk_changes_nothing(subject: Subject) -> None:
    for reference in TEN:
        subject.add(reference, lines=7)
    before, _ = subject.read()
    subject.shop.shake()
    after, _ = subject.read()
    counters = [each.counter or 0 for each in after]
    assert counters == sorted(counters), "counters fall: transactions.sql must end with `order by counter`"
    assert digests(after) == digests(before), (
        "the same contents have another digest once rows lie elsewhere: lines, charges and addresses need an order"
    )


@needs("set_up_differently")
def test_the_servers_own_settings_change_nothing(subject: Subject) -> None:
    subject.add("1001", "1002", lines=2)
    before, _ = subject.read()
    subject.shop.set_up_differently()
    after, _ = subject.read()
    assert digests(after) == digests(before), (
        "the same contents have another digest under other settings of the server, such as datestyle or timezone"
    )
    assert after == before
