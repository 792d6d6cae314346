"""Two Postgres servers, a shop that has sold the baskets, and ledgers; and what psql does on them by hand."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from order_sync.channels.sql import SqlChannel
from order_sync.channels.sql.folder import StatementFolder, around
from order_sync.core.basics.actor import Actor
from order_sync.core.sending.route import Route
from order_sync.ledger import migrate
from sandbox import scratch
from sandbox.environments import environment
from sandbox.postgres import SETTINGS, Cluster, programs

HERE = Path(__file__).parent
SHOP = HERE / "shop"
ACTOR = Actor("bench")
ROUTE = Route("baskets", "tryton", datetime(2015, 1, 1, tzinfo=UTC), None)
RAW = """
create unlogged table raw (
    household_id bigint, store_id int, basket_id bigint, product_id int, quantity int, sales_value numeric,
    retail_disc numeric, coupon_disc numeric, coupon_match_disc numeric, week int, transaction_timestamp timestamp)
"""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the shop and the ledgers are. `baskets` and `lines` are what the shop has sold."""

    shop_cluster: Cluster
    ledger_cluster: Cluster
    baskets: int = 0
    lines: int = 0

    @property
    def shop(self) -> str:
        """The shop's address."""
        return self.shop_cluster.dsn("shop")

    def channel(self) -> SqlChannel:
        """The shop as a channel."""
        return SqlChannel(lambda: psycopg.connect(self.shop), ROUTE.channel, SHOP, {})

    def database(self, name: str, template: str | None = None) -> str:
        """The address of a new database for a ledger: empty and migrated, or a copy."""
        self.ledger_cluster.drop_database(name)
        self.ledger_cluster.create_database(name, *([template] if template else []))
        address = self.ledger_cluster.dsn(name)
        if template is None:
            migrate(lambda: psycopg.connect(address))
        return address


@contextmanager
def servers(baskets: int) -> Iterator[Servers]:
    """Both servers, with the first `baskets` in the shop, or all for 0; they are gone afterwards."""
    settings = {**SETTINGS, "shared_buffers": "512MB", "max_wal_size": "4GB"}
    with scratch() as folder:
        clusters = [Cluster(folder / name, settings) for name in ("shop", "ledger")]
        try:
            for cluster in clusters:
                cluster.start()
            yield Servers(*clusters, *_sell(clusters[0], baskets))
        finally:
            for cluster in clusters:
                cluster.remove()


def peer() -> Path:
    """The Python of the environment that has the data set and the tools that we are compared with."""
    return environment("bench-env", HERE.parent / "requirements.lock") / "python"


def psql(*addresses_and_statements: tuple[str, list[str]]) -> None:
    """Run psql once for each address, each with its statements in one transaction, the first piped into the second."""
    started: list[subprocess.Popen[bytes]] = []
    for address, statements in addresses_and_statements:
        command: list[str | Path] = [programs() / "psql", "-qX1", "-v", "ON_ERROR_STOP=1", address]
        for statement in statements:
            command += ["-c", statement]
        last = len(started) + 1 == len(addresses_and_statements)
        started.append(
            subprocess.Popen(
                command,
                stdin=started[-1].stdout if started else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if last else subprocess.PIPE,
            )
        )
    if any(process.wait() for process in started):
        raise SystemExit("psql failed")


def rows_by_hand() -> str:
    """The SELECT that our reading runs, as text."""
    which = (SHOP / "new.sql").read_text().replace("%(since)s", "0")
    transactions = StatementFolder(ROUTE.channel, SHOP).text("transactions.sql").replace("{which}", which)
    return around("read_rows", transactions=transactions)


def bound(address: str, statement: str, **parameters: Any) -> str:
    """A statement with its parameters written into it."""
    with psycopg.connect(address) as connection:
        return psycopg.ClientCursor(connection).mogrify(statement.encode(), parameters)


def connecting(address: str) -> Callable[[], psycopg.Connection[Any]]:
    """What opens connections to an address."""
    return lambda: psycopg.connect(address)


def _sell(cluster: Cluster, baskets: int) -> tuple[int, int]:
    cluster.create_database("shop")
    with psycopg.connect(cluster.dsn("shop"), autocommit=True) as connection:
        connection.execute(RAW)
        command = [peer(), HERE / "peer_baskets.py", str(baskets)]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE) as lines,
            connection.cursor().copy("copy raw from stdin csv") as copy,
        ):
            while piece := lines.stdout.read(1 << 20):  # type: ignore[union-attr]
                copy.write(piece)
        connection.execute((SHOP / "tables.sql").read_bytes())
        transactions = (SHOP / "transactions.sql").read_text().replace("{which}", "true")
        view = transactions.replace("array[b.basket_id::text] as key_parts", "b.basket_id::text as key")
        connection.execute(f"create view transactions as {view}".encode())
        connection.execute("vacuum analyze")
        return connection.execute("select count(*), sum(line_count) from basket").fetchone() or (0, 0)
