"""### Orders of one channel into its ERP
Takes the channel's new transactions, checks them, sends the good ones to the ERP exactly once and watches until they
are confirmed or their verification window is over. Every step takes its work from the ledger: what one run left undone,
the next one does.

**When a task is red**, its log names in one sentence what to change; clear the task afterwards, or wait for
the next run. Nothing is lost and nothing is sent twice, whatever is cleared or however often.

| red task | what continues meanwhile | check |
|---|---|---|
| extract | what the ledger already has is sent | the channel's database, connection `channel_<name>` |
| check_reference_data | the last good copy serves; without one, orders wait | the ERP, connection `erp_<name>` |
| validate | orders stay received | connection `order_ledger` |
| push | orders stay queued; what may have been sent is looked up first | the ERP, connection `erp_<name>` |
| reconcile | confirmations are settled by the next run's push | the ERP, connection `erp_<name>` |
| watcher | it makes the run red when another task is red: check that one | |

An order that failed turns nothing red: the report shows it, and `explain_order` shows its reason. If the setting
`ORDER_SYNC_RED_ON_FAILED_ORDERS` requires it, a last task, `failed_orders`, is red then.
"""

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, chain, dag, task
from airflow.sdk.exceptions import AirflowFailException

from order_sync import permissions, registry
from order_sync.operators import (
    CheckReferenceDataOperator,
    ExtractTransactionsOperator,
    FailedOrdersOperator,
    PushOrdersOperator,
    ReconcileConfirmationsOperator,
    ValidateOrdersOperator,
)
from order_sync.specs import ChannelSpec
from order_sync.task_defaults import task_defaults

SETTINGS = registry.settings()
WINDOW = SETTINGS.verification_window


@task(trigger_rule="one_failed", retries=0, retry_policy=None, on_failure_callback=None)
def watcher() -> None:
    """Make the run red when one of its tasks is, although the tasks after that one went on."""
    raise AirflowFailException("a task of this run failed: its own log says what to change")


def sync_orders(channel: ChannelSpec) -> None:
    """Build the DAG of one channel."""
    name = channel.name

    @dag(
        dag_id=f"sync_orders__{name}",
        dag_display_name=f"Sync orders · {name}",
        schedule=CronTriggerTimetable(channel.every, timezone="UTC"),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=registry.open_runs(WINDOW, channel.minutes_between_runs),
        max_consecutive_failed_dag_runs=0,
        dagrun_timeout=registry.run_timeout(WINDOW),
        default_args=task_defaults(channel.owner),
        tags=["orders", f"channel:{name}", f"erp:{channel.erp}"],
        doc_md=__doc__,
        access_control=permissions.access(f"sync_orders__{name}"),
    )
    def build() -> None:
        extract = ExtractTransactionsOperator(task_id="extract", task_display_name="P-0001 · extract", channel=name)
        check_reference_data = CheckReferenceDataOperator(
            task_id="check_reference_data", channel=name, trigger_rule="all_done"
        )
        validate = ValidateOrdersOperator(task_id="validate", channel=name, trigger_rule="all_done")
        push = PushOrdersOperator(
            task_id="push",
            task_display_name="Write Order · push",
            channel=name,
            pool=registry.erp(channel.erp).connection,
            trigger_rule="all_done",
            execution_timeout=SETTINGS.longest_push,
        )
        reconcile = ReconcileConfirmationsOperator(
            task_id="reconcile", channel=name, trigger_rule="all_done", execution_timeout=None
        )
        steps = [extract, check_reference_data, validate, push, reconcile]
        chain(*steps)
        steps >> watcher()
        if SETTINGS.red_on_failed_orders.share is not None:
            steps >> FailedOrdersOperator(task_id="failed_orders", retries=0, trigger_rule="all_done")

    build()


for spec in registry.CHANNELS:
    sync_orders(spec)
