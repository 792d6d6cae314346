"""Holds on the real ledger: what they stop, how they are told, probed and released."""

from order_sync.core.basics.actor import Actor
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.ledger import Ledger
from tests.ledger.steps import Sql

ADA = Actor(person="Ada", reason="stock-taking is over")


def test_who_released_a_hold_and_why_is_kept(ledger: Ledger, sql: Sql) -> None:
    ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, "stock-taking", Actor(person="Ada"))
    ledger.release_hold("erp_tryton", HoldKind.PERSON, ADA)
    assert sql.rows("select held_by, released_by, release_reason from holds") == [
        ("Ada", "Ada", "stock-taking is over")
    ]
