"""Which error is tried again by Airflow: the class of an error decides, and operators never do.

Retries are for systems that are away. An order's own patience (`next_attempt_at`, looks) lives in the ledger. Errors
are named by dotted string, since Airflow compares them on the worker: they match only as long as the plugin loader
leaves this package alone (`plugins/.airflowignore`).
"""

from datetime import timedelta

from airflow.sdk import Context, ExceptionRetryPolicy, RetryAction, RetryDecision, RetryRule

from order_sync import registry
from order_sync.core.errors import LedgerUnavailable

RETRIES = 3
"""How often a failed task is tried again at most."""

RETRY_DELAY = registry.settings().retry_delay
"""How long a task waits before it is tried again, if no rule says otherwise."""

LEDGER_RETRIES = 1
"""How often while the ledger is away: a failover is over by then, and nothing else can be done without it."""


class RetryByError(ExceptionRetryPolicy):
    """The first rule that matches decides, and a ledger that is still away after one more try ends the task."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """See `RetryPolicy.evaluate`; a clear adds the retries to `max_tries`, so that tries count from there."""
        retries = context["ti"].task.retries if context else RETRIES
        tries = try_number - (max_tries - (retries or 0))
        if isinstance(exception, LedgerUnavailable) and tries > LEDGER_RETRIES:
            return RetryDecision.fail("the ledger is still away, and without it there is nothing to do")
        return super().evaluate(exception, try_number, max_tries, context)


RETRY_BY_ERROR = RetryByError(
    rules=[
        RetryRule(
            "order_sync.core.errors.Permanent",
            RetryAction.FAIL,
            reason="the same call would fail again: a person has to change something first",
        ),
        RetryRule(
            "order_sync.core.errors.RateLimited",
            RetryAction.RETRY,
            retry_delay=timedelta(minutes=5),
            reason="the system asked for patience",
        ),
        RetryRule(
            "order_sync.core.errors.Transient",
            RetryAction.RETRY,
            retry_delay=RETRY_DELAY,
            reason="the system is away for now",
        ),
    ]
)
"""The retry policy of every task."""
