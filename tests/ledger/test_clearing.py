"""What the ledger hands out to cleared tasks, what it keeps back, and what a run did to its orders."""

from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import Event
from order_sync.ledger import Ledger
from tests.ledger.steps import (
    Sql,
    close,
    fail,
    send,
)

CLEARED = Actor("sync_orders__shop/run 1/push", reason="push of run 1 was cleared after try 1")

HISTORY = "select event, by, why from order_history order by id desc limit 1"


def refuse(ledger: Ledger, *numbers: int, code: str = "REJECTED_BY_ERP") -> None:
    close(ledger, send(ledger, *numbers).entries, Event.REFUSED, code, "no")


def test_what_the_rules_failed_is_judged_again_in_the_name_of_who_cleared(ledger: Ledger, sql: Sql) -> None:
    fail(ledger, 1, 2)
    assert ledger.judge_again("shop", "tryton", CLEARED) == 2
    assert sql.order(1, "status, code, message, problems") == ("received", None, "", [])
    assert sql.events(1)[-1] == "resync"
    assert sql.rows(HISTORY) == [("resync", CLEARED.by, CLEARED.reason)]


def test_what_was_sent_or_lacks_its_lines_is_not_judged_again(ledger: Ledger, sql: Sql) -> None:
    refuse(ledger, 1)
    sql.do("update orders set problems = %s", '[{"code": "SKU_NOT_FOUND"}]')
    assert ledger.judge_again("shop", "tryton", CLEARED) == 0
    assert sql.status(1) == "failed"


def test_only_so_many_looks_are_brought_forward_the_nearest_first(ledger: Ledger, sql: Sql) -> None:
    close(ledger, send(ledger, 1, 2, 3).entries, Event.RECEIPT)
    sql.do("update orders set next_look_at = clock_timestamp() + (4 - id %% 10) * interval '1 hour'")
    assert ledger.look_now("shop", 2) == 2
    later = "select order_key from orders where next_look_at > clock_timestamp()"
    assert len(sql.rows(later)) == 1
