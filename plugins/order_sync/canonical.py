"""The canonical form of an order as JSON, for whoever reads it: by our names, or by those that a profile gives."""

import json
from datetime import date
from typing import Any

from order_sync.core.order.model import Order
from order_sync.profile import Profile

FORM = "order-sync/order/1"
"""What the canonical JSON of an order is called, in its field `form`."""


def canonical_json(order: Order, profile: Profile) -> str:
    """An order as JSON, with the codes of a profile and, if it has some, its fields."""
    if profile.fields:
        content: dict[str, Any] = {**profile.header(order), "lines": profile.lines(order)}
    else:
        named = {"form": FORM, "external_reference": order.external_reference}
        content = {**named, **profile.nested(order), "lines": profile.rows(order)}
    return json.dumps(content, indent=1, ensure_ascii=False, default=_text) + "\n"


def _text(value: object) -> str:
    """A number with every digit, an instant or a day as in ISO 8601."""
    return value.isoformat() if isinstance(value, date) else str(value)
