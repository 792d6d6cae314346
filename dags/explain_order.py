"""### Where is my order?
Shows in the log where an order is and why: the last error first, what it means, who fixes it and how, what happens
by itself and when, what people may decide, the ERP's number and status, every attempt, and the whole history.

Search by **one** of order key, Channel reference ID, receipt number or customer account. With none of them it lists
orders, the newest first with their last errors, by status, error code, channel and age, and counts the most frequent
causes. Nothing is changed, and only the ledger is queried: what the ERP last reported is shown with its time.

`Print the whole order` also writes a text file beside the reports, for entering the order by hand. It contains personal
data. `For support` also logs what support needs, under the subject `Order Sync Error`, without personal data.

**When the task is red**, its log names in one sentence what to change: a param, the folder of the variable
`order_sync_report_dir`, or the connection `order_ledger`. An order that is not found turns nothing red.
"""

from datetime import UTC, datetime

from airflow.sdk import dag

from order_sync import permissions
from order_sync.core.requests.explain import ExplainRequest
from order_sync.forms import form
from order_sync.operators import ExplainOrderOperator
from order_sync.task_defaults import task_defaults


@dag(
    dag_id="explain_order",
    dag_display_name="Explain an order",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args=task_defaults("order-desk"),
    params=form(ExplainRequest),
    access_control=permissions.access("explain_order"),
    tags=["orders", "people"],
    doc_md=__doc__,
)
def explain_order() -> None:
    """Build the DAG."""
    ExplainOrderOperator(
        task_id="explain_order",
        key="{{ params.key or '' }}",
        reference="{{ params.reference or '' }}",
        receipt="{{ params.receipt or '' }}",
        customer_account="{{ params.customer_account or '' }}",
        status="{{ params.status or '' }}",
        code="{{ params.code or '' }}",
        channel="{{ params.channel or '' }}",
        days="{{ params.days or '' }}",
        at_most="{{ params.at_most }}",
        whole_order="{{ params.whole_order }}",
        escalate="{{ params.escalate }}",
        folder="{{ var.value.get('order_sync_report_dir', '') }}",
        folder_url="{{ var.value.get('order_sync_report_url', '') }}",
    )


explain_order()
