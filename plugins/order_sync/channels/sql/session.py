"""One reading of a channel: a connection that sees one moment at a time, may not write, and is closed at its end.

It runs what `folder` makes of the channel's SQL, and turns the driver's errors into ours. It knows no watermark.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from order_sync.channels.sql.folder import StatementFolder, around
from order_sync.core.errors import Misconfigured, NotAuthorised, Transient

REFUSED = re.compile("authentication failed|does not exist|no pg_hba.conf entry|permission denied")
"""How PostgreSQL words a log-in that it will never accept: the driver gives no code for it."""

BRIEFLY, FOR_LONG = "5min", "0"
"""How long one statement may take: that of a push, which others wait for, or of an extract of all that there is."""

PREPARED = {
    "for_this_transaction": True,
    "search_path": None,
    "longest_wait": "1min",
    "heeded": ["client", "user", "database user"],  # the channel's owner limits our role for good reasons
}
"""What `prepare_session` sets in a reading: in its own words a channel's SQL relies on the search path."""

Connect = Callable[[], psycopg.Connection[Any]]


class ChannelSession:
    """What one connection reads. `options` are bound by name in every statement; values are bound by the client,
    since COPY takes none."""

    def __init__(
        self, connection: psycopg.Connection[Any], folder: StatementFolder, options: Mapping[str, Any], longest: str
    ) -> None:
        self._connection = connection
        self._longest = longest
        self._folder = folder
        self._options = options

    def begin(self) -> None:
        """From now on the session sees this moment."""
        with explained(self._folder, "beginning"):
            self._connection.rollback()
            prepare = around("../shared/prepare_session").encode()
            self._connection.execute(prepare, {**PREPARED, "longest": self._longest})

    def check(self, file: str, which: str, bound: Mapping[str, Any], asked: Mapping[str, str]) -> None:
        """Refuse a SELECT of the folder that lacks a column, or gives it as another type."""
        statement = around("describe", select=self._folder.chosen(file, which))
        with explained(self._folder, f"{file} with {which}"), self._cursor() as cursor:
            self._folder.check(
                file, cursor.execute(statement.encode(), {**self._options, **bound}).description or [], asked
            )

    def one(self, file: str, statement: str, asked: Mapping[str, str], **bound: Any) -> Mapping[str, Any]:
        """The only row of a statement, which has at least the columns that are asked for, and no null in them."""
        with explained(self._folder, file), self._cursor() as cursor:
            cursor.execute(statement.encode(), {**self._options, **bound})
            self._folder.check(file, cursor.description or [], asked)
            row = cursor.fetchone()
        if row is None:
            raise self._folder.malformed(file, "returns no row: it must return one")
        self._folder.check_values(file, {name: row[name] for name in asked})
        return row

    def rows(self, file: str, statement: str, bound: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The rows of a statement that gives few."""
        with explained(self._folder, file), self._cursor() as cursor:
            return [*cursor.execute(statement.encode(), {**self._options, **bound})]

    def copied(
        self, file: str, statement: str, bound: Mapping[str, Any], types: list[str]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a COPY as they arrive."""
        with (
            explained(self._folder, file),
            self._connection.cursor() as cursor,
            cursor.copy(statement.encode(), {**self._options, **bound}) as copy,
        ):
            copy.set_types(types)
            yield from copy.rows()

    def _cursor(self) -> psycopg.ClientCursor[Mapping[str, Any]]:
        return psycopg.ClientCursor(self._connection, row_factory=dict_row)


@contextmanager
def session(
    connect: Connect, folder: StatementFolder, options: Mapping[str, Any], longest: str
) -> Iterator[ChannelSession]:
    """A session of its own, closed at the end; a statement may take the `longest`, if the connection sets nothing."""
    with closing(_connected(connect, folder)) as connection:
        connection.autocommit = False
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        session = ChannelSession(connection, folder, options, longest)
        session.begin()
        yield session


def _connected(connect: Connect, folder: StatementFolder) -> psycopg.Connection[Any]:
    try:
        with explained(folder, "connecting"):
            return connect()
    except Misconfigured:
        raise Misconfigured(
            f"channel '{folder.name}': the address in its connection is not a Postgres address: correct its host, its"
            " port, or the options in its extra"
        ) from None
    except Transient as error:
        if REFUSED.search(str(error)):
            raise NotAuthorised(f"{error}: correct user, password or database in its connection") from error
        raise


@contextmanager
def explained(folder: StatementFolder, file: str) -> Iterator[None]:
    """Turn the driver's errors into ours: away, or wrong until a person changes it."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Transient(
            f"channel '{folder.name}' cannot be read ({file}): {_first_line(error)}", code="EXTRACT_FAILED"
        ) from error
    except psycopg.DataError as error:
        advice = "return it as text in the SQL, or correct the channel's options"
        what = f"fails: a value cannot be converted ({type(error).__name__}): {advice}"
        raise folder.malformed(file, what) from None
    except psycopg.Error as error:
        advice = "adapt the SQL to the channel's schema, or grant the user the right to read"
        raise folder.malformed(file, f"fails: {_first_line(error)}: {advice}") from error


def _first_line(error: psycopg.Error) -> str:
    return str(error.diag.message_primary or error).partition("\n")[0]
