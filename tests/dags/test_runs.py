"""Whole runs by `dag.test()`: a real ledger, a real channel database, a real Tryton, and what Airflow makes of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
from airflow.utils.session import create_session

from order_sync import ledger
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
    names: list[str] = field(default_factory=lambda: [f"{kind}_{next(NUMBERS)}" for kind in ("ledger", "channel")])

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
    """A finished run: its state, the state of each task, and what each returned."""

    state: str
    tasks: dict[str, str]
    returned: dict[str, Any]


@pytest.fixture
def run(_metadata: None) -> Callable[[], Run]:
    """Runs the channel's DAG once, each task once."""

    def run() -> Run:
        dag = DagBag(DAGS).dags[DAG]
        for task in dag.tasks:
            task.retries = 0
        result = dag.test()
        instances = {ti.task_id: ti for ti in result.get_task_instances()}
        return Run(
            result.state,
            {task_id: str(ti.state) for task_id, ti in instances.items()},
            {step: instances[step].xcom_pull(task_ids=step) for step in STEPS},
        )

    return run


def test_orders_travel_from_the_channel_into_the_erp_and_are_confirmed(pipeline: Pipeline, run: Callable[[], Run]):
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
    pipeline: Pipeline, run: Callable[[], Run]
):
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


def test_while_the_channel_is_down_the_run_is_red_and_what_the_ledger_has_is_sent(
    pipeline: Pipeline, run: Callable[[], Run]
):
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
