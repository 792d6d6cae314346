"""An Airflow under the FAB auth manager, as production has it, and people of each role who log in to it."""

import secrets
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from order_sync import permissions
from order_sync.ledger import migrate
from sandbox import CHECKOUT, template
from sandbox.airflow import Airflow
from tests.fab.office import ROLES, Office

LEDGER = "ledger_of_fab"


@pytest.fixture(scope="session")
def office(folder: Path) -> Iterator[Office]:
    """Starts with `ORDER_SYNC_ROLES=on` and no role, and makes them while it runs: the order that goes wrong first."""
    cluster = template.AIRFLOW.copy_to(folder / "metadata").start()
    cluster.create_database(LEDGER)
    migrate(lambda: psycopg.connect(cluster.dsn(LEDGER)))
    env = {
        "AIRFLOW_CONN_ORDER_LEDGER": cluster.dsn(LEDGER),
        permissions.SETTING: "on",
    }
    dags = shutil.copytree(CHECKOUT / "dags", folder / "dags")
    airflow = Airflow(cluster, folder / "airflow", env, dags, auth="fab")
    office = Office(airflow, cluster.dsn(LEDGER))
    try:
        with ThreadPoolExecutor(1) as pool:
            airflow.start()
            api = office.people["admin"] = airflow.api
            api.wait_until(lambda: len(api.import_errors()) == len(permissions.DAGS), 60, lambda: str(api.dags()))
            office.before, office.closed = api.import_errors(), office.trigger("admin", "hold_connection")
            office.made = [pool.submit(airflow.run, "order_sync", "roles") for _ in range(2)]
            office.made[0].result()
            office.read_dags_again()
            api.wait_until(lambda: not api.import_errors(), 60, lambda: str(api.import_errors()))
            api.wait_until(lambda: _kinds(api.dags()) == set(permissions.DAGS), 60, lambda: str(api.dags()))
            for who, roles in ROLES.items():
                office.passwords[who] = f"{secrets.token_urlsafe(12)} ü@:/%"
                office.people[who] = airflow.log_in(who, office.passwords[who], *roles)
            yield office
    finally:
        airflow.stop()
        cluster.remove()


def _kinds(dags: Iterable[str]) -> set[str]:
    return {dag.partition("__")[0] for dag in dags}
