"""What Tryton holds under our keys, in bulk, and what its error log says of a sale that is not processed.

A sale is found by its web ID in whatever web shop it stands, since the key names the channel: a renamed shop hides
nothing. It must not change anything.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from order_sync.core.basics.bulk import batched
from order_sync.core.errors import OrderRefused
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState, ListedOrder
from order_sync.erps.tryton.client import Client, Row, amount, text, whole
from order_sync.erps.tryton.lines import Digest, digest_of, digest_of_rows
from order_sync.erps.tryton.refusals import LONGEST, without_people
from order_sync.wire.content import UNREADABLE, unreadable

KEYS_A_CALL = 500
IDS_IN_AN_ADDRESS = 200
"""Ids that one GET may carry, which keeps its address below 2,000 characters."""

STATES = {
    "draft": ErpOrderState.HALF_MADE,
    "quotation": ErpOrderState.HALF_MADE,
    "confirmed": ErpOrderState.TAKEN,
    "processing": ErpOrderState.CONFIRMED,
    "done": ErpOrderState.CONFIRMED,
    "cancelled": ErpOrderState.CANCELLED,
}
"""Tryton's states of a sale; `confirmed` only says that its worker has been asked to process it."""

_GO_BY_ID = (ErpOrderState.HALF_MADE, ErpOrderState.CANCELLED)
"""States in which a sale may have no number, and is found by its ID."""

LONGEST_NUMBER = 200
"""Characters of a sale's number; a longer one is none."""

COMPANY = ("company.party.code", "company.party.name")
"""What `company_of` needs of a record."""

LISTED = ("number", "web_id", "state", *COMPANY)
"""What `in_erp` needs of a sale."""

_BY_ID = re.compile(r"ID (\d{1,9})")
_FIELDS = ("web_id", "number", "state", "total_amount", "currency.code", "create_date", *COMPANY)


@dataclass(frozen=True, slots=True)
class _Sale:
    """A sale as a look-up reads it."""

    id: int
    state: ErpOrderState
    word: str
    number: str
    total: Decimal
    currency: str
    made_at: datetime
    company: str


async def look_up(client: Client, orders: Collection[Order]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
    """See `Erp.look_up`. What cannot be read of a sale leaves the others as they are."""
    by_key = {order.external_reference: order for order in orders}
    pages = await asyncio.gather(
        *(client.search("sale.sale", [["web_id", "in", keys]], _FIELDS) for keys in batched(by_key, KEYS_A_CALL))
    )
    # A row of which nobody knows whose it is makes the whole answer unreadable: it could be any order's.
    read = [(by_key[text(row, "web_id")], _read(row)) for row in chain.from_iterable(pages)]
    sales = [sale for _, sale in read if isinstance(sale, _Sale)]
    lines, errors = await asyncio.gather(
        _lines(client, [sale.id for sale in sales if sale.state is ErpOrderState.HALF_MADE]),
        _errors(client, [sale for sale in sales if sale.state is ErpOrderState.TAKEN]),
    )
    found: dict[OrderKey, list[ErpOrder]] = defaultdict(list)
    for order, sale in read:
        found[order.key].append(_found(order, sale, lines, errors) if isinstance(sale, _Sale) else sale)
    return found


def _read(row: Row) -> _Sale | ErpOrder:
    """A sale under one of our keys; if it cannot be read, that it is there is all there is to say."""
    try:
        word = text(row, "state")
        return _Sale(
            whole(row["id"]),
            STATES.get(word, ErpOrderState.UNKNOWN),
            word,
            name_of(row) if STATES.get(word) in _GO_BY_ID else number_of(row),
            amount(row, "total_amount"),
            text(row["currency"], "code"),
            _instant(row["create_date"]),
            company_of(row),
        )
    except UNREADABLE as error:
        said = unreadable("the ERP has it, but its data in the ERP cannot be read", error)
        return ErpOrder(ErpOrderState.UNKNOWN, "", "", None, "", text=str(said))


def _found(order: Order, sale: _Sale, lines: Mapping[int, Digest | None], errors: Mapping[int, str]) -> ErpOrder:
    state, said = sale.state, without_people(errors.get(sale.id, ""), order)[:LONGEST]
    if state is ErpOrderState.UNKNOWN:
        said = f"the ERP has it in the state '{sale.word[:50]}', which has no known meaning here"
    digest = lines.get(sale.id)
    if state is ErpOrderState.HALF_MADE and digest is None:
        state, said = ErpOrderState.UNKNOWN, "the ERP has it unfinished, and its lines cannot be read"
    same_lines = None if digest is None else _same_lines(order, digest)
    return ErpOrder(state, sale.number, sale.word, sale.total, sale.currency, same_lines, said, sale.company)


def _instant(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("no instant")
    return value


async def by_number(client: Client, company: int, numbers: Collection[str]) -> Mapping[str, ListedOrder]:
    """See `Listing.by_number`; of one company, since each counts for itself."""
    pages = await asyncio.gather(
        *(
            client.search("sale.sale", [["company", "=", company], _is_called(names)], LISTED)
            for names in batched(sorted(set(numbers)), KEYS_A_CALL)
        )
    )
    rows = sorted(chain.from_iterable(pages), key=lambda row: (row["state"] != "cancelled", whole(row["id"])))
    return {name: in_erp(row) for row in rows if (name := name_of(row)) in numbers}


def _is_called(names: Collection[str]) -> list[Any]:
    ids = [int(match[1]) for name in names if (match := _BY_ID.fullmatch(name))]
    return ["OR", ["number", "in", [*names]], ["id", "in", ids]]


def in_erp(sale: Row) -> ListedOrder:
    """A sale as the port lists it; one in a state that a module of the house added is neither cancelled nor begun."""
    state = STATES.get(text(sale, "state"))
    cancelled, begun = state is ErpOrderState.CANCELLED, state is ErpOrderState.HALF_MADE
    return ListedOrder(name_of(sale), text(sale, "web_id"), cancelled, begun, company_of(sale))


def name_of(sale: Row) -> str:
    """What people call a sale: its number, which a quotation gets, and before that Tryton's ID of the record."""
    return number_of(sale) or f"ID {whole(sale['id'])}"


def company_of(record: Row) -> str:
    """What Tryton calls the company of a record: the code of its party, which no renaming changes; else its name."""
    party = record["company"]["party"]
    return text(party, "code") or text(party, "name")


def number_of(sale: Row) -> str:
    """The number of a sale, '' before it has one."""
    number = text(sale, "number")
    if len(number) > LONGEST_NUMBER:
        raise ValueError("no number of a sale")
    return number


def _same_lines(order: Order, lines: Digest) -> bool:
    try:
        return digest_of(order) == lines
    except OrderRefused:
        return False


async def _lines(client: Client, ids: Sequence[int]) -> Mapping[int, Digest | None]:
    """The digest of the lines of each sale, also of one without lines; None if they cannot be read."""
    lines: dict[int, list[Row]] = {number: [] for number in ids}
    if ids:
        domain = [["sale", "in", [*ids]], ["type", "=", "line"]]
        for row in await client.search("sale.line", domain, ("sale", "product.code", "quantity", "unit_price")):
            lines[whole(row["sale"])].append(row)
    return {number: _digest(rows) for number, rows in lines.items()}


def _digest(rows: Sequence[Row]) -> Digest | None:
    try:
        return digest_of_rows(rows)
    except UNREADABLE:
        return None


async def _errors(client: Client, sales: Collection[_Sale]) -> Mapping[int, str]:
    """The newest error of the worker about each sale: the log names the task, and the task its sales.

    They explain and decide nothing: what cannot be read of them is left out.
    """
    if not sales:
        return {}
    oldest = min(sale.made_at for sale in sales)
    domain = [["origin", "like", "ir.queue,%"], ["create_date", ">=", oldest]]
    texts: dict[int, str] = {}
    for row in await client.search("ir.error", domain, ("origin", "message", "description")):
        with suppress(*UNREADABLE):
            texts[int(text(row, "origin").partition(",")[2])] = _text(row)
    pages = await asyncio.gather(
        *(client.by_id("ir.queue", ids, ("data",)) for ids in batched(sorted(texts), IDS_IN_AN_ADDRESS))
    )
    found: dict[int, str] = {}
    for task in chain.from_iterable(pages):
        with suppress(*UNREADABLE):
            if task["data"]["model"] == "sale.sale":
                instances = task["data"]["instances"]
                found |= dict.fromkeys([instances] if isinstance(instances, int) else instances, texts[task["id"]])
    return found


def _text(row: Row) -> str:
    return ": ".join(filter(None, (text(row, "message"), text(row, "description"))))
