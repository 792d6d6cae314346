"""A vendor's server of ours, on loopback and in threads of its own: what the simulators of ERPs share.

It knows HTTP and no vendor. A simulator says what is where with `route`, one call at a time, and keeps its state in
plain attributes. JSON goes both ways with exact numbers.
"""

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from order_sync.wire.content import exact_json, json_content
from tests.support.loopback import Loopback

Kind = TypeVar("Kind", bound="Simulator")
Route = TypeVar("Route", bound=Callable[..., Any])


class Call(NamedTuple):
    """What came: `parts` are the groups of the route's pattern, `query` has the last value of each name.

    `body` is the value of JSON, a mapping of a form's fields, or text.
    """

    method: str
    path: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


class Answer(Exception):
    """Raise it to answer with another status than 200, or with headers, from wherever you are."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.body, self.headers = status, body, headers or {}


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    """Marks the function that answers a method on paths of that pattern. What it returns is sent as JSON."""

    def marked(function: Route) -> Route:
        function.route = (method, re.compile(pattern))  # type: ignore[attr-defined]
        return function

    return marked


class Simulator(Loopback):
    """A vendor's server; a context manager."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self._one_at_a_time = threading.Lock()

    def admit(self, call: Call) -> None:
        """Raise an Answer for a caller who may not call this."""

    def answer(self, call: Call) -> Answer:
        """What it says to a call."""
        with self._one_at_a_time:
            try:
                self.admit(call)
                for name in dir(type(self)):
                    function = getattr(type(self), name)
                    method, pattern = getattr(function, "route", ("", re.compile("")))
                    if method == call.method and (found := pattern.fullmatch(call.path)):
                        return Answer(200, function(self, call._replace(parts=found.groups())))
            except Answer as answer:
                return answer
        return Answer(404, {"message": f"there is no {call.method} {call.path}"})


class Simulators(ExitStack):
    """The simulators of a test session, each started as it is first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._running: dict[type[Simulator], Any] = {}

    def running(self, kind: type[Kind]) -> Kind:
        """The one simulator of that kind."""
        if kind not in self._running:
            self._running[kind] = self.enter_context(kind())
        running: Kind = self._running[kind]
        return running


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, simulator: Simulator, *arguments: Any) -> None:
        self._simulator = simulator
        super().__init__(*arguments)

    def _serve(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        call = Call(self.command, unquote(address.path), (), query, self.headers, self._body())  # type: ignore[arg-type]  # it is a mapping, whatever case one asks in
        answer = self._simulator.answer(call)
        content = json_content(answer.body) if answer.body is not None else None
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", content.type)
        self.send_header("Content-Length", str(len(content.data) if content else 0))
        self.end_headers()
        self.wfile.write(content.data if content else b"")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _body(self) -> Any:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        kind = self.headers.get_content_type()
        if kind == "application/x-www-form-urlencoded":
            return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}
        return exact_json(text) if text and kind.endswith("json") else text

    def log_message(self, *_: object) -> None:
        """Say nothing: tests look at the state."""
