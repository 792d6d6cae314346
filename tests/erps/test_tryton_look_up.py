"""A look-up sees every sale under a key in every state that a live Tryton knows, and what its worker says of it."""

from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest

from order_sync.core.errors import OrderConflict, OutcomeUnknown
from order_sync.core.order.model import Order
from order_sync.core.sending.receipts import Sent
from order_sync.core.settling.erp_orders import ErpOrderState, ListedOrder
from order_sync.erps.tryton import Tryton
from order_sync.erps.tryton.look_ups import STATES, in_erp
from sandbox.tryton import DATABASE
from sandbox.tryton import TrytonServer as Server
from tests.erps.conftest import Back
from tests.fixtures.tryton import CHANNEL, CONFIRM, CREATE, QUOTE, enter, line, order
from tests.support.proxy import Proxy

pytestmark = pytest.mark.usefixtures("resting")

LOOK_UP = r"^POST \S+/sale\.sale/search_read\n"


async def stopped_after(erp: Tryton, proxy: Proxy, step: str) -> Order:
    """An order whose submit broke off after a step."""
    begun = order()
    proxy.lose(step, times=1)
    with pytest.raises(OutcomeUnknown):
        await erp.submit(begun)
    return begun


async def test_one_look_up_tells_all_states_apart(erp: Tryton, proxy: Proxy, back: Back, tryton: Server) -> None:
    steps = (CREATE, QUOTE, QUOTE, CONFIRM, CONFIRM, CONFIRM)
    draft, quotation, cancelled, taken, processed, done = [await stopped_after(erp, proxy, step) for step in steps]
    back.press(cancelled, "cancel")
    for sent in (processed, done):
        back.press(sent, "process")
    with psycopg.connect(tryton.cluster.dsn(DATABASE)) as connection:  # delivered and paid, which takes many hands
        connection.execute("update sale_sale set state = 'done' where web_id = %s", (str(done.key),))
    seen = await erp.look_up([Sent(each) for each in (draft, quotation, taken, cancelled, processed, done, order())])
    expected = {
        draft: (ErpOrderState.HALF_MADE, "draft", True),
        quotation: (ErpOrderState.HALF_MADE, "quotation", True),
        taken: (ErpOrderState.TAKEN, "confirmed", None),
        cancelled: (ErpOrderState.CANCELLED, "cancelled", None),
        processed: (ErpOrderState.CONFIRMED, "processing", None),
        done: (ErpOrderState.CONFIRMED, "done", None),
    }
    assert {
        key: [(each.state, each.erp_status, each.same_lines) for each in founds] for key, founds in seen.items()
    } == {sent.key: [expectation] for sent, expectation in expected.items()}
    numbers = {sent: seen[sent.key][0].number for sent in expected}
    assert numbers.pop(draft) == f"ID {back.sale(draft)['id']}", "a draft has no number yet, and goes by its ID"
    assert numbers == {sent: back.sale(sent, "number")["number"] for sent in numbers}
    assert {(each.total, each.currency) for founds in seen.values() for each in founds} == {(Decimal("24.06"), "GBP")}


async def test_a_half_made_sale_with_other_lines_is_told_from_one_with_the_same(erp: Tryton, proxy: Proxy) -> None:
    begun = await stopped_after(erp, proxy, CREATE)
    changed = order(line(quantity="3", net="20.05"))
    (same,) = (await erp.look_up([Sent(begun)]))[begun.key]
    (different,) = (await erp.look_up([Sent(replace(changed, key=begun.key))]))[begun.key]
    (unsendable,) = (await erp.look_up([Sent(replace(order(line(net="1.005")), key=begun.key))]))[begun.key]
    assert (same.same_lines, different.same_lines, unsendable.same_lines) == (True, False, False)


async def test_a_half_made_sale_that_lost_its_lines_is_not_the_same(erp: Tryton, proxy: Proxy, back: Back) -> None:
    begun = await stopped_after(erp, proxy, CREATE)
    back("sale.line.delete", back("sale.line.search", [("sale", "=", back.sale(begun)["id"])]))
    (seen,) = (await erp.look_up([Sent(begun)]))[begun.key]
    assert seen.same_lines is False
    with pytest.raises(OrderConflict, match="different lines"):
        await erp.submit(begun)


async def test_two_sales_under_one_key_are_both_found_whatever_shop_they_stand_in(erp: Tryton, back: Back) -> None:
    sent = order()
    await erp.submit(sent)
    (shop,) = back("web.shop.search_read", [("name", "=", CHANNEL)], 0, None, None, ["company", "currency"])
    (second,) = back("web.shop.create", [{"name": "second", "company": shop["company"], "currency": shop["currency"]}])
    back("sale.sale.copy", [back.sale(sent)["id"]], {"web_shop": second, "web_id": str(sent.key)})
    founds = (await erp.look_up([Sent(sent)]))[sent.key]
    assert sorted(seen.erp_status for seen in founds) == ["confirmed", "draft"]


async def test_five_hundred_keys_are_looked_up_in_one_call(erp: Tryton, proxy: Proxy) -> None:
    sent = order()
    await erp.submit(sent)
    proxy.requests.clear()
    orders = [sent, *(order() for _ in range(499))]
    seen = await erp.look_up([Sent(each) for each in orders])
    assert set(seen) == {sent.key}
    assert proxy.count(LOOK_UP) == 1
    assert len(proxy.requests) <= 3, "one for the sales, and two more for the error log of those that are not processed"


async def test_the_erps_own_count_knows_live_sales_of_the_channel_only(erp: Tryton, proxy: Proxy, back: Back) -> None:
    before = await erp.count(CHANNEL)
    begun = await stopped_after(erp, proxy, CREATE)
    cancelled = await stopped_after(erp, proxy, QUOTE)
    assert await erp.count(CHANNEL) == before + 2
    back.press(cancelled, "cancel")
    assert await erp.count(CHANNEL) == before + 1
    alike = {"web_id": f"{CHANNEL.replace('_', 'X')}:1"}
    back("sale.sale.copy", [back.sale(begun)["id"]], {"web_shop": back.sale(begun, "web_shop")["web_shop"], **alike})
    assert await erp.count(CHANNEL) == before + 1, "an underscore is no wildcard"


def test_every_state_of_a_sale_has_a_meaning(back: Back) -> None:
    states = back("sale.sale.fields_get", ["state"])["state"]["selection"]
    assert {value for value, _ in states} == set(STATES)


async def test_a_draft_and_a_quotation_that_a_person_entered_are_told_by_their_numbers(
    erp: Tryton, proxy: Proxy, back: Back, tryton: Server
) -> None:
    begun = await stopped_after(erp, proxy, CREATE)
    draft, quotation = f"ID {back.sale(begun)['id']}", enter(tryton, order())
    rows = await erp.by_number(CHANNEL, [draft, quotation])
    assert [(rows[name].key, rows[name].begun) for name in (draft, quotation)] == [(str(begun.key), True), ("", True)]
    back("sale.sale.confirm", back("sale.sale.search", [("number", "=", quotation)]))
    assert not (await erp.by_number(CHANNEL, [quotation]))[quotation].begun


def test_a_sale_in_a_state_that_only_this_house_has_is_listed_all_the_same() -> None:
    """People may have sales of their own there, which a comparison lists and never touches."""
    company = {"party": {"code": None, "name": "Tailors"}}
    row = {"id": 1, "number": "7", "web_id": None, "state": "at the tailor's", "company": company}
    assert in_erp(row) == ListedOrder("7", "", False, False, "Tailors")
