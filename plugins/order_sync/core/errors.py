"""Errors of order_sync. The class of an error decides what happens next; nothing else does.

OrderSyncError
├── Transient                a system is away: the task is tried again later, no order is changed
│   ├── RateLimited          ... and requires a longer wait than a call waits by itself
│   ├── Unreadable           it answered, but its adapter cannot read the answer
│   └── LedgerUnavailable    the ledger is away: one more try, then red, since nothing works without it
├── Permanent                the same call would fail again: the task fails now, a person is needed
│   ├── NotAuthorised        credentials or scope
│   └── Misconfigured        a connection, a setting, the registry or the ledger's schema
├── OutcomeUnknown           a submit may or may not have reached the ERP: look it up, never re-send blindly
├── OrderBusy                this order later: it stays queued, the task goes on
├── OrderRefused             this order only: recorded in the ledger, the task goes on
└── OrderConflict            the ERP holds another order under this key: a person decides

`retries` defines what happens to a task, `flows/closing` what happens to an order: each in one place.

Texts name connections, keys, codes and fields. They never contain personal data.
"""

from datetime import timedelta


class OrderSyncError(Exception):
    """Base of every error that this package raises on purpose. `code` is the name in the error catalogue."""

    code = "UNKNOWN"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code


class Transient(OrderSyncError):
    """A system did not answer, or required a wait, of `retry_after` if it gave one. Nothing that matters was sent."""

    code = "ERP_UNAVAILABLE"

    def __init__(self, message: str, *, code: str | None = None, retry_after: timedelta | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class RateLimited(Transient):
    """The system requires a longer wait than a call waits by itself."""

    code = "RATE_LIMITED"


class Unreadable(Transient):
    """A system's answer to a query cannot be read by its adapter."""

    code = "ANSWER_UNREADABLE"


class LedgerUnavailable(Transient):
    """The ledger does not answer: without it no task can do anything, so each is tried once more and no further."""

    code = "LEDGER_UNAVAILABLE"


class Permanent(OrderSyncError):
    """Trying again without a change by a person would fail in the same way."""

    code = "MISCONFIGURED"


class NotAuthorised(Permanent):
    """The system does not accept the credentials, or does not allow what was asked."""

    code = "AUTH_EXPIRED"


class Misconfigured(Permanent):
    """A connection, setting, registry line or schema is missing or malformed; the text says what to change."""


class OutcomeUnknown(OrderSyncError):
    """The call went out and no answer came back: the order may exist in the ERP."""

    code = "OUTCOME_UNKNOWN"


class OrderBusy(OrderSyncError):
    """The ERP does not take this order now, and may in a while: a record is locked, a job runs. Nothing was stored.

    Other orders go on; this one waits for `retry_after`.
    """

    code = "ORDER_BUSY"

    def __init__(self, message: str, *, retry_after: timedelta = timedelta(minutes=1), code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class OrderRefused(OrderSyncError):
    """The ERP refused this order for a reason of its own; `code` names the reason, the text is the ERP's."""

    code = "REJECTED_BY_ERP"


class OrderConflict(OrderSyncError):
    """The ERP holds an order of this key whose content differs from ours."""

    code = "ORDER_CONFLICT"
