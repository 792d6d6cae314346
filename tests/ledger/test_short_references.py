"""An ERP that takes none of our keys, beside the real ledger: compared, restored, backfilled, explained and erased."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from order_sync import flows
from order_sync.core.basics.actor import Actor
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.order.model import OrderKey
from order_sync.core.order.references import SHORT_CHARACTERS, ReferenceField, short_of
from order_sync.core.privacy.erasing import Whose
from order_sync.core.requests.explain import ExplainRequest
from order_sync.core.requests.request import Known
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.flows import compare_erp, erase
from order_sync.ledger import Ledger, migrate
from tests.flows.systems.test_references import ByReference
from tests.ledger.flowing import ROUTE, confirm, fill, old, queue, read, send
from tests.ledger.shop import NOW, Shop
from tests.ledger.steps import ACTOR, Sql, key
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import Sale

NO_KEY = ReferenceField(characters=SHORT_CHARACTERS)
FIRST, SECOND = transaction(1).key, transaction(2).key


def narrow(clock: Clock) -> ByReference:
    """An ERP that takes no key and confirms at once."""
    return ByReference(clock, confirms_after=NOW, takes=NO_KEY)


@pytest.fixture
def erp() -> ByReference:
    """Such an ERP, on a clock of its own."""
    return narrow(Clock())


def put(erp: ByReference, bears: str, number: str, state: ErpOrderState = ErpOrderState.CONFIRMED) -> Sale:
    """Put an order into the ERP that bears this, however it came there."""
    filed = OrderKey("erp", (bears,))
    erp.borne[str(filed)] = bears
    sale = Sale(state, Decimal("10.00"), "EUR", erp.clock.now, number)
    erp.sales.setdefault(filed, []).append(sale)
    return sale


def kept(sql: Sql) -> dict[str, str]:
    """Which orders have which short references."""
    return dict(sql.rows("select order_key, short_reference from orders where short_reference is not null"))


def compared(ledger: Ledger, erp: ByReference) -> dict[str, int]:
    return asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts


def test_what_was_sent_under_short_references_is_no_stranger_to_the_comparison(
    ledger: Ledger, erp: ByReference, sql: Sql
) -> None:
    queue(ledger, erp, MemoryChannel([transaction(1), transaction(2)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    assert ledger.counts("shop") == {"succeeded": 2}
    assert kept(sql) == {str(each): short_of(each) for each in (FIRST, SECOND)}
    assert compared(ledger, erp) == {"compared": 2}


def test_a_second_order_in_the_erp_under_one_short_reference_is_a_conflict(
    ledger: Ledger, erp: ByReference, sql: Sql
) -> None:
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    put(erp, short_of(FIRST), "SO-2")
    assert compared(ledger, erp)["two_in_erp"] == 1
    assert sql.rows("select status, code from orders") == [("conflict", "ORDER_CONFLICT")]


def test_an_order_that_lives_in_the_erp_under_its_short_reference_and_failed_here_is_a_finding(
    ledger: Ledger, erp: ByReference
) -> None:
    erp.script = ["refused"]
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    put(erp, short_of(FIRST), "SO-2", ErpOrderState.TAKEN)
    erp.made_at = {filed: erp.clock.now + timedelta(days=1) for filed in erp.sales}
    assert compared(ledger, erp) == {"compared": 1, "not_done": 1}
    (finding,) = ledger.untold(["erp_erp"])
    assert (finding.kind, finding.subject) == (FindingKind.NOT_DONE, "shop:1")


def test_an_open_order_that_this_ledger_never_sent_is_told_by_its_key(
    ledger: Ledger, erp: ByReference, sql: Sql
) -> None:
    """A short reference tells no key, so that it is computed, of open orders alone."""
    queue(ledger, erp, MemoryChannel([transaction(1), transaction(2), transaction(3)]))
    sql.do("update orders set status = 'ignored' where order_key = 'shop:3'")
    put(erp, short_of(SECOND), "SO-8")
    put(erp, short_of(transaction(3).key), "SO-9")
    assert compared(ledger, erp) == {"compared": 2, "never_sent": 2}
    assert {(each.subject, each.detail) for each in ledger.untold(["erp_erp"])} == {("SO-8", "shop:2"), ("SO-9", "")}
    assert kept(sql) == {"shop:2": short_of(SECOND)}


def test_what_people_write_in_the_place_of_a_reference_is_told_without_it(ledger: Ledger, erp: ByReference) -> None:
    put(erp, "Mr. Smith", "SO-8")
    assert compared(ledger, erp) == {"compared": 1, "never_sent": 1}
    assert ledger.untold(["erp_erp"]) == [Finding("erp_erp", FindingKind.NEVER_SENT, "SO-8", "")]


def test_what_a_lost_ledger_sent_under_short_references_is_found_and_kept_again(shop: Shop) -> None:
    shop.erp = narrow(Clock(datetime.now(UTC)))
    shop.sell(1, 2)
    shop.read()
    backup_at = shop.back_up()
    shop.run()
    assert shop.statuses() == {"succeeded": 2}
    shop.lose_it()
    assert (shop.statuses(), kept(shop.sql)) == ({"queued": 2}, {})
    shop.restore(backup_at)
    shop.run()
    assert shop.statuses() == {"succeeded": 2}
    assert len(shop.erp.submits) == 2, "nothing is sent twice"
    assert kept(shop.sql) == {str(each): short_of(each) for each in (FIRST, SECOND)}
    assert compared(shop.ledger, shop.erp) == {"compared": 2}


def test_what_the_erp_has_under_its_short_reference_is_not_backfilled(ledger: Ledger, erp: ByReference) -> None:
    channel = MemoryChannel([old(1), old(2)])
    read(ledger, channel)
    put(erp, short_of(old(1).key), "SO-1")
    assert fill(ledger, erp, channel) == ({"backfilled": 1, "in_erp_before_start": 1}, False)


def explained(ledger: Ledger, text: str) -> str:
    ask = ExplainRequest.read({"key": text, "escalate": True}, Known({"shop": None}))
    return flows.explain(ask, ledger, {"shop": ROUTE}, (), timedelta(minutes=30)).text


def test_an_order_is_explained_by_the_reference_that_the_erp_shows(ledger: Ledger, erp: ByReference, sql: Sql) -> None:
    queue(ledger, erp, MemoryChannel([transaction(1), transaction(2)]))
    send(ledger, erp)
    for typed in (short_of(FIRST), short_of(FIRST).lower(), f" {short_of(FIRST)} "):
        text = explained(ledger, typed)
        assert text.startswith("Order shop:1\n")
        said = f"erp: number SO1, 'taken', external reference {short_of(FIRST)}; "
        assert text.count(f"\nIn the ERP      {said}") == 2
    ask = ExplainRequest.read({"key": short_of(FIRST), "whole_order": True}, Known({"shop": None}))
    page = flows.explain(ask, ledger, {"shop": ROUTE}, (), timedelta(minutes=30)).page
    assert f"Its external reference in the ERP is {short_of(FIRST)}." in page
    assert sql.rows("select order_key from order_list where short_reference = %s", short_of(SECOND)) == [("shop:2",)]


def test_a_reference_that_no_order_has_is_said_so(ledger: Ledger) -> None:
    text = explained(ledger, short_of(FIRST))
    assert "The ledger has no order under this reference: " in text


def test_an_erasure_keeps_what_the_order_bears_as_it_keeps_the_key(ledger: Ledger, erp: ByReference, sql: Sql) -> None:
    """It is made of the key alone and names nobody, but the ERP shows it."""
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    erase(ledger, Whose("shop", "", (FIRST,)), None, "run", Actor(person="ada", reason="request 7"))
    assert kept(sql) == {"shop:1": short_of(FIRST)}
    assert compared(ledger, erp) == {"compared": 1}


def test_what_was_sent_before_there_were_short_references_bears_its_key(database: str) -> None:
    def connect() -> psycopg.Connection:
        return psycopg.connect(database)

    migrate(connect, "0009")
    with connect() as connection:
        connection.execute("set search_path to order_sync")
        connection.execute(
            "insert into orders (order_key, channel, erp, status, digest, total, currency, window_ends_at)"
            " select 'shop:S1/0000' || n, 'shop', 'tryton', case when n = 3 then 'received' else 'sending' end,"
            "  'a', 10, 'EUR', now() from generate_series(1, 3) n"
        )
        connection.execute(
            "insert into transactions (order_id, version, digest, source_status, reference, receipt, customer_account,"
            " distributor, currency, expected_lines, present_lines, details)"
            " select id, 1, 'a', '', '', '', '', '', '', 1, 1, '' from orders"
        )
        connection.execute(
            "insert into attempts (order_id, generation, opened_at, opened_by, grace_until, closed_at, outcome)"
            " select id, 1, now(), '', now(), now(), case id when 1 then 'unknown' else 'refused' end from orders"
            " where id < 3"
        )
    migrate(connect)
    with Ledger(connect) as ledger:
        found = {entry.key: entry.short_reference for entry in ledger.entries([key(1), key(2), key(3)])}
    assert found == {key(1): "", key(2): None, key(3): None}
