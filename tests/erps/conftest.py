"""The seeded Tryton behind a proxy that can misbehave, and the adapter over both."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from order_sync.core.errors import OrderRefused
from order_sync.core.order.model import Order
from order_sync.core.sending.receipts import Sent
from order_sync.core.settling.erp_orders import ErpOrder
from order_sync.erps.tryton import Tryton as Adapter
from order_sync.wire.endpoint import Endpoint
from sandbox.tryton import TrytonServer
from tests.fixtures import tryton as fixture
from tests.support.proxy import Proxy


@pytest.fixture(scope="session")
def network(tryton: TrytonServer) -> Iterator[Proxy]:
    """The network between the adapter and Tryton."""
    with Proxy(tryton.base_url) as proxy:
        yield proxy


@pytest.fixture
def proxy(network: Proxy) -> Iterator[Proxy]:
    """The network, at its best when a test begins and ends."""
    network.requests.clear()
    yield network
    network.behave()


@pytest.fixture
def endpoint(tryton: TrytonServer, proxy: Proxy) -> Endpoint:
    """Tryton's address, through the proxy."""
    return fixture.endpoint(tryton, base_url=proxy.base_url)


@pytest.fixture
async def erp(endpoint: Endpoint) -> AsyncIterator[Adapter]:
    """The adapter, as one push has it."""
    async with fixture.connect(endpoint) as erp:
        yield erp


@pytest.fixture
async def other(endpoint: Endpoint) -> AsyncIterator[Adapter]:
    """Another run's adapter, which has learnt nothing yet."""
    async with fixture.connect(endpoint) as erp:
        yield erp


class Back:
    """What Tryton holds, read back as its administrator over another interface."""

    def __init__(self, tryton: TrytonServer) -> None:
        self._tryton = tryton

    def __call__(self, method: str, *arguments: Any) -> Any:
        return self._tryton.rpc(method, *arguments)

    def sales(self, order: Order, *fields: str) -> list[dict[str, Any]]:
        """Every sale under the order's key."""
        return list(self("sale.sale.search_read", [("web_id", "=", str(order.key))], 0, None, None, [*fields, "state"]))

    def sale(self, order: Order, *fields: str) -> dict[str, Any]:
        """The one sale under the order's key."""
        (sale,) = self.sales(order, *fields)
        return sale

    def press(self, order: Order, button: str) -> None:
        """Do what a person in the ERP does."""
        self(f"sale.sale.{button}", [self.sale(order)["id"]])


@pytest.fixture
def back(tryton: TrytonServer) -> Back:
    """Tryton's own view."""
    return Back(tryton)


@pytest.fixture(scope="module")
def resting(tryton: TrytonServer) -> Iterator[None]:
    """The worker rests while a module's tests run, and never learns of their sales: it would be busy for minutes.

    To us that is an ERP that is stuck: it takes orders, and confirms none.
    """
    fixture.rest(tryton)
    yield
    fixture.rest(tryton)
    fixture.work(tryton)


async def found(erp: Adapter, order: Order, until: Callable[[ErpOrder], Any] = lambda _: True) -> ErpOrder:
    """The one ERP order that a look-up sees, once it is as awaited: the worker needs a moment."""
    deadline = time.monotonic() + 120
    while True:
        (seen,) = (await erp.look_up([Sent(order)]))[order.key]
        if until(seen):
            return seen
        assert time.monotonic() < deadline, f"it stayed {seen}"
        await asyncio.sleep(0.1)


async def refusal(erp: Adapter, refused: Order) -> OrderRefused:
    """The refusal that a submit ends with."""
    with pytest.raises(OrderRefused) as error:
        await erp.submit(refused)
    return error.value
