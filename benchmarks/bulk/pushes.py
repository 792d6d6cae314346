"""How full the push keeps its pipe: orders a second with the ledger, beside the same HTTP client that sends alone."""

import asyncio
import multiprocessing
import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import accumulate, count, pairwise
from statistics import median

import psycopg

from benchmarks.bulk.ledgers import filled
from benchmarks.bulk.servers import ACTOR, ROUTE, Servers, connecting
from benchmarks.bulk.table import Row, in_turns
from benchmarks.http_clients import LATENCY_SECONDS, ORDER, serve
from order_sync import flows
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.ports.erp import Health
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Traits
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder
from order_sync.core.settling.verdict import Policy
from order_sync.ledger import Ledger
from order_sync.wire.auth import bearer
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http

IN_FLIGHT = (8, 32)
ORDERS = 2_000
"""Orders of one push, and calls of the bare client."""

TEMPLATE = "to_push"
QUEUED = """
    update order_sync.orders set status = 'queued', erp_number = ''
    where id in (select id from order_sync.orders where order_key like 'shop:queued/%%' order by id limit %s)"""
OUT_OF_THE_WAY = "update order_sync.orders set status = 'succeeded', erp_number = id::text where status <> 'failed'"


class Nearby:
    """An ERP next door: it takes an order with one call of 20 ms, and knows of no other question."""

    traits = Traits("unique_key")

    def __init__(self, http: Http) -> None:
        self._http = http
        self._numbers = count(1)
        self._changes: list[tuple[float, int]] = []

    async def check(self) -> Health:
        return Health("nearby", "1")

    async def prepare(self, orders: Collection[Order]) -> None:
        pass

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        return {}

    async def submit(self, order: Order) -> Receipt:
        self._changes.append((time.monotonic(), 1))
        await self._http.send("POST", "/order", {**ORDER, "web_id": str(order.key)})
        self._changes.append((time.monotonic(), -1))
        return Receipt(f"N{next(self._numbers)}", "draft")

    def mean_in_flight(self) -> float:
        """How many orders were on their way, on the average of the time from the first to the last."""
        times = [at for at, _ in self._changes]
        on_their_way = accumulate(change for _, change in self._changes)
        passed = [after - before for before, after in pairwise(times)]
        return sum(number * seconds for number, seconds in zip(on_their_way, passed, strict=False)) / sum(passed)


def measured(at: Servers, rounds: int) -> list[Row]:
    """Orders a second of a push, with the limit: the client alone, as often in flight."""
    with psycopg.connect(filled(at, TEMPLATE, 0)) as connection:
        connection.execute(OUT_OF_THE_WAY)
        connection.execute(QUEUED, [ORDERS])
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}"
    try:
        rows = []
        for in_flight in IN_FLIGHT:
            full: list[float] = []
            ours, limit = in_turns(rounds, partial(_pushed, at, url, in_flight, full), partial(_alone, url, in_flight))
            at_a_time = f"{in_flight} in flight at {LATENCY_SECONDS * 1000:.0f} ms"
            name = f"orders pushed a second, {at_a_time} (limit: the client alone)"
            rows.append(Row(name, ORDERS / ours, ORDERS / limit))
            rows.append(Row(f"orders on their way, of {in_flight} at most", median(full), in_flight))
        return rows
    finally:
        server.kill()


def _http(url: str, in_flight: int) -> Http:
    endpoint = Endpoint("erp_nearby", url, "key")
    return Http(endpoint, Settings(submit_concurrency=in_flight), bearer(endpoint))


def _pushed(at: Servers, url: str, in_flight: int, full: list[float]) -> float:
    address = at.database("pushed", TEMPLATE)
    settings, route = (
        Settings(submit_concurrency=in_flight, first_run_limit=ORDERS),
        Route("shop", "tryton", ROUTE.start_from, None),
    )

    async def push(ledger: Ledger) -> int:
        async with _http(url, in_flight) as http:
            erp = Nearby(http)
            summary = await flows.push(route, erp, ledger, ACTOR, Policy("unique_key"), settings)
            full.append(erp.mean_in_flight())
            return summary.counts.get("sent", 0)

    with Ledger(connecting(address)) as ledger:
        begun = time.monotonic()
        sent = asyncio.run(push(ledger))
        seconds = time.monotonic() - begun
    if sent != ORDERS:
        raise SystemExit(f"{sent} of {ORDERS} orders were sent")
    return seconds


def _alone(url: str, in_flight: int) -> float:
    return asyncio.run(_sent_alone(url, in_flight))


async def _sent_alone(url: str, in_flight: int) -> float:
    numbers = iter(range(ORDERS))
    async with _http(url, in_flight) as http:

        async def keep_sending() -> None:
            for number in numbers:
                await http.send("POST", "/order", {**ORDER, "web_id": f"shop:queued/{number}"})

        begun = time.monotonic()
        await asyncio.gather(*(keep_sending() for _ in range(in_flight)))
        return time.monotonic() - begun
