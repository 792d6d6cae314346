"""### Backfill orders
Makes orders of a channel's transactions from before its start: so many at a time, oldest first, each looked up in the
ERP before it is sent. The channel's own DAG validates and sends them, after its newer orders. Look-ups find only
orders that this package made, not those that were entered by hand or by another integration: choose the days so that
none of those are among them.

While orders are on their way, the task waits and uses no slot. It may be cleared, or the DAG triggered again, at any
moment: what was brought in stays, and it goes on with what is left. To stop, mark the run as failed.

**When the task is red**, its log names in one sentence what to change.
"""

from datetime import UTC, datetime

from airflow.sdk import dag

from order_sync import permissions
from order_sync.core.requests.backfill import BackfillRequest
from order_sync.forms import form
from order_sync.operators import BackfillOrdersOperator
from order_sync.task_defaults import task_defaults


@dag(
    dag_id="backfill_orders",
    dag_display_name="Backfill orders",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args=task_defaults("operations"),
    params=form(BackfillRequest),
    tags=["orders", "people"],
    doc_md=__doc__,
    access_control=permissions.access("backfill_orders"),
)
def backfill_orders() -> None:
    """Build the DAG."""
    BackfillOrdersOperator(
        task_id="backfill_orders",
        channel="{{ params.channel }}",
        first_day="{{ params.first_day }}",
        last_day="{{ params.last_day }}",
        reason="{{ params.reason }}",
        at_most="{{ params.at_most }}",
        execution_timeout=None,
    )


backfill_orders()
