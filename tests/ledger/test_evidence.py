"""What stands against not finding an order in the ERP: a number that the ERP gave, and the grace of its sending."""

from datetime import timedelta

from order_sync.ledger import Ledger
from tests.ledger.steps import (
    ALL,
    GRACE,
    Sql,
    close,
    send,
)


def test_the_grace_counts_from_the_closing_since_the_order_may_have_waited_its_turn(ledger: Ledger, sql: Sql) -> None:
    """R44, R46"""
    sent = send(ledger, 1)
    sql.do("update attempts set opened_at = opened_at - interval '10 minutes'")
    close(ledger, sent.entries, None, "OUTCOME_UNKNOWN")
    waits = sql.one("select o.next_look_at - a.closed_at from orders o join attempts a on a.order_id = o.id")
    assert waits == timedelta(seconds=GRACE)
    sql.do("update orders set next_look_at = clock_timestamp()")
    (entry,) = ledger.due("shop", ALL)
    assert entry.doubt is not None
    assert entry.doubt.grace_until > ledger.now() + timedelta(seconds=GRACE - 60)
