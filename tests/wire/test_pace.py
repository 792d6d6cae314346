"""A system that limits its calls is waited for by all calls of its connection, and is trouble once patience ends."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from order_sync.core.errors import RateLimited
from order_sync.core.settings import Settings
from order_sync.wire.auth import bearer
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http
from order_sync.wire.pace import LONGEST, PATIENCE, Gate, Quota
from tests.support.proxy import Proxy

JSON: dict[str, Any] = {"Content_Type": "application/json"}
PAGES = Quota("X-Calls-Left", "X-Calls-Reset-Ms", timedelta(milliseconds=1))


@dataclass
class Time:
    """A clock on which nobody waits in earnest. `slept` is how long each wait was; it lasts until it is `over`."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    over: asyncio.Event | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        async with self.changed:
            self.slept.append(seconds)
            self.changed.notify_all()
        ends_at = self.now + seconds
        if self.over:
            await self.over.wait()
        self.now = max(self.now, ends_at)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(autouse=True)
def _takes_every_call(server: Proxy) -> None:
    server.answer("", 200, "{}", **JSON)


def http(server: Proxy, time: Time, **how: object) -> Http:
    """A client whose gate is on the test's clock."""
    gate = Gate("erp_test", monotonic=time.monotonic, sleep=time.sleep, **how)  # type: ignore[arg-type]
    endpoint = Endpoint("erp_test", server.base_url, "key")
    return Http(endpoint, Settings(submit_concurrency=4), bearer(endpoint), gate=gate)


@pytest.mark.parametrize("how", ["ask", "send"])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "Sat, 21 Nov 2026 12:00:30 GMT", "Date": "Sat, 21 Nov 2026 12:00:00 GMT"}, 30),
    ],
    ids=["seconds", "a date by the server's clock"],
)
async def test_a_call_that_is_declined_for_now_is_made_again_after_as_long_as_was_asked(
    server: Proxy, time: Time, how: str, headers: dict[str, Any], seconds: float
) -> None:
    """R74"""
    server.answer("", 429, times=1, **headers)
    async with http(server, time) as client:
        assert (await getattr(client, how)("POST", "/orders", {})).status == 200
    assert (server.count(""), time.slept) == (2, [seconds])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Retry_After": "soon"},
        {"Retry_After": "0"},
        {"Retry_After": "9" * 5000},
        {"Retry_After": "Sat, 21 Nov 2026 12:00:00 GMT"},
        {"Retry_After": "Sat, 21 Nov 2026 12:00:00 GMT", "Date": "Sat, 21 Nov 2026 12:00:30 GMT"},
    ],
    ids=["nothing", "words", "no time", "no number", "no clock", "the past"],
)
async def test_a_server_that_does_not_say_how_long_is_asked_ever_more_rarely(
    server: Proxy, time: Time, headers: dict[str, Any]
) -> None:
    server.answer("", 429, times=4, **headers)
    async with http(server, time) as client:
        assert (await client.send("POST", "/orders", {})).status == 200
    assert all(least <= slept <= 1.5 * least for slept, least in zip(time.slept, (1, 2, 4, 8), strict=True))


async def test_while_one_call_waits_all_others_of_the_connection_wait_too(server: Proxy, time: Time) -> None:
    time.over = asyncio.Event()
    server.answer("first", 429, times=1, Retry_After="20")
    async with http(server, time) as client:
        calls = [asyncio.create_task(client.send("POST", "/first", {}))]
        await waiting(time, 1)
        calls += [asyncio.create_task(client.ask("GET", "/other")) for _ in range(2)]
        calls.append(asyncio.create_task(client.send("POST", "/other", {})))
        await waiting(time, 4)
        assert server.count("other") == 0
        time.over.set()
        await asyncio.gather(*calls)
    assert (server.count("first"), server.count("other")) == (2, 3)
    assert time.slept == [20] * 4


async def waiting(time: Time, number: int) -> None:
    """Until so many calls wait."""
    async with asyncio.timeout(5), time.changed:
        await time.changed.wait_for(lambda: len(time.slept) == number)


async def test_clients_that_share_a_gate_wait_together(server: Proxy, time: Time) -> None:
    one = http(server, time)
    endpoint = Endpoint("erp_test", server.base_url, "key")
    other = Http(endpoint, Settings(), bearer(endpoint), gate=one._gate)
    server.answer("one", 429, times=1, Retry_After="5")
    async with one, other:
        await one.send("POST", "/one", {})
        server.answer("one", 503, times=1, Retry_After="9")
        with pytest.raises(Exception, match="HTTP 503"):
            await one.send("POST", "/one", {})
        await other.ask("GET", "/other")
    assert time.slept == [5, 9]


async def test_more_than_a_call_waits_by_itself_is_trouble_that_says_how_long(server: Proxy, time: Time) -> None:
    """R43, R74"""
    server.answer("", 429, times=3, Retry_After="61")
    async with http(server, time) as client:
        for how in ("ask", "send"):
            with pytest.raises(RateLimited, match=r"'erp_test' is rate-limiting calls.* wait of 0:01:01") as error:
                await getattr(client, how)("POST", "/orders", {})
            assert error.value.retry_after == timedelta(seconds=61)
    assert (server.count(""), time.slept) == (1, []), "the second call knows it without asking"


async def test_patience_is_a_calls_in_all(server: Proxy, time: Time) -> None:
    server.answer("", 429, Retry_After="25")
    async with http(server, time) as client:
        with pytest.raises(RateLimited):
            await client.ask("GET", "/orders")
    assert time.slept == [25, 25]
    assert sum(time.slept) <= PATIENCE.total_seconds()


async def test_patience_may_be_another_ones(server: Proxy, time: Time) -> None:
    server.answer("", 429, times=1, Retry_After="61")
    async with http(server, time, patience=timedelta(minutes=2)) as client:
        assert (await client.ask("GET", "/orders")).status == 200


async def test_a_wait_that_nobody_can_mean_is_not_believed(server: Proxy, time: Time) -> None:
    server.answer("", 429, Retry_After="99999999999")
    async with http(server, time) as client:
        with pytest.raises(RateLimited) as error:
            await client.ask("GET", "/orders")
    assert error.value.retry_after == LONGEST


async def test_a_system_in_maintenance_is_asked_again_when_it_said(server: Proxy, time: Time) -> None:
    server.answer("", 503, times=1, Retry_After="12")
    async with http(server, time) as client:
        assert (await client.ask("GET", "/orders")).status == 200
    assert sum(time.slept) == pytest.approx(12)


async def test_the_vendors_own_header_is_waited_for_before_any_call_is_declined(server: Proxy, time: Time) -> None:
    server.answer("", 200, "{}", times=1, X_Calls_Left="0", X_Calls_Reset_Ms="4500", **JSON)
    async with http(server, time, quota=PAGES) as client:
        await client.send("POST", "/orders", {})
        assert time.slept == []
        await client.send("POST", "/orders", {})
    assert (server.count(""), time.slept) == (2, [4.5])


async def test_a_call_that_is_declined_waits_for_as_long_as_the_vendors_own_header_says(
    server: Proxy, time: Time
) -> None:
    server.answer("", 429, times=1, X_Calls_Left="0", X_Calls_Reset_Ms="4500")
    async with http(server, time, quota=PAGES) as client:
        await client.ask("GET", "/orders")
    assert time.slept == [4.5]


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Calls_Left": "1", "X_Calls_Reset_Ms": "4500"},
        {"X_Calls_Left": "none", "X_Calls_Reset_Ms": "4500"},
        {"X_Calls_Left": "0"},
        {"X_Calls_Left": "0", "X_Calls_Reset_Ms": "soon"},
        {},
    ],
)
async def test_a_header_that_says_nothing_of_the_kind_stops_no_call(
    server: Proxy, time: Time, headers: dict[str, Any]
) -> None:
    server.answer("", 200, "{}", times=1, **headers, **JSON)
    async with http(server, time, quota=PAGES) as client:
        await client.ask("GET", "/orders")
        await client.ask("GET", "/orders")
    assert time.slept == []
