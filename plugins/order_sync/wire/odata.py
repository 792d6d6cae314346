"""OData V2 and V4: literals and keys, filters short enough for an address, all pages, both envelopes of errors.

What a collection or a field is for is the adapter's. Nobody's name belongs into an address, since servers log them.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, urljoin
from uuid import UUID

from order_sync.core.errors import Misconfigured, Unreadable
from order_sync.wire.content import Reply
from order_sync.wire.http import Http
from order_sync.wire.pages import Page, all_rows

Version = Literal[2, 4]
Row = Mapping[str, Any]

LONGEST = 2000
"""How many characters an address may have; some servers and gateways take no more than about 2,048."""


class Raw(str):
    """Text that is OData already, such as the member of an enumeration: `Raw("Vendor.SalesStatus'Backorder'")`."""

    __slots__ = ()


class ODataProblem(NamedTuple):
    """One thing that a system says is wrong, in its own words; `field` is where, if it says that."""

    code: str
    message: str
    field: str = ""


class OData:
    """The collections of one service, `root` being their address below the endpoint's."""

    def __init__(self, http: Http, root: str, version: Version = 4, longest: int = LONGEST) -> None:
        self._http = http
        self._root = root.rstrip("/")
        self.version: Version = version
        self._longest = longest

    def address(self, collection: str, key: Any = None, **options: str) -> str:
        """Where a collection, or its row of that key, is. Options are named without `$`, as `select="Name"`."""
        path = f"{self._root}/{collection}" + ("" if key is None else self.key(key))
        return f"{path}?{_query({f'${name}': text for name, text in options.items()})}" if options else path

    def key(self, key: Any) -> str:
        """A key as it stands in an address; one of several fields is a mapping."""
        fields = key.items() if isinstance(key, Mapping) else [("", key)]
        parts = [f"{name}={self.literal(value)}" if name else self.literal(value) for name, value in fields]
        return f"({quote(','.join(parts), safe=chr(39) + ',=')})"

    def literal(self, value: object) -> str:
        """A value as filters and keys have it."""
        return literal(value, self.version)

    async def rows(self, collection: str, extra: str = "", **options: str) -> list[Row]:
        """All rows of a collection that the options leave, of all pages; `extra` is what the vendor wants besides."""
        address = self.address(collection, **options)
        return await all_rows(self._page, _joined(address, extra))

    async def rows_by(
        self, collection: str, field: str, values: Iterable[object], extra: str = "", also: str = "", **options: str
    ) -> list[Row]:
        """The rows whose field has one of the values and for which `also` holds, in as few calls as addresses allow."""
        rest = len(_joined(self.address(collection, filter="", **options), extra)) + len(self._http.endpoint.base_url)
        found: list[Row] = []
        for condition in self.filters(field, values, self._longest - rest, also):
            found += await self.rows(collection, extra, filter=condition, **options)
        return found

    def filters(self, field: str, values: Iterable[object], longest: int, also: str = "") -> Iterator[str]:
        """Conditions that together ask for all values, none longer in an address than that, if one value is not."""
        parts: list[str] = []
        for value in dict.fromkeys(self.literal(value) for value in values):
            part = f"{field} eq {value}"
            if parts and len(_quoted(_any_of([*parts, part], also))) > longest:
                yield _any_of(parts, also)
                parts = []
            parts.append(part)
        if parts:
            yield _any_of(parts, also)

    async def _page(self, address: str) -> Page[Row]:
        reply = await self._http.ask("GET", address)
        where = f"{address.partition('?')[0]} of {self._http.endpoint.about}"
        if reply.status >= HTTPStatus.BAD_REQUEST:
            codes = ", ".join(dict.fromkeys(problem.code for problem in problems(reply) if problem.code))
            raise Misconfigured(
                f"{where} does not match the adapter's request (HTTP {reply.status}{codes and f', {codes}'}): make the"
                " same call by hand to read why"
            )
        return page(reply)


def literal(value: object, version: Version = 4) -> str:
    """A value as OData writes it in filters and keys."""
    match value:
        case None:
            return "null"
        case Raw():
            return str(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}" + ("M" if version == 2 else "")
        case UUID():
            return f"guid'{value}'" if version == 2 else str(value)
    return _moment(value, version)


def page(reply: Reply) -> Page[Row]:
    """The rows of an answer, and the address of the next page. Raises Unreadable."""
    try:
        body = reply.body.get("d", reply.body)
        rows = body if isinstance(body, list) else body.get("results", body.get("value"))
        link = None if isinstance(body, list) else body.get("__next") or body.get("@odata.nextLink")
        following = urljoin(reply.url, link) if link else None
    except (AttributeError, TypeError, ValueError):
        rows = following = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable(f"an OData answer (HTTP {reply.status}) contains no rows")
    return Page(rows, following)


def problems(reply: Reply) -> tuple[ODataProblem, ...]:
    """What the system says is wrong, the outermost first; nothing if the answer is no OData error. No warnings."""
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    if not isinstance(error, dict):
        return ()
    inner = error.get("innererror")
    inner = inner if isinstance(inner, dict) else {}
    said = [error, *_several(error.get("details")), *_several(inner.get("errordetails")), inner]
    found = (
        ODataProblem(
            _text(each.get("code")), _text(each.get("message")), _text(each.get("target") or each.get("propertyref"))
        )
        for each in said
        if not _is_warning(each)
    )
    return tuple(dict.fromkeys(problem for problem in found if problem.message))


def is_business_error(reply: Reply) -> bool:
    """Whether the system itself says why it did not do what was asked: for `Http`, where it does so with HTTP 5xx."""
    return bool(problems(reply))


def _moment(value: object, version: Version) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return _local(value, version)
        text = value.isoformat().replace("+00:00", "Z")
        return f"datetimeoffset'{text}'" if version == 2 else text
    if isinstance(value, date):
        return f"datetime'{value.isoformat()}T00:00:00'" if version == 2 else value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be represented in OData")


def _local(value: datetime, version: Version) -> str:
    if version == 4:
        raise TypeError("a time in OData V4 must have a time zone")
    return f"datetime'{value.isoformat()}'"


def _any_of(parts: list[str], also: str) -> str:
    several = " or ".join(parts)
    if not also:
        return several
    return f"({several}) and ({also})"


def _quoted(text: str) -> str:
    return quote(text, safe="$(),'@*:/")


def _query(options: Mapping[str, str]) -> str:
    return "&".join(f"{name}={_quoted(text)}" for name, text in options.items())


def _joined(address: str, extra: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{extra}" if extra else address


def _several(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text; in V2 it is the value of an object that names its language."""
    text = value.get("value") if isinstance(value, dict) else value
    return text.strip() if isinstance(text, str) else ""


def _problem(said: Mapping[str, Any]) -> ODataProblem:
    where = said.get("target") or said.get("propertyref")
    return ODataProblem(_text(said.get("code")), _text(said.get("message")), _text(where))


def _is_warning(said: Mapping[str, Any]) -> bool:
    number = said.get("@Common.numericSeverity")
    return said.get("severity") in ("success", "info", "warning") or (isinstance(number, int) and number < 4)
