"""OAuth client credentials against a server that knows its clients and their secrets, and a system that heeds tokens.

The server is ours, or npm's oauth2-mock-server with `pytest --judges`.
"""

import asyncio

import pytest

from order_sync.core.errors import NotAuthorised
from tests.wire.calls import Clock, by_secret, client, error_of
from tests.wire.vendors import SCOPE, TokenServer


@pytest.mark.parametrize("in_header", [False, True])
async def test_a_client_gets_a_token_for_its_secret_once_for_many_calls(issuer: TokenServer, in_header: bool) -> None:
    known, auth = by_secret(issuer, scope=SCOPE, in_header=in_header)
    async with client(known, auth) as http:
        replies = await asyncio.gather(
            *(http.send("POST", "/orders", {}) for _ in range(8)), *(http.ask("GET", "/orders") for _ in range(8))
        )
    assert {reply.status for reply in replies} == {200}
    assert (issuer.count("/token"), issuer.count("/orders")) == (1, 16)


async def test_a_token_is_renewed_just_before_its_time_is_over(issuer: TokenServer) -> None:
    clock = Clock()
    known, auth = by_secret(issuer, now=clock)
    async with client(known, auth) as http:
        for moment, tokens in ((1000, 1), (4530, 1), (4545, 2), (8080, 2), (8090, 3)):
            clock.now = moment
            await http.send("POST", "/orders", {})
            assert issuer.count("/token") == tokens
    assert issuer.count("/orders") == 5, "and no call met an old one"


async def test_a_token_that_the_system_ends_is_renewed_once_for_all_calls_and_they_are_made_again(
    issuer: TokenServer,
) -> None:
    known, auth = by_secret(issuer)
    async with client(known, auth) as http:
        await http.send("POST", "/orders", {})
        issuer.end()
        replies = await asyncio.gather(*(http.send("POST", "/orders", {}) for _ in range(8)))
    assert {reply.status for reply in replies} == {200}
    assert issuer.count("/token") == 2


@pytest.mark.parametrize("in_header", [False, True])
async def test_a_wrong_secret_needs_a_person_who_is_told_what_to_look_at(issuer: TokenServer, in_header: bool) -> None:
    error = await error_of(*by_secret(issuer, key="not this one", in_header=in_header))
    assert type(error) is NotAuthorised
    assert "127.0.0.1 did not issue a token (HTTP 401, invalid_client): check its login" in str(error)
    assert "not this one" not in str(error)
    assert issuer.count("/orders") == 0


async def test_a_wrong_scope_is_told_by_its_code(issuer: TokenServer) -> None:
    error = await error_of(*by_secret(issuer, scope="everything"))
    assert "(HTTP 400, invalid_scope)" in str(error)
