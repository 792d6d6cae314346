"""What a call that got no answer ends with: whether it may have reached the server, and who can mend it."""

import ssl
from datetime import timedelta
from http import HTTPStatus

import aiohttp
from yarl import URL

from order_sync.core.errors import Misconfigured, OrderSyncError, Transient
from order_sync.wire.content import Doubt
from order_sync.wire.endpoint import Endpoint

HANDSHAKE_ALERTS = ("ALERT_CERTIFICATE", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_HANDSHAKE_FAILURE")
"""Alerts of TLS that end a handshake, and nothing later."""


class Passing(Exception):
    """A failure that the next call may not meet; `error` is what it is when no call follows."""

    def __init__(self, error: OrderSyncError) -> None:
        super().__init__(str(error))
        self.error = error


def named(endpoint: Endpoint, url: URL) -> str:
    """How messages call an address: without its query, which may name orders."""
    return f"{url.raw_path} of {endpoint.about}"


def failure(
    error: aiohttp.ClientError | TimeoutError, endpoint: Endpoint, url: URL, doubt: Doubt, patience: timedelta
) -> Exception:
    """The error to raise; Passing if the next call may have better luck."""
    about, host, where = endpoint.about, url.origin(), named(endpoint, url)
    nothing = f"does not accept connections ({type(error).__name__}); nothing was sent"
    if _is_not_let_in(error):
        return Misconfigured(
            f"{about}: {host} ended the TLS handshake. It may require a client certificate, or another one than it"
            " received: name a valid one as 'cert' in the extra"
        )
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return Misconfigured(
                f"{about}: the certificate of {host} cannot be verified ({error.certificate_error}); renew it, or name"
                " its authority's file as 'ca' in the extra"
            )
        case aiohttp.ClientHttpProxyError(status=HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
            return Misconfigured(
                f"{about}: its proxy requires a login (HTTP 407): set login and password in the address of 'proxies' in"
                " the extra"
            )
        case aiohttp.ClientHttpProxyError():
            return Passing(Transient(f"{about}: its proxy answered HTTP {error.status}; nothing was sent"))
        case aiohttp.ClientProxyConnectionError():
            return Passing(Transient(f"{about}: its proxy {nothing}"))
        case aiohttp.ClientConnectorError():
            return Passing(Transient(f"{about}: {host} {nothing}"))
        case aiohttp.ConnectionTimeoutError():
            return Transient(f"{about}: {host} {nothing}")
        case TimeoutError():
            return doubt(f"{where} did not answer within {patience}")
    return Passing(doubt(f"{where}: the connection broke before the answer ended ({type(error).__name__})"))


def _is_not_let_in(error: BaseException | None) -> bool:
    """Whether the server ended the handshake; TLS 1.3 may say so after we sent the call, which it never read then."""
    while error:
        reason = str(getattr(error, "reason", "")) if isinstance(error, ssl.SSLError) else ""
        if any(f"_{alert}" in reason for alert in HANDSHAKE_ALERTS):
            return True
        error = error.__cause__ or error.__context__
    return False
