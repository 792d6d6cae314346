"""Which error is tried again by Airflow, and when: the class of an error decides, and operators never do.

Retries are for systems that are away. An order's own patience (`next_attempt_at`, looks) lives in the ledger. Airflow
asks on the worker, with the error itself: its class matches only as long as the plugin loader leaves this package alone
(`plugins/.airflowignore`).
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Context, RetryDecision, RetryPolicy

from order_sync import registry
from order_sync.core.errors import LedgerUnavailable, Permanent, Transient

RETRIES = 3
"""How often a failed task is tried again at most."""

RETRY_DELAY = registry.settings().retry_delay
"""How long a task waits before it is tried again, unless the system asked to wait longer."""

LONGEST_DELAY = timedelta(days=1)
"""How long a task waits at most, whatever the system asked for."""

LEDGER_RETRIES = 1
"""How often while the ledger is away: a failover is over by then, and nothing else can be done without it."""


class RetryByError(RetryPolicy):
    """A system that is away is tried again, after as long as it asked for; what a person must change first is not."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """See `RetryPolicy.evaluate`; a clear adds the retries to `max_tries`, so that tries count from there."""
        retries = context["ti"].task.retries if context else RETRIES
        tries = try_number - (max_tries - (retries or 0))
        if isinstance(exception, Permanent):
            return RetryDecision.fail("the same call would fail again: a person has to change something first")
        if not isinstance(exception, Transient):
            return RetryDecision.default()
        if isinstance(exception, LedgerUnavailable) and tries > LEDGER_RETRIES:
            return RetryDecision.fail("the ledger is still away, and nothing can be done without it")
        asked = exception.retry_after
        if asked is None or asked <= RETRY_DELAY:
            return RetryDecision.retry(RETRY_DELAY, "the system is away for now")
        return RetryDecision.retry(min(asked, LONGEST_DELAY), f"the system requires a wait of {asked}")

    def serialize(self) -> dict[str, Any]:
        """Nothing: it has no parts that could differ."""
        return {"__type": "order_sync.retries.RetryByError"}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "RetryByError":
        """The same policy."""
        return cls()


RETRY_BY_ERROR = RetryByError()
"""The retry policy of every task."""
