"""Whether a person may enter an order into the ERP by hand, and what to do before and after."""

from order_sync.core.explain.by_itself import minute
from order_sync.core.life.evidence import in_doubt as attempt_in_doubt
from order_sync.core.life.lifecycle import DONE, IN_DOUBT, Status
from order_sync.core.records.story import Attempt, Story


def _cancelled_in_erp(story: Story) -> bool:
    """Whether the ERP keeps a cancelled order under the key, as far as is known."""
    seen = any(attempt.resolution == "cancelled_in_erp" for attempt in story.attempts)
    last = next((attempt.code for attempt in reversed(story.attempts) if attempt.sent), None)
    set_aside = story.status in (Status.ON_HOLD, Status.IGNORED)
    return "CANCELLED_IN_ERP" in (story.code, last) or (seen and set_aside)


def in_doubt(story: Story) -> bool:
    """Whether the ERP may have the order by an attempt, and no look-up has shown since that it has not."""
    return any(_in_doubt_still(attempt, story) for attempt in story.attempts)


def _in_doubt_still(attempt: Attempt, story: Story) -> bool:
    begun = attempt.resolution == "resends_spent" and bool(story.erp_number)
    return attempt_in_doubt(attempt) or begun


def manual_entry(story: Story) -> str:
    """Whether a person may enter the order into the ERP by hand now, and what to do before and after."""
    status, number = story.status, story.erp_number
    if story.erased_at:
        return "DO NOT enter it: its content was erased."
    if status in DONE:
        return f"DO NOT enter it: the ERP has it, under the number {number}."
    if _cancelled_in_erp(story):
        named = f"as {number}" if number else "under the number that its error names"
        return (
            f"DO NOT enter it: the ERP has it {named}, cancelled, and the cancelled order keeps the external"
            " reference. To reopen that order, resync this one with that number (DAG resync_orders)."
        )
    if status in IN_DOUBT or story.doubted or in_doubt(story):
        return (
            "DO NOT enter it now: it may be in the ERP already, and no look-up has proven that it is not. Its external"
            f" reference in the ERP is {story.external_reference}."
        )
    if story.lost:
        decided = ", ".join(f"{each.action} by {each.by} at {minute(each.at)}" for each in story.lost)
        return (
            f"DO NOT enter it now: the ledger was restored, and these decisions were lost: {decided}. Check the"
            " ERP, and decide again (DAG resync_orders)."
        )
    if story.sighting:
        return f"DO NOT enter it: compare_orders saw it {minute(story.sighting.at)}, {story.sighting.detail}."
    if status is Status.CONFLICT:
        return f"DO NOT enter it: the ERP may already have an order for it ({number or 'no number is known'})."
    if status in (Status.NOT_AN_ORDER, Status.CANCELLED_AT_SOURCE):
        return _no_order_to_enter(story)
    if status is Status.WAITING or (story.transaction and not story.transaction.whole):
        return "DO NOT enter it: not all of its lines are there yet."
    return _how_to_enter(story)


def _no_order_to_enter(story: Story) -> str:
    if story.reason == "RETURN_NOT_SUPPORTED" and story.status is Status.NOT_AN_ORDER:
        return "DO NOT enter it as a sale: it is a return, which finance books in the ERP."
    return f"DO NOT enter it: it is not an order to be sent ({story.reason or 'cancelled in the channel'})."


def _how_to_enter(story: Story) -> str:
    bears = story.external_reference
    given = "no external reference" if story.code == "REFERENCE_TAKEN" else f"the external reference {bears}"
    then = (
        f"Give the ERP's order {given}, and then mark the order as synced with the ERP's"
        " number (DAG resync_orders, mark_as_synced), so that it is never sent."
    )
    if any(attempt.refused for attempt in story.attempts):
        then = (
            f"Search the ERP for the external reference {bears}: the ERP refused the order, but may have kept an"
            f" unfinished one. If it is there, finish it; if not, enter the order. {then}"
        )
    if story.status in (Status.ON_HOLD, Status.IGNORED) or story.code == "NOT_AUTOMATED":
        return then
    return f"FIRST put it on hold (DAG resync_orders, on_hold): otherwise it may be sent by itself. {then}"
