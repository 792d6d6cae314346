"""### Hold a connection, or release it
Stops sending orders over an ERP's or a channel's connection, for example for stock-taking or a migration. Orders
are read, validated and confirmed as before; those that would be sent are Queued and wait. After a release the next run
sends them. A release also ends the holds that order-sync set by itself.

Trigger it with the connection, what to do, and why. Who did it is kept in the ledger with the reason. People can set
only one hold on a connection: if there already is one, the log shows who set it, no other is set, and one release ends
it.

**When the task is red**, its log names in one sentence what to change: the connection, the reason, or the
connection `order_ledger`. Nothing was held or released then.
"""

from datetime import UTC, datetime

from airflow.sdk import dag

from order_sync import permissions
from order_sync.core.requests.hold import HoldRequest
from order_sync.forms import form
from order_sync.operators import HoldConnectionOperator
from order_sync.task_defaults import task_defaults


@dag(
    dag_id="hold_connection",
    dag_display_name="Hold a connection",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args=task_defaults("operations"),
    params=form(HoldRequest),
    tags=["orders", "people"],
    doc_md=__doc__,
    access_control=permissions.access("hold_connection"),
)
def hold_connection() -> None:
    """Build the DAG."""
    HoldConnectionOperator(
        task_id="hold_connection",
        connection="{{ params.connection }}",
        action="{{ params.action }}",
        reason="{{ params.reason }}",
    )


hold_connection()
