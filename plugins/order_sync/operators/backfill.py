"""Orders from before a channel's start, brought in by a person."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import Context

from order_sync import flows, hooks, registry
from order_sync.core.basics.summary import Summary
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.requests.backfill import BackfillRequest
from order_sync.operators.base import actor, done, tell_findings
from order_sync.operators.erp import ONE_LOOK, ErpOperator

ASKED = tuple(BackfillRequest.model_fields)

PAUSE = timedelta(minutes=5)
"""How long it waits until it looks whether there is room for more."""


class BackfillOrdersOperator(ErpOperator):
    """Make orders of a channel's transactions from before its start, so many at a time; deferred while they travel.

    Each is looked up in the ERP first, and is not sent if it is there. The channel's own DAG validates and sends them,
    after its newer orders. Cleared or run again it goes on with what is left. Returns the counts of its last round by
    `backfilled`, `in_erp_before_start`, `gone` and `not_an_order`. Raises Misconfigured for days that cannot be and
    without a reason, Transient or NotAuthorised while a system is away.

    :param channel: the channel's name in the registry (templated)
    :param first_day: ISO 8601 date, UTC: the first day of placing (templated)
    :param last_day: ISO 8601 date, UTC: the last day of placing, included (templated)
    :param reason: why, for the audit history (templated)
    :param at_most: how many backfilled orders may be on their way at a time (templated)
    :param channel_conn_id: Airflow connection of the channel's database, which is only read: type `postgres`; left out,
        `channel_<name>` (templated)
    :param erp_conn_id: Airflow connection of the ERP: type `http`, its key as password, for Tryton the extra
        `{"database": "..."}`; left out, `erp_<name>` (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = (
        *ASKED,
        *("channel_conn_id", "erp_conn_id", "ledger_conn_id"),
    )
    ui_color = "#ece4f4"

    def __init__(
        self,
        *,
        channel: str,
        first_day: str,
        last_day: str,
        reason: str,
        at_most: int | str = 500,
        channel_conn_id: str | None = None,
        erp_conn_id: str | None = None,
        ledger_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(channel=channel, erp_conn_id=erp_conn_id, ledger_conn_id=ledger_conn_id, **kwargs)
        self.first_day = first_day
        self.last_day = last_day
        self.reason = reason
        self.at_most = at_most
        self.channel_conn_id = channel_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Bring in as many as there is room for."""
        return self.resume(context)

    def resume(self, context: Context, event: Any = None) -> dict[str, int]:
        """Bring in as many as there is room for by now."""
        asked = BackfillRequest.read({name: getattr(self, name) for name in ASKED}, registry.known())
        spec, by = registry.channel(asked.channel), actor(context, asked.reason)
        channel = hooks.channel(spec, self.channel_conn_id)

        async def work(erp: Erp, ledger: Ledger) -> tuple[Summary, bool]:
            result = await flows.backfill(registry.route(spec), channel, erp, ledger, by, asked.placed, asked.at_most)
            tell_findings(context, ledger, spec.connection, registry.erp(spec.erp).connection)
            return result

        summary, left = self.connected(by, work, ONE_LOOK)
        if left:
            self.log.info("%s; there are more", summary)
            self.defer(trigger=DateTimeTrigger(moment=datetime.now(UTC) + PAUSE), method_name="resume")
        return done(self, summary)
