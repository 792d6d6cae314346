"""What support gets of an order or of a list: error, attempts, history, versions and settings, and nobody's data.

What people wrote as a reason, and who they are, stays out, and so do customers' accounts: `hiding.anonymous` takes
them out before the order is explained.
"""

from collections.abc import Iterator, Sequence

from order_sync.core.explain.by_itself import minute
from order_sync.core.explain.explanation import Explanation
from order_sync.core.explain.text import (
    SUBJECT,
    Row,
    attempt_line,
    in_channel,
    in_erp,
    laid_out,
    named,
    sent,
    status,
    step_line,
)
from order_sync.core.privacy.redaction import anonymous_hold
from order_sync.core.records.story import Cause, Listed
from order_sync.core.sending.holds import Hold

Facts = Sequence[Row]
"""What support must know of the installation, by name: versions, settings, names of connections."""


def bundle(said: Explanation, facts: Facts) -> str:
    """What support needs to know of one order, of an explanation of its anonymous story."""
    return laid_out(f"Subject: {SUBJECT}\n", [*_order(said), *facts])


def bundle_of_list(orders: Sequence[Listed], causes: Sequence[Cause], holds: Sequence[Hold], facts: Facts) -> str:
    """What support needs to know of many orders: which they are and how they stand, without texts."""
    lines = [
        f"{order.key} {order.status} {order.code or ''} since {minute(order.dated_at)}, attempts {order.attempts}"
        for order in orders
    ]
    rows = [
        *named("Orders", lines or ["none"]),
        *named("Causes", [f"{cause.orders} {cause.code}" for cause in causes] or ["none"]),
        *named("On hold", [_hold(anonymous_hold(hold)) for hold in holds] or ["nothing"]),
    ]
    return laid_out(f"Subject: {SUBJECT}\n", [*rows, *facts])


def _order(said: Explanation) -> Iterator[Row]:
    yield "Order", str(said.key)
    yield "Why", said.next.support or "somebody asks for help with it"
    yield "Error", f"{said.code or 'none'}: {said.message}" if said.message else said.code or "none"
    yield from named("Problems", [f"{each.code}, {each.field}: {each.message}" for each in said.problems])
    yield "Stage", said.where.stage
    yield "Status", status(said.where)
    yield "In the channel", in_channel(said.channel)
    yield "In the ERP", in_erp(said.erp)
    yield from sent(said.sent)
    yield from named("On hold", [_hold(each.hold) for each in said.holds] or ["nothing"])
    decided = [f"{minute(each.at)} {each.action} ({each.outcome or 'not yet done'})" for each in said.decisions]
    yield from named("Decided", decided)
    attempts = [_ended(attempt_line(each), each.message, each.by) for each in said.attempts]
    yield from named("Attempts", attempts or ["none"])
    yield from named("History", [_ended(step_line(step), step.message, step.by) for step in said.history])
    yield "As of", minute(said.as_of)
    yield "Connections", f"order_ledger, channel_{said.channel.channel}, erp_{said.erp.erp}"


def _ended(line: str, message: str, by: str) -> str:
    return f"{line}{f': {message}' if message else ''}; by {by}"


def _hold(hold: Hold) -> str:
    return f"{hold.connection} ({hold.kind}) since {minute(hold.since)}{f': {hold.reason}' if hold.reason else ''}"
