"""An order's story for tests: an order that is queued and was never tried, but for what a test changes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from order_sync.core.explain.content import content_of
from order_sync.core.explain.explainer import explain
from order_sync.core.explain.printout import printed
from order_sync.core.explain.support_bundle import Facts, bundle
from order_sync.core.explain.text import as_text
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.privacy.redaction import anonymous
from order_sync.core.records.story import Attempt, Step, Story
from order_sync.core.sending.route import Route

LANDED = datetime(2026, 11, 20, 10, tzinfo=UTC)
NOW = LANDED + timedelta(minutes=10)
STUCK_AFTER = timedelta(minutes=30)
KEY = OrderKey("shop", ("S1", "T 1"))
ROUTE = Route("shop", "tryton", datetime(2026, 1, 1, tzinfo=UTC), "GUEST")
RUN = "sync_orders__shop/run 1/push"
DETAILS = {
    "lines": [
        ["1", "SKU-0001", "3", "10.00", "GB20", "20", "2.00", "Blue mug"],
        {"number": "2", "sku": "SKU-0002", "quantity": "1", "net": "5.00", "tax_code": "GB20", "tax": "1.00"},
    ],
    "charges": [{"code": "FREIGHT", "net": "4.00", "tax_code": "", "tax_rate": None, "tax": "0.00"}],
    "ship_to": {
        "name": "Ann Other",
        "street": "1 High Street",
        "city": "Bristol",
        "state": "BST",
        "postal_code": "BS1 5TY",
        "country": "GB",
    },
    "ships": True,
}
TRANSACTION = Transaction(
    key=KEY,
    counter=7,
    digest="a",
    not_an_order=None,
    source_status="posted",
    reference="W100012",
    receipt="R-9",
    customer_account="C-1",
    distributor="usrt",
    placed_at="2026-11-20T09:58:00+00:00",
    delivery_date="2026-11-25",
    currency="GBP",
    total="22.00",
    expected_lines=2,
    present_lines=2,
    details=json.dumps(DETAILS),
)
STORY = Story(
    key=KEY,
    as_of=NOW,
    channel="shop",
    erp="tryton",
    status=Status.QUEUED,
    code=None,
    message="",
    problems=(),
    reason="",
    source_status="posted",
    version=1,
    landed_at=LANDED,
    received_at=LANDED,
    placed_at=LANDED - timedelta(minutes=2),
    erp_number="",
    erp_status="",
    leased_until=None,
    leased_by="",
    window_ends_at=None,
    next_look_at=None,
    attempts=(),
    history=(
        Step(LANDED, None, "landed", Status.RECEIVED, "sync_orders__shop/run 1/extract", "", None, ""),
        Step(LANDED, Status.RECEIVED, "valid", Status.QUEUED, "sync_orders__shop/run 1/validate", "", None, ""),
    ),
    holds=(),
    decisions=(),
    lost=(),
    doubted=False,
    erased_at=None,
    transaction=TRANSACTION,
    earlier=(),
)


def story(status: Status = Status.QUEUED, **changes: object) -> Story:
    """The usual story, in a status and with some facts changed."""
    return replace(STORY, status=status, **changes)  # type: ignore[arg-type]


def told(given: Story, route: Route | None = ROUTE) -> str:
    """What the order desk reads of an order."""
    return as_text(explain(given, route, STUCK_AFTER))


def handed_over(given: Story, facts: Facts = ()) -> str:
    """What support gets of an order."""
    return bundle(explain(anonymous(given), ROUTE, STUCK_AFTER), facts)


def page(given: Story, guest_account: str | None = None) -> str:
    """The whole order on paper."""
    return printed(explain(given, ROUTE, STUCK_AFTER), content_of(given, guest_account))


def attempt(outcome: str | None = "receipt", minutes: int = 1, **changes: object) -> Attempt:
    """An attempt that was opened some minutes after the landing and, unless it is open, closed two seconds later."""
    opened = LANDED + timedelta(minutes=minutes)
    usual = Attempt(
        generation=minutes,
        opened_at=opened,
        by=RUN,
        closed_at=opened + timedelta(seconds=2) if outcome else None,
        outcome=outcome,
        code=None,
        message="",
        receipt_number="SO7" if outcome == "receipt" else "",
        receipt_status="quotation" if outcome == "receipt" else "",
        looked_at=None,
        resolution=None,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]
