"""Where a system answers, as its Airflow connection says: address, secrets, authorities, proxy.

What is unsafe is refused. The extra is read as Airflow's own HTTP hook reads it: `verify`, `cert` and `proxies`. Texts
never show a secret.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from order_sync.core.errors import Misconfigured

_PATH = re.compile(r"(/[\w.~%;=,-]+)*", re.ASCII)
_YES, _NO = ("true", "1"), ("false", "0", "", "none")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A connection in plain values.

    Attributes:
        connection: the connection's name, for messages.
        base_url: scheme, host, port, and the path that all of the system's addresses begin with. http only on this
            machine.
        key: the password: a key, a secret.
        login: the user's name or the client's id, where the connection has one.
        extra: the connection's extra. `verify` (or `ca`) is the file of the certificate authorities to trust instead of
            the system's; `cert` is the file of a client certificate with its key, or a list of the two files;
            `proxies` is an object with the `https` proxy's address; PEM keys stand in it as text.
    """

    connection: str
    base_url: str
    key: str = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    login: str = ""

    @property
    def about(self) -> str:
        """How messages call it."""
        return f"connection '{self.connection}'"

    def named(self, name: str, what: str) -> str:
        """A text that the extra must hold. Raises Misconfigured."""
        value = self.extra.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Misconfigured(f"{self.about} lacks '{name}' in its extra: add {what}")
        return value.strip()

    def pem(self, name: str) -> bytes:
        """A PEM key of the extra, whether its lines are broken or are joined by `\\n`. Raises Misconfigured."""
        text = self.named(name, "the key as PEM, with its BEGIN and END lines").replace("\\n", "\n")
        if not text.startswith("-----BEGIN "):
            raise Misconfigured(f"{self.about}: '{name}' in its extra is not a PEM key: it must begin with -----BEGIN")
        return text.encode()

    @property
    def tls(self) -> ssl.SSLContext | bool:
        """The certificates to trust and to show. Raises Misconfigured for what cannot be used safely."""
        check_address(self.base_url, self.about, "its key")
        if urlsplit(self.base_url).scheme == "http":
            return True
        context = self._trusting()
        cert = self.extra.get("cert")
        try:
            if cert:
                certificate, key = (cert, None) if isinstance(cert, str) else cert
                context.load_cert_chain(certificate, key, _no_question)
        except (OSError, TypeError, ValueError):
            raise Misconfigured(
                f"{self.about}: extra 'cert' must name a PEM file that contains a certificate and its key without a"
                " passphrase, or a list of two such files"
            ) from None
        return context

    @property
    def proxy(self) -> str | None:
        """The proxy through which https goes. Raises Misconfigured."""
        said = self.extra.get("proxies") or self.extra.get("proxy")
        address = said.get("https") or said.get("all") if isinstance(said, dict) else said
        if not address:
            return None
        parts = urlsplit(address if isinstance(address, str) else "")
        try:
            sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            sound = False
        if not sound or parts.path.strip("/") or parts.query or parts.fragment:
            raise Misconfigured(
                f"{self.about}: extra 'proxies' must contain an address such as"
                ' {"https": "http://proxy.example.com:3128"}'
            )
        return str(address)

    def _trusting(self) -> ssl.SSLContext:
        said = [self.extra[name] for name in ("ca", "verify", "verify_ssl") if name in self.extra]
        if any(str(each).strip().lower() in _NO for each in said):
            raise Misconfigured(
                f"{self.about}: its extra switches certificate checks off, so another server could pretend to be the"
                " system and read the key and the orders: remove that, and name the file of the system's own"
                " certificate authority as 'verify' if it has one"
            )
        files = [each for each in said if str(each).strip().lower() not in _YES]
        try:
            return ssl.create_default_context(cafile=files[0] if files else None)
        except (OSError, TypeError):
            name = "ca" if "ca" in self.extra else "verify"
            raise Misconfigured(
                f"{self.about}: extra '{name}' is '{files[0]}', which is not a certificate file"
            ) from None


def check_address(address: str, about: str, secret: str) -> None:
    """Raises Misconfigured unless an address can be called, and `secret` can go there unread by others."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        whole = f"{parts.scheme}://{parts.netloc}{parts.path}"
        host.encode("idna")
        sound = parts.port != 0 and not {"@", " "} & {*parts.netloc} and address == whole
    except ValueError:
        sound = False
    if not sound or not host or parts.scheme not in ("http", "https") or not _PATH.fullmatch(parts.path.rstrip("/")):
        raise Misconfigured(
            f"{about} has no valid address: it needs a schema, a host, a port, perhaps a path, and nothing else"
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise Misconfigured(f"{about} would send {secret} unencrypted to {host}: set its schema to https")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_question() -> str:
    raise ValueError("a passphrase would be asked for")
