"""NewErp for tests: the adapter over its simulator, and orders that it takes and refuses."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from order_sync import registry
from order_sync.core.order.model import Address, Line, Order, OrderKey
from order_sync.core.settings import Settings
from order_sync.erps.new_erp import NewErp
from order_sync.profile import read_profile
from order_sync.wire.endpoint import Endpoint
from tests.simulators import new_erp as simulator
from tests.support.simulator import Simulators

SPEC = registry.erp("new_erp")
SETTINGS = Settings(http_connect_timeout=timedelta(seconds=5), http_read_timeout=timedelta(seconds=20))
NUMBERS = count(1)

server = "simulators"
"""The fixture of `tests/conftest.py` that starts simulators."""


def endpoint(simulators: Simulators) -> Endpoint:
    """The simulator's address and key, as its connection says."""
    running = simulators.running(simulator.NewErp)
    return Endpoint(SPEC.connection, running.base_url, running.key)


def connect(endpoint: Endpoint, settings: Settings = SETTINGS) -> NewErp:
    """The adapter as the registry sets it up; a context manager."""
    return NewErp(endpoint, settings, read_profile(registry.folder("erps", SPEC.name)))


def order(**changes: Any) -> Order:
    """A good order under a new key, with cents in its total, whose codes the ERP knows."""
    number = f"{next(NUMBERS)}"
    good = Order(
        key=OrderKey("new_channel", ("5637 Ä/%", number)),
        reference=f"W{number}",
        customer_account="C-0001",
        currency="GBP",
        total=Decimal("24.06"),
        placed_at=datetime(2026, 3, 1, 11, 30, 15, tzinfo=UTC),
        delivery_date=date(2026, 3, 9),
        ships=True,
        ship_to=Address("Ann Other", "1 High Street", "Bristol", "BST", "BS1 5TY", "GB"),
        lines=(Line("1", "SKU-0001", Decimal(2), Decimal("20.05"), "GB20", Decimal(20), Decimal("4.01")),),
        charges=(),
    )
    return replace(good, **changes)


def refused() -> Order:
    """An order that the rules let pass and the ERP refuses."""
    good = order()
    return replace(good, lines=(replace(good.lines[0], sku=simulator.BLOCKED),))


def cancel(simulators: Simulators, order: Order) -> None:
    """Cancel an order as a person does in the ERP."""
    running = simulators.running(simulator.NewErp)
    running.by_reference(order.external_reference)["state"] = "cancelled"


def enter(simulators: Simulators, order: Order) -> str:
    """Enter an order by hand, as a person does who knows nothing of references; returns its number."""
    running = simulators.running(simulator.NewErp)
    line = {"item": "SKU-0001", "quantity": Decimal(1), "net": order.net, "tax_code": "GB20"}
    by_hand = {"reference": "", "channel": "", "customer": order.customer_account, "currency": order.currency}
    return str(running.store({**by_hand, "lines": [line]})["number"])
