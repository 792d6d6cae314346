"""Everything in Tryton that the rules ask for, in bulk, and the states, which a submit needs."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

from order_sync.core.rules import Wanted
from order_sync.erps.tryton.client import Client, Row
from order_sync.erps.tryton.master_data import SALE_TAXES

_HAS_CODE = [["code", "!=", None], ["code", "!=", ""]]
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
    guests = {shop["guest_party"] for shop in shops}
    facts: dict[Wanted, Mapping[str, object]] = {}
    facts |= {("sku", row["code"]): {"salable": row["salable"], "digits": _digits(row)} for row in articles}
    facts |= {("customer", row["code"]): {} for row in parties if row["id"] not in guests}
    facts |= {("tax", row["name"]): {"rate": _percent(row["rate"])} for row in taxes}
    facts |= {("currency", row["code"]): {"digits": row["digits"]} for row in currencies}
    facts |= {("country", row["code"]): {} for row in countries}
    facts |= {("state", row["code"]): {} for row in states}
    return facts


def _digits(article: Row) -> int:
    return int((article["sale_uom"] or article["default_uom"])["digits"])


def _percent(rate: Decimal) -> str:
    """0.0725 as "7.25", 0.20 as "20"."""
    return f"{(rate * 100).normalize():f}"
