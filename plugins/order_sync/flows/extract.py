"""Extract: what a channel has and the ledger has not, each row with its disposition, nothing twice or lost."""

from collections.abc import Iterable
from datetime import timedelta

from order_sync.core.bulk import batched
from order_sync.core.lifecycle import Event, Status
from order_sync.core.orders import Transaction
from order_sync.core.ports import Actor, Change, Channel, Landing, Ledger, Route, Summary
from order_sync.core.reading import read_instant
from order_sync.core.watermark import Watermark
from order_sync.flows.holds import SYSTEM_TROUBLE, away, holding


def extract(
    route: Route,
    channel: Channel,
    ledger: Ledger,
    actor: Actor,
    lines_overdue_after: timedelta = timedelta(days=1),
) -> Summary:
    """Land the channel's new transactions, and those that waited for their lines.

    Raises Misconfigured, before anything is read, when the channel's database is not the one that was read before. A
    channel that is away is held, and the runs after this one only probe it: `held` then says why.
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
    ledger.check_fingerprint(connection, fingerprint)
    if hold:
        ledger.release_hold(connection, hold.kind, Actor(actor.by, "the channel answers again"))
    with holding(connection, ledger, actor):
        since = ledger.watermark(route.channel) or Watermark(fingerprint)
        for batch in channel.transactions(since):
            _land(route, ledger, batch.transactions, batch.watermark, actor, summary)
        _read_waiting_again(route, channel, ledger, actor, lines_overdue_after, summary)
    return summary


def disposition(transaction: Transaction, route: Route) -> Landing:
    """What becomes of a channel's row: an order, waiting for its lines, or no order for a stated reason."""
    placed_at = read_instant(transaction.placed_at)
    if placed_at is not None and placed_at < route.start_from:
        return Landing(transaction, Status.NOT_AN_ORDER, "before_start", placed_at, keep_body=False)
    if transaction.not_an_order:
        return Landing(transaction, Status.NOT_AN_ORDER, transaction.not_an_order, placed_at)
    if transaction.present_lines < transaction.expected_lines:
        return Landing(transaction, Status.WAITING, "lines_missing", placed_at)
    return Landing(transaction, Status.RECEIVED, "", placed_at)


def _land(
    route: Route,
    ledger: Ledger,
    transactions: Iterable[Transaction],
    watermark: Watermark | None,
    actor: Actor,
    summary: Summary,
) -> None:
    landings = [disposition(transaction, route) for transaction in transactions]
    for name, number in ledger.record(route.channel, route.erp, landings, watermark, actor).items():
        summary.add(name, number)


def _read_waiting_again(
    route: Route, channel: Channel, ledger: Ledger, actor: Actor, overdue_after: timedelta, summary: Summary
) -> None:
    waiting = ledger.waiting(route.channel)
    for entries in batched(waiting, 1000):
        for transactions in channel.read_again([entry.key for entry in entries]):
            _land(route, ledger, transactions, None, actor, summary)
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
                f"{entry.transaction.present_lines} of {entry.transaction.expected_lines} lines came within"
                f" {overdue_after}: the channel's owner completes the transaction in its database"
            ),
        )
        for entry in ledger.waiting(route.channel)
        if entry.received_at <= late
    ]
    summary.add("overdue", ledger.apply(overdue, actor) if overdue else 0)
