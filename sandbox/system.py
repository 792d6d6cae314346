"""The whole sandbox: an inbox, Airflow, an ERP, and Postgres servers: for each of these that needs one, and the orders.

Used by `make run` and by the end-to-end tests. What a directory holds survives a stop: a second start finds its orders
where they were, unless what it was made from has changed since. Knows how to start things and what they are called, and
nothing of what is done with them.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg

from order_sync import ledger, registry
from sandbox import CHECKOUT, samples, shop, template
from sandbox.airflow import Airflow
from sandbox.erps import ERPS, FOLDER, SandboxErp, TrytonErp, own_copy
from sandbox.inbox import Inbox
from sandbox.postgres import Cluster
from sandbox.sales import Sale
from sandbox.tryton import TrytonServer

CLUSTERS = ORDERS, METADATA, _ = "orders", "metadata", FOLDER
"""The folders of the Postgres servers: of ledger and channel, of Airflow, and of Tryton."""

LEDGER = "order_ledger"
SHOP = "commerce"
"""The channel database, in which the web shop and the tills sell."""

SELLING = tuple(channel for channel in registry.CHANNELS if channel.folder == "dynamics")
"""The registry's channels that sell in it. The sandbox has no database for others."""


@dataclass
class Sandbox:
    """The running systems. `settings` are the pipeline's, as environment variables, `erp` which ERP it is.

    `erp_connection` may change the address under which Airflow reaches the ERP, so that a test can stand in between.
    `sales` are what the shop has sold by the time when it is made.
    """

    directory: Path
    settings: Mapping[str, str]
    say: Callable[[str], None] = lambda _: None
    erp_connection: Callable[[dict[str, Any]], dict[str, Any]] = lambda connection: connection
    dags: Path = CHECKOUT / "dags"
    sales: Callable[[datetime], Iterable[Sale]] = samples.sales
    erp: str = "tryton"
    in_erp: SandboxErp = field(init=False)
    airflow: Airflow = field(init=False)
    inbox: Inbox = field(init=False)
    orders: Cluster = field(init=False)
    _started: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        with ExitStack() as begun:
            self._start(begun)
            self._started = begun.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    @property
    def reports(self) -> Path:
        """The folder that the CSV is written into."""
        return self.directory / "reports"

    @property
    def tryton(self) -> TrytonServer:
        """The ERP, where it is Tryton."""
        assert isinstance(self.in_erp, TrytonErp)  # noqa: S101  who asks for it started one
        return self.in_erp.tryton

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """A connection to the ledger's or the channel's database."""
        return psycopg.connect(self.orders.dsn(database))

    def _start(self, begun: ExitStack) -> None:
        renew(self.directory, self.say)
        self.reports.mkdir(exist_ok=True)
        self.inbox = Inbox(self.directory / "inbox").start()
        begun.callback(self.inbox.stop)

        self.in_erp = ERPS[self.erp](self.directory)
        self.in_erp.begin()
        begun.callback(self.in_erp.stop)

        self.say("starting Postgres for ledger and channel (with fsync off, as no server of real orders may run)")
        self.orders = Cluster(self.directory / ORDERS).start()
        begun.callback(self.orders.stop)
        self._make_databases()

        self.say("starting Airflow (its database is built once)")
        metadata = own_copy(template.AIRFLOW, self.directory / METADATA).start()
        begun.callback(metadata.stop)
        self.airflow = Airflow(metadata, self.directory / "airflow", self._environment(), self.dags)
        begun.callback(self.airflow.stop)
        self.airflow.begin()

        self.say(self.in_erp.starting)
        self.in_erp.start()

        self.say("waiting for Airflow")
        self.airflow.wait_until_healthy()
        self.airflow.api.make_pools(CHECKOUT / "airflow_settings.yaml")
        self.airflow.api.make_pool(f"erp_{self.erp}", 1)

    def _make_databases(self) -> None:
        with self.connect("postgres") as connection:
            rows = connection.execute("select datname from pg_database")
            existing = {name for (name,) in rows}
        for name in (LEDGER, SHOP):
            if name not in existing:
                self.orders.create_database(name)
        ledger.migrate(lambda: self.connect(LEDGER))
        shop.create(self.orders.dsn(SHOP))
        shop.load(self.orders.dsn(SHOP), self.sales(datetime.now(UTC)))

    def _environment(self) -> dict[str, str]:
        connections = {
            "order_ledger": _postgres(self.orders.dsn(LEDGER)),
            **{channel.connection: _postgres(self.orders.dsn(SHOP)) for channel in SELLING},
            f"erp_{self.erp}": self.erp_connection(self.in_erp.connection),
            **self.inbox.connections,
        }
        variables = {
            "order_sync_report_dir": str(self.reports),
            "order_sync_alert_from": "order-sync@example.com",
            "order_sync_alert_to": "order-desk@example.com",
        }
        page = {"ORDER_SYNC_REGISTRY": str(self.in_erp.registry)} if self.in_erp.registry else {}
        return {
            **self.settings,
            **page,
            **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection) for name, connection in connections.items()},
            **{f"AIRFLOW_VAR_{name.upper()}": value for name, value in variables.items()},
        }


def renew(directory: Path, say: Callable[[str], None]) -> None:
    """Make a sandbox's folder; one that was made from something else lacks what this version expects, and is removed.

    Its servers are stopped, whoever started them.
    """
    stamp = directory / "made-from"
    if directory.exists() and not (stamp.exists() and stamp.read_text() == template.made_from()):
        if any(directory.iterdir()):
            say("this sandbox was made by another version, or for last year's books: it is made anew")
        for cluster in CLUSTERS:
            Cluster(directory / cluster).remove()
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    stamp.write_text(template.made_from())


def _postgres(dsn: str) -> dict[str, Any]:
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
