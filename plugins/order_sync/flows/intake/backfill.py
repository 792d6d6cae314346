"""Backfill: a person makes orders of transactions from before the channel's start, a few at a time.

Such an order may be in the ERP already, from before this package was there: each is looked up first. New orders are
sent before backfilled ones, and only so many of these are on their way at a time.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.bulk import batched
from order_sync.core.basics.calendar_days import Window
from order_sync.core.basics.progress import Progress
from order_sync.core.basics.summary import Summary
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.maker import make
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.order.references import addressed
from order_sync.core.ports.channel import Channel
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.sending.receipts import Sent
from order_sync.core.sending.route import Route
from order_sync.flows.intake.landing import disposition
from order_sync.flows.systems.holds import holding, must_be_the_accepted_one

logger = logging.getLogger(__name__)

PAGE = 500
"""Transactions brought in at a time."""


async def backfill(
    route: Route,
    channel: Channel,
    erp: Erp,
    ledger: Ledger,
    actor: Actor,
    placed: Window,
    at_most: int,
    progress: Progress | None = None,
) -> tuple[Summary, bool]:
    """Bring in transactions of the window until `at_most` backfilled orders are on their way; whether any are left.

    Counts by `backfilled`, `in_erp_before_start`, `gone` and `not_an_order`. Raises Transient or NotAuthorised while a
    system is away, and Misconfigured for another one than the accepted one; what was brought in stays.
    """
    summary, route = Summary(), replace(route, start_from=placed.start)
    channel_connection, erp_connection = f"channel_{route.channel}", f"erp_{route.erp}"
    with holding(channel_connection, ledger, actor):
        ledger.check_fingerprint(channel_connection, channel.fingerprint(), route.twins)
    with holding(erp_connection, ledger, actor):
        await must_be_the_accepted_one(erp_connection, erp, ledger)
    progress = (progress or Progress(logger.info)).begin(
        f"brought in of {route.channel}", at_most - ledger.backfilled(route.channel)
    )
    while (room := at_most - ledger.backfilled(route.channel)) > 0:
        skip = summary.counts.get("gone", 0)
        keys = ledger.before_start(route.channel, placed, min(room, PAGE), skip)
        if not keys:
            progress.end()
            return summary, False
        with holding(channel_connection, ledger, actor):
            rows = [row for page in channel.read_again(keys) for row in page]
        with holding(erp_connection, ledger, actor):
            in_erp = await _in_erp(route, erp, ledger, rows)
        landings = [disposition(row, route) for row in rows]
        gone = {*keys} - {row.key for row in rows}
        ledger.find([Finding(channel_connection, FindingKind.GONE, str(key)) for key in gone], actor)
        ledger.find([Finding(erp_connection, FindingKind.IN_ERP_BEFORE_START, str(key)) for key in in_erp], actor)
        made = ledger.backfill(route.channel, landings, in_erp, actor)
        summary.add("backfilled", made)
        summary.add("in_erp_before_start", len(in_erp))
        summary.add("gone", len(gone))
        summary.add("not_an_order", len(rows) - made - len(in_erp))
        progress.add(len(keys))
    progress.end()
    return summary, bool(ledger.before_start(route.channel, placed, 1, summary.counts.get("gone", 0)))


async def _in_erp(route: Route, erp: Erp, ledger: Ledger, rows: Sequence[Transaction]) -> set[OrderKey]:
    """Those of the orders among these rows that the ERP has, whatever their state there."""
    now = ledger.now()
    whole = [row for row in rows if disposition(row, route).status is Status.RECEIVED]
    orders = [addressed(make(row, route.guests, now).order, erp.traits.external_reference) for row in whole]
    there: set[OrderKey] = set()
    for some in batched(orders, erp.traits.keys_a_call):
        found = await erp.look_up([Sent(order) for order in some])
        there |= {key for key, founds in found.items() if founds}
    return there
