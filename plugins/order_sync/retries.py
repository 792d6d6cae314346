"""Which error is tried again by Airflow: the class of an error decides, and operators never do.

Retries are for systems that are away. An order's own patience (`next_attempt_at`, looks) lives in the ledger. Errors
are named by dotted string, since Airflow compares them on the worker: they match only as long as the plugin loader
leaves this package alone (`plugins/.airflowignore`).
"""

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from order_sync import registry

RETRIES = 3
"""How often a failed task is tried again at most."""

RETRY_DELAY = registry.settings().retry_delay
"""How long a task waits before it is tried again, if no rule says otherwise."""

RETRY_BY_ERROR = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            "order_sync.core.errors.Permanent",
            RetryAction.FAIL,
            reason="the same call would fail again: a person has to change something first",
        ),
        RetryRule(
            "order_sync.core.errors.LedgerUnavailable",
            RetryAction.FAIL,
            reason="without the ledger there is nothing to do: the next run comes back",
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
"""The retry policy of every task: the first rule that matches decides."""
