"""The composition root: connections as Airflow gives them out, on a real database, and what is said of bad ones."""

import asyncio
import json
import socket
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from order_sync import hooks, registry
from order_sync.channels.sql import SqlChannel
from order_sync.core.errors import LedgerUnavailable, Misconfigured, OrderSyncError, Transient
from order_sync.specs import ChannelSpec, ErpSpec
from sandbox.postgres import Cluster
from sandbox.processes import free_port
from tests.fixtures import owners_page

CHANNEL, ERP = owners_page.WEB, owners_page.ERP
POSTGRES = {"conn_type": "postgres", "host": "127.0.0.1", "login": "postgres", "schema": "postgres"}
TRYTON = {
    "conn_type": "http",
    "schema": "https",
    "host": "erp.example.org",
    "port": 8443,
    "password": "the-key",
    "extra": {"database": "tryton"},
}
PARTS = {
    "order_ledger": (hooks.ledger, "postgres"),
    "channel_dynamics_web": (lambda: hooks.channel(CHANNEL), "postgres"),
    "erp_tryton": (lambda: hooks.erp(ERP), "http"),
}


class Connections:
    """Airflow connections in the environment, as outside of a task."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __setitem__(self, conn_id: str, connection: dict[str, Any] | str) -> None:
        text = connection if isinstance(connection, str) else json.dumps(connection)
        self._monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", text)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    return Connections(monkeypatch)


def sentence(part: Any) -> str:
    """What the refusal of a connection says."""
    with pytest.raises(Misconfigured) as refused:
        part()
    return str(refused.value)


@pytest.mark.parametrize("conn_id", PARTS)
def test_a_missing_connection_is_named_with_its_type_and_how_to_create_it(conn_id: str) -> None:
    part, conn_type = PARTS[conn_id]
    said = sentence(part)
    assert f"there is no connection '{conn_id}'" in said
    assert f"create it with type '{conn_type}'" in said
    assert f"AIRFLOW_CONN_{conn_id.upper()}" in said
    assert "\n" not in said


def test_an_address_as_a_uri_is_told_how_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    part, _ = PARTS["erp_tryton"]
    monkeypatch.setenv("AIRFLOW_CONN_ERP_TRYTON", "https://:secret@erp.example.com/?database=tryton")
    assert "http://:KEY@erp.example.com/https?database=tryton" in sentence(part)
    monkeypatch.setenv("AIRFLOW_CONN_ERP_TRYTON", "http://:secret@erp.example.com/https?database=tryton")
    assert hooks.OPEN["http"]("erp_tryton").base_url == "https://erp.example.com"


@pytest.mark.parametrize("conn_id", PARTS)
def test_a_connection_of_another_type_is_told_which_it_must_have(conn_id: str, connections: Connections) -> None:
    part, conn_type = PARTS[conn_id]
    connections[conn_id] = {"conn_type": "ftp", "host": "example.org", "password": "secret"}
    assert sentence(part) == f"connection '{conn_id}' has type 'ftp': it must have '{conn_type}'"


@pytest.mark.parametrize("conn_id", PARTS)
@pytest.mark.parametrize("text", ['{"conn_type": "postgres", "password": "secret', "secret", "{}"])
def test_a_connection_that_cannot_be_read_is_one_sentence_without_its_content(
    conn_id: str, text: str, connections: Connections
) -> None:
    connections[conn_id] = text
    said = sentence(PARTS[conn_id][0])
    assert f"connection '{conn_id}'" in said
    assert "secret" not in said


@pytest.mark.parametrize("conn_id", PARTS)
@pytest.mark.parametrize("extra", ["sslmode=require secret", "[1]", '{"sslmode": "require"'])
def test_an_extra_that_airflow_would_not_heed_is_refused_as_it_may_ask_for_tls(
    conn_id: str, extra: str, connections: Connections
) -> None:
    conn_type = PARTS[conn_id][1]
    connections[conn_id] = {**(TRYTON if conn_type == "http" else POSTGRES), "extra": extra}
    said = sentence(PARTS[conn_id][0])
    assert said.startswith(f"connection '{conn_id}': its extra must be a JSON object, such as {{")
    assert "secret" not in said


@pytest.mark.parametrize("extra", ["", " \n", "{}", None])
def test_an_extra_with_nothing_in_it_is_none(extra: str | None, cluster: Cluster, connections: Connections) -> None:
    connections["order_ledger"] = {**POSTGRES, "port": cluster.port, "password": cluster.password, "extra": extra}
    with pytest.raises(OrderSyncError, match="migrat"), hooks.ledger():
        pass


@pytest.mark.parametrize("extra", [{"sslmod": "require"}, {"connect_timeout": "secret"}])
def test_an_option_of_an_extra_that_postgres_does_not_have_is_a_matter_of_the_connection(
    extra: dict[str, str], cluster: Cluster, connections: Connections
) -> None:
    here = {**POSTGRES, "port": cluster.port, "password": cluster.password, "extra": extra}
    connections["order_ledger"] = connections["channel_dynamics_web"] = here
    with pytest.raises(Misconfigured, match=r"order_ledger .* correct .* the options in its extra") as refused:
        hooks.ledger().__enter__()
    assert "secret" not in str(refused.value)
    said = sentence(lambda: hooks.channel(CHANNEL).fingerprint())
    assert "channel 'dynamics_web': the address in its connection is not a Postgres address: correct" in said
    assert "secret" not in said


def test_a_path_that_all_addresses_begin_with_stands_in_the_host_without_a_port(connections: Connections) -> None:
    connections["erp_tryton"] = {**TRYTON, "host": "https://erp.example.com/tenant/api", "port": None}
    assert hooks.OPEN["http"]("erp_tryton").base_url == "https://erp.example.com/tenant/api"


def test_the_ledger_is_reached_over_its_connection_or_the_one_that_is_named(
    cluster: Cluster, connections: Connections
) -> None:
    connections["my_ledger"] = {**POSTGRES, "port": cluster.port, "password": cluster.password}
    assert "my_ledger" not in sentence(hooks.ledger)
    with pytest.raises(OrderSyncError, match="migrat"), hooks.ledger("my_ledger"):
        pass


def test_a_ledger_that_is_down_is_one_sentence_without_the_password(connections: Connections) -> None:
    connections["order_ledger"] = {**POSTGRES, "port": free_port(), "password": "secret"}
    with pytest.raises(OrderSyncError) as refused, hooks.ledger():
        pass
    assert "order_ledger" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_ledger_that_must_be_reached_by_tls_is_not_reached_without(
    cluster: Cluster, connections: Connections
) -> None:
    here = {**POSTGRES, "port": cluster.port, "password": cluster.password}
    connections["order_ledger"] = here
    with pytest.raises(Misconfigured, match="migrate"), hooks.ledger():
        pass
    connections["order_ledger"] = {**here, "extra": {"sslmode": "require"}}
    with pytest.raises(LedgerUnavailable, match="server does not support SSL"), hooks.ledger():
        pass


def test_a_channel_that_is_down_is_away_and_its_password_is_not_told(connections: Connections) -> None:
    connections["channel_dynamics_web"] = {**POSTGRES, "port": free_port(), "password": "secret"}
    with pytest.raises(Transient) as away:
        hooks.channel(CHANNEL).fingerprint()
    assert "dynamics_web" in str(away.value)
    assert "secret" not in str(away.value)


def test_a_database_that_takes_the_call_and_never_answers_is_away(connections: Connections) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here = {**POSTGRES, "port": silent.getsockname()[1], "extra": {"connect_timeout": 2}}
        connections["channel_dynamics_web"] = here
        connections["order_ledger"] = here
        with pytest.raises(Transient, match=r"dynamics_web.*timeout"):
            hooks.channel(CHANNEL).fingerprint()
        with pytest.raises(LedgerUnavailable, match=r"order_ledger.*timeout"), hooks.ledger():
            pass


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, {"connect_timeout": "10", "keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "3"}),
        ({"connect_timeout": 7}, {"connect_timeout": "7", "keepalives_idle": "60"}),
    ],
    ids=["ours", "the connection's"],
)
def test_no_database_is_waited_for_without_end(
    cluster: Cluster, connections: Connections, extra: dict[str, Any], expected: dict[str, str]
) -> None:
    here = {**POSTGRES, "port": cluster.port, "password": cluster.password, "extra": extra}
    connections["channel_dynamics_web"] = here
    with closing(hooks.channel(CHANNEL).connect()) as connection:
        assert connection.info.get_parameters().items() >= expected.items()


def test_a_channel_reads_with_the_sql_of_its_own_folder(cluster: Cluster, connections: Connections) -> None:
    connections["channel_dynamics_web"] = {**POSTGRES, "port": cluster.port, "password": cluster.password}
    with pytest.raises(Misconfigured, match=r"include/sql/channels/dynamics/fingerprint\.sql"):
        hooks.channel(CHANNEL).fingerprint()


def test_a_channel_waits_for_slow_writers_as_long_as_the_setting_says(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections["channel_dynamics_web"] = POSTGRES
    monkeypatch.setenv("ORDER_SYNC_SETTLE_LAG", "7m")
    assert hooks.channel(CHANNEL).settle_lag == timedelta(minutes=7)


@pytest.mark.parametrize("channel", registry.CHANNELS, ids=lambda channel: channel.name)
def test_every_sql_channel_has_its_folder(channel: ChannelSpec) -> None:
    in_sql = registry.load(channel.adapter) is SqlChannel
    assert not in_sql or list(registry.folder("sql", "channels", channel.folder or channel.name).glob("*.sql"))


def test_a_mistake_in_the_files_of_one_erp_stops_that_one_alone(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The other ERP's tasks go on, and so does its channels' DAG: no file of an ERP is read while a DAG is parsed."""
    monkeypatch.setattr(registry, "PAGE", registry.PAGE._replace(file=tmp_path / "registry.py"))
    files = tmp_path / "erps" / "drop"
    files.mkdir(parents=True)
    (files / "fields.toml").write_text('[header]\nMaterial = "{skuu}"\n')
    connections["erp_drop"] = {"conn_type": "fs", "extra": {"path": str(tmp_path)}}
    connections["erp_tryton"] = TRYTON
    told = sentence(lambda: hooks.erp(ErpSpec("drop", "order_sync.erps.drop:Drop")))
    assert f"{files / 'fields.toml'}, line 2: Material: there is no field 'skuu'" in told
    assert hooks.erp(ERP).traits.guarantee == "unique_key"


@pytest.mark.parametrize(
    ("adapter", "connection", "says"),
    [
        ("Drop", {"conn_type": "fs", "extra": {}}, "lacks 'path' in its extra"),
        (
            "SftpDrop",
            {"conn_type": "sftp", "host": "files.example.org", "extra": {"path": "/"}},
            "needs a host and a login",
        ),
        (
            "SftpDrop",
            {"conn_type": "sftp", "host": "files.example.org", "login": "shop", "extra": {"path": "/"}},
            "lacks 'host_key' in its extra",
        ),
    ],
)
def test_a_connection_to_folders_that_lacks_something_is_told_what(
    adapter: str, connection: dict[str, Any], says: str, connections: Connections
) -> None:
    connections["erp_drop"] = connection
    told = sentence(lambda: hooks.erp(ErpSpec("drop", f"order_sync.erps.drop:{adapter}")))
    assert says in told
    assert "erp_drop" in told


def test_a_folder_of_a_connection_is_what_its_adapter_writes_into(connections: Connections, tmp_path: Path) -> None:
    connections["erp_drop"] = {"conn_type": "fs", "extra": {"path": str(tmp_path)}}
    for name in ("orders", "acknowledgements"):
        (tmp_path / name).mkdir()
    erp = hooks.erp(ErpSpec("drop", "order_sync.erps.drop:Drop"))
    assert str(tmp_path) in asyncio.run(erp.check()).fingerprint


def made_with(monkeypatch: pytest.MonkeyPatch, kind: str) -> list[tuple[Any, ...]]:
    """What an adapter that requires a connection of this type is made with."""
    seen: list[tuple[Any, ...]] = []
    adapter = SimpleNamespace(connection_type=kind, of=lambda *given: seen.append(given))
    monkeypatch.setattr(registry, "load", lambda dotted: adapter)
    return seen


def test_the_erps_address_is_put_together_from_schema_host_and_port(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = made_with(monkeypatch, "http")
    connections["erp_tryton"] = TRYTON
    hooks.erp(ERP)
    endpoint, spec, settings, folder = seen[0]
    assert endpoint.base_url == "https://erp.example.org:8443"
    assert endpoint.connection == "erp_tryton"
    assert endpoint.key == "the-key"
    assert endpoint.extra == {"database": "tryton"}
    channels = [channel.name for channel in registry.CHANNELS if channel.erp == ERP.name]
    assert (spec, settings) == (replace(ERP, options={"channels": channels, **ERP.options}), registry.settings())
    assert folder is registry.folder


def test_the_erps_address_may_be_one_url(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = made_with(monkeypatch, "http")
    connections["erp_tryton"] = {**TRYTON, "host": "https://erp.example.org/", "schema": "", "port": None}
    hooks.erp(ERP)
    assert seen[0][0].base_url == "https://erp.example.org"


def test_an_adapter_that_wants_a_connection_of_no_known_type_is_told_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made_with(monkeypatch, "carrier_pigeon")
    told = sentence(lambda: hooks.erp(ERP))
    assert "'carrier_pigeon'" in told
    assert "postgres, http" in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"extra": {}}, "database"),
        ({"password": ""}, "password"),
        ({"host": ""}, "host"),
        ({"schema": "http"}, "https"),
        ({"extra": {"database": "tryton", "ca": "/nowhere.pem"}}, "/nowhere.pem"),
    ],
)
def test_an_erp_connection_that_lacks_something_is_told_what(
    change: dict[str, Any], said: str, connections: Connections
) -> None:
    connections["erp_tryton"] = {**TRYTON, **change}
    told = sentence(lambda: hooks.erp(ERP))
    assert said in told
    assert "erp_tryton" in told
    assert "the-key" not in told


def test_an_adapter_that_cannot_be_loaded_is_named(connections: Connections) -> None:
    connections["erp_tryton"] = TRYTON
    told = sentence(lambda: hooks.erp(ErpSpec("tryton", "order_sync.erps.nowhere:Nothing")))
    assert "order_sync.erps.nowhere:Nothing" in told


def test_the_owner_chooses_which_states_of_the_erp_are_proof(connections: Connections) -> None:
    """R48"""
    connections["erp_tryton"] = TRYTON
    assert hooks.erp(ERP).traits.confirmed_states == ("processing", "done")
    assert hooks.erp(replace(ERP, confirmed_states=["done"])).traits.confirmed_states == ("done",)
    assert sentence(lambda: hooks.erp(replace(ERP, confirmed_states=("done", "shipped")))) == (
        "ERP 'tryton': confirmed_states is 'shipped', but the adapter allows confirmed, processing, done: correct it in"
        " the registry"
    )
