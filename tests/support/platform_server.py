"""An integration platform on loopback, in threads of its own: it takes orders by POST and makes one of each key.

It answers a key that comes again as it did the first time, and refuses another order under it. What it took is in
`orders`, by key; nobody can ask it for that. `heeds_keys` is False for a platform that makes an order of each call.
"""

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

from sandbox.clerk import refusal
from tests.support.loopback import Loopback

Answer = tuple[int, Any]


class PlatformServer(Loopback):
    """The platform; a context manager. `failing` has it say why it refuses in an HTTP 500."""

    def __init__(self, *, heeds_keys: bool = True) -> None:
        super().__init__(_Handler)
        self.id, self.key, self.heeds_keys, self.failing = str(uuid4()), str(uuid4()), heeds_keys, False
        self.orders: dict[str, dict[str, Any]] = {}
        self.times = 0
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, key: str, order: dict[str, Any] | None) -> Answer:
        """What it says to a call."""
        if (method, path) == ("GET", "/status"):
            return 200, {"installation": {"id": self.id}}
        if (method, path) != ("POST", "/flows/orders"):
            return 404, "no such flow"
        if not order or not key:
            return 400, {"error": {"code": "EMPTY", "message": "an order and its key are missing"}}
        with self._lock:
            return self._made(key, order)

    def _made(self, key: str, order: dict[str, Any]) -> Answer:
        self.times += 1
        if why := refusal(order):
            status = 500 if self.failing else 422
            return status, {"error": {"code": "ITEM", "message": f"{why}; to {order['ship_to']['name']}"}}
        name = key if self.heeds_keys else f"{key} {self.times}"
        known = self.orders.setdefault(name, {"order": order, "number": 4711 + len(self.orders)})
        if known["order"] != order:
            return 422, {"error": {"code": "KEY_REUSED", "message": "another order came with this key"}}
        return 201, {"order": {"number": known["number"]}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, platform: PlatformServer, *arguments: Any) -> None:
        self._platform = platform
        super().__init__(*arguments)

    def handle(self) -> None:
        """Serve until either side is tired of it."""
        with suppress(OSError):
            super().handle()

    def _serve(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, said = 401, {"error": {"code": "KEY", "message": "who are you?"}}
        if self.headers.get("Authorization") == f"Bearer {self._platform.key}":
            key = self.headers.get("Idempotency-Key", "")
            status, said = self._platform.answer(self.command, self.path, key, json.loads(text) if text else None)
        body = json.dumps(said).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve

    def log_message(self, *_: object) -> None:
        """Say nothing."""
