"""Tryton as the flows see it: the port `Erp`, over one database of one server."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ClassVar, Self, TypeVar, cast

from order_sync.core.basics.calendar_days import Window
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.errors import Misconfigured, NotAuthorised
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.ports.erp import BatchLimits, Health
from order_sync.core.sending.receipts import Answer, Receipt, Sent
from order_sync.core.sending.traits import Traits
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder, ListedOrder
from order_sync.erps.tryton.addresses import Addresses
from order_sync.erps.tryton.batches import Batches
from order_sync.erps.tryton.client import Client, text
from order_sync.erps.tryton.look_ups import KEYS_A_CALL, LISTED, by_number, in_erp, look_up
from order_sync.erps.tryton.master_data import MasterData
from order_sync.erps.tryton.reference import read_reference
from order_sync.erps.tryton.refusals import Refusals
from order_sync.erps.tryton.sales import Sales
from order_sync.erps.tryton.session import TrytonSession
from order_sync.profile import Profile, Refusal, read_profile
from order_sync.specs import ErpSpec, FolderOf
from order_sync.wire.content import UNREADABLE, unreadable
from order_sync.wire.endpoint import Endpoint

MODULES = ("sale", "web_shop")
"""The modules of Tryton without which there is nothing to send an order to."""

OLDEST = (8, 0)
"""The oldest series with a REST interface that takes orders."""

CALLS_PER_SUBMIT = 6
"""How many calls one submit may need at most: create, quote and confirm, and to resume one more round."""

_READ = (
    *("account.tax", "company.company", "country.country", "country.subdivision", "currency.currency", "ir.error"),
    *("ir.queue", "party.party", "product.product", "web.shop"),
)
PERMISSIONS = {
    "sale.sale": ("read", "create", "write"),
    "sale.line": ("read", "create"),
    "party.address": ("read", "create"),
    **dict.fromkeys(_READ, ("read",)),
}
"""What the key's user must be allowed to do: the group Sales, and to read the error log and its tasks."""


Call = TypeVar("Call", bound=Callable[..., Awaitable[Any]])


def _now() -> datetime:
    return datetime.now(UTC)


def _series(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _read(call: Call) -> Call:
    """Make Unreadable of whatever an answer leads to that is not as expected; by then nothing was sent."""

    @wraps(call)
    async def reading(self: "Tryton", *args: Any, **kwargs: Any) -> Any:
        try:
            return await call(self, *args, **kwargs)
        except UNREADABLE as error:
            what = f"Tryton's database '{self._client.database}' sent an unreadable answer to {call.__name__}"
            raise unreadable(what, error) from None

    return cast("Call", reading)


class Tryton:
    """One Tryton database; an async context manager that holds its connections.

    The connection is of type `http`: address, the REST key of a user as password, and in its extra `database`, and `ca`
    where the server's certificate is not of a known authority. With the user's login in the connection and its password
    as `user_password` in the extra, orders go in batches, otherwise one by one. Options: `channels`, the channels that
    it serves; each needs an active web shop of its name, with a warehouse.
    """

    connection_type: ClassVar = "http"
    traits = Traits(
        "unique_key",
        keys_a_call=KEYS_A_CALL,
        confirmed_states=("processing", "done"),
        may_confirm=("confirmed", "processing", "done"),
    )

    @classmethod
    def of(cls, endpoint: Endpoint, spec: ErpSpec, settings: Settings, folder: FolderOf) -> Self:
        """See `Adapter.of`. Of a profile it reads the refusals alone."""
        own = folder("erps", spec.name)
        profile = read_profile(own)
        if profile != Profile(refusals=profile.refusals):
            raise Misconfigured(f"{own}: Tryton's adapter reads only refusals.toml: remove the other files")
        return cls(endpoint, settings, spec.options, profile.refusals)

    def __init__(
        self,
        endpoint: Endpoint,
        settings: Settings,
        options: Mapping[str, Any],
        refusals: Sequence[Refusal] = (),
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.traits = replace(self.traits, submit_seconds=CALLS_PER_SUBMIT * settings.call_deadline.total_seconds())
        self._channels: Sequence[str] = tuple(options.get("channels", ()))
        self._now = now
        self._client = Client(endpoint, settings)
        self._data = MasterData(self._client)
        meanings = Refusals(refusals)
        self._addresses = Addresses(self._client, self._data, meanings)
        self._sales = Sales(self._client, self._data, self._addresses, meanings, settings.total_tolerance)
        session = TrytonSession(self._client.http, endpoint, self._client.database)
        self._batches = Batches(self._client, session, self._sales)
        several = BatchLimits(32, at_a_time=2)
        self.batch_limits = several if session.possible else BatchLimits(1, settings.submit_concurrency)
        self._learning = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__(*error)

    @_read
    async def check(self) -> Health:
        """Reachable, authorised, with a web shop for each channel. The fingerprint is the database's name and birth."""
        version = await self._client.version()
        if _series(version) < OLDEST:
            raise Misconfigured(
                f"the server is Tryton {version}, which is too old: upgrade it to {OLDEST[0]}.{OLDEST[1]} or newer"
            )
        rows = await self._client.search("ir.module", [["state", "=", "activated"]], ("name", "create_date"))
        activated = {text(row, "name"): row["create_date"] for row in rows}
        if lacking := [module for module in MODULES if module not in activated]:
            raise Misconfigured(f"Tryton's database '{self._client.database}' lacks {', '.join(lacking)}: activate it")
        access = await self._client.access([*PERMISSIONS])
        if missing := [
            f"{way} {model}" for model, ways in PERMISSIONS.items() for way in ways if not access[model][way]
        ]:
            raise NotAuthorised(f"the user of Tryton's REST key may not {', '.join(missing)}", code="FORBIDDEN")
        await self._data.learn_shops(self._channels)
        return Health(f"{self._client.database}, made {activated['ir'].isoformat()}", version)

    @_read
    async def reference(self, wanted: Collection[Wanted] | None = None) -> ReferenceData:
        """See `Erp.reference`: always all of it, in seven questions. `as_of` is the moment before it was read."""
        as_of = self._now()
        return ReferenceData(await read_reference(self._client), as_of)

    @_read
    async def prepare(self, orders: Collection[Order]) -> None:
        """See `Erp.prepare`; adds delivery addresses that a customer does not have yet."""
        async with self._learning:
            await self._data.learn_shops({order.key.channel for order in orders})
            await self._data.learn(orders)
            await self._addresses.learn(orders)

    @_read
    async def submit(self, order: Order) -> Receipt:
        """See `Erp.submit`: three calls, create, quote and confirm; up to six to take up what was begun."""
        await self.prepare((order,))
        return await self._sales.submit(order)

    async def submit_all(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        """See `Batching.submit_all`: six calls, and more where Tryton declines some of the orders."""
        await self.prepare(orders)
        return await self._batches.submit(orders)

    @_read
    async def look_up(self, sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        """See `Erp.look_up`."""
        return await look_up(self._client, [each.order for each in sent])

    @_read
    async def by_number(self, channel: str, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
        """See `Listing.by_number`: of the company of the channel's web shop. Without a number a sale is `ID 17`."""
        if not numbers:
            return {}
        await self._data.learn_shops([channel])
        return await by_number(self._client, self._data.shop(channel).company, numbers)

    @_read
    async def revive(self, order: Order, number: str) -> None:
        """See `Revivable.revive`: the sale of the channel's web shop becomes a draft again."""
        await self._data.learn_shops([order.key.channel])
        await self._sales.revive(order, number)

    @_read
    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        """See `Listing.orders`: sales of the channel's web shop, and those that bear one of its keys in another."""
        of_channel = ["OR", ["web_shop.name", "=", channel], _bears_key_of(channel)]
        made = [["create_date", ">=", window.start], ["create_date", "<", window.end]]
        return [in_erp(row) for row in await self._client.search("sale.sale", [of_channel, *made], LISTED)]

    @_read
    async def count(self, channel: str) -> int:
        """See `Listing.count`: by the channel's name in the web ID, in whatever web shop."""
        return await self._client.count("sale.sale", [_bears_key_of(channel), ["state", "!=", "cancelled"]])


def _bears_key_of(channel: str) -> list[str]:
    """The condition that a sale's web ID is a key of this channel."""
    prefix = channel.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    return ["web_id", "like", f"{prefix}:%"]
