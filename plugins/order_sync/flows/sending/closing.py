"""What comes of submits: answers as the ledger's outcomes, attempts closed, sending on hold for a wrong set-up."""

import logging
import traceback
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.checks.reference_data import cures
from order_sync.core.errors import (
    Misconfigured,
    OrderBusy,
    OrderConflict,
    OrderRefused,
    OutcomeUnknown,
    Permanent,
    Transient,
)
from order_sync.core.life.lifecycle import Event, Status, step
from order_sync.core.order.model import Order
from order_sync.core.records.orders import Change, Entry, Outcome
from order_sync.core.sending.holds import HoldKind, HoldScope, holds_after
from order_sync.core.sending.receipts import Answer, Receipt
from order_sync.core.sending.traits import Traits
from order_sync.flows.sending.sender import Sender

logger = logging.getLogger(__name__)

MAX_REFUSALS = 5
"""Refusals after which an order is dead: the same request keeps failing, whatever people try."""


SOONEST, LATEST = timedelta(seconds=10), timedelta(days=1)
"""When a busy order is tried again: later than at once, which would ask for it all the time, and some day."""


class RefusesEverything(Misconfigured):
    """The ERP refuses one order after the other with the same code: its configuration is the likely cause."""


def outcome_of(entry: Entry, order: Order, answer: Answer, traits: Traits, *, as_probe: bool) -> Outcome:
    """What the ledger is told of an order's submit: the one place where errors become facts about orders.

    Trouble of the system, and of a busy order, means that it was not sent.
    """
    this = partial(Outcome, entry.key, entry.generation)
    match answer:
        case Receipt():
            return this(Event.RECEIPT, receipt=answer)
        case OutcomeUnknown():
            return this(None, answer.code, str(answer))
        case OrderRefused():
            last = entry.refusals + 1 >= MAX_REFUSALS and not as_probe
            event = Event.REFUSED_TOO_OFTEN if last else Event.REFUSED
            return this(event, answer.code, str(answer), cured_by=cures(answer.code, order, traits.knows))
        case OrderConflict():
            return this(Event.DIFFERENT, answer.code, str(answer))
        case OrderBusy():
            later = min(max(answer.retry_after, SOONEST), LATEST)
            return this(Event.NOT_SENT, answer.code, str(answer), retry_after=later)
        case Transient() | Permanent():
            return this(Event.NOT_SENT, answer.code, str(answer))
    text = type(answer).__name__  # one order that an adapter stumbles over stops no other
    if where := traceback.extract_tb(answer.__traceback__):
        text += f" at {where[-1].filename.rpartition('/')[2]}:{where[-1].lineno}"
    logger.error("%s: the adapter failed with %s; the order is looked up before anything else", entry.key, text)
    return this(None, "UNKNOWN", text)


def close(sender: Sender, outcomes: Sequence[Outcome]) -> None:
    """Close the attempts and count them. Raises RefusesEverything when the last refusals look like one cause."""
    first_look = min(sender.policy.looks, default=timedelta.max)
    look = sender.ledger.now() + min(first_look, sender.policy.window)
    sender.ledger.close(outcomes, look, *sender.grace_and_window(), sender.actor)
    for outcome in outcomes:
        told = {Event.RECEIPT: "sent", None: "outcome_unknown"}.get(outcome.event, str(outcome.event))
        sender.summary.add("busy" if outcome.retry_after else told)
    _confirm_accepted(sender, outcomes)
    for code in sorted({outcome.code or "" for outcome in outcomes if outcome.event is Event.REFUSED}):
        number = holds_after(code)
        if number:
            _hold_if_all_are_refused(sender, code, number)


def _confirm_accepted(sender: Sender, outcomes: Sequence[Outcome]) -> None:
    """Let the orders succeed whose numbered receipt is the ERP's acceptance. What is missed here, `settle` makes up."""
    if not sender.policy.receipt_is_acceptance:
        return
    confirmed = Event.CONFIRMED
    accepted = [
        Change(
            outcome.key,
            outcome.generation,
            Status.SENT,
            confirmed,
            step(Status.SENT, confirmed),
            erp_number=receipt.number,
            erp_company=receipt.company,
            erp_status=receipt.erp_status,
            by_receipt=True,
        )
        for outcome in outcomes
        if (receipt := outcome.receipt) and receipt.number
    ]
    sender.summary.add("confirmed", sender.ledger.apply(accepted, sender.actor))


def _hold_if_all_are_refused(sender: Sender, code: str, number: int) -> None:
    """Take the last refusals back, and stop sending, when they look like one cause outside of the orders."""
    refused = sender.ledger.refused_in_a_row(sender.route.erp, code, number)
    if not refused:
        return
    meaning = CATALOGUE.get(code, CATALOGUE["UNKNOWN"]).meaning
    reason = (
        f"the ERP refused the last {len(refused)} orders with {code}: {meaning} The DAG explain_order shows its"
        f" text for {refused[0].key}"
    )
    by, again = sender.actor, Event.CONFIGURATION_SUSPECTED
    to_status = step(Status.FAILED, again)
    sender.ledger.hold(f"erp_{sender.route.erp}", HoldKind.CONFIGURATION, HoldScope.SUBMIT, reason, by)
    sender.ledger.apply(
        [
            Change(each.key, each.generation, Status.FAILED, again, to_status, each.code, each.message)
            for each in refused
        ],
        by.because(reason),
    )
    raise RefusesEverything(
        f"{reason}. They are queued again and sending is on hold; each run tries one order, and sending continues by"
        " itself once the ERP takes it"
    )
