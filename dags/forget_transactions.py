"""### Forget old transactions
Once a day: erases personal data of finished orders that had no event for the time that
`ORDER_SYNC_TRANSACTIONS_KEPT_FOR` sets, from the ledger, from the reports' files and from printed orders. The evidence
stays, as described for `erase_personal_data`; orders that are still open keep what they need, and are counted.

**When the task is red**, its log names in one sentence what to change: the folder of the variable
`order_sync_report_dir`, or connection `order_ledger`. Clear it afterwards, or wait for the next day: nothing is lost.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag

from order_sync import permissions
from order_sync.operators import ForgetTransactionsOperator
from order_sync.task_defaults import LONG, task_defaults


@dag(
    dag_id="forget_transactions",
    dag_display_name="Forget old transactions",
    schedule=CronTriggerTimetable("40 4 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_consecutive_failed_dag_runs=0,
    dagrun_timeout=timedelta(hours=12),
    default_args=task_defaults("privacy", execution_timeout=LONG),
    access_control=permissions.access("forget_transactions"),
    tags=["orders"],
    doc_md=__doc__,
)
def forget_transactions() -> None:
    """Build the DAG."""
    ForgetTransactionsOperator(task_id="forget_transactions", folder="{{ var.value.get('order_sync_report_dir', '') }}")


forget_transactions()
