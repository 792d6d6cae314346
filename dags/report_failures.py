"""### What failed, and why
Writes the CSV of one business day into the folder of the variable `order_sync_report_dir`, every day at the set time of
the set zone (`ORDER_SYNC_REPORT_AT`, `ORDER_SYNC_REPORT_ZONE`). By hand: trigger it with a day, and with `All orders`
for a row of every order placed that day. The first build stores its rows; building the same day again writes the same
file, but for people's data that was erased since. So it stores nothing until the orders of each channel have been
validated once: the task is then skipped with the reason, and clearing it later builds the report of the same day. If a
browser can open the folder, set its address in the variable `order_sync_report_url`: the task then links to its file.

**When the task is red**, its log names in one sentence what to change: the folder, the day, or connection
`order_ledger`. Clear the task afterwards.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag

from order_sync import permissions, registry
from order_sync.core.requests.report import ReportRequest
from order_sync.forms import form
from order_sync.operators import BuildFailureReportOperator
from order_sync.task_defaults import task_defaults

SETTINGS = registry.settings()
AT = SETTINGS.report_at


@dag(
    dag_id="report_failures",
    dag_display_name="Report failures",
    schedule=CronTriggerTimetable(f"{AT.minute} {AT.hour} * * *", timezone=SETTINGS.report_zone.key),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_consecutive_failed_dag_runs=0,
    dagrun_timeout=timedelta(hours=1),
    default_args=task_defaults("order-desk"),
    params=form(ReportRequest),
    tags=["orders", "report"],
    doc_md=__doc__,
    access_control=permissions.access("report_failures"),
)
def report_failures() -> None:
    """One task: the report of all channels."""
    BuildFailureReportOperator(
        task_id="build_failure_report",
        folder="{{ var.value.get('order_sync_report_dir', '') }}",
        content="{{ params.content }}",
        day="{{ params.day or '' }}",
        folder_url="{{ var.value.get('order_sync_report_url', '') }}",
    )


report_failures()
