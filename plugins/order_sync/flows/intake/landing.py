"""Landing: each row of a channel gets its disposition and is recorded, whether it is new or read again."""

from collections.abc import Collection, Iterable, Mapping

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.bulk import batched
from order_sync.core.basics.summary import Summary
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.order.parsing import read_instant
from order_sync.core.ports.channel import Channel
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Landing
from order_sync.core.sending.route import Route

NEVER_ORDERS = ("before_start", "in_erp_before_start", "RETURN_NOT_SUPPORTED")
"""Reasons of ours why a row is no order, which no change in the channel takes back."""

PAGE = 1000
"""Orders read again at a time."""


def disposition(transaction: Transaction, route: Route) -> Landing:
    """What becomes of a channel's row: an order, waiting for its lines, or no order for a stated reason."""
    placed_at = read_instant(transaction.placed_at)
    if placed_at is not None and placed_at < route.start_from:
        return Landing(transaction, Status.NOT_AN_ORDER, "before_start", placed_at, keep_body=False)
    if transaction.not_an_order:
        return Landing(transaction, Status.NOT_AN_ORDER, transaction.not_an_order, placed_at)
    if not transaction.whole:
        return Landing(transaction, Status.WAITING, "lines_missing", placed_at)
    return Landing(transaction, Status.RECEIVED, "", placed_at)


def land(
    route: Route,
    ledger: Ledger,
    transactions: Iterable[Transaction],
    watermark: Watermark | None,
    actor: Actor,
    summary: Summary,
) -> None:
    """Record these rows, and the watermark with them; counts what they were.

    One under whose key nothing can be kept is told, and stops none of the others.
    """
    transactions = list(transactions)
    if left_out := [transaction.key for transaction in transactions if transaction.key.too_long]:
        ledger.find(too_long(f"channel_{route.channel}", left_out), actor)
        summary.add("key_too_long", len(left_out))
    landings = [disposition(transaction, route) for transaction in transactions if not transaction.key.too_long]
    for name, number in ledger.record(route.channel, route.erp, landings, watermark, actor).items():
        summary.add(name, number)


def too_long(connection: str, keys: Iterable[OrderKey]) -> list[Finding]:
    """What is found of keys that are too long: their beginning names them."""
    return [Finding(connection, FindingKind.KEY_TOO_LONG, f"{str(key)[:200]}...") for key in keys]


def land_again(
    route: Route, channel: Channel, ledger: Ledger, known: Collection[tuple[OrderKey, str]], actor: Actor
) -> Mapping[str, int]:
    """Ask the channel for these orders again, by key, and record those whose digest is another one now.

    Counts as `record` does, without the unchanged ones, and by `gone` those that the channel no longer has.
    """
    summary = Summary()
    for page in batched(known, PAGE):
        digests = dict(page)
        for transactions in channel.read_again(list(digests)):
            changed = [row for row in transactions if digests.get(row.key) != row.digest]
            for row in transactions:
                digests.pop(row.key, None)
            if changed:
                land(route, ledger, changed, None, actor, summary)
        summary.add("gone", len(digests))
    summary.counts.pop("unchanged", None)
    return summary.counts
