"""What is cancelled in the ERP is told as cancelled, and alive again only as the order that was named."""

from order_sync.core.errors import (
    OrderRefused,
    OrderSyncError,
)
from order_sync.core.order.references import addressed
from order_sync.core.settling.erp_orders import ErpOrderState
from tests.contract.erp.asking import answered, bears, cancelled_in_erp, doubled, lately, proof
from tests.contract.erp_subject import Subject, needs


@needs("shown", "cancel")
async def test_a_cancelled_order_is_found_as_cancelled(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        await cancelled_in_erp(subject, erp, order)
        founds = await subject.seen(erp, order)
        assert len(founds) == 1, "the look-up misses a cancelled order"
        assert founds[0].state is ErpOrderState.CANCELLED, f"a cancelled order is told as {founds[0].state}"


@needs("shown", "cancel")
async def test_a_second_submit_of_a_cancelled_order_is_no_success_and_makes_it_alive_for_nobody(
    subject: Subject,
) -> None:
    """A searchable ERP may take it anew: then both are there, and a look-up tells both."""
    order = subject.order()
    async with subject.erp() as erp:
        name = await cancelled_in_erp(subject, erp, order)
        answer = await answered(erp.submit(order))
        states = {found.number: found.state for found in await subject.seen(erp, order)}
        assert states[name] is ErpOrderState.CANCELLED, (
            f"a submit brings a cancelled order to life: it is {states[name]}"
        )
        anew = len(states) > 1 or erp.traits.guarantee != "unique_key"
        assert anew or isinstance(answer, OrderSyncError), f"a submit of a cancelled order succeeds: {answer!r}"


@needs("listing", "cancel")
async def test_a_cancelled_order_is_counted_no_more_and_listed_as_cancelled(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        await cancelled_in_erp(subject, erp, order)
        listed = [row for row in await erp.orders(order.key.channel, lately()) if row.key == bears(erp, order)]
        assert await subject.count(erp, order.key.channel) == before, "the count counts cancelled orders"
        assert [row.cancelled for row in listed] == [True], "a cancelled order is not listed as cancelled"


@needs("listing", "cancel")
async def test_a_cancelled_order_is_found_as_cancelled_by_what_the_look_up_calls_it(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        name = await cancelled_in_erp(subject, erp, order)
        assert name, "the look-up has no name for a cancelled order"
        found = await erp.by_number(order.key.channel, [name])
    assert name in found, "a cancelled order is not found by what the look-up calls it"
    assert found[name].key == bears(erp, order)
    assert found[name].cancelled, "a cancelled order is found as live by its number"


@needs("revivable", "cancel")
async def test_a_cancelled_order_is_opened_again_by_its_name_and_finished_by_a_submit(subject: Subject) -> None:
    order = subject.order()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        name = await cancelled_in_erp(subject, erp, order)
        refused = await answered(erp.revive(order, name))
        if isinstance(refused, OrderRefused):  # an ERP that opens none again
            assert [found.state for found in await subject.seen(erp, order)] == [ErpOrderState.CANCELLED]
            return
        await erp.revive(order, name)
        founds = await subject.seen(erp, order)
        assert [found.state for found in founds] == [ErpOrderState.HALF_MADE], f"what was opened again is {founds}"
        receipt = await erp.submit(order)
        assert await subject.count(erp, order.key.channel) == before + 1, "an order that is opened again is there twice"
        assert [found.number for found in await subject.seen(erp, order)] == [receipt.number]


@needs("revivable", "cancel")
async def test_only_the_named_cancelled_order_of_this_key_and_content_is_opened_again(subject: Subject) -> None:
    order, another = subject.order(), subject.order()
    async with subject.erp() as erp:
        name, others_name = await cancelled_in_erp(subject, erp, order), await cancelled_in_erp(subject, erp, another)
        for wrong_name in (others_name, "no such number", ""):
            answer = await answered(erp.revive(order, wrong_name))
            assert isinstance(answer, OrderRefused), f"an order is opened again by another's name: {answer!r}"
        whole = order
        if [found.total for found in await subject.seen(erp, order)] != [proof(erp, order)]:  # a header alone
            whole = subject.order()
            name = (await erp.submit(whole)).number
            subject.fixture.cancel(subject.server, addressed(whole, erp.traits.external_reference))
            await subject.shown()
        answer = await answered(erp.revive(doubled(whole), name))
        assert isinstance(answer, OrderRefused), f"an order of other content is opened again: {answer!r}"
        states = [found.state for each in {order, another, whole} for found in await subject.seen(erp, each)]
    assert {*states} == {ErpOrderState.CANCELLED}, "a cancelled order was opened again all the same"
