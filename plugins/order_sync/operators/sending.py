"""Sending a channel's orders into its ERP, and finding out what became of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import Context, conf

from order_sync import flows, hooks, registry
from order_sync.core.basics.summary import Summary
from order_sync.core.errors import Misconfigured
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.operators.base import actor, cleared, done, who_cleared
from order_sync.operators.erp import ONE_LOOK, ErpOperator
from order_sync.operators.links import OrdersInErp

SOONEST = 4 * timedelta(seconds=conf.getint("workers", "min_heartbeat_interval"))
"""How far ahead the next look lies at least: 20 seconds in an Airflow that is left as it comes.

A worker may notice only after one such interval that a task's process ended to wait. Airflow 3.3 takes a task that runs
again by then for one that was killed, and fails it with a "state mismatch".
"""


class PushOrdersOperator(ErpOperator):
    """Settle what is due, then send what is queued, each order at most once at a time, for as long as its turn lasts.

    Orders are read again in the channel just before they are sent; while it is away they are sent as the ledger knows
    them and counted as `unchecked`. What was tried before waits for the ERP's off-peak hours, if it has any. Cleared,
    it waits for nothing, and tries those again that the ERP refused and surely does not have. Returns counts by
    outcome.

    While orders of another channel of the same ERP wait, it lets them go first after half a minute: it is deferred for
    some heartbeats, holds no slot, and goes on after them with the time that it has left. Skips itself with the reason
    while sending is on hold. Raises Transient, NotAuthorised or Misconfigured for trouble of the system, after all
    outcomes are on record. Give it a pool of one slot for the ERP, as the DAGs of this package give it `erp_<name>`, so
    that one push at a time works on it. Its page in Airflow links to the ERP's list of orders if the connection's extra
    has the address, as `{"order_list_url": "https://..."}`.

    :param channel: the channel's name in the registry (templated)
    :param selection: send only the orders that this run selected, `dag_id/run_id`; ends in time, and counts as
        `left_queued` what the scheduled runs send then (templated)
    :param channel_conn_id: Airflow connection of the channel's database, which is only read: type `postgres`; left out,
        `channel_<name>` (templated)
    :param erp_conn_id: Airflow connection of the ERP: type `http`, its key as password, for Tryton the extra
        `{"database": "..."}`; left out, `erp_<name>` (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("channel", "selection", "channel_conn_id", "erp_conn_id", "ledger_conn_id")
    ui_color = "#f9dcc4"
    operator_extra_links = (OrdersInErp(),)

    def __init__(
        self,
        *,
        channel: str,
        selection: str | None = None,
        channel_conn_id: str | None = None,
        erp_conn_id: str | None = None,
        ledger_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(channel=channel, erp_conn_id=erp_conn_id, ledger_conn_id=ledger_conn_id, **kwargs)
        self.selection = selection
        self.channel_conn_id = channel_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Push until nothing is queued, or the turn is over."""
        return self._push(context, Summary())

    def resume(
        self,
        context: Context,
        event: Any = None,
        left: float | None = None,
        counts: dict[str, int] | None = None,
    ) -> dict[str, int]:
        """Go on for the seconds that are `left`, after another channel; without them, for a whole turn."""
        return self._push(context, Summary(counts or {}), timedelta(seconds=left) if left else None)

    def _push(self, context: Context, before: Summary, left: timedelta | None = None) -> dict[str, int]:
        spec, by = registry.channel(self.channel), actor(context)
        settings = registry.settings_for(registry.erp(spec.erp))
        channel = hooks.channel(spec, self.channel_conn_id)
        hours, clearing = registry.erp(spec.erp).hours, who_cleared(context, self)

        async def push(erp: Erp, ledger: Ledger) -> Summary:
            return await flows.push(
                registry.route(spec),
                erp,
                ledger,
                by,
                settings.policy(erp.traits),
                settings,
                channel=channel,
                selection=selected_by(self.selection, ledger),
                off_peak=hours,
                cleared=clearing,
                others=[each.name for each in registry.CHANNELS if each.erp == spec.erp and each.name != spec.name],
                left=left,
            )

        summary = self.connected(by, push)
        for name, number in before.counts.items():
            summary.add(name, number)
        if summary.gave_way is None:
            return done(self, summary)
        self.log.info("%s; orders of another channel are waiting for this ERP: they go first", summary)
        kwargs = {"left": summary.gave_way.total_seconds(), "counts": summary.counts}
        return self.defer(
            trigger=DateTimeTrigger(moment=datetime.now(UTC) + SOONEST), method_name="resume", kwargs=kwargs
        )


class ReconcileConfirmationsOperator(ErpOperator):
    """Look up what was sent until it is confirmed or its verification window is over; deferred between the looks.

    The first look fixes when the last window ends that is open then; the task ends there at the latest, whatever came
    since: later orders belong to later runs. With nothing open it is done at once. Cleared, it looks at once at
    everything that the ERP took. While it waits it holds no slot; give it no `execution_timeout`, which would count the
    waiting: a single look is broken off after 15 minutes. Returns the counts of its last look. Raises Transient,
    NotAuthorised or Misconfigured for trouble of the system. Its page in Airflow links to the ERP's list of orders if
    the connection's extra has the address, as `{"order_list_url": "https://..."}`.

    :param channel: the channel's name in the registry (templated)
    :param selection: wait only for the orders that this run selected, `dag_id/run_id` (templated)
    :param erp_conn_id: Airflow connection of the ERP: type `http`, its key as password, for Tryton the extra
        `{"database": "..."}`; left out, `erp_<name>` (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("channel", "selection", "erp_conn_id", "ledger_conn_id")
    ui_color = "#e4d8f0"
    operator_extra_links = (OrdersInErp(),)

    def __init__(
        self,
        *,
        channel: str,
        selection: str | None = None,
        erp_conn_id: str | None = None,
        ledger_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(channel=channel, erp_conn_id=erp_conn_id, ledger_conn_id=ledger_conn_id, **kwargs)
        self.selection = selection

    def execute(self, context: Context) -> dict[str, int]:
        """Take the first look."""
        return self._look(context, None, at_once=cleared(context, self))

    def resume(self, context: Context, event: Any = None, ends_at: str | None = None) -> dict[str, int]:
        """Take a later look. `ends_at` is ISO 8601; without it, as `dag.test()` resumes, the end is fixed anew."""
        return self._look(context, datetime.fromisoformat(ends_at) if ends_at else None)

    def _look(self, context: Context, ends_at: datetime | None, *, at_once: bool = False) -> dict[str, int]:
        spec, by = registry.channel(self.channel), actor(context)
        settings = registry.settings_for(registry.erp(spec.erp))

        async def look(erp: Erp, ledger: Ledger) -> tuple[Summary, datetime | None, datetime]:
            settle = partial(flows.settle, registry.route(spec), erp, ledger, by, settings.policy(erp.traits))
            waits_for = partial(ledger.horizon, spec.name, selected_by(self.selection, ledger))
            summary, horizon = await settle(at_once=at_once), waits_for()
            if not summary.held and horizon.next_look_at and horizon.next_look_at <= ledger.now():
                summary, horizon = await settle(), waits_for()  # it became due during that look
            now = ledger.now()
            last = horizon.last_window_ends_at
            if last is None or (end := min(last, ends_at or last)) <= now:
                return summary, None, now
            look_at = end if summary.held else min(horizon.next_look_at or end, end)
            return summary, end, max(look_at, now + SOONEST)

        summary, end, wake_at = self.connected(by, look, ONE_LOOK)
        self.log.info("%s", summary)
        if end:
            self.defer(
                trigger=DateTimeTrigger(moment=wake_at), method_name="resume", kwargs={"ends_at": end.isoformat()}
            )
        return summary.counts


def selected_by(run: str | None, ledger: Ledger) -> int | None:
    """The number of the selection that a run stored; None if none is given. Raises Misconfigured if it has none."""
    selection = ledger.selection(run) if run else None
    if run and selection is None:
        raise Misconfigured(f"run '{run}' selected no orders: give the run of resync_orders that selected them")
    return selection
