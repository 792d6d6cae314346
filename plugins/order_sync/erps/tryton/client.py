"""Tryton's REST dialect: models, domains and buttons in, rows and Tryton's refusals out.

Everything that could hold people's data travels in bodies, never in an address that servers write to their logs. It
must not know orders, nor what the models are used for.
"""

import base64
import json
import re
from collections.abc import Awaitable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote, urlencode

from order_sync.core.errors import Misconfigured, NotAuthorised, OutcomeUnknown, Transient, Unreadable
from order_sync.core.settings import Settings
from order_sync.wire.auth import bearer
from order_sync.wire.content import UNREADABLE, Content, Reply
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http
from order_sync.wire.pages import Page, all_rows, by_offset

Row = Mapping[str, Any]
Domain = list[Any]

PAGE = 1000
"""Rows asked for in one call, and values in one domain."""

MOST_DIGITS = 30
"""Before or after the point of a number that Tryton can mean."""

_NOT_ALLOWED = re.compile(r"You are not allowed to (?!modify the field)|Calling button .* is not allowed")


_NAMES_NO_RECORD = re.compile(
    r'You are not allowed to (access|create records of|execute (wizard|report)|search on the) "[\w .]+"'
    r'|You are (not allowed|trying) to (read|write to|delete) records "[\d ,.]*" of "[\w .]+"'
    r'|You are not allowed to modify the field "[\w .]+" of "[\w .]+"'
    r'|Calling button "\w+"? on "[\w .]+" is not allowed'
    r'|Missing (search|order) function for field "[\w .]+" in "[\w .]+"'
)
"""How Tryton words what is wrong with rights and models, as far as it names models, fields and numbers alone."""


class Declined(Exception):
    """Tryton understood the call and does not do it; the text is Tryton's own, and may name people."""


class Client:
    """One Tryton database; an async context manager.

    Every call raises what `Http` raises, and NotAuthorised when the user lacks a permission, for which Tryton has no
    status of its own. The connection's extra names the `database`.
    """

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self.database = str(endpoint.extra.get("database") or "")
        if not self.database:
            raise Misconfigured(
                f"connection '{endpoint.connection}' does not name the database: add"
                ' {"database": "name"} to its extra'
            )
        self._connection = endpoint.connection
        self.http = Http(
            endpoint,
            settings,
            bearer(endpoint),
            headers={"Accept-Language": "en"},
            encode=_content,
            decode=partial(json.loads, object_hook=_decode, parse_float=_number, parse_int=_number),
        )

    async def __aenter__(self) -> Self:
        await self.http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.__aexit__(*error)

    async def version(self) -> str:
        """The series of the server, such as 8.2."""
        body = {"id": 0, "method": "common.server.version", "params": []}
        answer = await self._answer("the server's version", self.http.ask("POST", "/rpc/", body), dict)
        return str(answer.get("result"))

    async def search(self, model: str, domain: Domain, fields: Sequence[str]) -> list[Row]:
        """All rows by id, in pages; `field.name` asks for a field of a related record, found in the row of `field`."""
        wanted = {"domain": domain, "fields_names": [*fields], "order": [["id", "ASC"]], "limit": PAGE}

        async def page(offset: int) -> Page[Row]:
            return by_offset(await self._ask(f"{model}/search_read", {**wanted, "offset": offset}, list), offset, PAGE)

        return await all_rows(page, 0)

    async def by_id(self, model: str, ids: Collection[int], fields: Sequence[str]) -> list[Row]:
        """Rows by id, of models that Tryton serves to GET only."""
        domain = base64.urlsafe_b64encode(json.dumps([["id", "in", sorted(ids)]]).encode()).decode()
        query = urlencode([("d", domain), *(("f", field) for field in fields)])
        return list(await self._answer(model, self.http.ask("GET", self._path(f"{model}?{query}")), list))

    async def count(self, model: str, domain: Domain) -> int:
        """How many records match, by the server's own count."""
        return int(await self._ask(f"{model}/search_count", {"domain": domain}, int))

    async def access(self, models: Sequence[str]) -> Mapping[str, Mapping[str, bool]]:
        """What the user may do with each model: read, write, create, delete."""
        return dict(await self._ask("ir.model.access/get_access", {"models": [*models]}, dict))

    async def create_all(self, model: str, rows: Sequence[Row]) -> list[int]:
        """Create records of which a second one does no harm, all or none. Raises Declined."""
        reply = await self.http.ask("POST", self._path(f"{model}/create"), {"vlist": [*rows]}, repeats=())
        return [whole(each) for each in self._values(reply, list, Unreadable)]

    async def create(self, model: str, values: Row, fields: Sequence[str], company: int) -> Row:
        """Create one record; returns its fields. Raises Declined, or OutcomeUnknown once it may have been stored."""
        return await self._send("POST", model, values, fields, company)

    async def write(self, model: str, record: int, values: Row, fields: Sequence[str], company: int) -> Row:
        """Change one record; as `create`."""
        return await self._send("PUT", f"{model}/{record}", values, fields, company)

    async def press(self, model: str, record: int, button: str, fields: Sequence[str], company: int) -> Row:
        """Press a button of one record; as `create`."""
        return await self._send("POST", f"{model}/{record}/{button}", {}, fields, company)

    async def _ask(self, path: str, body: Row, kind: type) -> Any:
        return await self._answer(path, self.http.ask("POST", self._path(path), body), kind)

    async def _answer(self, what: str, call: Awaitable[Reply], kind: type) -> Any:
        """The answer to a question, which Tryton declines only when something is wrong with the system."""
        try:
            return self._values(await call, kind, Unreadable)
        except Declined as declined:
            text = _own_words(str(declined))
            raise Transient(f"connection '{self._connection}': Tryton rejected {what}. {text}") from None

    async def _send(self, method: str, path: str, body: Row, fields: Sequence[str], company: int) -> Row:
        context = base64.urlsafe_b64encode(json.dumps({"company": company}).encode()).decode()
        query = urlencode([("f", field) for field in fields])
        reply = await self.http.send(method, self._path(f"{path}?{query}"), body, {"X-Tryton-Context": context})
        return dict(self._values(reply, dict, OutcomeUnknown))

    def _path(self, path: str) -> str:
        return f"/{quote(self.database, safe='')}/rest/model/{path}"

    def _values(self, reply: Reply, kind: type, doubt: type[Unreadable] | type[OutcomeUnknown]) -> Any:
        if reply.status == HTTPStatus.NOT_FOUND:
            raise Transient(
                f"connection '{self._connection}' finds nothing (HTTP 404): database '{self.database}' is down, or its"
                " name in the extra is wrong, or the server is older than Tryton 8.0"
            )
        refused = reply.status >= HTTPStatus.BAD_REQUEST
        said = _said(reply.body) if refused else ""
        if not (said if refused else isinstance(reply.body, kind)):
            raise doubt(f"connection '{self._connection}' answered HTTP {reply.status} with an unexpected answer")
        if _NOT_ALLOWED.match(said):
            text = _own_words(said)
            raise NotAuthorised(f"connection '{self._connection}': Tryton does not allow it. {text}", code="FORBIDDEN")
        if refused:
            raise Declined(said)
        return reply.body


def text(row: Row, name: str) -> str:
    """A text of a row, '' where Tryton has none. Like the next two it raises one of UNREADABLE for anything else."""
    value = row[name]
    if not isinstance(value, str | None):
        raise TypeError(f"{name} is not text")
    return value or ""


def amount(row: Row, name: str) -> Decimal:
    """A number of a row that can be reckoned with."""
    number = row[name] if isinstance(row[name], Decimal) else Decimal(whole(row[name]))
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{name} is not a usable number")
    return number


def whole(value: object) -> int:
    """A whole number, such as an id."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no whole number")
    return value


def _said(body: object) -> str:
    """Tryton's own words about a call that it does not do; '' if it is not Tryton that speaks."""
    parts = [body.get("message"), body.get("description")] if isinstance(body, dict) else []
    return " ".join(part for part in parts if part and isinstance(part, str))


def _number(digits: str) -> int | Decimal | str:
    """A number; one that is too long to be one stays text."""
    with suppress(*UNREADABLE):
        return int(digits) if digits.removeprefix("-").isdecimal() else Decimal(digits)
    return digits


def _own_words(text: str) -> str:
    """What of Tryton's text may be told where no order is known whose people could be taken out of it."""
    known = _NAMES_NO_RECORD.match(text)
    left_out = "Its text is left out because it may contain personal data: make the same call in Tryton to read it"
    return known[0] if known else left_out


def _content(value: Any) -> Content:
    return Content("application/json", json.dumps(value, default=_encode).encode())


def _encode(value: object) -> object:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} cannot be represented in Tryton's JSON")


def _decode(value: dict[str, Any]) -> Any:
    """A value as Tryton means it. One that is none is left as it stands, so that only who needs it stumbles over it."""
    with suppress(*UNREADABLE):
        match value:
            case {"__class__": "Decimal", "decimal": str(number)}:
                return Decimal(number)
            case {"__class__": "datetime", **parts}:
                return datetime(**parts, tzinfo=UTC)
            case {"__class__": "date", **parts}:
                return date(**parts)
    return value | {key[:-1]: related for key, related in value.items() if key.endswith(".")}
