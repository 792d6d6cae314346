"""Tryton says 200 to a confirm, and what becomes of the sale is its worker's affair: it is looked up later."""

from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.erps.tryton import Tryton
from sandbox import catalogue
from sandbox.tryton import TrytonServer
from tests.erps.conftest import found
from tests.fixtures.tryton import connect, in_batches, line, order
from tests.support.proxy import Proxy


async def test_a_confirmed_sale_is_processed_by_the_worker(erp: Tryton) -> None:
    sent = order(line("SKU-0003"))
    assert (await erp.submit(sent)).erp_status == "confirmed"
    seen = await found(erp, sent, lambda seen: seen.state is ErpOrderState.CONFIRMED)
    assert (seen.total, seen.currency) == (sent.total, sent.currency)


async def test_what_the_worker_fails_at_stays_taken_and_carries_the_erps_own_text(erp: Tryton) -> None:
    failing, other = order(line(catalogue.WITHOUT_ACCOUNTS)), order(line(catalogue.WITHOUT_ACCOUNTS), line())
    for sent in (failing, other):
        assert (await erp.submit(sent)).erp_status == "confirmed", "Tryton says 200, whatever comes of it"
    for sent in (failing, other):
        seen = await found(erp, sent, lambda seen: seen.text)
        assert seen.state is ErpOrderState.TAKEN
        assert "Account Category" in seen.text
        assert catalogue.WITHOUT_ACCOUNTS in seen.text


async def test_what_the_worker_fails_at_stops_no_other_of_its_batch(tryton: TrytonServer, proxy: Proxy) -> None:
    failing, good = order(line(catalogue.WITHOUT_ACCOUNTS)), [order(), order()]
    async with connect(in_batches(tryton, base_url=proxy.base_url)) as erp:
        await erp.submit_all([good[0], failing, good[1]])
        for sent in good:
            await found(erp, sent, lambda seen: seen.state is ErpOrderState.CONFIRMED)
        assert (await found(erp, failing, lambda seen: seen.text)).state is ErpOrderState.TAKEN
