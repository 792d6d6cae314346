"""An order is submitted once and whole: with its number, its charges and its money, and confirmed in the end."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from order_sync.core.errors import (
    OrderBusy,
)
from order_sync.core.life.lifecycle import Event
from order_sync.core.sending.receipts import Receipt
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import judge
from tests.contract.erp.asking import (
    LONG_AGO,
    answered,
    due,
    in_doubt,
    is_it,
    over,
    proof,
    settled,
    tells_its_money,
    with_charge,
)
from tests.contract.erp_subject import Subject, needs


async def test_prepare_creates_no_order(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        await erp.prepare([order])
        assert await subject.count(erp, order.key.channel) == before, "prepare makes an order"
        assert not await subject.seen(erp, order)


async def test_a_submitted_order_is_there_once_with_its_number_and_its_money(subject: Subject) -> None:
    order = subject.order()
    assert order.total != round(order.total), "the fixture's order needs cents, which a rounded total would lack"
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        await erp.prepare([order])
        receipt = await erp.submit(order)
        founds = await subject.seen(erp, order)
        counted = await subject.count(erp, order.key.channel) - before
        elsewhere = await subject.count(erp, "no_such_channel")
    assert counted == 1, f"one order more is counted as {counted}"
    assert elsewhere == 0, "the count counts other channels' orders too"
    assert receipt.number, "the receipt has no number"
    assert receipt.erp_status, "the receipt does not tell the ERP's own status"
    if not erp.traits.looks_up:
        assert not founds, "a look-up finds an order in an ERP that cannot be asked"
        return
    assert len(founds) == 1, f"a look-up finds the order {len(founds)} times"
    (found,) = founds
    assert is_it(erp, founds, receipt), "receipt and look-up tell different numbers"
    tells_its_money(erp, order, found)
    assert found.state in (ErpOrderState.TAKEN, ErpOrderState.CONFIRMED)


async def test_charges_arrive_with_the_lines(subject: Subject) -> None:
    order = with_charge(subject.order())
    async with subject.erp() as erp:
        await erp.submit(order)
        there = over(subject, erp, order, await subject.seen(erp, order))
        assert there == [due(erp, order)], "a charge is left out, or changed"


async def test_a_submitted_order_is_confirmed_in_the_end_with_the_same_money(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        if not erp.traits.looks_up:
            doubt, policy = replace(in_doubt(order), acknowledged_as=receipt.number), Settings().policy(erp.traits)
            assert judge(doubt, [], LONG_AGO, policy).event is Event.CONFIRMED, "no receipt proves that it has an order"
            return
        found = await settled(subject, erp, order)
    assert found.state is ErpOrderState.CONFIRMED, f"after {subject.patience} s it is {found.state}, not confirmed"
    if erp.traits.proof != "acceptance":
        assert (found.total, found.currency) == (proof(erp, order), order.currency), "it is confirmed over other money"
    event = judge(in_doubt(order), [found], LONG_AGO, Settings().policy(erp.traits)).event
    assert event is Event.CONFIRMED, "it is confirmed, and by what the adapter says of its proof that proves nothing"


async def test_an_order_that_was_not_prepared_is_submitted_all_the_same(subject: Subject) -> None:
    async with subject.erp() as erp:
        assert (await erp.submit(subject.order())).number


async def test_an_order_that_the_erp_is_busy_with_is_not_stored_and_taken_later(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        while isinstance(answer := await answered(erp.submit(order)), OrderBusy):
            assert not await subject.seen(erp, order), "what the ERP is busy with is stored all the same"
            assert answer.retry_after > timedelta(0), "an order that the ERP is busy with waits for no time"
            await asyncio.sleep(min(answer.retry_after.total_seconds(), 0.1))
        assert isinstance(answer, Receipt), f"the order is not taken: {answer!r}"


async def test_a_submit_has_the_time_that_it_needs(subject: Subject) -> None:
    async with subject.erp() as erp:
        try:
            async with asyncio.timeout(erp.traits.submit_seconds):
                await erp.submit(subject.order())
        except TimeoutError:
            raise AssertionError(
                f"a submit takes longer than the {erp.traits.submit_seconds} s of its traits"
            ) from None


@needs("rest")
async def test_what_the_erp_has_not_worked_on_is_not_told_as_confirmed(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        await erp.submit(order)
        founds = await subject.seen(erp, order)
    assert [found.state for found in founds] == [ErpOrderState.TAKEN], (
        "it is told as confirmed before the ERP confirms it"
    )
