"""Every ERP in the registry against every sentence of `ports.Erp`, on the real system.

An ERP brings its fixture, `tests/fixtures/<name>.py`; one without it fails here. The suite itself is tried on known
mistakes at the end: each must be named by the test that is about it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from order_sync import registry
from order_sync.core.advice import CATALOGUE
from order_sync.core.errors import NotAuthorised, OrderConflict, OrderRefused, OutcomeUnknown, Transient
from order_sync.core.orders import Order, OrderKey
from order_sync.core.ports import Erp, Receipt
from order_sync.core.rules import wanted
from order_sync.core.verdict import Found, FoundState, minor_unit
from order_sync.rest import Endpoint
from tests.contract import wrong_erps as wrong


@dataclass(frozen=True)
class Subject:
    """An ERP under test. `mistake` breaks its adapter, to see whether a test notices."""

    fixture: ModuleType
    endpoint: Endpoint
    mistake: Callable[[Erp], Erp] = lambda erp: erp

    @asynccontextmanager
    async def erp(self, endpoint: Endpoint | None = None):
        async with self.fixture.connect(endpoint or self.endpoint) as erp:
            yield self.mistake(erp)

    def order(self, **changes: Any) -> Order:
        return self.fixture.order(**changes)


@pytest.fixture(params=[spec.name for spec in registry.ERPS])
def subject(request: pytest.FixtureRequest) -> Subject:
    fixture = import_module(f"tests.fixtures.{request.param}")
    return Subject(fixture, fixture.endpoint(request.getfixturevalue(fixture.server)))


async def seen(erp: Erp, order: Order) -> Sequence[Found]:
    """What a look-up finds under the order's key."""
    return (await erp.look_up([order])).get(order.key, ())


async def test_a_check_says_which_erp_this_is_the_same_every_time(subject):
    healths = []
    for _ in range(2):
        async with subject.erp() as erp:
            healths.append(await erp.check())
    assert healths[0] == healths[1]
    assert healths[0].fingerprint
    assert healths[0].version


async def test_a_check_shows_no_secret(subject):
    async with subject.erp() as erp:
        assert subject.endpoint.key not in str(await erp.check())


async def test_the_reference_data_answers_whatever_the_rules_ask_of_a_good_order(subject):
    order = subject.order()
    async with subject.erp() as erp:
        data = await erp.reference()
    for kind, code in wanted(order):
        facts = data.get(kind, code)
        assert facts is not None, f"{kind} {code}"
        if kind == "sku":
            assert isinstance(facts["salable"], bool)
            assert isinstance(facts["digits"], int)
        if kind == "currency":
            assert Decimal(1).scaleb(-facts["digits"]) == minor_unit(code)
        if kind == "tax":
            assert isinstance(facts["rate"], str)
            assert Decimal(facts["rate"]) == order.lines[0].tax_rate, "in percent"


async def test_the_reference_data_is_as_of_an_instant_in_utc(subject):
    async with subject.erp() as erp:
        assert (await erp.reference()).as_of.utcoffset() == timedelta(0)


async def test_the_reference_data_knows_nothing_that_is_not_there(subject):
    async with subject.erp() as erp:
        data = await erp.reference()
    assert [data.get(kind, "no such code") for kind in ("sku", "customer", "tax", "currency", "country")] == [None] * 5


async def test_prepare_creates_no_order(subject):
    order = subject.order()
    async with subject.erp() as erp:
        before = await erp.count(order.key.channel)
        await erp.prepare([order])
        assert not await seen(erp, order)
        assert await erp.count(order.key.channel) == before


async def test_a_submitted_order_is_there_once_with_its_number_and_its_money(subject):
    order = subject.order()
    async with subject.erp() as erp:
        before = await erp.count(order.key.channel)
        await erp.prepare([order])
        receipt = await erp.submit(order)
        (found,) = await seen(erp, order)
        assert await erp.count(order.key.channel) == before + 1
    assert receipt.number
    assert receipt.erp_status
    assert found.number == receipt.number
    assert isinstance(found.total, Decimal)
    assert (found.total, found.currency) == (order.total, order.currency)
    assert found.state in (FoundState.TAKEN, FoundState.CONFIRMED)


async def test_a_submitted_order_is_confirmed_in_the_end_with_the_same_money(subject):
    order = subject.order()
    async with subject.erp() as erp:
        await erp.submit(order)
        async with asyncio.timeout(60):
            while (found := (await seen(erp, order))[0]).state is not FoundState.CONFIRMED:
                assert found.state is FoundState.TAKEN, found
                await asyncio.sleep(0.1)
    assert (found.total, found.currency) == (order.total, order.currency)


async def test_an_order_that_was_not_prepared_is_submitted_all_the_same(subject):
    async with subject.erp() as erp:
        assert (await erp.submit(subject.order())).number


async def test_a_look_up_finds_each_order_under_its_own_key_and_invents_none(subject):
    here, absent = [subject.order() for _ in range(3)], subject.order()
    async with subject.erp() as erp:
        receipts = await asyncio.gather(*(erp.submit(order) for order in here))
        found = await erp.look_up([*here, absent])
    assert not found.get(absent.key)
    assert {order.key: receipt.number for order, receipt in zip(here, receipts, strict=True)} == {
        key: founds[0].number for key, founds in found.items() if founds
    }


async def test_a_look_up_of_nothing_asks_nothing(subject):
    async with subject.erp(subject.fixture.elsewhere(subject.endpoint)) as erp:
        assert not await erp.look_up([])


@pytest.mark.parametrize("part", ["a b", "ä/ö", "100%", "x:y", 'q"uote', "日本", "tab\t", "_", "A" * 200])
async def test_any_key_comes_back_as_it_was_sent(subject, part):
    order = subject.order()
    order = replace(order, key=OrderKey(order.key.channel, (*order.key.parts, part)))
    async with subject.erp() as erp:
        receipt = await erp.submit(order)
        assert [found.number for found in await seen(erp, order)] == [receipt.number]


async def test_a_second_submit_of_a_key_makes_no_second_order(subject):
    order = subject.order()
    async with subject.erp() as erp, subject.erp() as another:
        first = await erp.submit(order)
        if erp.guarantee == "unique_key":
            assert (await another.submit(order)).number == first.number
        assert len(await seen(erp, order)) == 1


async def test_submits_of_a_key_at_the_same_time_make_no_second_order(subject):
    order = subject.order()
    async with subject.erp() as erp:
        if erp.guarantee == "unique_key":
            answers = await asyncio.gather(*(erp.submit(order) for _ in range(4)), return_exceptions=True)
            assert all(isinstance(answer, Receipt | OutcomeUnknown) for answer in answers), answers
            assert len(await seen(erp, order)) == 1


async def test_another_order_under_a_taken_key_is_a_conflict_and_changes_nothing(subject):
    order = subject.order()
    async with subject.erp() as erp:
        await erp.submit(order)
        bigger = replace(subject.order(), lines=order.lines * 2, total=order.total * 2, key=order.key)
        with pytest.raises(OrderConflict):
            await erp.submit(bigger)
        assert [found.total for found in await seen(erp, order)] == [order.total]


async def test_a_refusal_has_a_known_code_and_no_people_in_it(subject):
    order = subject.fixture.refused()
    async with subject.erp() as erp:
        with pytest.raises(OrderRefused) as error:
            await erp.submit(order)
    assert error.value.code in CATALOGUE
    assert str(error.value)
    for private in (order.ship_to.name, order.ship_to.street):
        assert private not in str(error.value)


async def test_a_refused_order_is_not_counted_as_sent_and_stops_no_other(subject):
    refused, good = subject.fixture.refused(), subject.order()
    async with subject.erp() as erp:
        await erp.prepare([refused, good])
        with pytest.raises(OrderRefused):
            await erp.submit(refused)
        assert (await erp.submit(good)).number
        assert not [found for found in await seen(erp, refused) if found.state is not FoundState.HALF_MADE]


CALLS: dict[str, Callable[[Erp, Order], Awaitable[Any]]] = {
    "check": lambda erp, order: erp.check(),
    "reference": lambda erp, order: erp.reference(),
    "prepare": lambda erp, order: erp.prepare([order]),
    "submit": lambda erp, order: erp.submit(order),
    "look_up": lambda erp, order: erp.look_up([order]),
    "count": lambda erp, order: erp.count(order.key.channel),
}


@pytest.mark.parametrize("call", CALLS)
async def test_an_erp_that_cannot_be_reached_is_trouble_of_the_system(subject, call):
    async with subject.erp(subject.fixture.elsewhere(subject.endpoint)) as erp:
        with pytest.raises(Transient) as error:
            await CALLS[call](erp, subject.order())
    assert subject.endpoint.key not in str(error.value)


@pytest.mark.parametrize("call", CALLS)
async def test_a_key_that_is_not_accepted_is_trouble_of_the_system(subject, call):
    async with subject.erp(replace(subject.endpoint, key="revoked")) as erp:
        with pytest.raises(NotAuthorised) as error:
            await CALLS[call](erp, subject.order())
    assert error.value.code in CATALOGUE


MISTAKES: dict[type[wrong.Wrong], Callable[..., Awaitable[None]]] = {
    wrong.ChecksDifferently: test_a_check_says_which_erp_this_is_the_same_every_time,
    wrong.CountsInFractions: test_the_reference_data_answers_whatever_the_rules_ask_of_a_good_order,
    wrong.TellsLocalTime: test_the_reference_data_is_as_of_an_instant_in_utc,
    wrong.SendsWhilePreparing: test_prepare_creates_no_order,
    wrong.MakesANewKeyEachTime: test_a_second_submit_of_a_key_makes_no_second_order,
    wrong.AdoptsWhateverIsThere: test_another_order_under_a_taken_key_is_a_conflict_and_changes_nothing,
    wrong.SwallowsRefusals: test_a_refusal_has_a_known_code_and_no_people_in_it,
    wrong.GossipsInRefusals: test_a_refusal_has_a_known_code_and_no_people_in_it,
    wrong.ReadsMoneyAsFloat: test_a_submitted_order_is_there_once_with_its_number_and_its_money,
    wrong.FindsEverything: test_a_look_up_finds_each_order_under_its_own_key_and_invents_none,
    wrong.FindsNothing: test_a_submitted_order_is_there_once_with_its_number_and_its_money,
    wrong.CountsEverySubmit: test_a_submitted_order_is_there_once_with_its_number_and_its_money,
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
async def test_the_suite_names_a_known_mistake(subject, mistake):
    with pytest.raises((AssertionError, pytest.fail.Exception, ValueError)):
        await MISTAKES[mistake](replace(subject, mistake=mistake))


async def test_the_suite_names_trouble_that_is_called_a_refusal(subject):
    with pytest.raises(OrderRefused):
        await test_an_erp_that_cannot_be_reached_is_trouble_of_the_system(
            replace(subject, mistake=wrong.CallsTroubleARefusal), "submit"
        )
