"""What the ledger's rows mean in the core's words, and back. No SQL and no connection here.

Postgres stores no NUL character and no half of a surrogate pair: both are replaced on the way in, so that one odd
character in one order never refuses a whole batch.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from order_sync.core.intake.watermark import Sample, Watermark
from order_sync.core.life.lifecycle import GIVEN_UP, IN_DOUBT, Status
from order_sync.core.order.as_sent import read, written
from order_sync.core.order.maker import Made, Provenance
from order_sync.core.order.model import CONTENT, OrderKey, Transaction
from order_sync.core.order.parsing import NUL, read_date
from order_sync.core.records.orders import Change, Entry, Landing, Outcome
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope
from order_sync.core.settling.verdict import InDoubt

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def clean(text: str | None) -> str | None:
    """The text as Postgres can store it."""
    if text is None or (text.isascii() and NUL[0] not in text):
        return text
    return text.replace(*NUL).encode("utf-8", "replace").decode("utf-8")


def to_json(value: object) -> str:
    """Rows or facts as a statement's JSON parameter; numbers with decimals and instants as text."""
    return json.dumps(_storable(value), default=str)


def named(kind: type[T], row: Mapping[str, Any], /, **others: Any) -> T:
    """What a row is in the core: its fields are the columns of the same names, but for the others."""
    return kind(**{each.name: row[each.name] for each in fields(kind) if each.name not in others}, **others)


def landing_row(ordinal: int, landing: Landing) -> tuple[Any, ...]:
    """A landing as `copy_landings` takes it."""
    transaction = landing.transaction
    return (
        ordinal,
        str(transaction.key),
        landing.status,
        clean(landing.reason),
        landing.placed_at,
        read_date(transaction.delivery_date),
        landing.keep_body,
        *[clean(said) if isinstance(said, str) else said for said in content_of(transaction)],
    )


content_of = attrgetter(*CONTENT)
"""What a transaction says, in the order of CONTENT."""


def transaction_of(row: Mapping[str, Any]) -> Transaction:
    """A stored version of a transaction."""
    return Transaction(OrderKey.parse(row["order_key"]), **{name: row[name] for name in CONTENT})


def entry_of(row: Mapping[str, Any]) -> Entry:
    """An order as the view `entries` shows it; a claim gives it a generation of its own."""
    key = OrderKey.parse(row["order_key"])
    status = Status(row["status"])
    sent = sent_of(row)
    doubt = InDoubt(
        status,
        sent.order.total if sent else row["order_total"],
        sent.order.currency if sent else row["order_currency"],
        row["grace_until"],
        row["window_ends_at"],
        row["resends"],
        row["acknowledged_as"],
    )
    return Entry(
        key,
        status,
        row.get("claimed_generation", row["generation"]),
        transaction_of(row),
        row["received_at"],
        doubt if status in IN_DOUBT or (status in GIVEN_UP and row["resends"] >= 0) else None,
        row["refusals"],
        row["version"],
        sent,
        row["acknowledged_as"],
        row["sent_at"],
        row["short_reference"],
    )


def sent_of(row: Mapping[str, Any]) -> Made | None:
    """The order as an attempt sent it; None if none is kept."""
    if row["sent_order"] is None:
        return None
    provenance = Provenance(row["sent_version"], row["sent_digest"], row["sent_revision"])
    return Made(read(row["sent_order"]), (), sound_money=True, provenance=provenance)


def attempt_row(entry: Entry, made: Made) -> dict[str, Any]:
    """What `open_attempts` puts on record of an order that goes out."""
    return {
        "order_key": str(entry.key),
        "generation": entry.generation,
        "version": made.provenance.version,
        "digest": made.provenance.digest,
        "revision": made.provenance.revision,
        "sent_order": written(made.order),
        "short_reference": made.order.short_reference or None,
    }


def hold_of(row: Mapping[str, Any]) -> Hold:
    """A stored hold."""
    return named(Hold, row, by=row["held_by"], kind=HoldKind(row["kind"]), scope=HoldScope(row["scope"]))


def change_row(change: Change) -> dict[str, Any]:
    """A change as `apply_changes` reads it."""
    order = change.order
    return {
        "order_key": str(change.key),
        "generation": change.generation,
        "from_status": change.from_status,
        "event": change.event,
        "to_status": change.to_status,
        "code": change.code,
        "message": change.message,
        "problems": [asdict(problem) for problem in change.problems],
        "customer_account": order and order.customer_account,
        "currency": order and order.currency,
        "total": order and order.total,
        "delivery_date": order and order.delivery_date,
        "erp_number": change.erp_number,
        "erp_company": change.erp_company,
        "erp_status": change.erp_status,
        "next_look_at": change.next_look_at,
        "acknowledged_as": change.acknowledged_as,
        "by_receipt": change.by_receipt,
    }


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    """An outcome as `close_attempts` reads it."""
    return {
        "order_key": str(outcome.key),
        "generation": outcome.generation,
        "event": outcome.event,
        "code": outcome.code,
        "message": outcome.message,
        "receipt_number": outcome.receipt.number if outcome.receipt else "",
        "receipt_status": outcome.receipt.erp_status if outcome.receipt else "",
        "receipt_company": outcome.receipt.company if outcome.receipt else "",
        "cured_by": [*outcome.cured_by],
        "retry_after": outcome.retry_after and outcome.retry_after.total_seconds(),
    }


def watermark_of(row: Mapping[str, Any]) -> Watermark:
    """A stored watermark."""
    samples = tuple(Sample(counter, horizon, datetime.fromisoformat(at)) for counter, horizon, at in row["samples"])
    return Watermark(row["fingerprint"], row["counter"], samples)


def samples_of(watermark: Watermark) -> str:
    """A watermark's samples as JSON."""
    return json.dumps([[sample.counter, sample.horizon, sample.at.isoformat()] for sample in watermark.samples])


def _storable(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(name): _storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value
