"""What the ledger learns of the ERP's reference data: whole, by code, or not at all, and what orders do meanwhile."""

import asyncio
import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.errors import Transient
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Transaction
from order_sync.core.order.parsing import LONGEST_CODE
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, refresh_reference, validate
from order_sync.flows.intake import reference as asking
from tests.memory.channel import DETAILS, MemoryChannel, transaction
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("test")
AGE = timedelta(minutes=15)
TEA: Wanted = ("sku", "TEA")
USUAL: set[Wanted] = {TEA, ("customer", "C-1"), ("currency", "EUR")}
"""What `transaction()` names."""


def of(number: int, sku: str) -> Transaction:
    """An order of this article."""
    return transaction(number, details=json.dumps({**json.loads(DETAILS), "lines": [_line(sku)]}))


def _line(sku: str) -> dict[str, object]:
    return {**json.loads(DETAILS)["lines"][0], "sku": sku}


class Shop:
    """A channel, an ERP that is asked by code, and the ledger between them."""

    def __init__(self, *rows: Transaction, **erp: object) -> None:
        self.ledger = MemoryLedger()
        self.channel = MemoryChannel(list(rows))
        self.erp = MemoryErp(self.ledger.clock, **{"by_code": True, **erp})  # type: ignore[arg-type]

    def sell(self, *rows: Transaction) -> None:
        self.channel.rows += rows
        extract(ROUTE, self.channel, self.ledger, ACTOR)

    def learn(self, max_age: timedelta = AGE) -> Summary:
        """Read the channel, then ask the ERP."""
        self.sell()
        return asyncio.run(refresh_reference(ROUTE, self.erp, self.ledger, ACTOR, max_age))

    def judge(self) -> Summary:
        return validate(ROUTE, self.ledger, ACTOR)

    def asked(self) -> list[Wanted]:
        """What the ERP was asked for since this was called last."""
        asked, self.erp.asked_for = self.erp.asked_for, []
        return sorted(asked)

    def push(self) -> dict[str, int]:
        return asyncio.run(push(ROUTE, self.erp, self.ledger, ACTOR, Policy("unique_key"), Settings())).counts

    def status(self, number: int = 1) -> Status:
        return self.ledger.status(number)


def test_an_erp_that_knows_nothing_gets_every_order_whose_own_content_is_sound() -> None:
    empty = transaction(3, details=json.dumps({**json.loads(DETAILS), "lines": []}), total="0")
    shop = Shop(of(1, "TEA"), of(2, "NOBODY HAS IT"), empty, kinds=frozenset(), by_code=False)
    assert shop.learn().counts == {}
    summary = shop.judge()
    assert summary.counts == {"valid": 2, "invalid": 1, "ORDER_EMPTY": 1}
    assert "not checked before sending, since the ERP does not provide it: sku, customer, currency" in str(summary)
    assert shop.push() == {"sent": 2}


def test_each_order_says_what_was_not_checked() -> None:
    shop = Shop(of(1, "TEA"), kinds=frozenset({"customer", "currency"}))
    shop.learn()
    shop.judge()
    row = shop.ledger.rows[transaction(1).key]
    assert (row.status, row.code, row.message) == (
        Status.QUEUED,
        None,
        "not checked before sending, since the ERP does not provide it: sku",
    )
    assert shop.asked() == [("currency", "EUR"), ("customer", "C-1")]


def test_an_order_of_which_all_was_checked_says_nothing() -> None:
    shop = Shop(of(1, "TEA"))
    shop.learn()
    assert shop.judge().notes == []
    assert shop.ledger.rows[transaction(1).key].message == ""


def test_an_erp_by_code_is_asked_for_what_orders_name_and_for_each_code_once() -> None:
    shop = Shop(*(of(number, "TEA") for number in range(1, 2001)), of(2001, "COFFEE"))
    assert shop.learn().counts == {"codes": 3, "codes_not_there": 1}
    assert shop.asked() == sorted({*USUAL, ("sku", "COFFEE")})
    assert shop.judge().counts == {"valid": 2000, "invalid": 1, "SKU_NOT_FOUND": 1}


def test_a_code_is_not_asked_for_again_while_its_answer_is_young() -> None:
    shop = Shop(of(1, "TEA"))
    shop.learn()
    shop.judge()
    shop.asked()
    shop.ledger.clock.sleep(minutes=14)
    shop.sell(of(2, "TEA"), of(3, "COFFEE"))
    shop.learn()
    assert shop.asked() == [("sku", "COFFEE")]
    shop.ledger.clock.sleep(minutes=2)
    shop.learn()
    assert shop.asked() == sorted(USUAL), "order 2 and 3 wait for their validation and name them"
    shop.judge()
    shop.learn()
    assert shop.asked() == []


def test_a_clear_asks_for_young_answers_too() -> None:
    shop = Shop(of(1, "TEA"))
    shop.learn()
    shop.asked()
    shop.learn(timedelta(0))
    assert shop.asked() == sorted(USUAL)


def test_what_brings_failed_orders_back_is_asked_for_again_until_the_erp_has_it() -> None:
    shop = Shop(of(1, "TEA"), of(2, "COFFEE"), knows={TEA: None})
    shop.learn()
    shop.judge()
    assert (shop.status(1), shop.status(2)) == (Status.FAILED, Status.FAILED)
    shop.erp.knows = {}
    shop.asked()
    assert shop.learn().counts == {}, "the answer is young"
    shop.ledger.clock.sleep(minutes=16)
    assert shop.learn().counts == {"codes": 1, "codes_not_there": 1, "orders_to_validate_again": 1}
    assert shop.asked() == [("sku", "COFFEE"), TEA], "and none of what was right with them"
    shop.judge()
    assert (shop.status(1), shop.status(2)) == (Status.QUEUED, Status.FAILED)


def test_what_the_erp_refused_comes_back_once_it_was_asked_again_for_what_may_cure_it() -> None:
    shop = Shop(of(1, "TEA"), script=["SKU_NOT_SALABLE", "SKU_NOT_SALABLE"])
    shop.learn()
    shop.judge()
    assert shop.push() == {"refused": 1}
    shop.sell(of(2, "COFFEE"))
    shop.learn()
    assert shop.status(1) is Status.FAILED, "nobody asked for TEA since"
    shop.ledger.clock.sleep(minutes=16)
    shop.learn()
    shop.judge()
    assert shop.push() == {"refused": 1}
    shop.ledger.clock.sleep(minutes=16)
    shop.learn()
    assert shop.status(1) is Status.FAILED, "after the second refusal an answer must differ"
    shop.erp.knows = {TEA: {"salable": True, "digits": 2}}
    shop.ledger.clock.sleep(minutes=16)
    shop.learn()
    assert shop.status(1) is Status.RECEIVED


def test_what_the_erp_refused_for_a_kind_that_it_cannot_tell_does_not_come_back_by_itself() -> None:
    shop = Shop(of(1, "TEA"), kinds=frozenset(), by_code=False, script=["SKU_NOT_FOUND"])
    shop.learn()
    shop.judge()
    assert shop.push() == {"refused": 1}
    shop.ledger.clock.sleep(minutes=16)
    shop.learn()
    assert shop.status() is Status.FAILED


def test_an_order_with_a_code_that_the_erp_was_never_asked_for_waits_and_is_counted() -> None:
    shop = Shop(of(1, "TEA"))
    shop.learn()
    shop.sell(of(2, "COFFEE"))
    shop.erp.down = True
    assert shop.learn().counts == {"stale": 1}
    assert shop.judge().counts == {"valid": 1, "waits_for_reference": 1}
    assert (shop.status(1), shop.status(2)) == (Status.QUEUED, Status.RECEIVED)
    assert shop.ledger.validated == set(), "a report waits until each order was judged once"
    shop.erp.down = False
    shop.learn()
    assert shop.judge().counts == {"invalid": 1, "SKU_NOT_FOUND": 1}
    assert shop.ledger.validated == {"shop"}


def test_without_any_answer_orders_wait_and_an_erp_that_is_away_is_an_error() -> None:
    shop = Shop(of(1, "TEA"), down=True)
    with pytest.raises(Transient):
        shop.learn()
    with pytest.raises(Transient, match="no copy of the reference data"):
        shop.judge()


def test_what_was_answered_before_the_erp_went_away_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class GoesAway(MemoryErp):
        async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
            answer = await super().reference(wanted)
            self.down = True
            return answer

    monkeypatch.setattr(asking, "PORTION", 2)
    shop = Shop(of(1, "TEA"))
    shop.erp = GoesAway(shop.ledger.clock, by_code=True)
    with pytest.raises(Transient):
        shop.learn()
    assert len(shop.asked()) == 2
    shop.erp.down = False
    shop.learn()
    assert len(shop.asked()) == 1


def test_one_order_with_an_endless_code_does_not_stop_the_questions_of_the_others() -> None:
    shop = Shop(of(1, "TEA"), of(2, "A" * (LONGEST_CODE + 1)))
    shop.learn()
    assert shop.asked() == sorted(USUAL)
    shop.judge()
    assert (shop.status(1), shop.status(2)) == (Status.QUEUED, Status.FAILED)


def test_an_adapter_that_answers_what_nobody_asked_for_changes_nothing() -> None:
    class TellsMore(MemoryErp):
        async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
            return reference(self.clock.now)

    shop = Shop(of(1, "TEA"))
    shop.erp = TellsMore(shop.ledger.clock, by_code=True)
    shop.learn()
    assert set(shop.ledger.copies["erp"].facts) == USUAL


@pytest.mark.parametrize("before", [{"by_code": False}, {"kinds": frozenset({"sku"})}])
def test_a_copy_that_another_release_of_the_adapter_made_does_not_serve(before: dict[str, Any]) -> None:
    shop = Shop(of(1, "TEA"), **before)
    shop.learn()
    shop.erp = MemoryErp(shop.ledger.clock, by_code=True)
    shop.learn()
    assert shop.ledger.copies["erp"].knows == shop.erp.kinds
    assert set(shop.asked()) >= USUAL - {TEA}
    assert shop.judge().counts == {"valid": 1}
