"""How a system knows us: one strategy for each way, made from a connection's endpoint.

A strategy gives the headers of a call, and of that call alone: a secret is in no default header, and goes to no other
host. Credentials that end are renewed when their time is nearly over, and once more when a call is refused; many calls
at once renew them once. Texts name connections and never hold a secret, nor a system's own words about one.
"""

import asyncio
import base64
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from time import monotonic, time
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import quote_plus, urlsplit

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from order_sync.core.errors import Misconfigured, NotAuthorised, Unreadable
from order_sync.wire.content import Reply, form_content
from order_sync.wire.endpoint import Endpoint, check_address

Headers = Mapping[str, str]

SPARE = timedelta(minutes=1)
"""How long before its end a token is renewed; a tenth of its time if that is less."""

ASSERTED = timedelta(minutes=5)
"""How long a signed assertion counts; it is used at once."""


class Ask(Protocol):
    """A question that a strategy asks to get its credentials; without `auth`, any answer below 500 is returned."""

    async def __call__(
        self, method: str, path: str, body: Any = None, headers: Headers | None = None, *, auth: "Auth | None" = None
    ) -> Reply: ...


class Auth:
    """Known as nobody: the base of all strategies, for addresses that anybody may call.

    Attributes:
        cookies: whether the client keeps the cookies that the system sets.
        what: the credentials, in the message of a call that is refused.
        mend: who changes what then.
    """

    cookies = False
    what = "the key"
    mend = "set a valid one as its password"

    async def headers(self, ask: Ask, refused: Headers) -> Headers:
        """What a call bears. `refused`: what it bore when it was refused, if it was; renewed if that can be."""
        return {}

    def refuses(self, reply: Reply) -> bool:
        """Whether the system refused the credentials, and so did nothing of what the call asked for."""
        return reply.status == HTTPStatus.UNAUTHORIZED


NOBODY = Auth()


class _Fixed(Auth):
    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    async def headers(self, ask: Ask, refused: Headers) -> Headers:
        return self._headers


class Lent(NamedTuple):
    """Credentials that end: after how long, if the system says it."""

    headers: Headers
    lasts: timedelta | None = None


class Renewed(Auth):
    """The base of strategies whose credentials end. What is left to say is how they are obtained."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._lock = asyncio.Lock()
        self._held: Headers = {}
        self._ends_at = 0.0

    async def obtain(self, ask: Ask) -> Lent:
        """Get new credentials."""
        raise NotImplementedError

    async def headers(self, ask: Ask, refused: Headers) -> Headers:
        async with self._lock:
            spent = self._held.items() <= refused.items()
            if spent or self._now() >= self._ends_at:
                begun = self._now()
                self._held, lasts = await self.obtain(ask)
                self._ends_at = begun + (lasts - min(SPARE, lasts / 10)).total_seconds() if lasts else float("inf")
            return self._held


def bearer(endpoint: Endpoint) -> Auth:
    """The password as a bearer key."""
    return _Fixed({"Authorization": f"Bearer {_key(endpoint)}"})


def header(endpoint: Endpoint, name: str, prefix: str = "") -> Auth:
    """The password in a header of the vendor's own, such as `X-Auth-Token`."""
    return _Fixed({name: prefix + _key(endpoint)})


def basic(endpoint: Endpoint) -> Auth:
    """Login and password."""
    if not endpoint.login or ":" in endpoint.login or not endpoint.key:
        raise Misconfigured(f"{endpoint.about} needs a login (without a colon) and a password")
    auth = _Fixed({"Authorization": _basic(endpoint.login, endpoint.key)})
    auth.what, auth.mend = "the login with its password", "set valid ones"
    return auth


def client_credentials(
    endpoint: Endpoint,
    token_url: str,
    scope: str = "",
    *,
    in_header: bool = False,
    now: Callable[[], float] = monotonic,
) -> Auth:
    """OAuth 2.0 (RFC 6749, 4.4): the login is the client's id, the password its secret.

    The secret goes to `token_url` only, in the form, or as basic authorisation if that server wants it `in_header`.
    """
    if not endpoint.login or not endpoint.key:
        raise Misconfigured(f"{endpoint.about} needs the client's id as its login and the client's secret as password")
    form = {"scope": scope} if scope else {}
    if in_header:
        headers = {"Authorization": _basic(quote_plus(endpoint.login), quote_plus(endpoint.key))}
        return _OAuth(endpoint, token_url, "password", lambda: (form, headers), now)
    proof = {**form, "client_id": endpoint.login, "client_secret": endpoint.key}
    return _OAuth(endpoint, token_url, "password", lambda: (proof, {}), now)


def signed_assertion(
    endpoint: Endpoint,
    token_url: str,
    algorithm: Literal["PS256", "ES256"],
    *,
    header: Mapping[str, str] | None = None,
    claims: Mapping[str, Any] | None = None,
    scope: str = "",
    now: Callable[[], float] = monotonic,
    clock: Callable[[], float] = time,
) -> Auth:
    """OAuth 2.0 with a signature in the place of a secret (RFC 7523): the login is the client's id.

    The PEM key stands as `private_key` in the extra, with `private_key_passphrase` if it has one. `header` names the
    key as the vendor wants it, such as {"kid": ...}; `claims` are those that the vendor wants besides.
    """
    if not endpoint.login:
        raise Misconfigured(f"{endpoint.about} needs the client's id as its login")
    key = _signing_key(endpoint, algorithm)

    def proof() -> tuple[Headers, Headers]:
        at = int(clock())
        body = {"iss": endpoint.login, "sub": endpoint.login, "aud": token_url, "jti": uuid.uuid4().hex}
        times = {"iat": at, "exp": at + int(ASSERTED.total_seconds())}
        assertion = jwt.encode({**body, **times, **(claims or {})}, key, algorithm, {**(header or {})})
        form = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        return {**form, "client_assertion": assertion, **({"scope": scope} if scope else {})}, {}

    return _OAuth(endpoint, token_url, "'private_key'", proof, now)


def csrf_session(endpoint: Endpoint, inner: Auth, path: str) -> Auth:
    """A session whose calls bear a token against forgery and cookies, as SAP's: `path` is asked for the token.

    `inner` is who begins the session. It begins anew when the system says that the token is over.
    """
    return _CsrfSession(endpoint, inner, path)


class _CsrfSession(Renewed):
    cookies = True
    NAME = "x-csrf-token"

    def __init__(self, endpoint: Endpoint, inner: Auth, path: str) -> None:
        super().__init__()
        self._about, self._inner = endpoint.about, inner
        self._path = path
        self.what, self.mend = inner.what, inner.mend

    def refuses(self, reply: Reply) -> bool:
        over = reply.status == HTTPStatus.FORBIDDEN and reply.headers.get(self.NAME, "").lower() == "required"
        return over or self._inner.refuses(reply)

    async def headers(self, ask: Ask, refused: Headers) -> Headers:
        known = await self._inner.headers(ask, refused)
        return {**known, **await super().headers(ask, refused)}

    async def obtain(self, ask: Ask) -> Lent:
        reply = await ask("GET", self._path, headers={self.NAME: "fetch"}, auth=self._inner)
        token = reply.headers.get(self.NAME, "")
        if not token or token.lower() == "required":
            raise Unreadable(f"{self._about}: {self._path} answered HTTP {reply.status} without {self.NAME}")
        return Lent({self.NAME: token})


class _OAuth(Renewed):
    what = "the token"

    def __init__(
        self,
        endpoint: Endpoint,
        token_url: str,
        secret: str,
        proof: Callable[[], tuple[Headers, Headers]],
        now: Callable[[], float],
    ) -> None:
        super().__init__(now)
        check_address(token_url, f"{endpoint.about}, for its token,", "the client's secret")
        self._about, self._token_url, self._proof = endpoint.about, token_url, proof
        self._hint = f"check its login (the client's id), {secret} and scope"
        self.mend = f"the client '{endpoint.login}' must be registered there"

    async def obtain(self, ask: Ask) -> Lent:
        form, headers = self._proof()
        body = form_content({"grant_type": "client_credentials", **form})
        reply = await ask("POST", self._token_url, body, headers)
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise NotAuthorised(
                f"{self._about}: {urlsplit(self._token_url).hostname} did not issue a token (HTTP {reply.status}"
                f"{_reason(reply)}): {self._hint}"
            )
        try:
            token, lasts = reply.body["access_token"], reply.body.get("expires_in")
            is_bearer = _is_token(token) and reply.body.get("token_type", "bearer").lower() == "bearer"
            ends = None if lasts is None else timedelta(seconds=float(lasts))
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
            is_bearer = False
        if not is_bearer:
            raise Unreadable(
                f"{self._about}: {urlsplit(self._token_url).hostname} answered HTTP {reply.status} without a bearer"
                " token"
            )
        return Lent({"Authorization": f"Bearer {token}"}, ends)


def _reason(reply: Reply) -> str:
    """OAuth's own code, such as invalid_client; its description could hold anything."""
    code = reply.body.get("error") if isinstance(reply.body, dict) else None
    return f", {code}" if isinstance(code, str) and re.fullmatch("[a-z_]{1,40}", code) else ""


def _signing_key(endpoint: Endpoint, algorithm: str) -> Any:
    passphrase = endpoint.extra.get("private_key_passphrase")
    pem = endpoint.pem("private_key")
    try:
        key = load_pem_private_key(pem, str(passphrase).encode() if passphrase else None)
        jwt.encode({}, key, algorithm)  # type: ignore[arg-type]  # PyJWT says what is no key for it
    except Exception:  # noqa: BLE001  whatever the libraries say, it may hold some of the key
        wanted = "an RSA key" if algorithm == "PS256" else "a key of the curve P-256"
        raise Misconfigured(
            f"{endpoint.about}: 'private_key' in its extra must be {wanted} for {algorithm}, complete, and with"
            " 'private_key_passphrase' if it has one"
        ) from None
    return key


def _key(endpoint: Endpoint) -> str:
    if not _is_token(endpoint.key):
        raise Misconfigured(f"{endpoint.about}: its password must be exactly the system's REST key, on one line")
    return endpoint.key


def _is_token(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _basic(login: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{login}:{password}'.encode()).decode()}"
