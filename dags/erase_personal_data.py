"""### Erase personal data
Erases the data of one customer, or that of single orders, from the ledger, from the reports' files and from printed
orders: names, addresses, accounts, references, receipts, what was bought, and what the ERP or a person wrote. What
stays is evidence: the order's key, its statuses, instants, outcomes, codes, total and ERP number. It cannot be undone,
so it only counts at first: untick `Dry run` when the numbers are right.

Give the customer account as the channel gives it; the orders of guests have none, and are erased by their keys. An
order is erased once it is finished or ignored. Orders that are still open are named, with what to do first; all others
are erased. What the channel and the ERP hold is erased there. `docs/personal-data.md` describes in which order, and
what remains elsewhere.

**When the task is red**, its log names in one sentence what to change: a param, an order that is still open, the folder
of the variable `order_sync_report_dir`, or connection `order_ledger`. Clear it afterwards: it does what is left.
"""

from datetime import UTC, datetime

from airflow.sdk import dag

from order_sync import permissions
from order_sync.core.requests.erase import EraseRequest
from order_sync.forms import form
from order_sync.operators import ErasePersonalDataOperator
from order_sync.task_defaults import LONG, task_defaults


@dag(
    dag_id="erase_personal_data",
    dag_display_name="Erase personal data",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_consecutive_failed_dag_runs=0,
    default_args=task_defaults("privacy", execution_timeout=LONG),
    params=form(EraseRequest),
    access_control=permissions.access("erase_personal_data"),
    tags=["orders", "people"],
    doc_md=__doc__,
)
def erase_personal_data() -> None:
    """Build the DAG."""
    ErasePersonalDataOperator(
        task_id="erase_personal_data",
        channel="{{ params.channel }}",
        customer_account="{{ params.customer_account or '' }}",
        order_keys="{{ (params.order_keys or []) | join(' ') }}",
        reason="{{ params.reason }}",
        only_count="{{ params.dry_run }}",
        folder="{{ var.value.get('order_sync_report_dir', '') }}",
    )


erase_personal_data()
