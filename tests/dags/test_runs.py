"""Whole runs by `dag.test()`: a real ledger, a real channel database, a real Tryton, and what Airflow makes of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
from airflow.utils.session import create_session

from order_sync import ledger
from order_sync.core.calendar_days import day_before
from sandbox import shop
from sandbox.catalogue import CUSTOMERS, PRODUCTS
from sandbox.inbox import Inbox
from sandbox.postgres import Cluster
from sandbox.processes import free_port
from sandbox.tryton import Tryton
from tests.airflow_home import DAGS

DAG = "sync_orders__dynamics_web"
NUMBERS = count(1)
STEPS = ("extract", "check_reference_data", "validate", "push", "reconcile")


@dataclass
class Pipeline:
    """A ledger and a channel of its own, known to Airflow by their connections; the ERP is shared."""

    cluster: Cluster
    tryton: Tryton
    inbox: Inbox
    monkeypatch: pytest.MonkeyPatch
    names: list[str] = field(default_factory=lambda: [f"run_{kind}_{next(NUMBERS)}" for kind in ("ledger", "channel")])

    def __post_init__(self) -> None:
        for name in self.names:
            self.cluster.create_database(name)
        ledger.migrate(self.ledger)
        shop.create(self.cluster.dsn(self.names[1]))
        self.connect("order_ledger", postgres(self.cluster.dsn(self.names[0])))
        self.connect("channel_dynamics_web", postgres(self.cluster.dsn(self.names[1])))
        self.connect("erp_tryton", self.tryton.connection)
        for conn_id, connection in self.inbox.connections.items():
            self.connect(conn_id, connection)

    def connect(self, conn_id: str, connection: dict[str, Any]) -> None:
        """Set an Airflow connection."""
        self.monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))

    def ledger(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.cluster.dsn(self.names[0]))

    def sell(self, *skus: str) -> list[str]:
        """Write one sale of each article into the channel; returns their numbers."""
        sales = [sale(f"T{next(NUMBERS):06}", sku) for sku in skus]
        with psycopg.connect(self.cluster.dsn(self.names[1])) as connection:
            shop.write(connection, sales)
        return [each.number for each in sales]

    def statuses(self) -> list[str]:
        """Where the ledger's orders stand."""
        with self.ledger() as connection:
            rows = connection.execute("select status from order_sync.orders order by order_key").fetchall()
        return [status for (status,) in rows]

    def in_erp(self, numbers: list[str]) -> list[str]:
        """The states in Tryton of these sales, by Tryton itself."""
        domain = ["OR", *([["web_id", "like", f"%{number}%"]] for number in numbers)]
        return [row["state"] for row in self.tryton.rpc("sale.sale.search_read", domain, 0, None, None, ["state"])]


def sale(number: str, sku: str) -> shop.Sale:
    """A good sale to a customer whose address is in the address book, if its article is known."""
    customer = CUSTOMERS[0]
    line = shop.Line(sku, Decimal(2), Decimal("25.00"), customer.tax, Decimal(20))
    return shop.Sale(
        number,
        f"WEB-{number}",
        datetime.now(UTC),
        customer.currency,
        (line,),
        ship_to=shop.address_of(customer.account),
        customer=customer.account,
    )


def postgres(dsn: str) -> dict[str, Any]:
    """Airflow's connection to a database."""
    parts = urlsplit(dsn)
    return {
        "conn_type": "postgres",
        "host": parts.hostname,
        "port": parts.port,
        "login": parts.username,
        "password": parts.password,
        "schema": parts.path.lstrip("/"),
    }


@pytest.fixture(scope="session")
def _metadata() -> None:
    """Airflow's own tables."""
    with create_session() as session:
        initdb(session=session)


@pytest.fixture
def pipeline(_metadata: None, cluster: Cluster, tryton: Tryton, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    monkeypatch.setenv("ORDER_SYNC_VERIFICATION_WINDOW", "20s")
    monkeypatch.setenv("ORDER_SYNC_EARLY_LOOKS", "2s,4s,8s")
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_FROM", "order-sync@example.org")
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_TO", "desk@example.org")
    inbox = Inbox().start()
    pipeline = Pipeline(cluster, tryton, inbox, monkeypatch)
    yield pipeline
    inbox.stop()
    for name in pipeline.names:
        cluster.drop_database(name)


@dataclass(frozen=True)
class Run:
    """A finished run: its state, the state of each task and how often it was tried, and what it returned."""

    state: str
    tasks: dict[str, str]
    tries: dict[str, int]
    returned: dict[str, Any]


def run(dag_id: str = DAG, retries: int = 0, **params: str) -> Run:
    """Run a DAG once."""
    dag = DagBag(DAGS).dags[dag_id]
    for task in dag.tasks:
        task.retries = min(task.retries, retries)
    done = dag.test(run_conf=params or None)
    instances = {ti.task_id: ti for ti in done.get_task_instances()}
    return Run(
        done.state,
        {task_id: str(ti.state) for task_id, ti in instances.items()},
        {task_id: ti.try_number for task_id, ti in instances.items()},
        {task_id: ti.xcom_pull(task_ids=task_id) for task_id, ti in instances.items()},
    )


def test_orders_travel_from_the_channel_into_the_erp_and_are_confirmed(pipeline: Pipeline):
    """R2, R49, R91"""
    good = pipeline.sell(PRODUCTS[0].sku, PRODUCTS[1].sku)
    [bad] = pipeline.sell("NO-SUCH-SKU")
    ran = run()
    assert ran.state == "success"
    assert ran.tasks == {**dict.fromkeys(STEPS, "success"), "watcher": "skipped"}
    assert sorted(pipeline.statuses()) == ["failed", "succeeded", "succeeded"]
    assert set(pipeline.in_erp(good)) <= {"processing", "done"}
    assert len(pipeline.in_erp(good)) == 2
    assert pipeline.in_erp([bad]) == []
    assert ran.returned["validate"] == {"valid": 2, "invalid": 1, "SKU_NOT_FOUND": 1}
    assert ran.returned["push"] == {"sent": 2}
    assert (pipeline.inbox.mails, pipeline.inbox.slack) == ([], [])


def test_while_the_erp_is_down_intake_goes_on_and_the_push_is_red_with_one_alert_and_nothing_is_lost(
    pipeline: Pipeline,
):
    """R136"""
    run()
    pipeline.connect("erp_tryton", {**pipeline.tryton.connection, "port": free_port()})
    numbers = pipeline.sell(PRODUCTS[0].sku)
    ran = run()
    assert ran.state == "failed"
    assert ran.tasks == {
        "extract": "success",
        "check_reference_data": "success",
        "validate": "success",
        "push": "failed",
        "reconcile": "success",
        "watcher": "failed",
    }
    assert pipeline.statuses() == ["queued"]
    [mail], [slack] = pipeline.inbox.mails, pipeline.inbox.slack
    assert mail["Subject"] == f"{DAG}: task push failed"
    assert "Transient" in slack["text"]
    assert "nothing was sent" in slack["text"]

    pipeline.connect("erp_tryton", pipeline.tryton.connection)
    assert run().state == "success"
    assert pipeline.statuses() == ["succeeded"]
    assert len(pipeline.in_erp(numbers)) == 1


def test_while_the_channel_is_down_the_run_is_red_and_what_the_ledger_has_is_sent(pipeline: Pipeline):
    """R8"""
    run()
    numbers = pipeline.sell(PRODUCTS[0].sku)
    pipeline.connect("erp_tryton", {**pipeline.tryton.connection, "port": free_port()})
    run()
    pipeline.connect("erp_tryton", pipeline.tryton.connection)
    pipeline.connect("channel_dynamics_web", {**postgres(pipeline.cluster.dsn()), "port": free_port()})
    ran = run()
    assert ran.state == "failed"
    assert ran.tasks == {
        "extract": "failed",
        "check_reference_data": "upstream_failed",
        "validate": "success",
        "push": "success",
        "reconcile": "success",
        "watcher": "failed",
    }
    assert pipeline.statuses() == ["succeeded"]
    assert len(pipeline.in_erp(numbers)) == 1


def test_while_sending_is_on_hold_the_push_is_skipped_with_the_reason_and_the_run_is_green(pipeline: Pipeline):
    run()
    with pipeline.ledger() as connection:
        connection.execute(
            "insert into order_sync.holds (connection, kind, scope, reason, held_by)"
            " values ('erp_tryton', 'person', 'submit', 'stocktaking', 'test')"
        )
    pipeline.sell(PRODUCTS[0].sku)
    ran = run()
    assert ran.state == "success"
    assert ran.tasks == {**dict.fromkeys(STEPS, "success"), "push": "skipped", "watcher": "skipped"}
    assert pipeline.statuses() == ["queued"]


def test_a_key_that_is_not_accepted_fails_the_push_at_once_although_retries_are_left(pipeline: Pipeline):
    run()
    pipeline.connect("erp_tryton", {**pipeline.tryton.connection, "password": "wrong"})
    pipeline.sell(PRODUCTS[0].sku)
    ran = run(retries=3)
    assert (ran.tasks["push"], ran.tries["push"]) == ("failed", 1)
    assert pipeline.statuses() == ["queued"]
    [slack] = pipeline.inbox.slack
    assert "NotAuthorised" in slack["text"]
    assert "connection 'erp_tryton'" in slack["text"]


def test_without_the_ledger_every_task_is_red_at_once_with_the_same_sentence(pipeline: Pipeline):
    pipeline.connect("order_ledger", {**postgres(pipeline.cluster.dsn()), "port": free_port()})
    ran = run(retries=3)
    assert ran.state == "failed"
    assert ran.tasks == {
        **dict.fromkeys(("extract", "validate", "push", "reconcile", "watcher"), "failed"),
        "check_reference_data": "upstream_failed",
    }
    assert set(ran.tries.values()) <= {0, 1}
    assert len(pipeline.inbox.slack) == 4
    assert all("the ledger (connection order_ledger) does not answer" in each["text"] for each in pipeline.inbox.slack)


def test_the_report_of_a_day_is_a_file_in_the_folder_of_the_variable(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """R125"""
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_REPORT_DIR", str(tmp_path))
    assert run("report_failures").state == "success"
    yesterday = day_before(datetime.now(UTC), ZoneInfo("UTC"))
    assert [path.name for path in tmp_path.iterdir()] == [f"order-sync-failures-{yesterday}.csv"]
    assert run("report_failures", day="2026-03-02", content="all").state == "success"
    assert (tmp_path / "order-sync-all-2026-03-02.csv").exists()


def test_a_report_without_its_variable_fails_and_writes_nothing(pipeline: Pipeline):
    """R137"""
    ran = run("report_failures", retries=3)
    assert (ran.tasks, ran.tries) == ({"build_failure_report": "failed"}, {"build_failure_report": 1})
    assert "variable order_sync_report_dir" in pipeline.inbox.slack[0]["text"]


@pytest.mark.parametrize("params", [{"day": "yesterday"}, {"content": "everything"}])
def test_params_of_a_report_that_cannot_be_are_refused_before_the_task_runs(pipeline: Pipeline, params: dict[str, str]):
    """R173"""
    with pytest.raises(ValueError, match="|".join(params.values())):
        run("report_failures", **params)
