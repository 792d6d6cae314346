"""What must not get out of a text: people's data, customers' accounts, secrets.

A text of a rule, an ERP or a driver is cleaned before it stands in a log, and once more before support gets it. The
order desk needs a customer's account to mend the order, so that only what support gets is without it.
"""

import json
import re
from dataclasses import replace

from order_sync.core.orders import Transaction
from order_sync.core.story import Attempt, Decision, Step, Story

HIDDEN = "…"
_SECRET = re.compile(
    r"(?<=://)[^/\s@]+@"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"
    r"|(?<![\w-])[\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key)\b\W{1,3}\S+",
    re.IGNORECASE,
)
"""A user in an address, a mail address, credentials of HTTP, and whatever is said to be a secret."""

_ACCOUNT = re.compile(r"(?<=\bcustomer ')[^\n]*?(?='(?:\W|$))|(?<=\bcustomer_account )[^;\n]* -> [^;\n]*")
"""A customer's account, as rules, ERPs and the difference of two versions name it."""

_PUBLIC = ("country", "state")
"""Of an address, what every order of a country shares."""


def cleaned(story: Story) -> Story:
    """The story with no people's data and no secrets in its texts; the transaction stays as it is."""

    def clear(text: str) -> str:
        return without_people(without_secrets(text), story.transaction)

    def decision(each: Decision) -> Decision:
        return replace(each, reason=clear(each.reason), message=clear(each.message))

    def attempt(each: Attempt) -> Attempt:
        return replace(each, message=clear(each.message))

    def step(each: Step) -> Step:
        return replace(each, message=clear(each.message), why=clear(each.why))

    return replace(
        story,
        message=clear(story.message),
        erp_status=clear(story.erp_status),
        problems=tuple(replace(each, message=clear(each.message)) for each in story.problems),
        attempts=tuple(map(attempt, story.attempts)),
        history=tuple(map(step, story.history)),
        holds=tuple(replace(each, reason=clear(each.reason)) for each in story.holds),
        decisions=tuple(map(decision, story.decisions)),
        lost=tuple(map(decision, story.lost)),
    )


def without_people(text: str, transaction: Transaction | None) -> str:
    """The text without what of it stands in the transaction's address, and without any word of the name."""
    for private in _private(transaction):
        text = re.sub(re.escape(private), HIDDEN, text, flags=re.IGNORECASE)
    return text


def without_account(text: str, transaction: Transaction | None) -> str:
    """The text without customers' accounts: the transaction's own, and what our texts quote as one."""
    account = transaction.customer_account if transaction else ""
    if len(account) > 2:
        text = re.sub(rf"(?<!\w){re.escape(account)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    return _ACCOUNT.sub(HIDDEN, text)


def without_secrets(text: str) -> str:
    """The text without credentials, whoever wrote them there, and without mail addresses."""
    return _SECRET.sub(HIDDEN, text)


def _private(transaction: Transaction | None) -> list[str]:
    if transaction is None:
        return []
    try:
        details = json.loads(transaction.details)
    except (ValueError, RecursionError):
        return []
    address = details.get("ship_to") if isinstance(details, dict) else None
    if not isinstance(address, dict):
        return []
    found = {str(value).strip() for part, value in address.items() if part not in _PUBLIC and value}
    found |= set(re.findall(r"\w+", str(address.get("name") or "")))
    return sorted((value for value in found if len(value) > 2), key=len, reverse=True)
