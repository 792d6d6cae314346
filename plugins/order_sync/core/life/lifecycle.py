"""The life of an order as one table: the only place that says which status may follow which, why, and by whom.

The ledger stores this table and refuses any history row that is not in it; the picture in the docs is drawn from it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Our status of an order (`sync_status`); the channel's and the ERP's are facts of their own."""

    WAITING = "waiting"
    NOT_AN_ORDER = "not_an_order"
    RECEIVED = "received"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    PENDING_VERIFICATION = "pending_verification"
    FAILED = "failed"
    DEAD = "dead"
    CONFLICT = "conflict"
    ON_HOLD = "on_hold"
    IGNORED = "ignored"
    CANCELLED_AT_SOURCE = "cancelled_at_source"
    SUCCEEDED = "succeeded"
    SYNCED_MANUALLY = "synced_manually"


class Event(StrEnum):
    """What happened to an order."""

    COMPLETE = "complete"
    NO_ORDER_AFTER_ALL = "no_order_after_all"
    OVERDUE = "overdue"
    CHANGED = "changed"
    KEY_REUSED = "key_reused"
    BACKFILLED = "backfilled"
    START_MOVED = "start_moved"
    VALID = "valid"
    INVALID = "invalid"
    DISREGARDED = "disregarded"
    REFERENCE_CHANGED = "reference_changed"
    CANCELLED_IN_CHANNEL = "cancelled_in_channel"
    CANCELLED_TOO_LATE = "cancelled_too_late"
    ATTEMPT_OPENED = "attempt_opened"
    NOT_SENT = "not_sent"
    RECEIPT = "receipt"
    REFUSED = "refused"
    REFUSED_TOO_OFTEN = "refused_too_often"
    TAKEN = "taken"
    CONFIRMED = "confirmed"
    HALF_MADE = "half_made"
    DIFFERENT = "different"
    TWO_IN_ERP = "two_in_erp"
    CANCELLED_IN_ERP = "cancelled_in_erp"
    ABSENT = "absent"
    RESENDS_SPENT = "resends_spent"
    WINDOW_OVER = "window_over"
    CONFIGURATION_SUSPECTED = "configuration_suspected"
    RESYNC = "resync"
    RETRIED = "retried"
    MARKED_AS_SYNCED = "marked_as_synced"
    IGNORED = "ignored"
    PUT_ON_HOLD = "put_on_hold"
    RELEASED = "released"
    ACCEPTED = "accepted"
    ERASED = "erased"
    FORGOTTEN = "forgotten"
    CHANGED_ONCE_ERASED = "changed_once_erased"


class Who(StrEnum):
    """Who may cause a transition."""

    CHANNEL = "channel"
    RULES = "rules"
    PUSH = "push"
    SETTLE = "settle"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table. `calls_erp` tells whether the step that causes it may call the ERP."""

    from_status: Status
    event: Event
    to_status: Status
    who: Who
    evidence: str
    calls_erp: bool


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """What a status means to people: the roll-up, the word in the report (None: no row), whether it is final.

    The report says `Queued` for a status marked `queued` only once it is stuck; before, under All orders, `Pending`.
    """

    roll_up: str
    report_word: str | None
    final: bool = False


MEANINGS: dict[Status, StatusMeaning] = {
    Status.WAITING: StatusMeaning("Pending", "Queued"),
    Status.NOT_AN_ORDER: StatusMeaning("None", None, final=True),
    Status.RECEIVED: StatusMeaning("Pending", "Queued"),
    Status.QUEUED: StatusMeaning("Pending", "Queued"),
    Status.SENDING: StatusMeaning("Pending", "Queued"),
    Status.SENT: StatusMeaning("Pending", "Pending"),
    Status.PENDING_VERIFICATION: StatusMeaning("Pending", "Pending Verification"),
    Status.FAILED: StatusMeaning("Failed", "Failed"),
    Status.DEAD: StatusMeaning("Failed", "Failed"),
    Status.CONFLICT: StatusMeaning("Failed", "Failed"),
    Status.ON_HOLD: StatusMeaning("Pending", "Queued"),
    Status.IGNORED: StatusMeaning("None", None),
    Status.CANCELLED_AT_SOURCE: StatusMeaning("None", None, final=True),
    Status.SUCCEEDED: StatusMeaning("Successful", "Successful", final=True),
    Status.SYNCED_MANUALLY: StatusMeaning("Successful", "Successful", final=True),
}

NEVER_SENT = (Status.WAITING, Status.RECEIVED, Status.QUEUED)
"""Statuses in which no attempt can be alive: what the channel changes or cancels then needs no look at the ERP."""

DONE = (Status.SUCCEEDED, Status.SYNCED_MANUALLY)
"""Statuses of orders that the ERP has."""

UNFINISHED = (
    *(Status.RECEIVED, Status.QUEUED, Status.SENDING, Status.SENT, Status.PENDING_VERIFICATION),
    *(Status.FAILED, Status.DEAD, Status.ON_HOLD),
)
"""Statuses of orders that the channel is asked for again with each extract: they may have changed there."""

ERASABLE = (Status.NOT_AN_ORDER, Status.CANCELLED_AT_SOURCE, *DONE, Status.IGNORED)
"""Statuses of orders of which nothing is left to do: people's data in them may be erased."""

IN_DOUBT = (Status.SENDING, Status.SENT, Status.PENDING_VERIFICATION)
"""Statuses that `settle` looks up."""

GIVEN_UP = (Status.FAILED, Status.DEAD)
"""Statuses in which nothing is sent, and that a late confirmation by the ERP ends."""


def _table() -> tuple[Transition, ...]:
    S, E, W = Status, Event, Who
    look = "a look-up: "
    proven = look + "proven, same total and currency; or a receipt that is the ERP's acceptance"
    was_sent = DONE
    unproven = (S.SENDING, S.PENDING_VERIFICATION)
    given_up = GIVEN_UP
    rows: tuple[tuple[Who, tuple[Status, ...], Event, Status, str, bool], ...] = (
        (W.CHANNEL, (S.WAITING,), E.COMPLETE, S.RECEIVED, "all lines that the header promises are there", False),
        (W.CHANNEL, (S.WAITING,), E.NO_ORDER_AFTER_ALL, S.NOT_AN_ORDER, "the channel's type or status", False),
        (W.CHANNEL, (S.WAITING,), E.CHANGED, S.WAITING, "a new version, still incomplete", False),
        (W.RULES, (S.WAITING,), E.OVERDUE, S.FAILED, "the lines did not come in time", False),
        (W.CHANNEL, (S.NOT_AN_ORDER,), E.CHANGED, S.RECEIVED, "a new version that is an order", False),
        (W.PERSON, (S.NOT_AN_ORDER,), E.BACKFILLED, S.RECEIVED, "a reason; " + look + "nothing there", True),
        (W.PERSON, (S.RECEIVED, S.QUEUED, S.FAILED), E.START_MOVED, S.NOT_AN_ORDER, "a later start; not there", False),
        (W.RULES, (S.RECEIVED,), E.VALID, S.QUEUED, "no problem found", False),
        (W.RULES, (S.RECEIVED, S.QUEUED), E.INVALID, S.FAILED, "the problems", False),
        (W.RULES, (S.RECEIVED,), E.DISREGARDED, S.IGNORED, "the rule; a person confirms later", False),
        (W.CHANNEL, (S.RECEIVED, S.QUEUED, *given_up), E.CHANGED, S.RECEIVED, "a new version", False),
        (W.CHANNEL, (S.CANCELLED_AT_SOURCE,), E.CHANGED, S.RECEIVED, "a new version that is an order again", False),
        (W.RULES, (S.QUEUED, *given_up), E.REFERENCE_CHANGED, S.RECEIVED, "changed mapping or reference data", False),
        (W.PUSH, (S.QUEUED,), E.ATTEMPT_OPENED, S.SENDING, "an attempt row", True),
        (W.PUSH, (S.SENDING,), E.RECEIPT, S.SENT, "the ERP's answer to the submit", True),
        (W.PUSH, (S.SENDING,), E.NOT_SENT, S.QUEUED, "the call provably did not reach the ERP", True),
        (W.SETTLE, IN_DOUBT, E.CONFIRMED, S.SUCCEEDED, proven, True),
        (W.SETTLE, IN_DOUBT, E.REFUSED, S.FAILED, "the ERP's refusal", True),
        (W.SETTLE, IN_DOUBT, E.REFUSED_TOO_OFTEN, S.DEAD, "refused too often", True),
        (W.SETTLE, IN_DOUBT, E.CANCELLED_IN_ERP, S.FAILED, look + "cancelled", True),
        (W.SETTLE, IN_DOUBT, E.DIFFERENT, S.CONFLICT, look + "other total, currency or lines", True),
        (W.SETTLE, IN_DOUBT, E.TWO_IN_ERP, S.CONFLICT, look + "two orders under one key", True),
        (W.CHANNEL, IN_DOUBT, E.CHANGED, S.CONFLICT, "a new version after an attempt", False),
        (W.CHANNEL, IN_DOUBT, E.CANCELLED_IN_CHANNEL, S.CONFLICT, "cancelled after an attempt", False),
        (W.SETTLE, (S.SENDING,), E.TAKEN, S.SENT, look + "taken, not yet proven", True),
        (W.SETTLE, unproven, E.HALF_MADE, S.QUEUED, look + "begun and equal; submit resumes it", True),
        (W.SETTLE, unproven, E.ABSENT, S.QUEUED, "absent under the re-send rule of the ERP's guarantee", True),
        (W.SETTLE, unproven, E.RESENDS_SPENT, S.DEAD, "not finished after the last allowed re-send", True),
        (W.SETTLE, (S.SENDING, S.SENT), E.WINDOW_OVER, S.PENDING_VERIFICATION, "window over, nothing definite", True),
        (
            W.PERSON,
            (S.PENDING_VERIFICATION, *given_up),
            E.RESYNC,
            S.RECEIVED,
            "a reason; a look-up before a send",
            True,
        ),
        (
            W.PUSH,
            (S.FAILED,),
            E.CONFIGURATION_SUSPECTED,
            S.QUEUED,
            "refused like those before it; the ERP is held",
            False,
        ),
        (W.PERSON, (S.FAILED,), E.RETRIED, S.QUEUED, "a push was cleared; the ERP refused it, so it has it not", True),
        (W.SETTLE, (*given_up, S.CONFLICT), E.CONFIRMED, S.SUCCEEDED, look + "proven after all, same total", True),
        (W.PERSON, (S.CONFLICT,), E.ACCEPTED, S.SUCCEEDED, "a person accepts the ERP's order", True),
        (W.PERSON, (S.CONFLICT,), E.RESYNC, S.RECEIVED, "a look-up of that moment shows no live order", True),
        (
            W.PERSON,
            (S.RECEIVED, S.QUEUED, S.PENDING_VERIFICATION, *given_up, S.CONFLICT, S.ON_HOLD, S.IGNORED),
            E.MARKED_AS_SYNCED,
            S.SYNCED_MANUALLY,
            "the ERP's number, which is checked there, and a reason",
            True,
        ),
        (
            W.PERSON,
            (S.RECEIVED, S.QUEUED, *given_up, S.CONFLICT, S.ON_HOLD),
            E.IGNORED,
            S.IGNORED,
            "a reason",
            False,
        ),
        (W.PERSON, (S.RECEIVED, S.QUEUED, *given_up), E.PUT_ON_HOLD, S.ON_HOLD, "a reason", False),
        (W.PERSON, (S.ON_HOLD,), E.RELEASED, S.RECEIVED, "a reason", False),
        (W.PERSON, (S.IGNORED,), E.RELEASED, S.RECEIVED, "a reason; the ERP has none under its number", True),
        (
            W.CHANNEL,
            (*NEVER_SENT, S.FAILED, S.ON_HOLD, S.IGNORED),
            E.CANCELLED_IN_CHANNEL,
            S.CANCELLED_AT_SOURCE,
            "cancelled in the channel, and no attempt can have reached the ERP",
            False,
        ),
        (
            W.CHANNEL,
            (S.RECEIVED, S.QUEUED, *given_up, S.ON_HOLD, S.IGNORED),
            E.CANCELLED_TOO_LATE,
            S.CONFLICT,
            "cancelled in the channel, and the ERP may have it",
            False,
        ),
        (
            W.CHANNEL,
            tuple(status for status in S if status is not S.CONFLICT),
            E.KEY_REUSED,
            S.CONFLICT,
            "a rebuilt database of the channel has another order under the key",
            False,
        ),
        (W.CHANNEL, was_sent, E.CHANGED, S.CONFLICT, "a new version after it was sent", False),
        (W.CHANNEL, was_sent, E.CANCELLED_IN_CHANNEL, S.CONFLICT, "cancelled after it was sent", False),
        (W.SETTLE, was_sent, E.TWO_IN_ERP, S.CONFLICT, look + "a second order", True),
        (W.SETTLE, was_sent, E.CANCELLED_IN_ERP, S.CONFLICT, look + "cancelled", True),
        *((W.PERSON, (same,), E.ERASED, same, "a request, and a reason", False) for same in ERASABLE),
        *((W.RULES, (same,), E.FORGOTTEN, same, "nothing happened for as long as is kept", False) for same in ERASABLE),
        *(
            (W.CHANNEL, (same,), E.CHANGED_ONCE_ERASED, same, "a new version, of which the digest is kept", False)
            for same in (*was_sent, S.IGNORED)
        ),
        (
            W.CHANNEL,
            (S.NOT_AN_ORDER, S.CANCELLED_AT_SOURCE),
            E.CHANGED_ONCE_ERASED,
            S.CONFLICT,
            "an order now, of which only the digest is kept",
            False,
        ),
    )
    return tuple(
        Transition(origin, event, to_status, who, evidence, calls_erp)
        for who, origins, event, to_status, evidence, calls_erp in rows
        for origin in origins
    )


TRANSITIONS = _table()
_BY_CAUSE = {(row.from_status, row.event): row for row in TRANSITIONS}


class IllegalTransition(ValueError):
    """An event that the table does not know for this status: a bug in the caller, never a fact about an order."""


def allowed(status: Status, event: Event) -> bool:
    """Whether the event may happen to an order in this status."""
    return (status, event) in _BY_CAUSE


def step(status: Status, event: Event) -> Status:
    """The status that follows. Raises IllegalTransition when the table has no such row."""
    try:
        return _BY_CAUSE[status, event].to_status
    except KeyError:
        raise IllegalTransition(f"{event} may not happen to an order that is {status}") from None
