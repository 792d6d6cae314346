"""What a channel changed of an order, in words that a person can act on.

Only what an order is made of counts: a channel that moves its own status on, or words the same amount otherwise, has
changed nothing. Of an address it is said that it changed, never what it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from order_sync.core.order.model import Transaction
from order_sync.core.order.parsing import read_details, read_instant

FIELDS = ("customer_account", "delivery_date", "currency", "total")
LINE = ("sku", "quantity", "net", "tax_code", "tax_rate", "tax")
CHARGE = ("code", "net", "tax_code", "tax_rate", "tax")
AMOUNTS = ("total", "quantity", "net", "tax_rate", "tax")
"""What is the same when its value is, however it is written."""

MOST = 10
"""Differences that are spelt out; of more only the number is given."""


def difference(before: Transaction, after: Transaction) -> str:
    """Every difference with its old and new value, separated by `; `; '' when the order is the same."""
    found = list(_differences(before, after))
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return "; ".join(found[:MOST] + more)


def _differences(before: Transaction, after: Transaction) -> Iterator[str]:
    if before.not_an_order != after.not_an_order:
        yield f"{before.not_an_order or 'an order'} -> {after.not_an_order or 'an order'}"
    if before.whole != after.whole:
        counted = [f"{each.present_lines} of {each.expected_lines}" for each in (before, after)]
        yield f"lines {counted[0]} -> {counted[1]}"
    yield from _changed("reference", before.reference or before.receipt, after.reference or after.receipt)
    placed = read_instant(before.placed_at)
    if placed is None or placed != read_instant(after.placed_at):
        yield from _changed("placed_at", before.placed_at, after.placed_at)
    for name in FIELDS:
        yield from _changed(name, getattr(before, name), getattr(after, name))
    if before.details == after.details:
        return
    try:
        old, new = read_details(before.details), read_details(after.details)
    except ValueError:
        yield "details changed"
        return
    yield from _rows("line", LINE, _by_number(old["lines"]), _by_number(new["lines"]))
    yield from _rows("charge", CHARGE, _by_number(old["charges"]), _by_number(new["charges"]))
    yield from _changed("ships", old.get("ships"), new.get("ships"))
    was, now = old.get("ship_to") or {}, new.get("ship_to") or {}
    if isinstance(was, list) or isinstance(now, list):
        yield from ["ship_to changed"] if was != now else []
        return
    yield from (f"ship_to.{part} changed" for part in sorted({*was, *now}) if _differs(was.get(part), now.get(part)))


def _by_number(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The rows by their numbers, or by their places where they have none, or share some."""
    places = [str(place) for place in range(1, len(rows) + 1)]
    numbers = [str(row.get("number", place)) for row, place in zip(rows, places, strict=True)]
    return dict(zip(numbers if len({*numbers}) == len(rows) else places, rows, strict=True))


def _rows(
    word: str, names: tuple[str, ...], before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for number in [*before, *(number for number in after if number not in before)]:
        if number not in after:
            yield f"{word} {number} ({before[number].get(names[0])}) is gone"
        elif number not in before:
            yield f"{word} {number} ({after[number].get(names[0])}) is new"
        else:
            for name in names:
                yield from _changed(f"{word} {number} {name}", before[number].get(name), after[number].get(name))


def _changed(name: str, before: object, after: object) -> Iterator[str]:
    if _differs(before, after, name.rpartition(" ")[2]):
        yield f"{name} {_shown(before)} -> {_shown(after)}"


def _differs(before: object, after: object, name: str = "") -> bool:
    old, new = _text(before), _text(after)
    if old == new or name not in AMOUNTS:
        return old != new
    try:
        return Decimal(old) != Decimal(new)
    except InvalidOperation:
        return True


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _shown(value: object) -> str:
    return _text(value)[:40] or "nothing"
