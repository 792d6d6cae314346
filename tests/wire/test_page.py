"""The page on wires is true: each of its examples runs against a server, and does what the page says."""

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from docs.generate import DOCS
from order_sync.core.settings import Settings
from order_sync.wire.auth import bearer
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.files import Acknowledgement
from order_sync.wire.http import Http
from tests.support.proxy import Proxy
from tests.wire.test_auth import pem
from tests.wire.vendors import Gateway, Issuer, serving

PAGE = (DOCS / "wires.md").read_text()
BLOCKS = dict(re.findall(r"^```python (\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
JSON: dict[str, Any] = {"Content_Type": "application/json"}
TRIED: dict[str, Callable[..., Awaitable[None]]] = {}


def example(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A test of the example of its name."""
    TRIED[test.__name__.removeprefix("test_the_example_of_")] = test
    return test


async def run(name: str, **given: Any) -> dict[str, Any]:
    """Run an example with the page's imports; returns what it named."""
    scope: dict[str, Any] = given
    exec(BLOCKS["imports"], scope)  # noqa: S102  the page is ours
    exec(f"async def example():\n{indent(BLOCKS[name], '    ')}\n    return locals()", scope)  # noqa: S102
    named: dict[str, Any] = await scope["example"]()
    return named


def endpoint(base_url: str, **extra: str) -> Endpoint:
    return Endpoint("erp_test", base_url, "s€cret/7+", extra, "client-7")


@pytest.fixture
async def at(server: Proxy) -> Any:
    """The endpoint of a server that answers what a test tells it to, and a client of it."""
    known = Endpoint("erp_test", server.base_url, "key", {}, "client-7")
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(Http(known, Settings(), bearer(known)))
        yield {"endpoint": known, "settings": Settings(), "http": http}


def test_every_example_of_the_page_is_tried() -> None:
    assert {*BLOCKS} == {*TRIED, "imports"}


@example
async def test_the_example_of_calls(server: Proxy, at: dict[str, Any]) -> None:
    server.answer("^POST", 201, "", Location="/orders/4711")
    server.answer("^GET /orders/4711\n", 200, '{"total": 19.90}', **JSON)
    assert (await run("calls", **at))["number"] == "4711"
    assert 'POST /orders\n{"total":19.90}' in server.requests


@example
async def test_the_example_of_client_credentials() -> None:
    issuer = Issuer()
    async with serving(issuer.app()) as url:
        issuer.scope = f"{url}/.default"
        known = endpoint(url, token_url=f"{url}/token")
        auth = (await run("client_credentials", endpoint=known))["auth"]
        async with Http(known, Settings(), auth) as http:
            assert (await http.send("POST", "/orders", {})).status == 200


@example
async def test_the_example_of_signed_assertion() -> None:
    key = rsa.generate_private_key(65537, 2048)
    issuer = Issuer(public_key=key.public_key())
    async with serving(issuer.app()) as url:
        issuer.url, issuer.path = url, "/auth/oauth2/v1/token"
        known = endpoint(url, private_key=pem(key), certificate_id="c1")
        auth = (await run("signed_assertion", endpoint=known))["auth"]
        async with Http(known, Settings(), auth) as http:
            assert (await http.send("POST", "/orders", {})).status == 200
    assert issuer.assertions[0]["header"]["kid"] == "c1"


@example
async def test_the_example_of_csrf_session() -> None:
    vendor = Gateway()
    async with serving(vendor.app()) as url:
        known = Endpoint("erp_test", url, "pässword", {}, "otto")
        auth = (await run("csrf_session", endpoint=known))["auth"]
        async with Http(known, Settings(), auth) as http:
            assert (await http.send("POST", "/A_SalesOrder", {})).status == 201
    assert vendor.begun == 1


@example
async def test_the_example_of_pace(server: Proxy, at: dict[str, Any]) -> None:
    server.answer("", 200, "{}", X_Calls_Left="1", **JSON)
    async with (await run("pace", **at))["http"] as http:
        assert (await http.ask("GET", "/orders")).status == 200


@example
async def test_the_example_of_pages(server: Proxy, at: dict[str, Any]) -> None:
    server.answer("cursor=x", 200, '{"orders": [3]}', **JSON)
    server.answer(r"cursor=\n", 200, '{"orders": [1, 2], "next": "x"}', **JSON)
    assert (await run("pages", **at))["orders"] == [1, 2, 3]


@example
async def test_the_example_of_odata(server: Proxy, at: dict[str, Any]) -> None:
    server.answer("", 200, '{"value": [{"SalesOrderNumber": "000701"}]}', **JSON)
    assert (await run("odata", **at, references=["BC-1"], company="usmf"))["found"] == [{"SalesOrderNumber": "000701"}]
    assert "filter=(CustomersOrderReference%20eq%20'BC-1')%20and%20(dataAreaId%20eq%20'usmf')" in server.requests[0]


@example
async def test_the_example_of_problems(server: Proxy, at: dict[str, Any]) -> None:
    server.answer("", 500, json.dumps({"error": {"message": "Customer 17 is on hold"}}), **JSON)
    assert (await run("problems", **at))["said"] == ["Customer 17 is on hold"]


@example
async def test_the_example_of_batch(server: Proxy, at: dict[str, Any]) -> None:
    part = "--x\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 201 Created\r\n\r\n\r\n"
    inner = f"{part}{part}--x--\r\n"
    outer = f"--y\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{inner}--y--\r\n"
    server.answer("batch", 200, outer, Content_Type="multipart/mixed; boundary=y")
    assert [reply.status for reply in (await run("batch", **at))["made"]] == [201, 201]


@example
async def test_the_example_of_files(tmp_path: Path, at: dict[str, Any]) -> None:
    seen = await run("files", **at, path=str(tmp_path))
    assert seen["waiting"] == {"WEB-1": seen["name"]}
    assert seen["answers"] == {"WEB-1": Acknowledgement(accepted=True, text='{"number": "W1"}')}
