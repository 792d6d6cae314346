"""A second submit of a key makes no second order, and another order under a taken key is a conflict."""

import asyncio
from typing import Any

import pytest

from order_sync.core.errors import (
    OrderConflict,
    OutcomeUnknown,
)
from order_sync.core.sending.receipts import Receipt
from order_sync.core.settling.erp_orders import ErpOrderState
from tests.contract.erp.asking import answered, begin_wholly, doubled, due, over, proof, twice_as_many
from tests.contract.erp_subject import Subject, needs


async def test_a_second_submit_of_a_key_makes_no_second_order(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp, subject.erp() as another:
        before = await subject.count(erp, order.key.channel)
        first = await erp.submit(order)
        if erp.traits.guarantee == "unique_key":
            again = await another.submit(order)
            assert again.number == first.number, "a second submit of a key made a second order"
        assert await subject.count(erp, order.key.channel) == before + 1
        assert len(await subject.seen(erp, order)) == erp.traits.looks_up


@needs("unique_key")
async def test_submits_of_a_key_at_the_same_time_make_no_second_order(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        answers = await asyncio.gather(*(erp.submit(order) for _ in range(4)), return_exceptions=True)
        assert all(isinstance(answer, Receipt | OutcomeUnknown) for answer in answers), answers
        assert await subject.count(erp, order.key.channel) == before + 1, (
            "submits of a key at the same time made several orders"
        )


@needs("knows_again")
@pytest.mark.parametrize("changed", [doubled, twice_as_many])
async def test_another_order_under_a_taken_key_is_a_conflict_and_changes_nothing(
    subject: Subject, changed: Any
) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        await erp.submit(order)
        answer = await answered(erp.submit(changed(order)))
        assert isinstance(answer, OrderConflict), f"another order under a taken key is no OrderConflict but {answer!r}"
        there = over(subject, erp, order, await subject.seen(erp, order))
        assert there == [due(erp, order)], "the ERP's order was changed"


@needs("shown")
@pytest.mark.parametrize("changed", [doubled, twice_as_many])
async def test_an_order_that_is_begun_is_finished_as_no_other_one(subject: Subject, changed: Any) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        found = await begin_wholly(subject, erp, order)
        if found.state is ErpOrderState.HALF_MADE:
            answer = await answered(erp.submit(changed(order)))
            there, ours = [each.total for each in await subject.seen(erp, order)], proof(erp, order)
            # An ERP that takes line after line may go on to the other order, if it begins alike, and have all of that.
            went_on = isinstance(answer, Receipt) and there == [proof(erp, changed(order))] != [ours]
            assert went_on or isinstance(answer, OrderConflict), (
                f"an order is begun and finished as another one: {answer!r}"
            )
            assert went_on or there == [ours]
