"""A whole order on paper, for a person who enters it into the ERP by hand: as the channel says it, not as we read it.

It holds people's data, so its text belongs on a screen or in a file for the order desk, and never in a log.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from order_sync.core.explaining import laid_out, status
from order_sync.core.hiding import on_one_line
from order_sync.core.orders import Charge, Line
from order_sync.core.outlook import keying_in, minute
from order_sync.core.reading import named, read_order
from order_sync.core.story import Story

LINE = ("number", "sku", "title", "quantity", "each", "net", "tax_code", "tax_rate", "tax")
CHARGE = ("code", "net", "tax_code", "tax_rate", "tax")
ADDRESS = ("name", "street", "city", "state", "postal_code", "country")
HEADS = {"number": "line", "sku": "SKU", "each": "net each", "tax_code": "tax code", "tax_rate": "rate %"}
FIGURES = ("quantity", "each", "net", "tax_rate", "tax")
"""Columns that are set to the right."""


def whole_order(story: Story, guest_account: str | None) -> str:
    """The order with its lines, charges, address and totals, and first whether it may be entered at all."""
    said = story.transaction
    if said is None or not said.details:
        return f"Order {story.key}\n\n{keying_in(story)}\nOf its content nothing is kept."
    details = _parsed(said.details)
    guest = f"none: a guest, for whom the channel has the account {guest_account or '-'}"
    head = [
        ("Status", status(story)),
        ("Read", f"version {story.version} of what the channel says, in its words"),
        ("Reference", said.reference or "-"),
        ("Receipt", said.receipt or "-"),
        ("Customer", said.customer_account or guest),
        ("Sold by", said.distributor or "-"),
        ("Placed at", f"{said.placed_at or '-'} ({minute(story.placed_at)})"),
        ("Deliver on", said.delivery_date or "-"),
        ("Ships", {"True": "yes", "False": "no"}.get(str(details.get("ships")), "-")),
    ]
    if not details:
        head.append(("Content", "it cannot be read: look for its lines and its address in the channel"))
        return f"{laid_out(f'Order {story.key}', [('', keying_in(story)), *head])}\n"
    parts = [
        f"{laid_out(f'Order {story.key}', [('', keying_in(story)), *head])}\nThis page holds people's data.",
        laid_out("Ship to", _address(details.get("ship_to"))),
        _table("Lines", LINE, [_with_price(named(line)) for line in _rows(details, "lines")]),
        _table("Charges", CHARGE, _rows(details, "charges")),
        laid_out(f"Totals in {_text(said.currency) or '-'}", _totals(story, guest_account)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _parsed(details: str) -> dict[str, Any]:
    try:
        parsed = json.loads(details)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _rows(details: Mapping[str, Any], name: str) -> list[Any]:
    rows = details.get(name)
    return [named(row) for row in rows] if isinstance(rows, list) else []


def _address(address: object) -> list[tuple[str, str]]:
    if isinstance(address, list):
        return [row for place in address for row in [("", "one of several"), *_address(place)]]
    if not isinstance(address, dict):
        return [("", "no address")]
    return [(part.replace("_", " "), str(address.get(part) or "-")) for part in ADDRESS]


def _with_price(line: object) -> object:
    """The line with the net price of one unit, if its amounts can be read."""
    if not isinstance(line, dict):
        return line
    try:
        each = Decimal(str(line.get("net"))) / Decimal(str(line.get("quantity")))
        return {**line, "each": f"{each.quantize(Decimal('0.0001')).normalize():f}"}
    except ArithmeticError:
        return line


def _table(title: str, names: Sequence[str], rows: Sequence[object]) -> str:
    if not rows:
        return f"{title}\nnone"
    names = [name for name in names if name != "title" or any(isinstance(row, dict) and row.get(name) for row in rows)]
    cells = [[HEADS.get(name, name) for name in names]]
    cells += [[_text(row.get(name)) for name in names] if isinstance(row, dict) else [_text(row)] for row in rows]
    widths = [max(len(line[i]) for line in cells if i < len(line)) for i in range(len(names))]
    return "\n".join([title, *("  ".join(_set(line, names, widths)).rstrip() for line in cells)])


def _set(line: Sequence[str], names: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for name, text, width in zip(names, line, widths, strict=False):
        yield text.rjust(width) if name in FIGURES else text.ljust(width)


def _text(value: object) -> str:
    return "" if value is None else " ".join(on_one_line(str(value)).split())


def _totals(story: Story, guest_account: str | None) -> Iterator[tuple[str, str]]:
    said = story.transaction
    if said is None:
        return
    reading = read_order(said, guest_account, story.as_of)
    taxed: tuple[Line | Charge, ...] = (*reading.order.lines, *reading.order.charges)
    if reading.sound_money:
        net = sum((item.net for item in taxed), Decimal(0))
        tax = sum((item.tax for item in taxed), Decimal(0))
        yield "net", str(net)
        yield "tax", str(tax)
        yield "sum", str(net + tax)
    else:
        yield "", "an amount cannot be read, so that nothing is added up here"
    yield "order's total", f"{said.total or '-'}, as the channel says it"
