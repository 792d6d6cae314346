"""The way of a channel's sales into the ERP without Airflow: real databases, the real flows and adapters, in order."""

import asyncio
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Self

import psycopg

from order_sync import flows, registry
from order_sync.core.basics.actor import Actor
from order_sync.core.order.model import OrderKey
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.ledger import Ledger, migrate
from sandbox import shop
from sandbox.postgres import Cluster
from sandbox.sales import Sale
from sandbox.tryton import TrytonServer
from tests.fixtures import dynamics_web
from tests.fixtures import tryton as fixture
from tests.real_orders.standing import Standing, standings

ACTOR = Actor("real orders")
_NUMBERS = count(1)
LOOKS = tuple(timedelta(seconds=seconds) for seconds in range(1, 1800, 2))


@dataclass(frozen=True, slots=True)
class Booked:
    """A sale as the ERP itself tells it; `confirmed` once it processes it."""

    confirmed: bool
    customer: str
    lines: int
    pieces: Decimal
    total: Decimal
    currency: str


@dataclass
class Journey:
    """A channel and a ledger of its own; the ERP is shared. `seconds` tells how long each step took."""

    cluster: Cluster
    tryton: TrytonServer
    guest_account: str | None
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._names = [f"real_{kind}_{next(_NUMBERS)}" for kind in ("channel", "ledger")]
        for name in self._names:
            self.cluster.create_database(name)
        self._channel, self._ledger = map(self.cluster.dsn, self._names)
        migrate(self.connect)
        shop.create(self._channel)
        return self

    def __exit__(self, *error: object) -> None:
        for name in self._names:
            self.cluster.drop_database(name)

    @property
    def route(self) -> Route:
        """The registry's, for a shop that began in 2010."""
        started = datetime(2010, 1, 1, tzinfo=UTC)
        return replace(
            registry.route(registry.channel("dynamics_web")), start_from=started, guest_account=self.guest_account
        )

    def travel(self, sales: Sequence[Sale]) -> None:
        """Write the sales into the channel and bring them as far as they go: confirmed, failed, or no order."""
        shop.load(self._channel, sales)
        with Ledger(self.connect) as ledger:
            asyncio.run(self._travel(ledger, Settings(push_turn=timedelta(hours=1))))

    async def _travel(self, ledger: Ledger, settings: Settings) -> None:
        route, channel = self.route, dynamics_web.Shop.over(self._channel)
        async with fixture.connect(fixture.endpoint(self.tryton), settings) as erp:
            policy = Policy(erp.traits.guarantee, settings.verification_window, looks=LOOKS)
            with self._step("extract") as counts:
                counts |= flows.extract(route, channel, ledger, ACTOR).counts
            with self._step("reference data") as counts:
                done = await flows.refresh_reference(route, erp, ledger, ACTOR, settings.reference_max_age)
                counts |= done.counts
            with self._step("validate") as counts:
                counts |= flows.validate(route, ledger, ACTOR, settings.total_tolerance).counts
            with self._step("push") as counts:
                counts |= (await flows.push(route, erp, ledger, ACTOR, policy, settings)).counts
            with self._step("confirm"):
                async with asyncio.timeout(1200):
                    while ledger.horizon(route.channel).last_window_ends_at:
                        await flows.settle(route, erp, ledger, ACTOR, policy)
                        await asyncio.sleep(0.5)

    @contextmanager
    def _step(self, name: str) -> Iterator[dict[str, int]]:
        begun = time.monotonic()
        yield self.counts.setdefault(name, {})
        self.seconds[name] = time.monotonic() - begun

    def connect(self) -> psycopg.Connection[Any]:
        """A connection to the ledger's database."""
        return psycopg.connect(self._ledger)

    def standings(self) -> dict[str, Standing]:
        """What became of each transaction, by its number."""
        with self.connect() as connection:
            return standings(connection)

    def sending(self, number: str) -> float:
        """How many seconds it took to send a transaction; NaN if that was not done."""
        query = """
            select coalesce(max(extract(epoch from closed_at - opened_at)), 'NaN')
            from order_sync.attempts join order_sync.orders o on o.id = order_id where order_key like %s"""
        with self.connect() as connection:
            ((seconds,),) = connection.execute(query, [f"%/{number}/%"]).fetchall()
        return float(seconds)

    def booked(self, numbers: Collection[str]) -> dict[str, list[Booked]]:
        """The sales that the ERP holds for these transactions, told by itself and over another interface."""
        fields = ["web_id", "party.code", "lines.quantity", "total_amount", "currency.code", "state"]
        domain = [("reference", "in", list(numbers))]
        found: dict[str, list[Booked]] = {}
        for row in self.tryton.rpc("sale.sale.search_read", domain, 0, None, None, fields):
            pieces = [Decimal(str(line["quantity"])) for line in row["lines."]]
            booked = Booked(
                confirmed=row["state"] in ("processing", "done"),
                customer=row["party."]["code"],
                lines=len(pieces),
                pieces=sum(pieces, Decimal(0)),
                total=row["total_amount"],
                currency=row["currency."]["code"],
            )
            found.setdefault(OrderKey.parse(row["web_id"]).parts[3], []).append(booked)
        return found
