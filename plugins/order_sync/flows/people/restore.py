"""Restore: a ledger that was restored from a backup sends nothing until what it forgot was looked up and confirmed.

The channels are held and read again. What the lost ledger may have sent, also if it lands later, is looked up by
`settle` before it is sent. What people decided since the backup is known to Airflow alone: it is listed, and where it
kept an order from being sent it goes on doing so until somebody confirms it.
"""

import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.progress import Progress
from order_sync.core.basics.summary import Summary
from order_sync.core.decisions.selection import Action
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.life.lifecycle import MEANINGS
from order_sync.core.order.model import OrderKey
from order_sync.core.ports.ledger.restored import RestoredLedger
from order_sync.core.privacy.redaction import fit_for_a_log, on_one_line, without_secrets
from order_sync.core.records.restoring import BINDING, LostDecision, PersonsRun, PersonsRuns, Restore
from order_sync.core.requests.request import Known
from order_sync.core.requests.resync import ResyncRequest

logger = logging.getLogger(__name__)

DECISIONS = "resync_orders"
"""The DAG by which people decide about orders."""

OTHERS = ("hold_connection", "backfill_orders", "erase_personal_data")
"""DAGs by which people change other things; their runs are listed."""

MARGIN = timedelta(days=1)
"""How far before the backup the channels are read again, and how early a run may have begun that ended after it."""

MOST = 100_000
"""Orders that are read at first for a lost decision by a filter; if it means more, all of them."""

MOST_NAMED = 1000
"""Orders with a lost decision that are named; the ledger's table `lost_decisions` has the rest."""

MOST_SEARCHED = 50
"""Orders of whose people a reason is searched."""

Runs = Callable[[datetime], PersonsRuns | None]
"""The runs that people triggered since an instant; None if Airflow cannot be asked."""


@dataclass
class RestoreReport:
    """What a restore did, and what people have to do now, line by line."""

    summary: Summary = field(default_factory=Summary)
    lines: list[str] = field(default_factory=list)


def restore(
    channels: Collection[str],
    ledger: RestoredLedger,
    actor: Actor,
    backup_at: datetime,
    lease: timedelta,
    zone: ZoneInfo,
    runs: Runs,
    progress: Progress | None = None,
) -> RestoreReport:
    """Hold the channels of a restored ledger, read them again, and list what people decided since the backup.

    Of a backup that is on record already only the list is made anew: a filter may mean more orders by then. `lease` is
    how long a process that knew the lost ledger may still be sending. Counts by `held`, `to_look_up`,
    `decisions_to_confirm`, `runs_by_filter` and `runs_listed`. Raises Misconfigured for an instant at which no backup
    of this ledger can have been made, before anything is changed.
    """
    report = RestoreReport()
    since = _since(ledger, backup_at, report)
    restored = ledger.restore(channels, backup_at, backup_at - MARGIN, lease, actor)
    unproven = ledger.unproven(channels)
    report.summary.add("held", len(channels) if restored.is_new else 0)
    report.summary.add("to_look_up", sum(unproven.values()))
    report.lines += _what_waits(restored, channels, sum(unproven.values()))
    found = runs(since - MARGIN)
    if found is None:
        unlisted = (
            "Airflow cannot be queried, because there is no connection 'airflow_api' or it cannot be read: create it"
            f" and clear this task, or list the runs of {DECISIONS} since {_minute(since)} by hand, in Airflow's page"
            " of its runs, and decide again what they decided, before you release a channel"
        )
        report.lines.append(f"DECISIONS OF PEOPLE ARE NOT KNOWN: {unlisted}.")
    else:
        lost = [run for run in found.runs if run.at <= restored.restored_at and (run.ended_at or since) >= since]
        unlisted = _list_decisions(ledger, restored, lost, channels, zone, report, progress or Progress(logger.info))
        for dag, why in found.untold.items():
            what = "DECISIONS OF PEOPLE" if dag == DECISIONS else f"RUNS OF {dag}"
            untold = (
                f"{why}; if people used that DAG, list its runs since {_minute(since)} by hand, and repeat what they"
                " did, before you release a channel"
            )
            report.lines.append(f"{what} ARE NOT KNOWN: {untold}.")
            unlisted += f"; {untold}"
    report.lines += _what_to_do(restored)
    told = Finding("order_ledger", FindingKind.RESTORED, f"{backup_at:%Y-%m-%dT%H:%M:%S}Z", unlisted)
    ledger.find([told], actor)
    return report


def _since(ledger: RestoredLedger, backup_at: datetime, report: RestoreReport) -> datetime:
    """From when on decisions may be lost: the ledger's last entry before the backup, as the backup may be older."""
    now = ledger.now()
    first, last = ledger.span(backup_at)
    if backup_at > now:
        raise Misconfigured(
            f"backup_at is {_minute(backup_at)}, but it is {_minute(now)} now: write when the backup was made"
        )
    if first and backup_at < first:
        raise Misconfigured(
            f"backup_at is {_minute(backup_at)}, but the ledger's first entry is of {_minute(first)}: no backup from"
            " before contains it; write when the backup was made, with its time zone"
        )
    since = min(backup_at, last or backup_at)
    report.lines.append(f"The ledger's last entry before the backup is of {_minute(since)}.")
    newest = ledger.span(now)[1]
    if newest and newest > backup_at:
        report.lines.append(
            f"It has later entries, until {_minute(newest)}: DAGs have run since it was restored, or the backup"
            " is newer than stated. If they ran before this task, use compare_orders to find orders that are in"
            " the ERP twice."
        )
    return since


def _what_waits(restored: Restore, channels: Collection[str], unproven: int) -> list[str]:
    names = ", ".join(f"channel_{channel}" for channel in channels)
    held = f"HELD: {names}. Reading, validating and looking up continue; nothing is sent until somebody releases each."
    if not restored.is_new:
        held = (
            f"This backup was already recorded as restored at {_minute(restored.restored_at)}: this run held nothing"
            " and read nothing again, and what was released since stays released."
        )
    return [
        held,
        f"TO BE LOOKED UP: {unproven} open orders, and those that are read from now on, in the next runs of"
        f" sync_orders__<channel>, from {_minute(restored.looks_from)} on; what the ERP has is confirmed and not sent.",
    ]


def _list_decisions(
    ledger: RestoredLedger,
    restored: Restore,
    runs: Sequence[PersonsRun],
    channels: Collection[str],
    zone: ZoneInfo,
    report: RestoreReport,
    progress: Progress,
) -> str:
    """Keep what was decided from being undone and list it all; returns it in one sentence."""
    decisions = [run for run in runs if run.dag_id == DECISIONS]
    known = ledger.known_runs([run.name for run in decisions])
    listed: list[str] = []
    by_filter = 0
    there_is = Known(dict.fromkeys(channels), zone=zone)
    for run in progress.begin("runs of people looked through", len(decisions)).each(decisions):
        if run.name in known:
            continue
        try:
            asked = ResyncRequest.read({"action": Action.RESYNC, **run.params}, there_is)
        except Misconfigured as error:
            said = on_one_line(without_secrets(str(error)))
            listed.append(f"{_named(run)}: its params cannot be read ({said}): look at the run")
            continue
        if asked.dry_run:
            continue
        if asked.action in BINDING:
            report.lines.append(_lose(ledger, restored, run, asked))
            by_filter += not asked.order_keys
        else:
            listed.append(f"{_named(run)}: {_as_json(run, _fit(ledger, asked.reason, asked.order_keys))}")
    progress.end()
    listed += [f"{_named(run)}: {_as_json(run)}" for run in runs if run.dag_id in OTHERS]
    open_ones = ledger.lost()
    report.lines.append(f"DECISIONS TO CONFIRM: {len(open_ones)} orders are not sent until somebody decides again.")
    named = open_ones[:MOST_NAMED]
    versions = ledger.versions([each.key for each in named])
    report.lines += [
        f"  {each.key} ({each.status}): {each.action} by {each.by} at {_minute(each.at)}:"
        f" {fit_for_a_log(each.reason, versions[each.key])}"
        for each in named
    ]
    if len(open_ones) > MOST_NAMED:
        report.lines.append(f"  and {len(open_ones) - MOST_NAMED} more, in the ledger's table lost_decisions")
    report.lines.append(
        f"ALSO LOST: {len(listed)} runs that somebody must repeat if they are still wanted; an erasure always is."
    )
    report.lines += [f"  {line}" for line in listed]
    report.summary.add("decisions_to_confirm", len(open_ones))
    report.summary.add("runs_listed", len(listed))
    report.summary.add("runs_by_filter", by_filter)
    compare = f", {by_filter} runs chose by a filter, and their logs may name more" if by_filter else ""
    return (
        f"{len(open_ones)} orders wait for a decision to be confirmed{compare}, and {len(listed)} other runs are lost"
    )


def _lose(ledger: RestoredLedger, restored: Restore, run: PersonsRun, asked: ResyncRequest) -> str:
    """Remember the decision for each of its orders; returns how it is confirmed for all of them at once."""
    keys, params, mind = asked.order_keys or tuple(ledger.keys_of_run(run.name)), dict(run.params), ""
    by_filter = not keys
    if by_filter:
        chosen, number = ledger.chosen(asked.selection, MOST)
        if number > len(chosen):
            chosen, _ = ledger.chosen(asked.selection, number)
        keys = tuple(each.key for each in chosen if each.placed_at <= run.at and not MEANINGS[each.status].final)
    reason = _fit(ledger, asked.reason, keys)
    if by_filter:
        mind = (
            f" It chose by {_as_json(run, reason)}, which may match other orders now than it did then: the log of its"
            " task `decide` names them, so look there, and decide about each that is missing here before you release a"
            " channel."
        )
    if not asked.order_keys:
        params = {"order_keys": [str(key) for key in keys], "action": asked.action}
    params["reason"] = reason
    decisions = [LostDecision(key, asked.action, run.by, run.at, asked.reason) for key in keys]
    ledger.lose(restored, decisions)
    again = f"trigger {DECISIONS} with {json.dumps(params, default=str)}" if keys else "it matches no order now"
    return f"LOST: {_named(run)}: {asked.action} of {len(keys)} orders. To confirm it, {again}.{mind}"


def _what_to_do(restored: Restore) -> list[str]:
    return [
        "WHAT TO DO NOW:",
        "  1. Run every channel's sync_orders__<channel> until its extract is green and none of its orders is `sending`"
        f" any more, which is after {_minute(restored.looks_from)}.",
        "  2. Clear this task once: then the decisions include what was read in the meantime.",
        "  3. Confirm each decision, or decide otherwise, with resync_orders.",
        "  4. Run compare_orders, and check what it finds in the ERP that was never sent.",
        "  5. Release each channel with hold_connection.",
    ]


def _named(run: PersonsRun) -> str:
    return f"{run.name} by {run.by} at {_minute(run.at)} ({run.state})"


def _fit(ledger: RestoredLedger, reason: str, keys: Sequence[OrderKey]) -> str:
    """A reason without what it says of the people of these orders, of the first of very many."""
    return fit_for_a_log(reason, chain.from_iterable(ledger.versions(keys[:MOST_SEARCHED]).values()))


def _as_json(run: PersonsRun, reason: str = "") -> str:
    """What was asked but for a customer account, and for people in its `reason`."""
    shown = {name: value for name, value in run.params.items() if name != "customer_account"}
    if "reason" in shown:
        shown["reason"] = reason or on_one_line(without_secrets(str(shown["reason"])))
    return json.dumps(shown, default=str) + (" and a customer account" if run.params.get("customer_account") else "")


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
