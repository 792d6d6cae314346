"""Trouble of the system is told as such, whichever call meets it, and is waited for as the ERP asks."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.errors import (
    NotAuthorised,
    Permanent,
    Transient,
)
from order_sync.core.sending.receipts import Receipt
from tests.contract.erp.asking import CALLS, answered, is_trouble
from tests.contract.erp_subject import Subject, needs


@needs("http")
async def test_a_submit_that_is_asked_to_wait_for_a_moment_waits_by_itself_and_makes_one_order(
    subject: Subject,
) -> None:
    for heard in {0, await subject.calls() - 1}:
        order = subject.order()
        async with subject.erp() as erp:
            before = await subject.count(erp, order.key.channel)
            subject.network.answer(".", 429, times=1, skip=heard, Retry_After="1")
            asked = time.monotonic()
            answer = await answered(erp.submit(order))
            took = time.monotonic() - asked
            subject.network.behave()
            assert isinstance(answer, Receipt), f"with {heard} calls answered, a moment's wait is trouble: {answer!r}"
            assert took >= 1, f"the ERP asks to wait for 1 s, and is asked again after {took:.1f} s"
            assert await subject.count(erp, order.key.channel) == before + 1


@needs("http", calls=("check", "submit", "look_up"))
async def test_an_erp_that_asks_to_wait_for_long_is_asked_again_only_then(subject: Subject, call: str) -> None:
    subject.network.answer(".", 429, Retry_After="600")
    async with subject.erp() as erp:
        error = await answered(CALLS[call](erp, subject.order()))
    assert isinstance(error, Transient), f"an ERP that asks to wait is not Transient but {error!r}"
    assert error.retry_after, "the trouble does not say for how long the ERP asks to wait"
    assert error.retry_after >= timedelta(minutes=9)


@needs("http", calls=("check", "reference", "look_up", "orders", "by_number", "count"))
async def test_a_question_whose_answer_got_lost_once_is_asked_again(subject: Subject, call: str) -> None:
    subject.network.lose(".", times=1)
    async with subject.erp() as erp:
        answer = await answered(CALLS[call](erp, subject.order()))
    assert not isinstance(answer, Exception), f"one lost answer is trouble of the whole ERP: {answer!r}"


@needs(calls=CALLS)
async def test_an_erp_that_cannot_be_reached_is_trouble_of_the_system(subject: Subject, call: str) -> None:
    async with subject.erp(subject.nowhere) as erp:
        error = await answered(CALLS[call](erp, subject.order()))
    assert is_trouble(error, Transient, call), f"an ERP that cannot be reached is not Transient but {error!r}"
    if "http" in subject.able:
        assert subject.endpoint.key not in str(error), "the error shows the connection's key"


@needs("http", calls=("check", "reference", "look_up", "orders", "by_number", "count"))
@pytest.mark.parametrize("status", [200, 400, 404])
async def test_a_page_in_the_place_of_an_answer_is_trouble_of_the_system(
    subject: Subject, call: str, status: int
) -> None:
    subject.network.answer(".", status, "<p>One moment, please.</p>", Content_Type="text/html")
    async with subject.erp() as erp:
        error = await answered(CALLS[call](erp, subject.order()))
    assert isinstance(error, Transient | Permanent), f"a page with HTTP {status} is taken for an answer: {error!r}"


@needs("http", calls=CALLS)
async def test_a_key_that_is_not_accepted_is_trouble_of_the_system(subject: Subject, call: str) -> None:
    async with subject.erp(replace(subject.endpoint, key="revoked")) as erp:
        error = await answered(CALLS[call](erp, subject.order()))
    assert is_trouble(error, NotAuthorised, call), f"a key that is not accepted is not NotAuthorised but {error!r}"
    assert error is None or error.code in CATALOGUE
