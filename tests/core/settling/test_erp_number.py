"""Succeeded means that the ERP's order number is there (T8, R51): a confirmation without one proves nothing yet."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.core.settling.verdict import InDoubt, Policy, judge

SENT_AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
WINDOW = timedelta(minutes=30)


def judged(status: Status, after: timedelta, number: str) -> tuple[Event | None, str | None]:
    """The verdict on an order that the ERP confirms under this number, so long after it was sent."""
    doubt = InDoubt(status, Decimal("10.00"), "EUR", SENT_AT, SENT_AT + WINDOW, 0)
    found = ErpOrder(ErpOrderState.CONFIRMED, number, "processing", Decimal("10.00"), "EUR")
    verdict = judge(doubt, [found], SENT_AT + after, Policy("unique_key"))
    return verdict.event, verdict.code


@pytest.mark.parametrize("status", [Status.SENDING, Status.SENT, Status.PENDING_VERIFICATION])
def test_a_confirmation_with_its_number_succeeds(status: Status) -> None:
    assert judged(status, timedelta(minutes=5), "SO-1") == (Event.CONFIRMED, None)


@pytest.mark.parametrize(
    ("status", "after", "event", "code"),
    [
        (Status.SENDING, timedelta(minutes=5), Event.TAKEN, None),
        (Status.SENT, timedelta(minutes=29, seconds=59), None, None),
        (Status.SENT, WINDOW, Event.WINDOW_OVER, "ERP_ACK_WITHOUT_ID"),
        (Status.PENDING_VERIFICATION, timedelta(hours=2), None, "ERP_ACK_WITHOUT_ID"),
    ],
)
def test_a_confirmation_without_a_number_waits_for_it_and_says_so_after_the_window(
    status: Status, after: timedelta, event: Event | None, code: str | None
) -> None:
    """R51, T8"""
    assert judged(status, after, "") == (event, code)
