"""Claim, open, close, release: each order is sent by one push at a time, with an attempt on record before and after."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Event
from order_sync.core.records.orders import Claim
from order_sync.ledger import Ledger
from order_sync.ledger.database import SESSION
from tests.ledger.steps import (
    ACTOR,
    LEASE,
    Connect,
    Sql,
    claim,
    close,
    key,
    open_all,
    queue,
)


def test_an_order_whose_next_attempt_is_not_due_is_left(ledger: Ledger, sql: Sql) -> None:
    """R38"""
    queue(ledger, 1)
    sql.do("update orders set next_attempt_at = clock_timestamp() + interval '1 minute'")
    assert not claim(ledger).entries


def test_what_is_left_for_the_next_push_is_what_it_may_claim(ledger: Ledger, sql: Sql) -> None:
    queue(ledger, *range(1, 6))
    sql.do(
        "update orders set next_attempt_at = clock_timestamp() + interval '1 hour' where order_key = %s", str(key(1))
    )
    sql.do("update orders set first_attempt_at = clock_timestamp() where order_key = %s", str(key(2)))
    assert ledger.queued("shop", sent_before=False) == 3
    assert ledger.queued("other", sent_before=True) == 0
    assert ledger.queued("shop", sent_before=True) == len(claim(ledger).entries) == 4
    assert ledger.queued("shop", sent_before=True) == 0, "what another push has claimed is not left"


@pytest.mark.parametrize(
    ("change", "waits"),
    [
        ("select", True),
        ("update orders set next_attempt_at = clock_timestamp() + interval '1 hour'", False),
        ("update orders set lease_until = clock_timestamp() + interval '1 minute'", False),
        ("update orders set first_attempt_at = clock_timestamp()", False),
        ("update orders set status = 'failed'", False),
        ("update watermarks set stored_at = clock_timestamp() - interval '61 minutes'", False),
        ("delete from watermarks", False),
    ],
)
def test_a_channel_waits_while_it_is_read_and_has_an_order_that_a_push_could_send(
    ledger: Ledger, sql: Sql, change: str, waits: bool
) -> None:
    queue(ledger, 1)
    ledger.record("shop", "tryton", [], Watermark("one database", 1), ACTOR)
    sql.do(change)
    assert ledger.waits(["shop", "other"], sent_before=False) is waits
    assert not ledger.waits(["other"], sent_before=False)
    assert not ledger.waits([], sent_before=False)


def test_two_claims_at_once_share_the_orders_and_none_is_in_both(connect: Connect) -> None:
    """R38"""
    with Ledger(connect) as ledger, ThreadPoolExecutor(4) as pool:
        queue(ledger, *range(1, 201))
        claims = list(pool.map(lambda run: ledger.claim("shop", 60, LEASE, Actor(f"run {run}")), range(4)))
        keys = [entry.key for claimed in claims for entry in claimed.entries]
        assert len(keys) == len(set(keys))
        rest = [entry.key for entry in claim(ledger).entries]
        assert len(keys) + len(rest) == 200


def test_a_claim_passes_over_what_another_is_claiming_and_waits_for_nobody(
    connect: Connect, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R38"""
    monkeypatch.setitem(SESSION, "longest_wait", "1s")
    with Ledger(connect) as ledger, sql.connection.transaction():
        queue(ledger, 1, 2)
        sql.do("select from orders where order_key = %s for update", str(key(1)))
        assert [entry.key for entry in claim(ledger).entries] == [key(2)]


def test_an_attempt_is_opened_while_others_are_closed(connect: Connect) -> None:
    """The push opens and closes from two threads at a time."""
    with Ledger(connect) as ledger, ThreadPoolExecutor(2) as pool:
        queue(ledger, *range(1, 101))
        claimed = claim(ledger)
        batches = [claimed.entries[start : start + 10] for start in range(0, 100, 10)]
        opened = pool.submit(open_all, ledger, Claim(batches[0], LEASE))
        for batch, following in zip(batches, [*batches[1:], []], strict=True):
            assert len(opened.result()) == 10
            closing = pool.submit(close, ledger, batch, Event.RECEIPT)
            opened = pool.submit(open_all, ledger, Claim(following, LEASE))
            closing.result()
        assert ledger.counts("shop") == {"sent": 100}
