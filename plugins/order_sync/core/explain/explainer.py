"""Explains an order from its story. No system is queried: what the ERP last reported is shown with its time."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from order_sync.core.catalogue import CATALOGUE, Advice
from order_sync.core.explain.by_itself import by_itself, how_it_ends, minute
from order_sync.core.explain.by_people import decisions, for_support
from order_sync.core.explain.explanation import (
    AsSent,
    ChannelSays,
    ErpSays,
    Explanation,
    Held,
    LastError,
    MadeOf,
    Mending,
    Next,
    Tried,
    Whereabouts,
)
from order_sync.core.explain.manual_entry import in_doubt, manual_entry
from order_sync.core.life.lifecycle import IN_DOUBT, MEANINGS, Event, Status
from order_sync.core.privacy.redaction import cleaned
from order_sync.core.records.story import Attempt, Story
from order_sync.core.sending.route import Route

OUTCOMES = {
    None: "no result is recorded",
    "unknown": "the result is not known",
    "receipt": "the ERP took it",
    "refused": "the ERP refused it",
    "refused_too_often": "the ERP refused it, and no further attempt is allowed",
    "not_sent": "not sent",
    "different": "the ERP has an order with different content under its key",
}
"""How an attempt ended, in words; what is not listed stands as it is."""

LOOKS = {
    "absent": "the ERP does not have it",
    "half_made": "the ERP has it unfinished",
    "cancelled_in_erp": "the ERP has it, cancelled",
    "different": "the ERP has it with different content",
    "two_in_erp": "the ERP has it more than once",
    "resends_spent": "the ERP does not have it, or only unfinished, and no further attempt is allowed",
}
"""What a look-up showed later, in the same way."""


def explain(story: Story, route: Route | None, stuck_after: timedelta) -> Explanation:
    """The explanation of one order. `route` None: its channel is no longer in the registry."""
    story = cleaned(story)
    return Explanation(
        key=story.key,
        as_of=story.as_of,
        code=story.code or "",
        message=story.message,
        error=_last_error(story),
        problems=story.problems,
        mending=tuple(_mending(story)),
        next=Next(
            by_itself=by_itself(story, route),
            people_may=decisions(story, route),
            manual_entry=manual_entry(story),
            support=for_support(story, route, stuck_after) or "",
        ),
        where=_where(story),
        channel=_channel(story),
        erp=_erp(story),
        holds=tuple(Held(hold, how_it_ends(hold)) for hold in story.holds),
        decisions=story.decisions,
        lost=story.lost,
        sent=_sent(story),
        attempts=tuple(map(_tried, story.attempts)),
        history=story.history,
    )


def _last_error(story: Story) -> LastError | None:
    nothing = f"its text was erased on {story.erased_at:%Y-%m-%d}" if story.erased_at else "no text"
    code = _code(story)
    if code:
        said = story.message or (nothing if story.code else CATALOGUE[code].then)
        return LastError(code, _since(story), said)
    errors = [(step.at, step.code, step.message) for step in story.history if step.code in CATALOGUE]
    errors += [(a.closed_at or a.opened_at, a.code, a.message) for a in story.attempts if a.code in CATALOGUE]
    if not errors:
        return None
    at, last, message = max(errors)
    return LastError(str(last), at, message or nothing, over=True)


def _mending(story: Story) -> Iterator[Mending]:
    """For each code that it stands with: what it means, who fixes it, and how."""
    for code in dict.fromkeys([_code(story), *(problem.code for problem in story.problems)]):
        if code:
            known = CATALOGUE.get(code, _NOT_LISTED)
            steps = manual_entry(story) if code == "NOT_AUTOMATED" else known.steps
            yield Mending(code, known.meaning, known.fixer, steps)


def _code(story: Story) -> str | None:
    """The code that it stands with; why it is no order may be one."""
    return story.code or (story.reason if story.reason in CATALOGUE else None)


_NOT_LISTED = Advice("This release does not know this code.", "integration", "Look for it in the changelog.", "")


def _where(story: Story) -> Whereabouts:
    standing = MEANINGS[story.status]
    roll_up = standing.roll_up if standing.roll_up != "None" else ""
    return Whereabouts(_stage(story), story.status, _since(story), roll_up, _in_report(story))


def _stage(story: Story) -> str:
    sent = [attempt for attempt in story.attempts if attempt.sent]
    times = f"attempted {len(sent)} time{'s' if len(sent) > 1 else ''} by Write Order"
    if story.status is Status.SUCCEEDED and not sent:
        return "extracted by P-0001, found in the ERP, and succeeded"
    if story.status is Status.SUCCEEDED:
        return f"extracted by P-0001, {times}, and succeeded"
    if story.status is Status.SYNCED_MANUALLY:
        return "extracted by P-0001, and marked by a person as in the ERP"
    if not sent and (story.doubted or in_doubt(story)):
        return "extracted by P-0001, and may have been sent by a ledger that was lost"
    if not sent:
        return "extracted by P-0001, not sent by Write Order"
    if story.status is Status.CONFLICT:
        return f"extracted by P-0001, {times}, and in conflict"
    if story.status is Status.DEAD or (story.status is Status.FAILED and story.tried):
        return f"extracted by P-0001, {times}, and failed"
    if story.tried and not (story.status in IN_DOUBT or in_doubt(story)):
        return f"extracted by P-0001, {times} without success"
    if not story.tried:
        return f"extracted by P-0001, {times} before, but not since it was set back"
    return f"extracted by P-0001, {times}; not settled yet"


def _in_report(story: Story) -> str:
    word = MEANINGS[story.status].report_word
    in_report = f"'{word}' in the report" if word else "no row in the report"
    if word == "Successful":
        return in_report + " of all orders"
    if word == "Pending":
        return in_report + " of all orders until its window is over, then 'Pending Verification'"
    if word == "Queued" and not story.waits_for_set_up:
        shown = "Pending Verification" if _has_receipt(story) else word
        return f"'{shown}' in the report once it has waited for longer than ORDER_SYNC_QUEUED_STUCK_AFTER"
    return in_report


def _channel(story: Story) -> ChannelSays:
    known = story.transaction
    return ChannelSays(
        story.channel,
        story.source_status or "",
        (known.reference or "") if known else "",
        (known.receipt or "") if known else "",
        story.placed_at,
        story.landed_at,
        story.version,
    )


def _erp(story: Story) -> ErpSays:
    heard = story.known_to_erp_at
    nothing = not (story.erp_number or story.erp_status)
    unheard = "it has reported nothing about this order" if nothing else "the time of its report is not recorded"
    known_by = f"last reported {minute(heard)}" if heard else unheard
    if nothing and heard and heard == story.attempts[-1].looked_at:
        known_by = f"a look-up did not find it, {minute(heard)}"
    if story.status is Status.SYNCED_MANUALLY:
        known_by = "as stated by a person"
    if story.sighting:
        known_by = f"compare_orders saw it {minute(story.sighting.at)}, {story.sighting.detail}"
    return ErpSays(*(story.erp, story.erp_number, story.erp_company, story.erp_status, known_by), story.short_reference)


def _tried(attempt: Attempt) -> Tried:
    later = ""
    if attempt.resolution == Event.CONFIGURATION_SUSPECTED:
        later = "withdrawn: other orders were refused like it, so the ERP's set-up seemed to be the cause"
    elif attempt.resolution == Event.CONFIRMED and attempt.looked_at is None:
        later = "which is the ERP's acceptance"
    elif attempt.resolution not in (None, attempt.outcome):
        later = f"a later look-up showed: {LOOKS.get(str(attempt.resolution), attempt.resolution)}"
    return Tried(
        attempt.opened_at,
        attempt.closed_at,
        OUTCOMES.get(attempt.outcome, str(attempt.outcome)),
        attempt.receipt_number,
        attempt.receipt_company,
        attempt.receipt_status,
        attempt.code or "",
        later,
        attempt.message,
        attempt.by,
        _made_of(attempt),
    )


def _sent(story: Story) -> AsSent | None:
    last = story.last_sent
    made_of = _made_of(last) if last else None
    if last is None or made_of is None:
        return None
    return AsSent(made_of, last.opened_at, story.version if story.version != made_of.version else None)


def _made_of(attempt: Attempt) -> MadeOf | None:
    return MadeOf(attempt.version, attempt.revision) if attempt.sent and attempt.version else None


def _has_receipt(story: Story) -> bool:
    return any(each.outcome == "receipt" and each.opened_at >= story.received_at for each in story.attempts)


def _since(story: Story) -> datetime:
    """Since when it stands as it does."""
    changed = [step.at for step in story.history if step.from_status is not story.status]
    return max(changed, default=story.landed_at)
