"""Orders posted to an integration platform: what is posted and as whom, and what each answer means."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from order_sync.core.errors import Misconfigured, OrderConflict, OrderRefused, OutcomeUnknown
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Order
from order_sync.core.ports.erp import Health
from order_sync.core.sending.receipts import Receipt
from order_sync.core.settings import Settings
from order_sync.erps.bridge import Bridge
from order_sync.flows import extract, push, refresh_reference, settle, validate
from order_sync.profile import Profile, read_profile
from order_sync.wire.endpoint import Endpoint
from tests.fixtures.bridge import OPTIONS, PROFILE, connect, endpoint, order, refused
from tests.flows.people.deciding import ACTOR, ROUTE
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.ledger import MemoryLedger
from tests.support.platform_server import PlatformServer
from tests.support.proxy import Proxy


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    """A platform of a test's own."""
    with PlatformServer() as platform:
        yield platform


@pytest.fixture
def network(platform: PlatformServer) -> Iterator[Proxy]:
    """The network before it."""
    with Proxy(platform.base_url) as network:
        yield network


def through(platform: PlatformServer, network: Proxy) -> Endpoint:
    return replace(endpoint(platform), base_url=network.base_url)


async def posted(bridge: Bridge, sent: Order) -> Any:
    """The receipt, or the error."""
    async with bridge:
        return (await asyncio.gather(bridge.submit(sent), return_exceptions=True))[0]


async def test_an_order_is_posted_as_canonical_json_under_its_key(platform: PlatformServer) -> None:
    """R162"""
    sent = order()
    assert await posted(connect(endpoint(platform)), sent) == Receipt("4711", "accepted")
    [(key, kept)] = platform.orders.items()
    assert key == str(sent.key)
    told = kept["order"]
    assert (told["form"], told["key"], told["total"]) == ("order-sync/order/1", str(sent.key), str(sent.total))


async def test_a_key_that_is_too_long_for_a_header_goes_as_its_short_reference(platform: PlatformServer) -> None:
    sent = replace(order(), short_reference="DWEB-SHORT")
    await posted(connect(endpoint(platform)), sent)
    assert list(platform.orders) == ["DWEB-SHORT"]
    assert Bridge.traits.external_reference.longest == 255


async def test_names_and_codes_of_the_erp_stand_in_its_profile(network: Proxy, tmp_path: Path) -> None:
    (tmp_path / "fields.toml").write_text('[header]\nPO = "{key}"\nSite = "1010"\n[line]\nMaterial = "{sku}"\n')
    network.answer("POST", 201, '{"number": 5}', Content_Type="application/json")
    bridge = Bridge(Endpoint("erp_bridge", network.base_url, "key"), Settings(), {}, read_profile(tmp_path))
    sent = order()
    assert await posted(bridge, sent) == Receipt("5", "accepted")
    said = json.loads(network.requests[-1].partition("\n")[2])
    assert said == {"PO": str(sent.key), "Site": "1010", "lines": [{"Material": "SKU-0001"}]}


@pytest.mark.parametrize(
    ("status", "body", "means", "says"),
    [
        (201, '{"order": {"number": "SO-1"}}', Receipt, "number='SO-1'"),
        (202, '{"order": {}}', Receipt, "number=''"),
        (202, "{}", Receipt, "number=''"),
        (200, "[]", OutcomeUnknown, "an unexpected answer"),
        (404, "{}", Misconfigured, "there is no /flows/orders"),
        (405, "{}", Misconfigured, "there is no /flows/orders"),
        (409, "{}", OutcomeUnknown, "so it may have the order"),
        (409, '{"error": {"code": "KEY_REUSED", "message": "taken"}}', OrderConflict, "taken"),
        (422, '{"error": {"code": "ITEM", "message": "no item for Ann Other"}}', OrderRefused, "no item for …"),
        (400, '{"title": "Bad order", "detail": "no such tax"}', OrderRefused, "no such tax"),
        (400, '{"error": "no such tax"}', OrderRefused, "no such tax"),
        (400, "", OrderRefused, "HTTP 400 without a reason"),
        (500, '{"error": {"code": "ITEM", "message": "no item"}}', OrderRefused, "no item"),
        (500, '{"error": {"code": "9", "message": "broken"}}', OutcomeUnknown, "HTTP 500"),
        (503, "", OutcomeUnknown, "HTTP 503"),
    ],
)
async def test_each_answer_means_one_thing(
    platform: PlatformServer, network: Proxy, status: int, body: str, means: type, says: str
) -> None:
    network.answer("POST", status, body, Content_Type="application/json")
    answer = await posted(connect(through(platform, network)), order())
    assert isinstance(answer, means), answer
    assert says in (repr(answer) if isinstance(answer, Receipt) else str(answer))
    assert "Ann Other" not in str(answer)
    if isinstance(answer, OrderRefused):
        assert answer.code == ("SKU_NOT_FOUND" if "item" in says else "REJECTED_BY_ERP")


@pytest.mark.parametrize(
    ("login", "extra", "bears"),
    [
        ("", {}, {"Authorization": "Bearer secret"}),
        ("shop", {}, {"Authorization": "Basic c2hvcDpzZWNyZXQ="}),
        ("", {"key_header": "X-Api-Key"}, {"X-Api-Key": "secret"}),
        ("shop", {"token_url": "http://127.0.0.1:{port}/token"}, {"Authorization": "Bearer lent"}),
    ],
)
async def test_the_connection_says_who_we_are(
    network: Proxy, login: str, extra: dict[str, str], bears: dict[str, str]
) -> None:
    network.answer("POST /orders", 201, '{"number": 5}', Content_Type="application/json")
    network.answer("POST /token", 200, '{"access_token": "lent"}', Content_Type="application/json")
    given = {name: value.format(port=network.port) for name, value in extra.items()}
    bridge = Bridge(Endpoint("erp_bridge", network.base_url, "secret", given, login), Settings(), {}, Profile())
    seen: dict[str, str] = {}
    call = bridge._http._call

    async def noted(*args: Any) -> Any:
        seen.update(args[3])
        return await call(*args)

    bridge._http._call = noted  # type: ignore[assignment]
    assert isinstance(await posted(bridge, order()), Receipt)
    assert bears.items() <= seen.items()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (405, "", None),
        (200, "{}", None),
        (404, "", "there is no /orders"),
        (400, "{}", "HTTP 400"),
        (200, "hm", "without JSON"),
    ],
)
async def test_a_check_takes_what_only_a_platform_says(
    network: Proxy, status: int, body: str, says: str | None
) -> None:
    network.answer("GET", status, body, Content_Type="application/json" if body == "{}" else "text/plain")
    bridge = Bridge(Endpoint("erp_bridge", network.base_url, "key"), Settings(), {}, Profile())
    async with bridge:
        [answer] = await asyncio.gather(bridge.check(), return_exceptions=True)
    if isinstance(answer, Health):
        assert (says, answer.fingerprint) == (None, f"{network.base_url}/orders")
    else:
        assert says
        assert says in str(answer)


async def test_a_refusal_in_an_http_500_is_one_where_the_profile_knows_its_code(platform: PlatformServer) -> None:
    platform.failing = True
    answer = await posted(connect(endpoint(platform)), refused())
    assert isinstance(answer, OrderRefused)
    assert answer.code == "SKU_NOT_FOUND"


async def test_a_failure_whose_code_nobody_knows_leaves_doubt(platform: PlatformServer) -> None:
    platform.failing = True
    async with Bridge(endpoint(platform), Settings(), OPTIONS, Profile()) as bridge:
        with pytest.raises(OutcomeUnknown):
            await bridge.submit(refused())


def flow(platform: PlatformServer, network: Proxy, *, idempotent: bool) -> MemoryLedger:
    """The main job of one order over a network that loses the platform's first answer, and what comes of it in time."""
    ledger = MemoryLedger(Clock())
    known = replace(
        transaction(1), customer_account="C-0001", details=transaction(1).details.replace("TEA", "SKU-0001")
    )
    extract(ROUTE, MemoryChannel([known]), ledger, ACTOR)
    options = {**OPTIONS, "idempotent": idempotent}
    network.lose("POST", times=1)
    for minutes in (3, 60, 3, 60):
        bridge = Bridge(through(platform, network), Settings(), options, PROFILE)
        asyncio.run(run(bridge, ledger, minutes))
    return ledger


async def run(bridge: Bridge, ledger: MemoryLedger, minutes: int) -> None:
    policy = Settings().policy(bridge.traits)
    async with bridge:
        await refresh_reference(ROUTE, bridge, ledger, ACTOR, Settings().reference_max_age)
        validate(ROUTE, ledger, ACTOR)
        await push(ROUTE, bridge, ledger, ACTOR, policy, Settings(), ledger.clock.monotonic)
        ledger.clock.sleep(minutes=minutes)
        await settle(ROUTE, bridge, ledger, ACTOR, policy)


def test_an_order_whose_answer_got_lost_waits_for_a_person_and_is_not_posted_again(
    platform: PlatformServer, network: Proxy
) -> None:
    ledger = flow(platform, network, idempotent=False)
    row = ledger.rows[transaction(1).key]
    assert (row.status, platform.times) == (Status.PENDING_VERIFICATION, 1)
    assert "the ERP cannot be queried for it" in row.message


def test_a_platform_that_makes_one_order_of_a_key_is_sent_it_again_and_makes_one(
    platform: PlatformServer, network: Proxy
) -> None:
    ledger = flow(platform, network, idempotent=True)
    row = ledger.rows[transaction(1).key]
    assert (row.status, row.erp_number) == (Status.SUCCEEDED, "4711")
    assert (platform.times, len(platform.orders)) == (2, 1)
