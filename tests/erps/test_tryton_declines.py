"""What Tryton says as it declines a question is about any record that it has: nothing of it is repeated.

No Tryton is needed: each call is declined before it would reach one.
"""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from order_sync.core.basics.calendar_days import Window
from order_sync.core.errors import NotAuthorised, OrderSyncError, Transient
from order_sync.core.sending.receipts import Sent
from order_sync.core.settings import Settings
from order_sync.erps.tryton import Tryton
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.pace import Gate
from tests.fixtures.tryton import CHANNEL, order
from tests.support.proxy import Proxy

DAY = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
CALLS: dict[str, Callable[[Tryton], Awaitable[Any]]] = {
    "check": lambda erp: erp.check(),
    "reference": lambda erp: erp.reference(),
    "prepare": lambda erp: erp.prepare([order()]),
    "submit": lambda erp: erp.submit(order()),
    "look_up": lambda erp: erp.look_up([Sent(order())]),
    "by_number": lambda erp: erp.by_number(CHANNEL, ["S1"]),
    "revive": lambda erp: erp.revive(order(), "S1"),
    "orders": lambda erp: erp.orders(CHANNEL, DAY),
    "count": lambda erp: erp.count(CHANNEL),
}
PRIVATE = ("Ann", "Other", "High Street", "Bristol", "ann@example.com", "7946")
PLANTED = "Ann Other, 1 High Street, Bristol (ann@example.com, +44 20 7946 0958)"


@pytest.fixture(autouse=True)
def _nobody_waits_before_a_question_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(gate: Gate, seconds: float) -> None:
        pass

    monkeypatch.setattr(Gate, "rest", at_once)


async def said(call: Callable[[Tryton], Awaitable[Any]], text: str, status: int = 400) -> OrderSyncError:
    """What becomes of a call that Tryton declines with a text."""
    with Proxy("http://127.0.0.1:9") as proxy:
        body = json.dumps({"message": text, "description": text})
        proxy.answer(".", status, body, Content_Type="application/json", Retry_After="600")
        endpoint = Endpoint("erp_tryton", proxy.base_url, "key", {"database": "tryton"})
        settings = Settings(http_connect_timeout=timedelta(seconds=5))
        async with Tryton(endpoint, settings, {"channels": [CHANNEL]}) as erp:
            with pytest.raises(OrderSyncError) as error:
                await call(erp)
    return error.value


def names_nobody(text: str) -> bool:
    return not any(private in text for private in PRIVATE)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 503])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_no_error_repeats_what_tryton_says_of_people(
    call: Callable[[Tryton], Awaitable[Any]], status: int
) -> None:
    for text in (f"Party {PLANTED} is blocked.", f'The value "{PLANTED}" for field "Party" is wrong.'):
        error = await said(call, text, status)
        assert names_nobody(str(error)), error
        assert "connection 'erp_tryton'" in str(error)
        assert len(str(error)) < 500


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_declined_question_says_where_its_reason_is_to_be_seen(
    call: Callable[[Tryton], Awaitable[Any]],
) -> None:
    error = await said(call, PLANTED)
    assert isinstance(error, Transient)
    assert re.search(r"Tryton rejected .*\. Its text is left out because it may contain personal data", str(error))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            'You are not allowed to access "Party".\n\nAt date/time: 2026-11-20',
            'You are not allowed to access "Party"',
        ),
        (
            f'You are not allowed to read records "7, 8" of "Party" because of at least one of these rules:\n{PLANTED}',
            'You are not allowed to read records "7, 8" of "Party"',
        ),
        (f'You are not allowed to delete the record "{PLANTED}" of "Party".', "Its text is left out"),
        (f"You are not allowed to sell to {PLANTED}.", "Its text is left out"),
        ('Calling button "quote on "Sale" is not allowed.', 'Calling button "quote on "Sale" is not allowed'),
    ],
)
async def test_what_is_not_allowed_is_named_as_far_as_it_names_no_record(text: str, kept: str) -> None:
    error = await said(CALLS["look_up"], text)
    assert isinstance(error, NotAuthorised)
    assert error.code == "FORBIDDEN"
    assert kept in str(error)
    assert names_nobody(str(error))


async def test_a_question_that_names_a_field_which_is_not_there_says_which() -> None:
    error = await said(CALLS["look_up"], 'Missing search function for field "web_id" in "Sale".')
    assert 'Missing search function for field "web_id" in "Sale"' in str(error)
