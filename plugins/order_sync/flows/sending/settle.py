"""Settle: find out, by look-up, what became of every order that was sent or may have been sent.

Push settles before it sends and reconcile settles while it waits: the same flow, over whatever the ledger says is
due, also what runs left that died.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.life.lifecycle import IN_DOUBT, Event, step
from order_sync.core.order.model import Order
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Change, Entry
from order_sync.core.sending.holds import Hold
from order_sync.core.sending.route import Route
from order_sync.core.settling.erp_orders import ErpOrder
from order_sync.core.settling.verdict import Policy, Verdict, judge, next_look
from order_sync.flows.systems.holds import holding, must_be_the_accepted_one, still_away
from order_sync.flows.systems.references import keep_found

PAGE = 500
"""Orders whose window ends without a look, at a time."""

AT_ONCE = 10_000
"""Orders that are looked up before their time, at most."""


async def settle(
    route: Route,
    erp: Erp,
    ledger: Ledger,
    actor: Actor,
    policy: Policy,
    *,
    at_once: bool = False,
    over: Callable[[], bool] = lambda: False,
) -> Summary:
    """Judge every order of the channel whose look is due, until none is, also what a lost ledger may have sent.

    `at_once` looks at those too whose look lies ahead. Once it is `over`, what is still due is left for the next time.

    While the ERP is away nobody looks, but windows end all the same: `held` then says why. Raises Misconfigured for
    another ERP than the accepted one, in which not finding an order would prove nothing.
    """
    connection, summary, known = f"erp_{route.erp}", Summary(), False
    summary.add("may_have_been_sent", ledger.doubt(route.channel, policy.window.total_seconds(), actor))
    hold = await still_away(connection, erp, ledger, actor)
    if hold:
        return _without_a_look(route, ledger, actor, policy, hold, summary)
    early = ledger.look_now(route.channel, AT_ONCE) if at_once else 0
    if early:
        summary.notes.append(f"{early} are looked up before their time")
    with holding(connection, ledger, actor):
        while not over() and (entries := ledger.due(route.channel, erp.traits.keys_a_call)):
            if not known:
                await must_be_the_accepted_one(connection, erp, ledger)
                known = True
            now = ledger.now()
            sent = [entry.to_look_up(route.guests, now, erp.traits.external_reference) for entry in entries]
            found = await erp.look_up(sent)
            keep_found(route.erp, entries, sent, {key for key, there in found.items() if there}, ledger)
            now = ledger.now()
            changes = [
                judged(entry, each.order, found.get(entry.key, ()), now, policy)
                for entry, each in zip(entries, sent, strict=True)
            ]
            if not _apply(ledger, changes, actor, summary):
                break
    return summary


def _without_a_look(
    route: Route, ledger: Ledger, actor: Actor, policy: Policy, hold: Hold, summary: Summary
) -> Summary:
    summary.held = str(hold)
    while entries := ledger.overdue(route.channel, PAGE):
        now = ledger.now()
        verdict = Verdict(
            Event.WINDOW_OVER, "PENDING_VERIFICATION", f"the window is over, but the ERP is away: {hold.reason}"
        )
        changes = [change_of(entry, verdict, now, policy) for entry in entries]
        if not _apply(ledger, changes, actor, summary):
            break
    return summary


def _apply(ledger: Ledger, changes: Sequence[Change], actor: Actor, summary: Summary) -> int:
    for change in changes:
        summary.add(change.event or "still_open")
    return ledger.apply(changes, actor)


def judged(entry: Entry, order: Order, found: Sequence[ErpOrder], now: datetime, policy: Policy) -> Change:
    """The change that a look-up's evidence asks for, and when to look again if it settled nothing."""
    if entry.doubt is None:
        raise ValueError(f"{entry.key} is {entry.status}: only an order in doubt is settled")
    return change_of(entry, judge(entry.doubt.about(order), found, now, policy), now, policy)


def change_of(entry: Entry, verdict: Verdict, now: datetime, policy: Policy) -> Change:
    """The change that a verdict asks for, and when to look again if it settled nothing."""
    to_status = step(entry.status, verdict.event) if verdict.event else entry.status
    look = None
    if entry.doubt and to_status in IN_DOUBT:
        look = next_look(replace(entry.doubt, status=to_status), now, policy)
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
        erp_company=seen.company if seen else "",
        erp_status=seen.erp_status if seen else "",
        next_look_at=look,
        acknowledged_as=seen.acknowledged_as if seen else None,
    )
