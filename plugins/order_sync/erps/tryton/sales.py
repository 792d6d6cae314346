"""One order into Tryton: create the sale, quote it, confirm it, and take up again what an earlier try left half made.

A sale exists from the moment it is created, so from then on any trouble of the system leaves an unknown outcome: the
order is looked up before anything else happens to it. It must not know how ids are found.
"""

from collections.abc import Awaitable, Sequence

from order_sync.core.errors import OrderConflict, OrderRefused, OutcomeUnknown, Transient
from order_sync.core.order.model import Order
from order_sync.core.order.money import Tolerance
from order_sync.core.sending.receipts import Receipt
from order_sync.erps.tryton.addresses import Addresses
from order_sync.erps.tryton.client import Client, Declined, Row, amount, text, whole
from order_sync.erps.tryton.lines import digest_of, digest_of_rows, sale_lines
from order_sync.erps.tryton.look_ups import name_of, number_of
from order_sync.erps.tryton.master_data import MasterData, WebShop
from order_sync.erps.tryton.refusals import Refusals
from order_sync.wire.content import in_doubt

MODEL = "sale.sale"
FIELDS = ("number", "state", "total_amount", "currency.code")
HEADER_FIELDS = ("party", "invoice_address", "shipment_address", "reference", "sale_date")
LINE_FIELDS = ("lines.type", "lines.product.code", "lines.quantity", "lines.unit_price")
BUTTONS = {"draft": "quote", "quotation": "confirm"}
"""What brings a sale of a state to the next, until Tryton's worker takes over."""


class Sales:
    """Submits orders; everything they name has been looked up before."""

    def __init__(
        self, client: Client, data: MasterData, addresses: Addresses, refusals: Refusals, tolerance: Tolerance
    ) -> None:
        self._client = client
        self._data = data
        self._addresses = addresses
        self._refusals = refusals
        self._tolerance = tolerance

    async def submit(self, order: Order) -> Receipt:
        """See `Erp.submit`."""
        shop, values = self.shop(order), self.values(order)
        sale: Row | None
        try:
            sale = await self._client.create(MODEL, values, FIELDS, shop.company)
        except Declined as declined:
            with in_doubt("the sale"):
                sale = await self._begun(order, shop, {name: values[name] for name in HEADER_FIELDS})
            if sale is None:
                raise self._refusals.refused("create", declined, order) from None
        with in_doubt("the sale"):
            return await self.finish(order, sale)

    def shop(self, order: Order) -> WebShop:
        """The web shop of the order's channel."""
        return self._data.shop(order.key.channel)

    def values(self, order: Order) -> Row:
        """The sale as Tryton is to create it. Raises OrderRefused for what Tryton does not have."""
        shop = self.shop(order)
        return {
            "web_shop": shop.id,
            "web_id": order.external_reference,
            "company": shop.company,
            "warehouse": shop.warehouse,
            "currency": self._data.currencies.id(order.currency, "CURRENCY_MAPPING", "currency"),
            "lines": [["create", self._lines(order)]],
            **self._header(order, shop),
        }

    async def revive(self, order: Order, number: str) -> None:
        """See `Revivable.revive`."""
        shop = self.shop(order)
        sale = await self._read(order, shop)
        if sale is None or name_of(sale) != number:
            has = f"{_named(sale)} has this order's key" if sale else "the ERP has no sale under this order's key"
            raise OrderRefused(f"'{number}' is not reopened: {has}")
        if sale["state"] != "cancelled":
            return
        try:
            self._same(order, sale)
        except OrderConflict as conflict:
            raise OrderRefused(f"'{number}' is not reopened: {conflict}", code=conflict.code) from None
        try:
            await self._press(order, shop, sale, "draft")
        except OutcomeUnknown as error:
            raise Transient(f"{_named(sale)} may or may not be open again: {error}") from error

    def _header(self, order: Order, shop: WebShop) -> Row:
        """What may still be put right on a sale that is not confirmed."""
        return {
            "party": self._data.parties.id(order.customer_account, "CUSTOMER_NOT_FOUND", "customer"),
            "invoice_address": self._addresses.invoice(order),
            "shipment_address": self._addresses.delivery(order),
            "reference": order.reference,
            "sale_date": order.placed_at.astimezone(shop.zone).date(),
        }

    def _lines(self, order: Order) -> Sequence[Row]:
        rows = []
        for line in sale_lines(order):
            product = self._data.articles.id(line.sku, "SKU_NOT_FOUND", "SKU")
            article = self._data.articles.get(line.sku) or {}
            taxes = [self._data.taxes.id(line.tax_code, "TAX_MAPPING", "tax")] if line.tax_code else []
            rows.append(
                {
                    "type": "line",
                    "product": product,
                    "unit": article["sale_uom"] or article["default_uom"],
                    "quantity": float(line.quantity),
                    "unit_price": line.unit_price,
                    "taxes": [["add", taxes]],
                }
            )
        return rows

    async def _begun(self, order: Order, shop: WebShop, header: Row) -> Row | None:
        """The sale that bears the order's key already, put right and ready to be finished; None if there is none."""
        sale = await self._read(order, shop)
        if sale is None:
            return None
        if sale["state"] == "cancelled":
            raise OrderRefused(
                f"{_named(sale)} keeps the order's key: reset it to draft in the ERP, or mark the order as ignored",
                code="CANCELLED_IN_ERP",
            )
        self._same(order, sale)
        if sale["state"] in BUTTONS and any(sale[name] != value for name, value in header.items()):
            if sale["state"] != "draft":
                sale = await self._press(order, shop, sale, "draft")
            write = self._client.write(MODEL, whole(sale["id"]), header, FIELDS, shop.company)
            sale = await self._step(order, shop, sale, "correct", write)
        return sale

    async def finish(self, order: Order, sale: Row) -> Receipt:
        """Quote and confirm a sale, as far as its state asks for it."""
        while button := BUTTONS.get(sale["state"]):
            if button == "confirm":
                self.same_money(order, sale)
            sale = await self._press(order, self.shop(order), sale, button)
        return Receipt(number_of(sale), text(sale, "state"), self.shop(order).company_name)

    async def _press(self, order: Order, shop: WebShop, sale: Row, button: str) -> Row:
        press = self._client.press(MODEL, whole(sale["id"]), button, FIELDS, shop.company)
        return await self._step(order, shop, sale, button, press)

    async def _step(self, order: Order, shop: WebShop, sale: Row, name: str, call: Awaitable[Row]) -> Row:
        """Make one call; if Tryton declines it because another submit was quicker, go on from the state of now."""
        try:
            return await call
        except Declined as declined:
            now = await self._read(order, shop)
            if now is None or now["state"] == sale["state"]:
                raise self._refusals.refused(name, declined, order) from None
            return now

    async def _read(self, order: Order, shop: WebShop) -> Row | None:
        domain = [["web_shop", "=", shop.id], ["web_id", "=", order.external_reference]]
        rows = await self._client.search(MODEL, domain, (*FIELDS, *HEADER_FIELDS, *LINE_FIELDS))
        return rows[0] if rows else None

    def _same(self, order: Order, sale: Row) -> None:
        lines = [line for line in sale["lines"] if text(line, "type") == "line"]
        if digest_of_rows(lines) != digest_of(order):
            raise OrderConflict(f"{_named(sale)} has different lines from the order")
        self.same_money(order, sale)

    def same_money(self, order: Order, sale: Row) -> None:
        """Raises OrderConflict for a sale over another total or in another currency than the order."""
        currency, total = text(sale["currency"], "code"), amount(sale, "total_amount")
        allowed = self._tolerance.of(order.currency, len(order.lines) + len(order.charges))
        if currency != order.currency or abs(total - order.total) > allowed:
            raise OrderConflict(
                f"{_named(sale)} has the total {total} {currency}, the channel's order has {order.total}"
                f" {order.currency}"
            )


def _named(sale: Row) -> str:
    return f"the ERP's sale {name_of(sale)} ({sale['state']})"
