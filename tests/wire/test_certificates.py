"""HTTPS goes only to servers whose certificates hold, with the connection's own, and through its proxy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from order_sync.core.errors import (
    Misconfigured,
    OrderSyncError,
    Transient,
)
from tests.support.proxy import Proxy
from tests.wire.certificates import Authority
from tests.wire.talking import JSON, KEY, NOWHERE, client, endpoint, fails
from tests.wire.vendors import Tunnel


def test_a_certificate_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"erp_test.*/no/such\.pem"):
        client(endpoint("https://erp.example.com", ca="/no/such.pem"))


@pytest.fixture
def secure(authority: Authority) -> Iterator[Proxy]:
    """The same server with TLS, which only its own authority vouches for."""
    with Proxy(NOWHERE, tls=authority.serving()) as proxy:
        proxy.answer("", 200, "{}", **JSON)
        yield proxy


async def test_an_unknown_certificate_is_refused_before_anything_is_sent(secure: Proxy) -> None:
    error = await fails(secure.base_url, "send")
    assert type(error) is Misconfigured
    assert "'ca'" in str(error)
    assert secure.count("") == 0


@pytest.mark.parametrize("name", ["ca", "verify"])
async def test_the_connections_own_authority_is_trusted(secure: Proxy, authority: Authority, name: str) -> None:
    async with client(endpoint(secure.base_url, **{name: str(authority.pem)})) as http:
        assert (await http.send("POST", "/orders", {})).status == 200


@pytest.mark.parametrize("name", ["verify", "verify_ssl", "ca"])
@pytest.mark.parametrize("value", [False, "False", "false", 0, "", None])
def test_certificates_that_are_not_to_be_checked_are_refused_with_a_sentence(name: str, value: Any) -> None:
    with pytest.raises(Misconfigured, match=r"'erp_test': its extra switches certificate checks off.* 'verify'"):
        client(endpoint("https://erp.example.com", **{name: value}))


@pytest.mark.parametrize("value", [True, "true", "True"])
def test_that_certificates_are_checked_may_be_said(value: Any) -> None:
    client(endpoint("https://erp.example.com", verify=value))


@pytest.fixture(params=[True, False], ids=["TLS 1.3", "TLS 1.2"])
def strict(authority: Authority, request: pytest.FixtureRequest) -> Iterator[Proxy]:
    """A server that lets only those in who show a certificate of its authority."""
    with Proxy(NOWHERE, tls=authority.serving(known_clients=True, newest=request.param)) as proxy:
        proxy.answer("", 200, "{}", **JSON)
        yield proxy


async def test_a_server_that_knows_its_clients_is_shown_the_connections_certificate(
    strict: Proxy, authority: Authority
) -> None:
    file = str(authority.issue("us"))
    for cert in (file, [file, file]):
        async with client(endpoint(strict.base_url, ca=str(authority.pem), cert=cert)) as http:
            assert (await http.send("POST", "/orders", {})).status == 200


async def test_a_server_that_does_not_know_us_reads_nothing_and_a_person_is_told(
    strict: Proxy, authority: Authority, tmp_path: Path
) -> None:
    stranger = str(Authority(tmp_path).issue("stranger"))
    for extra in ({}, {"cert": stranger}):
        error = await fails(strict.base_url, "send", ca=str(authority.pem), **extra)
        assert type(error) is Misconfigured
        assert "'cert' in the extra" in str(error)
    assert strict.count("") == 0


@pytest.mark.parametrize("cert", ["/no/such.pem", ["/no/such.pem", "/no/such.key"], ["one"], 7, ["a", "b", "c"]])
def test_a_client_certificate_that_cannot_be_read_is_a_matter_of_the_connection(cert: Any) -> None:
    with pytest.raises(Misconfigured, match="'erp_test': extra 'cert' must name a PEM file"):
        client(endpoint("https://erp.example.com", cert=cert))


@pytest.mark.parametrize("named", ["proxies", "proxy", "all"])
async def test_https_goes_through_the_connections_proxy_which_learns_no_more_than_where_to(
    secure: Proxy, authority: Authority, named: str
) -> None:
    async with Tunnel("Basic dXM6b3VycyE=") as tunnel:
        address = f"http://us:ours!@{tunnel.address}"
        extra: Any = {"proxies": {"https": address}, "proxy": address, "all": {"all": address}}[named]
        known = endpoint(secure.base_url, ca=str(authority.pem), **{"proxies" if named == "all" else named: extra})
        async with client(known) as http:
            assert (await http.send("POST", "/orders", {})).status == 200
        assert tunnel.asked == [f"CONNECT 127.0.0.1:{secure.port} HTTP/1.1"]


@pytest.mark.parametrize(("status", "kind"), [(407, Misconfigured), (502, Transient), (403, Transient)])
async def test_a_proxy_that_lets_nothing_through_has_sent_nothing(
    secure: Proxy, status: int, kind: type[OrderSyncError]
) -> None:
    async with Tunnel("Basic bm90IHVz", status) as tunnel:
        error = await fails(secure.base_url, "send", proxies={"https": f"http://us:secret-word@{tunnel.address}"})
    assert type(error) is kind
    assert "proxy" in str(error)
    assert "secret-word" not in str(error)
    assert secure.count("") == 0


async def test_a_proxy_that_is_not_there_has_sent_nothing_and_is_named_as_the_cause(secure: Proxy) -> None:
    error = await fails(secure.base_url, "send", proxies={"https": "http://127.0.0.1:9"})
    assert type(error) is Transient
    assert "its proxy does not accept connections" in str(error)


@pytest.mark.parametrize(
    "proxy", ["proxy.example.com", "socks5://proxy:1080", "http://:secret-key@", 7, "http://proxy:port", "http://p/q"]
)
def test_a_proxy_that_is_no_address_is_a_matter_of_the_connection(proxy: Any) -> None:
    with pytest.raises(Misconfigured, match="'erp_test': extra 'proxies' must contain an address") as error:
        client(endpoint("https://erp.example.com", proxies={"https": proxy}))
    assert KEY not in str(error.value)
