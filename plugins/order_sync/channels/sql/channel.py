"""The Channel port on PostgreSQL: what is new, what some keys say now, and which keys a window holds."""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

import psycopg

from order_sync.channels.sql.folder import COLUMNS, FINGERPRINT, HEADER, NEVER_NULL, StatementFolder, around
from order_sync.channels.sql.marks import SAMPLE_FILE, Marks, marks_of
from order_sync.channels.sql.session import BRIEFLY, FOR_LONG, ChannelSession, session
from order_sync.core.basics.bulk import batched
from order_sync.core.basics.calendar_days import Window
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.ports.channel import Batch
from order_sync.core.settings import Settings
from order_sync.specs import ChannelSpec, FolderOf

TRANSACTIONS = "transactions.sql"
MOST_PASSED = 500
"""Keys that are looked at next below a mark, and of the lowest."""
Batches = Generator[Sequence[Transaction], None, None]
TYPES = ["text[]", "int8", *["text"] * 11, "int8", "int8", "text"]
"""Of what `copy_transactions` gives: the fields of a Transaction."""


@dataclass(frozen=True, slots=True)
class SqlChannel:
    """One PostgreSQL database that sells; fulfils `core.ports.Channel`.

    Attributes:
        connect: opens a connection of its own for each reading.
        folder: the channel's SQL files.
        options: values that the SQL files bind by name.
        batch_size: transactions in a batch.
        settle_lag: how long the mark waits for the channel's slow writers.
    """

    connection_type: ClassVar = "postgres"

    connect: Callable[[], psycopg.Connection[Any]]
    name: str
    folder: Path
    options: Mapping[str, Any]
    batch_size: int = 2000
    settle_lag: timedelta = timedelta(hours=1)

    @classmethod
    def of(
        cls, connect: Callable[[], psycopg.Connection[Any]], spec: ChannelSpec, settings: Settings, folder: FolderOf
    ) -> Self:
        """See `Adapter.of`; the SQL lies in `sql/channels/`."""
        sql = folder("sql", "channels", spec.folder or spec.name)
        return cls(connect, spec.name, sql, spec.options, settle_lag=settings.settle_lag)

    def fingerprint(self) -> str:
        """Names the database that the counters belong to."""
        file = "fingerprint.sql"
        statement = self._files.text(file)
        with self._session(BRIEFLY) as session:
            return str(session.one(file, statement, FINGERPRINT)["fingerprint"])

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        """New transactions in the order of their counters, all of one snapshot, in at least one batch.

        What was not yet settled when it was read is read again: a slow writer may have added to it since.
        """
        with self._session() as session:
            marks = marks_of(session, self._files, since, self.settle_lag)
            tally = _Tally(self._files, since.counter, marks)
            last: Sequence[Transaction] = ()
            with closing(self._read(session, "new.sql", {"since": since.counter})) as batches:
                for transactions in batches:
                    tally.add(transactions)
                    if last:
                        yield Batch(last, marks.after(last[-1].counter or 0), of=tally.of(marks.newest))
                    last = transactions
            skipped = self._skipped(session, since.counter, tally)
            watermark, slow_since = marks.last(tally.highest)
        yield Batch(last, watermark, skipped, slow_since)

    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        """These transactions as they are now; what is gone is left out."""
        with self._session(BRIEFLY) as session:
            for some in batched(keys, self.batch_size):
                if len(numbers := {len(key.parts) for key in some}) > 1:
                    counts = " and of ".join(map(str, sorted(numbers)))
                    what = f"returns keys of {counts} parts: the parts of a key must not change"
                    raise self._files.malformed(TRANSACTIONS, what)
                parts = zip(*(key.parts for key in some), strict=True)
                bound = {f"key_{number}": list(values) for number, values in enumerate(parts, start=1)}
                yield from self._read(session, "again.sql", bound)

    def passed(self, mark: Watermark) -> Sequence[OrderKey]:
        """Keys of headers with a counter at or below the mark: MOST_PASSED of the highest, and of the lowest."""
        if SAMPLE_FILE not in self._files:
            return []
        file = "headers.sql"
        headers = self._files.text(file).replace("{which}", f"not (\n{self._files.text('new.sql')}\n)")
        bound = {"since": mark.counter, "most": MOST_PASSED}
        with self._session(BRIEFLY) as session:
            rows = session.rows(f"{file} below the mark", around("read_passed", headers=headers), bound)
        return [OrderKey(self.name, tuple(row["key_parts"])) for row in rows]

    def keys(self, window: Window) -> Iterator[Sequence[tuple[OrderKey, str]]]:
        """Key and digest of every row that was placed in the window, without what else it says."""
        bound = {"start": window.start, "end": window.end}
        with self._session() as session:
            rows = self._rows(session, "copy_keys", "placed.sql", bound, ["text[]", "text"])
            for some in batched(rows, self.batch_size):
                yield [(OrderKey(self.name, tuple(parts)), digest) for parts, digest in some]

    @property
    def _files(self) -> StatementFolder:
        return StatementFolder(self.name, self.folder)

    def _session(self, longest: str = FOR_LONG) -> AbstractContextManager[ChannelSession]:
        return session(self.connect, self._files, self.options, longest)

    def _read(self, session: ChannelSession, which: str, bound: Mapping[str, Any]) -> Batches:
        """The transactions that a condition chooses, batch by batch, as they arrive."""
        rows = self._rows(session, "copy_transactions", which, bound, TYPES)
        for some in batched(rows, self.batch_size):
            yield self._transactions(some)

    def _rows(
        self, session: ChannelSession, statement: str, which: str, bound: Mapping[str, Any], types: list[str]
    ) -> Iterator[tuple[Any, ...]]:
        session.check(TRANSACTIONS, which, bound, COLUMNS)
        rows = around("read_rows", transactions=self._files.chosen(TRANSACTIONS, which))
        return session.copied(f"{TRANSACTIONS} with {which}", around(statement, rows=rows), bound, types)

    def _transactions(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[Transaction]:
        for row in rows:
            if (
                not row[0]
                or None in row[0]
                or not any(row[0])
                or row[1] is None
                or row[-1] is None
                or row[-2] is None
                or row[-3] is None
            ):
                required = dict(zip(NEVER_NULL, (*row[:2], *row[-3:]), strict=True))
                self._files.check_values(TRANSACTIONS, required)
        name = self.name
        return [Transaction(OrderKey(name, tuple(row[0])), *row[1:]) for row in rows]

    def _skipped(self, session: ChannelSession, since: int, tally: "_Tally") -> Sequence[OrderKey]:
        """What the channel holds among what was just read, and the reading has left out."""
        file, which, bound = "headers.sql", "new.sql", {"since": since}
        session.check(file, which, bound, HEADER)
        headers = self._files.chosen(file, which)
        counted = session.one(file, around("count_headers", headers=headers), {}, **bound)
        if (counted["number"], counted["counters"]) == (tally.number, tally.counters):
            return ()
        parts = {"headers": headers, "transactions": self._files.chosen(TRANSACTIONS, which)}
        rows = session.rows(f"{file} with {which}", around("read_skipped", **parts), bound)
        if not rows:
            what = (
                f"returns {counted['number']} rows where {TRANSACTIONS} returns {tally.number}, or returns other"
                " counters: it must use the same table and counter, no join, and no condition except {which}"
            )
            raise self._files.malformed(file, what)
        return [OrderKey(self.name, tuple(row["key_parts"])) for row in rows]


class _Tally:
    """Counts what is read, and refuses counters of which no mark can say what lies below it."""

    def __init__(self, folder: StatementFolder, since: int, marks: Marks) -> None:
        self._files, self._since, self._ties = folder, since, marks.ties
        self._shares: set[OrderKey] = set()
        self._lowest: int | None = None
        self.highest = since
        self.number = 0
        self.counters = 0

    def add(self, transactions: Sequence[Transaction]) -> None:
        """Count one more batch."""
        for transaction in transactions:
            counter = transaction.counter or 0
            if counter > self.highest:
                self._shares.clear()
            elif not self._ties or counter <= self._since or counter < self.highest:
                rule = "never falling" if self._ties else "unique and rising"
                what = f"returns counter {counter} after {self.highest}: it must return those above `since`, {rule}"
                raise self._files.malformed(f"{TRANSACTIONS} with new.sql", what)
            elif transaction.key in self._shares:
                what = f"returns {transaction.key} twice: a join finds several rows for it, or the key lacks a part"
                raise self._files.malformed(f"{TRANSACTIONS} with new.sql", what)
            self._shares.add(transaction.key)
            self._lowest = counter if self._lowest is None else self._lowest
            self.highest = counter
            self.number += 1
            self.counters += counter

    def of(self, newest: int) -> int:
        """About how many there are up to the newest counter, if they go on as they have so far; 0 if nobody knows."""
        lowest = self._lowest or 0
        if self.highest <= lowest:
            return 0
        return max(self.number, self.number * (newest - lowest) // (self.highest - lowest))
