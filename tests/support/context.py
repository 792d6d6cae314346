"""What Airflow hands to a task as it runs, as much of it as operators look at."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk import BaseOperator

RETRIES = 3


def context(
    task_id: str = "push",
    dag_id: str = "sync_orders__shop",
    run_id: str = "manual__1",
    user: str | None = None,
    max_tries: int = RETRIES,
    try_number: int = 1,
    clears: int = 0,
    **others: Any,
) -> Any:
    """The context of a task that has so many retries; a clear adds the tries so far to those it may have."""
    run_after = datetime(2026, 3, 2, tzinfo=UTC)
    task = BaseOperator(task_id=task_id, retries=RETRIES)
    ti = SimpleNamespace(
        dag_id=dag_id, run_id=run_id, task_id=task_id, task=task, max_tries=max_tries, try_number=try_number
    )
    run = SimpleNamespace(triggering_user_name=user, clear_number=clears, run_after=run_after)
    return {"ti": ti, "dag_run": run, **others}
