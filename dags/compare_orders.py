"""### Compare orders
Once a day: what each channel holds of the last days beside what landed in the ledger, by key and digest, and what the
ERP was given under that channel beside what was sent. What is missing is read at once and goes on with the next run of
the channel's DAG. An order in the ERP that was never sent by this package is listed and not changed. The same holds for
an order that is in the ERP, not cancelled, and not done here; but if it only failed here, and the ERP confirms it by
now, it becomes succeeded.

Each finding is sent once over Slack and by mail, and is kept in the ledger's table `findings`. Findings turn no
task red: the task did its work.

**When a task is red**, its log names in one sentence what to change; clear it afterwards, or wait for the
next day. Comparing twice does no harm.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag

from order_sync import permissions, registry
from order_sync.operators import CompareChannelOperator, CompareErpOperator
from order_sync.task_defaults import LONG, task_defaults


@dag(
    dag_id="compare_orders",
    dag_display_name="Compare orders",
    schedule=CronTriggerTimetable("20 3 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_consecutive_failed_dag_runs=0,
    dagrun_timeout=timedelta(hours=12),
    default_args=task_defaults("operations", execution_timeout=LONG, map_index_template="{{ task.channel }}"),
    tags=["orders"],
    doc_md=__doc__,
    access_control=permissions.access("compare_orders"),
)
def compare_orders() -> None:
    """Two tasks, each for every channel; neither waits for the other, so that each makes the run red that is red."""
    channels = [spec.name for spec in registry.CHANNELS]
    CompareChannelOperator.partial(task_id="compare_channel").expand(channel=channels)
    CompareErpOperator.partial(task_id="compare_erp").expand(channel=channels)


compare_orders()
