"""An ERP with a REST interface, on loopback and in threads of its own, unlike the one that the sandbox runs.

It knows the sandbox's catalogue. What is awkward about it, as about real ones:

- an order is made in three calls: its header, which gets a number at once, then all its lines, then its release;
- its reference has 35 characters at most, and is the same in upper and lower case;
- what it lists shows an order a moment (LAG) after it was made, in pages of MOST rows, and tells amounts without tax;
- it says why it refuses an order in the body of an HTTP 500, and names the customer there.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any
from uuid import uuid4

from sandbox import catalogue
from tests.support.loopback import Loopback

MOST = 20
"""Rows in one page."""

LONGEST = 35
"""Characters of a reference."""

LAG = 0.05
"""Seconds after which an order is listed."""

Row = dict[str, Any]
Answer = tuple[int, Any]

ARTICLES = {each.sku: each for each in (*catalogue.PRODUCTS, *catalogue.CHARGES)}
CODES: Mapping[str, Mapping[str, Any]] = {
    "sku": {each.sku: {"salable": each.salable} for each in ARTICLES.values()},
    "customer": {each.account: {} for each in (*catalogue.CUSTOMERS, *catalogue.GUESTS)},
    "tax": {each.code: {"rate": f"{each.rate * 100:f}"} for each in catalogue.TAXES},
    "currency": {each.code: {} for each in catalogue.CURRENCIES},
}


class BackOfficeServer(Loopback):
    """The ERP; a context manager. It books what is released, at once, unless it is `resting`."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.id, self.key = str(uuid4()), str(uuid4())
        self.rows: dict[int, Row] = {}
        self.resting = False
        self._lock = threading.Lock()
        self._ids = count(1)

    def enter(self, header: Row, state: str) -> Row:
        """An order that a person made, without lines."""
        with self._lock:
            return self._made({**header, "state": state, "lines": []})

    def under(self, reference: str) -> list[Row]:
        """Every order under a reference."""
        return [row for row in self.rows.values() if row["reference"].casefold() == reference.casefold()]

    def answer(self, method: str, path: str, body: Any) -> Answer:
        """What it says to a call."""
        with self._lock:
            if not self.resting:
                for row in self.rows.values():
                    row["state"] = "booked" if row["state"] == "open" else row["state"]
            for pattern, do in self._calls.items():
                if found := re.fullmatch(pattern, f"{method} {path}"):
                    return do(*found.groups(), body)
        return 404, {"error": {"code": "PATH", "message": "there is nothing"}}

    @property
    def _calls(self) -> Mapping[str, Callable[..., Answer]]:
        return {
            "GET /about": lambda _: (200, {"id": self.id, "version": "7"}),
            "POST /codes": self._codes,
            "POST /search": self._search,
            "GET /orders/([0-9]+)": lambda id_, _: (200, self.rows[int(id_)]),
            "POST /orders": self._header,
            "POST /orders/([0-9]+)/lines": self._lines,
            "POST /orders/([0-9]+)/release": partial(self._moved, "draft", "open"),
            "POST /orders/([0-9]+)/reopen": partial(self._moved, "cancelled", "draft"),
        }

    def _codes(self, wanted: Mapping[str, Sequence[str]]) -> Answer:
        return 200, {
            kind: {code: CODES[kind][code] for code in codes if code in CODES[kind]} for kind, codes in wanted.items()
        }

    def _search(self, asked: Row) -> Answer:
        references = {each.casefold() for each in asked.get("references", ())}
        listed = [
            row
            for row in self.rows.values()
            if row["listed_from"] <= time.monotonic()
            and ("references" not in asked or row["reference"].casefold() in references)
            and ("numbers" not in asked or row["number"] in asked["numbers"])
            and ("channel" not in asked or row["channel"] == asked["channel"])
            and ("from" not in asked or asked["from"] <= row["entered"] < asked["before"])
            and row["id"] > asked.get("after", 0)
        ]
        page = listed[:MOST]
        return 200, {"rows": page, "next": page[-1]["id"] if len(listed) > MOST else None}

    def _header(self, header: Row) -> Answer:
        if len(header["reference"]) > LONGEST:
            return 422, {"error": {"code": "LENGTH", "message": f"reference: {LONGEST} characters at most"}}
        if header["reference"] and (known := self.under(header["reference"])):
            live = [row for row in known if row["state"] != "cancelled"]
            return 409, {"error": {"code": "REFERENCE", "message": "it is there"}, "id": (live or known)[-1]["id"]}
        return 201, self._made({**header, "state": "draft", "lines": []})

    def _made(self, row: Row) -> Row:
        id_ = next(self._ids)
        made = {"id": id_, "number": f"BO-{id_:06}", "entered": datetime.now(UTC).isoformat(), **row}
        self.rows[id_] = made | {"listed_from": time.monotonic() + LAG}
        return self.rows[id_]

    def _lines(self, id_: str, lines: Sequence[Row]) -> Answer:
        row = self.rows[int(id_)]
        for line in lines:
            if not ARTICLES[line["sku"]].salable:
                return 500, {
                    "error": {"code": "ITEM", "message": f"{line['sku']} is blocked; order of {row['ship_to']}"}
                }
        row["lines"] = [*lines]
        return 200, row

    def _moved(self, before: str, after: str, id_: str, _: Any) -> Answer:
        row = self.rows[int(id_)]
        row["state"] = after if row["state"] == before else row["state"]
        return 200, row


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, erp: BackOfficeServer, *arguments: Any) -> None:
        self._erp = erp
        super().__init__(*arguments)

    def handle(self) -> None:
        """Serve until either side is tired of it."""
        with suppress(OSError):
            super().handle()

    def _serve(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") == f"Bearer {self._erp.key}":
            status, said = self._erp.answer(
                self.command, self.path, json.loads(text, parse_float=Decimal) if text else None
            )
        else:
            status, said = 401, {"error": {"code": "KEY", "message": "who are you?"}}
        body = json.dumps(said, default=str).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve

    def log_message(self, *_: object) -> None:
        """Say nothing."""
