"""An order whose answers are lost, late or garbled is in doubt, found, and finished once."""

from datetime import UTC, datetime, timedelta

import pytest

from order_sync.core.errors import (
    NotAuthorised,
    OrderBusy,
    OutcomeUnknown,
    Transient,
)
from order_sync.core.life.lifecycle import Event
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import judge
from tests.contract.erp.asking import answered, in_doubt, is_it, proof, settled, twice_as_many
from tests.contract.erp_subject import Subject, needs


async def test_an_order_whose_answers_were_lost_is_in_doubt_and_found_and_finished_once(subject: Subject) -> None:
    await goes_on_without_answers(subject, "lose")


@needs("http")
async def test_an_order_in_the_place_of_whose_answers_a_page_came_is_in_doubt_and_found_and_finished_once(
    subject: Subject,
) -> None:
    await goes_on_without_answers(subject, "garble")


async def goes_on_without_answers(subject: Subject, how: str) -> None:
    """From the last call of a submit back to the first that makes an order: all later answers are lost on the way."""
    for heard in reversed(range(await subject.calls())):
        order = subject.order()
        async with subject.erp() as erp, subject.erp() as another:
            before = await subject.count(erp, order.key.channel)
            getattr(subject.network, how)(".", skip=heard)
            answer = await answered(erp.submit(order))
            subject.network.behave()
            held, founds = await subject.count(erp, order.key.channel) - before, await subject.seen(erp, order)
            where = f"with {heard} calls answered"
            assert held <= 1, f"{where}, one submit made {held} orders"
            assert isinstance(answer, OutcomeUnknown if held else OutcomeUnknown | Transient | OrderBusy), (
                f"{where}, a submit swallows a lost answer: the ERP holds {held} orders and it says {answer!r}"
            )
            assert len(founds) == held * erp.traits.looks_up, (
                f"{where}, the ERP holds {held} orders and the look-up finds {len(founds)}"
            )
            if founds and founds[0].state is not ErpOrderState.HALF_MADE:
                ended = await settled(subject, erp, order)
                assert ended.state is ErpOrderState.CONFIRMED, f"{where}, it is told as {ended.state}, and stays so"
            elif founds:
                assert founds[0].same_lines is True, "a half-made order is not compared with what it should be"
                event = judge(in_doubt(order), founds, datetime.now(UTC), Settings().policy(erp.traits)).event
                assert event is Event.HALF_MADE, f"{where}, what is begun is not finished: it is judged as {event}"
                if founds[0].total == proof(erp, order):
                    (found,) = await subject.seen(erp, twice_as_many(order))
                    assert found.same_lines is False, "a half-made order with other lines is taken for the same"
            if "knows_again" in subject.able:
                receipt = await another.submit(order)
                held_now = await subject.count(erp, order.key.channel) - before
                assert held_now == 1, "taking an order up again made a second one"
                assert is_it(erp, await subject.seen(erp, order), receipt)
        if not held:
            return


@needs("http")
@pytest.mark.parametrize("status", [401, 429])
async def test_trouble_of_the_system_once_an_order_is_begun_leaves_it_in_doubt(subject: Subject, status: int) -> None:
    """From the last call of a submit back to the first that makes an order: from there on all calls are declined."""
    for heard in reversed(range(await subject.calls())):
        order = subject.order()
        async with subject.erp() as erp, subject.erp() as another:
            before = await subject.count(another, order.key.channel)
            subject.network.answer(".", status, skip=heard, Retry_After="600")
            answer = await answered(erp.submit(order))
            subject.network.behave()
            if await subject.count(another, order.key.channel) == before:
                assert isinstance(answer, Transient | NotAuthorised), f"HTTP {status} is no trouble but {answer!r}"
                return
        assert isinstance(answer, OutcomeUnknown), f"HTTP {status} once an order is begun leaves no doubt: {answer!r}"


@needs("http")
@pytest.mark.parametrize("status", [500, 503])
async def test_a_failure_in_which_the_erp_itself_says_nothing_refuses_no_order(subject: Subject, status: int) -> None:
    """From the last call of a submit back to the first that makes an order: from there on all calls fail."""
    for heard in reversed(range(await subject.calls())):
        order = subject.order()
        async with subject.erp() as erp, subject.erp() as another:
            before = await subject.count(another, order.key.channel)
            subject.network.answer(".", status, "<p>Internal error</p>", skip=heard, Content_Type="text/html")
            answer = await answered(erp.submit(order))
            subject.network.behave()
            held = await subject.count(another, order.key.channel) - before
            doubt = OutcomeUnknown if held else OutcomeUnknown | Transient
            assert isinstance(answer, doubt), f"HTTP {status} without a word of the ERP is taken for more: {answer!r}"
            if not held:
                return


@needs("http")
async def test_an_answer_that_comes_too_late_is_an_unknown_outcome(subject: Subject) -> None:
    order, calls = subject.order(), await subject.calls()
    async with subject.erp(settings=Settings(http_read_timeout=timedelta(seconds=3))) as hasty:
        before = await subject.count(hasty, order.key.channel)
        subject.network.hold(".", skip=calls - 1)
        answer = await answered(hasty.submit(order))
        subject.network.behave()
        assert isinstance(answer, OutcomeUnknown), f"a submit swallows a time-out: it says {answer!r}"
        assert await subject.count(hasty, order.key.channel) == before + 1
