"""### Resync orders
Chooses orders, by their keys or by what they have in common, and decides about them:

| action | what happens | to which orders |
|---|---|---|
| Send again | checked and sent now, after a look into the ERP | failed, dead, Pending Verification, conflicts |
| Mark as synced | never sent: the ERP has them under your numbers | what is not on its way |
| Ignore | not sent until they are released | not sent yet, failed, dead, conflicts, on hold |
| Put on hold | not sent until they are released | not sent yet, failed, dead |
| Release | they go on | on hold, ignored |
| Accept the ERP's order | the ERP's one confirmed order is right | conflicts |

Who decided and why is kept in each order's history. A filter that matches many orders, and a dry run, only list them.
The choice is kept: a clear repeats the decision for the same orders. The shopper is not informed, and the channel is
only read.

**When a task is red**, its log names in one sentence what to change: everything that is wrong with the params, and then
nothing was done; or which system is away. Trigger it again, or clear the task.
"""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import chain, dag, task, task_group
from airflow.sdk.exceptions import AirflowFailException

from order_sync import permissions, registry
from order_sync.core.requests.resync import ResyncRequest
from order_sync.flows.sending.push import LONGEST_SELECTION
from order_sync.forms import form
from order_sync.operators import (
    CheckReferenceDataOperator,
    PushOrdersOperator,
    ReconcileConfirmationsOperator,
    ResyncOrdersOperator,
    ValidateOrdersOperator,
)
from order_sync.specs import ErpSpec
from order_sync.task_defaults import task_defaults

SETTINGS = registry.settings()
CONFIRM = f"Needed for a filter that matches more than {SETTINGS.resync_without_confirm} orders."
THIS_RUN = "{{ dag_run.dag_id }}/{{ dag_run.run_id }}"


@task(trigger_rule="one_failed", retries=0, retry_policy=None, on_failure_callback=None)
def watcher() -> None:
    """Make the run red when one of its tasks is, although the tasks after that one went on."""
    raise AirflowFailException("a task of this run failed: its own log says what to change")


def send(erp: ErpSpec, decided: Any) -> list[Any]:
    """What sends the chosen orders to one ERP, for each of its channels that has some."""

    @task(task_id=f"channels_of_{erp.name}")
    def channels(decided: dict[str, dict[str, list[str]]]) -> list[str]:
        """The channels of this ERP with something to send; with none, what follows is skipped."""
        return decided["to_send"].get(erp.name, [])

    listed = channels(decided)
    steps: list[Any] = [listed]

    @task_group(group_id=f"send_to_{erp.name}")
    def each(channel: str) -> None:
        check_reference_data = CheckReferenceDataOperator(task_id="check_reference_data", channel=channel, always=True)
        validate = ValidateOrdersOperator(
            task_id="validate", channel=channel, judge_again=False, trigger_rule="all_done"
        )
        push = PushOrdersOperator(
            task_id="push",
            channel=channel,
            selection=THIS_RUN,
            pool=erp.connection,
            priority_weight=10,
            weight_rule="absolute",
            trigger_rule="all_done",
            execution_timeout=SETTINGS.longest_push + LONGEST_SELECTION,
        )
        reconcile = ReconcileConfirmationsOperator(
            task_id="reconcile", channel=channel, selection=THIS_RUN, trigger_rule="all_done", execution_timeout=None
        )
        chain(check_reference_data, validate, push, reconcile)
        steps.extend((check_reference_data, validate, push, reconcile))

    each.expand(channel=listed)
    return steps


@dag(
    dag_id="resync_orders",
    dag_display_name="Resync orders",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # `decide` refuses unknown params itself, together with everything else that is wrong.
    default_args=task_defaults("order-desk", pre_execute=None),
    params=form(ResyncRequest, confirm={"description": CONFIRM}),
    access_control=permissions.access("resync_orders"),
    tags=["orders", "people"],
    doc_md=__doc__,
)
def resync_orders() -> None:
    """Decide, then send to each ERP what is to be sent."""
    decide = ResyncOrdersOperator(task_id="decide")
    steps = [step for erp in registry.fed() for step in send(erp, decide.output)]
    [decide, *steps] >> watcher()


resync_orders()
