"""The one HTTP client: pooled, bounded in time and in number, and exact about what a failed call may have done.

A question that fails is Transient, once it was repeated in vain. A send that fails *after* it may have left is
OutcomeUnknown, and one that never got a connection is Transient: the difference between sending an order again and
making it twice. No send is repeated, but one that the system declined because of too many calls. It must not know any
ERP, what the calls mean, nor Airflow. Messages name the connection and never repeat a key or body.
"""

import asyncio
import json
import ssl
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from order_sync.core.errors import Misconfigured, NotAuthorised, OrderSyncError, OutcomeUnknown, Transient, Unreadable
from order_sync.core.settings import Settings
from order_sync.pace import Gate

QUESTIONS_AT_A_TIME = 2
"""Questions in flight beside the sends, so that looking orders up never crowds out sending them."""

KEEP_ALIVE_SECONDS = 1.0
"""How long an idle connection is kept: less than the 2 s after which gunicorn closes it under a POST."""

REPEATS = (0.2, 1.0)
"""After about how many seconds a question is asked again that failed at once: a lost connection is no outage."""

Doubt = type[Transient] | type[OutcomeUnknown]
"""What a call without a usable answer is: a question can be asked again, a send may have taken effect."""

UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What is raised where an answer is read that is not as expected."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a system answers and how it knows us, as its Airflow connection says.

    Attributes:
        connection: the connection's name, for messages.
        base_url: scheme, host and port, without a path. http only on this machine.
        key: the bearer key.
        login: the user's name, where the connection has one.
        extra: the connection's extra; `ca` is the path of a certificate authority to trust instead of the system's.
    """

    connection: str
    base_url: str
    key: str = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    login: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said: its status, below 500, and the decoded JSON, or the text of what is no JSON."""

    status: int
    body: Any


class _Passing(Exception):
    """A failure that the next call may not meet; `error` is what it is when no call follows."""

    def __init__(self, error: OrderSyncError) -> None:
        super().__init__(str(error))
        self.error = error


class Rest:
    """JSON over HTTP to one endpoint; an async context manager.

    `decode` turns an answer's text into values and `encode` values into a request's text; both have JSON's defaults.
    All calls pass the `gate`: give one that knows the vendor's headers, or that another client of the connection has.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: Settings,
        *,
        headers: Mapping[str, str] | None = None,
        encode: Callable[[Any], str] = json.dumps,
        decode: Callable[[str], Any] = json.loads,
        gate: Gate | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._tls = _checked(endpoint)
        self._headers = {"Authorization": f"Bearer {endpoint.key}", "Accept": "application/json", **(headers or {})}
        self._connect_timeout = settings.http_connect_timeout
        self._read_timeout = settings.http_read_timeout
        self._sends = asyncio.Semaphore(settings.submit_concurrency)
        self._questions = asyncio.Semaphore(QUESTIONS_AT_A_TIME)
        self._connections = settings.submit_concurrency + QUESTIONS_AT_A_TIME
        self._encode = encode
        self._decode = decode
        self._gate = gate or Gate(endpoint.connection)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            self._endpoint.base_url,
            connector=aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=self._tls
            ),
            timeout=aiohttp.ClientTimeout(
                connect=self._connect_timeout.total_seconds(), sock_read=self._read_timeout.total_seconds()
            ),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
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
        repeats: Sequence[float] = REPEATS,
    ) -> Reply:
        """Make a call that may be made again at will, and is made again if it fails at once; silence is not repeated.

        Raises Transient, RateLimited, NotAuthorised or Misconfigured.
        """
        async with self._questions:
            return await self._call(method, path, body, headers, Transient, repeats)

    async def send(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """Make a call that must not be made twice. As `ask`, but OutcomeUnknown once it may have reached the server."""
        async with self._sends:
            return await self._call(method, path, body, headers, OutcomeUnknown, ())

    async def _call(
        self,
        method: str,
        path: str,
        body: Any,
        headers: Mapping[str, str] | None,
        doubt: Doubt,
        repeats: Sequence[float],
    ) -> Reply:
        data = None if body is None else self._encode(body).encode()
        sent_headers = {**(headers or {}), **({"Content-Type": "application/json"} if data else {})}
        begun, declined, pauses = self._gate.now(), 0, [*repeats]
        while True:
            await self._gate.passed(begun)
            try:
                response, text = await self._exchange(method, path, data, sent_headers, doubt)
                if not self._gate.heed(response.status, response.headers, declined):
                    return self._judged(response, text, path, doubt)
                declined += 1
            except _Passing as failure:
                if not pauses:
                    raise failure.error from None
                await self._gate.rest(pauses.pop(0))

    async def _exchange(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str], doubt: Doubt
    ) -> tuple[aiohttp.ClientResponse, str]:
        """Make the call once."""
        where = self._named(path)
        try:
            async with asyncio.timeout((self._connect_timeout + self._read_timeout).total_seconds()):
                async with self._session.request(
                    method, path, data=data, headers=headers, allow_redirects=False
                ) as response:
                    return response, await response.text(errors="replace")
        except aiohttp.ClientConnectorCertificateError as error:
            raise Misconfigured(
                f"connection '{self._endpoint.connection}': the certificate of {self._endpoint.base_url} cannot be"
                f" verified ({error.certificate_error}); renew it, or name its authority's file as 'ca' in the extra"
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise _Passing(self._not_connected(error)) from None
        except aiohttp.ConnectionTimeoutError as error:
            raise self._not_connected(error) from None
        except TimeoutError:
            raise doubt(f"{where} did not answer within {self._read_timeout}") from None
        except aiohttp.ClientError as error:
            broke = f"{where}: the connection broke before the answer ended ({type(error).__name__})"
            raise _Passing(doubt(broke)) from None
        except UNREADABLE as error:  # a character set that there is not, or that is for something else than text
            raise unreadable(f"{where} answered in characters that cannot be read", error, doubt) from None

    def _not_connected(self, error: Exception) -> Transient:
        return Transient(
            f"connection '{self._endpoint.connection}': {self._endpoint.base_url} does not accept connections"
            f" ({type(error).__name__}); nothing was sent"
        )

    def _named(self, path: str) -> str:
        return f"{urlsplit(path).path} of connection '{self._endpoint.connection}'"

    def _judged(self, response: aiohttp.ClientResponse, text: str, path: str, doubt: Doubt) -> Reply:
        status, where = response.status, self._named(path)
        connection = self._endpoint.connection
        if status == HTTPStatus.UNAUTHORIZED:
            raise NotAuthorised(f"{where}: the key is not accepted (HTTP 401): set a valid one as its password")
        if status == HTTPStatus.FORBIDDEN:
            raise NotAuthorised(f"{where}: the key does not allow this (HTTP 403)", code="FORBIDDEN")
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise Misconfigured(f"{where} redirects (HTTP {status}): set the address that answers in '{connection}'")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            raise _Passing(doubt(f"{where} answered HTTP {status}"))
        if response.content_type != "application/json" or not text:
            return Reply(status, text)
        try:
            return Reply(status, self._decode(text))
        except UNREADABLE as error:
            raise unreadable(f"{where} answered HTTP {status} with broken JSON", error, doubt) from None


def unreadable(what: str, error: Exception, doubt: Doubt = Transient) -> Unreadable | OutcomeUnknown:
    """The error for an answer that cannot be read: where that was noticed, and none of its values."""
    places = [place for place in traceback.extract_tb(error.__traceback__) if "order_sync" in place.filename]
    at = f" at {places[-1].filename.rpartition('/')[2]}:{places[-1].lineno}" if places else ""
    kind = Unreadable if doubt is Transient else OutcomeUnknown
    return kind(f"{what} ({type(error).__name__}{at})")


def _checked(endpoint: Endpoint) -> ssl.SSLContext | bool:
    """The TLS settings of an endpoint. Raises Misconfigured for one that cannot be used safely."""
    name = endpoint.connection
    try:
        parts = urlsplit(endpoint.base_url)
        host = parts.hostname or ""
        whole = f"{parts.scheme}://{parts.netloc}"
        host.encode("idna")
        sound = parts.port != 0 and not {"@", " "} & {*whole} and endpoint.base_url.rstrip("/") == whole
    except ValueError:
        sound = False
    if not sound or not host or parts.scheme not in ("http", "https"):
        raise Misconfigured(
            f"connection '{name}' has no address to call: it needs a schema, a host, a port, and no more"
        )
    if not endpoint.key or not endpoint.key.isascii() or not endpoint.key.isprintable() or " " in endpoint.key:
        raise Misconfigured(f"connection '{name}': its password must be the system's REST key, on one line and no more")
    if parts.scheme == "http":
        if not _is_loopback(host):
            raise Misconfigured(
                f"connection '{name}' would send its key unencrypted to {host}: set its schema to https"
            )
        return True
    ca = endpoint.extra.get("ca")
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, TypeError):
        raise Misconfigured(f"connection '{name}': extra 'ca' is '{ca}', which is no certificate file") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
