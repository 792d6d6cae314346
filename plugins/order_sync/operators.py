"""The public operators: one step of an order's way each, usable in any DAG.

An operator takes its work from the ledger, connects (`hooks`), runs the flow of its name and returns counts, never
orders. What to do about an error is decided by the error's class and the retry policy, never here. Connections left out
are the registry's: `channel_<name>`, `erp_<name>` and `order_ledger`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, get_args

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator, Context, conf
from airflow.sdk.exceptions import AirflowSkipException

from order_sync import flows, hooks, registry
from order_sync.core.calendar_days import day_before
from order_sync.core.errors import Misconfigured
from order_sync.core.holds import HoldKind, HoldScope
from order_sync.core.ports import Actor, Erp, Ledger, ReportContent, Summary
from order_sync.core.settings import Settings
from order_sync.core.verdict import Policy

T = TypeVar("T")

CONTENTS: tuple[ReportContent, ...] = get_args(ReportContent)

HOLD_ACTIONS = ("hold", "release")

SOONEST = 4 * timedelta(seconds=conf.getint("workers", "min_heartbeat_interval"))
"""How far ahead the next look lies at least: 20 seconds in an Airflow that is left as it comes.

A worker may notice only after one such interval that a task's process ended to wait. Airflow 3.3 takes a task that runs
again by then for one that was killed, and fails it with a "state mismatch".
"""


class ExtractTransactionsOperator(BaseOperator):
    """Land a channel's new transactions in the ledger, each with its disposition, nothing twice or lost.

    Returns counts by `new`, `changed`, `unchanged` and disposition. Raises Transient while the channel is away, and
    Misconfigured when its database is not the one that was read before.

    :param channel: the channel's name in the registry (templated)
    :param channel_conn_id: Airflow connection of the channel (templated)
    :param ledger_conn_id: Airflow connection of the ledger (templated)
    """

    template_fields: Sequence[str] = ("channel", "channel_conn_id", "ledger_conn_id")
    ui_color = "#dbe9f6"

    def __init__(
        self, *, channel: str, channel_conn_id: str | None = None, ledger_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.channel = channel
        self.channel_conn_id = channel_conn_id
        self.ledger_conn_id = ledger_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Extract until the channel has nothing newer."""
        spec, settings = registry.channel(self.channel), registry.settings()
        channel = hooks.channel(spec, self.channel_conn_id)
        with hooks.ledger(self.ledger_conn_id) as ledger:
            summary = flows.extract(spec.route, channel, ledger, actor(context), settings.lines_overdue_after)
        return _done(self, summary)


class ValidateOrdersOperator(BaseOperator):
    """Check every received order against the rules and the reference data; all problems of an order at once.

    Returns counts by `valid`, `invalid` and problem code: a bad order is a fact in the ledger and fails no task. Raises
    Transient while there is no copy of the ERP's reference data at all.

    :param channel: the channel's name in the registry (templated)
    :param ledger_conn_id: Airflow connection of the ledger (templated)
    """

    template_fields: Sequence[str] = ("channel", "ledger_conn_id")
    ui_color = "#f6efd0"

    def __init__(self, *, channel: str, ledger_conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channel = channel
        self.ledger_conn_id = ledger_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Validate what is received, in bulk."""
        spec, settings = registry.channel(self.channel), registry.settings()
        with hooks.ledger(self.ledger_conn_id) as ledger:
            summary = flows.validate(spec.route, ledger, actor(context), settings.total_tolerance)
        self.log.info("%s", summary)
        return summary.counts


class _ErpOperator(BaseOperator):
    """What the operators that talk to a channel's ERP share: their arguments and their connections."""

    template_fields: Sequence[str] = ("channel", "erp_conn_id", "ledger_conn_id")

    def __init__(
        self, *, channel: str, erp_conn_id: str | None = None, ledger_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.channel = channel
        self.erp_conn_id = erp_conn_id
        self.ledger_conn_id = ledger_conn_id

    def _connected(self, work: Callable[[Erp, Ledger], Awaitable[T]]) -> T:
        erp = hooks.erp(registry.erp(registry.channel(self.channel).erp), self.erp_conn_id)

        async def connected(ledger: Ledger) -> T:
            async with erp as client:
                return await work(client, ledger)

        with hooks.ledger(self.ledger_conn_id) as ledger:
            return asyncio.run(connected(ledger))


class CheckReferenceDataOperator(_ErpOperator):
    """Refresh the ledger's copy of the ERP's reference data, unless it is young enough.

    Returns counts. An ERP that is away is noted as long as there is a copy; without one, its error is raised.

    :param channel: the channel whose ERP is asked (templated)
    :param erp_conn_id: Airflow connection of the ERP (templated)
    :param ledger_conn_id: Airflow connection of the ledger (templated)
    """

    ui_color = "#e8f0d8"

    def execute(self, context: Context) -> dict[str, int]:
        """Ask the ERP, in bulk."""
        spec, settings, by = registry.channel(self.channel), registry.settings(), actor(context)
        summary = self._connected(
            lambda erp, ledger: flows.refresh_reference(spec.erp, erp, ledger, by, settings.reference_max_age)
        )
        self.log.info("%s", summary)
        return summary.counts


class PushOrdersOperator(_ErpOperator):
    """Settle what is due, then send what is queued, each order at most once at a time.

    Returns counts by outcome. Skips itself with the reason while sending is on hold. Raises Transient, NotAuthorised or
    Misconfigured for trouble of the system, after all outcomes are on record. Give it the pool `erp_<name>` (one slot),
    so that one push at a time works on an ERP.

    :param channel: the channel's name in the registry (templated)
    :param erp_conn_id: Airflow connection of the ERP (templated)
    :param ledger_conn_id: Airflow connection of the ledger (templated)
    """

    ui_color = "#f9dcc4"

    def execute(self, context: Context) -> dict[str, int]:
        """Push until nothing is queued."""
        spec, settings, by = registry.channel(self.channel), registry.settings(), actor(context)
        summary = self._connected(
            lambda erp, ledger: flows.push(spec.route, erp, ledger, by, policy(erp, settings), settings)
        )
        return _done(self, summary)


class ReconcileConfirmationsOperator(_ErpOperator):
    """Look up what was sent until it is confirmed or its verification window is over; deferred between the looks.

    The first look fixes when the last window ends that is open then; the task ends there at the latest, whatever came
    since: later orders belong to later runs. With nothing open it is done at once. While it waits it holds no slot;
    give it no `execution_timeout`, which would count the waiting. Returns the counts of its last look.

    :param channel: the channel's name in the registry (templated)
    :param erp_conn_id: Airflow connection of the ERP (templated)
    :param ledger_conn_id: Airflow connection of the ledger (templated)
    """

    ui_color = "#e4d8f0"

    def execute(self, context: Context) -> dict[str, int]:
        """Take the first look."""
        return self._look(context, None)

    def resume(self, context: Context, event: Any = None, ends_at: str | None = None) -> dict[str, int]:
        """Take a later look. `ends_at` is ISO 8601; without it, as `dag.test()` resumes, the end is fixed anew."""
        return self._look(context, datetime.fromisoformat(ends_at) if ends_at else None)

    def _look(self, context: Context, ends_at: datetime | None) -> dict[str, int]:
        spec, settings, by = registry.channel(self.channel), registry.settings(), actor(context)

        async def look(erp: Erp, ledger: Ledger) -> tuple[Summary, datetime | None, datetime]:
            summary = await flows.settle(spec.route, erp, ledger, by, policy(erp, settings))
            horizon, now = ledger.horizon(spec.name), ledger.now()
            last = horizon.last_window_ends_at
            if last is None or (end := min(last, ends_at or last)) <= now:
                return summary, None, now
            look_at = end if summary.held else min(horizon.next_look_at or end, end)
            return summary, end, max(look_at, now + SOONEST)

        summary, end, wake_at = self._connected(look)
        self.log.info("%s", summary)
        if end:
            self.defer(
                trigger=DateTimeTrigger(moment=wake_at), method_name="resume", kwargs={"ends_at": end.isoformat()}
            )
        return summary.counts


class BuildFailureReportOperator(BaseOperator):
    """Write the report of a business day as a CSV file into a folder; the rows of its first build are kept for good.

    Returns counts by Status. Raises Misconfigured for a day that is no date or is not over yet, for a content that
    there is not, and for a folder that cannot be written to.

    :param folder: path from the root of a folder that the worker can write to (templated)
    :param content: `failed`, only orders that failed to sync, or `all`, every order placed that day (templated)
    :param day: ISO 8601 date in the report's zone; empty: the last day that was over as the run was due (templated)
    :param ledger_conn_id: Airflow connection of the ledger (templated)
    """

    template_fields: Sequence[str] = ("folder", "content", "day", "ledger_conn_id")
    ui_color = "#f0d8dc"

    def __init__(
        self,
        *,
        folder: str,
        content: str = "failed",
        day: str | None = None,
        ledger_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.folder = folder
        self.content = content
        self.day = day
        self.ledger_conn_id = ledger_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Build the report, or write the stored one again."""
        settings = registry.settings()
        zone, folder, content = settings.report_zone, _folder(self.folder), _content(self.content)
        day = _day(self.day) if self.day else day_before(context["dag_run"].run_after, zone)
        names = {spec.name: spec.distributor for spec in registry.CHANNELS if spec.distributor}
        with hooks.ledger(self.ledger_conn_id) as ledger:
            report = flows.build_report(ledger, folder, content, zone, settings.queued_stuck_after, names, day)
        self.log.info("%s", report.summary)
        return report.summary.counts


class HoldConnectionOperator(BaseOperator):
    """Stop sending over a connection for a reason, or go on; reading, look-ups and confirmations go on meanwhile.

    Returns how many holds were set or ended; a release also ends the holds that the flows set themselves. Raises
    Misconfigured for a connection or an action that there is not, and without a reason.

    :param connection: `erp_<name>` or `channel_<name>` of the registry (templated)
    :param action: `hold` or `release` (templated)
    :param reason: why, for the audit history and for everybody who finds orders waiting (templated)
    :param ledger_conn_id: Airflow connection of the ledger (templated)
    """

    template_fields: Sequence[str] = ("connection", "action", "reason", "ledger_conn_id")
    ui_color = "#e8e2d4"

    def __init__(
        self, *, connection: str, action: str, reason: str, ledger_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.connection = connection
        self.action = action
        self.reason = reason
        self.ledger_conn_id = ledger_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Set or end the hold."""
        _one_of("connection", self.connection, registry.connections())
        _one_of("action", self.action, HOLD_ACTIONS)
        if not self.reason.strip():
            raise Misconfigured("reason is empty: write why, for the people who find orders waiting")
        by = Actor(actor(context).by, self.reason)
        with hooks.ledger(self.ledger_conn_id) as ledger:
            if self.action == "release":
                return {"released": ledger.release_hold(self.connection, None, by)}
            ledger.hold(self.connection, HoldKind.PERSON, HoldScope.SUBMIT, self.reason, by)
        return {"held": 1}


def _done(operator: BaseOperator, summary: Summary) -> dict[str, int]:
    """Log what was done and return its counts; skip the task, with the reason, if its connection is on hold."""
    operator.log.info("%s", summary)
    if summary.held:
        raise AirflowSkipException(f"on hold: {summary.held}")
    return summary.counts


def actor(context: Context) -> Actor:
    """Who acts, for the audit history: the task's run, and whoever triggered it by hand."""
    ti, user = context["ti"], context["dag_run"].triggering_user_name
    return Actor(f"{ti.dag_id}/{ti.run_id}/{ti.task_id}" + (f" for {user}" if user else ""))


def policy(erp: Erp, settings: Settings) -> Policy:
    """The rules of time and patience: what the ERP guarantees, and what the settings say."""
    return Policy(
        erp.guarantee,
        window=settings.verification_window,
        grace=settings.late_commit_grace,
        tolerance=settings.total_tolerance,
        max_resends=settings.max_resends,
        looks=settings.early_looks,
    )


def _folder(text: str) -> Path:
    if not Path(text).is_absolute():
        raise Misconfigured(
            f"the report's folder is '{text}': write a path from the root, such as /var/reports; the DAG"
            " report_failures takes it from the Airflow variable order_sync_report_dir"
        )
    return Path(text)


def _one_of(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise Misconfigured(f"{name} is '{value}': write {' or '.join(choices)}")


def _content(text: str) -> ReportContent:
    _one_of("content", text, CONTENTS)
    return CONTENTS[CONTENTS.index(text)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misconfigured(f"day is '{text}': write a date such as 2026-03-02, or nothing") from None
