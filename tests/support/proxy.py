"""A reverse proxy on loopback that misbehaves on demand: the network between us and an ERP at its worst.

It stands before one server, in threads of its own, and does to the requests that match a pattern what a rule says. A
pattern is searched in `METHOD path` followed by a line with the body. Rules may be added at any time; the newest wins.
"""

import http.client
import os
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.support.loopback import Loopback

HOP_BY_HOP = ("connection", "transfer-encoding", "keep-alive", "content-length")

PAGE = b"<html><p>One moment, please.</p></html>"

Action = Literal["hold", "lose", "garble", "drop", "stall", "answer"]
Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""


@dataclass
class Rule:
    """What happens to matching requests. Wait for `reached` to know that one came; `release` lets held answers go."""

    pattern: re.Pattern[str]
    action: Action
    times: int | None
    skip: int = 0
    answer: Answer = (502, MappingProxyType({}), b"")
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Let what was held go on, and hold nothing any more."""
        self.released.set()


class Proxy(Loopback):
    """Forwards to `target`, such as `http://127.0.0.1:8000`; a context manager. `requests` is what came, in order."""

    def __init__(self, target: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(_Handler)
        self.target = urlsplit(target).netloc
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self.requests: list[str] = []
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __exit__(self, *error: object) -> None:
        for rule in self._rules:
            rule.release()
        super().__exit__(*error)

    @property
    def base_url(self) -> str:
        """Its address, to be used instead of the target's."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def count(self, pattern: str) -> int:
        """How many requests so far match."""
        return sum(1 for request in self.requests if re.search(pattern, request))

    def hold(self, pattern: str, times: int | None = None, *, skip: int = 0) -> Rule:
        """Hold the server's answers back, but for the first `skip`, until the rule is released."""
        return self._add(Rule(re.compile(pattern), "hold", times, skip))

    def lose(self, pattern: str, times: int | None = None, *, skip: int = 0) -> Rule:
        """Throw the server's answers away and close the connection, but for the first `skip` requests."""
        return self._add(Rule(re.compile(pattern), "lose", times, skip))

    def garble(self, pattern: str, times: int | None = None, *, skip: int = 0) -> Rule:
        """Put a page of a proxy in the place of the server's answers, but for the first `skip`."""
        return self._add(Rule(re.compile(pattern), "garble", times, skip, (200, {"Content-Type": "text/html"}, PAGE)))

    def drop(self, pattern: str, times: int | None = None) -> Rule:
        """Close the connection; the server never sees the request."""
        return self._add(Rule(re.compile(pattern), "drop", times))

    def stall(self, pattern: str, times: int | None = None) -> Rule:
        """Say nothing until the rule is released; the server never sees the request."""
        return self._add(Rule(re.compile(pattern), "stall", times))

    def answer(
        self, pattern: str, status: int, body: str = "", times: int | None = None, skip: int = 0, **headers: str
    ) -> Rule:
        """Answer instead of the server, which never sees the request; headers as `Retry_After="7"`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._add(Rule(re.compile(pattern), "answer", times, skip, (status, named, body.encode())))

    def behave(self) -> None:
        """Drop all rules and let go what they hold."""
        with self._lock:
            rules, self._rules = self._rules, []
        for rule in rules:
            rule.release()

    def rule_for(self, request: str) -> Rule | None:
        """Note a request; the rule that it falls under, if any."""
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.times == 0 or not rule.pattern.search(request):
                    continue
                if rule.skip:
                    rule.skip -= 1
                else:
                    rule.times = None if rule.times is None else rule.times - 1
                    return rule
        return None

    def _add(self, rule: Rule) -> Rule:
        with self._lock:
            self._rules.insert(0, rule)
        return rule


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, proxy: Proxy, *arguments: Any) -> None:
        self._proxy = proxy
        super().__init__(*arguments)

    def handle(self) -> None:
        """Serve until either side is tired of it, which is nobody's error here."""
        with suppress(OSError):
            try:
                super().handle()
            except ssl.SSLError:
                self._linger()

    def _linger(self) -> None:
        """Read on after a handshake that failed: a client that is still sending would be reset, and never hear why."""
        with socket.socket(fileno=os.dup(self.connection.fileno())) as raw:
            raw.shutdown(socket.SHUT_WR)
            raw.settimeout(5)
            while raw.recv(65_536):
                pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        rule = self._proxy.rule_for(f"{self.command} {self.path}\n{body.decode(errors='replace')}")
        with suppress(http.client.HTTPException):
            if rule is None:
                self._answer(*self._forwarded(body))
            else:
                self._misbehave(rule, body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _misbehave(self, rule: Rule, body: bytes) -> None:
        answer = rule.answer
        if rule.action in ("hold", "lose", "garble"):
            forwarded = self._forwarded(body)
            answer = rule.answer if rule.action == "garble" else forwarded
        rule.reached.set()
        if rule.action in ("hold", "stall"):
            rule.released.wait()
        if rule.action in ("hold", "garble", "answer"):
            self._answer(*answer)
        else:
            self.close_connection = True

    def _forwarded(self, body: bytes) -> Answer:
        self.close_connection = True
        upstream = http.client.HTTPConnection(self._proxy.target)
        with closing(upstream):
            upstream.request(self.command, self.path, body or None, dict(self.headers))
            response = upstream.getresponse()
            answer = response.status, dict(response.headers), response.read()
        self.close_connection = False
        return answer

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests look at `requests`."""
