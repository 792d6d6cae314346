"""An ERP under test behind a network that may break, and what of the suite it can be asked.

What an ERP can do is read off its adapter, by the small protocols of `core.ports.erp` and by its traits, and off its
fixture. A sentence that needs an ability is tried on those ERPs that have it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import pytest

from order_sync import registry
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.order.references import ANY_KEY, addressed
from order_sync.core.ports.erp import Erp, Listing, Revivable
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.traits import Traits
from order_sync.core.settling.erp_orders import ErpOrder
from order_sync.specs import ErpSpec
from order_sync.wire.endpoint import Endpoint
from tests.contract.able import Able
from tests.contract.fixtures import fixture_of
from tests.contract.wrong_erps.adapter import Wrong
from tests.support.folders import UnsureFolders
from tests.support.proxy import Proxy

ASKED = ("server", "endpoint", "connect", "order")
"""What every ERP's fixture must have."""

EXAMPLES = ("drop", "bridge", "blind_bridge", "back_office")
"""ERPs that the registry as it is shipped does not hold: files, bridges, and one unlike the others in most ways."""

ERPS = tuple(dict.fromkeys((*(spec.name for spec in registry.ERPS), *EXAMPLES)))

MAY_HAVE = ("cancel", "in_batches", "refused", "refused_later", "repeat", "rest")
"""What a fixture may have, for what an ERP may do."""

Test = TypeVar("Test", bound=Callable[..., Any])


def needs(*able: str, calls: Collection[str] = ()) -> Callable[[Test], Test]:
    """Marks a sentence that is tried only on ERPs that are able to do all of this, and with which of its calls."""

    def marked(test: Test) -> Test:
        test.able, test.calls = able, tuple(calls)  # type: ignore[attr-defined]
        return test

    return marked


NEEDED_BY_CALLS = {
    "reference": "reference",
    "look_up": "shown",
    **dict.fromkeys(("orders", "by_number", "count"), "listing"),
    "revive": "revivable",
}
"""What an ERP must be able to do, to be called so."""


def spec_of(name: str) -> ErpSpec:
    """Its line in the registry, or the one of its fixture."""
    listed = {spec.name: spec for spec in registry.ERPS}
    return listed[name] if name in listed else fixture_of(name, ("SPEC",)).SPEC


def abilities(name: str) -> frozenset[str]:
    """What an ERP can do. Fails for a fixture that lacks what must be there to see it."""
    adapter, fixture = registry.load(spec_of(name).adapter), fixture_of(name, ASKED)
    traits: Traits = getattr(fixture, "traits", adapter.traits)
    able = {
        "listing": issubclass(adapter, Listing),
        "revivable": issubclass(adapter, Revivable),
        "reference": bool(traits.knows),
        "http": adapter.connection_type == "http",
        "shown": traits.looks_up,
        "knows_again": traits.looks_up or traits.guarantee == "unique_key",
        traits.guarantee: True,
        **{part: hasattr(fixture, part) for part in MAY_HAVE},
    }
    judges = ("enter", "cancel") if able["listing"] else ("count",)
    fixture_of(name, (*judges, *(["total"] if traits.proof == "acceptance" else [])))
    if not able["refused"] and not able["refused_later"]:
        pytest.fail(f"tests/fixtures/{name}.py has neither refused nor refused_later: docs/adding.md says what they do")
    return frozenset(word for word, can in able.items() if can)


def is_able(name: str, *words: str) -> bool:
    """Whether an ERP can do all of this. One whose fixture lacks something seems to be, to fail by its name."""
    try:
        return abilities(name).issuperset(words)
    except pytest.fail.Exception:
        return True


def tried_on(test: Callable[..., Any]) -> list[str]:
    """The ERPs on which a sentence is tried: by its own needs, and those of all sentences of its module, `ABLE`."""
    needed = (*getattr(test, "able", ()), *vars(sys.modules[test.__module__]).get("ABLE", ()))
    return [name for name in ERPS if is_able(name, *needed)]


def called_on(test: Callable[..., Any]) -> list[tuple[str, str]]:
    """The same for a sentence about calls: each ERP with each call that it knows."""
    calls: Sequence[str] = test.calls  # type: ignore[attr-defined]
    needed = {call: [NEEDED_BY_CALLS[call]] if call in NEEDED_BY_CALLS else [] for call in calls}
    return [(name, call) for name in tried_on(test) for call in calls if is_able(name, *needed[call])]


class Addressing(Wrong):
    """An adapter whose ERP does not take our keys, given orders as the flows give them: under their references."""

    def _addressed(self, order: Order) -> Order:
        return addressed(replace(order, short_reference=""), self.traits.external_reference)

    async def prepare(self, orders: Collection[Order]) -> None:
        await self.right.prepare([self._addressed(order) for order in orders])

    async def submit(self, order: Order) -> Receipt:
        return await self.right.submit(self._addressed(order))

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        return await self.right.look_up([replace(each, order=self._addressed(each.order)) for each in sent])

    async def revive(self, order: Order, number: str) -> None:
        await self.right.revive(self._addressed(order), number)


@dataclass(frozen=True)
class Subject:
    """An ERP under test, behind a network. `mistake` breaks its adapter, to see whether a test notices."""

    fixture: ModuleType
    server: Any
    network: Any
    able: frozenset[str]
    mistake: Callable[[Any], Any] = lambda erp: erp
    patience: float = 180
    """Seconds that the ERP may take to confirm."""

    @property
    def endpoint(self) -> Any:
        """What the adapter is made with: over the network."""
        opened = self.fixture.endpoint(self.server)
        if not isinstance(opened, Endpoint):
            return self.network
        return replace(opened, base_url=self.network.base_url + urlsplit(opened.base_url).path)

    @property
    def nowhere(self) -> Any:
        """The same where nobody answers."""
        opened = self.fixture.endpoint(self.server)
        if isinstance(opened, Endpoint):
            return replace(opened, base_url="http://127.0.0.1:9")
        return UnsureFolders(opened, away=True)

    @asynccontextmanager
    async def erp(self, endpoint: Any = None, **how: Any) -> AsyncIterator[Able]:
        """The adapter as one run has it, which has learnt nothing yet."""
        async with self.fixture.connect(endpoint or self.endpoint, **how) as erp:
            adapter: Able = self.mistake(erp)
            yield adapter if adapter.traits.external_reference == ANY_KEY else cast(Able, Addressing(adapter))

    def order(self) -> Order:
        order: Order = self.fixture.order()
        return order

    @property
    def lag(self) -> float:
        """Seconds after which the ERP shows an order that it has."""
        return getattr(self.fixture, "lag", 0)

    async def shown(self) -> None:
        """Wait until the ERP shows what it has."""
        await asyncio.sleep(self.lag)

    async def seen(self, erp: Erp, order: Order, number: str = "") -> Sequence[ErpOrder]:
        """What a look-up finds under the order's key, once the ERP shows what it has."""
        await self.shown()
        return (await erp.look_up([Sent(order, number)])).get(order.key, ())

    async def count(self, erp: Able, channel: str) -> int:
        """How many orders of a channel the ERP holds: by the ERP itself, or by whoever looks into it."""
        await self.shown()
        if "listing" in self.able:
            return await erp.count(channel)
        return int(self.fixture.count(self.server, channel))

    def rests(self) -> None:
        """The ERP need not confirm what nobody waits for, if it has to work for that."""
        if hasattr(self.fixture, "rest"):
            self.fixture.rest(self.server)

    def works(self) -> None:
        """From now on the ERP confirms what it takes, and what it took in this test."""
        if hasattr(self.fixture, "work"):
            self.fixture.work(self.server)

    async def calls(self) -> int:
        """How many calls a submit makes in all."""
        async with self.erp() as erp:
            order = self.order()
            await self.count(erp, order.key.channel)  # what a run asks for once, such as a token, is no part of it
            self.network.requests.clear()
            await erp.submit(order)
            return len(self.network.requests)


@contextmanager
def installed_erp(request: pytest.FixtureRequest, name: str) -> Iterator[Subject]:
    """An ERP of a fixture, which works when the test is over."""
    fixture = fixture_of(name, ASKED)
    server = request.getfixturevalue(fixture.server)
    opened = fixture.endpoint(server)
    with Proxy(opened.base_url) if isinstance(opened, Endpoint) else UnsureFolders(opened) as network:
        subject = Subject(fixture, server, network, abilities(name))
        yield subject
        subject.rests()
        subject.works()
