"""Every channel in the registry against every sentence of `ports.Channel`, on its real database.

A channel brings its fixture, `tests/fixtures/<name>.py`; one without it fails here. The suite itself is tried on known
mistakes at the end: each must be named by the test that is about it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import Any

import psycopg
import pytest

from order_sync import registry
from order_sync.core.orders import OrderKey, Transaction
from order_sync.core.ports import Batch, Channel
from order_sync.core.reading import read_instant, read_order
from order_sync.core.watermark import Watermark
from sandbox.postgres import Cluster

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
    fixture = import_module(f"tests.fixtures.{request.param}")
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


def references(transactions: list[Transaction]) -> list[str]:
    return [transaction.reference for transaction in transactions]


def test_the_fingerprint_names_the_database(subject):
    fingerprint = subject.channel().fingerprint()
    assert fingerprint == subject.channel().fingerprint()
    assert fingerprint != replace(subject, dsn=subject.other_dsn).channel().fingerprint()
    assert subject.dsn.split("@")[0].rsplit(":", 1)[1] not in fingerprint


def test_an_empty_channel_gives_one_empty_batch_and_a_mark(subject):
    (batch,) = subject.channel().transactions(START)
    assert (list(batch.transactions), batch.watermark) == ([], START)


def test_new_transactions_come_oldest_first_and_each_once(subject):
    written = [f"W{number}" for number in range(10)]
    subject.add(*reversed(written))
    assert references(subject.read()[0]) == written[::-1]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 9, 10, 11])
def test_none_is_lost_or_doubled_at_the_edge_of_a_batch(subject, batch_size):
    written = [f"W{number}" for number in range(10)]
    subject.add(*written)
    batches = list(subject.channel(batch_size).transactions(START))
    assert [reference for batch in batches for reference in references(batch.transactions)] == written
    assert max(len(batch.transactions) for batch in batches) <= batch_size


def test_what_was_settled_is_not_read_again(subject):
    subject.add("W1", "W2")
    mark = subject.settled()
    subject.add("W3")
    assert references(subject.read(mark)[0]) == ["W3"]


def test_an_older_mark_gives_the_same_transactions_again(subject):
    subject.add("W1", "W2", "W3")
    first, _ = subject.read()
    subject.settled()
    assert subject.read()[0] == first


def test_the_first_batches_mark_resumes_where_an_extract_broke_off(subject):
    subject.add(*(f"W{number}" for number in range(6)))
    _, mark = subject.read()
    batches = subject.channel(batch_size=2).transactions(mark)
    landed, resume = (first := next(batches)).transactions, first.watermark
    batches.close()
    assert references(landed) == ["W0", "W1"]
    assert references(subject.read(resume)[0]) == ["W2", "W3", "W4", "W5"]


def test_a_late_commit_under_a_lower_counter_is_found_by_the_next_extract(subject):
    with subject.connect() as slow:
        subject.fixture.add(slow, ["LATE"])
        subject.add("W1", "W2")
        transactions, mark = subject.read()
        assert references(transactions) == ["W1", "W2"]
        _, mark = subject.read(mark)
    assert "LATE" in references(subject.read(mark)[0])
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
    assert all("LATE" in references(subject.read(mark)[0]) for mark in marks)


def test_a_writer_that_gave_up_holds_nothing_back(subject):
    with subject.connect() as connection:
        subject.fixture.add(connection, ["NEVER"])
        connection.rollback()
    subject.add("W1")
    mark = subject.settled()
    assert references(subject.read()[0]) == ["W1"]
    assert mark.counter > 0
    assert mark.samples == ()


def test_every_line_is_there(subject):
    subject.add("W1", lines=37)
    (transaction,), _ = subject.read()
    order = read_order(transaction, "GUEST", subject.fixture.PLACED_AT).order
    assert (transaction.expected_lines, transaction.present_lines, len(order.lines)) == (37, 37, 37)
    assert len({line.number for line in order.lines}) == 37


def test_amounts_are_exact_and_never_a_float(subject):
    subject.add("W1", lines=3, net="90071992547409.93")
    (transaction,), _ = subject.read()
    json.loads(transaction.details, parse_float=pytest.fail)
    order = read_order(transaction, "GUEST", subject.fixture.PLACED_AT).order
    assert {line.net for line in order.lines} == {Decimal("90071992547409.93")}
    assert order.total == sum(line.net + line.tax for line in order.lines)


def test_the_instant_is_told_with_its_offset(subject):
    subject.add("W1")
    (transaction,), _ = subject.read()
    assert datetime.fromisoformat(transaction.placed_at or "").utcoffset() is not None
    assert read_instant(transaction.placed_at) == subject.fixture.PLACED_AT


def test_the_key_is_the_channels_and_names_one_transaction(subject):
    subject.add("W1", "W2")
    keys = [transaction.key for transaction in subject.read()[0]]
    assert {key.channel for key in keys} == {subject.fixture.SPEC.name}
    assert len({str(key) for key in keys}) == 2
    assert [OrderKey.parse(str(key)) for key in keys] == keys


def test_the_digest_is_the_contents_and_not_the_counters(subject):
    subject.add("W1", "W2")
    (before, other), _ = subject.read()
    assert before.digest != other.digest
    with subject.connect() as connection:
        subject.fixture.remove(connection, "W1")
    subject.add("W1")
    again = subject.read()[0][-1]
    assert (again.reference, again.digest) == ("W1", before.digest)
    assert again.counter != before.counter
    with subject.connect() as connection:
        subject.fixture.change(connection, "W1")
    assert subject.read()[0][-1].digest != before.digest


@pytest.mark.parametrize("batch_size", [2, 5, 500])
def test_reading_again_gives_what_a_first_reading_gives(subject, batch_size):
    subject.add(*(f"W{number}" for number in range(5)), lines=2)
    transactions, _ = subject.read()
    again = list(subject.channel(batch_size).read_again([each.key for each in transactions]))
    assert max(map(len, again)) <= batch_size
    assert sorted((each for batch in again for each in batch), key=lambda each: each.counter) == transactions


def test_reading_again_gives_what_is_there_now_and_leaves_out_what_is_gone(subject):
    subject.add("W1", "W2", "W3")
    before, _ = subject.read()
    with subject.connect() as connection:
        subject.fixture.change(connection, "W1")
        subject.fixture.remove(connection, "W2")
    again = [each for batch in subject.channel().read_again([each.key for each in before]) for each in batch]
    assert sorted(references(again)) == ["W1", "W3"]
    digests = {each.reference: each.digest for each in again}
    assert digests["W1"] != before[0].digest
    assert digests["W3"] == before[2].digest


def test_reading_nothing_again_gives_nothing(subject):
    assert [each for batch in subject.channel().read_again([]) for each in batch] == []


@dataclass
class Wrong:
    """A channel with one mistake: what a first reading gives is changed by `spoil`, and the mark by `move`."""

    right: Channel
    spoil: Callable[[list[Transaction]], list[Transaction]] = list
    move: Callable[[Batch], Watermark] = lambda batch: batch.watermark
    look_back: int = 0

    def fingerprint(self) -> str:
        return self.right.fingerprint()

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        since = replace(since, counter=max(since.counter - self.look_back, 0))
        for batch in self.right.transactions(since):
            yield Batch(self.spoil(list(batch.transactions)), self.move(batch))

    def read_again(self, keys: Any) -> Iterator[Any]:
        for batch in self.right.read_again(keys):
            yield self.spoil(list(batch))


def each(**changes: Callable[[Transaction], Any]) -> Callable[[list[Transaction]], list[Transaction]]:
    """Changes fields of every transaction."""
    return lambda transactions: [
        replace(one, **{name: change(one) for name, change in changes.items()}) for one in transactions
    ]


def without_a_line(transaction: Transaction) -> str:
    details = json.loads(transaction.details)
    return json.dumps(details | {"lines": details["lines"][:-1]})


def with_floats(transaction: Transaction) -> str:
    details = json.loads(transaction.details)
    return json.dumps(details | {"lines": [line | {"net": float(line["net"])} for line in details["lines"]]})


def highest(batch: Batch) -> Watermark:
    return Watermark("database", max([batch.watermark.counter, *(one.counter or 0 for one in batch.transactions)]))


MISTAKES: dict[str, tuple[dict[str, Any], Callable[[Subject], None]]] = {
    "inclusive bound": ({"look_back": 1}, test_what_was_settled_is_not_read_again),
    "a mark that rises at once": (
        {"move": highest},
        test_a_late_commit_under_a_lower_counter_is_found_by_the_next_extract,
    ),
    "a mark that never rises": ({"move": lambda _: START}, test_what_was_settled_is_not_read_again),
    "a transaction lost": ({"spoil": lambda all_: all_[1:]}, test_new_transactions_come_oldest_first_and_each_once),
    "a transaction twice": (
        {"spoil": lambda all_: all_[:1] + all_},
        test_new_transactions_come_oldest_first_and_each_once,
    ),
    "another order": ({"spoil": lambda all_: all_[::-1]}, test_new_transactions_come_oldest_first_and_each_once),
    "a line lost": ({"spoil": each(details=without_a_line)}, test_every_line_is_there),
    "money as a float": ({"spoil": each(details=with_floats)}, test_amounts_are_exact_and_never_a_float),
    "local time": (
        {"spoil": each(placed_at=lambda one: (one.placed_at or "").removesuffix("+00"))},
        test_the_instant_is_told_with_its_offset,
    ),
    "one key for all": (
        {"spoil": each(key=lambda one: replace(one.key, parts=one.key.parts[:1]))},
        test_the_key_is_the_channels_and_names_one_transaction,
    ),
    "the counter in the digest": (
        {"spoil": each(digest=lambda one: f"{one.digest}{one.counter}")},
        test_the_digest_is_the_contents_and_not_the_counters,
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_suite_names_a_known_mistake(subject, mistake):
    how, notices = MISTAKES[mistake]
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        notices(replace(subject, mistake=lambda channel: Wrong(channel, **how)))
