"""What a person's decision does to an order, once it was seen what the ERP has of it."""

from collections.abc import Sequence
from dataclasses import replace

from order_sync.core.decisions.decision import (
    Decision,
    Result,
    Selected,
    received,
    refused,
    told_how_to_revive,
    unchanged,
)
from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.companies import numbers
from order_sync.core.order.model import key_in
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState, ListedOrder


def after_look(action: Action, order: Selected, number: str, found: Sequence[ErpOrder]) -> Decision:
    """The decision to resync, release or accept an order, from every ERP order that bears its key at this moment."""
    live = [each for each in found if each.state is not ErpOrderState.CANCELLED]
    if action is Action.ACCEPT:
        return _accepted(live, found)
    if action is Action.RELEASE:
        return received(order, Event.RELEASED)
    if order.status is Status.PENDING_VERIFICATION and live and not all(map(_begun, live)):
        return unchanged(
            f"the ERP has it as {numbers(live)}, so nothing is sent: a look-up may still confirm it; if that order is"
            " right, mark this one as synced with that number"
        )
    if order.status is Status.PENDING_VERIFICATION and len(live) == 1:
        return received(order, Event.RESYNC)
    if live and not (number and [each.number for each in live] == [number] and _begun(live[0])):
        if len(live) == 1 and _begun(live[0]):
            return refused(
                f"the ERP has it unfinished, as {numbers(live)}: send it again by its key with that number, which"
                " finishes it, or cancel it in the ERP first"
            )
        return _is_live(order, live)
    if live or (number in [each.number for each in found] and order.result is not Result.DONE):
        return received(order, Event.RESYNC)
    if found:
        return told_how_to_revive(numbers(found))
    if number:
        return refused(f"the ERP has no order {number} under its key: leave the number out")
    return received(order, Event.RESYNC)


def _is_live(order: Selected, live: Sequence[ErpOrder]) -> Decision:
    right = "accept that one" if order.status is Status.CONFLICT else "mark it as synced with that number"
    then = f"{right} if it is right, or cancel it" if len(live) == 1 else "cancel what is wrong"
    return refused(f"the ERP has it as {numbers(live)}: {then} in the ERP first")


def found_by_number(order: Selected, there: ListedOrder) -> Decision:
    """The decision to resync, release or accept an order that a look-up by its key misses, and one by its number finds.

    The ERP's order of that number is live, and bears the order's key or none.
    """
    why = "a look-up by its key does not show it" if there.key else "which a person entered"
    return refused(
        f"the ERP has it as {there.number}, {why}: mark it as synced with that number if that order is right, or"
        " cancel it in the ERP first"
    )


def by_its_number(order: Selected, number: str, there: ListedOrder | None, found: Sequence[ErpOrder]) -> Decision:
    """The decision to mark an order as synced, from the ERP's order of that number and those under the order's key.

    `there` is the one of that number; None if the ERP has no such order.
    """
    if there is None:
        return refused(f"the ERP has no order {number}: correct the number")
    if there.cancelled:
        return refused(f"the ERP's order {number} is cancelled")
    if there.key not in ("", str(order.key)):
        return refused(f"the ERP's order {number} belongs to {key_in(there.key) or 'another order'}")
    if there.begun:
        send = "; or send it again with that number, which finishes it" if there.key else ""
        return refused(
            f"the ERP's order {number} is only a draft or a quotation, which is not shipped: confirm it in the ERP, and"
            f" then mark the order{send}"
        )
    left = [each for each in found if each.state is not ErpOrderState.CANCELLED and each.number != number]
    if whole := [each for each in left if not _begun(each)]:
        return refused(
            f"the ERP also has it as {numbers(whole)}: cancel one of the two in the ERP, and then mark the order with"
            " the number of the other"
        )
    leftover = f"; the ERP also has it unfinished, as {numbers(left)}: cancel that one in the ERP" if left else ""
    return Decision(
        Result.DONE,
        f"synced as {number}{leftover}",
        Event.MARKED_AS_SYNCED,
        erp_number=number,
        erp_company=there.company,
        warns=bool(left),
    )


def by_a_persons_word(order: Selected, number: str, found: Sequence[ErpOrder]) -> Decision:
    """The decision to mark an order as synced in an ERP that cannot be queried by number."""
    for each in found:
        if each.number == number:
            cancelled, begun = each.state is ErpOrderState.CANCELLED, _begun(each)
            return by_its_number(
                order, number, ListedOrder(number, str(order.key), cancelled, begun, each.company), found
            )
    # One without a number may be the one that is meant.
    others = [each for each in found if each.number or _begun(each)]
    decision = by_its_number(order, number, ListedOrder(number, "", cancelled=False, begun=False), others)
    if decision.result is not Result.DONE:
        return decision
    unchecked = f"{decision.message}; the number was not checked, because this ERP cannot be queried for it"
    return replace(decision, message=unchecked, warns=True)


def not_shown(
    action: Action, order: Selected, number: str, found: Sequence[ErpOrder], *, by_key: bool
) -> Decision | None:
    """Why an order is not sent again if the ERP reported its number but cannot list orders and does not show it.

    None if it reported no number, if it shows the order, or if a person confirms that it is not there: by its number
    for a resync, by its key for a release.
    """
    known = order.acknowledged_as or order.erp_number
    looked = by_key if action is Action.RELEASE else number == known
    if action is Action.ACCEPT or not known or looked or any(each.number == known for each in found):
        return None
    again = "release it by its key" if action is Action.RELEASE else f"resync it by its key with the ERP number {known}"
    return refused(
        f"the ERP reported that it has it as {known}, but cannot be queried for that number: look in the ERP; if it is"
        f" there and right, mark the order as synced with it; if it is certainly not there, {again}"
    )


def to_revive(order: Selected, number: str, found: Sequence[ErpOrder]) -> bool:
    """Whether the ERP's order of that number is cancelled and must be opened again there."""
    return (
        bool(number)
        and order.result is not Result.DONE
        and any(each.number == number and each.state is ErpOrderState.CANCELLED for each in found)
    )


def _accepted(live: Sequence[ErpOrder], found: Sequence[ErpOrder]) -> Decision:
    if len(live) == 1 and live[0].state is ErpOrderState.CONFIRMED and live[0].number:
        number, company = live[0].number, live[0].company
        return Decision(Result.DONE, f"accepted as {number}", Event.ACCEPTED, erp_number=number, erp_company=company)
    seen = ", ".join(f"{each.number or 'no number'} ({each.state})" for each in found) or "nothing"
    return refused(f"exactly one confirmed order can be accepted, but the ERP shows {seen}")


def _begun(found: ErpOrder) -> bool:
    return found.state is ErpOrderState.HALF_MADE
