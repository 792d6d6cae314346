"""A Tryton ERP as it runs for a company: its server, and the worker that processes confirmed sales.

Both run from an environment of their own, since Tryton is GPL; this project imports nothing of it. With the worker, a
confirmed sale is processed a moment later, and not at all while the worker is paused: a stuck ERP.
"""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from sandbox import STATE
from sandbox.environments import environment
from sandbox.postgres import Cluster
from sandbox.processes import Service, answers, free_port, locked, run
from sandbox.rpc import Rpc

LOCK = Path(__file__).with_name("requirements-tryton.lock")
DATABASE = "tryton"
MODULES = ("sale", "web_shop")
WORKER = {"PGOPTIONS": "-c enable_nestloop=off"}
"""What the worker's sessions ask of Postgres.

Tryton 8.2 takes a task by `update ... where id in (select ... limit 1 for update skip locked)`. A nested loop, which
Postgres chooses while the queue is small, runs that select once for each row: several tasks are taken then, and all but
one of them are lost.
"""

INTEGRATION = "order_sync"
"""The login of the user as whom orders are sent."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens a seeded Tryton: the administrator's password, and REST key and password of the integration user."""

    admin_password: str
    user_password: str
    rest_key: str

    @classmethod
    def of_this_checkout(cls) -> Self:
        """Those of every Tryton of this checkout, made up before there is one: who must know them need not wait."""
        file = STATE / "tryton-secrets.json"
        with locked(file.with_suffix(".lock")):
            if not file.exists():
                file.touch(0o600)
                file.write_text(json.dumps({name: secrets.token_urlsafe(24) for name in cls.__slots__}))
            return cls(**json.loads(file.read_text()))


@dataclass
class TrytonServer:
    """The servers of one database. `directory` receives their configuration and logs."""

    cluster: Cluster
    directory: Path
    secrets: Secrets
    port: int = field(default_factory=free_port)
    _services: dict[str, Service] = field(default_factory=dict)

    def start(self) -> None:
        """Start the server and the worker; returns once an order could be sent."""
        self.start_server()
        self.start_worker()

    def stop(self) -> None:
        """Stop the worker and the server."""
        for service in reversed(self._services.values()):
            service.stop(grace=5)
        self.__dict__.pop("rpc", None)

    def start_server(self) -> None:
        """Start only the server: sales are confirmed, and not processed."""
        self._run("trytond").wait_until(self._ready, 60)

    def start_worker(self) -> None:
        """Start the worker; it takes up what was confirmed meanwhile."""
        self._run("trytond-worker", "-d", DATABASE, "-n", "2", "-t", "1", **WORKER)

    def pause_worker(self) -> None:
        """Let the worker end what it has begun, and begin nothing more: the ERP takes orders and is stuck with them."""
        self._services["trytond-worker"].pause()

    def resume_worker(self) -> None:
        """Let the worker go on with what was confirmed meanwhile; it need not start, which takes seconds."""
        self._services["trytond-worker"].resume()

    @property
    def base_url(self) -> str:
        """The server's address, without the database."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def connection(self) -> dict[str, Any]:
        """Airflow's connection to this ERP, as the JSON of an `AIRFLOW_CONN_…` variable."""
        return {
            "conn_type": "http",
            "schema": "http",
            "host": "127.0.0.1",
            "port": self.port,
            "login": INTEGRATION,
            "password": self.secrets.rest_key,
            "extra": {"database": DATABASE, "user_password": self.secrets.user_password},
        }

    @cached_property
    def rpc(self) -> Rpc:
        """The administrator's session, to see what became of an order: `tryton.rpc("sale.sale.search_count", [])`."""
        return Rpc(f"{self.base_url}/{DATABASE}", "admin", self.secrets.admin_password)

    def activate_modules(self) -> None:
        """Make the empty database a Tryton: its tables, its administrator and the modules that sell; takes a minute."""
        password = self.directory / "password"
        password.touch(0o600)
        password.write_text(self.secrets.admin_password)
        arguments = ["-d", DATABASE, "--activate-dependencies", "--email", "admin@example.com", "-u", *MODULES]
        run(self._command("trytond-admin", arguments), env={**self._env, "TRYTONPASSFILE": str(password)})
        password.unlink()

    def _ready(self) -> bool:
        headers = {"Authorization": f"Bearer {self.secrets.rest_key}"}
        return answers(f"{self.base_url}/{DATABASE}/rest/model/web.shop", headers)

    @property
    def _env(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TRYTOND_DATABASE_NAMES": DATABASE}

    def _command(self, program: str, arguments: Sequence[str] = ()) -> list[str | Path]:
        self.directory.mkdir(parents=True, exist_ok=True)
        configuration = self.directory / "trytond.conf"
        configuration.touch(0o600)
        configuration.write_text(
            f"[database]\nuri = {self.cluster.dsn('')}\npath = {self.directory / 'files'}\n"
            f"[web]\nlisten = 127.0.0.1:{self.port}\n"
            "[queue]\nworker = True\n"
        )
        return [programs() / program, "-c", configuration, *arguments]

    def _run(self, program: str, *arguments: str, **env: str) -> Service:
        service = Service(program, self._command(program, arguments), self.directory, {**self._env, **env})
        service.start()
        self._services[program] = service
        return service


def programs() -> Path:
    """The folder of Tryton's programs, in an environment built from its lock."""
    return environment("tryton-env", LOCK)
