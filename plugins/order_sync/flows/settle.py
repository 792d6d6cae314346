"""Settle: find out, by look-up, what became of every order that was sent or may have been sent.

Push settles before it sends and reconcile settles while it waits: the same flow, over whatever the ledger says is
due, also what runs left that died.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from order_sync.core.lifecycle import IN_DOUBT, step
from order_sync.core.ports import Actor, Change, Entry, Erp, Ledger, Route, Summary
from order_sync.core.reading import read_order
from order_sync.core.verdict import Found, Policy, judge, next_look

PAGE = 500
"""Orders looked up at a time."""


async def settle(route: Route, erp: Erp, ledger: Ledger, actor: Actor, policy: Policy) -> Summary:
    """Judge every order of the channel whose look is due, until none is."""
    summary = Summary()
    while entries := ledger.due(route.channel, PAGE):
        now = ledger.now()
        orders = [read_order(entry.transaction, route.guest_account, now).order for entry in entries]
        found = await erp.look_up(orders)
        now = ledger.now()
        changes = [judged(entry, found.get(entry.key, ()), now, policy) for entry in entries]
        for change in changes:
            summary.add(change.event or "still_open")
        if not ledger.apply(changes, actor):
            break
    return summary


def judged(entry: Entry, found: Sequence[Found], now: datetime, policy: Policy) -> Change:
    """The change that a look-up's evidence asks for, and when to look again if it settled nothing."""
    if entry.doubt is None:
        raise ValueError(f"{entry.key} is {entry.status}: only an order in doubt is settled")
    verdict = judge(entry.doubt, found, now, policy)
    to_status = step(entry.status, verdict.event) if verdict.event else entry.status
    look = next_look(replace(entry.doubt, status=to_status), now, policy) if to_status in IN_DOUBT else None
    seen = verdict.found
    return Change(
        entry.key,
        entry.generation,
        entry.status,
        verdict.event,
        to_status if verdict.event else None,
        code=verdict.code,
        message=verdict.message,
        erp_number=seen.number if seen else "",
        erp_status=seen.erp_status if seen else "",
        next_look_at=look,
    )
