"""A push sends many orders in one submit where the ERP takes them, and each meets a fate of its own."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from order_sync.core.errors import OrderSyncError, OutcomeUnknown, Transient
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.ports.erp import BatchLimits
from order_sync.core.sending.receipts import Answer
from order_sync.flows.sending.closing import RefusesEverything
from tests.flows.sending.test_turn import ready, send
from tests.memory.erp import MemoryErp

TEN = BatchLimits(10, 2)


@dataclass
class InBatches(MemoryErp):
    """An ERP that takes ten orders at a time. `lost` says at which submit no answer comes, counted from one."""

    batch_limits: BatchLimits = TEN
    sizes: list[int] = field(default_factory=list)
    lost: int = 0
    forgets: str = ""

    async def submit_all(self, orders: Collection[Order]) -> Mapping[OrderKey, Answer]:
        self.sizes.append(len(orders))
        answers: dict[OrderKey, Answer] = {}
        for order in orders:
            try:
                answers[order.key] = await self.submit(order)
            except (OrderSyncError, KeyError) as error:
                answers[order.key] = error
        if len(self.sizes) == self.lost:
            raise OutcomeUnknown("no answer")
        return {key: answer for key, answer in answers.items() if key.parts[0] != self.forgets}


async def test_orders_go_in_batches_that_are_as_large_as_the_erp_takes_them() -> None:
    ledger = ready(95)
    erp = InBatches(ledger.clock)
    assert (await send(ledger, erp)).counts == {"sent": 95}
    assert len(erp.submits) == len(set(erp.submits)) == 95
    assert max(erp.sizes) == 10
    assert len(erp.sizes) <= 12, erp.sizes


async def test_one_order_of_a_batch_may_fail_and_stops_no_other() -> None:
    ledger = ready(40)
    erp = InBatches(ledger.clock, script=["fine", "refused", "bug", "lost before"])
    assert (await send(ledger, erp)).counts == {"sent": 37, "refused": 1, "outcome_unknown": 2}
    assert ledger.counts("shop") == {Status.SENT: 37, Status.FAILED: 1, Status.SENDING: 2}


async def test_a_batch_whose_answer_is_lost_is_looked_up_and_no_other_is() -> None:
    ledger = ready(40)
    erp = InBatches(ledger.clock, lost=2)
    assert (await send(ledger, erp)).counts == {"sent": 30, "outcome_unknown": 10}
    ledger.clock.sleep(minutes=16)
    assert (await send(ledger, erp)).counts == {"confirmed": 40}
    assert len(erp.submits) == 40


async def test_an_order_that_the_adapter_does_not_answer_for_is_looked_up() -> None:
    ledger = ready(5)
    assert (await send(ledger, InBatches(ledger.clock, forgets="3"))).counts == {"sent": 4, "outcome_unknown": 1}


async def test_trouble_of_the_system_ends_the_push_after_what_is_known_is_on_record() -> None:
    ledger = ready(100)
    erp = InBatches(ledger.clock, script=["fine"] * 5 + ["away"] * 95)
    with pytest.raises(Transient, match="connection refused"):
        await send(ledger, erp)
    assert ledger.counts("shop")[Status.SENT] == 5
    assert ledger.counts("shop")[Status.QUEUED] == 95
    assert len(erp.sizes) <= 4, "no further batch is sent"


async def test_an_erp_that_takes_one_at_a_time_is_given_one_at_a_time() -> None:
    ledger = ready(5)
    erp = InBatches(ledger.clock, batch_limits=BatchLimits(1, 3))
    assert (await send(ledger, erp)).counts == {"sent": 5}
    assert erp.sizes == []


async def test_refusals_in_a_row_hold_the_erp_also_when_they_come_in_one_batch() -> None:
    ledger = ready(30)
    erp = InBatches(ledger.clock, script=["CURRENCY_MAPPING"] * 30)
    with pytest.raises(RefusesEverything, match="refused the last"):
        await send(ledger, erp)
    assert ledger.counts("shop")[Status.QUEUED] == 30
