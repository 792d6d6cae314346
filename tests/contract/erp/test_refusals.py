"""What an ERP refuses, at once or later, is told with its reason and stops no other order."""

from dataclasses import replace

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.errors import (
    OrderRefused,
)
from order_sync.core.life.lifecycle import Event
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import judge
from tests.contract.erp.asking import LONG_AGO, answered, in_doubt, settled
from tests.contract.erp_subject import Subject, needs


@needs("refused")
async def test_a_refusal_has_a_known_code_and_no_people_in_it(subject: Subject) -> None:
    order = subject.fixture.refused()
    async with subject.erp() as erp:
        error = await answered(erp.submit(order))
    assert isinstance(error, OrderRefused), f"what the ERP refuses is no OrderRefused but {error!r}"
    assert error.code in CATALOGUE, f"the refusal's code {error.code} is not in the catalogue of core/catalogue.py"
    assert str(error), "the refusal does not say why"
    for private in (order.ship_to.name, order.ship_to.street):
        assert private not in str(error), "the refusal names people or places"


@needs("refused")
async def test_a_refused_order_is_not_counted_as_sent_and_stops_no_other(subject: Subject) -> None:
    refused, good = subject.fixture.refused(), subject.order()
    async with subject.erp() as erp:
        await erp.prepare([refused, good])
        assert isinstance(await answered(erp.submit(refused)), OrderRefused)
        assert (await erp.submit(good)).number
        assert not [found for found in await subject.seen(erp, refused) if found.state is not ErpOrderState.HALF_MADE]


@needs("refused_later")
async def test_what_the_erp_refuses_later_is_told_with_its_reason_and_can_be_sent_again(subject: Subject) -> None:
    order = subject.fixture.refused_later()
    async with subject.erp() as erp:
        before = await subject.count(erp, order.key.channel)
        await erp.submit(order)
        found = await settled(subject, erp, order)
        assert found.state is ErpOrderState.REFUSED, f"what the ERP refused is told as {found.state}"
        assert found.text, "the refusal does not say why"
        for private in (order.ship_to.name, order.ship_to.street):
            assert private not in found.text, "the refusal names people or places"
        event = judge(in_doubt(order), [found], LONG_AGO, Settings().policy(erp.traits)).event
        assert event is Event.REFUSED
        good = replace(subject.order(), key=order.key)
        await erp.submit(good)
        found = await settled(subject, erp, good)
        assert found.state is ErpOrderState.CONFIRMED, "what was refused is not taken when it is sent again"
        assert await subject.count(erp, order.key.channel) == before + 1
