"""A DAG that is not ours, on connections, names, schedule and params of its own, and what Airflow shows of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient

from sandbox.catalogue import PRODUCTS
from tests.airflow_home import CHECKOUT
from tests.dags.pipeline import Pipeline, postgres, run

DAG = "my_orders"
FOLDER = CHECKOUT / "tests" / "stranger" / "dags"
ORDERS = "https://tryton.example.com/#tryton/model/sale.sale"
TASKS = ("fetch", "learn", "check", "send", "confirm", "report")


@pytest.fixture
def house(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The pipeline under the stranger's names alone, and an Airflow that has the stranger's folder of DAGs."""
    for conn_id in ("order_ledger", "channel_dynamics_web", "erp_tryton"):
        monkeypatch.delenv(f"AIRFLOW_CONN_{conn_id.upper()}")
    pipeline.connect("order_book", postgres(pipeline.cluster.dsn(pipeline.names[0])))
    pipeline.connect("our_shop", postgres(pipeline.cluster.dsn(pipeline.names[1])))
    erp = pipeline.tryton.connection
    pipeline.connect("our_tryton", {**erp, "extra": {**erp["extra"], "order_list_url": ORDERS}})
    bundle = {"name": "theirs", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
    bundles = json.dumps([{**bundle, "kwargs": {"path": str(FOLDER)}}])
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", bundles)
    return pipeline


class Page:
    """What Airflow's REST interface, which its pages are made of, tells of a DAG."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._client.headers["Authorization"] = f"Bearer {self._json('/auth/token')['access_token']}"

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Each task by its id."""
        return {task["task_id"]: task for task in self._json(f"/api/v2/dags/{DAG}/tasks")["tasks"]}

    def links(self, run_id: str, task_id: str) -> dict[str, str | None]:
        """The buttons of a task of a run, and where each leads."""
        path = f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances/{task_id}/links"
        return dict(self._json(path)["extra_links"])

    def _json(self, path: str) -> Any:
        answer = self._client.get(path)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def page(metadata: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The api-server's application, asked without a network between."""
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    with TestClient(create_app("core")) as client:
        yield Page(client)


def test_a_strangers_dag_brings_orders_into_the_erp_over_connections_of_its_own(
    house: Pipeline, page: Page, tmp_path: Path
) -> None:
    good = house.sell(PRODUCTS[0].sku, PRODUCTS[1].sku)
    house.sell("NO-SUCH-SKU")
    house.validated("dynamics_store")
    ran = run(DAG, folder=FOLDER, reports=str(tmp_path), day="2026-03-02")
    assert (ran.state, ran.tasks) == ("success", dict.fromkeys(TASKS, "success"))
    assert ran.returned["fetch"] == {"new": 3, "orders": 3}
    assert ran.returned["check"] == {"valid": 2, "invalid": 1, "SKU_NOT_FOUND": 1}
    assert ran.returned["send"] == {"sent": 2}
    assert sorted(house.statuses()) == ["failed", "succeeded", "succeeded"]
    assert set(house.in_erp(good)) <= {"processing", "done"}
    assert len(house.in_erp(good)) == 2
    [report] = tmp_path.iterdir()
    assert report.name == "order-sync-all-2026-03-02.csv"
    links = {task_id: page.links(ran.id, task_id) for task_id in TASKS}
    assert {task_id: named for task_id, named in links.items() if named} == {
        "send": {"Orders in the ERP": ORDERS},
        "confirm": {"Orders in the ERP": ORDERS},
        "report": {"Report (CSV)": f"https://files.example.com/orders/{report.name}"},
    }
    tasks = page.tasks()
    assert len({task["ui_color"] for task in tasks.values()}) == len(TASKS)
    for task in tasks.values():
        assert "ledger_conn_id" in task["template_fields"]
        assert "- `ledger_conn_id`: Airflow connection of the ledger" in task["doc_md"]
