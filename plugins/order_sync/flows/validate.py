"""Validate: every received order against the rules and the ERP's reference data, in bulk, all problems at once."""

from order_sync.core.actor import Actor
from order_sync.core.errors import Transient
from order_sync.core.lifecycle import Event, step
from order_sync.core.maker import Made
from order_sync.core.money import ONE_MINOR_UNIT, Tolerance
from order_sync.core.orders import GUEST_ACCOUNT, Problem
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records import Change, Entry
from order_sync.core.route import Route
from order_sync.core.rules import ReferenceData, problems_of, wanted
from order_sync.core.summary import Summary

PAGE = 1000
"""Orders read, checked and written at a time."""


def validate(
    route: Route,
    ledger: Ledger,
    actor: Actor,
    tolerance: Tolerance = ONE_MINOR_UNIT,
    cleared: Actor | None = None,
) -> Summary:
    """Queue what is valid, fail what is not, and what people enter by hand. Raises Transient without reference data.

    Who `cleared` it wants the orders judged again too that the rules failed.
    """
    summary, by_hand = Summary(), _by_hand(route)
    if cleared:
        summary.add("judged_again", ledger.judge_again(route.channel, route.erp, cleared))
    if route.guest_account:
        summary.add("judged_again", ledger.judge_again(route.channel, route.erp, actor, GUEST_ACCOUNT))
    after = None
    while entries := ledger.to_validate(route.channel, after, PAGE):
        after = entries[-1].key
        now = ledger.now()
        orders = [entry.make(route.guests, now) for entry in entries]
        codes = {code for made in orders for code in wanted(made.order)}
        reference = ledger.reference(route.erp, codes)
        if reference is None:
            raise Transient(
                f"there is no copy of the reference data of ERP '{route.erp}' yet: orders wait until"
                " check_reference_data has run once",
                code="REFERENCE_MISSING",
            )
        changes = [
            judged(entry, made, reference, tolerance, by_hand) for entry, made in zip(entries, orders, strict=True)
        ]
        ledger.apply(changes, actor)
        for change in changes:
            summary.add("invalid" if change.problems else "valid")
            for code in sorted({problem.code for problem in change.problems}):
                summary.add(code)
    ledger.note_validated(route.channel)
    return summary


def _by_hand(route: Route) -> tuple[Problem, ...]:
    """What keeps every order of a channel from being sent that people enter into the ERP themselves."""
    if not route.by_hand:
        return ()
    message = f"orders of {route.channel} are entered into the ERP by hand: {route.by_hand}"
    return (Problem("NOT_AUTOMATED", "channel", route.channel, message),)


def judged(
    entry: Entry, made: Made, reference: ReferenceData, tolerance: Tolerance, by_hand: tuple[Problem, ...] = ()
) -> Change:
    """The change that the rules ask for. The first problem's code becomes the order's."""
    problems = (*problems_of(made, reference, tolerance), *by_hand)
    event = Event.INVALID if problems else Event.VALID
    return Change(
        entry.key,
        entry.generation,
        entry.status,
        event,
        step(entry.status, event),
        code=problems[0].code if problems else None,
        message=problems[0].message if problems else "",
        problems=problems,
        order=made.order,
    )
