"""Where sales are invoiced and shipped to: found under the customer's party, and added there when it is a new one.

An address is the same only if every part of it is. Tryton's own address of the customer is never changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from order_sync.core.errors import OrderRefused
from order_sync.core.order.model import Order
from order_sync.erps.tryton.client import Client, Declined, Row, text, whole
from order_sync.erps.tryton.master_data import MasterData
from order_sync.erps.tryton.refusals import Refusals


@dataclass(frozen=True, slots=True)
class Place:
    """An address as Tryton stores it; `name` is '' where it is the party's own."""

    party: int
    name: str
    street: str
    postal_code: str
    city: str
    country: int
    subdivision: int | None


class Addresses:
    """The addresses that orders need, by customer and by place."""

    def __init__(self, client: Client, data: MasterData, refusals: Refusals) -> None:
        self._client = client
        self._data = data
        self._refusals = refusals
        self._invoice: dict[int, int | None] = {}
        self._delivery: dict[Place, int | OrderRefused] = {}

    async def learn(self, orders: Collection[Order]) -> None:
        """Find the addresses of these orders, whose codes are known, and add the delivery addresses that are new."""
        parties = {whole(row["id"]) for order in orders if (row := self._data.parties.get(order.customer_account))}
        await self._learn_invoice(parties - self._invoice.keys())
        places = {place: order for order in orders if (place := self._place_if_known(order))}
        missing = {place: order for place, order in places.items() if place not in self._delivery}
        if missing:
            await self._find(missing.keys())
            await self._add({place: order for place, order in missing.items() if place not in self._delivery})

    def invoice(self, order: Order) -> int:
        """The customer's invoice address. Raises OrderRefused if it has none."""
        party = self._party(order)
        address = self._invoice.get(party)
        if address is None:
            raise OrderRefused(
                f"customer '{order.customer_account}' has no invoice address in the ERP: add one to its party",
                code="INVOICE_ADDRESS_MISSING",
            )
        return address

    def delivery(self, order: Order) -> int:
        """Where to ship to; the invoice address for an order that does not ship. Raises OrderRefused as Tryton does."""
        if not order.ships:
            return self.invoice(order)
        address = self._delivery[self._place(order)]
        if isinstance(address, OrderRefused):
            raise address
        return address

    def _party(self, order: Order) -> int:
        return self._data.parties.id(order.customer_account, "CUSTOMER_NOT_FOUND", "customer")

    def _place(self, order: Order) -> Place:
        """The place an order ships to, in Tryton's ids. Raises OrderRefused for what Tryton does not know."""
        address = order.ship_to
        if address is None:
            raise OrderRefused(
                "the order must be shipped but has no address: complete it in the shop", code="ADDRESS_MISSING"
            )
        party = self._party(order)
        own_name = (self._data.parties.get(order.customer_account) or {}).get("name")
        problem = "COUNTRY_STATE_INVALID"
        country = self._data.countries.id(address.country, problem, "country")
        state = f"{address.country}-{address.state}" if address.state else ""
        return Place(
            party,
            "" if address.name == own_name else address.name,
            address.street,
            address.postal_code,
            address.city,
            country,
            self._data.subdivisions.id(state, problem, "state") if state else None,
        )

    def _place_if_known(self, order: Order) -> Place | None:
        try:
            return self._place(order) if order.ships else None
        except OrderRefused:
            return None

    async def _learn_invoice(self, parties: Collection[int]) -> None:
        if not parties:
            return
        domain = [["party", "in", sorted(parties)], ["invoice", "=", True]]
        rows = await self._client.search("party.address", domain, ("party", "sequence"))
        self._invoice |= dict.fromkeys(parties)
        for row in sorted(rows, key=_rank, reverse=True):
            self._invoice[whole(row["party"])] = whole(row["id"])

    async def _find(self, places: Collection[Place]) -> None:
        domain = [
            ["party", "in", sorted({place.party for place in places})],
            ["city", "in", sorted({place.city for place in places})],
            ["postal_code", "in", _with_none({place.postal_code for place in places})],
        ]
        fields = ("party", "party_name", "street_unstructured", "postal_code", "city", "country", "subdivision")
        for row in await self._client.search("party.address", domain, fields):
            place = Place(
                whole(row["party"]),
                text(row, "party_name"),
                text(row, "street_unstructured"),
                text(row, "postal_code"),
                text(row, "city"),
                row["country"],
                row["subdivision"],
            )
            self._delivery.setdefault(place, whole(row["id"]))

    async def _add(self, places: dict[Place, Order]) -> None:
        """Add them in one call; if Tryton declines one of them, it declines all, and they are added one by one."""
        try:
            added: Sequence[int] = await self._client.create_all("party.address", [_values(place) for place in places])
            self._delivery |= dict(zip(places, added, strict=True))
        except Declined as declined:
            if len(places) > 1:
                for place, order in places.items():
                    await self._add({place: order})
            else:
                ((place, order),) = places.items()
                self._delivery[place] = self._refusals.refused("delivery address", declined, order)


def _values(place: Place) -> Row:
    return {
        "party": place.party,
        "party_name": place.name or None,
        "street_unstructured": place.street,
        "postal_code": place.postal_code or None,
        "city": place.city,
        "country": place.country,
        "subdivision": place.subdivision,
        "invoice": False,
        "delivery": True,
    }


def _rank(row: Row) -> tuple[bool, int, int]:
    """Tryton's order of a party's addresses: those without sequence first."""
    return (row["sequence"] is not None, whole(row["sequence"] or 0), whole(row["id"]))


def _with_none(texts: Collection[str]) -> list[str | None]:
    return [*sorted(filter(None, texts)), *([None] if "" in texts else [])]
