"""What people ask the ledger about their orders, as explain_order asks it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from order_sync import flows
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey
from order_sync.core.requests.explain import ExplainRequest
from order_sync.core.requests.request import Known
from order_sync.core.sending.route import Route
from order_sync.ledger import Ledger
from tests.ledger.steps import (
    ACTOR,
    key,
    land,
    landing,
)

ROUTES = {"shop": Route("shop", "tryton", datetime(2026, 1, 1, tzinfo=UTC), "GUEST")}
STUCK_AFTER = timedelta(minutes=30)
FACTS = (("order-sync", "0.1"),)


def asked(**words: object) -> ExplainRequest:
    """What the words of a form ask."""
    return ExplainRequest.read(words, Known({"shop": "GUEST"}))


def ask(ledger: Ledger, **words: object) -> flows.ExplainAnswer:
    """The answer to the words of a form."""
    return flows.explain(asked(**words), ledger, ROUTES, FACTS, STUCK_AFTER)


def twins(ledger: Ledger) -> None:
    """Two channels read one database: each lands every sale, and what is the other's is no order of it."""
    land(ledger, 1, reference="WEB-1", receipt="R-1", customer_account="C-9")
    of_the_other = landing(1, Status.NOT_AN_ORDER, reference="WEB-1", receipt="R-1", customer_account="C-9")
    said = replace(of_the_other.transaction, key=OrderKey("till", key(1).parts), not_an_order="web_order")
    ledger.record("till", "tryton", [replace(of_the_other, transaction=said, reason="web_order")], None, ACTOR)
