"""What the tests of the ledger do again and again: land, queue, fail, claim, send, close and settle orders."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Protocol

import psycopg

from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import Event, Status, step
from order_sync.core.order.maker import GuestPolicy, Made
from order_sync.core.order.model import Order, OrderKey, Problem, Transaction
from order_sync.core.order.references import ANY_KEY, ReferenceField
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Change, Claim, Entry, Landing, Outcome
from order_sync.core.sending.receipts import Receipt
from order_sync.ledger import Ledger as SqlLedger
from order_sync.ledger.database import session
from sandbox.postgres import Cluster

ACTOR = Actor("sync_orders__shop/run 1/task", reason="scheduled")
GRACE, WINDOW, LEASE = 120.0, 1800.0, 900.0
ALL = 10_000

Connect = Callable[[], psycopg.Connection]


@dataclass
class Sql:
    """Looks behind the ledger, and moves time for the tests by changing what it remembers."""

    connection: psycopg.Connection

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What a query returns."""
        return self.connection.execute(query, parameters).fetchall()

    def one(self, query: str, *parameters: object) -> Any:
        """The only value that a query returns."""
        ((value,),) = self.rows(query, *parameters)
        return value

    def do(self, query: str, *parameters: object) -> None:
        """Run a statement."""
        self.connection.execute(query, parameters)

    def content(self) -> dict[str, object]:
        """A digest of each table's rows."""
        tables = self.rows("select tablename from pg_tables where schemaname = 'order_sync'")
        digest = "select md5(string_agg(each::text, '' order by each::text)) from {} each"
        return {table: self.one(digest.format(table)) for (table,) in tables}

    def status(self, number: int) -> str:
        """The status of the order with that number."""
        return str(self.one("select status from orders where order_key = %s", str(key(number))))

    def order(self, number: int, columns: str) -> tuple[Any, ...]:
        """Some columns of the order with that number."""
        (row,) = self.rows(f"select {columns} from orders where order_key = %s", str(key(number)))
        return row

    def events(self, number: int) -> list[str]:
        """What happened to the order with that number, oldest first."""
        query = "select event from order_history h join orders o on o.id = order_id where order_key = %s order by h.id"
        return [event for (event,) in self.rows(query, str(key(number)))]

    def attempts(self, number: int, columns: str) -> list[tuple[Any, ...]]:
        """Some columns of the attempts of the order with that number, oldest first."""
        named = ", ".join(f"a.{column}" for column in columns.split(", "))
        return self.rows(
            f"select {named} from attempts a join orders o on o.id = order_id where order_key = %s order by opened_at",
            str(key(number)),
        )

    def make_due(self) -> None:
        """Let every look be due now."""
        self.do(
            "update orders set next_look_at = clock_timestamp() - interval '1 second'"
            " where status in ('sending', 'sent', 'pending_verification')"
        )

    def let_pass(self, time: timedelta) -> None:
        """Let so much time pass: all that the ledger remembers becomes so much older."""
        with self.connection.transaction():
            self.do("set local session_replication_role to replica")
            for (earlier,) in self.connection.execute(EARLIER).fetchall():
                self.connection.execute(earlier, {"time": time})


EARLIER = """
    select format('update %I set %s', table_name,
                  string_agg(format('%1$I = %1$I - %%(time)s::interval', column_name), ', '))
    from information_schema.columns join pg_tables on (tablename, schemaname) = (table_name, table_schema)
    where schemaname = 'order_sync' and data_type = 'timestamp with time zone' and column_name <> 'placed_at'
    group by table_name"""
"""Statements that let everything be earlier, but when a channel says that an order was placed."""


class Seen(Protocol):
    """What tests see of a ledger, whatever it is made of, and how time passes in it."""

    def status(self, number: int) -> str:
        """The status of the order with that number."""

    def order(self, number: int, columns: str) -> tuple[Any, ...]:
        """Some columns of the order with that number."""

    def events(self, number: int) -> list[str]:
        """What happened to the order with that number, oldest first."""

    def attempts(self, number: int, columns: str) -> list[tuple[Any, ...]]:
        """Some columns of the attempts of the order with that number, oldest first."""

    def let_pass(self, time: timedelta) -> None:
        """Let so much time pass."""

    def make_due(self) -> None:
        """Let every look be due now."""


_NUMBERS = count(1)


@contextmanager
def filled_ledger(cluster: Cluster, migrated: str) -> Iterator[tuple[SqlLedger, Sql]]:
    """A ledger, and a connection behind it, for tests that only read what was written once."""
    name = f"kept_{next(_NUMBERS)}"
    cluster.create_database(name, template=migrated)

    def connect() -> psycopg.Connection:
        return psycopg.connect(cluster.dsn(name))

    with SqlLedger(connect) as ledger, session(connect) as connection:
        yield ledger, Sql(connection)
    cluster.drop_database(name)


class Counting(psycopg.Cursor[Any]):
    """A cursor that counts what is sent through it."""

    sent = 0

    def execute(self, *arguments: Any, **options: Any) -> "Counting":
        Counting.sent += 1
        return super().execute(*arguments, **options)

    def copy(self, *arguments: Any, **options: Any) -> Any:
        Counting.sent += 1
        return super().copy(*arguments, **options)


def key(number: int) -> OrderKey:
    """The key of a test's order."""
    return OrderKey("shop", ("S1", f"{number:05}"))


def transaction(number: int, digest: str = "a", **changes: object) -> Transaction:
    """A transaction that is an order, unless `changes` say otherwise; another digest is another total."""
    usual = Transaction(
        key=key(number),
        counter=number,
        digest=digest,
        not_an_order=None,
        source_status="2",
        reference=f"R-{number}",
        receipt="",
        customer_account="C-1",
        distributor="usrt",
        placed_at="2026-11-20T10:00:00+00:00",
        delivery_date="2026-11-25",
        currency="EUR",
        total="10.00" if digest == "a" else f"1{ord(digest)}.00",
        expected_lines=1,
        present_lines=1,
        details='{"lines": []}',
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def landing(number: int, status: Status = Status.RECEIVED, digest: str = "a", **changes: object) -> Landing:
    """A landing of such a transaction, placed when it says."""
    landed = transaction(number, digest, **changes)
    placed_at = datetime.fromisoformat(landed.placed_at) if landed.placed_at else None
    reason = {Status.WAITING: "lines_missing", Status.NOT_AN_ORDER: "voided"}.get(status, "")
    return Landing(landed, status, reason, placed_at)


def land(ledger: Ledger, *numbers: int, **options: object) -> dict[str, int]:
    """Land orders under these numbers."""
    landings = [landing(number, **options) for number in numbers]  # type: ignore[arg-type]
    return dict(ledger.record("shop", "tryton", landings, None, ACTOR))


def order_of(entry: Entry) -> Order:
    """An order as validation would read it from the usual transaction."""
    return Order(
        key=entry.key,
        reference=entry.transaction.reference,
        customer_account=entry.transaction.customer_account,
        currency="EUR",
        total=Decimal("10.00"),
        placed_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
        delivery_date=None,
        ships=False,
        ship_to=None,
        lines=(),
        charges=(),
    )


def change(entry: Entry, event: Event | None, **fields: object) -> Change:
    """A change of this order by an event, to the status that the lifecycle says."""
    to_status = step(entry.status, event) if event else None
    return Change(entry.key, entry.generation, entry.status, event, to_status, **fields)  # type: ignore[arg-type]


def queue(ledger: Ledger, *numbers: int) -> None:
    """Land orders and find them valid."""
    land(ledger, *numbers)
    validate(ledger)


def validate(ledger: Ledger) -> None:
    """Find every received order valid."""
    entries = ledger.to_validate("shop", None, ALL)
    ledger.apply([change(entry, Event.VALID, order=order_of(entry)) for entry in entries], ACTOR)


def fail(ledger: Ledger, *numbers: int, reference: str = "sku:A") -> None:
    """Land orders and find a problem with them."""
    land(ledger, *numbers)
    problem = Problem("SKU_NOT_FOUND", "line 1", "A", "SKU 'A' is not in the ERP", reference)
    entries = ledger.to_validate("shop", None, ALL)
    ledger.apply(
        [
            change(entry, Event.INVALID, code=problem.code, message=problem.message, problems=(problem,))
            for entry in entries
        ],
        ACTOR,
    )


def claim(ledger: Ledger, limit: int = ALL) -> Claim:
    """Claim what is queued."""
    return ledger.claim("shop", limit, LEASE, ACTOR)


def send(ledger: Ledger, *numbers: int) -> Claim:
    """Queue orders, claim all that are queued, and open an attempt for each."""
    queue(ledger, *numbers)
    claimed = claim(ledger)
    assert open_all(ledger, claimed) >= {key(number) for number in numbers}
    return claimed


def open_all(ledger: Ledger, claimed: Claim) -> set[OrderKey]:
    """Open an attempt for everything that was claimed."""
    return ledger.open(claimed, made_of(claimed), GRACE, WINDOW)


def made_of(claimed: Claim, *numbers: int, field: ReferenceField = ANY_KEY) -> dict[OrderKey, Made]:
    """The orders that were claimed, as a push makes them; those under these numbers alone if there are any."""
    now = datetime(2026, 11, 21, tzinfo=UTC)
    keys = [key(number) for number in numbers] or [entry.key for entry in claimed.entries]
    return {entry.key: entry.as_sent(GuestPolicy(), now, field) for entry in claimed.entries if entry.key in keys}


def close(
    ledger: Ledger, entries: Sequence[Entry], event: Event | None, code: str | None = None, message: str = ""
) -> None:
    """Close the attempts of these orders, with a receipt under the key's last part where the event is one."""
    outcomes = [
        Outcome(
            entry.key,
            entry.generation,
            event,
            code,
            message,
            Receipt(f"N{entry.key.parts[-1]}", "quotation") if event is Event.RECEIPT else None,
        )
        for entry in entries
    ]
    ledger.close(outcomes, None, GRACE, WINDOW, ACTOR)


def make_due(sql: Seen) -> None:
    """Let every look be due now."""
    sql.make_due()


def settle(ledger: Ledger, sql: Seen, event: Event | None, **fields: object) -> int:
    """Look at everything in doubt, with the same finding for all; returns how many changes held."""
    make_due(sql)
    entries = ledger.due("shop", ALL)
    numbered = {"erp_number": "{}"} if event is Event.CONFIRMED else {}
    changes = [change(entry, event, **{**numbered, **fields}) for entry in entries]
    return ledger.apply(
        [replace(item, erp_number=item.erp_number.format(f"N{item.key.parts[-1]}")) for item in changes], ACTOR
    )
