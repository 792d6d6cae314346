"""A shop with a REST interface, on loopback and in threads of its own: a channel that is no database.

GET /shop tells which shop it is. GET /orders lists orders, with all that each says, at most MOST at once:

- `ids`, `modified_after`, `placed_from` and `placed_before` choose among them; `limit` may ask for fewer at once;
- they come by when they were written; `cursor` goes on behind the last one of a page, wherever it now is;
- `page` counts pages instead, the newest first, as some shops do.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

from tests.support.loopback import Loopback

MOST = 4
"""Orders in one page, however many are asked for."""

Order = dict[str, Any]


class ShopServer(Loopback):
    """The shop; a context manager. What is in `orders` is what it tells, by id; `requests` is what it was asked.

    Attributes:
        key: what it wants as the bearer.
        zone: of the shop's clock, in which it tells instants.
        told: how it writes an answer down.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.id, self.key = str(uuid4()), str(uuid4())
        self.orders: dict[str, Order] = {}
        self.requests: list[str] = []
        self.zone = ZoneInfo("UTC")
        self.told: Callable[[Any], str] = json.dumps
        self._lock = threading.Lock()
        self._stamp = datetime.now(UTC)

    @contextmanager
    def writing(self) -> Iterator[datetime]:
        """When something is written: taken as the block begins, and a later one each time."""
        with self._lock:
            self._stamp = max(datetime.now(UTC), self._stamp + timedelta(microseconds=1))
        yield self._stamp

    def answer(self, path: str, asked: dict[str, str]) -> Any:
        """What it says to a question; None if there is no such page."""
        now = self._written(max(datetime.now(UTC), self._stamp))
        if path == "/shop":
            return {"id": self.id, "now": now}
        if path != "/orders":
            return None
        chosen = sorted(filter(partial(_chosen, asked), self._copies()), key=_place)
        limit = min(int(asked.get("limit", MOST)), MOST)
        if "page" in asked:
            first = (int(asked["page"]) - 1) * limit
            page, pages = chosen[::-1][first : first + limit], -(-len(chosen) // limit)
            return {"orders": [self._in_zone(each) for each in page], "pages": pages, "now": now}
        rest = [each for each in chosen if "cursor" not in asked or _cursor(each) > asked["cursor"]]
        goes_on = _cursor(rest[limit - 1]) if len(rest) > limit else None
        return {"orders": [self._in_zone(each) for each in rest[:limit]], "next": goes_on, "now": now}

    def _copies(self) -> Sequence[Order]:
        with self._lock:
            return [dict(each) for each in self.orders.values()]

    def _in_zone(self, order: Order) -> Order:
        times = {name: self._written(order[name]) for name in ("modified", "placed")}
        return order | times

    def _written(self, instant: Any) -> Any:
        return instant.astimezone(self.zone).isoformat() if isinstance(instant, datetime) else instant


def _place(order: Order) -> tuple[datetime, str]:
    return order["modified"], order["id"]


def _cursor(order: Order) -> str:
    return f"{order['modified']:%Y%m%d%H%M%S%f}-{order['id']}"


def _chosen(asked: dict[str, str], order: Order) -> bool:
    def instant(name: str) -> datetime:
        return datetime.fromisoformat(asked[name])

    return (
        ("ids" not in asked or order["id"] in asked["ids"].split(","))
        and ("modified_after" not in asked or order["modified"] > instant("modified_after"))
        and ("placed_from" not in asked or order["placed"] >= instant("placed_from"))
        and ("placed_before" not in asked or order["placed"] < instant("placed_before"))
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, shop: ShopServer, *arguments: Any) -> None:
        self._shop = shop
        super().__init__(*arguments)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self._shop.requests.append(self.path)
        answer = self._shop.answer(address.path, {name: value for name, (value,) in parse_qs(address.query).items()})
        status = 404 if answer is None else 200
        if self.headers.get("Authorization") != f"Bearer {self._shop.key}":
            status, answer = 401, None
        body = self._shop.told(answer).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests look at `requests`."""
