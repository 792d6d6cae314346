"""The one HTTP client: pooled, bounded in time and in number, and exact about what a failed call may have done.

A question that fails is Transient, once it was repeated in vain. A send that fails *after* it may have left is
OutcomeUnknown, and one that never got a connection is Transient: the difference between sending an order again and
making it twice. No send is repeated, but one that the system declined, because of too many calls or because the
credentials were over. It must not know any ERP, nor what the calls mean. Messages name the connection and never repeat
a secret or a body.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self

import aiohttp
from yarl import URL

from order_sync.core.errors import Misconfigured, NotAuthorised, OutcomeUnknown, Transient, Unreadable
from order_sync.core.settings import Settings
from order_sync.wire.auth import NOBODY, Auth
from order_sync.wire.content import (
    UNREADABLE,
    Content,
    Decode,
    Doubt,
    Encode,
    Reply,
    exact_json,
    json_content,
    unreadable,
)
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.failures import Passing, failure, named
from order_sync.wire.pace import Gate

QUESTIONS_AT_A_TIME = 2
"""Questions in flight beside the sends, so that looking orders up never crowds out sending them."""

KEEP_ALIVE_SECONDS = 1.0
"""How long an idle connection is kept: less than the 2 s after which gunicorn closes it under a POST."""

REPEATS = (0.2, 1.0)
"""After about how many seconds a question is asked again that failed at once: a lost connection is no outage."""


def _none(_: Reply) -> bool:
    return False


class Http:
    """Calls to one endpoint; an async context manager.

    `auth` says how the system knows us. `encode` makes the body of a value, unless it is a Content already, `decode`
    values of JSON; by default both keep numbers exact. All calls pass the `gate`: give one that knows the vendor's
    headers, or that another client of the connection has. `is_business_error` tells the answers of HTTP 403 or 5xx in
    which the system itself says why it did not do what was asked: these are returned as any answer below 500 is.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: Settings,
        auth: Auth,
        *,
        headers: Mapping[str, str] | None = None,
        encode: Encode = json_content,
        decode: Decode = exact_json,
        gate: Gate | None = None,
        is_business_error: Callable[[Reply], bool] = _none,
    ) -> None:
        self.endpoint = endpoint
        self._tls, self._proxy = endpoint.tls, endpoint.proxy
        self._base = endpoint.base_url.rstrip("/")
        self._origin = URL(self._base).origin()
        self._auth = auth
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._connect_timeout = settings.http_connect_timeout
        self._read_timeout = settings.http_read_timeout
        self._sends = asyncio.Semaphore(settings.submit_concurrency)
        self._questions = asyncio.Semaphore(QUESTIONS_AT_A_TIME)
        self._connections = settings.submit_concurrency + QUESTIONS_AT_A_TIME
        self._encode = encode
        self._decode = decode
        self._gate = gate or Gate(endpoint.connection)
        self._is_business_error = is_business_error

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=self._tls
            ),
            timeout=aiohttp.ClientTimeout(
                connect=self._connect_timeout.total_seconds(), sock_read=self._read_timeout.total_seconds()
            ),
            headers=self._headers,
            cookie_jar=(
                aiohttp.CookieJar(unsafe=True, quote_cookie=False) if self._auth.cookies else aiohttp.DummyCookieJar()
            ),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        auth: Auth | None = None,
        repeats: Sequence[float] = REPEATS,
    ) -> Reply:
        """Make a call that may be made again at will, and is made again if it fails at once; silence is not repeated.

        `path` follows the endpoint's base path; the address of a next page may be given whole. `auth` is another than
        the client's. Raises Transient, RateLimited, NotAuthorised or Misconfigured.
        """
        async with self._questions:
            return await self._known(method, path, body, headers, auth or self._auth, Transient, repeats)

    async def send(
        self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None, *, auth: Auth | None = None
    ) -> Reply:
        """Make a call that must not be made twice. As `ask`, but OutcomeUnknown once it may have reached the server."""
        async with self._sends:
            return await self._known(method, path, body, headers, auth or self._auth, OutcomeUnknown, ())

    async def _for_auth(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        auth: Auth | None = None,
    ) -> Reply:
        """A question of a strategy; it waits for no place, since the call that it is for has one."""
        return await self._known(method, path, body, headers, auth or NOBODY, Transient, REPEATS)

    async def _known(
        self,
        method: str,
        path: str,
        body: Any,
        headers: Mapping[str, str] | None,
        auth: Auth,
        doubt: Doubt,
        repeats: Sequence[float],
    ) -> Reply:
        """Make a call as somebody, once more with new credentials if the system declines those that it bore."""
        url = self._url(path, auth)
        content = body if body is None or isinstance(body, Content) else self._encode(body)
        credentials = await auth.headers(self._for_auth, {})
        reply = await self._call(method, url, content, {**(headers or {}), **credentials}, doubt, repeats)
        if auth.refuses(reply):
            renewed = await auth.headers(self._for_auth, credentials)
            if renewed != credentials:
                reply = await self._call(method, url, content, {**(headers or {}), **renewed}, doubt, repeats)
        return self._judged(reply, url, auth)

    async def _call(
        self,
        method: str,
        url: URL,
        content: Content | None,
        headers: Mapping[str, str],
        doubt: Doubt,
        repeats: Sequence[float],
    ) -> Reply:
        begun, declined, pauses = self._gate.now(), 0, [*repeats]
        while True:
            await self._gate.passed(begun)
            try:
                reply = await self._exchange(method, url, content, headers, doubt)
                if not self._gate.heed(reply.status, reply.headers, declined):
                    return self._usable(reply, url, doubt)
                declined += 1
            except Passing as passing:
                if not pauses:
                    raise passing.error from None
                await self._gate.rest(pauses.pop(0))

    async def _exchange(
        self, method: str, url: URL, content: Content | None, headers: Mapping[str, str], doubt: Doubt
    ) -> Reply:
        """Make the call once."""
        where, data = named(self.endpoint, url), None
        if content:
            data, headers = content.data, {**headers, "Content-Type": content.type}
        try:
            async with asyncio.timeout((self._connect_timeout + self._read_timeout).total_seconds()):
                async with self._session.request(
                    method,
                    url,
                    data=data,
                    headers=headers,
                    proxy=self._proxy if url.scheme == "https" else None,
                    allow_redirects=False,
                ) as response:
                    text = await response.text(errors="replace")
                    return Reply(
                        response.status, self._decoded(response, text, where, doubt), response.headers, f"{url}"
                    )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise failure(error, self.endpoint, url, doubt, self._read_timeout) from None
        except UNREADABLE as error:  # a character set that there is not, or that is for something else than text
            raise unreadable(f"{where} answered in a character encoding that cannot be read", error, doubt) from None

    def _decoded(self, response: aiohttp.ClientResponse, text: str, where: str, doubt: Doubt) -> Any:
        kind = response.content_type.rpartition("/")[2]
        if not text or (kind != "json" and not kind.endswith("+json")):
            return text
        try:
            return self._decode(text)
        except UNREADABLE as error:
            if response.status >= HTTPStatus.BAD_REQUEST:
                return text
            said = f"{where} answered HTTP {response.status} with broken JSON"
            raise unreadable(said, error, doubt) from None

    def _usable(self, reply: Reply, url: URL, doubt: Doubt) -> Reply:
        failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status == HTTPStatus.REQUEST_TIMEOUT
        if failed and not self._speaks(reply):
            raise Passing(doubt(f"{named(self.endpoint, url)} answered HTTP {reply.status}"))
        return reply

    def _speaks(self, reply: Reply) -> bool:
        """Whether the system itself says why; what the adapter stumbles over is nobody's word."""
        try:
            return self._is_business_error(reply)
        except UNREADABLE:
            return False

    def _judged(self, reply: Reply, url: URL, auth: Auth) -> Reply:
        status, where = reply.status, named(self.endpoint, url)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            name = self.endpoint.connection
            raise Misconfigured(f"{where} redirects (HTTP {status}): set the address that answers in '{name}'")
        if auth is NOBODY:
            return reply
        if status == HTTPStatus.UNAUTHORIZED:
            raise NotAuthorised(f"{where}: {auth.what} is not accepted (HTTP 401): {auth.mend}")
        if status == HTTPStatus.FORBIDDEN and not self._speaks(reply):
            raise NotAuthorised(f"{where}: {auth.what} does not allow this (HTTP 403)", code="FORBIDDEN")
        return reply

    def _url(self, path: str, auth: Auth) -> URL:
        """The address to call. Credentials go to the endpoint's own host only, wherever an answer leads."""
        try:
            url = URL(self._base + path) if path.startswith("/") else URL(path)
            host = url.origin()
        except ValueError:
            raise Unreadable(
                f"{self.endpoint.about}: the path to call must begin with /, or be a complete address"
            ) from None
        if auth is not NOBODY and host != self._origin:
            raise Misconfigured(
                f"{self.endpoint.about} was redirected from its own address to {url.host};"
                " its credentials are not sent there: set the system's own address"
            )
        return url
