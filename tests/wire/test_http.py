"""The HTTP client says of every failure whether the call may have taken effect, and repeats none but questions."""

import asyncio
import socket
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from order_sync.core.errors import (
    Misconfigured,
    NotAuthorised,
    OrderSyncError,
    OutcomeUnknown,
    Transient,
    Unreadable,
)
from order_sync.core.settings import Settings
from order_sync.wire.auth import NOBODY
from order_sync.wire.content import Content, Reply, form_content
from order_sync.wire.http import REPEATS
from order_sync.wire.pace import Gate
from tests.support.proxy import Proxy
from tests.wire.talking import BUSINESS, JSON, KEY, NOWHERE, QUICK, at_once, client, endpoint, fails
from tests.wire.vendors import Vendor, serving


async def test_json_goes_out_with_the_key_and_comes_back_as_values(server: Proxy) -> None:
    server.answer("^POST /orders\n", 200, '{"number": 7}', Content_Type="application/json")
    async with client(endpoint(server.base_url), QUICK, headers={"Accept-Language": "en"}) as http:
        assert await http.send("POST", "/orders", {"a": 1}) == Reply(200, {"number": 7})
    assert server.requests == ['POST /orders\n{"a":1}']


@pytest.mark.parametrize("status", [200, 204, 400, 404, 409, 422])
async def test_an_answer_below_500_is_the_callers_to_judge(server: Proxy, status: int) -> None:
    server.answer("", status, "" if status == 204 else "<p>text</p>", Content_Type="text/html")
    async with client(endpoint(server.base_url)) as http:
        assert (await http.send("POST", "/orders", {})).status == status


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
        async with client(endpoint(proxy.base_url), QUICK, gate=Gate("erp_test", sleep=at_once)) as http:
            assert (await http.ask("GET", "/orders")).status == 200
        assert proxy.count("") == 3


async def test_a_question_that_must_not_be_asked_again_is_not(server: Proxy) -> None:
    server.answer("", 503)
    async with client(endpoint(server.base_url)) as http:
        with pytest.raises(Transient):
            await http.ask("POST", "/address", {}, repeats=())
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
    async with client(endpoint(server.base_url), patient) as http:
        sends = [asyncio.create_task(http.send("POST", f"/send/{number}", {})) for number in range(5)]
        async with asyncio.timeout(5):
            while server.count("send") < 2:
                await asyncio.to_thread(held.reached.wait, 0.01)
        for _ in range(20):
            await http.ask("GET", "/ask")
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
        ("https://erp.example.com/orders?all=1", "nothing else"),
        ("https://erp.example.com/#orders", "nothing else"),
        ("https://erp.example.com/a b", "nothing else"),
        ("https://erp.example.com/orders:8443", "nothing else"),
        ("https://user:secret-key@erp.example.com", "nothing else"),
        ("", "host"),
    ],
)
def test_an_address_that_cannot_be_used_safely_is_refused_by_connection(base_url: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=f"erp_test.*{says}") as error:
        client(endpoint(base_url))
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://erp.example.com"]
)
def test_http_stays_on_this_machine_and_https_goes_anywhere(base_url: str) -> None:
    client(endpoint(base_url))


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(Misconfigured, match=r"erp_test.*password") as error:
        client(endpoint("https://erp.example.com", key))
    assert not key or key not in str(error.value)


def test_a_key_is_not_shown_with_its_endpoint() -> None:
    assert KEY not in repr(endpoint("https://erp.example.com"))


async def test_a_path_of_the_connections_address_comes_before_every_other(server: Proxy) -> None:
    server.answer("", 200, "{}", **JSON)
    async with client(endpoint(f"{server.base_url}/services/rest/")) as http:
        reply = await http.ask("GET", "/orders?q=a%26b")
        await http.ask("GET", f"{server.base_url}/services/rest/next")
    assert server.requests == ["GET /services/rest/orders?q=a%26b\n", "GET /services/rest/next\n"]
    assert reply.url == f"{server.base_url}/services/rest/orders?q=a%26b"


async def test_the_credentials_go_to_no_other_host_wherever_an_answer_leads(server: Proxy) -> None:
    server.answer("", 200, "{}", **JSON)
    async with client(endpoint("https://erp.example.com")) as http:
        with pytest.raises(Misconfigured, match=r"'erp_test' was redirected .* to 127\.0\.0\.1"):
            await http.ask("GET", f"{server.base_url}/next")
        assert server.requests == []
        assert (await http.ask("GET", f"{server.base_url}/public", auth=NOBODY)).status == 200
    assert server.requests == ["GET /public\n"]


@pytest.mark.parametrize("path", ["orders", "", "https://", "https://[::1/orders"])
async def test_what_is_no_address_is_not_called(server: Proxy, path: str) -> None:
    async with client(endpoint(server.base_url)) as http:
        with pytest.raises(
            Unreadable, match="'erp_test': the path to call must begin with /, or be a complete address"
        ):
            await http.ask("GET", path)
    assert server.requests == []


async def test_an_answers_headers_are_kept_by_name_in_whatever_case(server: Proxy) -> None:
    server.answer("", 204, "", Location="/record/v1/salesOrder/4711")
    async with client(endpoint(server.base_url)) as http:
        reply = await http.send("PUT", "/orders", {})
    assert reply.headers["location"] == reply.headers["LOCATION"] == "/record/v1/salesOrder/4711"


@pytest.mark.parametrize(
    "kind", ["application/json", "application/vnd.oracle.resource+json; type=error", "application/problem+json"]
)
async def test_json_of_any_kind_is_read(server: Proxy, kind: str) -> None:
    server.answer("", 400, '{"number": 7}', Content_Type=kind)
    async with client(endpoint(server.base_url)) as http:
        assert (await http.send("POST", "/orders", {})).body == {"number": 7}


async def test_numbers_come_and_go_digit_by_digit(server: Proxy) -> None:
    server.answer("", 200, '{"total": 0.10000000000000000000001, "count": 3}', **JSON)
    sent = {"a": Decimal("19.90"), "b": [Decimal("1E+3"), Decimal("-0.0000001")], "c": (1, {"d": Decimal("0.00")})}
    async with client(endpoint(server.base_url)) as http:
        reply = await http.send("POST", "/orders", sent)
    assert reply.body == {"total": Decimal("0.10000000000000000000001"), "count": 3}
    assert server.requests == ['POST /orders\n{"a":19.90,"b":[1000,-0.0000001],"c":[1,{"d":0.00}]}']


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), Decimal("-Infinity"), object()])
async def test_a_number_that_is_not_exact_is_not_sent(server: Proxy, value: object) -> None:
    async with client(endpoint(server.base_url)) as http:
        with pytest.raises((TypeError, ValueError)):
            await http.send("POST", "/orders", {"amount": [value]})
    assert server.count("") == 0


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"a": 1}, "application/json"),
        (form_content({"grant_type": "a b&c"}), "application/x-www-form-urlencoded"),
        (Content("application/xml", b"<a/>"), "application/xml"),
        (None, None),
    ],
)
async def test_the_content_type_is_the_encoders(body: Any, kind: str | None) -> None:
    vendor = Echo()
    async with serving(vendor.app()) as base_url, client(endpoint(base_url)) as http:
        await http.ask("PUT", "/orders", body)
    [(_, headers)] = vendor.seen
    assert kind is None or headers["Content-Type"] == kind
    assert headers["Accept"] == "application/json"


@dataclass
class Echo(Vendor):
    """A server that takes everything."""

    async def answer(self, request: web.Request) -> web.Response:
        return web.json_response({})


@pytest.mark.parametrize("status", [403, 500])
async def test_a_systems_own_words_are_returned_whatever_the_status(server: Proxy, status: int) -> None:
    """SAP and Dynamics put business errors there."""
    server.answer("", status, BUSINESS, **JSON)
    async with client(endpoint(server.base_url), is_business_error=lambda reply: "error" in reply.body) as http:
        reply = await http.send("POST", "/orders", {})
    assert (reply.status, reply.body) == (status, {"error": {"message": "the customer is blocked"}})
    assert server.count("") == 1


@pytest.mark.parametrize("body", ["<p>Bad gateway</p>", '{"error":', "{}", "7", "null"])
async def test_a_failure_in_which_the_system_says_nothing_leaves_the_outcome_unknown(server: Proxy, body: str) -> None:
    server.answer("", 500, body, **JSON)
    async with client(endpoint(server.base_url), is_business_error=lambda reply: reply.body["error"]) as http:
        with pytest.raises(OutcomeUnknown):
            await http.send("POST", "/orders", {})


async def test_an_error_that_is_no_json_as_it_claims_is_kept_as_text(server: Proxy) -> None:
    server.answer("", 400, '{"title": "Bad Request", }', **JSON)
    async with client(endpoint(server.base_url)) as http:
        assert (await http.send("POST", "/orders", {})).body == '{"title": "Bad Request", }'
