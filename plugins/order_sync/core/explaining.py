"""Where an order is and why, as text for the order desk: the last error first, then what it means and who mends it.

No people's data and no secrets are in it, so that it may stand in a task's log. It asks nobody: what the ERP said last
is told with its time.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from order_sync.core.advice import CATALOGUE, Advice
from order_sync.core.hiding import cleaned, on_one_line
from order_sync.core.lifecycle import IN_DOUBT, STANDINGS, Event, Status
from order_sync.core.outlook import by_itself, decisions, for_support, how_it_ends, in_doubt, keying_in, minute
from order_sync.core.ports import Route
from order_sync.core.story import Attempt, Decision, Step, Story

SUBJECT = "Order Sync Error"
"""The subject under which an order is handed to support."""

WIDTH = 16
"""Characters for the names on the left."""

OUTCOMES = {
    None: "no outcome is on record",
    "unknown": "how it ended is not known",
    "receipt": "the ERP took it",
    "refused": "the ERP refused it",
    "refused_too_often": "the ERP refused it, once too often",
    "not_sent": "not sent",
    "different": "the ERP holds an order with other content under its key",
}
"""How an attempt ended, in words; what is not listed stands as it is."""

LOOKS = {
    "absent": "the ERP does not have it",
    "half_made": "the ERP has it begun",
    "cancelled_in_erp": "the ERP has it, cancelled",
    "different": "the ERP has it with other content",
    "two_in_erp": "the ERP has it more than once",
    "resends_spent": "the ERP does not have it, or only begun, and no further try is allowed",
}
"""What a look-up said later, likewise."""


def explain(story: Story, route: Route | None, stuck_after: timedelta) -> str:
    """The whole explanation of one order. `route` None: its channel is no longer in the registry."""
    story = cleaned(story)
    return laid_out(f"Order {story.key}", [*_cause(story, route, stuck_after), *_facts(story), *_past(story)])


def laid_out(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """A title, and rows of a name and a text; a name that is empty goes on with the one above."""
    lines = [title, *(f"{name:<{WIDTH}}{on_one_line(text)}".rstrip() for name, text in rows)]
    return "\n".join(lines)


def _cause(story: Story, route: Route | None, stuck_after: timedelta) -> Iterator[tuple[str, str]]:
    yield "Last error", last_error(story)
    yield from problems(story)
    yield from advice(story)
    yield "By itself", by_itself(story, route)
    yield "People may", decisions(story, route)
    why = for_support(story, route, stuck_after)
    if why:
        yield "Support", f"Hand it over under the subject '{SUBJECT}', with the text that `escalate` prints: {why}."


def _facts(story: Story) -> Iterator[tuple[str, str]]:
    yield "Stage", stage(story)
    yield "Status", status(story)
    yield "In the channel", in_channel(story)
    yield "In the ERP", in_erp(story)
    yield from named("On hold", [f"{hold}; {how_it_ends(hold)}" for hold in story.holds])
    yield from named("Decided", [_decision(decision) for decision in story.decisions])
    lost = [f"{_decision(decision)}: lost in a restore, and to be decided again" for decision in story.lost]
    yield from named("Lost", lost)


def _past(story: Story) -> Iterator[tuple[str, str]]:
    yield from named("Attempts", [_attempt(attempt) for attempt in story.attempts] or ["none"])
    yield from named("History", [_step(step) for step in story.history])
    yield "As of", f"{minute(story.as_of)}, by the ledger; the ERP was not asked for this"


def last_error(story: Story) -> str:
    """The error that it stands with; if it stands with none, the last one there was, or `none`."""
    nothing = f"its text was erased on {story.erased_at:%Y-%m-%d}" if story.erased_at else "no text"
    code = _code(story)
    if code:
        said = story.message or (nothing if story.code else CATALOGUE[code].then)
        return f"{code}, {minute(_since(story))}: {said}"
    errors = [(step.at, step.code, step.message) for step in story.history if step.code in CATALOGUE]
    errors += [(a.closed_at or a.opened_at, a.code, a.message) for a in story.attempts if a.code in CATALOGUE]
    if not errors:
        return "none"
    at, code, message = max(errors)
    return f"none now; the last one was {code}, {minute(at)}: {message or nothing}"


def problems(story: Story) -> Iterator[tuple[str, str]]:
    """Every problem that the rules found, if there are several."""
    if len(story.problems) > 1:
        yield from named("All problems", [f"{each.code}: {each.message}" for each in story.problems])


def advice(story: Story) -> Iterator[tuple[str, str]]:
    """For each code that it stands with: what it means, who mends it, and how."""
    codes = dict.fromkeys([_code(story), *(problem.code for problem in story.problems)])
    for code in codes:
        if code:
            known = CATALOGUE.get(code, _NOT_LISTED)
            which = f" ({code})" if len(codes) > 1 else ""
            yield "It means", known.meaning + which
            yield "Who mends it", known.fixer
            yield "How", keying_in(story) if code == "NOT_AUTOMATED" else known.steps


def _code(story: Story) -> str | None:
    """The code that it stands with; why it is no order may be one."""
    return story.code or (story.reason if story.reason in CATALOGUE else None)


_NOT_LISTED = Advice("This release does not know the code.", "integration", "Look for it in the changelog.", "")


def stage(story: Story) -> str:
    """How far it came: P-0001 extracts, Write Order sends."""
    sent = [attempt for attempt in story.attempts if attempt.sent]
    times = f"attempted {len(sent)} time{'s' if len(sent) > 1 else ''} by Write Order"
    if story.status is Status.SUCCEEDED and not sent:
        return "extracted by P-0001, found in the ERP, and succeeded"
    if story.status is Status.SUCCEEDED:
        return f"extracted by P-0001, {times}, and succeeded"
    if story.status is Status.SYNCED_MANUALLY:
        return "extracted by P-0001, and in the ERP by a person's word"
    if not sent and (story.doubted or in_doubt(story)):
        return "extracted by P-0001, and maybe sent by a ledger that was lost"
    if not sent:
        return "extracted by P-0001, not sent by Write Order"
    if story.status is Status.CONFLICT:
        return f"extracted by P-0001, {times}, and in conflict"
    if story.status is Status.DEAD or (story.status is Status.FAILED and story.tried):
        return f"extracted by P-0001, {times}, and failed"
    if story.tried and not (story.status in IN_DOUBT or in_doubt(story)):
        return f"extracted by P-0001, {times} without success"
    if not story.tried:
        return f"extracted by P-0001, {times} before, and not since it was set back"
    return f"extracted by P-0001, {times}; not settled yet"


def status(story: Story) -> str:
    """Our status, its roll-up, its word in the report, and since when."""
    standing = STANDINGS[story.status]
    word = standing.report_word
    in_report = f"'{word}' in the report" if word else "no row in the report"
    if word == "Successful":
        in_report += " of all orders"
    if word == "Pending":
        in_report += " of all orders until its window is over, then 'Pending Verification'"
    if word == "Queued" and not story.waits_for_set_up:
        shown = "Pending Verification" if _has_receipt(story) else word
        in_report = f"'{shown}' in the report once it has waited for longer than ORDER_SYNC_QUEUED_STUCK_AFTER"
    roll_up = f"{standing.roll_up}; " if standing.roll_up != "None" else ""
    return f"{story.status} since {minute(_since(story))} ({roll_up}{in_report})"


def in_channel(story: Story) -> str:
    """What the channel says of it, in its own word, and what the desk finds it by."""
    known = story.transaction
    found_by = [f"reference {known.reference}"] if known and known.reference else []
    found_by += [f"receipt {known.receipt}"] if known and known.receipt else []
    parts = [f"'{story.source_status}'" if story.source_status else "no word of it is known", *found_by]
    parts += [f"placed {minute(story.placed_at)}", f"landed {minute(story.landed_at)}", f"version {story.version}"]
    return f"{story.channel}: {', '.join(parts)}"


def in_erp(story: Story) -> str:
    """The ERP's number and its own word, as it said last, and when that was."""
    number = f"number {story.erp_number}" if story.erp_number else "no number"
    word = f"'{story.erp_status}'" if story.erp_status else "no state is known"
    heard = story.known_to_erp_at
    nothing = not (story.erp_number or story.erp_status)
    unheard = "it has said nothing of this order" if nothing else "when it said so is not on record"
    said = f"last heard of {minute(heard)}" if heard else unheard
    if nothing and heard and heard == story.attempts[-1].looked_at:
        said = f"a look-up did not find it, {minute(heard)}"
    if story.status is Status.SYNCED_MANUALLY:
        said = "by a person's word"
    if story.sighting:
        said = f"compare_orders saw it {minute(story.sighting.at)}, {story.sighting.detail}"
    return f"{story.erp}: {number}, {word}; {said}"


def named(name: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Rows of which the first alone bears the name."""
    return zip([name, *[""] * (len(texts) - 1)], texts, strict=False)


def attempt_line(attempt: Attempt) -> str:
    """When it was tried, how that ended, and what a look-up said later; without the texts of others."""
    ended = OUTCOMES.get(attempt.outcome, str(attempt.outcome))
    number = f" as {attempt.receipt_number} ('{attempt.receipt_status}')" if attempt.receipt_number else ""
    later = attempt.resolution not in (None, attempt.outcome)
    until = f" to {_second(attempt.closed_at)}" if attempt.closed_at else ""
    parts = [f"{_second(attempt.opened_at)}{until}: {ended}{number}"]
    parts += [attempt.code] if attempt.code else []
    if attempt.resolution == Event.CONFIGURATION_SUSPECTED:
        parts += ["taken back, since it was like others: the ERP's set-up seemed to be the cause"]
    elif later:
        parts += [f"a look-up said later: {LOOKS.get(str(attempt.resolution), attempt.resolution)}"]
    return ", ".join(parts)


def step_line(step: Step) -> str:
    """When it went from which status to which, and by what; without the texts of others."""
    from_ = f"{step.from_status} -> " if step.from_status else ""
    return f"{_second(step.at)} {from_}{step.to_status} ({step.event})" + (f" {step.code}" if step.code else "")


def _attempt(attempt: Attempt) -> str:
    return _joined(attempt_line(attempt), attempt.message, f"by {attempt.by}")


def _step(step: Step) -> str:
    return _joined(step_line(step), step.message, f"by {step.by}" + (f", because: {step.why}" if step.why else ""))


def _decision(decision: Decision) -> str:
    became = decision.outcome or "not yet done"
    text = f": {decision.message}" if decision.message else ""
    return f"{_second(decision.at)} {decision.action} by {decision.by}, because: {decision.reason} ({became}{text})"


def _joined(line: str, message: str, by: str) -> str:
    return f"{line}: {message}; {by}" if message else f"{line}; {by}"


def _has_receipt(story: Story) -> bool:
    return any(each.outcome == "receipt" and each.opened_at >= story.received_at for each in story.attempts)


def _since(story: Story) -> datetime:
    """Since when it stands as it does."""
    changed = [step.at for step in story.history if step.from_status is not story.status]
    return max(changed, default=story.landed_at)


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
