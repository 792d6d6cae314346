"""### The ledger was restored from a backup
Run this DAG at once, before any other DAG runs again. What the restored ledger does not know still happened: orders
were sent, and people decided. Every channel is put on hold and read again; what may have been sent since the backup is
looked up in the ERP before anything is sent; what people decided since is listed in the task's log for them to confirm.

**Before**: pause the DAGs, restore the ledger, `python -m order_sync migrate`. **Then**: trigger this with the instant
of the backup, switch the DAGs on, and follow the end of the task's log. An order that somebody marked, ignored or put
on hold since the backup is not sent until somebody decides again with `resync_orders`. A channel sends again when
somebody releases it with `hold_connection`.

It may be cleared, or triggered again, at any moment: it changes nothing twice, and lists everything again.

**When the task is red**, its log names in one sentence what to change: the instant, the reason, or a connection,
`order_ledger` or `airflow_api`. If the channels are on hold by then they stay so; clear the task.
"""

from datetime import UTC, datetime

from airflow.sdk import dag

from order_sync import permissions
from order_sync.core.requests.restore import RestoreRequest
from order_sync.forms import form
from order_sync.operators import RestoreLedgerOperator
from order_sync.task_defaults import task_defaults


@dag(
    dag_id="restore_ledger",
    dag_display_name="The ledger was restored",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args=task_defaults("operations"),
    params=form(RestoreRequest),
    access_control=permissions.access("restore_ledger"),
    tags=["orders", "people"],
    doc_md=__doc__,
)
def restore_ledger() -> None:
    """Build the DAG."""
    RestoreLedgerOperator(task_id="restore_ledger", backup_at="{{ params.backup_at }}", reason="{{ params.reason }}")


restore_ledger()
