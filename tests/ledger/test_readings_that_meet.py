"""Two readings of one order that meet in the ledger: the second one waits, and still sees what it changes."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from order_sync.core.life.lifecycle import Event
from order_sync.core.records.orders import Landing
from order_sync.ledger import Ledger
from tests.ledger.steps import ACTOR, Connect, Sql, key, landing, send, settle

POSTED = (
    "insert into transactions (order_id, version, digest, source_status, reference, receipt, customer_account,"
    " distributor, placed_at, delivery_date, currency, total, expected_lines, present_lines, details)"
    " select order_id, 2, 'posted', 'posted', reference, receipt, customer_account, distributor, placed_at,"
    " delivery_date, currency, total, expected_lines, present_lines, details from transactions"
)


def land_while_another_reading_stores_a_version(connect: Connect, sql: Sql, seen: Landing) -> None:
    """The other one saw only that the channel moved its own status on; this one sees `seen`, and a new order.

    A third reading, which dies, keeps it waiting until the other one has the order.
    """
    with Ledger(connect) as ledger, ThreadPoolExecutor(1) as pool, connect() as third:
        new = "insert into order_sync.orders (order_key, channel, erp, status, digest) values (%s, 'shop', '', '', '')"
        third.execute(new, [str(key(2))])
        landed = pool.submit(ledger.record, "shop", "tryton", [seen, landing(2)], None, ACTOR)
        await_a_lock(landed, sql)
        with sql.connection.transaction():
            sql.do("update orders set digest = 'posted', version = 2")
            sql.do(POSTED)
            third.rollback()
            await_a_lock(landed, sql)
        assert landed.result()["changed"] == 1


def await_a_lock(landed: Future[Any], sql: Sql) -> None:
    while not landed.done() and not sql.one("select exists (select from pg_locks where not granted)"):
        pass


def test_what_differs_is_told_beside_the_version_that_another_reading_has_just_stored(
    connect: Connect, ledger: Ledger, sql: Sql
) -> None:
    """R11"""
    send(ledger, 1)
    settle(ledger, sql, Event.CONFIRMED)
    land_while_another_reading_stores_a_version(connect, sql, landing(1, digest="b"))
    assert sql.order(1, "status, version") == ("conflict", 3)
    assert "total 10.00 -> 198.00" in sql.order(1, "message")[0]


def test_the_same_order_read_twice_at_once_is_no_change_of_it(connect: Connect, ledger: Ledger, sql: Sql) -> None:
    send(ledger, 1)
    settle(ledger, sql, Event.CONFIRMED)
    land_while_another_reading_stores_a_version(connect, sql, landing(1, digest="b", total="10.00"))
    assert sql.order(1, "status, version, message") == ("succeeded", 3, "")
