"""The connections to the ledger's database: opened when needed, kept for the next call, one for each call at a time.

Two threads never share a connection, so that opening attempts hides beside closing others. What Postgres says of its
troubles becomes one sentence of ours here; nothing else in the package catches psycopg's errors of connection.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from order_sync.core.errors import LedgerUnavailable, Misconfigured
from order_sync.ledger.statements import statement

SESSION = {
    "for_this_transaction": False,
    "search_path": "order_sync",
    "longest": "0",
    "longest_wait": "0",
    "heeded": ["client"],  # the extra of the connection; the role is ours
}
"""What `prepare_session` sets in a session of the ledger."""

Connect = Callable[[], psycopg.Connection[Any]]
"""Opens a new connection to the ledger's database. It may be called from several threads at a time."""


class Database:
    """Runs statements by name. Single ones commit by themselves; `transaction` holds several together."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._idle: deque[psycopg.Connection[Any]] = deque()

    def rows(self, name: str, **parameters: Any) -> list[DictRow]:
        """What one statement returns."""
        with self._cursor() as cursor:
            return cursor.execute(statement(name), parameters or None).fetchall()

    def row(self, name: str, **parameters: Any) -> DictRow | None:
        """The first row that one statement returns, if any."""
        return next(iter(self.rows(name, **parameters)), None)

    def execute(self, name: str, **parameters: Any) -> None:
        """Run one statement that returns nothing of use."""
        with self._cursor() as cursor:
            cursor.execute(statement(name), parameters or None)

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Cursor[DictRow]]:
        """A cursor whose statements are committed together, or not at all."""
        with self._cursor() as cursor, cursor.connection.transaction():
            yield cursor

    def stream(self, name: str, **parameters: Any) -> Iterator[DictRow]:
        """What one statement returns, a row at a time."""
        with self._cursor() as cursor:
            yield from cursor.stream(statement(name), parameters)

    def close(self) -> None:
        """Close every connection that no call is using."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    @contextmanager
    def _cursor(self) -> Iterator[psycopg.Cursor[DictRow]]:
        with sentences():
            connection = self._take()
            try:
                with connection.cursor(row_factory=dict_row) as cursor:
                    yield cursor
            finally:
                self._put_back(connection)

    def _take(self) -> psycopg.Connection[Any]:
        try:
            return self._idle.pop()
        except IndexError:
            return session(self._connect)

    def _put_back(self, connection: psycopg.Connection[Any]) -> None:
        """Keep a connection for the next call, unless it broke or its call was broken off; then connect anew."""
        if connection.info.transaction_status is TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()
            self.close()  # what ended this one has most likely ended those too


def session(connect: Connect) -> psycopg.Connection[Any]:
    """A new connection that relies on nothing that its server, database or role has set; it commits by itself."""
    connection = connect()
    connection.autocommit = True
    connection.execute(statement("prepare_session"), SESSION)
    return connection


@contextmanager
def sentences() -> Iterator[None]:
    """Turn psycopg's errors of connection into ours: one sentence, and no address with a password in it.

    What PostgreSQL adds to an error in further lines goes into no log: it quotes rows, and so people.
    """
    try:
        yield
    except psycopg.errors.ProgramLimitExceeded as error:
        raise Misconfigured(
            "an order's key, or an ERP number or code, is too long: at most 2,000 bytes are possible; the maintainer of"
            " the channel's SQL, or of the ERP, provides a shorter one"
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise LedgerUnavailable(f"the ledger (connection order_ledger) does not answer: {reason}") from None
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise LedgerUnavailable(
            f"the ledger (connection order_ledger) is read-only at present: {_first_line(error)}; it is a standby,"
            " or the server's operators switched writing off"
        ) from None
    except psycopg.errors.InsufficientPrivilege as error:
        raise Misconfigured(
            f"the user of connection order_ledger lacks rights that it needs: {_first_line(error)}"
        ) from error
    except psycopg.ProgrammingError as error:
        if error.sqlstate is not None:
            raise
        raise Misconfigured(
            "the address in connection order_ledger is not a Postgres address: correct its host, its port, or the"
            " options in its extra"
        ) from None
    except psycopg.IntegrityError as error:
        raise type(error)(_first_line(error)) from None
    except psycopg.DataError as error:  # its first line quotes the value
        raise type(error)(f"the ledger cannot store a value ({type(error).__name__})") from None


def _first_line(error: psycopg.Error) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def copy_in(cursor: psycopg.Cursor[Any], name: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Send rows through `copy ... from stdin`."""
    with cursor.copy(statement(name)) as copy:
        for row in rows:
            copy.write_row(row)
