"""Every channel in the registry against every sentence of `ports.Channel`, on its real database.

A channel brings its fixture, `tests/fixtures/<name>.py`; one without it fails here. The suite itself is tried on the
known mistakes of `wrong_channels`: each must be named by the test that is about it.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import count
from types import ModuleType
from typing import Any

import psycopg
import pytest

from order_sync import registry
from order_sync.core.orders import OrderKey, Transaction
from order_sync.core.ports import Channel
from order_sync.core.reading import read_instant, read_order
from order_sync.core.watermark import Watermark
from sandbox.postgres import Cluster
from tests.contract import wrong_channels as wrong
from tests.contract.fixtures import fixture_of

ASKED = ("SPEC", "PLACED_AT", "create", "channel", "add", "change", "remove")
START = Watermark("database")
NUMBERS = count()


@dataclass(frozen=True)
class Subject:
    """A channel under test and its database. `mistake` breaks the channel, to see whether a test notices."""

    fixture: ModuleType
    dsn: str
    other_dsn: str
    mistake: Callable[[Channel], Channel] = lambda channel: channel

    def channel(self, batch_size: int = 500) -> Channel:
        return self.mistake(self.fixture.channel(self.dsn, batch_size))

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn)

    def add(self, *references: str, **how: Any) -> None:
        with self.connect() as connection:
            self.fixture.add(connection, references, **how)

    def read(self, since: Watermark = START, batch_size: int = 500) -> tuple[list[Transaction], Watermark]:
        """What one extract reads, and the newest mark."""
        batches = list(self.channel(batch_size).transactions(since))
        return [transaction for batch in batches for transaction in batch.transactions], batches[-1].watermark

    def settled(self) -> Watermark:
        """The mark once an extract finds nothing to read any more."""
        mark = START
        for _ in range(3):
            transactions, mark = self.read(mark)
            if not transactions:
                return mark
        raise AssertionError("the same transactions are read again and again, although nothing changes any more")


@pytest.fixture(scope="module", params=[spec.name for spec in registry.CHANNELS])
def template(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[tuple[ModuleType, str]]:
    """A channel's fixture and the name of an empty database of that channel."""
    fixture = fixture_of(request.param, ASKED)
    name = f"contract_{request.param}"
    cluster.create_database(name)
    fixture.create(cluster.dsn(name))
    yield fixture, name
    cluster.drop_database(name)


@pytest.fixture
def subject(template: tuple[ModuleType, str], cluster: Cluster) -> Iterator[Subject]:
    fixture, name = template
    database = f"{name}_{next(NUMBERS)}"
    cluster.create_database(database, name)
    yield Subject(fixture, cluster.dsn(database), cluster.dsn(name))
    cluster.drop_database(database)


def references(transactions: Iterable[Transaction]) -> list[str]:
    """What people search each by."""
    return [transaction.reference or transaction.receipt for transaction in transactions]


def test_the_fingerprint_names_the_database(subject):
    fingerprint = subject.channel().fingerprint()
    assert fingerprint == subject.channel().fingerprint(), "the fingerprint of one database changes"
    another = replace(subject, dsn=subject.other_dsn).channel().fingerprint()
    assert fingerprint != another, "two databases have the same fingerprint"
    assert subject.dsn.split("@")[0].rsplit(":", 1)[1] not in fingerprint, "the fingerprint shows the password"


def test_an_empty_channel_gives_one_empty_batch_and_a_mark(subject):
    batches = [([*batch.transactions], batch.watermark) for batch in subject.channel().transactions(START)]
    assert batches == [([], START)], "an empty channel gives no batch, and so no mark"


def test_new_transactions_come_oldest_first_and_each_once(subject):
    written = [f"W{number}" for number in range(9, -1, -1)]
    subject.add(*written)
    with subject.connect() as connection:
        subject.fixture.change(connection, written[0])
    read = references(subject.read()[0])
    assert sorted(read) == sorted(set(read)), "a transaction comes twice"
    assert set(read) == set(written), "a transaction is lost"
    assert read == written, "transactions come in another order than they were written in"


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 9, 10, 11])
def test_none_is_lost_or_doubled_at_the_edge_of_a_batch(subject, batch_size):
    written = [f"W{number}" for number in range(10)]
    subject.add(*written)
    batches = [references(batch.transactions) for batch in subject.channel(batch_size).transactions(START)]
    read = [reference for batch in batches for reference in batch]
    assert set(read) == set(written), "a transaction is lost at the edge of a batch"
    assert read == written, "a transaction comes twice at the edge of a batch"
    assert max(map(len, batches)) <= batch_size, "a batch is larger than asked for: intake must not hold everything"


def test_what_was_settled_is_not_read_again(subject):
    subject.add("W1", "W2")
    mark = subject.settled()
    subject.add("W3")
    assert references(subject.read(mark)[0]) == ["W3"], "what lies at or below the mark is read again"


def test_an_older_mark_gives_the_same_transactions_again(subject):
    subject.add("W1", "W2", "W3")
    first, _ = subject.read()
    for _ in range(2):
        assert subject.read()[0] == first, "the same mark gives other transactions, or in another order"


def test_the_first_batches_mark_resumes_where_an_extract_broke_off(subject):
    subject.add(*(f"W{number}" for number in range(6)))
    _, mark = subject.read()
    batches = iter(subject.channel(batch_size=2).transactions(mark))
    landed, resume = (first := next(batches)).transactions, first.watermark
    del batches
    assert references(landed) == ["W0", "W1"]
    rest = references(subject.read(resume)[0])
    assert rest == ["W2", "W3", "W4", "W5"], "a batch's mark passes over what the next batches hold"


def test_a_late_commit_under_a_lower_counter_is_found_by_the_next_extract(subject):
    with subject.connect() as slow:
        subject.fixture.add(slow, ["LATE"])
        subject.add("W1", "W2")
        transactions, mark = subject.read()
        assert references(transactions) == ["W1", "W2"]
        _, mark = subject.read(mark)
    assert "LATE" in references(subject.read(mark)[0]), "the mark has risen past a writer that had not committed yet"
    assert references(subject.read()[0]) == ["LATE", "W1", "W2"]


def test_no_batch_has_a_mark_that_would_pass_over_a_late_commit(subject):
    subject.add("W0")
    _, mark = subject.read()
    with subject.connect() as slow:
        subject.fixture.add(slow, ["LATE"])
        subject.add("W1", "W2", "W3")
        marks = [batch.watermark for batch in subject.channel(batch_size=1).transactions(mark)]
        marks += [batch.watermark for batch in subject.channel(batch_size=1).transactions(marks[-1])]
    assert len(marks) > 4
    for mark in marks:
        assert "LATE" in references(subject.read(mark)[0]), "a batch's mark has risen past a writer at work"


def test_a_writer_that_gave_up_holds_nothing_back(subject):
    with subject.connect() as connection:
        subject.fixture.add(connection, ["NEVER"])
        connection.rollback()
    subject.add("W1")
    mark = subject.settled()
    assert references(subject.read()[0]) == ["W1"]
    assert mark.counter > 0, "the mark never rises"
    assert mark.samples == ()


def test_every_line_is_there(subject):
    subject.add("W1", lines=37)
    (transaction,), _ = subject.read()
    order = read_order(transaction, "GUEST", subject.fixture.PLACED_AT).order
    assert transaction.expected_lines == 37, f"the header promises 37 lines and not {transaction.expected_lines}"
    assert transaction.present_lines == 37, f"37 lines are there and not {transaction.present_lines}"
    assert len(order.lines) == 37, f"{37 - len(order.lines)} lines are missing"
    assert len({line.number for line in order.lines}) == 37, "lines share a number"


def test_amounts_are_exact_and_never_a_float(subject):
    subject.add("W1", lines=3, net="90071992547409.93")
    (transaction,), _ = subject.read()
    floats: list[str] = []
    json.loads(transaction.details, parse_float=floats.append)
    assert floats == [], "an amount is a float in the JSON: let the SQL make it text"
    order = read_order(transaction, "GUEST", subject.fixture.PLACED_AT).order
    assert {line.net for line in order.lines} == {Decimal("90071992547409.93")}, "an amount is not exact"
    assert order.total == sum(line.net + line.tax for line in order.lines), "total, lines and taxes do not add up"


def test_the_instant_is_told_with_its_offset(subject):
    subject.add("W1")
    (transaction,), _ = subject.read()
    offset = datetime.fromisoformat(transaction.placed_at or "").utcoffset()
    assert offset is not None, "placed_at is a local time: tell its offset"
    assert read_instant(transaction.placed_at) == subject.fixture.PLACED_AT, "placed_at is another instant"


def test_the_key_is_the_channels_and_names_one_transaction(subject):
    subject.add("W1", "W2")
    keys = [transaction.key for transaction in subject.read()[0]]
    assert {key.channel for key in keys} == {subject.fixture.SPEC.name}, "the key names another channel"
    assert len({str(key) for key in keys}) == 2, "two transactions have the same key: it needs the whole natural key"
    assert [OrderKey.parse(str(key)) for key in keys] == keys


def test_the_digest_is_the_contents_and_not_the_counters(subject):
    subject.add("W1", "W2")
    (before, other), _ = subject.read()
    assert before.digest != other.digest
    with subject.connect() as connection:
        subject.fixture.remove(connection, "W1")
    subject.add("W1")
    again = subject.read()[0][-1]
    assert again.counter != before.counter
    assert references([again]) == ["W1"]
    assert again.digest == before.digest, "the same contents have another digest under another counter"
    with subject.connect() as connection:
        subject.fixture.change(connection, "W1")
    assert subject.read()[0][-1].digest != before.digest, "other contents have the same digest: a change goes unnoticed"


@pytest.mark.parametrize("batch_size", [2, 5, 500])
def test_reading_again_gives_what_a_first_reading_gives(subject, batch_size):
    subject.add(*(f"W{number}" for number in range(5)), lines=2)
    transactions, _ = subject.read()
    again = list(subject.channel(batch_size).read_again([each.key for each in transactions]))
    assert max(map(len, again)) <= batch_size
    read = sorted((each for batch in again for each in batch), key=lambda each: each.counter)
    assert read == transactions, "reading again gives something else than the first reading"


def test_reading_again_gives_what_is_there_now_and_leaves_out_what_is_gone(subject):
    subject.add("W1", "W2", "W3")
    before, _ = subject.read()
    with subject.connect() as connection:
        subject.fixture.change(connection, "W1")
        subject.fixture.remove(connection, "W2")
    again = [each for batch in subject.channel().read_again([each.key for each in before]) for each in batch]
    digests = {each.key: each.digest for each in again}
    assert before[1].key not in digests, "reading again gives a transaction that is gone"
    assert sorted(references(again)) == ["W1", "W3"]
    assert digests[before[0].key] != before[0].digest, (
        "reading again gives what was there before, not what is there now"
    )
    assert digests[before[2].key] == before[2].digest


def test_reading_nothing_again_gives_nothing(subject):
    subject.add("W1")
    again = [each for batch in subject.channel().read_again([]) for each in batch]
    assert again == [], "reading again gives what nobody asked for"


each_once = test_new_transactions_come_oldest_first_and_each_once
at_the_edge = partial(test_none_is_lost_or_doubled_at_the_edge_of_a_batch, batch_size=3)
late = test_a_late_commit_under_a_lower_counter_is_found_by_the_next_extract
read_again = test_reading_again_gives_what_is_there_now_and_leaves_out_what_is_gone

MISTAKES: dict[type[wrong.Wrong], tuple[Callable[[Subject], None], str]] = {
    wrong.NamesEveryDatabaseTheSame: (test_the_fingerprint_names_the_database, "two databases have the same"),
    wrong.NamesItsDatabaseAnewEachTime: (
        test_the_fingerprint_names_the_database,
        "fingerprint of one database changes",
    ),
    wrong.SaysNothingOfNothing: (test_an_empty_channel_gives_one_empty_batch_and_a_mark, "gives no batch"),
    wrong.ReadsFromTheBoundOn: (test_what_was_settled_is_not_read_again, "read again and again"),
    wrong.RisesAtOnce: (late, "risen past a writer"),
    wrong.NeverRises: (test_what_was_settled_is_not_read_again, "read again and again"),
    wrong.GivesEveryBatchTheLastMark: (
        test_the_first_batches_mark_resumes_where_an_extract_broke_off,
        "passes over what the next batches hold",
    ),
    wrong.LosesTheFirst: (each_once, "a transaction is lost"),
    wrong.TellsOneTwice: (each_once, "a transaction comes twice"),
    wrong.TellsTheNewestFirst: (each_once, "in another order"),
    wrong.ChangesItsOrder: (test_an_older_mark_gives_the_same_transactions_again, "or in another order"),
    wrong.SkipsTiesAtAPagesEdge: (at_the_edge, "lost at the edge of a batch"),
    wrong.RepeatsTiesAtAPagesEdge: (at_the_edge, "twice at the edge of a batch"),
    wrong.KnowsNoBatches: (at_the_edge, "larger than asked for"),
    wrong.LosesALine: (test_every_line_is_there, "1 lines are missing"),
    wrong.PromisesOnlyWhatIsThere: (test_every_line_is_there, "the header promises 37 lines and not 36"),
    wrong.ReadsMoneyAsFloat: (test_amounts_are_exact_and_never_a_float, "is a float"),
    wrong.RoundsMoney: (test_amounts_are_exact_and_never_a_float, "is not exact"),
    wrong.TellsLocalTime: (test_the_instant_is_told_with_its_offset, "a local time"),
    wrong.TakesLocalTimeForUtc: (test_the_instant_is_told_with_its_offset, "another instant"),
    wrong.GivesAllTheSameKey: (test_the_key_is_the_channels_and_names_one_transaction, "have the same key"),
    wrong.ForgetsWhichChannelItIs: (test_the_key_is_the_channels_and_names_one_transaction, "another channel"),
    wrong.CountsIntoTheDigest: (test_the_digest_is_the_contents_and_not_the_counters, "under another counter"),
    wrong.DigestsTheKeyAlone: (test_the_digest_is_the_contents_and_not_the_counters, "a change goes unnoticed"),
    wrong.ReadsAgainFromMemory: (read_again, "what was there before"),
    wrong.KeepsWhatIsGone: (read_again, "a transaction that is gone"),
    wrong.InventsWhatNobodyAskedFor: (test_reading_nothing_again_gives_nothing, "what nobody asked for"),
}


@pytest.mark.parametrize("template", [registry.CHANNELS[0].name], indirect=True)
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_the_suite_names_a_known_mistake(subject, mistake):
    notices, words = MISTAKES[mistake]
    with pytest.raises(AssertionError, match=words):
        notices(replace(subject, mistake=mistake))
