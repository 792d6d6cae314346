"""What is wrong with the connection, the key, the database or the set-up is told apart and said in one sentence."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from order_sync.core.checks.reference_data import Wanted
from order_sync.core.errors import Misconfigured, NotAuthorised, OutcomeUnknown, Transient
from order_sync.core.sending.receipts import Sent
from order_sync.core.settings import Settings
from order_sync.erps.tryton import Tryton
from order_sync.wire.endpoint import Endpoint
from sandbox import catalogue
from tests.erps.conftest import Back
from tests.fixtures.tryton import CHANNEL, connect, elsewhere, order
from tests.support.proxy import Proxy

CALLS: dict[str, Callable[[Tryton], Awaitable[Any]]] = {
    "check": lambda erp: erp.check(),
    "reference": lambda erp: erp.reference(),
    "prepare": lambda erp: erp.prepare([order()]),
    "submit": lambda erp: erp.submit(order()),
    "look_up": lambda erp: erp.look_up([Sent(order())]),
    "count": lambda erp: erp.count(CHANNEL),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


async def test_a_healthy_tryton_says_its_series_and_which_database_it_is(erp: Tryton, other: Tryton) -> None:
    health = await erp.check()
    assert health.version == "8.2"
    assert health.fingerprint.startswith("tryton, made 20")
    assert await other.check() == health


async def test_another_database_has_another_fingerprint(erp: Tryton, back: Back) -> None:
    (module,) = back("ir.module.search_read", [("name", "=", "ir")], 0, None, None, ["create_date"])
    assert (await erp.check()).fingerprint == f"tryton, made {module['create_date'].isoformat()}"


async def test_the_reference_data_is_the_catalogue(endpoint: Endpoint) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    async with Tryton(endpoint, Settings(), {}, now=lambda: now) as erp:
        data = await erp.reference()
    facts: dict[Wanted, Any] = {
        ("sku", each.sku): {"salable": each.salable, "digits": 0} for each in (*catalogue.PRODUCTS, *catalogue.CHARGES)
    }
    facts |= {("tax", each.code): {"rate": f"{float(each.rate * 100):g}"} for each in catalogue.TAXES}
    facts |= {("currency", each.code): {"digits": 0 if each.code == "JPY" else 2} for each in catalogue.CURRENCIES}
    for wanted, expected in facts.items():
        assert data.get(*wanted) == expected
    for customer in (*catalogue.CUSTOMERS, *catalogue.GUESTS):
        assert data.get("customer", customer.account) is not None
        assert data.get("country", customer.country) is not None
        assert data.get("state", f"{customer.country}-{customer.state}") is not None
    for wanted in (("sku", "SKU-9999"), ("tax", "DE16"), ("currency", "CHF"), ("customer", "X"), ("country", "XX")):
        assert data.get(*wanted) is None
    assert data.as_of == now


async def test_reference_data_of_more_than_a_page_comes_whole(erp: Tryton, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await erp.reference()
    monkeypatch.setattr("order_sync.erps.tryton.client.PAGE", 100)
    assert (await erp.reference()).facts == whole.facts


@every_call
async def test_a_server_that_is_down_is_trouble_that_passes(
    endpoint: Endpoint, call: Callable[[Tryton], Awaitable[Any]]
) -> None:
    """R71, R73"""
    async with connect(elsewhere(endpoint)) as erp:
        with pytest.raises(Transient, match="erp_tryton"):
            await call(erp)


@every_call
async def test_a_database_that_is_down_or_unknown_is_trouble_that_passes(
    endpoint: Endpoint, call: Callable[[Tryton], Awaitable[Any]]
) -> None:
    async with connect(replace(endpoint, extra={"database": "restoring"})) as erp:
        with pytest.raises(Transient, match="'restoring'"):
            await call(erp)


@every_call
async def test_a_key_that_is_not_accepted_needs_a_person(
    endpoint: Endpoint, call: Callable[[Tryton], Awaitable[Any]]
) -> None:
    async with connect(replace(endpoint, key="revoked")) as erp:
        with pytest.raises(NotAuthorised, match="erp_tryton") as error:
            await call(erp)
    assert error.value.code == "AUTH_EXPIRED"


@pytest.fixture(scope="module")
def powerless(tryton: Any) -> str:
    """The REST key of a user without any group."""
    back = Back(tryton)
    (company,) = back("company.company.search", [])
    (user,) = back(
        "res.user.create",
        [{"login": "nobody", "name": "Nobody", "companies": [("add", [company])], "company": company}],
    )
    (application,) = back("res.user.application.create", [{"user": user, "application": "rest"}])
    return str(back("res.user.application.read", [application], ["key"])[0]["key"])


@pytest.mark.parametrize("name", ["check", "submit", "look_up", "count"])
async def test_a_user_who_may_not_sell_needs_a_person_although_tryton_says_400(
    endpoint: Endpoint, powerless: str, name: str
) -> None:
    """R72"""
    async with connect(replace(endpoint, key=powerless)) as erp:
        with pytest.raises(NotAuthorised) as error:
            await CALLS[name](erp)
    assert error.value.code == "FORBIDDEN"
    assert "sale.sale" in str(error.value) or "Sale" in str(error.value)


@every_call
async def test_an_erp_that_does_not_answer_in_time_is_trouble_that_passes_until_a_sale_is_on_its_way(
    endpoint: Endpoint, proxy: Proxy, call: Callable[[Tryton], Awaitable[Any]]
) -> None:
    proxy.stall("")
    async with connect(endpoint, Settings(http_read_timeout=timedelta(seconds=0.3))) as erp:
        with pytest.raises(Transient, match="did not answer"):
            await call(erp)


async def test_an_erp_that_falls_silent_during_a_submit_leaves_its_outcome_unknown(
    endpoint: Endpoint, proxy: Proxy
) -> None:
    async with connect(endpoint, Settings(http_read_timeout=timedelta(seconds=5))) as erp:
        sent = order()
        await erp.prepare([sent])
        proxy.drop("")
        with pytest.raises(OutcomeUnknown):
            await erp.submit(sent)


@pytest.mark.parametrize("call", [CALLS["check"], lambda erp: erp.prepare([order()])], ids=["check", "prepare"])
async def test_a_channel_without_a_web_shop_is_told_what_to_create(
    endpoint: Endpoint, back: Back, call: Callable[[Tryton], Awaitable[Any]]
) -> None:
    (shop,) = back("web.shop.search", [("name", "=", CHANNEL)])
    back("web.shop.write", [shop], {"active": False})
    try:
        async with connect(endpoint) as erp:
            with pytest.raises(Misconfigured, match=f"no active web shop named '{CHANNEL}'"):
                await call(erp)
    finally:
        back("web.shop.write", [shop], {"active": True})


async def test_a_web_shop_without_a_warehouse_is_told_what_to_add(endpoint: Endpoint, back: Back) -> None:
    (shop,) = back("web.shop.search_read", [("name", "=", CHANNEL)], 0, None, None, ["company", "currency"])
    back("web.shop.create", [{"name": "bare", "company": shop["company"], "currency": shop["currency"]}])
    async with connect(endpoint, channels=["bare"]) as erp:
        with pytest.raises(Misconfigured, match="'bare' has no warehouse"):
            await erp.check()


async def test_a_tryton_that_lacks_a_module_is_told_which_to_activate(
    erp: Tryton, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("order_sync.erps.tryton.erp.MODULES", ("sale", "sale_gift_card"))
    with pytest.raises(Misconfigured, match="lacks sale_gift_card: activate"):
        await erp.check()


def test_a_connection_without_a_database_is_told_what_to_add(endpoint: Endpoint) -> None:
    with pytest.raises(Misconfigured, match=r'erp_tryton.*"database"'):
        connect(replace(endpoint, extra={}))


async def test_prepare_makes_no_sale_and_asks_for_nothing_twice(erp: Tryton, proxy: Proxy) -> None:
    before = await erp.count(CHANNEL)
    orders = [order() for _ in range(20)]
    await erp.prepare(orders)
    asked = len(proxy.requests)
    await erp.prepare(orders)
    assert len(proxy.requests) == asked
    assert asked < 20, "in bulk, not order by order"
    assert await erp.count(CHANNEL) == before
