"""A client of the HTTP wire that is quick to give up."""

from datetime import timedelta
from typing import Any

import pytest

from order_sync.core.errors import (
    OrderSyncError,
)
from order_sync.core.settings import Settings
from order_sync.wire.auth import Auth, bearer
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http
from order_sync.wire.pace import Gate

JSON: dict[str, Any] = {"Content_Type": "application/json"}
NOWHERE = "http://127.0.0.1:9"
KEY = "secret-key"
QUICK = Settings(
    http_connect_timeout=timedelta(seconds=0.5), http_read_timeout=timedelta(seconds=0.5), submit_concurrency=2
)


def endpoint(base_url: str, key: str = KEY, **extra: Any) -> Endpoint:
    return Endpoint("erp_test", base_url, key, extra)


def client(endpoint: Endpoint, settings: Settings = QUICK, auth: Auth | None = None, **how: Any) -> Http:
    return Http(endpoint, settings, auth or bearer(endpoint), **how)


async def at_once(seconds: float) -> None:
    """Wait for nothing."""


async def fails(base_url: str, how: str, **extra: Any) -> OrderSyncError:
    """The error that one call ends with."""
    async with client(endpoint(base_url, **extra), QUICK, gate=Gate("erp_test", sleep=at_once)) as http:
        with pytest.raises(OrderSyncError) as error:
            await getattr(http, how)("POST", "/orders", {"secret": "body"})
    assert "erp_test" in str(error.value)
    assert KEY not in str(error.value)
    assert "body" not in str(error.value)
    return error.value


BUSINESS = '{"error": {"message": "the customer is blocked"}}'
