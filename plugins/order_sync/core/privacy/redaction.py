"""What must not get out of a text: people's data, customers' accounts, secrets.

A text of a rule, an ERP or a driver is cleaned before it stands in a log, and once more before support gets it. The
order desk needs a customer's account to mend the order, so that only what support gets is without it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain

from order_sync.core.basics.actor import task_in
from order_sync.core.order.model import Order, Problem, Transaction
from order_sync.core.records.story import Attempt, DecisionTaken, Step, Story
from order_sync.core.sending.holds import Hold, HoldKind

HIDDEN = "…"

NOBODY = "a person"
"""Who somebody of the staff is to support."""

_SECRET = re.compile(
    r"(?<=://)[^/\s@]+@"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w+])\+\d[\d\s()/.-]{6,}\d"
    r"|(?<![\w/:.-])(?:\(0\d{2,5}\)|0\d{2,5})(?:[ /]\d{3,})+(?!\w)"
    r"|(?<![\w/:.-])(?:\(\d{3}\) |\d{3}-)\d{3}-\d{4}(?!\w)"
    r"|\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"
    r"|(?<![\w-])[\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key)\b\W{1,3}\S+",
    re.IGNORECASE,
)
"""A user in an address, a mail address, a phone number, credentials of HTTP, and whatever is said to be a secret."""

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
"""What ends a line, steers a terminal or turns the letters around."""

_ACCOUNT = re.compile(r"(?<=\bcustomer ')[^\n]*?(?='(?:\W|$))|(?<=\bcustomer_account )[^;\n]* -> [^;\n]*")
"""A customer's account, as rules, ERPs and the difference of two versions name it."""

_PUBLIC = ("country", "state")
"""Of an address, what every order of a country shares."""


def cleaned(story: Story) -> Story:
    """The story with no people's data and no secrets in its texts; the transaction stays as it is."""

    clear = partial(fit_for_a_log, versions=story.versions)

    def decision(each: DecisionTaken) -> DecisionTaken:
        return replace(each, reason=clear(each.reason), message=clear(each.message))

    def attempt(each: Attempt) -> Attempt:
        return replace(each, message=clear(each.message), receipt_status=clear(each.receipt_status))

    def step(each: Step) -> Step:
        return replace(each, message=clear(each.message), why=clear(each.why))

    def problem(each: Problem) -> Problem:
        return replace(each, value=clear(each.value), message=clear(each.message))

    return replace(
        story,
        message=clear(story.message),
        erp_status=clear(story.erp_status),
        problems=tuple(map(problem, story.problems)),
        attempts=tuple(map(attempt, story.attempts)),
        history=tuple(map(step, story.history)),
        holds=tuple(replace(each, reason=clear(each.reason)) for each in story.holds),
        decisions=tuple(map(decision, story.decisions)),
        lost=tuple(map(decision, story.lost)),
    )


def anonymous(story: Story) -> Story:
    """The story as support may read it: no people's data, accounts or secrets in its texts, and nobody of the staff.

    Of who acted the task is left, and of what people wrote as a reason nothing.
    """

    def clear(text: str) -> str:
        return without_account(without_people(without_secrets(text), story.versions), story.versions)

    def decision(each: DecisionTaken) -> DecisionTaken:
        return replace(each, by=NOBODY, reason="", message="")

    def attempt(each: Attempt) -> Attempt:
        by, state = task_in(each.by) or NOBODY, clear(each.receipt_status)
        return replace(each, message=clear(each.message), receipt_status=state, by=by)

    def step(each: Step) -> Step:
        return replace(each, message=clear(each.message), by=task_in(each.by) or NOBODY, why="")

    return replace(
        story,
        message=clear(story.message),
        erp_number=clear(story.erp_number),
        erp_company=clear(story.erp_company),
        erp_status=clear(story.erp_status),
        problems=tuple(replace(each, value="", message=clear(each.message)) for each in story.problems),
        attempts=tuple(map(attempt, story.attempts)),
        history=tuple(map(step, story.history)),
        holds=tuple(map(anonymous_hold, story.holds)),
        decisions=tuple(map(decision, story.decisions)),
        lost=tuple(map(decision, story.lost)),
        sighting=replace(story.sighting, detail=clear(story.sighting.detail)) if story.sighting else None,
    )


def anonymous_hold(hold: Hold) -> Hold:
    """The hold as support may read it: without what a person wrote as its reason."""
    reason = "" if hold.kind in (HoldKind.PERSON, HoldKind.RESTORE) else without_secrets(hold.reason)
    return replace(hold, by=task_in(hold.by) or NOBODY, reason=reason)


def fit_for_a_log(text: str, versions: Iterable[Transaction]) -> str:
    """The text on one line, without secrets and without what it quotes of these versions' people."""
    return on_one_line(without_people(without_secrets(text), versions))


def on_one_line(text: str) -> str:
    """The text without what would forge a line, steer a terminal or turn its letters around."""
    return _UNSEEN.sub(" ", text)


def shortened(text: str, most: int) -> str:
    """The text in at most so many characters; a longer one is cut at a word, and ends with an ellipsis."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    whole_words = re.match(r".*\s", kept, re.DOTALL)
    return (whole_words[0].rstrip() + " " if whole_words and len(whole_words[0]) > most // 2 else kept) + HIDDEN


def without_people(text: str, versions: Iterable[Transaction]) -> str:
    """The text without what of it stands in an address of these versions, and without any word of a name."""
    for private in sorted({*chain.from_iterable(map(_private, versions))}, key=len, reverse=True):
        text = _pattern(private).sub(HIDDEN, text)
    return text


def without_account(text: str, versions: Iterable[Transaction]) -> str:
    """The text without customers' accounts: those of these versions, and what our texts quote as one."""
    for account in sorted({version.customer_account for version in versions}, key=len, reverse=True):
        if len(account) > 2:
            text = re.sub(rf"(?<!\w){re.escape(account)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    return _ACCOUNT.sub(HIDDEN, text)


def without_secrets(text: str) -> str:
    """The text without credentials, whoever wrote them there, and without mail addresses and phone numbers."""
    return _SECRET.sub(HIDDEN, text)


def _private(version: Transaction) -> Iterator[str]:
    """Every part of its addresses, each line of a part, and each word of the name."""
    try:
        details = json.loads(version.details)
    except (ValueError, RecursionError):
        return
    places = details.get("ship_to") if isinstance(details, dict) else None
    for place in places if isinstance(places, list) else [places]:
        if isinstance(place, dict):
            yield from _of_address(place)


def _of_address(address: Mapping[str, object]) -> Iterator[str]:
    yield from re.findall(r"\w\w+", str(address.get("name") or ""))
    for value in (str(value) for part, value in address.items() if part not in _PUBLIC and value):
        lines = [line for line in re.split(r"[\n\r,]", value) if re.search(r"[^\W\d]", line)]
        yield from (text for text in (" ".join(each.split()) for each in (value, *lines)) if len(text) > 2)


def _pattern(private: str) -> re.Pattern[str]:
    """Where a text quotes it, broken into lines as it may be; two letters only where they are a word by themselves."""
    quoted = r"\s+".join(map(re.escape, private.split()))
    if len(private) > 2 or not private.isascii():
        return re.compile(quoted, re.IGNORECASE)
    return re.compile(rf"\b(?:{quoted}|{quoted.upper()})\b")


def without_address(text: str, order: Order) -> str:
    """A text of an ERP without the name and the address of the order that it may quote."""
    if order.ship_to:
        for part in (order.ship_to.name, order.ship_to.street, order.ship_to.postal_code, order.ship_to.city):
            text = text.replace(part, HIDDEN) if len(part) > 2 else text
    return text
