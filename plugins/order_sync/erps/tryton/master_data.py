"""Codes to Tryton's ids: articles, customers, taxes, currencies, places and web shops, each asked for once and in bulk.

What is not there is remembered as absent, for the life of the adapter: one push. A missing code is the order's trouble
(OrderRefused), a missing web shop the installation's (Misconfigured). It must not know how sales are made.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from order_sync.core.basics.bulk import batched
from order_sync.core.errors import Misconfigured, OrderRefused
from order_sync.core.order.model import Order
from order_sync.erps.tryton.client import PAGE, Client, Domain, Row, text, whole
from order_sync.erps.tryton.look_ups import COMPANY, company_of

SALE_TAXES: Domain = [["parent", "=", None], ["OR", ["group", "=", None], ["group.kind", "in", ["sale", "both"]]]]
"""Taxes that may stand on a line of a sale."""


class Codes:
    """The records of one model under the values of one text field."""

    def __init__(
        self, client: Client, model: str, field: str, fields: Collection[str] = (), domain: Domain | None = None
    ) -> None:
        self._client = client
        self._model = model
        self._field = field
        self._fields = (field, *fields)
        self._domain = domain or []
        self._known: dict[str, Row | None] = {}

    async def learn(self, codes: Iterable[str]) -> None:
        """Ask for the codes that are not known yet."""
        for chunk in batched(sorted({code for code in codes if code} - self._known.keys()), PAGE):
            rows = await self._client.search(self._model, [*self._domain, [self._field, "in", chunk]], self._fields)
            found = {text(row, self._field): row for row in rows}
            if not found.keys() <= {*chunk}:
                raise ValueError(f"{self._model} was not requested")
            self._known |= dict.fromkeys(chunk) | found

    def get(self, code: str) -> Row | None:
        """The record that was learnt under a code, if there is one."""
        return self._known.get(code)

    def id(self, code: str, problem: str, kind: str) -> int:
        """The record's id. Raises OrderRefused with the code `problem` when Tryton has none."""
        row = self._known.get(code)
        if row is None:
            raise OrderRefused(
                f"{kind} '{code}' is not in the ERP, or not active there: create or activate it there, or correct it in"
                " the shop",
                code=problem,
            )
        return whole(row["id"])


@dataclass(frozen=True, slots=True)
class WebShop:
    """A web shop, with the company that sells and the warehouse that ships."""

    id: int
    company: int
    company_name: str
    warehouse: int
    zone: ZoneInfo


class MasterData:
    """Everything that an order names by a code."""

    def __init__(self, client: Client) -> None:
        self._shops = Codes(client, "web.shop", "name", ("company.timezone", *COMPANY, "warehouses"))
        self.articles = Codes(client, "product.product", "code", ("sale_uom", "default_uom"))
        self.parties = Codes(client, "party.party", "code", ("name",))
        self.currencies = Codes(client, "currency.currency", "code")
        self.countries = Codes(client, "country.country", "code")
        self.subdivisions = Codes(client, "country.subdivision", "code")
        self.taxes = Codes(client, "account.tax", "name", domain=SALE_TAXES)

    async def learn(self, orders: Collection[Order]) -> None:
        """Look up every code of these orders that is not known yet."""
        places = [order.ship_to for order in orders if order.ships and order.ship_to]
        await asyncio.gather(
            self.articles.learn(sku for order in orders for sku in _articles(order)),
            self.parties.learn(order.customer_account for order in orders),
            self.currencies.learn(order.currency for order in orders),
            self.countries.learn(place.country for place in places),
            self.subdivisions.learn(f"{place.country}-{place.state}" for place in places if place.state),
            self.taxes.learn(tax for order in orders for tax in _taxes(order)),
        )

    async def learn_shops(self, channels: Collection[str]) -> None:
        """Look up the web shops of these channels. Raises Misconfigured, saying what to create, if one cannot sell."""
        await self._shops.learn(channels)
        for channel in channels:
            self.shop(channel)

    def shop(self, channel: str) -> WebShop:
        """The web shop of a channel. Raises Misconfigured as `learn_shops`."""
        row = self._shops.get(channel)
        if row is None:
            raise Misconfigured(
                f"Tryton has no active web shop named '{channel}': create one under Sales, Configuration, Web Shops,"
                " with a company and a warehouse"
            )
        if not row["warehouses"]:
            raise Misconfigured(f"Tryton's web shop '{channel}' has no warehouse: set the one that ships its orders")
        company = row["company"]
        zone = text(company, "timezone") or "UTC"
        try:
            warehouse = whole(row["warehouses"][0])
            return WebShop(whole(row["id"]), whole(company["id"]), company_of(row), warehouse, ZoneInfo(zone))
        except (ZoneInfoNotFoundError, OSError):
            raise Misconfigured(
                f"the company of Tryton's web shop '{channel}' has a time zone that is not known here: '{zone[:50]}'"
            ) from None


def _articles(order: Order) -> Iterator[str]:
    yield from (line.sku for line in order.lines)
    yield from (charge.code for charge in order.charges)


def _taxes(order: Order) -> Iterator[str]:
    yield from (line.tax_code for line in order.lines)
    yield from (charge.tax_code for charge in order.charges)
