"""Whatever breaks between create, quote and confirm, Tryton holds each order once, and the next submit finishes it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from order_sync.core.errors import (
    NotAuthorised,
    OrderConflict,
    OrderSyncError,
    OutcomeUnknown,
    RateLimited,
    Transient,
)
from order_sync.core.order.model import Address, Line
from order_sync.core.sending.receipts import Receipt
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.erps.tryton import Tryton
from order_sync.wire.endpoint import Endpoint
from tests.erps.conftest import Back, found, refusal
from tests.fixtures.tryton import CONFIRM, CREATE, QUOTE, connect, line, order
from tests.support.proxy import Proxy

pytestmark = pytest.mark.usefixtures("resting")

NEW_ROAD = Address("Ann Other", "2 New Road", "Bath", "BAS", "BA1 1AA", "GB")


async def test_a_submit_again_finds_what_is_there(erp: Tryton, other: Tryton, back: Back) -> None:
    sent = order()
    first = await erp.submit(sent)
    again = await other.submit(sent)
    assert first.number == again.number
    assert len(back.sales(sent)) == 1


async def test_submits_at_the_same_time_make_one_sale(erp: Tryton, other: Tryton, back: Back) -> None:
    sent = order()
    await asyncio.gather(erp.prepare([sent]), other.prepare([sent]))
    answers = await asyncio.gather(*(by.submit(sent) for by in (erp, other) * 4), return_exceptions=True)
    (sale,) = back.sales(sent, "number")
    numbers = {answer.number for answer in answers if isinstance(answer, Receipt)}
    assert numbers <= {sale["number"]}
    assert all(isinstance(answer, Receipt | OutcomeUnknown) for answer in answers)


@pytest.mark.parametrize(
    ("step", "left"),
    [(CREATE, "draft"), (QUOTE, "quotation"), (CONFIRM, "confirmed")],
    ids=["create", "quote", "confirm"],
)
async def test_an_answer_that_is_lost_after_a_step_leaves_a_sale_that_the_next_submit_finishes(
    erp: Tryton, other: Tryton, proxy: Proxy, back: Back, step: str, left: str
) -> None:
    sent = order()
    proxy.lose(step, times=1)
    with pytest.raises(OutcomeUnknown):
        await erp.submit(sent)
    seen = await found(other, sent)
    assert seen.erp_status == left
    assert seen.same_lines is (None if left == "confirmed" else True)
    receipt = await other.submit(sent)
    assert receipt.number == back.sale(sent, "number")["number"]
    assert back.sale(sent)["state"] == "confirmed"


@pytest.mark.parametrize(
    ("step", "left", "status"),
    [(QUOTE, "draft", 401), (QUOTE, "draft", 404), (QUOTE, "draft", 429), (CONFIRM, "quotation", 503)],
)
async def test_trouble_of_the_system_after_the_create_is_an_unknown_outcome(
    erp: Tryton, proxy: Proxy, back: Back, step: str, left: str, status: int
) -> None:
    sent = order()
    proxy.answer(step, status, Retry_After="600")
    with pytest.raises(OutcomeUnknown):
        await erp.submit(sent)
    assert back.sale(sent)["state"] == left


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, NotAuthorised), (429, RateLimited), (404, Transient), (500, OutcomeUnknown), (503, OutcomeUnknown)],
)
async def test_trouble_at_the_create_says_whether_a_sale_may_exist(
    erp: Tryton, proxy: Proxy, status: int, error: type[OrderSyncError]
) -> None:
    proxy.answer(CREATE, status, Retry_After="600")
    with pytest.raises(error):
        await erp.submit(order())


async def test_an_answer_that_comes_too_late_is_an_unknown_outcome_and_the_sale_is_there(
    endpoint: Endpoint, proxy: Proxy, back: Back
) -> None:
    sent = order()
    held = proxy.hold(CREATE)
    async with connect(endpoint) as learned:
        await learned.prepare([sent])
    async with connect(endpoint, Settings(http_read_timeout=timedelta(seconds=1))) as hasty:
        with pytest.raises(OutcomeUnknown, match="did not answer"):
            await hasty.submit(sent)
        held.release()
        assert (await found(hasty, sent)).state is ErpOrderState.HALF_MADE
    assert len(back.sales(sent)) == 1
    assert proxy.count(CREATE) == 1


@pytest.mark.parametrize("step", [CREATE, QUOTE], ids=["draft", "quotation"])
async def test_what_is_not_confirmed_is_taken_up_with_the_customer_and_address_of_today(
    erp: Tryton, other: Tryton, proxy: Proxy, back: Back, step: str
) -> None:
    sent = order()
    proxy.lose(step, times=1)
    with pytest.raises(OutcomeUnknown):
        await erp.submit(sent)
    await other.submit(replace(sent, reference="W-new", customer_account="C-0006", ship_to=NEW_ROAD))
    sale = back.sale(sent, "reference", "party.code", "shipment_address.city", "number")
    assert (sale["reference"], sale["party."]["code"]) == ("W-new", "C-0006")
    assert sale["shipment_address."]["city"] == NEW_ROAD.city
    assert sale["state"] == "confirmed"


async def test_what_is_as_it_should_be_is_taken_up_without_being_written(
    erp: Tryton, other: Tryton, proxy: Proxy
) -> None:
    sent = order()
    proxy.lose(CREATE, times=1)
    with pytest.raises(OutcomeUnknown):
        await erp.submit(sent)
    proxy.requests.clear()
    await other.submit(sent)
    assert proxy.count(r"^PUT |/draft\?") == 0


@pytest.mark.parametrize(
    ("changed", "step", "state"),
    [
        (line(quantity="1", net="20.00"), CREATE, "draft"),
        (line("SKU-0002"), QUOTE, "quotation"),
        (line(net="22.00"), CONFIRM, "confirmed"),
    ],
    ids=["quantity", "article", "price"],
)
async def test_a_sale_with_other_lines_is_a_conflict_and_stays_as_it_is(
    erp: Tryton, proxy: Proxy, back: Back, changed: Line, step: str, state: str
) -> None:
    sent = order()
    proxy.lose(step, times=1)
    with pytest.raises(OutcomeUnknown):
        await erp.submit(sent)
    with pytest.raises(OrderConflict, match="different lines"):
        await erp.submit(replace(order(changed), key=sent.key))
    sale = back.sale(sent, "total_amount")
    assert (sale["state"], sale["total_amount"]) == (state, sent.total)


async def test_another_currency_is_a_conflict(erp: Tryton, proxy: Proxy) -> None:
    sent = order()
    proxy.lose(CREATE, times=1)
    with pytest.raises(OutcomeUnknown):
        await erp.submit(sent)
    with pytest.raises(OrderConflict, match=r"24\.06 GBP.*24\.06 USD"):
        await erp.submit(replace(sent, currency="USD"))


async def test_a_total_that_tryton_computes_otherwise_is_not_confirmed(erp: Tryton, back: Back) -> None:
    sent = order()
    with pytest.raises(OrderConflict, match=r"24\.06 GBP.*24\.08 GBP"):
        await erp.submit(replace(sent, total=sent.total + Decimal("0.02")))
    assert back.sale(sent)["state"] == "quotation"
    assert (await erp.submit(replace(sent, total=sent.total + Decimal("0.01")))).erp_status == "confirmed"


async def test_a_cancelled_sale_keeps_its_key_and_is_not_made_again(erp: Tryton, proxy: Proxy, back: Back) -> None:
    sent = order()
    proxy.lose(QUOTE, times=1)
    with pytest.raises(OutcomeUnknown):
        await erp.submit(sent)
    back.press(sent, "cancel")
    error = await refusal(erp, sent)
    assert error.code == "CANCELLED_IN_ERP"
    assert (await found(erp, sent)).state is ErpOrderState.CANCELLED
    assert len(back.sales(sent)) == 1
    back.press(sent, "draft")
    assert (await erp.submit(sent)).erp_status == "confirmed"
