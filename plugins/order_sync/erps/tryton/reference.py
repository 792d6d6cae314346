"""Everything in Tryton that the rules ask for, in bulk, and the states, which a submit needs."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

from order_sync.core.checks.reference_data import Wanted
from order_sync.erps.tryton.client import Client, Row, amount, text, whole
from order_sync.erps.tryton.master_data import SALE_TAXES

_HAS_CODE = [["code", "!=", None], ["code", "!=", ""]]
MOST_DECIMALS = 12
"""Of a quantity: more than Tryton's own arithmetic keeps of one."""

_ARTICLE = ("code", "salable", "sale_uom.digits", "default_uom.digits")


async def read_reference(client: Client) -> Mapping[Wanted, Mapping[str, object]]:
    """The facts that `rules.ReferenceData` describes. A web shop's guest is no customer: Tryton refuses to quote it."""
    articles, parties, taxes, currencies, countries, states, shops = await asyncio.gather(
        client.search("product.product", _HAS_CODE, _ARTICLE),
        client.search("party.party", _HAS_CODE, ("code",)),
        client.search("account.tax", [*SALE_TAXES, ["type", "=", "percentage"]], ("name", "rate")),
        client.search("currency.currency", [], ("code", "digits")),
        client.search("country.country", _HAS_CODE, ("code",)),
        client.search("country.subdivision", _HAS_CODE, ("code",)),
        client.search("web.shop", [["guest_party", "!=", None]], ("guest_party",)),
    )
    guests = {whole(shop["guest_party"]) for shop in shops}
    facts: dict[Wanted, Mapping[str, object]] = {}
    facts |= {("sku", text(row, "code")): {"salable": _salable(row), "digits": _digits(row)} for row in articles}
    facts |= {("customer", text(row, "code")): {} for row in parties if whole(row["id"]) not in guests}
    facts |= {("tax", text(row, "name")): {"rate": _percent(amount(row, "rate"))} for row in taxes}
    facts |= {("currency", text(row, "code")): {"digits": whole(row["digits"])} for row in currencies}
    facts |= {("country", text(row, "code")): {} for row in countries}
    facts |= {("state", text(row, "code")): {} for row in states}
    return facts


def _salable(article: Row) -> bool:
    if article["salable"] not in (True, False, None):
        raise TypeError("salable is not a boolean")
    return bool(article["salable"])


def _digits(article: Row) -> int:
    return min(whole((article["sale_uom"] or article["default_uom"])["digits"]), MOST_DECIMALS)


def _percent(rate: Decimal) -> str:
    """0.0725 as "7.25", 0.20 as "20". Raises ValueError for a rate beyond all reckoning."""
    if abs(rate) > 1000:
        raise ValueError("no rate of a tax")
    return f"{(rate * 100).normalize():f}"
