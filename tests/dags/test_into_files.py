"""The main job into an ERP that reads files, on another owner's page: the DAGs know no ERP by its name."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from order_sync import registry
from order_sync.operators import sending
from sandbox.catalogue import NOT_SALABLE, PRODUCTS
from sandbox.erps import FilesErp
from sandbox.inbox import Inbox
from sandbox.postgres import Cluster
from tests.airflow_home import DAGS
from tests.dags.pipeline import Pipeline, run
from tests.fixtures.drop import working


@pytest.fixture
def files(
    metadata: None, cluster: Cluster, templates: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Pipeline]:
    """The pipeline on the page of an ERP that reads files, and a clerk who reads them."""
    page = registry.read_page(FilesErp.registry)
    for name, value in {"PAGE": page, "CHANNELS": page.channels, "ERPS": page.erps}.items():
        monkeypatch.setattr(registry, name, value)
    monkeypatch.setenv("ORDER_SYNC_VERIFICATION_WINDOW", "20s")
    monkeypatch.setenv("ORDER_SYNC_EARLY_LOOKS", "1s,2s,3s,4s,6s,8s")
    monkeypatch.setattr(sending, "SOONEST", timedelta(seconds=0.5))
    office, inbox = FilesErp(tmp_path), Inbox().start()
    pipeline = Pipeline(cluster, templates, office, inbox, monkeypatch)
    pipeline.connect("erp_drop", office.connection)
    with working(Path(office.connection["extra"]["path"])) as clerk:
        clerk.resting = False
        yield pipeline
    inbox.stop()
    for name in pipeline.names:
        cluster.drop_database(name)


def test_orders_travel_into_files_and_are_confirmed_as_they_are_acknowledged(files: Pipeline) -> None:
    files.sell(PRODUCTS[0].sku, PRODUCTS[1].sku, NOT_SALABLE)
    ran = run()
    assert ran.state == "success", ran
    assert ran.returned["validate"] == {"valid": 3}
    assert ran.returned["push"] == {"sent": 3}
    assert sorted(files.statuses()) == ["failed", "succeeded", "succeeded"]


def test_what_people_decide_is_sent_to_the_erps_that_are_fed_and_to_no_other(files: Pipeline) -> None:
    groups = {task.rpartition(".")[0] for task in DagBag(DAGS / "resync_orders.py").dags["resync_orders"].task_ids}
    assert groups == {"", "send_to_drop"}
