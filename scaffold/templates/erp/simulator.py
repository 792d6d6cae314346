"""NewErp on loopback: what its REST interface does to orders, as its documentation says it.

Make each endpoint like the vendor's first, and note which page of its documentation says so: the suite can only see
what this server does. Where you do not know, choose what is worse for us, and ask the vendor.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from tests.support.simulator import Answer, Call, Simulator, route

ITEMS = {"SKU-0001": {"active": True, "decimals": 0}, "SKU-0002": {"active": True, "decimals": 0}}
BLOCKED = "SKU-0003"
"""An article that is active, and that the ERP refuses in an order all the same."""

CUSTOMERS = ("C-0001",)
TAXES = {"GB20": Decimal(20)}
LONGEST_REFERENCE = 60


class NewErp(Simulator):
    """One company. `orders` are what it holds, by their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.company, self.key = str(uuid4()), str(uuid4())
        self.orders: dict[str, dict[str, Any]] = {}

    def admit(self, call: Call) -> None:
        if call.headers.get("Authorization") != f"Bearer {self.key}":
            raise trouble(401, "UNAUTHORISED", "the key is not known")

    @route("GET", "/company")
    def tell_company(self, call: Call) -> Any:
        return {"id": self.company, "version": "1.0"}

    @route("GET", "/items")
    def list_items(self, call: Call) -> Any:
        items = {**ITEMS, BLOCKED: {"active": True, "decimals": 0}}
        return {"rows": [{"code": code, **facts} for code, facts in items.items()]}

    @route("GET", "/customers")
    def list_customers(self, call: Call) -> Any:
        return {"rows": [{"code": code} for code in CUSTOMERS]}

    @route("GET", "/taxes")
    def list_taxes(self, call: Call) -> Any:
        return {"rows": [{"code": code, "percent": rate} for code, rate in TAXES.items()]}

    @route("POST", "/orders")
    def create(self, call: Call) -> Any:
        """A draft with its lines. No second live one under a reference, and none in the place of a cancelled one."""
        sent = call.body
        if any(order["reference"] == sent["reference"] for order in self.orders.values()):
            raise trouble(409, "REFERENCE_EXISTS", "there is an order with this reference")
        if len(sent["reference"]) > LONGEST_REFERENCE:
            raise trouble(422, "REFERENCE_TOO_LONG", f"a reference has {LONGEST_REFERENCE} characters at most")
        for line in sent["lines"]:
            if line["item"] not in ITEMS:
                raise trouble(422, "ITEM_BLOCKED", f"item {line['item']} is blocked")
        raise Answer(201, self.store(sent))

    @route("POST", "/orders/([^/]+)/confirm")
    def confirm(self, call: Call) -> Any:
        order = self.orders.get(call.parts[0])
        if order is None or order["state"] == "cancelled":
            raise trouble(404, "NO_SUCH_ORDER", "there is no such order")
        order["state"] = "confirmed"
        return order

    @route("POST", "/orders/search")
    def search(self, call: Call) -> Any:
        """By references, by numbers, or by channel and the time when they were made."""
        asked = call.body
        return {"rows": [order for order in self.orders.values() if chosen(order, asked)]}

    @route("GET", "/orders/count")
    def count(self, call: Call) -> Any:
        """Live orders of a channel."""
        live = [order for order in self.orders.values() if order["state"] != "cancelled"]
        return {"count": sum(order["channel"] == call.query["channel"] for order in live)}

    def store(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Keep an order as the ERP does: under a number, with its own totals."""
        number = f"SO-{len(self.orders) + 1:06}"
        lines = [line | {"tax": taxed(line)} for line in sent["lines"]]
        total = sum((line["net"] + line["tax"] for line in lines), Decimal(0))
        made = {"number": number, "state": "draft", "total": total, "made": datetime.now(UTC).isoformat()}
        self.orders[number] = {**sent, **made, "lines": lines}
        return self.orders[number]

    def by_reference(self, reference: str) -> dict[str, Any]:
        """The order under a reference, for people at its screen."""
        return next(order for order in self.orders.values() if order["reference"] == reference)


def taxed(line: dict[str, Any]) -> Decimal:
    """The tax of a line, rounded as this vendor does."""
    return (line["net"] * TAXES[line["tax_code"]] / 100).quantize(Decimal("0.01"))


def chosen(order: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether a search finds an order."""
    if "references" in asked or "numbers" in asked:
        return order["reference"] in asked.get("references", ()) or order["number"] in asked.get("numbers", ())
    since, before = (datetime.fromisoformat(asked[name]) for name in ("from", "before"))
    return order["channel"] == asked["channel"] and since <= datetime.fromisoformat(order["made"]) < before


def trouble(status: int, code: str, message: str) -> Answer:
    """The vendor's own form of an error."""
    return Answer(status, {"error": {"code": code, "message": message}})
