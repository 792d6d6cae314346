"""The list of orders as text, the newest first: each with its last error, and which causes are the most frequent."""

from collections.abc import Sequence
from datetime import timedelta

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.explain.by_itself import minute
from order_sync.core.privacy.redaction import on_one_line, without_secrets
from order_sync.core.records.story import Cause, Listed


def listed(orders: Sequence[Listed]) -> str:
    """Two lines for each order: how it stands, marked with `!` if it failed, and its last error below."""
    return "\n".join(on_one_line(line) for order in orders for line in _lines(order))


def _lines(order: Listed) -> list[str]:
    dated, lasts = minute(order.dated_at), age(order.age)
    known_by = " ".join(part for part in (order.reference, order.receipt) if part) or "-"
    mark = "!" if order.roll_up == "Failed" else " "
    tried = f", attempts {order.attempts}" if order.attempts else ""
    erp = f", ERP number {order.erp_number}" if order.erp_number else ""
    fixer = CATALOGUE[order.code].fixer if order.code in CATALOGUE else "-"
    error = [f"      {order.code} (who fixes it: {fixer}): {without_secrets(order.message)}"] if order.code else []
    return [
        f"{mark} {dated}  {lasts:>4}  {order.status:<20}  {known_by}  {order.key}{tried}{erp}",
        *error,
    ]


def causes(found: Sequence[Cause]) -> str:
    """How many orders stand with each code, the most frequent first, with what it means and who fixes it."""
    lines = []
    for cause in found:
        known = CATALOGUE.get(cause.code)
        meaning = f"{known.meaning} Who fixes it: {known.fixer}." if known else ""
        lines.append(f"{cause.orders:>8}  {cause.code}, the oldest of {minute(cause.oldest)}. {meaning}".rstrip())
    return "\n".join(lines)


def age(lasted: timedelta) -> str:
    """How long ago, in the largest unit that fits: minutes, hours or days; `-` for what lies in the future."""
    minutes = int(lasted.total_seconds() // 60)
    if minutes < 0:
        return "-"
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // (24 * 60)}d"
