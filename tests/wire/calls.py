"""What the tests of being known share: an endpoint, a client that waits for nothing, and how one send ends."""

from datetime import timedelta
from typing import Any

import pytest

from order_sync.core.errors import OrderSyncError
from order_sync.core.settings import Settings
from order_sync.wire.auth import Auth, client_credentials
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http
from order_sync.wire.pace import Gate
from tests.wire.vendors import SECRET, TokenServer

SETTINGS = Settings(http_connect_timeout=timedelta(seconds=5), http_read_timeout=timedelta(seconds=5))


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def endpoint(base_url: str, key: str = SECRET, login: str = "client-7", **extra: Any) -> Endpoint:
    """A connection that leads there."""
    return Endpoint("erp_test", base_url, key, extra, login)


async def at_once(seconds: float) -> None:
    """Wait for nothing."""


def client(known: Endpoint, auth: Auth) -> Http:
    """The client of a connection."""
    return Http(known, SETTINGS, auth, gate=Gate("erp_test", sleep=at_once))


async def error_of(known: Endpoint, auth: Auth) -> OrderSyncError:
    """What one send ends with."""
    async with client(known, auth) as http:
        with pytest.raises(OrderSyncError) as error:
            await http.send("POST", "/orders", {})
    assert "erp_test" in str(error.value)
    assert SECRET not in str(error.value)
    return error.value


def by_secret(issuer: TokenServer, key: str = SECRET, **how: Any) -> tuple[Endpoint, Auth]:
    """The client who shows its secret as `how` says, and whose place for it is that one."""
    known = endpoint(issuer.url, key, "client-8" if how.get("in_header") else "client-7")
    return known, client_credentials(known, issuer.token_url, **how)
