"""Extract: what a channel has and the ledger has not, each row with its disposition, nothing twice or lost."""

import logging
from datetime import timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.bulk import batched
from order_sync.core.basics.progress import Progress
from order_sync.core.basics.summary import Summary
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.ports.channel import Batch, Channel
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Change, Landing
from order_sync.core.sending.route import Route
from order_sync.core.settings import DEFAULTS, Settings
from order_sync.flows.intake.landing import NEVER_ORDERS, PAGE, disposition, land, land_again, too_long
from order_sync.flows.systems.holds import SYSTEM_TROUBLE, away, holding

logger = logging.getLogger(__name__)


def extract(
    route: Route,
    channel: Channel,
    ledger: Ledger,
    actor: Actor,
    settings: Settings = DEFAULTS,
    progress: Progress | None = None,
) -> Summary:
    """Land the channel's new transactions; read again those that waited for their lines, and those that may change.

    Raises Misconfigured, before anything is read, when the channel's database is not the one that was read before, or
    another channel makes orders of the same rows of it. A channel that is away is held, and later runs only
    probe it: `held` then says why.
    """
    summary = Summary()
    connection = f"channel_{route.channel}"
    hold = away(connection, ledger)
    try:
        with holding(connection, ledger, actor):
            fingerprint = channel.fingerprint()
    except SYSTEM_TROUBLE:
        if hold is None or hold.by == actor.by:
            raise
        return Summary(held=str(hold))
    ledger.check_fingerprint(connection, fingerprint, route.twins)
    if hold:
        ledger.release_hold(connection, hold.kind, actor.because("the channel answers again"))
    with holding(connection, ledger, actor):
        since = ledger.watermark(route.channel) or Watermark(fingerprint)
        read = (progress or Progress(logger.info)).begin(f"read of {route.channel}")
        for batch in channel.transactions(since):
            ledger.find(_findings(connection, batch), actor)  # the watermark will have passed over them
            land(route, ledger, batch.transactions, batch.watermark, actor, summary)
            read.add(len(batch.transactions), batch.of)
        read.end()
        _read_what_was_passed_over(route, channel, ledger, actor, since, summary)
        _read_waiting_again(route, channel, ledger, actor, settings.lines_overdue_after, summary)
        known = [
            *ledger.unfinished(route.channel, settings.read_again_at_most),
            *ledger.done(route.channel, settings.read_done_again_at_most, settings.read_done_again_for),
        ]
        for name, number in land_again(route, channel, ledger, known, actor).items():
            summary.add(name, number)
        _read_no_orders_again(route, channel, ledger, actor, settings, summary)
    return summary


def _findings(connection: str, batch: Batch) -> list[Finding]:
    findings = [Finding(connection, FindingKind.SKIPPED, str(key)) for key in batch.skipped if not key.too_long]
    findings += too_long(connection, (key for key in batch.skipped if key.too_long))
    if batch.slow_since:
        day, since = f"{batch.slow_since:%Y-%m-%d}", f"since {batch.slow_since:%H:%M} UTC"
        findings.append(Finding(connection, FindingKind.SLOW_WRITER, day, since))
    return findings


def _read_what_was_passed_over(
    route: Route, channel: Channel, ledger: Ledger, actor: Actor, mark: Watermark, summary: Summary
) -> None:
    """Read rows that the mark has passed and that never landed: they came too late, or the mark was too high."""
    unseen = ledger.unknown([key for key in channel.passed(mark) if not key.too_long])
    rows = [row for some in channel.read_again(unseen) for row in some] if unseen else []
    if rows:
        detail = f"{len(rows)} of them, such as {rows[0].key} with counter {rows[0].counter}"
        subject = f"counter {mark.counter}"  # and no key, so that people are told once of many
        ledger.find([Finding(f"channel_{route.channel}", FindingKind.PASSED_OVER, subject, detail)], actor)
        land(route, ledger, rows, None, actor, summary)
        summary.add("missing", len(rows))


def _read_no_orders_again(
    route: Route, channel: Channel, ledger: Ledger, actor: Actor, settings: Settings, summary: Summary
) -> None:
    """Read rows again that are no orders and may become one; tell of those that the daily comparison would not see."""
    known = dict(
        ledger.no_orders(
            route.channel,
            settings.read_no_orders_again_at_most,
            settings.read_no_orders_again_for,
            (*NEVER_ORDERS, *route.never_orders),
        )
    )
    compared_since = ledger.now() - settings.compare_back
    for keys in batched(known, PAGE):
        for rows in channel.read_again(keys):
            changed = [row for row in rows if row.digest != known.get(row.key)]
            orders = [each for row in changed if (each := disposition(row, route)).status is not Status.NOT_AN_ORDER]
            late = [each for each in orders if each.placed_at is None or each.placed_at < compared_since]
            ledger.find([_order_after_all(route, each) for each in late], actor)
            if changed:
                land(route, ledger, changed, None, actor, summary)


def _order_after_all(route: Route, landing: Landing) -> Finding:
    placed = f"placed {landing.placed_at:%Y-%m-%d}" if landing.placed_at else "placed at an unknown time"
    key = str(landing.transaction.key)
    return Finding(f"channel_{route.channel}", FindingKind.ORDER_AFTER_ALL, key, placed)


def _read_waiting_again(
    route: Route, channel: Channel, ledger: Ledger, actor: Actor, overdue_after: timedelta, summary: Summary
) -> None:
    waiting = ledger.waiting(route.channel)
    for entries in batched(waiting, PAGE):
        for transactions in channel.read_again([entry.key for entry in entries]):
            land(route, ledger, transactions, None, actor, summary)
    late = ledger.now() - overdue_after
    overdue = [
        Change(
            entry.key,
            entry.generation,
            entry.status,
            Event.OVERDUE,
            Status.FAILED,
            code="LINES_MISSING",
            message=(
                f"{entry.transaction.present_lines} of {entry.transaction.expected_lines} lines arrived within"
                f" {overdue_after}: the channel's owner completes the transaction in its database"
            ),
        )
        for entry in ledger.waiting(route.channel)
        if entry.received_at <= late
    ]
    summary.add("overdue", ledger.apply(overdue, actor) if overdue else 0)
