"""An order as it was sent, as text that is kept with its attempt: the one place that writes it and reads it back.

Canonical JSON, so that the same order is the same text: names in order, no blanks, ASCII alone. Amounts are text and
keep every digit. What a later release adds to an order needs a value here for the orders that were sent before.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from order_sync.core.order.model import Address, Charge, Line, Order, OrderKey

AMOUNTS = ("total", "quantity", "net", "tax_rate", "tax")

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def written(order: Order) -> str:
    """The order as text. Field by field, since all that is sent is written: a general way takes twice as long."""
    return _encode(
        {
            "key": str(order.key),
            "reference": order.reference,
            "customer_account": order.customer_account,
            "currency": order.currency,
            "total": str(order.total),
            "placed_at": order.placed_at.isoformat(),
            "delivery_date": order.delivery_date and order.delivery_date.isoformat(),
            "ships": order.ships,
            "ship_to": order.ship_to and asdict(order.ship_to),
            "lines": [
                {"number": line.number, "sku": line.sku, "quantity": str(line.quantity), **_taxed(line)}
                for line in order.lines
            ],
            "charges": [{"code": charge.code, **_taxed(charge)} for charge in order.charges],
            **({"short_reference": order.short_reference} if order.short_reference else {}),
        }
    )


def read(text: str) -> Order:
    """The order that `written` wrote, equal in every value."""
    said = _exact(json.loads(text))
    return Order(
        **{
            **said,
            "key": OrderKey.parse(said["key"]),
            "placed_at": datetime.fromisoformat(said["placed_at"]),
            "delivery_date": said["delivery_date"] and date.fromisoformat(said["delivery_date"]),
            "ship_to": said["ship_to"] and Address(**said["ship_to"]),
            "lines": tuple(Line(**_exact(line)) for line in said["lines"]),
            "charges": tuple(Charge(**_exact(charge)) for charge in said["charges"]),
        }
    )


def _taxed(item: Line | Charge) -> dict[str, str | None]:
    rate = None if item.tax_rate is None else str(item.tax_rate)
    return {"net": str(item.net), "tax_code": item.tax_code, "tax_rate": rate, "tax": str(item.tax)}


def _exact(said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with their amounts as numbers."""
    return {name: Decimal(value) if name in AMOUNTS and value is not None else value for name, value in said.items()}
