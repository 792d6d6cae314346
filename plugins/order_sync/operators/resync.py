"""What people decide about chosen orders."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from airflow.sdk import Context

from order_sync import flows, hooks, registry
from order_sync.core.order.references import is_short
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.requests.resync import ResyncRequest
from order_sync.flows.people.resync import Resynced
from order_sync.flows.systems.references import in_our_keys
from order_sync.operators.base import OrderSyncOperator, actor, done
from order_sync.operators.erp import erp_of


class ResyncOrdersOperator(OrderSyncOperator):
    """Choose orders and decide about them: send again, mark as synced, ignore, hold, release, or accept.

    The run's selection is stored before anything is decided; cleared or tried again, the task repeats the decision for
    the same orders. Returns counts by `done`, `unchanged` and `refused` (`matched` alone when it only looked), and as
    `to_send` the channels by ERP whose orders are to be sent now: give those to `PushOrdersOperator` with the run as
    its `selection`. Reasons go to the log and to the ledger's table `selected_orders`. Raises Misconfigured with
    everything that is wrong in the request, and for keys that the ledger does not know, before it changes
    anything; Transient or NotAuthorised while an ERP that must be queried is away.

    :param asked: the request, by the names of the params of `resync_orders`; by default the run's params (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("asked", "ledger_conn_id")
    ui_color = "#f7e1ea"

    def __init__(
        self, *, asked: Mapping[str, Any] | None = None, ledger_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.asked = asked

    def execute(self, context: Context) -> dict[str, Any]:
        """Choose, store the choice, and decide."""
        settings, ti = registry.settings(), context["ti"]
        params = self._in_our_keys(context["params"] if self.asked is None else self.asked)
        asked = ResyncRequest.read(params, registry.known(settings.report_zone))
        routes, by = {spec.name: registry.route(spec) for spec in registry.CHANNELS}, actor(context, asked.reason)

        async def resync(ledger: Ledger) -> Resynced:
            async with AsyncExitStack() as stack:
                erps: dict[str, Erp] = {}

                async def connect(channel: str) -> Erp:
                    if channel not in erps:
                        erps[channel] = await stack.enter_async_context(erp_of(channel))
                    return erps[channel]

                run, limit = f"{ti.dag_id}/{ti.run_id}", settings.resync_without_confirm
                return await flows.resync(asked, run, params, routes, connect, ledger, by, limit)

        with hooks.ledger(self.ledger_conn_id) as ledger:
            resynced = asyncio.run(resync(ledger))
        return {**done(self, resynced.summary), "to_send": resynced.to_send}

    def _in_our_keys(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """What was typed, with our keys in the place of external references; the ledger is asked only if there are."""
        lines = typed.get("order_keys")
        if not isinstance(lines, list | tuple) or not any(is_short(str(line).strip().upper()) for line in lines):
            return dict(typed)
        with hooks.ledger(self.ledger_conn_id) as ledger:
            keys = in_our_keys([str(line) for line in lines], [spec.name for spec in registry.ERPS], ledger)
        return {**typed, "order_keys": keys}
