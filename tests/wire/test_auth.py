"""Each way of being known, against a server that is as strict as a vendor's; and no secret where it does not belong."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from order_sync.core.errors import Misconfigured, NotAuthorised, Transient, Unreadable
from order_sync.wire.auth import (
    NOBODY,
    Auth,
    basic,
    bearer,
    client_credentials,
    csrf_session,
    header,
    signed_assertion,
)
from order_sync.wire.endpoint import Endpoint
from tests.support.proxy import Proxy
from tests.wire.calls import by_secret, client, endpoint, error_of
from tests.wire.vendors import SECRET, Gateway, Issuer, issuing, serving

RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())


def pem(key: Any, encryption: KeySerializationEncryption | None = None) -> str:
    encryption = encryption or NoEncryption()
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode())


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """A server of ours, which can do what others cannot be told to."""
    async with issuing() as issuer:
        yield issuer


# --- keys that do not end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        (bearer, "Authorization", "Bearer the-key"),
        (lambda known: header(known, "X-Auth-Token"), "X-Auth-Token", "the-key"),
        (lambda known: header(known, "Authorization", "token "), "Authorization", "token the-key"),
        (basic, "Authorization", "Basic Y2xpZW50LTc6dGhlLWtleQ=="),
    ],
    ids=["bearer", "header", "header with a prefix", "basic"],
)
async def test_a_key_goes_where_the_vendor_looks_for_it(
    server: Proxy, auth: Callable[[Endpoint], Auth], name: str, value: str
) -> None:
    vendor = Gateway(login="")
    async with serving(vendor.app()) as url:
        known = endpoint(url, "the-key")
        async with client(known, auth(known)) as http:
            with pytest.raises(NotAuthorised):
                await http.send("POST", "/orders", {})
    [(_, headers)] = vendor.seen
    assert headers[name] == value, "and a key that does not end is tried once"


async def test_a_login_and_password_may_be_of_any_characters() -> None:
    async with serving(Gateway().app()) as url:
        known = endpoint(url, "pässword", "otto")
        async with client(known, basic(known)) as http:
            assert (await http.ask("GET", "/orders")).status == 201


@pytest.mark.parametrize(("login", "key"), [("", "x"), ("a:b", "x"), ("otto", "")])
def test_half_a_login_is_refused(login: str, key: str) -> None:
    with pytest.raises(Misconfigured, match="'erp_test' needs a login"):
        basic(endpoint("https://erp.example.com", key, login))


async def test_nobody_is_refused_by_whom_nobody_asked_to_be_known(server: Proxy) -> None:
    server.answer("", 401)
    async with client(endpoint(server.base_url), NOBODY) as http:
        assert (await http.ask("GET", "/public")).status == 401


# --- OAuth ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lasts", [None, "3600", 3600])
async def test_how_long_a_token_lasts_is_said_in_several_ways_or_not_at_all(issuer: Issuer, lasts: Any) -> None:
    issuer.lasts = lasts
    known, auth = by_secret(issuer)
    async with client(known, auth) as http:
        assert (await http.send("POST", "/orders", {})).status == 200
        assert (await http.send("POST", "/orders", {})).status == 200
    assert issuer.count("/token") == 1


async def test_a_token_that_is_refused_though_it_is_new_needs_a_person(issuer: Issuer) -> None:
    issuer.lasts = 3600
    known, auth = by_secret(issuer)
    async with client(known, auth) as http:
        issuer.tokens = type("Nothing", (set,), {"__contains__": lambda *_: False})()
        with pytest.raises(
            NotAuthorised, match=r"/orders of connection 'erp_test': the token is not accepted \(HTTP 401"
        ):
            await http.send("POST", "/orders", {})
    assert (issuer.count("/token"), issuer.count("/orders")) == (2, 2)


@pytest.mark.parametrize(
    "answer",
    ["", "[]", "{}", '{"access_token": 7}', '{"access_token": "a b"}', '{"access_token": ""}',
     '{"access_token": "a", "token_type": "mac"}', '{"access_token": "a", "token_type": 1}',
     '{"access_token": "a", "expires_in": "soon"}', '{"access_token": "a", "expires_in": 1e99}'],
)  # fmt: skip
async def test_an_answer_that_holds_no_token_is_not_believed(server: Proxy, answer: str) -> None:
    server.answer("token", 200, answer, Content_Type="application/json")
    known = endpoint(server.base_url)
    error = await error_of(known, client_credentials(known, f"{server.base_url}/token"))
    assert type(error) is Unreadable
    assert server.count("orders") == 0


async def test_a_token_server_that_is_away_is_trouble_and_nothing_was_sent(server: Proxy) -> None:
    server.answer("token", 503)
    known = endpoint(server.base_url)
    assert type(await error_of(known, client_credentials(known, f"{server.base_url}/token"))) is Transient
    assert (server.count("token"), server.count("orders")) == (3, 0)


@pytest.mark.parametrize("url", ["http://login.example.com/token", "https://", "https://a:b@login.example.com/token"])
def test_a_secret_goes_to_no_address_where_others_could_read_it(url: str) -> None:
    known = endpoint("https://erp.example.com")
    with pytest.raises(Misconfigured, match="'erp_test', for its token,") as error:
        client_credentials(known, url)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(("login", "key"), [("", SECRET), ("client-7", "")])
def test_half_of_a_clients_credentials_is_refused(login: str, key: str) -> None:
    with pytest.raises(Misconfigured, match="'erp_test' needs the client's id as its login and the client's secret"):
        client_credentials(endpoint("https://erp.example.com", key, login), "https://login.example.com/token")


# --- signed assertions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("algorithm", "key"), [("PS256", RSA), ("ES256", P256)])
@pytest.mark.parametrize("text", [pem, lambda key: pem(key).replace("\n", "\\n")], ids=["lines", "one line"])
async def test_a_signature_stands_for_a_secret_and_is_new_each_time(
    issuer: Issuer, algorithm: Any, key: Any, text: Callable[[Any], str]
) -> None:
    issuer.public_key, issuer.algorithm = key.public_key(), algorithm
    known = endpoint(issuer.url, key="", private_key=text(key))
    claims, headers = {"scope": ["rest_webservices"]}, {"kid": "certificate-1"}
    auth = signed_assertion(known, f"{issuer.url}/token", algorithm, header=headers, claims=claims)
    async with client(known, auth) as http:
        await http.send("POST", "/orders", {})
        issuer.end()
        assert (await http.send("POST", "/orders", {})).status == 200
    assert len({each["jti"] for each in issuer.assertions}) == 2
    first = issuer.assertions[0]
    assert first["header"] == {"typ": "JWT", "alg": algorithm, "kid": "certificate-1"}
    assert (first["scope"], first["sub"], first["exp"] - first["iat"]) == (["rest_webservices"], "client-7", 300)


async def test_a_key_may_have_a_passphrase(issuer: Issuer) -> None:
    issuer.public_key, issuer.algorithm = P256.public_key(), "ES256"
    locked = pem(P256, BestAvailableEncryption(b"open sesame"))
    known = endpoint(issuer.url, private_key=locked, private_key_passphrase="open sesame")
    async with client(known, signed_assertion(known, f"{issuer.url}/token", "ES256")) as http:
        assert (await http.send("POST", "/orders", {})).status == 200


async def test_another_ones_signature_is_refused_and_the_key_is_named_as_the_cause(issuer: Issuer) -> None:
    issuer.public_key = rsa.generate_private_key(65537, 2048).public_key()
    known = endpoint(issuer.url, private_key=pem(RSA))
    error = await error_of(known, signed_assertion(known, f"{issuer.url}/token", "PS256"))
    assert "did not issue a token (HTTP 401, invalid_client): check its login (the client's id), 'private_key'" in str(
        error
    )


@pytest.mark.parametrize(
    ("algorithm", "extra"),
    [
        ("PS256", {}),
        ("PS256", {"private_key": ""}),
        ("PS256", {"private_key": "/path/of/key.pem"}),
        ("PS256", {"private_key": "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"}),
        ("PS256", {"private_key": pem(P256)}),
        ("ES256", {"private_key": pem(RSA)}),
        ("ES256", {"private_key": pem(ec.generate_private_key(ec.SECP384R1()))}),
        ("ES256", {"private_key": pem(P256, BestAvailableEncryption(b"open sesame"))}),
        ("ES256", {"private_key": pem(P256, BestAvailableEncryption(b"open sesame")), "private_key_passphrase": "no"}),
    ],
)
def test_a_key_that_cannot_sign_is_a_matter_of_the_connection_and_is_not_shown(
    algorithm: Any, extra: dict[str, str]
) -> None:
    known = endpoint("https://erp.example.com", **extra)
    with pytest.raises(Misconfigured, match=r"'erp_test'.*'private_key'") as error:
        signed_assertion(known, "https://login.example.com/token", algorithm)
    text = extra.get("private_key", "").partition("\n")[2]
    assert not text or text[:20] not in str(error.value)
    assert error.value.__cause__ is None


# --- a session with a token against forgery ---------------------------------------------------------------------------


@pytest.fixture
async def gateway() -> AsyncIterator[tuple[Gateway, str]]:
    """A system with sessions, and its address."""
    gateway = Gateway()
    async with serving(gateway.app()) as url:
        yield gateway, url


def in_session(url: str) -> tuple[Endpoint, Auth]:
    known = endpoint(url, "pässword", "otto")
    return known, csrf_session(known, basic(known), "/service/")


async def test_writes_bear_the_sessions_token_and_cookies_and_begin_it_once(gateway: tuple[Gateway, str]) -> None:
    vendor, url = gateway
    async with client(*in_session(url)) as http:
        replies = await asyncio.gather(*(http.send("POST", "/service/A_SalesOrder", {}) for _ in range(8)))
    assert {reply.status for reply in replies} == {201}
    assert vendor.begun == 1


async def test_a_session_that_the_system_ends_begins_anew_and_the_calls_are_made_again(
    gateway: tuple[Gateway, str],
) -> None:
    vendor, url = gateway
    async with client(*in_session(url)) as http:
        await http.send("POST", "/service/A_SalesOrder", {})
        vendor.end()
        replies = await asyncio.gather(*(http.send("POST", "/service/A_SalesOrder", {}) for _ in range(4)))
    assert {reply.status for reply in replies} == {201}
    assert vendor.begun == 2


async def test_a_session_that_is_refused_though_it_is_new_needs_a_person(gateway: tuple[Gateway, str]) -> None:
    vendor, url = gateway
    vendor.sessions = type("Forgetful", (dict,), {"__setitem__": lambda *_: None})()
    error = await error_of(*in_session(url))
    assert (type(error), error.code) == (NotAuthorised, "FORBIDDEN")
    assert vendor.begun == 2


async def test_who_begins_a_session_with_a_wrong_password_is_told_so(gateway: tuple[Gateway, str]) -> None:
    _, url = gateway
    known = endpoint(url, "wrong", "otto")
    error = await error_of(known, csrf_session(known, basic(known), "/service/"))
    assert type(error) is NotAuthorised
    assert "the login with its password is not accepted (HTTP 401)" in str(error)


async def test_an_address_that_gives_no_token_is_named(server: Proxy) -> None:
    server.answer("", 404)
    error = await error_of(*in_session(server.base_url))
    assert str(error) == "connection 'erp_test': /service/ answered HTTP 404 without x-csrf-token"


async def test_a_session_may_be_begun_with_a_token_that_ends(issuer: Issuer) -> None:
    known, inner = by_secret(issuer)
    gateway = Gateway()
    async with serving(gateway.app()) as url:
        here = Endpoint(known.connection, url, known.key, {}, known.login)
        async with client(here, csrf_session(here, inner, "/service/")) as http:
            gateway.login = "Bearer token-1"
            assert (await http.send("POST", "/service/A_SalesOrder", {})).status == 201
            gateway.login = "Bearer token-2"
            assert (await http.send("POST", "/service/A_SalesOrder", {})).status == 201
    assert issuer.count("/token") == 2


async def test_cookies_are_kept_by_those_who_ask_for_it_alone(gateway: tuple[Gateway, str]) -> None:
    vendor, url = gateway
    known = endpoint(url, "pässword", "otto")
    async with client(known, basic(known)) as http:
        await http.ask("GET", "/service/", headers={"x-csrf-token": "fetch"})
        await http.ask("GET", "/service/")
    assert ["Cookie" in headers for _, headers in vendor.seen] == [False, False]


# --- where secrets go -------------------------------------------------------------------------------------------------


async def test_a_secret_is_in_no_log_no_default_header_and_no_text_of_its_strategy(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    known, auth = by_secret(issuer)
    async with client(known, auth) as http:
        await http.send("POST", "/orders", {})
        assert not {"authorization", "cookie"} & {name.lower() for name in http._session.headers}
        assert SECRET not in repr(auth) + repr(known) + repr(vars(http._session))
        assert "token-1" not in repr(auth)
    assert [path for path, headers in issuer.seen if "token-1" in str(headers)] == ["/orders"]
    assert SECRET not in caplog.text
    assert "token-1" not in caplog.text
