"""A ledger of before companies were kept: its orders stay what they are, and learn their company when asked about."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from order_sync.core.life.lifecycle import Event
from order_sync.ledger import Ledger, migrate
from order_sync.ledger.database import session
from tests.ledger.steps import ACTOR, ALL, Sql, change, key, queue, settle

STANDS = "status, erp_number, erp_company"


def old_ledger(database: str) -> None:
    """A ledger as the release before left it: an order that is done under a number, and one that has a receipt."""

    def connect() -> psycopg.Connection:
        return psycopg.connect(database)

    migrate(connect, "0009")
    with connect() as connection:
        connection.execute("set search_path to order_sync")
        for number, status in ((1, "succeeded"), (2, "sent")):
            connection.execute(
                "insert into orders (order_key, channel, erp, status, digest, total, currency, erp_number,"
                " acknowledged_as, first_attempt_at, receipt_at, window_ends_at, next_look_at) values (%s, 'shop',"
                " 'tryton', %s, 'a', 10, 'EUR', %s, %s, now(), now(), now(), now())",
                [str(key(number)), status, f"N{number}", f"N{number}"],
            )
            connection.execute(
                "insert into transactions (order_id, version, digest, source_status, reference, receipt,"
                " customer_account, distributor, currency, expected_lines, present_lines, details)"
                " values (%s, 1, 'a', '', 'R-1', '', 'C-1', '', 'EUR', 1, 1, '{}')",
                [number],
            )
            connection.execute(
                "insert into attempts (order_id, generation, opened_at, opened_by, grace_until, closed_at, outcome,"
                " receipt_number) values (%s, 1, now(), '', now(), now(), 'receipt', %s)",
                [number, f"N{number}"],
            )


@pytest.fixture
def migrated(database: str) -> Iterator[Any]:
    """That ledger after the migration, with a look behind it."""
    old_ledger(database)

    def connect() -> psycopg.Connection:
        return psycopg.connect(database)

    migrate(connect)
    with Ledger(connect) as ledger, session(connect) as connection:
        yield ledger, Sql(connection)


def test_its_orders_stay_what_they_are_and_belong_to_no_company_yet(migrated: tuple[Ledger, Sql]) -> None:
    ledger, sql = migrated
    assert [sql.order(number, STANDS) for number in (1, 2)] == [("succeeded", "N1", ""), ("sent", "N2", "")]
    (due,) = ledger.due("shop", ALL)
    assert (due.key, due.acknowledged_as) == (key(2), "N2")
    assert due.sent_at == sql.attempts(2, "opened_at")[0][0]
    assert due.doubt is not None
    assert due.doubt.total == Decimal(10)


def test_an_order_that_is_looked_up_again_is_confirmed_and_its_company_filled_in(migrated: tuple[Ledger, Sql]) -> None:
    ledger, sql = migrated
    assert settle(ledger, sql, Event.CONFIRMED, erp_number="N2", erp_company="North") == 1
    assert sql.order(2, STANDS) == ("succeeded", "N2", "North")


@pytest.mark.parametrize(("channel", "status"), [("shop", "conflict"), ("web", "succeeded")])
def test_its_numbers_are_those_of_the_company_that_sells_their_channel(
    migrated: tuple[Ledger, Sql], channel: str, status: str
) -> None:
    """The number of a done order comes again, for another order: with a company now."""
    ledger, sql = migrated
    queue(ledger, 3)
    sql.do("update orders set channel = %s where order_key = %s", channel, str(key(3)))
    sql.do(
        "update orders set status = 'sent', next_look_at = now(), window_ends_at = now() where order_key = %s",
        str(key(3)),
    )
    third = [each for each in ledger.due(channel, ALL) if each.key == key(3)]
    ledger.apply([change(each, Event.CONFIRMED, erp_number="N1", erp_company="South") for each in third], ACTOR)
    assert sql.order(3, STANDS) == (status, "N1", "South")
