"""The file of settings names exactly what the code uses, as astro reads it, and holds no secret."""

import re
from typing import Any

from order_sync import hooks, notifiers, registry
from order_sync.specs import ChannelSpec, ErpSpec
from tests.airflow_home import DAGS, PLUGINS


def test_the_settings_file_names_exactly_the_connections_that_the_code_uses(settings_file: dict[str, Any]) -> None:
    """R176"""
    types = {hooks.LEDGER: "postgres", hooks.AIRFLOW: "http", notifiers.SLACK: "slackwebhook", notifiers.SMTP: "smtp"}
    specs: list[ChannelSpec | ErpSpec] = [*registry.CHANNELS, *registry.ERPS]
    types |= {spec.connection: hooks.connection_type(spec) for spec in specs}
    named = {item["conn_id"]: item["conn_type"] for item in settings_file["connections"]}
    assert named == types
    assert len(settings_file["connections"]) == len(types)


def test_the_settings_file_names_exactly_the_variables_that_the_code_uses(settings_file: dict[str, Any]) -> None:
    """R125"""
    code = "".join(path.read_text() for folder in (DAGS, PLUGINS) for path in folder.rglob("*.py"))
    templates = set(re.findall(r"var\.value\.get\('(\w+)'", code))
    used = templates | {notifiers.MAIL_FROM, notifiers.MAIL_TO}
    assert {item["variable_name"] for item in settings_file["variables"]} == used
    assert all(item["variable_value"] for item in settings_file["variables"]), "astro skips an empty one"


def test_the_settings_file_holds_placeholders_and_no_secret(settings_file: dict[str, Any]) -> None:
    """R178"""
    for connection in settings_file["connections"]:
        assert connection["conn_password"] in ("", "placeholder")
        assert ".invalid" in connection["conn_host"]


def test_the_settings_file_has_the_keys_that_astro_reads(settings_file: dict[str, Any]) -> None:
    connection = ("id", "type", "host", "schema", "login", "password", "port", "extra")
    keys = {
        "connections": {f"conn_{name}" for name in connection},
        "pools": {"pool_name", "pool_slot", "pool_description"},
        "variables": {"variable_name", "variable_value"},
    }
    assert set(settings_file) == set(keys)
    for kind, items in settings_file.items():
        assert all(set(item) <= keys[kind] for item in items)
