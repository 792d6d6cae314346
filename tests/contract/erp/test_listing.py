"""Orders are found by number and listed by window, with the key that they bear."""

from datetime import timedelta

from order_sync.core.basics.calendar_days import Window
from order_sync.core.settling.erp_orders import ErpOrderState
from tests.contract.erp.asking import answered, bears, begin, lately
from tests.contract.erp_subject import Subject, needs


@needs("listing")
async def test_an_order_is_found_by_its_number_with_the_key_that_it_bears_if_any(subject: Subject) -> None:
    order = subject.order()
    by_hand, missing = subject.fixture.enter(subject.server, subject.order()), "no such number"
    async with subject.erp() as erp:
        number = (await erp.submit(order)).number
        await subject.shown()
        found = await erp.by_number(order.key.channel, [number, by_hand, missing])
    assert missing not in found, "a number that the ERP does not have is found"
    assert by_hand in found, "what a person entered in the ERP is not found by its number"
    assert number in found, "an order is not found by its number"
    assert found[number].key == bears(erp, order), "an order is found by its number without the key that it bears"
    assert found[by_hand].key == "", "what a person entered in the ERP is said to bear a key"
    assert {name: row.number for name, row in found.items()} == {number: number, by_hand: by_hand}
    assert not any(row.cancelled for row in found.values()), "a live order is found as cancelled by its number"


@needs("listing")
async def test_an_order_is_of_one_company_whoever_tells_of_it(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        (found,) = await subject.seen(erp, order)
        await subject.shown()
        numbered = await erp.by_number(order.key.channel, [receipt.number])
        listed = [row for row in await erp.orders(order.key.channel, lately()) if row.key == bears(erp, order)]
    told = {receipt.company, found.company, *(each.company for each in (*numbered.values(), *listed))}
    assert len(told) == 1, f"an order is told as one of several companies: {told}"
    assert len(listed) == len(numbered) == 1


@needs("listing")
async def test_an_order_is_told_as_begun_by_its_number_as_long_as_it_is_half_made(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        await begin(subject, erp, order)
        for submitted in (False, True):
            if submitted:
                await erp.submit(order)
            (found,) = await subject.seen(erp, order)
            rows = await erp.by_number(order.key.channel, [found.number])
            listed = [row for row in await erp.orders(order.key.channel, lately()) if row.key == bears(erp, order)]
            begun = found.state is ErpOrderState.HALF_MADE
            for row in (*rows.values(), *listed):
                assert row.begun is begun, (
                    f"an order that is {found.state} is told as {'begun' if row.begun else 'whole'}"
                )
            assert (len(rows), len(listed)) == (1, 1)
        assert not begun, "a submitted order is told as half made"


@needs("listing")
async def test_a_thousand_numbers_are_asked_for_in_bulk(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        number = (await erp.submit(order)).number
        subject.network.requests.clear()
        await subject.shown()
        found = await erp.by_number(order.key.channel, [*(f"none {each}" for each in range(1000)), number])
        asked = len(subject.network.requests)
    assert set(found) == {number}
    assert asked <= 10, f"a thousand numbers are asked for in {asked} calls, not in bulk"


@needs("listing")
async def test_no_number_asks_nothing(subject: Subject) -> None:
    async with subject.erp(subject.nowhere) as erp:
        found = await answered(erp.by_number(subject.order().key.channel, []))
    assert found == {}, "looking for no number asks the ERP, or finds something"


@needs("listing")
async def test_the_orders_of_a_window_are_listed_with_the_keys_that_they_bear(subject: Subject) -> None:
    order, hour = subject.order(), timedelta(hours=1)
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        await subject.shown()
        window = lately()
        listed = {row.number: row for row in await erp.orders(order.key.channel, window)}
        others = await erp.orders("no_such_channel", window)
        later = await erp.orders(order.key.channel, Window(window.end, window.end + hour))
        earlier = await erp.orders(order.key.channel, Window(window.start - hour, window.start))
    assert receipt.number in listed, "an order that was just made is not listed"
    assert listed[receipt.number].key == bears(erp, order), "an order is listed without the key that it bears"
    assert not listed[receipt.number].cancelled, "a live order is listed as cancelled"
    assert receipt.number not in {row.number for row in others}, "orders of another channel are listed"
    assert receipt.number not in {row.number for row in later}, "orders from before the window's start are listed"
    assert receipt.number not in {row.number for row in earlier}, "orders from after the window's end are listed"
