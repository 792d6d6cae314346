"""The pipeline under test, as people around it see it: what a shop sells, what Airflow shows, what the ERP says it has.

What became of an order is read in Tryton, by its administrator and by the reference that people know it by, so that a
second sale would be seen whatever key it bore. The ledger is asked for what only it can know: who did what, and when.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import psutil
import psycopg

from order_sync.core.order.model import OrderKey
from sandbox import shop
from sandbox.airflow_api import FINAL, Api
from sandbox.catalogue import CUSTOMERS, PRODUCTS
from sandbox.sales import Sale, SoldLine
from sandbox.system import LEDGER, SHOP, Sandbox
from tests.support.proxy import Proxy

CHANNEL = "dynamics_web"
"""The channel in which the tests sell."""

DAG, TILLS = f"sync_orders__{CHANNEL}", "sync_orders__dynamics_store"
REPORT = "report_failures"
STEPS = ("extract", "check_reference_data", "validate", "push", "reconcile")
GREEN = {**dict.fromkeys(STEPS, "success"), "watcher": "skipped"}

SALE = r"/rest/model/sale\.sale"
CREATE, QUOTE, CONFIRM = rf"POST \S+{SALE}\?", rf"POST \S+{SALE}/\d+/quote", rf"POST \S+{SALE}/\d+/confirm"
"""The three calls that make an order, as the proxy sees them."""

TIMES = {
    "attempts": ("opened_at", "closed_at", "grace_until", "looked_at", "resolved_at"),
    "orders": (
        *("received_at", "first_attempt_at", "receipt_at", "window_ends_at"),
        *("next_attempt_at", "next_look_at", "lease_until"),
    ),
}
"""The ledger's instants that decide what is due."""

_NUMBERS = count(1)
_SALE_FIELDS = ["reference", "web_id", "state", "total_amount", "currency.code"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class System:
    """A running sandbox, and the proxy through which its Airflow reaches the ERP."""

    sandbox: Sandbox
    proxy: Proxy

    @property
    def api(self) -> Api:
        """Airflow, as its administrator."""
        return self.sandbox.airflow.api

    # The shop

    def sell(self, number: int, sku: str = PRODUCTS[0].sku) -> list[Sale]:
        """Write so many sales of an article into the channel, good ones if the ERP has it."""
        sales = self.made(number, sku)
        with self.sandbox.connect(SHOP) as connection:
            shop.write(connection, sales)
        return sales

    def made(self, number: int, sku: str = PRODUCTS[0].sku) -> list[Sale]:
        """So many sales that nobody has written yet."""
        return [_sale(f"E2E-{next(_NUMBERS):06}", sku) for _ in range(number)]

    def channel(self, query: str) -> list[tuple[Any, ...]]:
        """What the channel's database answers."""
        with self.sandbox.connect(SHOP) as connection:
            return connection.execute(query.encode()).fetchall()

    @contextmanager
    def refusing(self, database: str) -> Iterator[None]:
        """The channel's or the ledger's database takes no connections, and has ended those that there were."""
        with self.sandbox.connect("postgres") as connection:
            connection.autocommit = True
            try:
                connection.execute(f"alter database {database} allow_connections false".encode())
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database]
                )
                yield
            finally:
                connection.execute(f"alter database {database} allow_connections true".encode())

    # Airflow

    def wait_until_quiet(self) -> None:
        """Wait until no run is at work: what happens then, the test does."""
        self.api.wait_until(lambda: all(run["state"] in FINAL for run in self.api.runs(DAG)), 120, self.standing)

    def run(self) -> str:
        """Run the main job, by hand, to its end; returns the run's id."""
        run = self.api.trigger(DAG)
        self.api.wait_until(lambda: self.api.run_state(DAG, run) in FINAL, 120, self.standing)
        return run

    def wait_for_task(self, run: str, task: str, *states: str, seconds: float = 90, dag: str = DAG) -> None:
        """Wait until a task of a run has one of these states."""
        self.api.wait_until(lambda: self.api.states(dag, run).get(task) in states, seconds, self.standing)

    def standing(self) -> str:
        """How far all is: what changes as long as anything is done."""
        runs = [
            (dag, run["dag_run_id"]) for dag in (DAG, TILLS) for run in self.api.runs(dag) if run["state"] not in FINAL
        ]
        tasks = {f"{dag} {run}": self.api.states(dag, run) for dag, run in runs}
        try:
            orders = dict(self.ledger("select status, count(*) from orders group by status order by status"))
        except psycopg.OperationalError:
            return f"{tasks}; the ledger is away"
        return f"{tasks}; orders {orders}"

    def wait_until_free(self, pool: str, seconds: float = 30) -> None:
        """Wait until nobody holds a slot of a pool: another run may be at work."""

        def slots(which: str) -> int:
            return int(self.api.call("GET", f"/api/v2/pools/{pool}")[which])

        self.api.wait_until(lambda: slots("open_slots") == slots("slots"), seconds, lambda: f"{pool} is not free")

    def kill_running(self, task: str) -> str:
        """End the process that executes a task at this moment, as the system would; returns the run's id."""
        instances = self.api.call("GET", f"/api/v2/dags/{DAG}/dagRuns/~/taskInstances", params={"state": "running"})
        [instance] = [each for each in instances["task_instances"] if each["task_id"] == task]
        process = psutil.Process(instance["pid"])
        assert self._scheduler in process.parents(), f"{process} is no task of this Airflow"
        process.kill()
        run = str(instance["dag_run_id"])
        self.wait_for_task(run, task, "failed", "up_for_retry")
        return run

    @property
    def _scheduler(self) -> psutil.Process:
        pid, _ = (self.sandbox.airflow.home / "scheduler.pid").read_text().split()
        return psutil.Process(int(pid))

    def told(self, run: str, sales: Iterable[Sale]) -> dict[str, list[tuple[str, str]]]:
        """The failed tasks of a run that people were told of, each with its error, by way; without a word of these."""
        inbox, bodies = self.sandbox.inbox, [mail.get_body() for mail in self.sandbox.inbox.mails]
        texts = {
            "Slack": [message["text"] for message in inbox.slack],
            "mail": [body.get_content() for body in bodies if body],
        }
        about = {way: "\n".join(text for text in those if run in text) for way, those in texts.items()}
        assert [(way, word) for way, text in about.items() for word in self.private(sales) if word in text] == []
        return {way: sorted(re.findall(r"task (\w+) failed with (\w+)", text)) for way, text in about.items()}

    def private(self, sales: Iterable[Sale]) -> list[str]:
        """What nobody may read outside of shop and ERP: the REST key, the customer, and these orders' references."""
        customer = CUSTOMERS[0]
        words = [self.sandbox.tryton.secrets.rest_key, customer.name, customer.street, customer.account]
        return [*words, *(sale.reference for sale in sales)]

    # The ERP

    def make_article(self, sku: str) -> None:
        """Give Tryton an article like the first one, under another code."""
        rpc = self.sandbox.tryton.rpc
        fields = ["type", "list_price", "default_uom", "sale_uom", "salable", "account_category"]
        [like] = rpc("product.template.search_read", [["code", "=", PRODUCTS[0].sku]], 0, None, None, fields)
        facts = {field: like[field] for field in fields}
        rpc("product.template.create", [{**facts, "code": sku, "name": sku, "products": [("create", [{}])]}])

    def in_erp(self, sales: Collection[Sale]) -> list[Row]:
        """Tryton's sales under the references of these, whatever their state."""
        return self.erp([["reference", "in", [sale.reference for sale in sales]]])

    def erp(self, domain: Sequence[Any]) -> list[Row]:
        """Tryton's sales."""
        rows = self.sandbox.tryton.rpc("sale.sale.search_read", [*domain], 0, None, None, _SALE_FIELDS)
        return [{**row, "currency": row["currency."]["code"]} for row in rows]

    def states_in_erp(self, sales: Collection[Sale]) -> Counter[str]:
        """How many of these sales Tryton has in each state."""
        return Counter(row["state"] for row in self.in_erp(sales))

    def wait_until_processed(self, sales: Collection[Sale], seconds: float = 60) -> None:
        """Wait until Tryton's worker is done with these, and assert that Tryton has each once and as it was sold."""
        self.api.wait_until(
            lambda: set(self.states_in_erp(sales)) <= {"processing"}, seconds, lambda: str(self.states_in_erp(sales))
        )
        have = [(row["reference"], row["total_amount"], row["currency"]) for row in self.in_erp(sales)]
        assert sorted(have) == sorted((sale.reference, sale.gross, sale.currency) for sale in sales)

    # The ledger

    def ledger(self, query: str, sales: Iterable[Sale] = (), **values: Any) -> list[tuple[Any, ...]]:
        """What the ledger answers; `%(keys)s` are the keys of these sales."""
        with self.sandbox.connect(LEDGER) as connection:
            connection.execute("set search_path to order_sync")
            return connection.execute(query.encode(), {"keys": [key(sale) for sale in sales], **values}).fetchall()

    def statuses(self, sales: Collection[Sale]) -> Counter[str]:
        """How many of these orders stand in each status."""
        rows = self.ledger("select status from orders where order_key = any(%(keys)s)", sales)
        return Counter(status for (status,) in rows)

    def holds(self) -> list[tuple[str, str, str, str]]:
        """Connection, kind, scope and setter of each hold in force."""
        return self.ledger("select connection, kind, scope, held_by from holds where released_at is null order by id")

    def let_pass(self, time: timedelta) -> None:
        """Make everything in the ledger so much older, whose clock is the only one: nobody has to wait for leases."""
        with self.sandbox.connect(LEDGER) as connection:
            connection.execute("set search_path to order_sync")
            connection.execute("select from orders order by id for update")
            for table, columns in TIMES.items():
                older = ", ".join(f"{column} = {column} - %(time)s" for column in columns)
                connection.execute(f"update {table} set {older}".encode(), {"time": time})


def key(sale: Sale) -> str:
    """The key of a sale's order."""
    return str(OrderKey(CHANNEL, sale.key))


def _sale(number: str, sku: str) -> Sale:
    customer = CUSTOMERS[0]
    return Sale(
        number,
        f"REF-{number}",
        datetime.now(UTC),
        customer.currency,
        (SoldLine(sku, Decimal(2), Decimal("25.00"), customer.tax, Decimal(20)),),
        ship_to=shop.address_of(customer.account),
        customer=customer.account,
    )
