"""The sandbox's servers, each started once for these tests."""

import base64
import contextlib
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.airflow import Airflow
from sandbox.postgres import Cluster
from sandbox.tryton import DATABASE, Secrets, Tryton


class Rest:
    """What the integration user can do: Tryton's REST interface with its key."""

    def __init__(self, tryton: Tryton) -> None:
        self.url = f"{tryton.base_url}/{DATABASE}/rest/model/"
        self.headers = {"Authorization": f"Bearer {tryton.secrets.rest_key}", "Content-Type": "application/json"}

    def search(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        query = [("d", base64.urlsafe_b64encode(json.dumps(domain).encode()).decode()), ("s", "1000")]
        return self._call(f"{model}?{urllib.parse.urlencode([*query, *(('f', field) for field in fields)])}", None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call(path, json.dumps(body).encode())

    def _call(self, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(self.url + path, body, self.headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request) as response:  # noqa: S310
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code} {error.read().decode()[:300]}") from None


@pytest.fixture(scope="session")
def rest(tryton: Tryton) -> Rest:
    return Rest(tryton)


DAG = """
from airflow.sdk import BaseHook, Param, chain, dag, task
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync

@dag(schedule=None, params={"text": Param("")})
def probe():
    @task
    def speak(params):
        print("said", params["text"])
        return BaseHook.get_connection("erp").host

    later = "{{ (dag_run.run_after + macros.timedelta(seconds=3)).isoformat() }}"
    chain(speak(), DateTimeSensorAsync(task_id="wait", target_time=later))

probe()
"""


@pytest.fixture(scope="session")
def airflow(seeded: tuple[Cluster, Secrets], folder: Path) -> Iterator[Airflow]:
    dags = folder / "dags"
    dags.mkdir()
    (dags / "probe.py").write_text(DAG)
    connection = json.dumps({"conn_type": "http", "host": "erp.example"})
    airflow = Airflow(seeded[0], folder / "airflow", {"AIRFLOW_CONN_ERP": connection}, dags)
    try:
        airflow.start()
        airflow.api.wait_until(lambda: "probe" in airflow.api.dags(), 60, lambda: str(airflow.api.import_errors()))
        airflow.api.pause("probe", False)
        yield airflow
    finally:
        airflow.stop()
    assert not list(processes_of(airflow)), "a stopped Airflow leaves no process"


def processes_of(airflow: Airflow) -> Iterator[psutil.Process]:
    """Every live process that was started in this Airflow's home, whatever it calls itself now."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()) == airflow.home:
                yield process
