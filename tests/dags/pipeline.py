"""Whole runs by `dag.test()`: a ledger and a channel database of a test's own, a real Tryton, Airflow in one process.

Import it after `tests.airflow_home`, as the conftest here does.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import psycopg
import pytest
from airflow.dag_processing import dagbag
from airflow.dag_processing.dagbag import BundleDagBag, DagBag
from airflow.utils.db import initdb
from airflow.utils.session import create_session

from order_sync.operators import sending
from sandbox import shop
from sandbox.catalogue import CUSTOMERS
from sandbox.inbox import Inbox
from sandbox.postgres import Cluster
from sandbox.sales import Sale, SoldLine
from sandbox.tryton import TrytonServer
from tests.airflow_home import DAGS
from tests.fixtures import owners_page

DAG = "sync_orders__dynamics_web"
NUMBERS = count(1)


@dataclass
class Pipeline:
    """A ledger and a channel of its own, known to Airflow by their connections; the ERP is shared."""

    cluster: Cluster
    templates: tuple[str, str]
    tryton: Any
    inbox: Inbox
    monkeypatch: pytest.MonkeyPatch
    names: list[str] = field(default_factory=lambda: [f"run_{kind}_{next(NUMBERS)}" for kind in ("ledger", "channel")])

    def __post_init__(self) -> None:
        for name, template in zip(self.names, self.templates, strict=True):
            self.cluster.create_database(name, template)
        self.connect("order_ledger", postgres(self.cluster.dsn(self.names[0])))
        for channel in owners_page.CHANNELS:
            self.connect(channel.connection, postgres(self.cluster.dsn(self.names[1])))
        self.connect("erp_tryton", self.tryton.connection)
        for conn_id, connection in self.inbox.connections.items():
            self.connect(conn_id, connection)

    def connect(self, conn_id: str, connection: dict[str, Any]) -> None:
        """Set an Airflow connection."""
        self.monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))

    def ledger(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.cluster.dsn(self.names[0]))

    def sell(self, *skus: str, placed: datetime | None = None) -> list[str]:
        """Write one sale of each article into the channel, placed now or then; returns their numbers."""
        sales = [sale(f"T{next(NUMBERS):06}", sku, placed or datetime.now(UTC)) for sku in skus]
        with psycopg.connect(self.cluster.dsn(self.names[1])) as connection:
            shop.write(connection, sales)
        return [each.number for each in sales]

    def statuses(self) -> list[str]:
        """Where the ledger's orders stand."""
        with self.ledger() as connection:
            rows = connection.execute("select status from order_sync.orders order by order_key").fetchall()
        return [status for (status,) in rows]

    def validated(self, *channels: str) -> None:
        """Let channels count as read and validated, with nothing in them."""
        with self.ledger() as connection:
            for channel in channels:
                connection.execute(
                    "insert into order_sync.watermarks (channel, epoch, fingerprint, counter, samples, validated_at)"
                    " values (%s, 1, '', 0, '[]', clock_timestamp())",
                    [channel],
                )

    def channel_content(self) -> list[tuple[str, str]]:
        """A digest of every table of the channel's database."""
        tables = "select schemaname, relname from pg_stat_user_tables order by 1, 2"
        digest = "select md5(coalesce(string_agg(each::text, '' order by each::text), '')) from {}.{} each"
        with psycopg.connect(self.cluster.dsn(self.names[1])) as connection:
            rows = connection.execute(tables).fetchall()
            return [(name, str(connection.execute(digest.format(schema, name)).fetchall())) for schema, name in rows]

    def in_erp(self, numbers: list[str]) -> list[str]:
        """The states in Tryton of these sales, by Tryton itself."""
        domain = ["OR", *([["web_id", "like", f"%{number}%"]] for number in numbers)]
        return [row["state"] for row in self.tryton.rpc("sale.sale.search_read", domain, 0, None, None, ["state"])]


def sale(number: str, sku: str, placed: datetime) -> Sale:
    """A good sale to a customer whose address is in the address book, if its article is known."""
    customer = CUSTOMERS[0]
    line = SoldLine(sku, Decimal(2), Decimal("25.00"), customer.tax, Decimal(20))
    return Sale(
        number,
        f"WEB-{number}",
        placed,
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
def metadata() -> None:
    """Airflow's own tables."""
    with create_session() as session:
        initdb(session=session)


@pytest.fixture(scope="session")
def templates(cluster: Cluster, migrated: str) -> tuple[str, str]:
    """The names of an empty ledger and an empty shop to which nobody is connected."""
    cluster.create_database("shop_template")
    shop.create(cluster.dsn("shop_template"))
    return migrated, "shop_template"


@pytest.fixture
def pipeline(
    metadata: None, cluster: Cluster, templates: tuple[str, str], tryton: TrytonServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    monkeypatch.setenv("ORDER_SYNC_VERIFICATION_WINDOW", "20s")
    monkeypatch.setenv("ORDER_SYNC_EARLY_LOOKS", "1s,2s,3s,4s,6s,8s")
    # In one process there is no worker that has to notice first that a task went to wait.
    monkeypatch.setattr(sending, "SOONEST", timedelta(seconds=0.5))
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_FROM", "order-sync@example.org")
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_TO", "desk@example.org")
    owners_page.use_it(monkeypatch)
    inbox = Inbox().start()
    pipeline = Pipeline(cluster, templates, tryton, inbox, monkeypatch)
    yield pipeline
    inbox.stop()
    for name in pipeline.names:
        cluster.drop_database(name)


@dataclass(frozen=True)
class Run:
    """A finished run: its id, its state, the state of each task and how often it was tried, and what it returned."""

    id: str
    state: str
    tasks: dict[str, str]
    tries: dict[str, int]
    returned: dict[str, Any]


def run(dag_id: str = DAG, retries: int = 0, folder: Path = DAGS, **params: Any) -> Run:
    """Run a DAG of a folder once. Its file is called as it is, up to the channel's name.

    `test` would first read every file of the folder, and store what is in it, which takes most of its time.
    """
    file = folder / f"{dag_id.partition('__')[0]}.py"
    dag = DagBag(file).dags[dag_id]
    for task in dag.tasks:
        task.retries = min(task.retries or 0, retries)
    with patch.object(dagbag, "BundleDagBag", _bag_of(file)):
        done = dag.test(run_conf=params or None)
    instances = {ti.task_id: ti for ti in done.get_task_instances()}
    return Run(
        done.run_id,
        done.state,
        {task_id: str(ti.state) for task_id, ti in instances.items()},
        {task_id: ti.try_number for task_id, ti in instances.items()},
        {task_id: ti.xcom_pull(task_ids=task_id) for task_id, ti in instances.items()},
    )


def _bag_of(file: Path) -> Callable[..., BundleDagBag]:
    def bag(dag_folder: Path, **bundle: Any) -> BundleDagBag:
        return BundleDagBag(file, **bundle)

    return bag
