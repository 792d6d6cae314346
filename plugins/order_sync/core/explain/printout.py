"""A whole order on paper, for a person who enters it into the ERP by hand.

It holds people's data, so its text belongs on a screen or in a file for the order desk, and never in a log.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from order_sync.core.explain.by_itself import minute
from order_sync.core.explain.content import ADDRESS, OrderContent, with_price
from order_sync.core.explain.explanation import AsSent, Explanation
from order_sync.core.explain.text import Row, laid_out, made_of, status
from order_sync.core.order.model import Order
from order_sync.core.privacy.redaction import on_one_line

LINE = ("number", "sku", "title", "quantity", "each", "net", "tax_code", "tax_rate", "tax")
CHARGE = ("code", "net", "tax_code", "tax_rate", "tax")
HEADS = {"number": "line", "sku": "SKU", "each": "net each", "tax_code": "tax code", "tax_rate": "rate %"}
FIGURES = ("quantity", "each", "net", "tax_rate", "tax")
"""Columns that are set to the right."""


def printed(said: Explanation, content: OrderContent | None) -> str:
    """The order with its lines, charges, address and totals, and first whether it may be entered at all."""
    title = f"Order {said.key}"
    if content is None:
        return f"{title}\n\n{said.next.manual_entry}\nNone of its content is kept."
    head = [("", said.next.manual_entry), ("Status", status(said.where)), *_head(content)]
    if not content.readable:
        head.append(("Content", "it cannot be read: look for its lines and its address in the channel"))
        return f"{laid_out(title, head)}\n"
    parts = [
        f"{laid_out(title, head)}\nThis page holds people's data.",
        laid_out("Ship to", _addresses(content.ship_to)),
        _table("Lines", LINE, content.lines),
        _table("Charges", CHARGE, content.charges),
        laid_out(f"Totals in {_text(content.currency) or '-'}", _totals(content)),
    ]
    if said.sent and content.sent:
        parts += _as_sent(said.sent, content.sent)
    return "\n\n".join(parts) + "\n"


def _as_sent(sent: AsSent, order: Order) -> Iterator[str]:
    """The order as it was sent last: what the ERP may have."""
    head = [
        ("Reference", order.reference or "-"),
        ("Customer", order.customer_account or "-"),
        ("Placed at", minute(order.placed_at)),
        ("Deliver on", str(order.delivery_date or "-")),
        ("Ships", "yes" if order.ships else "no"),
        ("Total", f"{order.total} {order.currency}"),
    ]
    yield laid_out(f"As it was sent {minute(sent.at)}, {made_of(sent.made_of)}", head)
    yield laid_out("Sent to ship to", _address(asdict(order.ship_to) if order.ship_to else {}))
    yield _table("Sent lines", LINE, [with_price(asdict(line)) for line in order.lines])
    yield _table("Sent charges", CHARGE, [asdict(charge) for charge in order.charges])


def _head(content: OrderContent) -> Iterator[Row]:
    guest = f"none: a guest order; the channel's guest account is {content.guest_account or '-'}"
    yield "Read", f"version {content.version} of the channel's data, unchanged"
    yield "Reference", content.reference or "-"
    yield "Receipt", content.receipt or "-"
    yield "Customer", content.customer_account or guest
    yield "Sold by", content.distributor or "-"
    yield "Placed at", f"{content.placed or '-'} ({minute(content.placed_at)})"
    yield "Deliver on", content.delivery_date or "-"
    yield "Ships", "-" if content.ships is None else "yes" if content.ships else "no"


def _addresses(addresses: Sequence[Mapping[str, str]]) -> Iterator[Row]:
    if not addresses:
        yield "", "no address"
    for address in addresses:
        if len(addresses) > 1:
            yield "", "one of several"
        yield from _address(address)


def _address(address: Mapping[str, str]) -> Iterator[Row]:
    if not address:
        yield "", "no address"
        return
    for part in ADDRESS:
        yield part.replace("_", " "), address[part] or "-"


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


def _totals(content: OrderContent) -> Iterator[Row]:
    if content.sums:
        yield "net", str(content.sums.net)
        yield "tax", str(content.sums.tax)
        yield "sum", str(content.sums.total)
    else:
        yield "", "an amount cannot be read, so nothing is added up here"
    yield "order's total", f"{content.total or '-'}, as the channel gives it"
