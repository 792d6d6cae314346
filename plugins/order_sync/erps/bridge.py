"""An integration platform that takes orders for an ERP: each is posted as canonical JSON, and its answer says all.

The platform cannot be asked for an order afterwards. So an answer of HTTP 2xx with a number is the proof, and where an
answer got lost a person looks into the ERP; or the order is posted again by itself, if the owner says that the platform
makes one order of a key however often it gets it. Names and codes of the ERP stand in its profile (`erps/<name>/`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, ClassVar, Self

from order_sync.canonical import FORM, canonical_json
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.errors import Misconfigured, OrderConflict, OrderRefused, OutcomeUnknown, Unreadable
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.order.references import ReferenceField
from order_sync.core.ports.erp import Health
from order_sync.core.privacy.redaction import without_address
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.sending.traits import Traits
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrder
from order_sync.profile import Profile, read_profile
from order_sync.specs import ErpSpec, FolderOf
from order_sync.wire.auth import Auth, basic, bearer, client_credentials, header
from order_sync.wire.content import Content, Reply
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http

CALLS_PER_SUBMIT = 3
"""How many calls one submit may need at most: for a token, and the order once more with a new one."""

LONGEST = 500
"""Characters of the platform's own words that are kept."""

LONGEST_NUMBER = 200


class Bridge:
    """One address of a platform; an async context manager that holds its connections.

    The connection is of type `http`. It says who we are: with `token_url` in the extra, and perhaps `scope`, by OAuth,
    login and password being the client's; with `key_header` by the password in that header; with a login by it and the
    password; else by the password as a bearer key. Options:

    - `path`: where orders are posted; `/orders` if left out.
    - `check`: where a GET tells that the platform works and knows us; the same if left out, where it may be refused.
    - `identity`: the field of that answer which names the installation; the address if left out.
    - `number`: the field of an answer which holds the ERP's number, `order.number` if it is within another; `number`.
    - `key_header`: the header that bears our key; `Idempotency-Key` if left out.
    - `idempotent`: True if the platform makes one order of a key however often, and whenever, it gets it.
    """

    connection_type: ClassVar = "http"
    traits = Traits(
        "blind",
        proof="acceptance",
        receipt_is_acceptance=True,
        knows=frozenset(),
        external_reference=ReferenceField(longest=255),
        looks_up=False,
    )

    @classmethod
    def of(cls, endpoint: Endpoint, spec: ErpSpec, settings: Settings, folder: FolderOf) -> Self:
        """See `Adapter.of`."""
        return cls(endpoint, settings, spec.options, read_profile(folder("erps", spec.name)))

    def __init__(self, endpoint: Endpoint, settings: Settings, options: Mapping[str, Any], profile: Profile) -> None:
        self.traits = replace(
            self.traits,
            guarantee="unique_key" if options.get("idempotent") is True else "blind",
            submit_seconds=CALLS_PER_SUBMIT * settings.call_deadline.total_seconds(),
        )
        self._endpoint, self._profile = endpoint, profile
        self._path = str(options.get("path", "/orders"))
        self._check = str(options.get("check", self._path))
        self._identity, self._number = options.get("identity"), str(options.get("number", "number"))
        self._key_header = str(options.get("key_header", "Idempotency-Key"))
        self._http = Http(endpoint, settings, _auth(endpoint), is_business_error=self._says_why)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.__aexit__(*error)

    async def check(self) -> Health:
        """It answers and knows us. Where only orders may be posted, that it refuses to be read is an answer too."""
        reply = await self._http.ask("GET", self._check)
        if reply.status == HTTPStatus.NOT_FOUND:
            raise self._no_such_path(self._check)
        if reply.status != HTTPStatus.METHOD_NOT_ALLOWED and (
            reply.status >= HTTPStatus.BAD_REQUEST or not isinstance(reply.body, dict | list)
        ):
            raise Unreadable(f"{self._endpoint.about}: {self._check} answered HTTP {reply.status} without JSON")
        named = _within(reply.body, str(self._identity)) if self._identity else None
        if self._identity and not named:
            raise Unreadable(f"{self._endpoint.about}: {self._check} answered without {self._identity}")
        return Health(named or f"{self._endpoint.base_url}{self._path}", FORM)

    async def reference(self, _: Collection[Wanted] | None = None) -> ReferenceData:
        """Nothing: the platform tells nothing, and so nobody asks."""
        raise NotImplementedError

    async def prepare(self, orders: Collection[Order]) -> None:
        """Nothing to look up."""

    async def submit(self, order: Order) -> Receipt:
        """Post the order under its key."""
        content = Content("application/json", canonical_json(order, self._profile).encode())
        headers = {self._key_header: order.external_reference}
        return self._judged(order, await self._http.send("POST", self._path, content, headers))

    async def look_up(self, _: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        """Nothing: the platform cannot be asked."""
        return {}

    def _judged(self, order: Order, reply: Reply) -> Receipt:
        where = f"{self._path} of {self._endpoint.about}"
        if reply.status < HTTPStatus.MULTIPLE_CHOICES:
            if reply.body != "" and not isinstance(reply.body, dict):
                raise OutcomeUnknown(f"{where} answered HTTP {reply.status} with an unexpected answer")
            return Receipt(_within(reply.body, self._number), "accepted")
        if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            raise self._no_such_path(self._path)
        code, said = _said(reply.body)
        text = without_address(said, order)[:LONGEST] or f"it answered HTTP {reply.status} without a reason"
        means = self._profile.meaning(code, said, "")
        if means == OrderConflict.code:
            raise OrderConflict(text)
        if reply.status == HTTPStatus.CONFLICT and not means:
            raise OutcomeUnknown(f"{where} answered HTTP 409 (conflict), so it may have the order: {text}")
        raise OrderRefused(text, code=means or OrderRefused.code)

    def _says_why(self, reply: Reply) -> bool:
        """Whether a failure is a refusal: only if the owner wrote down what it means."""
        return bool(self._profile.meaning(*_said(reply.body), ""))

    def _no_such_path(self, path: str) -> Misconfigured:
        return Misconfigured(
            f"{self._endpoint.about}: there is no {path}, or it does not accept orders: correct the address in the"
            " connection, or the option of the ERP in the registry"
        )


def _auth(endpoint: Endpoint) -> Auth:
    if "token_url" in endpoint.extra:
        token_url = endpoint.named("token_url", "the address that issues tokens")
        return client_credentials(endpoint, token_url, str(endpoint.extra.get("scope", "")))
    if "key_header" in endpoint.extra:
        return header(endpoint, endpoint.named("key_header", "the name of the header that contains the key"))
    return basic(endpoint) if endpoint.login else bearer(endpoint)


def _within(body: Any, place: str) -> str:
    """The text or the whole number at a place of an answer, such as `order.number`; '' for anything else."""
    for name in place.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return str(body).strip()[:LONGEST_NUMBER] if isinstance(body, str) or type(body) is int else ""


def _said(body: Any) -> tuple[str, str]:
    """The code and the text of an error: of `error`, or of the answer itself, as in RFC 9457."""
    error = body.get("error", body) if isinstance(body, dict) else {}
    if not isinstance(error, dict):
        return "", error if isinstance(error, str) else ""
    code = next((error[name] for name in ("code", "type") if isinstance(error.get(name), str | int)), "")
    texts = (error.get(name) for name in ("message", "detail", "title"))
    return str(code), next((each for each in texts if isinstance(each, str)), "")
