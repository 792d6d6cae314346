"""What a person's decision does to one order: a step of its lifecycle, or why there is none.

Pure, so that every status and action can be tried: `decide` answers from what the ledger knows, and returns None where
the ERP must be queried first; then `after_look.py` answers from what was found there.
"""

from dataclasses import dataclass
from enum import StrEnum

from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import DONE, IN_DOUBT, Event, Status, allowed
from order_sync.core.order.model import OrderKey

SENDS = (Action.RESYNC, Action.RELEASE)
"""Actions after which orders are on their way again."""

NEVER_RESENT = {
    **dict.fromkeys(DONE, "the ERP has it as {number}: a succeeded order cannot be sent again"),
    Status.ON_HOLD: "it is on hold: release it first",
    Status.IGNORED: "it is ignored: release it first",
    Status.CANCELLED_AT_SOURCE: "the channel cancelled it",
}
"""Why an order in such a status is not sent again."""


class Result(StrEnum):
    """What became of a decision for one order."""

    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Selected:
    """A selected order as it stands now.

    Attributes:
        position: its place among the selected ones.
        not_an_order: why its current version is no order, '' if it is one.
        missing_lines: how many of the lines that its current version promises are not there.
        reached: whether an attempt may have reached the ERP.
        result: what became of this decision in an earlier try, if there was one.
        erased: whether its content was erased.
        acknowledged_as: the number under which the ERP reported that it has the order, if it did.
    """

    position: int
    key: OrderKey
    status: Status
    generation: int
    code: str | None
    erp_number: str
    not_an_order: str
    missing_lines: int
    reached: bool
    result: Result | None = None
    erased: bool = False
    acknowledged_as: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The result for one order, in words, and the event that it comes with, if any.

    `code` and `text` are then the order's own, and `erp_number` its number in the ERP, in the company `erp_company`.
    `warns`: people should read the message although it was done.
    """

    result: Result
    message: str
    event: Event | None = None
    code: str | None = None
    text: str = ""
    erp_number: str = ""
    erp_company: str = ""
    warns: bool = False


def refused(why: str) -> Decision:
    """Nothing is done, and why."""
    return Decision(Result.REFUSED, why)


def unchanged(why: str) -> Decision:
    """Nothing has to be done, and why."""
    return Decision(Result.UNCHANGED, why)


def decide(action: Action, order: Selected, number: str, by_hand: str) -> Decision | None:
    """The decision for an order, or None where the ERP must be queried first.

    `number` is the ERP number that was given with it, `by_hand` why its channel's orders are entered by hand.
    """
    if order.status is Status.NOT_AN_ORDER:
        brought = order.not_an_order == "before_start" and not order.erased
        advice = ": backfill_orders brings it in" if brought else ""
        return refused(f"it is not an order ({order.not_an_order}){advice}")
    if order.status is Status.WAITING:
        return refused("not all of its lines are there yet: it continues by itself when they arrive")
    if order.erased and action not in (Action.MARK_AS_SYNCED, Action.IGNORE):
        may = ": mark it as synced, or ignore it" if allowed(order.status, Event.MARKED_AS_SYNCED) else ""
        return refused(f"its content was erased, so nothing can be sent or compared{may}")
    if order.result is Result.DONE and action is not Action.RESYNC:
        return Decision(Result.DONE, f"this run already did it; it is {order.status} now")
    return {
        Action.RESYNC: _resync,
        Action.MARK_AS_SYNCED: _mark,
        Action.IGNORE: _ignore,
        Action.ON_HOLD: _hold,
        Action.RELEASE: _release,
        Action.ACCEPT: _accept,
    }[action](order, number, by_hand)


def _resync(order: Selected, number: str, by_hand: str) -> Decision | None:
    if order.status in DONE and order.result is Result.DONE:
        return _again(order, f"the ERP has it as {order.erp_number}")
    if order.status in NEVER_RESENT:
        return refused(NEVER_RESENT[order.status].format(number=order.erp_number))
    if by_hand:
        return refused(
            f"orders of {order.key.channel} are entered by hand ({by_hand}): enter it, and mark it as synced"
        )
    if not allowed(order.status, Event.RESYNC):
        return _again(order, f"it is {order.status} already: there is nothing to send again")
    if order.not_an_order or order.missing_lines:
        return received(order, Event.RESYNC)
    if order.status in (Status.CONFLICT, Status.PENDING_VERIFICATION) or number or order.acknowledged_as:
        return None
    if order.code == "CANCELLED_IN_ERP":
        return told_how_to_revive(order.erp_number)
    return received(order, Event.RESYNC)


def _mark(order: Selected, number: str, by_hand: str) -> Decision | None:
    if order.status in DONE:
        if order.erp_number == number:
            return _again(order, f"the ERP has it as {number}")
        return refused(f"the ERP has it as {order.erp_number}, not as {number}")
    if not allowed(order.status, Event.MARKED_AS_SYNCED):
        return refused(f"it is {order.status}" + _look(order))
    return None


def _ignore(order: Selected, number: str, by_hand: str) -> Decision:
    return _put(order, Event.IGNORED, Status.IGNORED)


def _hold(order: Selected, number: str, by_hand: str) -> Decision:
    return _put(order, Event.PUT_ON_HOLD, Status.ON_HOLD)


def _release(order: Selected, number: str, by_hand: str) -> Decision | None:
    if order.status is Status.IGNORED and order.erp_number:
        return None
    if order.status in (Status.ON_HOLD, Status.IGNORED):
        return received(order, Event.RELEASED)
    return _again(order, f"it is {order.status}, neither on hold nor ignored")


def _accept(order: Selected, number: str, by_hand: str) -> Decision | None:
    if order.status is Status.CONFLICT:
        return None
    if order.status in DONE:
        return _again(order, f"the ERP has it as {order.erp_number}")
    return refused(f"it is {order.status}: only a conflict can be accepted")


def _put(order: Selected, event: Event, status: Status) -> Decision:
    if order.status is status:
        return _again(order, f"it is {status} already")
    if not allowed(order.status, event):
        return refused(f"it is {order.status}" + _look(order))
    return Decision(Result.DONE, f"{status} from now on", event)


def received(order: Selected, event: Event) -> Decision:
    """On its way again, if the channel's current version still is a whole order."""
    if order.not_an_order and order.status is Status.CONFLICT:
        return refused(f"{_no_order(order)}: cancel it in the ERP too if it is there, and ignore it here")
    if order.not_an_order and not order.reached and order.status not in (*IN_DOUBT, Status.DEAD):
        text = f"{_no_order(order)}: it is not sent"
        return Decision(Result.DONE, text, Event.CANCELLED_IN_CHANNEL, text=text)
    if order.not_an_order:
        text = f"{_no_order(order)}, and the ERP has it or may have it: a person compares the two and decides"
        too_late = Event.CANCELLED_IN_CHANNEL if order.status in IN_DOUBT else Event.CANCELLED_TOO_LATE
        return Decision(Result.DONE, text, too_late, "ORDER_CONFLICT", text)
    if order.missing_lines:
        return refused(
            f"{order.missing_lines} of its lines are missing in the channel: the channel's owner must complete it first"
        )
    return Decision(Result.DONE, "on its way again", event)


def _again(order: Selected, why: str) -> Decision:
    """Nothing has to be done: in an earlier try it was done, or it was so before."""
    return Decision(order.result if order.result is Result.DONE else Result.UNCHANGED, why)


def _no_order(order: Selected) -> str:
    return f"in the channel it is no longer an order ({order.not_an_order})"


def told_how_to_revive(number: str) -> Decision:
    named = f"as {number}" if number else "under the number that its error names"
    return refused(f"it is cancelled in the ERP {named}: to reopen it, resync it by its key with that ERP number")


def _look(order: Selected) -> str:
    return ": it may be in the ERP already and is looked up by itself" if order.status in IN_DOUBT else ""
