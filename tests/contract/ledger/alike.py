"""What two ledgers are told to do alike, and how they are compared."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.decisions.after_look import after_look
from order_sync.core.decisions.decision import Decision, Result, Selected, decide
from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import Problem
from order_sync.core.order.references import SHORT_CHARACTERS, ReferenceField
from order_sync.core.records.orders import Entry, Landing, Outcome
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.receipts import Receipt
from tests.ledger.steps import change, key, landing, order_of

T = TypeVar("T")
NUMBERS = (1, 2, 3)
ORDERS = tuple(map(key, NUMBERS))
URSULA = Actor("resync_orders/run/decide", person="ursula", reason="looked")
NO_KEY = ReferenceField(characters=SHORT_CHARACTERS)
MINUTES = (1.12, 3.12, 16.12, 31.12, 61.12)
"""None of these, nor a few of them together, ends with a grace, a lease, a window or an hour."""

STANDS = (
    "status, generation, code, message, erp_number, erp_company, erp_status, acknowledged_as, resends, reason,"
    " short_reference"
)
INSTANTS = "lease_until, next_look_at, window_ends_at, first_attempt_at, receipt_at, received_at"
TRIED = "generation, outcome, code, message, receipt_company, resolution, last_look"
TRIED_AT = "opened_at, grace_until, closed_at, looked_at, resolved_at"
ANSWERS = (Event.RECEIPT, Event.NOT_SENT, Event.REFUSED, Event.REFUSED_TOO_OFTEN, Event.DIFFERENT, None)
CODES_OF_ARTICLES = [("sku", sku) for sku in "ABCD"]
FINDINGS = (
    *(None, Event.TAKEN, Event.CONFIRMED, Event.HALF_MADE, Event.ABSENT, Event.RESENDS_SPENT, Event.WINDOW_OVER),
    *(Event.REFUSED, Event.REFUSED_TOO_OFTEN, Event.CANCELLED_IN_ERP, Event.DIFFERENT, Event.TWO_IN_ERP),
)
CODES: dict[Event | None, str] = {
    Event.CANCELLED_IN_ERP: "CANCELLED_IN_ERP",
    Event.REFUSED: "PERIOD_CLOSED",
    Event.NOT_SENT: "ERP_UNAVAILABLE",
}
HOLDS = (
    ("erp_tryton", HoldKind.OUTAGE, HoldScope.ALL),
    ("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT),
    ("channel_shop", HoldKind.PERSON, HoldScope.SUBMIT),
    ("channel_shop", HoldKind.OUTAGE, HoldScope.ALL),
)

REMEMBERED = f"""
    select o.order_key, json_build_array({STANDS}), json_build_array({INSTANTS}),
        (select json_agg(event order by h.id) from order_history h where h.order_id = o.id),
        coalesce((select json_agg(json_build_array(json_build_array({TRIED}), json_build_array({TRIED_AT}))
                                  order by opened_at)
                  from (select a.* from attempts a where a.order_id = o.id) a), '[]')
    from orders o order by o.id"""
"""All that a ledger remembers of its orders."""


def instant(text: str | None) -> datetime | None:
    """An instant as JSON gives it."""
    return datetime.fromisoformat(text) if text else None


def at_the_same_time(
    real: datetime | None, memory: datetime | None, moments: tuple[datetime, datetime], lasted: timedelta
) -> bool:
    """Whether two instants are as far from the present of their ledgers, but for the time that the test has lasted."""
    if real is None or memory is None:
        return real is memory
    return abs((moments[0] - real) - (moments[1] - memory)) < lasted


def landed(number: int, digest: str, status: Status, start: bool) -> Landing:
    """A landing of that version; one that is no order lies before the start, or was voided."""
    if status is Status.NOT_AN_ORDER and start:
        return replace(landing(number, status, digest), reason="before_start", keep_body=False)
    none = {"not_an_order": "voided"} if status is Status.NOT_AN_ORDER else {}
    lines = {"expected_lines": 2} if status is Status.WAITING else {}
    return landing(number, status, digest, **none, **lines)


def judged(entry: Entry, code: str | None) -> Any:
    """What the rules say of an order: nothing, or a problem."""
    if code is None:
        return change(entry, Event.VALID, order=order_of(entry))
    problem = Problem(code, "line 1", "A", "SKU 'A' is not in the ERP", "sku:A")
    return change(entry, Event.INVALID, code=code, message=problem.message, problems=(problem,))


def answered(entry: Entry, event: Event | None, cured_by: tuple[str, ...], company: str) -> Outcome:
    """What the ERP answers."""
    receipt = Receipt(f"N{entry.key.parts[1]}", "quotation", company) if event is Event.RECEIPT else None
    code = CODES.get(event, "OUTCOME_UNKNOWN") if event is not Event.RECEIPT else None
    return Outcome(entry.key, entry.generation, event, code, "text", receipt, cured_by if event in REFUSED else ())


REFUSED = (Event.REFUSED, Event.REFUSED_TOO_OFTEN)


def decision_of(action: Action, order: Selected, number: str) -> Decision:
    """What a person's action does, where the ERP shows nothing under the order's key and has every number."""
    if decision := decide(action, order, number, ""):
        return decision
    if action in (Action.MARK_AS_SYNCED, Action.ACCEPT):
        event = Event.ACCEPTED if action is Action.ACCEPT else Event.MARKED_AS_SYNCED
        return Decision(Result.DONE, "done", event, erp_number=number or f"M{order.key.parts[1]}")
    return after_look(action, order, "", ())


def known(copy: ReferenceData | None) -> Any:
    """What a copy says, but for its instant."""
    return copy and (dict(copy.facts), copy.whole, copy.knows)


def entries(found: Any) -> list[Any]:
    """What entries say, but for instants."""
    return [
        (e.key, e.status, e.generation, e.refusals, e.version, e.transaction, e.sent, e.short_reference)
        + ((e.doubt.resends, e.doubt.total, e.doubt.currency) if e.doubt else ())
        for e in sorted(found, key=lambda e: str(e.key))
    ]
