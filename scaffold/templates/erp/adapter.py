"""NewErp as the flows see it: the port `Erp`, and `Listing` besides, over its REST interface."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, Self

from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.order.references import ReferenceField
from order_sync.core.ports.erp import Health
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.traits import Traits
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder, ListedOrder
from order_sync.profile import Profile, read_profile
from order_sync.specs import ErpSpec, FolderOf
from order_sync.wire.auth import bearer
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http


class NewErp:
    """One company in NewErp; an async context manager.

    The connection is of type `http`: its address, and the key as its password.
    """

    connection_type: ClassVar = "http"
    # Say no more of the ERP than its documentation promises: docs/adding.md has a table of these.
    traits = Traits(
        "unique_key",  # or "searchable", or "blind": what it does about a second order under one reference
        submit_seconds=120,  # the longest that one submit may take, with all its calls
        proof="gross",  # or "net", or "acceptance": what shows that a confirmed order is the one that was sent
        knows=frozenset({"sku", "customer", "tax"}),  # the kinds of codes that it can tell
        external_reference=ReferenceField(longest=60),  # what its field for our reference takes
    )

    @classmethod
    def of(cls, endpoint: Endpoint, spec: ErpSpec, settings: Settings, folder: FolderOf) -> Self:
        """See `Adapter.of`."""
        return cls(endpoint, settings, read_profile(folder("erps", spec.name)))

    def __init__(self, endpoint: Endpoint, settings: Settings, profile: Profile) -> None:
        self._profile = profile
        self._http = Http(endpoint, settings, bearer(endpoint))

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.__aexit__(*error)

    async def check(self) -> Health:
        """Reachable, authorised and set up. The fingerprint names this company for good."""
        raise NotImplementedError("write check: ask which company this is, and return Health with its id and version")

    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        """See `Erp.reference`: always all of it."""
        raise NotImplementedError("write reference: read all articles, customers and taxes, and return ReferenceData")

    async def prepare(self, orders: Collection[Order]) -> None:
        """Nothing to look up."""

    async def submit(self, order: Order) -> Receipt:
        """See `Erp.submit`."""
        raise NotImplementedError(
            "write submit: create the order under its external_reference, or finish what is begun"
        )

    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        """See `Erp.look_up`."""
        raise NotImplementedError("write look_up: find the orders under these external references, in bulk")

    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        """See `Listing.by_number`."""
        raise NotImplementedError("write by_number: find orders by their numbers, in bulk; or take Listing out")

    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        """See `Listing.orders`."""
        raise NotImplementedError("write orders: list what was made in the window for that channel")

    async def count(self, channel: str) -> int:
        """See `Listing.count`."""
        raise NotImplementedError("write count: how many live orders of the channel the ERP holds, by its own count")
