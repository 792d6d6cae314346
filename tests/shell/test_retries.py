"""Which errors Airflow tries again, and when."""

from datetime import timedelta

import pytest
from airflow.sdk import RetryAction

from order_sync.core.errors import (
    LedgerUnavailable,
    Misconfigured,
    NotAuthorised,
    OrderBusy,
    Permanent,
    RateLimited,
    Transient,
)
from order_sync.retries import RETRY_BY_ERROR, RetryByError
from tests.support.context import context

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("error", "action", "delay"),
    [
        (Permanent("x"), RetryAction.FAIL, None),
        (Misconfigured("x"), RetryAction.FAIL, None),
        (NotAuthorised("x"), RetryAction.FAIL, None),
        (LedgerUnavailable("x"), RetryAction.RETRY, MINUTE),
        (Transient("x"), RetryAction.RETRY, MINUTE),
        (OrderBusy("x"), RetryAction.DEFAULT, None),
        (KeyError("x"), RetryAction.DEFAULT, None),
    ],
)
def test_the_class_of_an_error_decides_whether_a_task_is_tried_again(
    error: Exception, action: RetryAction, delay: timedelta | None
) -> None:
    """R43"""
    policy = RetryByError.deserialize(RETRY_BY_ERROR.serialize())
    decision = policy.evaluate(error, try_number=1, max_tries=3)
    assert (decision.action, decision.retry_delay) == (action, delay)


@pytest.mark.parametrize(
    ("asked", "delay"),
    [
        (timedelta(0), MINUTE),
        (timedelta(seconds=59), MINUTE),
        (7 * MINUTE, 7 * MINUTE),
        (timedelta(days=900), timedelta(days=1)),
    ],
)
@pytest.mark.parametrize("kind", [Transient, RateLimited])
def test_a_task_is_tried_again_after_as_long_as_the_system_asked_for(
    kind: type[Transient], asked: timedelta, delay: timedelta
) -> None:
    """R43, R74"""
    decision = RETRY_BY_ERROR.evaluate(kind("x", retry_after=asked), 1, 3)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, delay)
    assert (str(asked) in (decision.reason or "")) is (asked > MINUTE)


@pytest.mark.parametrize(
    ("try_number", "max_tries", "action"),
    [(1, 3, RetryAction.RETRY), (2, 3, RetryAction.FAIL), (3, 5, RetryAction.RETRY), (4, 5, RetryAction.FAIL)],
    ids=["the first try", "the second try", "the first try after a clear", "the second try after a clear"],
)
def test_while_the_ledger_is_away_a_task_is_tried_once_more_and_no_further(
    try_number: int, max_tries: int, action: RetryAction
) -> None:
    decision = RETRY_BY_ERROR.evaluate(LedgerUnavailable("x"), try_number, max_tries, context())
    assert decision.action is action
