"""The composition root: from the names of connections to a Ledger, a Channel and an Erp that work.

The only place that reads Airflow connections and loads adapters. What is missing or malformed is Misconfigured, in one
sentence that says what to create and holds no secret. Inside a task connections come from wherever Airflow keeps them,
outside of one from the environment (`AIRFLOW_CONN_...`) or a secrets backend only.

Drivers are imported where they are needed: each task pays for what its DAG file imports.
"""

import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from order_sync import __version__, registry
from order_sync.core.errors import Misconfigured
from order_sync.core.settings import PREFIX, Settings
from order_sync.specs import ChannelSpec, ErpSpec

if TYPE_CHECKING:
    from order_sync.airflow_api import AirflowApi
    from order_sync.ledger import Ledger
    from order_sync.wire.endpoint import Endpoint
    from order_sync.wire.files import Folders

LEDGER = "order_ledger"
"""The Airflow connection of the ledger's database."""

AIRFLOW = "airflow_api"
"""The Airflow connection under which Airflow itself is asked; it may be left out."""

PATIENCE = {"connect_timeout": 10, "keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}
"""How many seconds a database may take to accept a connection, and a silent one is believed to live; what the extra of
its connection says comes first."""

EXTRAS = {
    "postgres": '{"sslmode": "require"}',
    "http": '{"ca": "/path/of/authority.pem"}',
    "fs": '{"path": "/srv/orders"}',
    "sftp": '{"path": "/srv/orders", "host_key": "ssh-ed25519 AAAA..."}',
}
"""What the extra of a connection may look like, by its type."""


def ledger(conn_id: str | None = None) -> "Ledger":
    """The ledger behind a connection of type `postgres`; connects when it is entered."""
    from order_sync.ledger import Ledger

    return Ledger(_postgres(conn_id or LEDGER))


def channel(spec: ChannelSpec, conn_id: str | None = None) -> Any:
    """The registry's adapter of a channel, over its connection."""
    return _adapter(spec, registry.settings(), conn_id)


def erp(spec: ErpSpec, conn_id: str | None = None) -> Any:
    """The registry's adapter of an ERP, over its connection, with the owner's choice of proof.

    Besides its own options it gets `channels`, the names of those that feed it.
    """
    channels = [channel.name for channel in registry.CHANNELS if channel.erp == spec.name]
    fed = replace(spec, options={"channels": channels, **spec.options})
    adapter = _adapter(fed, registry.settings_for(spec), conn_id)
    if spec.confirmed_states is not None:
        adapter.traits = adapter.traits.confirmed_by(spec.confirmed_states, spec.name)
    return adapter


def connection_type(spec: ChannelSpec | ErpSpec) -> str:
    """Of which type the connection of a channel or an ERP must be. Raises Misconfigured if its adapter names none."""
    kind = getattr(registry.load(spec.adapter), "connection_type", None)
    if kind not in OPEN:
        raise Misconfigured(
            f"the adapter '{spec.adapter}' requires a connection of type {kind!r}: its `connection_type` must be one of"
            f" {', '.join(OPEN)}"
        )
    return str(kind)


def _adapter(spec: ChannelSpec | ErpSpec, settings: Settings, conn_id: str | None) -> Any:
    opened = OPEN[connection_type(spec)](conn_id or spec.connection)
    return registry.load(spec.adapter).of(opened, spec, settings, registry.folder)


def airflow() -> "AirflowApi | None":
    """Airflow's own REST interface, over the connection `airflow_api` of type `http`; None if there is none."""
    from order_sync.airflow_api import AirflowApi

    try:
        BaseHook.get_connection(AIRFLOW)
    except AirflowNotFoundException:
        return None
    endpoint = _endpoint(AIRFLOW)
    return AirflowApi(endpoint, endpoint.login, registry.settings())


def order_list_url(spec: ErpSpec, conn_id: str | None = None) -> str:
    """Where people see the ERP's orders, from the extra of its connection; '' if it is not set."""
    return str(_connection(conn_id or spec.connection, connection_type(spec)).extra_dejson.get("order_list_url") or "")


def installation() -> tuple[tuple[str, str], ...]:
    """What support must know of this installation, by name: versions and settings. No address and no secret."""
    from order_sync.ledger.migration import needed

    changed = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(PREFIX)]
    return (
        ("order-sync", f"{__version__}, ledger schema {needed()}"),
        ("Airflow", f"{version('apache-airflow')}, Python {platform.python_version()}"),
        ("Settings", ", ".join(changed) or "all at their defaults"),
    )


def _endpoint(conn_id: str) -> "Endpoint":
    """What a connection of type `http` leads to, and as whom."""
    from airflow.providers.http.hooks.http import HttpHook

    from order_sync.wire.endpoint import Endpoint

    connection, http = _connection(conn_id, "http"), HttpHook(http_conn_id=conn_id)
    http.get_conn()
    secret, login = connection.password or "", connection.login or ""
    return Endpoint(conn_id, http.base_url.rstrip("/"), secret, connection.extra_dejson, login)


def _folders(conn_id: str) -> "Folders":
    """Opens folders within the one that a connection of type `fs` names as `path` in its extra."""
    from order_sync.wire.files import LocalFolders

    return LocalFolders(conn_id, _path(_connection(conn_id, "fs")))


def _sftp(conn_id: str) -> "Folders":
    """Opens folders within the one that a connection of type `sftp` names as `path` in its extra."""
    from order_sync.wire.sftp import Server, SftpFolders

    settings, connection = registry.settings(), _connection(conn_id, "sftp")
    if not connection.host or not connection.login:
        raise Misconfigured(f"connection '{conn_id}' needs a host and a login: add them")
    server = Server(
        *(conn_id, connection.host, connection.port or 22, connection.login, _path(connection)),
        password=connection.password or "",
        extra=connection.extra_dejson,
    )
    return SftpFolders(server, settings.http_connect_timeout, settings.http_read_timeout)


def _path(connection: Connection) -> str:
    path = connection.extra_dejson.get("path")
    if not isinstance(path, str) or not path.strip():
        raise Misconfigured(
            f"connection '{connection.conn_id}' lacks 'path' in its extra: add the folder, such as /srv/orders"
        )
    return path.strip()


def _postgres(conn_id: str) -> Callable[[], Any]:
    """What opens a psycopg connection, over a connection of type `postgres`."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    connection = _connection(conn_id, "postgres")
    connection.extra = json.dumps({**PATIENCE, **connection.extra_dejson})
    return PostgresHook(postgres_conn_id=conn_id, connection=connection).get_conn


def _connection(conn_id: str, conn_type: str) -> Connection:
    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise Misconfigured(
            f"there is no connection '{conn_id}', or it cannot be read: create it with type '{conn_type}' under Admin,"
            f" Connections, or as AIRFLOW_CONN_{conn_id.upper()} in the environment (outside of a task only the"
            " environment is read)"
        ) from None
    if connection.conn_type != conn_type:
        hint = f"; written as a URI it begins with http: {HTTPS_AS_URI}" if connection.conn_type == "https" else ""
        raise Misconfigured(
            f"connection '{conn_id}' has type '{connection.conn_type}': it must have '{conn_type}'{hint}"
        )
    extra = (connection.extra or "").strip()
    if extra and not _is_object(extra):
        raise Misconfigured(f"connection '{conn_id}': its extra must be a JSON object, such as {EXTRAS[conn_type]}")
    return connection


def _is_object(text: str) -> bool:
    """Whether it is an object of JSON; Airflow ignores anything else, even a setting that requires TLS."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


HTTPS_AS_URI = "http://:KEY@erp.example.com/https?database=tryton, where the path names the scheme"

OPEN: Mapping[str, Callable[[str], Any]] = {"postgres": _postgres, "http": _endpoint, "fs": _folders, "sftp": _sftp}
"""What an adapter gets of a connection, by its type."""
