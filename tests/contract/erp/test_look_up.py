"""A look-up finds each order under its own key, in bulk, and invents none."""

import asyncio
from dataclasses import replace

import pytest

from order_sync.core.order.model import OrderKey
from order_sync.core.order.references import addressed
from order_sync.core.sending.receipts import Receipt, Sent
from tests.contract.erp.asking import answered, is_it
from tests.contract.erp_subject import Subject, needs


@needs("shown")
async def test_a_look_up_finds_each_order_under_its_own_key_and_invents_none(subject: Subject) -> None:
    here, absent = [subject.order() for _ in range(3)], subject.order()
    async with subject.erp() as erp:
        receipts = await asyncio.gather(*(erp.submit(order) for order in here))
        await subject.shown()
        found = await erp.look_up([Sent(each) for each in (*here, absent)])
        assert not found.get(absent.key), "the look-up finds an order that was never sent"
        assert {key for key, founds in found.items() if founds} == {order.key for order in here}
        for order, receipt in zip(here, receipts, strict=True):
            assert is_it(erp, found[order.key], receipt), "the look-up finds orders under each other's keys"


@needs("shown")
async def test_an_order_that_was_looked_for_in_vain_is_found_once_it_is_there(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        assert not await subject.seen(erp, order)
        receipt = await erp.submit(order)
        founds = await subject.seen(erp, order)
    assert is_it(erp, founds, receipt), "an order stays unfound that was looked for before it was there"


@needs("shown")
async def test_a_look_up_that_knows_the_number_finds_the_same_order(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        founds = await subject.seen(erp, order, receipt.number)
    assert is_it(erp, founds, receipt), "the number of a receipt leads a look-up astray"


@needs("repeat")
async def test_every_order_under_a_key_is_found_however_many_pages_they_fill(subject: Subject) -> None:
    order, others = subject.order(), [subject.order() for _ in range(3)]
    async with subject.erp() as erp:
        for each in (order, *others):
            subject.fixture.repeat(subject.server, addressed(each, erp.traits.external_reference), 30)
        await subject.shown()
        found = await erp.look_up([Sent(each) for each in (order, *others)])
    there = [len(found.get(each.key, ())) for each in (order, *others)]
    assert there == [30] * 4, f"of 30 orders under each of four keys the look-up finds {there}"


async def test_a_look_up_of_nothing_asks_nothing(subject: Subject) -> None:
    async with subject.erp(subject.nowhere) as erp:
        found = await answered(erp.look_up([]))
    assert found == {}, "a look-up of no order asks the ERP, or finds something"


@needs("shown")
async def test_hundreds_of_keys_are_looked_up_in_bulk(subject: Subject) -> None:
    order = subject.order()
    absent = [replace(order, key=OrderKey(order.key.channel, (*order.key.parts, f"{each}"))) for each in range(500)]
    async with subject.erp() as erp:
        await erp.submit(order)
        await subject.shown()
        subject.network.requests.clear()
        found = await erp.look_up([Sent(each) for each in (*absent, order)])
        asked = len(subject.network.requests)
    assert {key for key, founds in found.items() if founds} == {order.key}
    assert asked <= 20, f"501 keys are looked up in {asked} calls, not in bulk"


async def test_keys_that_look_alike_are_those_of_different_orders(subject: Subject) -> None:
    order, alike = subject.order(), ("a", "A", "ab", "a_", "a%", "ä", "a ")
    first, *others = [replace(order, key=OrderKey(order.key.channel, (*order.key.parts, part))) for part in alike]
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        receipts = [await erp.submit(first)]
        taken = await erp.look_up([Sent(each) for each in others])
        assert not [key for key, founds in taken.items() if founds], "an order is found under a key that looks alike"
        receipts += [await erp.submit(other) for other in others]
        await subject.shown()
        found = await erp.look_up([Sent(each) for each in (first, *others)])
        if not erp.traits.looks_up:
            assert await subject.count(erp, order.key.channel) == before + len(alike)
        for other, receipt in zip((first, *others), receipts, strict=True):
            assert is_it(erp, found.get(other.key, ()), receipt)
    assert len({receipt.number for receipt in receipts}) == len(alike), "orders whose keys look alike are taken for one"


async def test_keys_that_begin_alike_for_long_are_those_of_different_orders(subject: Subject) -> None:
    order = subject.order()
    orders = [replace(order, key=OrderKey(order.key.channel, (*order.key.parts, "A" * 40, end))) for end in "12"]
    async with subject.erp() as erp:
        receipts = [await answered(erp.submit(each)) for each in orders]
        assert all(isinstance(receipt, Receipt) for receipt in receipts), (
            "orders whose keys begin alike are taken for one: external_reference in the traits must say how long a"
            f" reference the ERP keeps: {receipts}"
        )
        for each, receipt in zip(orders, receipts, strict=True):
            assert is_it(erp, await subject.seen(erp, each), receipt), "orders whose keys begin alike are taken for one"
    assert len({receipt.number for receipt in receipts}) == 2, "orders whose keys begin alike are taken for one"


@pytest.mark.parametrize("part", ["a b", "ä/ö", "100%", "x:y", 'q"uote', "日本", "tab\t", "_", "A" * 200])
async def test_any_key_comes_back_as_it_was_sent(subject: Subject, part: str) -> None:
    order = subject.order()
    order = replace(order, key=OrderKey(order.key.channel, (*order.key.parts, part)))
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        assert is_it(erp, await subject.seen(erp, order), receipt), "the ERP holds another key"
