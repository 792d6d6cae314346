"""Who cleared a task, from Airflow's event log, for the audit history of orders.

It is told over the connection `airflow_api`, and never stops the work: without an answer it was `unknown`. Airflow logs
who asked for a clear before it decides whether they may. So when several people asked, all of them are named.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Context

from order_sync import hooks

UNKNOWN = "unknown"
CLEARS = ("post_clear_task_instances", "clear_dag_run", "clear_dag_runs", "cli_task_clear")
"""What Airflow calls a clear of tasks, of a run, of several runs, and by the command line."""

Row = Mapping[str, Any]


def cleared_by(context: Context) -> str:
    """The user who cleared this task, or those who may have; `unknown`, and a line in the log, if nobody can tell."""
    ti = context["ti"]
    try:
        airflow = hooks.airflow()
        if airflow is None:
            ti.task.log.info("without a connection '%s' it is not known who cleared this task", hooks.AIRFLOW)
            return UNKNOWN
        mine = {"dag_id": ti.dag_id, "run_id": ti.run_id, "task_id": ti.task_id, "event": "running"}
        since = context["dag_run"].run_after.isoformat()
        clears = airflow.rows("eventLogs", "event_logs", dag_id=ti.dag_id, included_events=CLEARS, after=since)
        rows = [row for row in clears if _concerns(ti, row)] + airflow.rows("eventLogs", "event_logs", **mine)
        return _latest(rows) or UNKNOWN
    except Exception as error:  # noqa: BLE001  whatever it is, orders are more important than this name
        ti.task.log.warning("it could not be found out who cleared this task: %s: %s", type(error).__name__, error)
        return UNKNOWN


def _latest(rows: Sequence[Row]) -> str:
    """Who asked for a clear between the two latest tries of which there is such a one."""
    people: dict[str, None] = {}
    for row in sorted(rows, key=lambda row: row["event_log_id"], reverse=True):
        if row["event"] in CLEARS:
            people[row["owner"]] = None
        elif people:
            break
    return " or ".join(people)


def _concerns(ti: Any, row: Row) -> bool:
    """Whether what was asked for clears this task of this run, as far as the log says."""
    asked = json.loads(row["extra"] or "{}")
    tasks = [each if isinstance(each, str) else each[0] for each in asked.get("task_ids") or [ti.task_id]]
    runs = [row["run_id"]] if row["run_id"] else [each["dag_run_id"] for each in asked.get("dag_runs") or []]
    other_tasks = asked.get("include_upstream") or asked.get("include_downstream")
    other_runs = asked.get("include_past") or asked.get("include_future")
    return bool((ti.task_id in tasks or other_tasks) and (ti.run_id in runs or other_runs or not runs))
