"""What every task of this package's DAGs has in common: how often it is tried, how long, who hears of a failure, and
that a run with a param that its DAG does not have is refused.
"""

from datetime import timedelta
from typing import Any

from order_sync.core.errors import Misconfigured
from order_sync.core.requests.request import no_such_params
from order_sync.ledger_away import ledger_is_back
from order_sync.notifiers import ALERTS
from order_sync.retries import RETRIES, RETRY_BY_ERROR, RETRY_DELAY

AT_MOST = timedelta(minutes=45)
"""How long one try of a task may take that does not wait: far longer than it needs, and shorter than a run may last."""

LONG = timedelta(hours=6)
"""The same for tasks that go through all that is kept."""


def task_defaults(owner: str, **others: Any) -> dict[str, Any]:
    """The `default_args` of a DAG whose tasks belong to `owner`."""
    return {
        "owner": owner,
        "retries": RETRIES,
        "retry_delay": RETRY_DELAY,
        "retry_policy": RETRY_BY_ERROR,
        "execution_timeout": AT_MOST,
        "on_failure_callback": ALERTS,
        "on_success_callback": ledger_is_back,
        "pre_execute": refuse_unknown_params,
        **others,
    }


def refuse_unknown_params(context: Any) -> None:
    """Raises Misconfigured for a param that the DAG does not have. Airflow takes any name, and then nobody reads it."""
    known = [*context["dag"].params]
    if known and (unknown := no_such_params(context["params"], known)):
        raise Misconfigured("; ".join(unknown))
