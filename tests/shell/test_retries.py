"""Which errors Airflow tries again."""

from datetime import timedelta

import pytest
from airflow.sdk import ExceptionRetryPolicy, RetryAction

from order_sync.core.errors import LedgerUnavailable, Misconfigured, NotAuthorised, Permanent, RateLimited, Transient
from order_sync.retries import RETRY_BY_ERROR

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("error", "action", "delay"),
    [
        (Permanent("x"), RetryAction.FAIL, None),
        (Misconfigured("x"), RetryAction.FAIL, None),
        (NotAuthorised("x"), RetryAction.FAIL, None),
        (LedgerUnavailable("x"), RetryAction.FAIL, None),
        (Transient("x"), RetryAction.RETRY, MINUTE),
        (RateLimited("x", retry_after=MINUTE), RetryAction.RETRY, 5 * MINUTE),
        (KeyError("x"), RetryAction.DEFAULT, None),
    ],
)
def test_the_class_of_an_error_decides_whether_a_task_is_tried_again(
    error: Exception, action: RetryAction, delay: timedelta | None
):
    """R43"""
    policy = ExceptionRetryPolicy.deserialize(RETRY_BY_ERROR.serialize())
    decision = policy.evaluate(error, try_number=1, max_tries=3)
    assert (decision.action, decision.retry_delay) == (action, delay)
