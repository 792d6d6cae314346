"""Servers of ours on loopback that are as strict as a vendor's: what they were asked is in `seen`, by path."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import aiohttp
import jwt
from aiohttp import web
from multidict import CIMultiDictProxy

from tests.support.proxy import Proxy

SECRET = "s€cret/7+"
SCOPE = "https://erp.example.com/.default"
"""What a client may ask a token for, or for nothing."""


@asynccontextmanager
async def serving(app: web.Application, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server's address, while it serves."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class Vendor:
    """A server that notes each call: its path, and its headers."""

    seen: list[tuple[str, CIMultiDictProxy[str]]] = field(default_factory=list)

    def count(self, path: str) -> int:
        """How many calls of a path came."""
        return sum(1 for seen, _ in self.seen if seen == path)

    def app(self) -> web.Application:
        """What it serves."""
        app = web.Application(middlewares=[self._note])
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call."""
        raise NotImplementedError

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.seen.append((request.path, request.headers))
        answer: web.StreamResponse = await handler(request)
        return answer


class TokenServer(Protocol):
    """An OAuth server at `token_url`, and at `url` the system that heeds its tokens, under `/orders`.

    It refuses a wrong secret, and a secret in the other's place: `client-7` shows it in the form, `client-8` in the
    header, as RFC 6749 says (2.3.1).
    """

    url: str

    @property
    def token_url(self) -> str: ...

    def count(self, path: str) -> int:
        """How many calls of `/token` or `/orders` came."""

    def end(self) -> None:
        """End all tokens that it has issued."""


@dataclass
class Issuer(Vendor):
    """Such a server of ours. `public_key` is that of the one client that may sign its assertions."""

    client: str = "client-7"
    scope: str = SCOPE
    lasts: Any = 3600
    public_key: Any = None
    algorithm: str = "PS256"
    tokens: set[str] = field(default_factory=set)
    assertions: list[dict[str, Any]] = field(default_factory=list)
    issued: int = 0
    url: str = ""
    path: str = "/token"

    @property
    def token_url(self) -> str:
        """See `TokenServer`."""
        return self.url + self.path

    def end(self) -> None:
        """See `TokenServer`."""
        self.tokens.clear()

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == self.path:
            return self._token(request, dict(await request.post()))
        return heeding(bearer_of(request) in self.tokens)

    def _token(self, request: web.Request, form: dict[str, Any]) -> web.Response:
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        if not (self._signed(form) if self.public_key else self._knows(request, form)):
            said = {"error": "invalid_client", "error_description": f"not {form.get('client_secret')}"}
            return web.json_response(said, status=401)
        if form.get("scope", self.scope) != self.scope:
            return web.json_response({"error": "invalid_scope"}, status=400)
        self.issued += 1
        token = f"token-{self.issued}"
        self.tokens.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.lasts}
        return web.json_response({name: value for name, value in answer.items() if value is not None})

    def _knows(self, request: web.Request, form: dict[str, Any]) -> bool:
        if "Authorization" not in request.headers:
            return (form.get("client_id"), form.get("client_secret")) == (self.client, SECRET)
        said = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        return said == "client-8:s%E2%82%ACcret%2F7%2B" and "client_secret" not in form

    def _signed(self, form: dict[str, Any]) -> bool:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        try:
            claims = jwt.decode(
                form["client_assertion"],
                self.public_key,
                algorithms=[self.algorithm],
                audience=self.token_url,
                issuer=self.client,
                options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
            )
        except (jwt.InvalidTokenError, KeyError):
            return False
        fresh = claims["jti"] not in [each["jti"] for each in self.assertions]
        self.assertions.append({**claims, "header": jwt.get_unverified_header(form["client_assertion"])})
        return fresh and form.get("client_assertion_type") == kind


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    """A token server of ours, while it serves."""
    issuer = Issuer()
    async with serving(issuer.app()) as url:
        issuer.url = url
        yield issuer


@dataclass(kw_only=True)
class JudgedIssuer(Vendor):
    """The same with another's OAuth server behind a proxy that counts; its tokens are heeded for their signature."""

    judge: Proxy
    keys: Mapping[str, Any]
    url: str = ""
    heeded: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    @property
    def token_url(self) -> str:
        """See `TokenServer`."""
        return f"{self.judge.base_url}/token"

    def count(self, path: str) -> int:
        """See `TokenServer`."""
        return self.judge.count(f"POST {path}") if path == "/token" else super().count(path)

    def end(self) -> None:
        """See `TokenServer`."""
        self.ended |= self.heeded

    async def answer(self, request: web.Request) -> web.Response:
        token = bearer_of(request)
        with suppress(jwt.InvalidTokenError, KeyError):
            key = self.keys[jwt.get_unverified_header(token)["kid"]]
            jwt.decode(token, key, algorithms=["RS256"], options={"require": ["exp", "iss"], "verify_aud": False})
            self.heeded.add(token)
        return heeding(token in self.heeded - self.ended)


@asynccontextmanager
async def judged_by(address: str) -> AsyncIterator[JudgedIssuer]:
    """A system that heeds the tokens of the OAuth server there, while it serves."""
    async with aiohttp.ClientSession() as session, session.get(f"{address}/jwks") as answer:
        keys = {str(key.key_id): key.key for key in jwt.PyJWKSet.from_dict(await answer.json()).keys}
    with Proxy(address) as judge:
        issuer = JudgedIssuer(judge=judge, keys=keys)
        async with serving(issuer.app()) as url:
            issuer.url = url
            yield issuer


def bearer_of(request: web.Request) -> str:
    """The token that a call bears."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def heeding(known: bool) -> web.Response:
    """The answer of a system that knows the caller, or not."""
    return web.json_response({"number": 7}) if known else web.json_response({"said": "no"}, status=401)


@dataclass
class Gateway(Vendor):
    """A system as SAP's gateway is: a session with cookies, and a token against forgery for each write in it."""

    login: str = "Basic " + base64.b64encode("otto:pässword".encode()).decode()
    sessions: dict[str, str] = field(default_factory=dict)
    begun: int = 0

    def end(self) -> None:
        """End all sessions."""
        self.sessions.clear()

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self.login:
            return web.Response(status=401)
        session, said = request.cookies.get("SAP_SESSIONID", ""), request.headers.get("x-csrf-token", "")
        if said.lower() == "fetch":
            self.begun += 1
            session, token = f"session={self.begun}==", f"token-{self.begun}=="
            self.sessions[session] = token
            response = web.Response(headers={"x-csrf-token": token})
            response.headers.add("Set-Cookie", f"SAP_SESSIONID={session}; path=/; HttpOnly")
            response.headers.add("Set-Cookie", "sap-usercontext=sap-client=100; path=/")
            return response
        if request.method != "GET" and (not said or self.sessions.get(session) != said):
            return web.Response(status=403, headers={"x-csrf-token": "Required"}, text="CSRF token validation failed")
        return web.json_response({"d": {"SalesOrder": "5001"}}, status=201)


class Tunnel:
    """A proxy that takes CONNECT only; `asked` is to where, `known_as` who may. It answers `status` to all others."""

    def __init__(self, known_as: str = "", status: int = 407) -> None:
        self.asked: list[str] = []
        self._known_as, self._status = known_as, status
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(task := asyncio.current_task())  # type: ignore[arg-type]
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head.split("\r\n")[0])
            if self._known_as and f"Proxy-Authorization: {self._known_as}" not in head:
                writer.write(f"HTTP/1.1 {self._status} No\r\nContent-Length: 0\r\n\r\n".encode())
                return
            host, _, port = head.split()[1].rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            writer.close()
            self._tasks.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
