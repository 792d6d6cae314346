"""Red runs for those who want them: the last step of a run, which looks at what became of its orders."""

from collections.abc import Sequence

from airflow.sdk import Context

from order_sync import hooks, registry
from order_sync.operators.base import OrderSyncOperator


class FailedOrdersOperator(OrderSyncOperator):
    """Fail if orders that this run worked on failed, as `ORDER_SYNC_RED_ON_FAILED_ORDERS` sets it.

    Put it below all other steps, with `trigger_rule="all_done"`. Returns how many orders the run worked on and how many
    failed. Raises OrdersFailed with their number by code. An order that the run failed and that got well since is not
    counted: cleared once all are fixed, it is green.

    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("ledger_conn_id",)
    ui_color = "#f4d6d6"

    def execute(self, context: Context) -> dict[str, int]:
        """Count them in the ledger."""
        ti, since = context["ti"], context["dag_run"].run_after
        with hooks.ledger(self.ledger_conn_id) as ledger:
            run = ledger.failed_in_run(f"{ti.dag_id}/{ti.run_id}", since)
        registry.settings().red_on_failed_orders.judge(run)
        return {"worked_on": run.worked, "failed": sum(run.failed.values())}
