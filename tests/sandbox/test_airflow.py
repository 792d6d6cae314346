"""The sandbox's Airflow runs, waits and recovers as a real one does, and its client sees what a person would."""

import contextlib
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import psutil
import pytest

from sandbox.airflow import COMPONENTS, Airflow
from sandbox.airflow_api import Api
from sandbox.processes import SandboxError
from sandbox.tryton import Tryton


def test_every_component_reports_to_be_healthy(airflow: Airflow) -> None:
    assert airflow.health() == {
        "metadatabase": "healthy",
        "scheduler": "healthy",
        "triggerer": "healthy",
        "dag_processor": "healthy",
    }


def test_a_run_uses_the_connections_of_the_environment_and_waits_in_the_triggerer(airflow: Airflow) -> None:
    run = airflow.api.trigger("probe", {"text": "good day"})
    assert airflow.api.wait_for_run("probe", run) == "success"
    assert airflow.api.states("probe", run) == {"speak": "success", "wait": "success"}
    assert airflow.api.returned("probe", run, "speak") == "erp.example"
    assert "said good day" in airflow.api.log("probe", run, "speak")


def test_a_cleared_task_runs_again_with_what_lies_below_it(airflow: Airflow) -> None:
    """R154"""
    run = airflow.api.trigger("probe")
    airflow.api.wait_for_run("probe", run)
    airflow.api.clear("probe", run, ["speak"])
    assert airflow.api.wait_for_run("probe", run) == "success"
    assert {task["task_id"]: task["try_number"] for task in airflow.api.tasks("probe", run)} == {"speak": 2, "wait": 2}


def test_a_waiting_run_goes_on_once_a_stopped_triggerer_is_back(airflow: Airflow) -> None:
    airflow.stop_component("triggerer")
    run = airflow.api.trigger("probe")
    airflow.api.wait_until(lambda: airflow.api.states("probe", run).get("wait") == "deferred", 60, str)
    assert airflow.api.run_state("probe", run) == "running"
    assert "said" in airflow.api.log("probe", run, "speak")
    assert "Pausing task as DEFERRED" in airflow.api.log("probe", run, "wait"), "no log server is needed"
    airflow.start_component("triggerer")
    assert airflow.api.wait_for_run("probe", run) == "success"


def test_no_server_listens_beyond_this_machine(airflow: Airflow, tryton: Tryton, folder: Path) -> None:
    """People's orders are in all of them, and a sandbox has no other wall."""
    found = set(listening(folder.resolve()))
    assert {airflow.port, airflow.cluster.port, tryton.port} <= {port for _, port in found}
    assert [each for each in found if not ip_address(each[0]).is_loopback] == []


def listening(folder: Path) -> Iterator[tuple[str, int]]:
    """The address and port of everything that a process listens on which runs below this folder."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder):
                yield from (each.laddr for each in process.net_connections("inet") if each.laddr and not each.raddr)


def test_a_viewer_may_look_and_not_trigger(airflow: Airflow) -> None:
    viewer = Api(airflow.base_url, "vera", airflow.passwords["vera"])
    assert "probe" in viewer.dags()
    with pytest.raises(SandboxError, match="403"):
        viewer.trigger("probe")


def test_pools_of_the_settings_are_made_and_then_kept_to_their_size(airflow: Airflow, tmp_path: Path) -> None:
    settings = tmp_path / "airflow_settings.yaml"
    for slots in (1, 2):
        settings.write_text(
            f"airflow: {{pools: [{{pool_name: erp_tryton, pool_slot: {slots}, pool_description: One}}]}}"
        )
        airflow.api.make_pools(settings)
        assert airflow.api.call("GET", "/api/v2/pools/erp_tryton")["slots"] == slots


def test_the_home_keeps_its_keys_to_itself(airflow: Airflow) -> None:
    for name in ("keys.json", "passwords.json"):
        assert (airflow.home / name).stat().st_mode & 0o077 == 0
    assert all((airflow.home / f"{component}.log").exists() for component in COMPONENTS)
