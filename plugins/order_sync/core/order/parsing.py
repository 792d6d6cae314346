"""From a channel's words to an Order: every field is read, and every one that cannot be read is a Problem.

Nothing is guessed and nothing is dropped: a field that cannot be read gets a stand-in so that the other rules can
still look at the rest, and the order then fails with all its problems at once.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from order_sync.core.order.model import GUEST_ACCOUNT, Address, Charge, Line, Order, Problem, Transaction

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Instants before this mean that the channel has no value (1900-01-01), or are a mistake."""

LINE = ("number", "sku", "quantity", "net", "tax_code", "tax_rate", "tax", "title")
"""What stands where in a line that is an array: such lines are several times cheaper to build and to move."""

MOST_DIGITS = 16
"""Before the decimal point, of a quantity or an amount: more is a mistake, and past what arithmetic keeps exact."""

LONGEST_CODE = 500
"""Characters of a code: longer than any that a system has, and short enough for an index of the ledger."""

MOST_DECIMALS = 1000
"""After it: far more than anybody writes, and fewer than a database refuses."""

_ONE_LINE = ("name", "city", "postal_code")
"""Parts of an address that have one line; a street may have several, and the codes of places are looked up."""

NUL = ("\x00", "\N{SYMBOL FOR NULL}")
"""A NUL character, as JSON can carry it and as the ledger stores it in plain text."""

_NOT_STORABLE = re.compile(f"[{NUL[0]}{NUL[1]}\ud800-\udfff]")
"""What no ERP stores: a NUL, and half of a surrogate pair, which JSON can carry too."""

_NOT_ON_ONE_LINE = re.compile("[\t\n\r\v\f]")
"""What an ERP refuses in a field of one line."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An order as far as it could be read, and what could not. `sound_money`: all amounts could be read."""

    order: Order
    problems: tuple[Problem, ...]
    sound_money: bool


def read_instant(text: str | None) -> datetime | None:
    """An ISO 8601 instant with its offset as UTC, or None if it is not one, or lies before the year 2000."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    try:
        return instant.astimezone(UTC) if instant.tzinfo and instant >= EARLIEST else None
    except OverflowError:
        return None


def read_date(text: str | None) -> date | None:
    """An ISO 8601 date, or None if it is not one, or lies before the year 2000."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if day >= EARLIEST.date() else None


def is_code(text: str) -> bool:
    """Whether a system may have something under this code, so that a request for it makes sense."""
    return 0 < len(text) <= LONGEST_CODE and not _NOT_STORABLE.search(text)


def read_order(transaction: Transaction, guest_account: str | None, now: datetime) -> Reading:
    """The order that a transaction stands for. `guest_account` takes orders without a customer; None refuses them."""
    reader = _Reader(transaction.key.channel)
    details = reader.details(transaction.details)
    if transaction.key.blank:
        message = "the channel gives no key for this order: the maintainer of the channel's SQL corrects its key_parts"
        reader.refuse("PARSE_ERROR", "key", "", message)
    if not transaction.whole:
        there = f"{transaction.present_lines} of {transaction.expected_lines}"
        advice = "the channel's owner completes the transaction in its database"
        reader.refuse("LINES_MISSING", "lines", there, f"only {there} lines are there: {advice}")
    ships = reader.ships(details)
    order = Order(
        key=transaction.key,
        reference=reader.text("reference", transaction.reference or transaction.receipt, one_line=True),
        customer_account=reader.customer(transaction.customer_account, guest_account),
        currency=reader.text("currency", transaction.currency).upper(),
        total=reader.amount("total", transaction.total),
        placed_at=reader.placed_at(transaction.placed_at, now),
        delivery_date=reader.delivery_date(transaction.delivery_date),
        ships=ships,
        ship_to=reader.address(details, ships),
        lines=tuple(reader.line(i, raw) for i, raw in enumerate(details.get("lines", ()), start=1)),
        charges=tuple(reader.charge(i, raw) for i, raw in enumerate(details.get("charges", ()), start=1)),
    )
    return Reading(order, tuple(reader.problems), reader.sound_money)


def read_details(text: str) -> dict[str, Any]:
    """A transaction's details, with `lines` and `charges`, each of them by the names of its fields.

    Raises ValueError, without a value in it, for anything but JSON of the documented shape.
    """
    try:
        details = json.loads(text)
    except RecursionError:
        raise ValueError("too deeply nested") from None
    _must(isinstance(details, dict), "no object")
    places = details.get("ship_to") or {}
    several = isinstance(places, list) and all(isinstance(each, dict) for each in places)
    _must(isinstance(places, dict) or several, "ship_to must be an object, a list of objects, or null")
    for name in ("lines", "charges"):
        rows = details[name] = details.get(name) or []
        _must(isinstance(rows, list), f"{name} must be a list of objects")
        if name == "lines":
            rows[:] = map(named, rows)
        _must(all(isinstance(row, dict) for row in rows), f"{name} must be a list of objects")
    return dict(details)


def _must(be: bool, what: str) -> None:
    if not be:
        raise ValueError(what)


def named(line: Any) -> dict[str, Any]:
    """A line by the names of its fields, if it is an array; as it is otherwise."""
    return dict(zip(LINE, line, strict=False)) if isinstance(line, list) else line


@dataclass
class _Reader:
    channel: str
    problems: list[Problem] = field(default_factory=list)
    sound_money: bool = True

    def refuse(self, code: str, name: str, value: object, message: str, reference: str | None = None) -> None:
        self.problems.append(Problem(code, name, str(value)[:100], message, reference))

    def details(self, text: str) -> dict[str, Any]:
        try:
            return read_details(text)
        except ValueError as error:
            self.refuse(
                "PARSE_ERROR",
                "details",
                "",
                f"the transaction's details are not JSON in the documented format ({error}): correct the channel's SQL",
            )
            self.sound_money = False
            return {}

    def ships(self, details: dict[str, Any]) -> bool:
        ships = details.get("ships")
        if details and not isinstance(ships, bool):
            message = f"ships is '{str(ships)[:40]}', which is neither true nor false: correct the channel's SQL"
            self.refuse("FIELD_INVALID", "ships", ships, message)
        return bool(ships)

    def text(self, name: str, value: object, *, private: bool = False, one_line: bool = False) -> str:
        """Text without surrounding blanks. A private value (a name, an address) is never repeated in a problem."""
        if isinstance(value, (dict, list)):
            self.refuse("FIELD_INVALID", name, "", f"{name} is JSON instead of text: correct the channel's SQL")
            return ""
        clean = str(value if value is not None else "").strip()
        if odd := _NOT_STORABLE.search(clean):
            what = "a NUL character" if odd[0] in NUL else "half of a character"
            shown = "" if private else clean.replace(*NUL).encode("utf-8", "replace").decode()
            self.refuse(
                "BAD_CHARACTERS",
                name,
                shown,
                f"{name} holds {what}, which no ERP can store: correct it in the shop",
            )
        elif one_line and (odd := _NOT_ON_ONE_LINE.search(clean)):
            what = "a tab" if odd[0] == "\t" else "a line break"
            message = f"{name} holds {what}, which the ERP cannot store there: correct it in the shop"
            self.refuse("BAD_CHARACTERS", name, "" if private else clean, message)
        return clean

    def amount(self, name: str, value: object, default: Decimal | None = None) -> Decimal:
        if value is None and default is not None:
            return default
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            number = Decimal("NaN")
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -MOST_DECIMALS and number.adjusted() < MOST_DIGITS:
            return number
        self.sound_money = False
        what = "has too many digits" if number.is_finite() else "is not a number"
        self.refuse(
            "FIELD_INVALID",
            name,
            value,
            f"{name} is missing: complete it in the shop"
            if value is None
            else f"{name} is '{str(value)[:40]}', which {what}: correct it in the shop",
        )
        return Decimal(0)

    def rate(self, name: str, value: object) -> Decimal | None:
        """A tax rate; None if there is none, and if it cannot be read."""
        known = len(self.problems)
        rate = None if value is None else self.amount(name, value)
        return rate if len(self.problems) == known else None

    def customer(self, account: str, guest_account: str | None) -> str:
        account = self.text("customer_account", account)
        if account or guest_account:
            return account or guest_account or ""
        self.refuse(
            "CUSTOMER_NOT_FOUND",
            "customer_account",
            "",
            f"a guest's order, and channel {self.channel} has no guest_account:"
            " the integration's owner sets one in the registry, or the shop requires an account",
            GUEST_ACCOUNT,
        )
        return ""

    def placed_at(self, text: str | None, now: datetime) -> datetime:
        instant = read_instant(text)
        if instant and instant <= now + timedelta(days=1):
            return instant
        what = "is in the future" if instant else "is not a date and time with its offset, or is before the year 2000"
        message = (
            f"placed_at '{text}' {what}: correct it in the shop"
            if text
            else "placed_at is missing: complete it in the shop"
        )
        self.refuse("FIELD_INVALID", "placed_at", text, message)
        return EARLIEST

    def delivery_date(self, text: str | None) -> date | None:
        if not text:
            return None
        day = read_date(text)
        if day is None:
            self.refuse(
                "FIELD_INVALID",
                "delivery_date",
                text,
                f"delivery_date '{text}' is not a date, or is before the year 2000: correct it in the shop",
            )
        return day

    def address(self, details: dict[str, Any], ships: bool) -> Address | None:
        raw = details.get("ship_to")
        if isinstance(raw, list) and raw and ships:
            number = len(raw)
            message = f"the order ships to {number} addresses, but an order can have only one: leave one in the shop"
            self.refuse("ADDRESS_AMBIGUOUS", "ship_to", number, f"{message}, or enter the order in the ERP by hand")
        if not isinstance(raw, dict):
            return None
        parts = {
            name: self.text(f"ship_to.{name}", raw.get(name), private=True, one_line=ships and name in _ONE_LINE)
            for name in ("name", "street", "city", "state", "postal_code", "country")
        }
        return Address(**parts)

    def line(self, position: int, raw: dict[str, Any]) -> Line:
        name = f"line {raw.get('number', position)}"
        return Line(
            number=str(raw.get("number", position)),
            sku=self.text(f"{name} sku", raw.get("sku")),
            quantity=self.amount(f"{name} quantity", raw.get("quantity")),
            **self._taxed(name, raw),
        )

    def charge(self, position: int, raw: dict[str, Any]) -> Charge:
        name = f"charge {position}"
        return Charge(code=self.text(f"{name} code", raw.get("code")), **self._taxed(name, raw))

    def _taxed(self, name: str, raw: dict[str, Any]) -> dict[str, Any]:
        return {
            "net": self.amount(f"{name} net", raw.get("net")),
            "tax_code": self.text(f"{name} tax_code", raw.get("tax_code")),
            "tax_rate": self.rate(f"{name} tax_rate", raw.get("tax_rate")),
            "tax": self.amount(f"{name} tax", raw.get("tax"), Decimal(0)),
        }
