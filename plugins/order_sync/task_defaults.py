"""What every task of this package's DAGs has in common: how often it is tried, and whom its failure is told."""

from typing import Any

from order_sync.notifiers import ALERTS
from order_sync.retries import RETRIES, RETRY_BY_ERROR, RETRY_DELAY


def task_defaults(owner: str, **others: Any) -> dict[str, Any]:
    """The `default_args` of a DAG whose tasks belong to `owner`."""
    return {
        "owner": owner,
        "retries": RETRIES,
        "retry_delay": RETRY_DELAY,
        "retry_policy": RETRY_BY_ERROR,
        "on_failure_callback": ALERTS,
        **others,
    }
