"""The sandbox's Airflow is whole, and its client sees what a person would."""

import contextlib
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import psutil
import pytest

from sandbox.airflow import COMPONENTS
from sandbox.airflow_api import Api
from sandbox.processes import SandboxError
from tests.end_to_end.system import DAG, System


def test_every_component_reports_to_be_healthy(system: System) -> None:
    assert system.sandbox.airflow.health() == {
        "metadatabase": "healthy",
        "scheduler": "healthy",
        "triggerer": "healthy",
        "dag_processor": "healthy",
    }


def test_no_server_listens_beyond_this_machine(system: System, folder: Path) -> None:
    """People's orders are in all of them, and a sandbox has no other wall."""
    sandbox, found = system.sandbox, set(listening(folder.resolve()))
    expected = {sandbox.airflow.port, sandbox.airflow.cluster.port, sandbox.tryton.port, sandbox.tryton.cluster.port}
    assert expected <= {port for _, port in found}
    assert [each for each in found if not ip_address(each[0]).is_loopback] == []


def listening(folder: Path) -> Iterator[tuple[str, int]]:
    """The address and port of everything that a process listens on which runs below this folder."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder):
                yield from (each.laddr for each in process.net_connections("inet") if each.laddr and not each.raddr)


def test_a_viewer_may_look_and_not_trigger(system: System) -> None:
    airflow = system.sandbox.airflow
    viewer = Api(airflow.base_url, "vera", airflow.passwords["vera"])
    assert DAG in viewer.dags()
    with pytest.raises(SandboxError, match="403"):
        viewer.trigger(DAG)


def test_pools_of_the_settings_are_made_and_then_kept_to_their_size(system: System, tmp_path: Path) -> None:
    settings = tmp_path / "airflow_settings.yaml"
    for slots in (1, 2):
        settings.write_text(
            f"airflow: {{pools: [{{pool_name: another, pool_slot: {slots}, pool_description: Another}}]}}"
        )
        system.api.make_pools(settings)
        assert system.api.call("GET", "/api/v2/pools/another")["slots"] == slots
    assert system.api.call("GET", "/api/v2/pools/erp_tryton")["slots"] == 1


def test_the_home_keeps_its_keys_to_itself(system: System) -> None:
    home = system.sandbox.airflow.home
    for name in ("keys.json", "passwords.json"):
        assert (home / name).stat().st_mode & 0o077 == 0
    assert all((home / f"{component}.log").exists() for component in COMPONENTS)
