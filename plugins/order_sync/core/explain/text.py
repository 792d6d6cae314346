"""An explanation as text for the order desk: the last error first, then what it means and who fixes it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from order_sync.core.explain.by_itself import minute
from order_sync.core.explain.explanation import (
    AsSent,
    ChannelSays,
    ErpSays,
    Explanation,
    LastError,
    MadeOf,
    Mending,
    Tried,
    Whereabouts,
)
from order_sync.core.order.companies import called
from order_sync.core.privacy.redaction import on_one_line
from order_sync.core.records.story import DecisionTaken, Step

SUBJECT = "Order Sync Error"
"""The subject under which an order is handed to support."""

WIDTH = 16
"""Characters for the names on the left."""

Row = tuple[str, str]


def as_text(said: Explanation) -> str:
    """The whole explanation of one order."""
    return laid_out(f"Order {said.key}", [*_cause(said), *_facts(said), *_past(said)])


def laid_out(title: str, rows: Iterable[Row]) -> str:
    """A title, and rows of a name and a text; a name that is empty goes on with the one above."""
    lines = [title, *(f"{name:<{WIDTH}}{on_one_line(text)}".rstrip() for name, text in rows)]
    return "\n".join(lines)


def named(name: str, texts: Sequence[str]) -> Iterator[Row]:
    """Rows of which the first alone bears the name."""
    return zip([name, *[""] * (len(texts) - 1)], texts, strict=False)


def _cause(said: Explanation) -> Iterator[Row]:
    yield "Last error", last_error(said.error)
    if len(said.problems) > 1:
        yield from named("All problems", [f"{each.code}: {each.message}" for each in said.problems])
    for each in said.mending:
        yield from mending(each, one_of=len(said.mending))
    yield "By itself", said.next.by_itself
    yield "People may", said.next.people_may
    if why := said.next.support:
        yield "Support", f"Send it to support with the subject '{SUBJECT}' and the text that `escalate` prints: {why}."


def _facts(said: Explanation) -> Iterator[Row]:
    yield "Stage", said.where.stage
    yield "Status", status(said.where)
    yield "In the channel", in_channel(said.channel)
    yield "In the ERP", in_erp(said.erp)
    yield from sent(said.sent)
    yield from named("On hold", [f"{each.hold}; {each.ends}" for each in said.holds])
    yield from named("Decided", [_decision(decision) for decision in said.decisions])
    lost = [f"{_decision(decision)}: lost in a restore; it must be decided again" for decision in said.lost]
    yield from named("Lost", lost)


def _past(said: Explanation) -> Iterator[Row]:
    yield from named("Attempts", [_attempt(attempt) for attempt in said.attempts] or ["none"])
    yield from named("History", [_step(step) for step in said.history])
    yield "As of", f"{minute(said.as_of)}, from the ledger; the ERP was not queried for this"


def last_error(error: LastError | None) -> str:
    """The error that it stands with; if it stands with none, the last one there was, or `none`."""
    if error is None:
        return "none"
    text = f"{error.code}, {minute(error.at)}: {error.message}"
    return f"none now; the last one was {text}" if error.over else text


def mending(each: Mending, one_of: int) -> Iterator[Row]:
    """What a code means, who fixes it, and how; with the code's name where there are several."""
    yield "It means", each.meaning + (f" ({each.code})" if one_of > 1 else "")
    yield "Who fixes it", each.fixer
    yield "How", each.steps


def status(where: Whereabouts) -> str:
    """Our status, its roll-up, its word in the report, and since when."""
    roll_up = f"{where.roll_up}; " if where.roll_up else ""
    return f"{where.status} since {minute(where.since)} ({roll_up}{where.in_report})"


def in_channel(said: ChannelSays) -> str:
    """The channel's status of it, in its own word, and what the desk finds it by."""
    found_by = [f"reference {said.reference}"] if said.reference else []
    found_by += [f"receipt {said.receipt}"] if said.receipt else []
    parts = [f"'{said.word}'" if said.word else "no status is known", *found_by]
    parts += [f"placed {minute(said.placed_at)}", f"landed {minute(said.landed_at)}", f"version {said.version}"]
    return f"{said.channel}: {', '.join(parts)}"


def in_erp(said: ErpSays) -> str:
    """The ERP's number and its own word, and how that is known."""
    number = f"number {called(said.number, said.company)}" if said.number else "no number"
    word = f"'{said.word}'" if said.word else "no state is known"
    bears = f", external reference {said.short_reference}" if said.short_reference else ""
    return f"{said.erp}: {number}, {word}{bears}; {said.known_by}"


def sent(said: AsSent | None) -> Iterator[Row]:
    """Which version was sent last, when, and what it was made of, if that is on record."""
    if said:
        since = f"; the channel has given version {said.since} since" if said.since else ""
        yield "Sent", f"{made_of(said.made_of)}, {minute(said.at)}{since}"


def made_of(said: MadeOf) -> str:
    """What an order that was sent was made of."""
    return f"version {said.version} under revision {said.revision}"


def attempt_line(tried: Tried) -> str:
    """When it was tried, how that ended, and what was found out later; without the texts of others."""
    number = f" as {called(tried.number, tried.company)} ('{tried.erp_status}')" if tried.number else ""
    until = f" to {_second(tried.closed_at)}" if tried.closed_at else ""
    what = f", {made_of(tried.made_of)}" if tried.made_of else ""
    parts = [f"{_second(tried.opened_at)}{until}{what}: {tried.ended}{number}", tried.code, tried.later]
    return ", ".join(filter(None, parts))


def step_line(step: Step) -> str:
    """When it went from which status to which, and by what; without the texts of others."""
    from_ = f"{step.from_status} -> " if step.from_status else ""
    return f"{_second(step.at)} {from_}{step.to_status} ({step.event})" + (f" {step.code}" if step.code else "")


def _attempt(tried: Tried) -> str:
    return _joined(attempt_line(tried), tried.message, f"by {tried.by}")


def _step(step: Step) -> str:
    return _joined(step_line(step), step.message, f"by {step.by}" + (f", because: {step.why}" if step.why else ""))


def _decision(decision: DecisionTaken) -> str:
    became = decision.outcome or "not yet done"
    text = f": {decision.message}" if decision.message else ""
    return f"{_second(decision.at)} {decision.action} by {decision.by}, because: {decision.reason} ({became}{text})"


def _joined(line: str, message: str, by: str) -> str:
    return f"{line}: {message}; {by}" if message else f"{line}; {by}"


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
