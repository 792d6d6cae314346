"""Landing: what a batch makes of new, changed and known transactions, together with the watermark or not at all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.watermark import Sample, Watermark
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import Change
from order_sync.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    Connect,
    Sql,
    close,
    fail,
    key,
    land,
    landing,
    queue,
    send,
    settle,
    transaction,
)

VERSIONS = (
    "select t.version, t.digest from transactions t join orders o on o.id = t.order_id"
    " where order_key = %s order by t.version"
)


def test_new_transactions_are_counted_by_disposition_and_have_a_first_history_row(ledger: Ledger, sql: Sql) -> None:
    landings = [landing(1), landing(2), landing(3, Status.WAITING), landing(4, Status.NOT_AN_ORDER)]
    counts = ledger.record("shop", "tryton", landings, None, ACTOR)
    assert {name: number for name, number in counts.items() if number} == {
        "new": 4,
        "orders": 2,
        "waiting": 1,
        "not_an_order": 1,
    }
    assert sql.rows("select from_status, event, to_status, by, why, code from order_history order by order_id") == [
        (None, "landed", "received", ACTOR.by, ACTOR.reason, None),
        (None, "landed", "received", ACTOR.by, ACTOR.reason, None),
        (None, "landed", "waiting", ACTOR.by, ACTOR.reason, "lines_missing"),
        (None, "landed", "not_an_order", ACTOR.by, ACTOR.reason, "voided"),
    ]


def test_the_same_digest_writes_nothing(ledger: Ledger, sql: Sql) -> None:
    land(ledger, 1)
    before = sql.rows("select xmin, orders.* from orders")
    assert {name: number for name, number in land(ledger, 1).items() if number} == {"unchanged": 1}
    assert sql.rows("select xmin, orders.* from orders") == before
    assert sql.events(1) == ["landed"]


def test_a_changed_digest_is_a_new_version_and_another_generation(ledger: Ledger, sql: Sql) -> None:
    """R11"""
    land(ledger, 1)
    ((before,),) = sql.rows("select generation from orders")
    assert land(ledger, 1, digest="b", reference="R-new")["changed"] == 1
    assert sql.rows(VERSIONS, str(key(1))) == [(1, "a"), (2, "b")]
    assert sql.order(1, "generation, digest, version") == (before + 1, "b", 2)
    (entry,) = ledger.to_validate("shop", None, 10)
    assert entry.transaction.reference == "R-new"


def suspect_the_configuration(ledger: Ledger, number: int = 2, code: str = "PERIOD_CLOSED") -> int:
    """Take the refusals back, as a push does that sees so many in a row; returns how many held."""
    again = [
        Change(each.key, each.generation, Status.FAILED, Event.CONFIGURATION_SUSPECTED, Status.QUEUED)
        for each in ledger.refused_in_a_row("tryton", code, number)
    ]
    return ledger.apply(again, ACTOR)


def test_an_order_that_failed_for_another_reason_since_is_not_queued_again_with_those_that_were_refused(
    ledger: Ledger, sql: Sql
) -> None:
    close(ledger, send(ledger, 1, 2).entries, Event.REFUSED, "TAX_MAPPING", "no")
    land(ledger, 1, digest="b")
    fail(ledger)
    sql.do("update orders set code = 'TAX_MAPPING' where order_key = %s", str(key(1)))
    close(ledger, send(ledger, 3).entries, Event.REFUSED, "TAX_MAPPING", "no")
    assert suspect_the_configuration(ledger, 3, "TAX_MAPPING") == 2
    assert [sql.status(number) for number in (1, 2, 3)] == ["failed", "queued", "queued"]


@pytest.mark.parametrize("bring", [land, queue, fail, send])
def test_a_channel_that_only_moves_its_own_status_on_changes_nothing_of_the_order(
    ledger: Ledger, sql: Sql, bring: Any
) -> None:
    bring(ledger, 1)
    before, events = sql.order(1, "status, generation, lease_until, code, message"), sql.events(1)
    posted = replace(landing(1), transaction=replace(transaction(1), digest="b", source_status="posted"))
    assert ledger.record("shop", "tryton", [posted], None, ACTOR)["changed"] == 1
    assert sql.order(1, "status, generation, lease_until, code, message") == before
    assert sql.events(1) == events
    assert sql.rows(VERSIONS, str(key(1))) == [(1, "a"), (2, "b")]


def test_what_changed_before_sending_is_in_the_history_in_words(ledger: Ledger, sql: Sql) -> None:
    queue(ledger, 1)
    land(ledger, 1, digest="b")
    assert sql.rows("select event, message from order_history order by id desc limit 1") == [
        ("changed", "total 10.00 -> 198.00")
    ]


@pytest.fixture
def rebuilt(ledger: Ledger) -> Callable[[], None]:
    """What makes the channel's database another one, which a person accepts."""

    def rebuild() -> None:
        ledger.accept_fingerprint("channel_shop", f"database {uuid4()}", Actor(person="ursula", reason="rebuilt"))

    ledger.check_fingerprint("channel_shop", "database 1")
    return rebuild


@pytest.mark.parametrize("bring", [land, queue, fail, send])
def test_another_order_under_the_same_key_of_a_rebuilt_database_is_a_conflict(
    ledger: Ledger, sql: Sql, rebuilt: Callable[[], None], bring: Any
) -> None:
    bring(ledger, 1)
    rebuilt()
    land(ledger, 1, digest="b")
    assert sql.order(1, "status, code") == ("conflict", "ORDER_CONFLICT")
    assert sql.order(1, "message")[0] == (
        "the channel's new database has another order under this key: total 10.00 -> 198.00:"
        " a person compares the two and decides"
    )
    assert sql.events(1)[-1] == "key_reused"


def test_an_order_that_a_rebuilt_database_holds_as_it_was_goes_on_and_may_change_there(
    ledger: Ledger, sql: Sql, rebuilt: Callable[[], None]
) -> None:
    queue(ledger, 1)
    rebuilt()
    assert land(ledger, 1)["unchanged"] == 1
    assert sql.status(1) == "queued"
    land(ledger, 1, digest="b")
    assert sql.status(1) == "received"


def test_an_order_that_is_received_again_begins_anew(ledger: Ledger, sql: Sql) -> None:
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP", "no")
    sql.do("update orders set resends = 2, received_at = received_at - interval '1 day'")
    land(ledger, 1, digest="b")
    begun = "status, first_attempt_at, receipt_at, window_ends_at, next_look_at, resends, code, message, problems"
    assert sql.order(1, begun) == ("received", None, None, None, None, 0, None, "", [])
    assert sql.one("select received_at > clock_timestamp() - interval '1 minute' from orders")


def test_what_was_placed_before_the_start_keeps_key_digest_and_reason_only(ledger: Ledger, sql: Sql) -> None:
    early = replace(landing(1, Status.NOT_AN_ORDER), reason="before_start", keep_body=False)
    assert ledger.record("shop", "tryton", [early], None, ACTOR)["not_an_order"] == 1
    assert sql.one("select count(*) from transactions") == 0
    assert sql.order(1, "digest, reason") == ("a", "before_start")


def test_of_a_key_that_comes_twice_in_a_batch_the_last_counts(ledger: Ledger, sql: Sql) -> None:
    batch = [landing(1, digest="a"), landing(2), landing(1, digest="b")]
    counts = ledger.record("shop", "tryton", batch, None, ACTOR)
    assert (counts["new"], counts["changed"], counts["unchanged"]) == (2, 0, 1)
    assert sql.rows(VERSIONS, str(key(1))) == [(1, "b")]
    batch = [landing(1, digest="c"), landing(1, digest="d")]
    assert ledger.record("shop", "tryton", batch, None, ACTOR)["changed"] == 1
    assert sql.rows(VERSIONS, str(key(1))) == [(1, "b"), (2, "d")]


def test_the_watermark_and_its_rows_are_stored_together_or_not_at_all(ledger: Ledger, sql: Sql) -> None:
    mark = Watermark("db 1", 7, (Sample(9, 1234, datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)),))
    too_big = replace(landing(2), transaction=transaction(2, expected_lines=2**40))
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        ledger.record("shop", "tryton", [landing(1), too_big], mark, ACTOR)
    assert ledger.watermark("shop") is None
    assert sql.one("select count(*) from orders") == 0
    ledger.record("shop", "tryton", [landing(1)], mark, ACTOR)
    assert ledger.watermark("shop") == mark


def test_two_extracts_may_land_the_same_batch_at_once(connect: Connect, sql: Sql) -> None:
    batch = [landing(number) for number in range(1, 401)]
    changed = [landing(number, digest="b") for number in range(1, 401)]
    with Ledger(connect) as ledger, ThreadPoolExecutor(4) as pool:
        for landings, name in ((batch, "new"), (changed, "changed")):
            ordered = [landings, landings, landings[100:300], landings[:200]]
            results = list(pool.map(lambda part: ledger.record("shop", "tryton", part, None, Actor("run")), ordered))
            assert sum(result[name] for result in results) == 400
    assert sql.rows("select version, count(*) from transactions group by 1 order by 1") == [(1, 400), (2, 400)]
    assert sql.rows("select event, count(*) from order_history group by 1 order by 1") == [
        ("changed", 400),
        ("landed", 400),
    ]


def test_a_nul_character_and_half_a_surrogate_pair_are_stored_as_signs_for_them(ledger: Ledger) -> None:
    land(ledger, 1, reference="A\x00B", details='{"lines": ["\x00"]}', source_status="\ud83d")
    (entry,) = ledger.to_validate("shop", None, 10)
    assert entry.transaction.reference == "A␀B"
    assert entry.transaction.details == '{"lines": ["␀"]}'
    assert entry.transaction.source_status == "?"


LONG = token_hex(5000)
"""Text that no compression makes much shorter."""


def test_an_erp_number_that_is_too_long_is_not_told_as_an_orders_key_alone(ledger: Ledger, sql: Sql) -> None:
    """R173"""
    send(ledger, 1)
    with pytest.raises(
        Misconfigured, match=r"an ERP number or code, is too long: .* or of the ERP, provides a shorter one"
    ):
        settle(ledger, sql, Event.CONFIRMED, erp_number=LONG)


def test_a_key_that_is_too_long_to_be_stored_is_told_as_what_it_is(ledger: Ledger) -> None:
    """R173"""
    usual = landing(1)
    long, most = (
        replace(usual, transaction=replace(usual.transaction, key=OrderKey("shop", (LONG[:number],))))
        for number in (len(LONG), 1995)
    )
    assert ledger.record("shop", "tryton", [most], None, ACTOR)["new"] == 1
    with pytest.raises(
        Misconfigured,
        match=r"an order's key.* is too long: at most 2,000 bytes .*; the maintainer of the channel's SQL",
    ):
        ledger.record("shop", "tryton", [long], None, ACTOR)
