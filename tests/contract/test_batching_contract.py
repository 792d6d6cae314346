"""Every ERP that takes many orders in one submit against each sentence of `ports.Batching`.

Its fixture then has `in_batches`: the endpoint with which it does.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from order_sync.core.errors import NotAuthorised, OrderConflict, OrderRefused, OutcomeUnknown, Transient
from order_sync.core.order.model import Order
from order_sync.core.ports.erp import Batching
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settling.erp_orders import ErpOrderState
from tests.contract.able import Able
from tests.contract.erp.asking import answered, doubled
from tests.contract.erp_subject import ASKED, Subject, abilities
from tests.contract.fixtures import fixture_of
from tests.contract.wrong_erps.submitting import GivesUpALostBatch, RefusesAWholeBatch, SendsABatchTwice
from tests.support.proxy import Proxy
from tests.support.samples import some

ABLE = ("in_batches",)


class InBatches(Subject):
    @property
    def endpoint(self) -> Any:
        return replace(self.fixture.in_batches(self.server), base_url=self.network.base_url)

    @asynccontextmanager
    async def erp(self, *given: Any, **how: Any) -> AsyncIterator[Able]:
        async with super().erp(*given, **how) as erp:
            assert isinstance(erp, Batching)
            yield erp

    async def calls(self) -> int:
        """How many calls a submit of two makes in all."""
        async with self.erp() as erp:
            self.network.requests.clear()
            await erp.submit_all([self.order() for _ in range(3)])
            return len(self.network.requests)


@pytest.fixture(scope="module")
def installed(request: pytest.FixtureRequest) -> Iterator[InBatches]:
    fixture = fixture_of(request.param, ASKED)
    server = request.getfixturevalue(fixture.server)
    with Proxy(fixture.endpoint(server).base_url) as network:
        yield InBatches(fixture, server, network, abilities(request.param))


@pytest.fixture
def subject(installed: InBatches) -> Iterator[InBatches]:
    installed.rests()
    yield installed
    installed.network.behave()


async def held(erp: Able, orders: Collection[Order]) -> list[int]:
    """How many orders the ERP holds under each key."""
    founds = await erp.look_up([Sent(each) for each in orders])
    return [len(founds.get(order.key, ())) for order in orders]


async def test_each_order_of_a_batch_has_an_answer_of_its_own_and_is_there_once(subject: InBatches) -> None:
    good, known, refused = [subject.order() for _ in range(5)], subject.order(), subject.fixture.refused()
    taken = subject.order()
    async with subject.erp() as erp:
        for order in (known, taken):
            await erp.submit(order)
        batch = [*good[:2], refused, known, doubled(taken), *good[2:]]
        assert len(batch) <= erp.batch_limits.orders
        answers = await erp.submit_all(batch)
        assert answers.keys() == {order.key for order in batch}, "there is not one answer for each order"
        for order in (*good, known):
            answer = answers[order.key]
            assert isinstance(answer, Receipt), f"a good order's answer is {answer!r}"
            assert answer.number in {found.number for found in await subject.seen(erp, order)}
        assert isinstance(answers[refused.key], OrderRefused)
        assert isinstance(answers[taken.key], OrderConflict)
        assert await held(erp, [*good, known, taken]) == [1] * 7, "an order of a batch is there twice or not at all"


async def test_a_full_batch_takes_fewer_calls_than_orders(subject: InBatches) -> None:
    async with subject.erp() as erp:
        orders = [subject.order() for _ in range(erp.batch_limits.orders)]
        await erp.prepare(orders)
        subject.network.requests.clear()
        answers = await erp.submit_all(orders)
        assert all(isinstance(answer, Receipt) for answer in answers.values()), answers
        assert len(subject.network.requests) < len(orders) / 2, "a batch takes as many calls as single orders"


@pytest.mark.parametrize("how", ["lose", "garble"])
async def test_a_batch_whose_answers_were_lost_is_in_doubt_and_finished_once(subject: InBatches, how: str) -> None:
    """From the last call of a submit back to the first that makes orders: all later answers are lost on the way."""
    for heard in reversed(range(await subject.calls())):
        orders = [subject.order() for _ in range(2)]
        async with subject.erp() as erp, subject.erp() as another:
            getattr(subject.network, how)(".", skip=heard)
            answers = await answered(erp.submit_all(orders))
            subject.network.behave()
            there = await held(erp, orders)
            where = f"with {heard} calls answered"
            assert max(there) <= 1, f"{where}, one submit made {max(there)} of one order"
            said = [answers] * 2 if isinstance(answers, Exception) else [answers[order.key] for order in orders]
            for number, answer in zip(there, said, strict=True):
                doubt = OutcomeUnknown if number else OutcomeUnknown | Transient
                assert isinstance(answer, doubt), f"{where}, a lost answer is swallowed: {answer!r}"
            again = await another.submit_all(orders)
            assert all(isinstance(answer, Receipt) for answer in again.values()), again
            assert await held(erp, orders) == [1] * 2, f"{where}, taking orders up again made second ones"
        if not any(there):
            return


@pytest.mark.parametrize("status", [401, 429])
async def test_trouble_of_the_system_once_a_batch_is_begun_leaves_it_in_doubt(subject: InBatches, status: int) -> None:
    for heard in reversed(range(await subject.calls())):
        orders = [subject.order() for _ in range(2)]
        async with subject.erp() as erp, subject.erp() as another:
            subject.network.answer(".", status, skip=heard, Retry_After="600")
            answers = await answered(erp.submit_all(orders))
            subject.network.behave()
            said = [answers] if isinstance(answers, Exception) else [*answers.values()]
            if not any(await held(another, orders)):
                assert all(isinstance(answer, Transient | NotAuthorised) for answer in said), said
                return
        assert all(isinstance(answer, OutcomeUnknown) for answer in said), f"HTTP {status} leaves no doubt: {said}"


async def test_what_a_batch_left_half_made_is_finished_by_the_next(subject: InBatches) -> None:
    calls, orders = await subject.calls(), [subject.order() for _ in range(2)]
    async with subject.erp() as erp, subject.erp() as another:
        for heard in range(calls):
            subject.network.lose(".", skip=heard)
            await answered(erp.submit_all(orders))
            subject.network.behave()
        await another.submit_all(orders)
        assert not [
            found
            for order in orders
            for found in await subject.seen(erp, order)
            if found.state is ErpOrderState.HALF_MADE
        ]
        assert await held(erp, orders) == [1] * 2


MISTAKES: dict[Any, tuple[Callable[..., Awaitable[None]], dict[str, str]]] = {
    RefusesAWholeBatch: (test_each_order_of_a_batch_has_an_answer_of_its_own_and_is_there_once, {}),
    SendsABatchTwice: (test_a_full_batch_takes_fewer_calls_than_orders, {}),
    GivesUpALostBatch: (test_a_batch_whose_answers_were_lost_is_in_doubt_and_finished_once, {"how": "lose"}),
}


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(mistake, id=mistake.__name__, marks=marks)
        for mistake, marks in some([*MISTAKES], 1, "contract/test_batching_contract.py")
    ],
)
async def test_the_suite_names_a_known_mistake(subject: InBatches, mistake: Any) -> None:
    test, given = MISTAKES[mistake]
    with pytest.raises(AssertionError):
        await test(replace(subject, mistake=mistake), **given)
