"""A channel that is a PostgreSQL database. Its folder under `include/sql/channels/` says, in SQL, what its
transactions are; this module reads them in bulk and in order, knows no schema, and changes nothing in the channel.

The folder holds
- `transactions.sql`, the one SELECT. `{which}` in it stands for the condition in `new.sql` (bound `since`: counters
  above it, and no others) or in `again.sql` (bound `key_1`, `key_2` ...: an array for each part of the key). It ends
  with `order by counter`. The channel's options in the registry are bound by their names.
- `sample.sql`: the highest `counter`, and of this moment `oldest_running`, the oldest transaction at work, and
  `horizon`, a number that no transaction at work has reached.
- `fingerprint.sql`: one text that is another one where the counters are others.

A row of `transactions.sql` has these columns, in the words of `core.orders.Transaction`:

    key_parts         text[]   the channel's whole natural key; never null, and no part of it
    counter           int      taken at insert, unique, rising; never null
    not_an_order      text     why this row is no order (`voided`, `training` ...); null for an order
    source_status     text     the channel's own status
    reference         text     what the order desk searches
    receipt           text     the receipt's number, where there is one
    customer_account  text     '' for a guest
    distributor       text     who sells, for the report
    placed_at         text     ISO 8601 instant with its offset, as it is: an absurd one is for the rules to refuse
    delivery_date     text     ISO 8601 date that the customer asked for; null for none
    currency          text     ISO 4217
    total             text     gross, tax and charges included
    expected_lines    int      how many lines the header promises; never null
    present_lines     int      how many of them are there; never null
    details           text     JSON: `lines` [{number, sku, quantity, net, tax_code, tax_rate, tax}],
                               `charges` [{code, net, tax_code, tax_rate, tax}],
                               `ship_to` {name, street, city, state, postal_code, country} or null, `ships` true or
                               false. Amounts are text, never a float; `tax_rate` is in per cent or null; `country` is
                               ISO 3166-1 alpha-2.

A sale is positive. A null in any other column becomes a problem of that order, not of the channel.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from order_sync.core.bulk import batched
from order_sync.core.errors import Misconfigured, NotAuthorised, Transient
from order_sync.core.orders import OrderKey, Transaction
from order_sync.core.ports import Batch
from order_sync.core.watermark import Watermark

NEVER_NULL = {
    "key_parts": "text[]",
    "counter": "int",
    "expected_lines": "int",
    "present_lines": "int",
    "details": "text",
}
TEXTS = ("source_status", "reference", "receipt", "customer_account", "distributor", "currency")
TEXTS_OR_NOTHING = ("not_an_order", "placed_at", "delivery_date", "total")
COLUMNS = {**NEVER_NULL, **dict.fromkeys((*TEXTS, *TEXTS_OR_NOTHING), "text")}
SAMPLE = {"counter": "int", "oldest_running": "int", "horizon": "int"}
FINGERPRINT = {"fingerprint": "text"}

IS: Mapping[str, Callable[[Any], bool]] = {
    "int": lambda value: isinstance(value, int),
    "text": lambda value: isinstance(value, str),
    "text[]": lambda value: isinstance(value, list) and all(isinstance(part, str) for part in value),
}

REFUSED = re.compile("authentication failed|does not exist|no pg_hba.conf entry|permission denied")
"""How PostgreSQL words a log-in that it will never accept: the driver gives no code for it."""

PLAIN = "set local datestyle = 'ISO, YMD'; set local time zone 'UTC'"
"""How dates and times become text, whatever the server's own settings are."""


@dataclass(frozen=True, slots=True)
class SqlChannel:
    """One PostgreSQL database that sells; fulfils `core.ports.Channel`.

    Attributes:
        connect: opens a connection of its own for each reading.
        folder: the channel's SQL files.
        options: values that the SQL files bind by name.
        batch_size: transactions in a batch.
    """

    connect: Callable[[], psycopg.Connection[Any]]
    name: str
    folder: Path
    options: Mapping[str, Any]
    batch_size: int = 500

    def fingerprint(self) -> str:
        """Names the database that the counters belong to."""
        with self._reading() as connection:
            return str(self._one(connection, "fingerprint.sql", FINGERPRINT)["fingerprint"])

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        """New transactions in the order of their counters, all of one snapshot, in at least one batch.

        What was not yet settled when it was read is read again: a slow writer may have added to it since.
        """
        with self._reading() as connection:
            start = self._one(connection, "sample.sql", SAMPLE)
            settled = since.settled(start["oldest_running"])
            last: Sequence[Transaction] = ()
            highest = since.counter
            for transactions in self._read(connection, "new.sql", {"since": since.counter}):
                highest = self._rising(highest, transactions)
                if last:
                    yield Batch(last, _as_far_as(last[-1].counter or 0, since, settled))
                last = transactions
            horizon = self._one(connection, "sample.sql", SAMPLE)["horizon"]
        yield Batch(last, settled.sampled(start["counter"], horizon))

    def read_again(self, keys: Collection[OrderKey]) -> Iterator[Sequence[Transaction]]:
        """These transactions as they are now; what is gone is left out."""
        with self._reading() as connection:
            for some in batched(keys, self.batch_size):
                parts = zip(*(key.parts for key in some), strict=True)
                bound = {f"key_{number}": list(values) for number, values in enumerate(parts, start=1)}
                yield from self._read(connection, "again.sql", bound)

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection whose transactions see one moment each and may not write."""
        connection = self._connected()
        with closing(connection):
            connection.autocommit = False
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection

    def _connected(self) -> psycopg.Connection[Any]:
        try:
            with self._explained("connecting"):
                return self.connect()
        except Transient as error:
            if REFUSED.search(str(error)):
                raise NotAuthorised(f"{error}: correct user, password or database in its connection") from error
            raise

    def _read(
        self, connection: psycopg.Connection[Any], which: str, bound: Mapping[str, Any]
    ) -> Iterator[Sequence[Transaction]]:
        """The transactions that a condition chooses, batch by batch from a cursor that stays on the server."""
        file = "transactions.sql"
        statement = self._text(file).replace("{which}", self._text(which))
        with connection.cursor("transactions", row_factory=dict_row) as cursor:
            with self._explained(f"{file} with {which}"):
                connection.execute(PLAIN)
                cursor.execute(statement.encode(), {**self.options, **bound})
            while True:
                with self._explained(f"{file} with {which}"):
                    rows = cursor.fetchmany(self.batch_size)
                if not rows:
                    return
                yield [self._transaction(row) for row in rows]

    def _transaction(self, row: Mapping[str, Any]) -> Transaction:
        self._check("transactions.sql", row, COLUMNS)
        texts = {name: row[name] or "" for name in TEXTS} | {name: row[name] for name in TEXTS_OR_NOTHING}
        without_counter = [row[name] for name in COLUMNS if name != "counter"]
        return Transaction(
            key=OrderKey(self.name, tuple(row["key_parts"])),
            counter=row["counter"],
            digest=hashlib.sha256(json.dumps(without_counter).encode()).hexdigest(),
            expected_lines=row["expected_lines"],
            present_lines=row["present_lines"],
            details=row["details"],
            **texts,
        )

    def _rising(self, highest: int, transactions: Sequence[Transaction]) -> int:
        """The last counter, each being above the one before: only then does a mark say what lies below it."""
        for transaction in transactions:
            counter = transaction.counter or 0
            if counter <= highest:
                what = f"gives counter {counter} after {highest}: it must give those above `since`, unique and rising"
                raise self._malformed("transactions.sql with new.sql", what)
            highest = counter
        return highest

    def _one(self, connection: psycopg.Connection[Any], file: str, columns: Mapping[str, str]) -> Mapping[str, Any]:
        """The single row of a statement, of a new moment, which what is read next shares."""
        with self._explained(file), connection.cursor(row_factory=dict_row) as cursor:
            connection.rollback()
            row = cursor.execute(self._text(file).encode(), self.options).fetchone()
        self._check(file, row or {}, columns)
        return row or {}

    def _text(self, file: str) -> str:
        try:
            return (self.folder / file).read_text()
        except OSError:
            raise Misconfigured(
                f"channel '{self.name}': there is no file {self.folder / file}: write it, or correct the channel's name"
                " in the registry"
            ) from None

    def _check(self, file: str, row: Mapping[str, Any], columns: Mapping[str, str]) -> None:
        """Refuse a row that is not of the documented shape. Names columns, never values: they may be people's data."""
        missing = sorted(columns.keys() - row.keys())
        if missing:
            raise self._malformed(file, f"gives no column {', '.join(missing)}: add it to the SELECT")
        for name, kind in columns.items():
            value = row[name]
            if value is None and name in TEXTS + TEXTS_OR_NOTHING:
                continue
            if value is None or (kind == "text[]" and None in value):
                where = f"at counter {row.get('counter')}"
                raise self._malformed(file, f"gives a null in {name} {where}: the channel's key and counters have none")
            if not IS[kind](value):
                raise self._malformed(file, f"gives {name} as another type than {kind}: cast it in the SQL")

    def _malformed(self, file: str, what: str) -> Misconfigured:
        return Misconfigured(f"channel '{self.name}': {self.folder / file} {what}")

    @contextmanager
    def _explained(self, file: str) -> Iterator[None]:
        """Turn the driver's errors into ours: away, or wrong until a person changes it."""
        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Transient(
                f"channel '{self.name}' cannot be read ({file}): {_first_line(error)}", code="EXTRACT_FAILED"
            ) from error
        except psycopg.DataError as error:
            advice = "let the SQL pass it on as text, or correct the channel's options"
            raise self._malformed(
                file, f"fails: a value cannot be converted ({type(error).__name__}): {advice}"
            ) from None
        except psycopg.Error as error:
            advice = "adapt the SQL to the channel's schema, or grant its user the right to read"
            raise self._malformed(file, f"fails: {_first_line(error)}: {advice}") from error


def _as_far_as(counter: int, since: Watermark, settled: Watermark) -> Watermark:
    """The mark after a batch that is not the last: its counter, but only as far as a settled sample allows."""
    return settled if counter >= settled.counter else replace(since, counter=counter)


def _first_line(error: psycopg.Error) -> str:
    return str(error.diag.message_primary or error).partition("\n")[0]
