"""A channel under test on its real database, and what people would do to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from inspect import signature
from types import ModuleType
from typing import Any

import psycopg

from order_sync.core.orders import Transaction
from order_sync.core.ports.channel import Batch, Channel
from order_sync.core.reading import Reading, read_order
from order_sync.core.watermark import Watermark

ASKED = ("SPEC", "PLACED_AT", "create", "channel", "add", "change", "remove")
"""What a channel's fixture must have."""

CALLED_WITH = {"channel": ("batch_size", "settle_lag"), "add": ("lines", "net", "placed_at")}
"""And what these must take by name."""

START = Watermark("database")
HOUR, AT_ONCE = timedelta(hours=1), timedelta(0)

REFUSED = (
    psycopg.errors.CheckViolation,
    psycopg.errors.NotNullViolation,
    psycopg.errors.RaiseException,
    psycopg.DataError,
)
"""What tables say of what they cannot hold."""

WRITTEN = "select pg_current_xact_id_if_assigned() is not null"
"""Whether a transaction wrote something."""

TABLES = """
select attrelid::regclass::text, min(quote_ident(attname)) from pg_attribute join pg_class on pg_class.oid = attrelid
where relkind = 'r' and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = ''
group by 1
"""
"""Every table of the channel, and a column of it that may be written."""


JSON_COLUMNS = """
select attrelid::regclass::text, quote_ident(attname) from pg_attribute join pg_class on pg_class.oid = attrelid
where relkind = 'r' and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    and attnum > 0 and not attisdropped and attgenerated = '' and atttypid in ('json'::regtype, 'jsonb'::regtype)
"""
"""Every column of JSON, with its table."""


def not_taken(fixture: ModuleType) -> list[str]:
    """What functions of a fixture do not take and should, in words."""
    found = []
    for function, names in CALLED_WITH.items():
        parameters = signature(getattr(fixture, function)).parameters
        anything = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
        found += [f"{function} takes no {name}" for name in names if not anything and name not in parameters]
    return found


@dataclass(frozen=True)
class Subject:
    """A channel and its database. `mistake` breaks the channel, to see whether a test notices."""

    fixture: ModuleType
    dsn: str
    other_dsn: str
    mistake: Callable[[Channel], Channel] = lambda channel: channel

    def channel(self, batch_size: int = 500, settle_lag: timedelta = HOUR) -> Channel:
        return self.mistake(self.fixture.channel(self.dsn, batch_size=batch_size, settle_lag=settle_lag))

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn)

    def add(self, *references: str, **how: Any) -> None:
        """Sell all of these at one moment: in one transaction of the shop."""
        with self.connect() as connection:
            self.fixture.add(connection, references, **how)

    def may_add(self, reference: str, **how: Any) -> bool:
        """Sell what the shop's own tables may refuse, or have no row for; whether it was sold."""
        try:
            with self.connect() as connection:
                self.fixture.add(connection, [reference], **how)
                (written,) = connection.execute(WRITTEN).fetchone() or (False,)
        except REFUSED:
            return False
        return bool(written)

    def change(self, reference: str) -> None:
        with self.connect() as connection:
            self.fixture.change(connection, reference)

    def remove(self, reference: str) -> None:
        with self.connect() as connection:
            self.fixture.remove(connection, reference)

    def batches(self, since: Watermark = START, batch_size: int = 500, settle_lag: timedelta = HOUR) -> list[Batch]:
        """What one extract reads."""
        return list(self.channel(batch_size, settle_lag).transactions(since))

    def read(self, since: Watermark = START, settle_lag: timedelta = HOUR) -> tuple[list[Transaction], Watermark]:
        """The transactions that one extract reads, and the newest mark."""
        batches = self.batches(since, settle_lag=settle_lag)
        return [transaction for batch in batches for transaction in batch.transactions], batches[-1].watermark

    def read_again(self, transactions: Iterable[Transaction]) -> list[Transaction]:
        """These as they are now."""
        batches = self.channel().read_again([each.key for each in transactions])
        return [transaction for batch in batches for transaction in batch]

    def sold(self, reference: str, **how: Any) -> Transaction:
        """Sell one, the first of the shop, and read it."""
        self.add(reference, **how)
        (transaction,), _ = self.read()
        return transaction

    def reading(self, transaction: Transaction) -> Reading:
        """The order that it becomes."""
        return read_order(transaction, "GUEST", self.fixture.PLACED_AT + timedelta(days=365))

    def settled(self) -> Watermark:
        """The mark once an extract finds nothing to read any more. Without a counter, that is once the lag is over."""
        _, mark = self.read()
        lag = HOUR if mark.samples else AT_ONCE
        for _ in range(3):
            transactions, mark = self.read(mark, lag)
            if not transactions:
                return mark
        raise AssertionError("the same transactions are read again and again, although nothing changes any more")

    def configure(self, **settings: str) -> None:
        """Give the channel's database other settings than its server's."""
        change = psycopg.sql.SQL("alter database {} set {} = {}")
        with self.connect() as connection:
            name = psycopg.sql.Identifier(connection.info.dbname)
            for setting, value in settings.items():
                named = psycopg.sql.Identifier(setting)
                connection.execute(change.format(name, named, psycopg.sql.Literal(value)))

    def json_columns(self) -> list[tuple[str, str]]:
        """Every column of the channel that holds JSON, with its table."""
        with self.connect() as connection:
            return connection.execute(JSON_COLUMNS).fetchall()

    def shake(self) -> None:
        """Move every second row of every table to another place on the disk, and change nothing else."""
        with self.connect() as connection:
            connection.execute("set session_replication_role = replica")
            for table, column in connection.execute(TABLES).fetchall():
                places = f"select ctid, row_number() over (order by ctid) as place from {table}"
                connection.execute(
                    f"update {table} set {column} = {column}"
                    f" where ctid in (select ctid from ({places}) places where place % 2 = 1)"
                )


def references(transactions: Iterable[Transaction]) -> list[str]:
    """What people search each by."""
    return [transaction.reference or transaction.receipt for transaction in transactions]


def digests(transactions: Iterable[Transaction]) -> dict[str, str]:
    """The digest of each, by what people search it by."""
    transactions = list(transactions)
    return dict(zip(references(transactions), [each.digest for each in transactions], strict=True))
