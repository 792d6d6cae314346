"""What is done with a channel's ERP besides sending: learn what it knows, and compare what it has."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from airflow.sdk import Context

from order_sync import flows, hooks, registry
from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Transient
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.operators.base import OrderSyncOperator, actor, cleared, done, tell_findings

T = TypeVar("T")


ONE_LOOK = timedelta(minutes=15)
"""How long a task that waits may be at work at a time: Airflow's own `execution_timeout` would count the waiting."""


class ErpOperator(OrderSyncOperator):
    """What the operators that talk to a channel's ERP share: their arguments and their connections."""

    template_fields: Sequence[str] = ("channel", "erp_conn_id", "ledger_conn_id")

    def __init__(
        self, *, channel: str, erp_conn_id: str | None = None, ledger_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.channel = channel
        self.erp_conn_id = erp_conn_id

    def connected(self, by: Actor, work: Callable[[Erp, Ledger], Awaitable[T]], at_most: timedelta | None = None) -> T:
        """Do some work with the ERP and the ledger, connected to both. Raises Transient if it lasts too long.

        What the owner switched off, or on again, is noted in the ledger before.
        """
        erp = erp_of(self.channel, self.erp_conn_id)
        limit = at_most.total_seconds() if at_most else None

        async def connected(ledger: Ledger) -> T:
            try:
                async with asyncio.timeout(limit) as time, erp as client:
                    return await work(client, ledger)
            except TimeoutError:
                if not time.expired():
                    raise
                raise Transient(
                    f"task '{self.task_id}' ran for longer than {at_most} without a pause and was stopped; its"
                    " results until then are recorded. Check how long the ERP takes to answer"
                ) from None

        with hooks.ledger(self.ledger_conn_id) as ledger:
            ledger.switch_off(registry.switched_off(), by)
            return asyncio.run(connected(ledger))


class CheckReferenceDataOperator(ErpOperator):
    """Refresh what the ledger knows of the ERP's reference data, unless it is young enough.

    An ERP that provides its data by code is queried for the codes that this channel's orders name; all others for
    everything. Cleared, it also refreshes recent data. Returns counts. An ERP that is away is noted as long as there is
    a copy; without one, its error is raised. Skips itself with the reason while the ERP is switched off.

    :param channel: the channel of the ERP (templated)
    :param always: however young the copy is: somebody has just changed something in the ERP
    :param erp_conn_id: Airflow connection of the ERP: type `http`, its key as password, for Tryton the extra
        `{"database": "..."}`; left out, `erp_<name>` (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    ui_color = "#e8f0d8"

    def __init__(
        self,
        *,
        channel: str,
        always: bool = False,
        erp_conn_id: str | None = None,
        ledger_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(channel=channel, erp_conn_id=erp_conn_id, ledger_conn_id=ledger_conn_id, **kwargs)
        self.always = always

    def execute(self, context: Context) -> dict[str, int]:
        """Ask the ERP, in bulk."""
        spec, by = registry.channel(self.channel), actor(context)
        route, settings = registry.route(spec), registry.settings_for(registry.erp(spec.erp))
        anew = self.always or cleared(context, self)
        max_age = timedelta(0) if anew else settings.reference_max_age
        summary = self.connected(by, lambda erp, ledger: flows.refresh_reference(route, erp, ledger, by, max_age))
        return done(self, summary)


class CompareErpOperator(ErpOperator):
    """Compare the ERP's orders of a channel of the last days with what was sent; report orders of others.

    So is an order that lives there and is not done here; one that failed and is confirmed there by now succeeds.
    Nothing in the ERP is touched. Returns counts by `compared`, `never_sent`, `not_done`, `confirmed` and by what
    became a conflict. Skips itself with the reason while the ERP is switched off. Raises Transient or NotAuthorised
    while it is away.

    :param channel: the channel to compare (templated)
    :param erp_conn_id: Airflow connection of the ERP: type `http`, its key as password, for Tryton the extra
        `{"database": "..."}`; left out, `erp_<name>` (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    ui_color = "#cfe3e0"

    def execute(self, context: Context) -> dict[str, int]:
        """Compare the days that the settings say."""
        spec, by = registry.channel(self.channel), actor(context)
        settings = registry.settings_for(registry.erp(spec.erp))
        route = registry.route(spec)
        summary = self.connected(by, lambda erp, ledger: flows.compare_erp(route, erp, ledger, by, settings))
        with hooks.ledger(self.ledger_conn_id) as ledger:
            tell_findings(context, ledger, registry.erp(spec.erp).connection)
        return done(self, summary)


def erp_of(channel: str, conn_id: str | None = None) -> Any:
    """The ERP of a channel, which knows of no other: another channel's set-up must not stop this one."""
    spec = registry.erp(registry.channel(channel).erp)
    return hooks.erp(replace(spec, options={**spec.options, "channels": [channel]}), conn_id)
