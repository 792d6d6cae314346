"""What Tryton holds under our keys, in bulk, and what its error log says of a sale that is not processed.

A sale is found by its web ID in whatever web shop it stands, since the key names the channel: a renamed shop hides
nothing. It must not change anything.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from order_sync.core.bulk import batched
from order_sync.core.errors import OrderRefused
from order_sync.core.orders import Order, OrderKey
from order_sync.core.ports import InErp
from order_sync.core.verdict import Found, FoundState
from order_sync.erps.tryton.client import Client, Row
from order_sync.erps.tryton.lines import Digest, digest_of, digest_of_rows
from order_sync.erps.tryton.refusals import LONGEST, without_people

KEYS_A_CALL = 500
IDS_IN_AN_ADDRESS = 200
"""Ids that one GET may carry, which keeps its address below 2,000 characters."""

STATES = {
    "draft": FoundState.HALF_MADE,
    "quotation": FoundState.HALF_MADE,
    "confirmed": FoundState.TAKEN,
    "processing": FoundState.CONFIRMED,
    "done": FoundState.CONFIRMED,
    "cancelled": FoundState.CANCELLED,
}
"""Tryton's states of a sale; `confirmed` only says that its worker has been asked to process it."""

LISTED = ("number", "web_id", "state")
"""What `in_erp` needs of a sale."""

_BY_ID = re.compile(r"ID (\d{1,9})")
_FIELDS = ("web_id", "number", "state", "total_amount", "currency.code", "create_date")


async def look_up(client: Client, orders: Collection[Order]) -> Mapping[OrderKey, Sequence[Found]]:
    """See `Erp.look_up`."""
    by_key = {str(order.key): order for order in orders}
    pages = await asyncio.gather(
        *(client.search("sale.sale", [["web_id", "in", keys]], _FIELDS) for keys in batched(by_key, KEYS_A_CALL))
    )
    sales = [*chain.from_iterable(pages)]
    lines, errors = await asyncio.gather(
        _lines(client, [sale for sale in sales if STATES[sale["state"]] is FoundState.HALF_MADE]),
        _errors(client, [sale for sale in sales if STATES[sale["state"]] is FoundState.TAKEN]),
    )
    found: dict[OrderKey, list[Found]] = defaultdict(list)
    for sale in sales:
        order = by_key[sale["web_id"]]
        found[order.key].append(
            Found(
                STATES[sale["state"]],
                number=_number(sale),
                erp_status=sale["state"],
                total=sale["total_amount"],
                currency=sale["currency"]["code"],
                same_lines=_same_lines(order, lines[sale["id"]]) if sale["id"] in lines else None,
                text=without_people(errors.get(sale["id"], ""), order)[:LONGEST],
            )
        )
    return found


async def by_number(client: Client, company: int, numbers: Collection[str]) -> Mapping[str, InErp]:
    """See `Erp.by_number`; of one company, since each counts for itself."""
    pages = await asyncio.gather(
        *(
            client.search("sale.sale", [["company", "=", company], _is_called(names)], LISTED)
            for names in batched(sorted(set(numbers)), KEYS_A_CALL)
        )
    )
    rows = sorted(chain.from_iterable(pages), key=lambda row: (row["state"] != "cancelled", row["id"]))
    return {name: in_erp(row) for row in rows if (name := name_of(row)) in numbers}


def _is_called(names: Collection[str]) -> list[Any]:
    ids = [int(match[1]) for name in names if (match := _BY_ID.fullmatch(name))]
    return ["OR", ["number", "in", [*names]], ["id", "in", ids]]


def in_erp(sale: Row) -> InErp:
    """A sale as the port lists it; one in a state that a module of the house added is neither cancelled nor begun."""
    state = STATES.get(sale["state"])
    return InErp(
        name_of(sale), sale["web_id"] or "", state is FoundState.CANCELLED, begun=state is FoundState.HALF_MADE
    )


def name_of(sale: Row) -> str:
    """What people call a sale: its number, which a quotation gets, and before that Tryton's ID of the record."""
    return str(sale["number"] or f"ID {sale['id']}")


def _number(sale: Row) -> str:
    begun = STATES[sale["state"]] in (FoundState.HALF_MADE, FoundState.CANCELLED)
    return name_of(sale) if begun else str(sale["number"] or "")


def _same_lines(order: Order, lines: Digest) -> bool:
    try:
        return digest_of(order) == lines
    except OrderRefused:
        return False


async def _lines(client: Client, sales: Collection[Row]) -> Mapping[int, Digest]:
    """The digest of the lines of each sale, also of one without lines."""
    ids = [int(sale["id"]) for sale in sales]
    lines: dict[int, list[Row]] = {number: [] for number in ids}
    if ids:
        domain = [["sale", "in", ids], ["type", "=", "line"]]
        for row in await client.search("sale.line", domain, ("sale", "product.code", "quantity", "unit_price")):
            lines[int(row["sale"])].append(row)
    return {number: digest_of_rows(rows) for number, rows in lines.items()}


async def _errors(client: Client, sales: Collection[Row]) -> Mapping[int, str]:
    """The newest error of the worker about each sale: the log names the task, and the task its sales."""
    if not sales:
        return {}
    oldest: datetime = min(sale["create_date"] for sale in sales)
    domain = [["origin", "like", "ir.queue,%"], ["create_date", ">=", oldest]]
    rows = await client.search("ir.error", domain, ("origin", "message", "description"))
    texts = {int(row["origin"].partition(",")[2]): _text(row) for row in rows}
    pages = await asyncio.gather(
        *(client.by_id("ir.queue", ids, ("data",)) for ids in batched(sorted(texts), IDS_IN_AN_ADDRESS))
    )
    found: dict[int, str] = {}
    for task in chain.from_iterable(pages):
        if task["data"]["model"] == "sale.sale":
            instances = task["data"]["instances"]
            found |= dict.fromkeys([instances] if isinstance(instances, int) else instances, texts[task["id"]])
    return found


def _text(row: Row) -> str:
    return ": ".join(filter(None, (row["message"], row["description"])))
