"""What an attempt sent: kept with it, read back exactly, and counted as long as the ERP may have the order by it."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from order_sync import flows
from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import Event
from order_sync.core.order.maker import GuestPolicy, Made, Provenance, revision
from order_sync.core.order.model import Address, Charge, Line, Order
from order_sync.core.privacy.erasing import Whose
from order_sync.core.records.orders import Entry
from order_sync.core.requests.explain import ExplainRequest
from order_sync.core.requests.request import Known
from order_sync.core.sending.route import Route
from order_sync.flows import erase
from order_sync.ledger import Ledger, migrate
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Sql,
    change,
    claim,
    close,
    key,
    land,
    made_of,
    queue,
    send,
    settle,
)

MADE = Made(
    Order(
        key=key(1),
        reference="R-1",
        customer_account="Zoë 東京 \ud83d\x00",
        currency="TND",
        total=Decimal("12.3450"),
        placed_at=datetime(2026, 11, 20, 9, 59, 59, 123456, UTC),
        delivery_date=date(2026, 12, 1),
        ships=True,
        ship_to=Address("Ann", "1 High Street\nBack door", "Bristol", "BST", "BS1", "GB"),
        lines=(Line("1", "A", Decimal("1E+2"), Decimal("0.10"), "GB20", Decimal("20.0"), Decimal(-0)),),
        charges=(Charge("FREIGHT", Decimal("4"), "", None, Decimal("0.00")),),
    ),
    (),
    sound_money=True,
    provenance=Provenance(1, "a", "abc123"),
)


def entry(ledger: Ledger, number: int = 1) -> Entry:
    """The order as the ledger knows it."""
    (found,) = ledger.entries([key(number)])
    return found


def test_an_attempt_keeps_what_it_sends_and_what_that_was_made_of(ledger: Ledger, sql: Sql) -> None:
    queue(ledger, 1)
    claimed = claim(ledger)
    assert ledger.open(claimed, {key(1): MADE}, 120, 1800) == {key(1)}
    assert sql.rows("select version, digest, revision from attempts") == [(1, "a", "abc123")]
    assert json.loads(str(sql.one("select sent_order from attempts")))["total"] == "12.3450"
    assert entry(ledger).sent == MADE
    assert repr(entry(ledger).sent) == repr(MADE)


def test_a_look_that_does_not_find_what_an_earlier_one_saw_begun_says_that_it_is_gone(ledger: Ledger, sql: Sql) -> None:
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, sql, Event.HALF_MADE)
    sql.do("update orders set status = 'sending'")
    settle(ledger, sql, Event.ABSENT)
    assert sql.rows("select resolution, last_look from attempts") == [("half_made", "absent")]
    assert entry(ledger).sent is None


def test_what_a_lost_ledger_may_have_sent_hides_nothing_that_is_known(ledger: Ledger, sql: Sql) -> None:
    close(ledger, send(ledger, 1).entries, None)
    sql.do(
        "insert into attempts (order_id, generation, opened_at, opened_by, grace_until)"
        " select id, -1, clock_timestamp(), '', clock_timestamp() from orders"
    )
    assert entry(ledger).sent is not None


@pytest.mark.parametrize("forget", [False, True], ids=["erased", "forgotten"])
def test_what_was_sent_is_emptied_with_peoples_data_and_what_it_was_made_of_stays(
    ledger: Ledger, sql: Sql, forget: bool
) -> None:
    claimed = send(ledger, 1, 2)
    close(ledger, claimed.entries, Event.RECEIPT)
    settle(ledger, sql, Event.CONFIRMED)
    if forget:
        assert ledger.forget([key(1)], "run", ACTOR) == 1
    else:
        erase(ledger, Whose("shop", "", (key(1),)), None, "run", Actor(person="ada", reason="request 7"))
    assert sql.rows("select version, digest, revision, sent_order is null from attempts order by order_id") == [
        (1, "a", revision(GuestPolicy()), True),
        (1, "a", revision(GuestPolicy()), False),
    ]
    assert entry(ledger).sent is None


def test_explain_says_which_version_was_sent_when_and_under_which_revision(ledger: Ledger, sql: Sql) -> None:
    routes = {"shop": Route("shop", "tryton", datetime(2026, 1, 1, tzinfo=UTC), None)}
    send(ledger, 1)
    land(ledger, 1, digest="b", total="10.0")
    words = {"key": str(key(1)), "whole_order": True, "escalate": True}
    ask = ExplainRequest.read(words, Known({"shop": None}))
    answer = flows.explain(ask, ledger, routes, (), timedelta(minutes=30))
    name = revision(GuestPolicy())
    opened = sql.one("select opened_at from attempts")
    said = f"version 1 under revision {name}, {opened:%Y-%m-%d %H:%M} UTC; the channel has given version 2 since"
    assert answer.text.count(f"\nSent            {said}\n") == 2, "in the explanation, and for support"
    assert answer.text.count(f", version 1 under revision {name}: no result is recorded") == 2
    assert "As it was sent" not in answer.text
    assert f"As it was sent {opened:%Y-%m-%d %H:%M} UTC, version 1 under revision {name}\n" in answer.page
    assert "Customer        C-1\n" in answer.page.partition("As it was sent")[2]


def test_an_order_that_was_on_its_way_as_the_ledger_was_migrated_is_judged_as_before(database: str) -> None:
    def connect() -> psycopg.Connection:
        return psycopg.connect(database)

    migrate(connect, "0007")
    with connect() as connection:
        connection.execute("set search_path to order_sync")
        connection.execute(
            "insert into orders (order_key, channel, erp, status, version, digest, total, currency, first_attempt_at,"
            " window_ends_at, next_look_at) values (%s, 'shop', 'tryton', 'sending', 2, 'a', 10, 'EUR', now(), now(),"
            " now())",
            [str(key(1))],
        )
        connection.execute(
            "insert into transactions (order_id, version, digest, source_status, reference, receipt, customer_account,"
            " distributor, currency, expected_lines, present_lines, details)"
            " values (1, 2, 'a', '', 'R-1', '', 'C-1', '', 'EUR', 1, 1, '{}')"
        )
        connection.execute(
            "insert into attempts (order_id, generation, opened_at, opened_by, grace_until)"
            " values (1, 1, now(), '', now())"
        )
    migrate(connect)
    with Ledger(connect) as ledger:
        (due,) = ledger.due("shop", ALL)
        assert (due.version, due.sent) == (2, None)
        assert due.doubt is not None
        assert (due.doubt.total, due.doubt.currency) == (Decimal(10), "EUR")
        assert ledger.apply([change(due, Event.ABSENT)], ACTOR) == 1
        claimed = claim(ledger)
        assert ledger.open(claimed, made_of(claimed), 120, 1800) == {key(1)}
        assert entry(ledger).sent is not None
        assert [each.version for each in ledger.stories([key(1)])[key(1)].attempts] == [None, 2]
