"""A shop that is a PostgreSQL database: what the fixtures of SQL channels share."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import count, product
from pathlib import Path
from typing import Any, ClassVar, Self

import psycopg

from order_sync.channels.sql import SqlChannel
from order_sync.specs import ChannelSpec
from sandbox.postgres import Cluster
from tests.support.databases import database
from tests.support.shop import HOUR, ODD, PLACED_AT, NotSold

NUMBERS = count()

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


class SqlShop(ABC):
    """A `Shop` with all abilities. A fixture says how it is made and what people do in it: `create` to `remove`."""

    server: ClassVar = "cluster"
    spec: ClassVar[ChannelSpec]
    folder: ClassVar[Path]

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.name = cluster, name
        self.dsn, self.secret = cluster.dsn(name), cluster.password

    @staticmethod
    @abstractmethod
    def create(dsn: str) -> None:
        """Make an empty shop in an empty database."""

    @staticmethod
    @abstractmethod
    def add(
        connection: psycopg.Connection[Any],
        references: Iterable[str],
        *,
        lines: int = 1,
        net: str = "10.00",
        placed_at: datetime = PLACED_AT,
    ) -> None:
        """Add good orders within the connection's transaction, one after the other; as `Shop.sell`."""

    @abstractmethod
    def change(self, reference: str) -> None:
        """Change an order as the shop does."""

    @abstractmethod
    def remove(self, reference: str) -> None:
        """Remove every trace of an order."""

    @classmethod
    @contextmanager
    def installed(cls, server: Cluster) -> Iterator[Self]:
        """An empty shop in a database of its own."""
        name = f"{cls.spec.name}_{next(NUMBERS)}"
        with database(server, name) as dsn:
            cls.create(dsn)
            yield cls(server, name)

    @contextmanager
    def another(self) -> Iterator[Self]:
        """A copy of the database; nobody may be connected to this one meanwhile."""
        name = f"{self.spec.name}_{next(NUMBERS)}"
        with database(self.cluster, name, self.name):
            yield type(self)(self.cluster, name)

    @classmethod
    def over(cls, dsn: str, batch_size: int = 500, settle_lag: timedelta = HOUR) -> SqlChannel:
        """The channel over a database, as the registry sets it up."""
        spec = cls.spec
        return SqlChannel(lambda: psycopg.connect(dsn), spec.name, cls.folder, spec.options, batch_size, settle_lag)

    def channel(self, batch_size: int = 500, settle_lag: timedelta = HOUR) -> SqlChannel:
        """The channel over this one."""
        return self.over(self.dsn, batch_size, settle_lag)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection as the shop's own program has it."""
        return psycopg.connect(self.dsn)

    def execute(self, statement: str, bound: Sequence[Any] | None = None) -> None:
        """Do something in the shop."""
        with self.connect() as connection:
            connection.execute(statement.encode(), bound)

    def sell(self, references: Sequence[str], **how: Any) -> None:
        """Sell in one transaction; tables that have no row for it, or refuse it, cannot hold it."""
        try:
            with self.connect() as connection:
                self.add(connection, references, **how)
                (written,) = connection.execute(WRITTEN).fetchone() or (False,)
        except REFUSED as error:
            raise NotSold(f"the tables refuse it: {error}") from error
        if not written:
            raise NotSold("nothing was written")

    @contextmanager
    def selling(self, *references: str) -> Iterator[None]:
        """A transaction that is committed as the block ends."""
        with self.connect() as connection:
            self.add(connection, references)
            yield

    def shake(self) -> None:
        """Move every second row of every table to another place on the disk, and let no index be read in its order."""
        with self.connect() as connection:
            connection.execute("set session_replication_role = replica")
            for table, column in connection.execute(TABLES).fetchall():
                places = f"select ctid, row_number() over (order by ctid) as place from {table}"
                connection.execute(
                    f"update {table} set {column} = {column}"
                    f" where ctid in (select ctid from ({places}) places where place % 2 = 1)"
                )
        self.configure(enable_indexscan="off", enable_bitmapscan="off")

    def set_up_differently(self) -> None:
        """Give the database all settings that change how values look."""
        self.configure(
            datestyle="German",
            timezone="Asia/Tokyo",
            intervalstyle="iso_8601",
            extra_float_digits="-3",
            bytea_output="escape",
        )

    def configure(self, **settings: str) -> None:
        """Give the channel's database other settings than its server's."""
        change = psycopg.sql.SQL("alter database {} set {} = {}")
        name = psycopg.sql.Identifier(self.name)
        with self.connect() as connection:
            for setting, value in settings.items():
                named = psycopg.sql.Identifier(setting)
                connection.execute(change.format(name, named, psycopg.sql.Literal(value)))

    def spoil(self) -> Iterator[str]:
        """Put odd JSON into each column that holds JSON."""
        with self.connect() as connection:
            columns = connection.execute(JSON_COLUMNS).fetchall()
        for (table, column), odd in product(columns, ODD):
            with suppress(*REFUSED):
                self.execute(f"update {table} set {column} = %s", [odd])
            yield f"{odd} in {table}.{column}"
