"""Validate: every received order against the rules and the ERP's reference data, in bulk, all problems at once."""

from collections.abc import Collection

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.checks.reference_data import ReferenceData, Wanted, not_told, wanted
from order_sync.core.checks.rules import problems_of
from order_sync.core.errors import Transient
from order_sync.core.life.lifecycle import Event, step
from order_sync.core.order.maker import Made
from order_sync.core.order.model import GUEST_ACCOUNT, Problem
from order_sync.core.order.money import ONE_MINOR_UNIT, Tolerance
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Change, Entry
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import KINDS, Kind
from order_sync.flows.intake.received import received
from order_sync.flows.systems.holds import switched_off


def validate(
    route: Route,
    ledger: Ledger,
    actor: Actor,
    tolerance: Tolerance = ONE_MINOR_UNIT,
    cleared: Actor | None = None,
) -> Summary:
    """Queue what is valid, fail what is not, and what people enter by hand. Raises Transient without reference data.

    An order stays `received` until the ERP was asked for each of its codes. Who `cleared` it wants the orders judged
    again too that the rules failed. An ERP that is switched off is not asked: `held` says so if no copy is there.
    """
    summary, by_hand = Summary(held=_cannot(route, ledger)), _by_hand(route)
    if summary.held:
        return summary
    summary.add("judged_again", _judge_again(route, ledger, actor, cleared))
    unchecked: set[Kind] = set()
    for page in received(route, ledger):
        named = [wanted(made.order) for _, made in page]
        reference, changes = _reference(route, ledger, set().union(*named)), []
        for (entry, made), codes in zip(page, named, strict=True):
            if reference.never_asked(codes):
                summary.add("waits_for_reference")
                continue
            kinds = not_told(codes, reference)
            unchecked.update(kinds)
            changes.append(judged(entry, made, reference, tolerance, by_hand, kinds))
        ledger.apply(changes, actor)
        for change in changes:
            summary.add("invalid" if change.problems else "valid")
            for code in sorted({problem.code for problem in change.problems}):
                summary.add(code)
    if "waits_for_reference" not in summary.counts:
        ledger.note_validated(route.channel)
    if unchecked:
        summary.notes.append(not_checked(unchecked))
    return summary


def _judge_again(route: Route, ledger: Ledger, actor: Actor, cleared: Actor | None) -> int:
    again = ledger.judge_again(route.channel, route.erp, cleared) if cleared else 0
    if route.guest_account:
        again += ledger.judge_again(route.channel, route.erp, actor, GUEST_ACCOUNT)
    return again


def _cannot(route: Route, ledger: Ledger) -> str | None:
    """Why nothing can be judged, and nobody is to blame: the ERP is switched off, and was never asked."""
    hold = switched_off(f"erp_{route.erp}", ledger)
    return str(hold) if hold and ledger.reference(route.erp, ()) is None else None


def _reference(route: Route, ledger: Ledger, codes: Collection[Wanted]) -> ReferenceData:
    """What is known of the codes. Raises Transient as long as nothing is."""
    reference = ledger.reference(route.erp, codes)
    if reference is None:
        raise Transient(
            f"there is no copy of the reference data of ERP '{route.erp}' yet: orders wait until"
            " check_reference_data has run once",
            code="REFERENCE_MISSING",
        )
    return reference


def not_checked(kinds: Collection[Kind]) -> str:
    """What people read of the kinds of reference data that no rule could judge."""
    return f"not checked before sending, since the ERP does not provide it: {', '.join(k for k in KINDS if k in kinds)}"


def _by_hand(route: Route) -> tuple[Problem, ...]:
    """What keeps every order of a channel from being sent that people enter into the ERP themselves."""
    if not route.by_hand:
        return ()
    message = f"orders of {route.channel} are entered into the ERP by hand: {route.by_hand}"
    return (Problem("NOT_AUTOMATED", "channel", route.channel, message),)


def judged(
    entry: Entry,
    made: Made,
    reference: ReferenceData,
    tolerance: Tolerance,
    by_hand: tuple[Problem, ...],
    unchecked: Collection[Kind],
) -> Change:
    """The change that the rules ask for. The first problem's code becomes the order's.

    A valid order says which kinds of its codes are `unchecked`.
    """
    problems = (*problems_of(made, reference, tolerance), *by_hand)
    event = Event.INVALID if problems else Event.VALID
    note = not_checked(unchecked) if unchecked else ""
    return Change(
        entry.key,
        entry.generation,
        entry.status,
        event,
        step(entry.status, event),
        code=problems[0].code if problems else None,
        message=problems[0].message if problems else note,
        problems=problems,
        order=made.order,
    )
