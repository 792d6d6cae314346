"""How many orders a second an HTTP client can send, by client and by how many are in flight.

A server of its own process answers each POST after 20 ms, as an ERP next door might. It keeps connections open, and so
do the clients, where they can. Run it with `PYTHONPATH=plugins .venv/bin/python -m benchmarks.http_clients`.
"""

import asyncio
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from multiprocessing.connection import Connection
from threading import local

import aiohttp
import httpx
import requests
from aiohttp import web
from airflow.providers.http.hooks.http import HttpHook

from order_sync.core.settings import Settings
from order_sync.wire.auth import bearer
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http

LATENCY_SECONDS = 0.02
SECONDS = 1.0
ROUNDS = 5
"""The clients take turns, and each one's best round counts: a busy machine then disturbs all of them alike."""

IN_FLIGHT = (1, 8, 32, 64)
LINE = {"product": 1, "quantity": 2, "unit": 1, "unit_price": {"__class__": "Decimal", "decimal": "11.0000"}}
ORDER = {"web_shop": 1, "web_id": "dynamics_web:5637/1", "party": 2, "lines": [["create", [LINE] * 3]]}


def serve(port: Connection) -> None:
    """Answer orders until the process is ended; sends the port that it listens on."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY_SECONDS)
        return web.json_response({"id": 1, "state": "draft", "number": None})

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/order", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


async def concurrently(in_flight: int, send: Callable[[], Awaitable[object]]) -> float:
    """Calls a second of a coroutine."""
    ends = time.monotonic() + SECONDS

    async def keep_sending() -> int:
        sent = 0
        while time.monotonic() < ends:
            await send()
            sent += 1
        return sent

    begun = time.monotonic()
    return sum(await asyncio.gather(*(keep_sending() for _ in range(in_flight)))) / (time.monotonic() - begun)


def in_threads(in_flight: int, send: Callable[[], object]) -> float:
    """Calls a second of a function, in as many threads."""
    ends = time.monotonic() + SECONDS

    def keep_sending(_: int) -> int:
        sent = 0
        while time.monotonic() < ends:
            send()
            sent += 1
        return sent

    begun = time.monotonic()
    with ThreadPoolExecutor(in_flight) as pool:
        return sum(pool.map(keep_sending, range(in_flight))) / (time.monotonic() - begun)


async def ours(url: str, in_flight: int) -> float:
    """`wire/http.py`, which is aiohttp with time-outs, limits and the meaning of errors."""
    endpoint = Endpoint("bench", url, "key")
    async with Http(endpoint, Settings(submit_concurrency=in_flight), bearer(endpoint)) as http:
        return await concurrently(in_flight, lambda: http.send("POST", "/order", ORDER))


async def by_aiohttp(url: str, in_flight: int) -> float:
    """One pooled session."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:

        async def send() -> None:
            async with session.post(f"{url}/order", json=ORDER) as response:
                await response.json()

        return await concurrently(in_flight, send)


async def by_httpx(url: str, in_flight: int) -> float:
    """One pooled client."""
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(limits=limits) as client:

        async def send() -> None:
            (await client.post(f"{url}/order", json=ORDER)).json()

        return await concurrently(in_flight, send)


async def by_requests(url: str, in_flight: int) -> float:
    """A session for each thread."""
    own = local()

    def send() -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        own.session.post(f"{url}/order", json=ORDER, timeout=10).json()

    return await asyncio.to_thread(in_threads, in_flight, send)


async def by_http_hook(url: str, in_flight: int) -> float:
    """Airflow's hook, one for each thread."""
    os.environ["AIRFLOW_CONN_BENCH"] = json.dumps({"conn_type": "http", "host": url})
    own = local()

    def send() -> None:
        if not hasattr(own, "hook"):
            own.hook = HttpHook("POST", http_conn_id="bench")
        own.hook.run("order", json=ORDER).json()

    return await asyncio.to_thread(in_threads, in_flight, send)


CLIENTS = {
    "wire/http.py": ours,
    "aiohttp": by_aiohttp,
    "httpx": by_httpx,
    "requests in threads": by_requests,
    "HttpHook in threads": by_http_hook,
}


def main() -> None:
    """Measure each client at each number in flight, and print a table of orders a second."""
    spawn = multiprocessing.get_context("spawn")
    receiving, sending = spawn.Pipe(duplex=False)
    server = spawn.Process(target=serve, args=(sending,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{receiving.recv()}"
    say = sys.stdout.write
    say(f"| in flight | {' | '.join(map(str, IN_FLIGHT))} |\n|---|{'---|' * len(IN_FLIGHT)}\n")
    best = dict.fromkeys(product(CLIENTS, IN_FLIGHT), 0.0)
    for _ in range(ROUNDS):
        for name, in_flight in best:
            best[name, in_flight] = max(best[name, in_flight], asyncio.run(CLIENTS[name](url, in_flight)))
    for name in CLIENTS:
        say(f"| {name} | {' | '.join(f'{best[name, in_flight]:,.0f}' for in_flight in IN_FLIGHT)} |\n")
    say(f"load of the machine: {', '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores\n")
    server.terminate()


if __name__ == "__main__":
    main()
