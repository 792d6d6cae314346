"""Channels with one mistake each, over a right one: what the contract suite must notice and name."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any, ClassVar

from order_sync.core.basics.calendar_days import Window
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.ports.channel import Batch, Channel

CALLS = count()


class Wrong:
    """Right in everything but what a mistake overrides."""

    def __init__(self, right: Channel) -> None:
        self.right = right

    def fingerprint(self) -> str:
        return self.right.fingerprint()

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        for batch in self.right.transactions(since):
            yield replace(batch, transactions=[self.told(each) for each in batch.transactions])

    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        for batch in self.right.read_again(keys):
            yield [self.told(each) for each in batch]

    def passed(self, mark: Watermark) -> Sequence[OrderKey]:
        return self.right.passed(mark)

    def keys(self, window: Window) -> Iterator[Sequence[tuple[OrderKey, str]]]:
        return self.right.keys(window)

    def told(self, transaction: Transaction) -> Transaction:
        """One transaction as the channel tells it."""
        return transaction


def changed(transaction: Transaction, **fields: Any) -> Transaction:
    """The transaction with other details."""
    return replace(transaction, details=json.dumps(json.loads(transaction.details) | fields))


def lines_of(transaction: Transaction) -> list[dict[str, Any]]:
    return list(json.loads(transaction.details)["lines"])


class NamesEveryDatabaseTheSame(Wrong):
    def fingerprint(self) -> str:
        return "the shop's database"


class NamesItsDatabaseAnewEachTime(Wrong):
    def fingerprint(self) -> str:
        return f"database {next(CALLS)}"


class SaysNothingOfNothing(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        return (batch for batch in super().transactions(since) if batch.transactions)


class ReadsFromTheBoundOn(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        return super().transactions(replace(since, counter=max(since.counter - 1, 0)))


class RisesAtOnce(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        for batch in super().transactions(since):
            highest = max([batch.watermark.counter, *(each.counter or 0 for each in batch.transactions)])
            yield replace(batch, watermark=Watermark(since.fingerprint, highest))


class NeverRises(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        return (replace(batch, watermark=Watermark(since.fingerprint)) for batch in super().transactions(since))


class GivesEveryBatchTheLastMark(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        last = Watermark(since.fingerprint, max([since.counter, *(sample.counter for sample in since.samples)]))
        return (
            replace(batch, watermark=last if since.samples else batch.watermark)
            for batch in super().transactions(since)
        )


class ForgetsWhatItPassed(Wrong):
    def passed(self, mark: Watermark) -> Sequence[OrderKey]:
        return self.right.passed(mark)[1:]


class TellsAsPassedWhatItHasNotRead(Wrong):
    def passed(self, mark: Watermark) -> Sequence[OrderKey]:
        return self.right.passed(replace(mark, counter=2**62))


class LosesTheFirst(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        return (replace(batch, transactions=batch.transactions[1:]) for batch in super().transactions(since))


class TellsOneTwice(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        for batch in super().transactions(since):
            yield replace(batch, transactions=[*batch.transactions[:1], *batch.transactions])


class TellsTheNewestFirst(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        return (replace(batch, transactions=batch.transactions[::-1]) for batch in super().transactions(since))


class ChangesItsOrder(Wrong):
    calls = count()

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        way = -1 if next(self.calls) % 2 else 1
        return (replace(batch, transactions=batch.transactions[::way]) for batch in super().transactions(since))


def tie(transaction: Transaction) -> int:
    """A counter that two transactions share."""
    return (transaction.counter or 0) // 2


class SkipsTiesAtAPagesEdge(Wrong):
    """Goes on after the last counter of a page, which the first of the next page may share."""

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        last = None
        for batch in super().transactions(since):
            rest = [each for each in batch.transactions if tie(each) != last]
            last = tie(batch.transactions[-1]) if batch.transactions else last
            yield replace(batch, transactions=rest)


class RepeatsTiesAtAPagesEdge(Wrong):
    """Goes on at the last counter of a page, so that all who share it come again."""

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        before: Sequence[Transaction] = ()
        for batch in super().transactions(since):
            again = [each for each in before if tie(each) == tie(before[-1])]
            before = batch.transactions
            yield replace(batch, transactions=[*again, *batch.transactions])


class KnowsNoBatches(Wrong):
    def transactions(self, since: Watermark) -> Iterator[Batch]:
        batches = list(super().transactions(since))
        yield Batch([*chain.from_iterable(batch.transactions for batch in batches)], batches[-1].watermark)


class LosesALine(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return changed(transaction, lines=lines_of(transaction)[:-1])


class PromisesOnlyWhatIsThere(Wrong):
    """Reads one line less and says that there is one less."""

    def told(self, transaction: Transaction) -> Transaction:
        fewer = transaction.present_lines - 1
        short = changed(transaction, lines=lines_of(transaction)[:-1])
        return replace(short, expected_lines=fewer, present_lines=fewer)


class ReadsMoneyAsFloat(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return changed(transaction, lines=[each | {"net": float(each["net"])} for each in lines_of(transaction)])


class RoundsMoney(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return changed(transaction, lines=[each | {"net": str(float(each["net"]))} for each in lines_of(transaction)])


class TellsLocalTime(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return replace(transaction, placed_at=(transaction.placed_at or "").partition("+")[0])


class TakesLocalTimeForUtc(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return replace(transaction, placed_at=(transaction.placed_at or "").replace("+00", "+01"))


class GivesAllTheSameKey(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return replace(transaction, key=OrderKey(transaction.key.channel, ("shop",)))


class ForgetsWhichChannelItIs(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return replace(transaction, key=OrderKey("shop", transaction.key.parts))


class CountsIntoTheDigest(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return replace(transaction, digest=f"{transaction.digest}{transaction.counter}")


class DigestsTheKeyAlone(Wrong):
    def told(self, transaction: Transaction) -> Transaction:
        return replace(transaction, digest=str(transaction.key))


class DigestsItsServersSettings(Wrong):
    """Takes a digest of what a server with other settings writes in another way."""

    def told(self, transaction: Transaction) -> Transaction:
        right: Any = self.right
        with right.connect() as connection:
            ((style,),) = connection.execute("show datestyle").fetchall()
        return replace(transaction, digest=f"{transaction.digest}{style}")


class SkipsWithoutAWord(Wrong):
    """Leaves out what has no lines, and says nothing of it."""

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        for batch in super().transactions(since):
            yield replace(batch, transactions=[each for each in batch.transactions if each.present_lines])


class TellsAWindowItsKeysOnly(Wrong):
    def keys(self, window: Window) -> Iterator[Sequence[tuple[OrderKey, str]]]:
        return ([(key, "") for key, _ in batch] for batch in super().keys(window))


class TellsAWindowTwice(Wrong):
    def keys(self, window: Window) -> Iterator[Sequence[tuple[OrderKey, str]]]:
        return ([*batch, *batch] for batch in super().keys(window))


class ReadsAgainFromMemory(Wrong):
    """Tells of each transaction what it read first."""

    memory: ClassVar[dict[OrderKey, Transaction]] = {}

    def told(self, transaction: Transaction) -> Transaction:
        return self.memory.setdefault(transaction.key, transaction)


class KeepsWhatIsGone(Wrong):
    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        batches = list(super().read_again(keys))
        here = {each.key: each for batch in batches for each in batch}
        some = next(iter(here.values()), None)
        gone = [replace(some, key=key) for key in keys if some and key not in here]
        return iter([*batches, *([gone] if gone else [])])


class InventsWhatNobodyAskedFor(Wrong):
    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        first = next(iter(self.right.transactions(Watermark("database")))).transactions
        return iter([*super().read_again(keys), [*first]])
