"""The HTTP client says of every failure whether the call may have taken effect, and repeats none but questions."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from order_sync.core.errors import (
    Misconfigured,
    NotAuthorised,
    OrderSyncError,
    OutcomeUnknown,
    Transient,
    Unreadable,
)
from order_sync.core.settings import Settings
from order_sync.pace import Gate
from order_sync.rest import REPEATS, Endpoint, Reply, Rest
from tests.support.proxy import Proxy

NOWHERE = "http://127.0.0.1:9"
KEY = "secret-key"
QUICK = Settings(
    http_connect_timeout=timedelta(seconds=0.5), http_read_timeout=timedelta(seconds=0.5), submit_concurrency=2
)


@pytest.fixture
def server() -> Iterator[Proxy]:
    """A server that answers what a test tells it to."""
    with Proxy(NOWHERE) as proxy:
        yield proxy


def endpoint(base_url: str, key: str = KEY, **extra: str) -> Endpoint:
    return Endpoint("erp_test", base_url, key, extra)


async def at_once(seconds: float) -> None:
    """Wait for nothing."""


async def fails(base_url: str, how: str, **extra: str) -> OrderSyncError:
    """The error that one call ends with."""
    async with Rest(endpoint(base_url, **extra), QUICK, gate=Gate("erp_test", sleep=at_once)) as rest:
        with pytest.raises(OrderSyncError) as error:
            await getattr(rest, how)("POST", "/orders", {"secret": "body"})
    assert "erp_test" in str(error.value)
    assert KEY not in str(error.value)
    assert "body" not in str(error.value)
    return error.value


async def test_json_goes_out_with_the_key_and_comes_back_as_values(server: Proxy) -> None:
    server.answer("^POST /orders\n", 200, '{"number": 7}', Content_Type="application/json")
    async with Rest(endpoint(server.base_url), QUICK, headers={"Accept-Language": "en"}) as rest:
        assert await rest.send("POST", "/orders", {"a": 1}) == Reply(200, {"number": 7})
    assert server.requests == ['POST /orders\n{"a": 1}']


@pytest.mark.parametrize("status", [200, 204, 400, 404, 409, 422])
async def test_an_answer_below_500_is_the_callers_to_judge(server: Proxy, status: int) -> None:
    server.answer("", status, "" if status == 204 else "<p>text</p>", Content_Type="text/html")
    async with Rest(endpoint(server.base_url), QUICK) as rest:
        assert (await rest.send("POST", "/orders", {})).status == status


@pytest.mark.parametrize("how", ["ask", "send"])
async def test_a_refused_connection_has_sent_nothing(how: str) -> None:
    """R43, R73"""
    assert type(await fails(NOWHERE, how)) is Transient


@pytest.mark.parametrize("how", ["ask", "send"])
async def test_a_name_that_does_not_resolve_has_sent_nothing(how: str) -> None:
    assert type(await fails("https://nowhere.invalid", how)) is Transient


@pytest.mark.parametrize("how", ["ask", "send"])
async def test_a_connection_that_is_not_set_up_in_time_has_sent_nothing(how: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never begins with TLS
        assert type(await fails(f"https://127.0.0.1:{silent.getsockname()[1]}", how)) is Transient


@pytest.mark.parametrize(("how", "error"), [("ask", Transient), ("send", OutcomeUnknown)])
@pytest.mark.parametrize("trouble", ["stall", "lose", "drop"])
async def test_silence_after_the_request_leaves_the_outcome_of_a_send_unknown(
    server: Proxy, trouble: str, how: str, error: type[OrderSyncError]
) -> None:
    with Proxy(server.base_url) as proxy:
        getattr(proxy, trouble)("")
        assert type(await fails(proxy.base_url, how)) is error
        repeated = how == "ask" and trouble != "stall"
        assert proxy.count("") == 1 + repeated * len(REPEATS), "a send is made once, and so is what took its whole time"


@pytest.mark.parametrize(("how", "error"), [("ask", Transient), ("send", OutcomeUnknown)])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_servers_failure_leaves_the_outcome_of_a_send_unknown(
    server: Proxy, status: int, how: str, error: type[OrderSyncError]
) -> None:
    """R69"""
    server.answer("", status, "<p>body</p>")
    assert type(await fails(server.base_url, how)) is error
    assert server.count("") == 1 + (how == "ask") * len(REPEATS), "a send is made once"


@pytest.mark.parametrize("trouble", ["lose", "drop", "answer"])
async def test_a_question_whose_answer_is_lost_is_asked_again_and_answered(server: Proxy, trouble: str) -> None:
    server.answer("", 200, "{}", Content_Type="application/json")
    with Proxy(server.base_url) as proxy:
        if trouble == "answer":
            proxy.answer("", 503, times=2)
        else:
            getattr(proxy, trouble)("", times=2)
        async with Rest(endpoint(proxy.base_url), QUICK, gate=Gate("erp_test", sleep=at_once)) as rest:
            assert (await rest.ask("GET", "/orders")).status == 200
        assert proxy.count("") == 3


async def test_a_question_that_must_not_be_asked_again_is_not(server: Proxy) -> None:
    server.answer("", 503)
    async with Rest(endpoint(server.base_url), QUICK) as rest:
        with pytest.raises(Transient):
            await rest.ask("POST", "/address", {}, repeats=())
    assert server.count("") == 1


async def test_what_cannot_be_read_or_is_not_allowed_is_not_asked_again(server: Proxy) -> None:
    for status in (200, 401, 403):
        server.requests.clear()
        server.answer("", status, "{", Content_Type="application/json")
        await fails(server.base_url, "ask")
        assert server.count("") == 1


@pytest.mark.parametrize(("how", "error"), [("ask", Unreadable), ("send", OutcomeUnknown)])
async def test_broken_json_leaves_the_outcome_of_a_send_unknown(
    server: Proxy, how: str, error: type[OrderSyncError]
) -> None:
    for body in ('{"number": 7', "[" * 100_000, "9" * 5000, "nothing"):
        server.answer("", 200, body, Content_Type="application/json")
        assert type(await fails(server.base_url, how)) is error


@pytest.mark.parametrize(("how", "error"), [("ask", Unreadable), ("send", OutcomeUnknown)])
@pytest.mark.parametrize("charset", ["hex", "undefined", "idna", "zlib"])
async def test_characters_that_nobody_can_read_leave_the_outcome_of_a_send_unknown(
    server: Proxy, how: str, error: type[OrderSyncError], charset: str
) -> None:
    server.answer("", 200, '{"number": "\u00e4"}', Content_Type=f"text/plain; charset={charset}")
    assert type(await fails(server.base_url, how)) is error


@pytest.mark.parametrize(("status", "code"), [(401, "AUTH_EXPIRED"), (403, "FORBIDDEN")])
async def test_a_key_that_is_not_accepted_needs_a_person(server: Proxy, status: int, code: str) -> None:
    """R43, R70, R72"""
    server.answer("", status)
    error = await fails(server.base_url, "send")
    assert type(error) is NotAuthorised
    assert error.code == code


async def test_a_redirect_is_not_followed_with_the_key(server: Proxy) -> None:
    server.answer("", 302, Location="/elsewhere")
    assert type(await fails(server.base_url, "send")) is Misconfigured
    assert server.count("elsewhere") == 0


async def test_held_sends_leave_room_for_questions_and_no_more_go_out_than_allowed(server: Proxy) -> None:
    patient = Settings(submit_concurrency=2)
    server.answer("", 200, "{}", Content_Type="application/json")
    held = server.stall("send")
    async with Rest(endpoint(server.base_url), patient) as rest:
        sends = [asyncio.create_task(rest.send("POST", f"/send/{number}", {})) for number in range(5)]
        async with asyncio.timeout(5):
            while server.count("send") < 2:
                await asyncio.to_thread(held.reached.wait, 0.01)
        for _ in range(20):
            await rest.ask("GET", "/ask")
        assert server.count("send") == 2
        for task in sends:
            task.cancel()
        await asyncio.gather(*sends, return_exceptions=True)


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        ("http://erp.example.com", "https"),
        ("http://192.0.2.7:8000", "https"),
        ("ftp://erp.example.com", "schema"),
        ("https://", "host"),
        ("https://erp:port", "address"),
        ("https:// erp.example.com:8000", "address"),
        ("https://erp..example.com", "address"),
        ("https://erp.example.com/tryton", "no more"),
        ("https://user:secret-key@erp.example.com", "no more"),
        ("", "host"),
    ],
)
def test_an_address_that_cannot_be_used_safely_is_refused_by_connection(base_url: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=f"erp_test.*{says}") as error:
        Rest(endpoint(base_url), QUICK)
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://erp.example.com"]
)
def test_http_stays_on_this_machine_and_https_goes_anywhere(base_url: str) -> None:
    Rest(endpoint(base_url), QUICK)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(Misconfigured, match=r"erp_test.*password") as error:
        Rest(endpoint("https://erp.example.com", key), QUICK)
    assert not key or key not in str(error.value)


def test_a_key_is_not_shown_with_its_endpoint() -> None:
    assert KEY not in repr(endpoint("https://erp.example.com"))


def test_a_certificate_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"erp_test.*/no/such\.pem"):
        Rest(endpoint("https://erp.example.com", ca="/no/such.pem"), QUICK)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody vouches for, as a file, and a server's context with it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / "server.pem", folder / "server.key"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_file)
    return pem, context


@pytest.fixture
def secure(certificate: tuple[Path, ssl.SSLContext]) -> Iterator[Proxy]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(Proxy(NOWHERE, tls=certificate[1]))


async def test_an_unknown_certificate_is_refused_before_anything_is_sent(secure: Proxy) -> None:
    error = await fails(secure.base_url, "send")
    assert type(error) is Misconfigured
    assert "'ca'" in str(error)
    assert secure.count("") == 0


async def test_the_connections_own_authority_is_trusted(
    secure: Proxy, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    secure.answer("", 200, "{}", Content_Type="application/json")
    async with Rest(endpoint(secure.base_url, ca=str(certificate[0])), QUICK) as rest:
        assert (await rest.send("POST", "/orders", {})).status == 200
