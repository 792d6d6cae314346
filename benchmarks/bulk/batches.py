"""How fast a push fills Tryton in batches: orders a second with ledger and checks, beside the same three calls bare."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import psycopg

from benchmarks.bulk.servers import ACTOR, Servers, connecting
from benchmarks.bulk.table import Row, in_turns
from order_sync import flows, registry
from order_sync.channels.sql import SqlChannel
from order_sync.core.basics.bulk import batched
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.maker import make
from order_sync.core.order.model import Order
from order_sync.core.settings import Settings
from order_sync.erps.tryton import Tryton as Adapter
from order_sync.erps.tryton.addresses import Addresses
from order_sync.erps.tryton.client import Client
from order_sync.erps.tryton.master_data import MasterData
from order_sync.erps.tryton.refusals import Refusals
from order_sync.erps.tryton.sales import MODEL, Sales
from order_sync.erps.tryton.session import TrytonSession
from order_sync.ledger import Ledger
from order_sync.wire.endpoint import Endpoint
from sandbox import sales, scratch, shop, template
from sandbox.tryton import DATABASE, INTEGRATION, Secrets, TrytonServer

ORDERS = 128
"""Orders of one push, and of the bare calls."""

SIZE, AT_A_TIME = 32, 2
"""Orders of a batch, and batches on their way: what the adapter does."""

SPEC = registry.channel("dynamics_web")
SETTINGS = Settings(http_read_timeout=timedelta(minutes=2), claim_lease=timedelta(hours=1))
PLACED_AT = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
SALE = sales.Sale(
    number="",
    reference="",
    placed_at=PLACED_AT,
    currency="GBP",
    lines=(sales.SoldLine("SKU-0001", Decimal(2), Decimal("20.05"), "GB20", Decimal(20)),),
    ship_to=sales.SaleAddress("Ann Other", "1 High Street", "Bristol", "BS1 5TY", "GBR"),
    customer="C-0001",
)


class Shop:
    """A shop whose every order is good, under numbers that nobody else gives."""

    def __init__(self, at: Servers, name: str) -> None:
        at.shop_cluster.create_database(name)
        self._dsn, self._name = at.shop_cluster.dsn(name), name
        self._numbers = count(1)
        shop.create(self._dsn)
        opened = SqlChannel.of(lambda: psycopg.connect(self._dsn), SPEC, SETTINGS, registry.folder)
        self.channel = replace(opened, settle_lag=timedelta(0))

    def sell(self) -> set[str]:
        """Sell some orders; returns their references."""
        numbers = [f"{self._name}-{next(self._numbers)}" for _ in range(ORDERS)]
        with psycopg.connect(self._dsn) as connection:
            shop.write(connection, [replace(SALE, number=each, reference=each) for each in numbers])
        return {*numbers}

    def sold(self) -> Sequence[Order]:
        """Sell some orders, and read them."""
        sold, guests, now = self.sell(), registry.route(SPEC).guests, datetime.now(UTC)
        rows = [each for batch in self.channel.transactions(Watermark("")) for each in batch.transactions]
        return [make(each, guests, now).order for each in rows if each.reference in sold]


class Company:
    """A running Tryton, and a ledger for what is pushed into it."""

    def __init__(self, at: Servers, tryton: TrytonServer) -> None:
        self._ledger = connecting(at.database("batches"))
        self._shop, self._bare = Shop(at, "pushed"), Shop(at, "bare")
        extra = {"database": DATABASE, "user_password": tryton.secrets.user_password}
        self._endpoint = Endpoint("erp_tryton", tryton.base_url, tryton.secrets.rest_key, extra, INTEGRATION)

    def pushed(self) -> float:
        """Seconds of a push of new orders."""
        return asyncio.run(self._pushed())

    async def _pushed(self) -> float:
        self._shop.sell()
        route = registry.route(SPEC)
        with Ledger(self._ledger) as ledger:
            async with Adapter(self._endpoint, SETTINGS, {"channels": [SPEC.name]}) as erp:
                read = flows.extract(route, self._shop.channel, ledger, ACTOR)
                await flows.refresh_reference(route, erp, ledger, ACTOR, SETTINGS.reference_max_age)
                checked = flows.validate(route, ledger, ACTOR)
                begun = time.monotonic()
                summary = await flows.push(route, erp, ledger, ACTOR, SETTINGS.policy(erp.traits), SETTINGS)
                seconds = time.monotonic() - begun
        if summary.counts.get("sent") != ORDERS:
            raise SystemExit(f"of {ORDERS} orders not all were sent: {read}; {checked}; {summary}")
        return seconds

    def alone(self) -> float:
        """Seconds of the calls that bring as many new orders in: create, quote and confirm, and nothing else."""
        return asyncio.run(self._alone())

    async def _alone(self) -> float:
        orders = self._bare.sold()
        async with Client(self._endpoint, SETTINGS) as client:
            data = MasterData(client)
            addresses = Addresses(client, data, Refusals())
            made = Sales(client, data, addresses, Refusals(), SETTINGS.total_tolerance)
            session = TrytonSession(client.http, self._endpoint, DATABASE)
            begun = time.monotonic()
            await data.learn_shops([SPEC.name])
            await data.learn(orders)
            await addresses.learn(orders)
            batches = iter([[made.values(order) for order in some] for some in batched(orders, SIZE)])
            company = made.shop(orders[0]).company

            async def keep_sending() -> None:
                for batch in batches:
                    ids = await session.create(MODEL, batch, company)
                    await session.press(MODEL, ids, "quote", company)
                    await session.press(MODEL, ids, "confirm", company)

            await asyncio.gather(*(keep_sending() for _ in range(AT_A_TIME)))
            return time.monotonic() - begun


def measured(at: Servers, rounds: int) -> list[Row]:
    """Orders a second into a real Tryton whose queue worker works, with the limit: the bare calls of the same size."""
    with scratch() as folder, ExitStack() as begun:
        company = Company(at, _started(folder, begun))
        ours, limit = in_turns(rounds, company.pushed, company.alone)
    name = f"orders pushed into Tryton a second, in batches of {SIZE} (limit: create, quote and confirm alone)"
    return [Row(name, ORDERS / ours, ORDERS / limit)]


def _started(folder: Path, begun: ExitStack) -> TrytonServer:
    cluster = template.TRYTON.copy_to(folder / "postgres")
    begun.callback(cluster.remove)
    tryton = TrytonServer(cluster.start(), folder / "tryton", Secrets.of_this_checkout())
    begun.callback(tryton.stop)
    tryton.start()
    return tryton
