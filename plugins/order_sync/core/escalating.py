"""What support gets of an order or of a list: error, attempts, history, versions and settings, and nobody's data.

What people wrote as a reason, and who they are, stays out, and so do customers' accounts. The texts of rules and ERPs
stay in, but for what of them stands in the order's own address, and for what looks like a secret or a mail address.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from order_sync.core.explaining import (
    SUBJECT,
    attempt_line,
    in_channel,
    in_erp,
    laid_out,
    named,
    stage,
    status,
    step_line,
)
from order_sync.core.hiding import without_account, without_people, without_secrets
from order_sync.core.holds import Hold, HoldKind
from order_sync.core.outlook import for_support, minute
from order_sync.core.ports import Route, task_in
from order_sync.core.story import Cause, Listed, Story

Facts = Sequence[tuple[str, str]]
"""What support must know of the installation, by name: versions, settings, names of connections."""


def bundle(story: Story, route: Route | None, facts: Facts, stuck_after: timedelta) -> str:
    """What support needs to know of one order."""
    return laid_out(f"Subject: {SUBJECT}\n", [*_order(story, route, stuck_after), *facts])


def bundle_of_list(orders: Sequence[Listed], causes: Sequence[Cause], holds: Sequence[Hold], facts: Facts) -> str:
    """What support needs to know of many orders: which they are and how they stand, without texts."""
    lines = [
        f"{order.key} {order.status} {order.code or ''} since {minute(order.dated_at)}, attempts {order.attempts}"
        for order in orders
    ]
    rows = [
        *named("Orders", lines or ["none"]),
        *named("Causes", [f"{cause.orders} {cause.code}" for cause in causes] or ["none"]),
        *named("On hold", [_hold(hold) for hold in holds] or ["nothing"]),
    ]
    return laid_out(f"Subject: {SUBJECT}\n", [*rows, *facts])


def _order(story: Story, route: Route | None, stuck_after: timedelta) -> Iterator[tuple[str, str]]:
    def clear(text: str) -> str:
        return without_account(without_people(without_secrets(text), story.versions), story.versions)

    yield "Order", str(story.key)
    yield "Why", for_support(story, route, stuck_after) or "somebody asks for help with it"
    yield "Error", f"{story.code or 'none'}: {clear(story.message)}" if story.message else story.code or "none"
    yield from named("Problems", [f"{each.code}, {each.field}: {clear(each.message)}" for each in story.problems])
    yield "Stage", stage(story)
    yield "Status", status(story)
    yield "In the channel", in_channel(story)
    yield "In the ERP", clear(in_erp(story))
    yield from named("On hold", [_hold(hold) for hold in story.holds] or ["nothing"])
    decided = [f"{minute(each.at)} {each.action} ({each.outcome or 'not yet done'})" for each in story.decisions]
    yield from named("Decided", decided)
    attempts = [_ended(attempt_line(each), clear(each.message), each.by) for each in story.attempts]
    yield from named("Attempts", attempts or ["none"])
    yield from named("History", [_ended(step_line(step), clear(step.message), step.by) for step in story.history])
    yield "As of", minute(story.as_of)
    yield "Connections", f"order_ledger, channel_{story.channel}, erp_{story.erp}"


def _ended(line: str, message: str, by: str) -> str:
    return f"{line}{f': {message}' if message else ''}; by {task_in(by) or 'a person'}"


def _hold(hold: Hold) -> str:
    why = "" if hold.kind in (HoldKind.PERSON, HoldKind.RESTORE) else f": {without_secrets(hold.reason)}"
    return f"{hold.connection} ({hold.kind}) since {minute(hold.since)}{why}"
