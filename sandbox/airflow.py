"""An Airflow as it runs in production, in little: its four components as processes of their own, with LocalExecutor.

Settings come from the environment alone, as they do on Astro. The metadata database is the template's migrated one.
"""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import httpx
from cryptography.fernet import Fernet

from sandbox import CHECKOUT
from sandbox.airflow_api import Api
from sandbox.postgres import Cluster
from sandbox.processes import Service, free_port, run
from sandbox.template import AIRFLOW_DATABASE

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
SERVE_LOGS = ("scheduler", "triggerer")
"""Components that would serve logs to everybody on the network. The api-server reads them where they lie."""

USERS = {"admin": "admin", "otto": "op", "ursula": "user", "vera": "viewer"}
"""Who can log in, and each one's role: for development, as Airflow's simple auth manager is."""

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
"""The auth manager that keeps users and roles, as production has it. Only `admin` is there when it starts."""

QUICK = {
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",  # a file that changes is read at once all the same
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}
"""Waits that are short enough to watch."""


@dataclass
class Airflow:
    """One Airflow. `home` receives its logs; `env` adds settings, connections and variables to the environment.

    `auth` says who keeps its users: the simple auth manager, or FAB.
    """

    cluster: Cluster
    home: Path
    env: Mapping[str, str] = field(default_factory=dict)
    dags: Path = CHECKOUT / "dags"
    auth: Literal["simple", "fab"] = "simple"
    port: int = field(default_factory=free_port)
    _services: dict[str, Service] = field(default_factory=dict)

    def start(self) -> None:
        """Start all components; returns once each of them reports to be healthy."""
        self.begin()
        self.wait_until_healthy()

    def begin(self) -> None:
        """Start all components; they need half a minute until they work."""
        if self.auth == "fab":
            person = {"firstname": "Ada", "lastname": "Admin", "email": "admin@example.com", "role": "Admin"}
            options = (word for name, value in person.items() for word in (f"--{name}", value))
            password = f"--password={self.passwords['admin']}"  # it may begin with a dash
            self.run("airflow", "users", "create", "-u", "admin", password, *options)
        for component in COMPONENTS:
            self.start_component(component)

    def wait_until_healthy(self) -> None:
        """Wait until each component reports to be healthy."""
        self._services["api-server"].wait_until(lambda: set(self.health().values()) == {"healthy"}, 240)

    def stop(self) -> None:
        """Stop all components at once, with the tasks that they run."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Service.stop, self._services.values()))
        self.__dict__.pop("api", None)

    def start_component(self, component: str) -> None:
        """Start one of COMPONENTS."""
        command: list[str | Path] = [sys.executable, "-m", "airflow", component]
        if component == "api-server":
            command += ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        elif component in SERVE_LOGS:
            command.append("--skip-serve-logs")
        service = Service(component, command, self.home, self.environment)
        service.start()
        self._services[component] = service

    def stop_component(self, component: str) -> None:
        """Stop one component and leave the others."""
        self._services[component].stop()

    def kill_component(self, component: str) -> None:
        """End one component as a crash would, with the tasks that it runs, and leave the others."""
        self._services[component].kill()

    def run(self, module: str, *words: str) -> str:
        """Run a module as a command with this Airflow's settings, and return what it printed."""
        env = {**self.environment, "PYTHONPATH": str(CHECKOUT / "plugins")}
        return run([sys.executable, "-m", module, *words], env=env)

    def log_in(self, user: str, password: str, *roles: str) -> Api:
        """A session of a new user of FAB's who has these roles and no more."""
        body = {"username": user, "password": password, "email": f"{user}@example.com"}
        names = {"first_name": user.capitalize(), "last_name": "Example", "roles": [{"name": role} for role in roles]}
        self.api.call("POST", "/auth/fab/v1/users", json={**body, **names})
        return Api(self.base_url, user, password)

    def health(self) -> dict[str, str]:
        """What Airflow says of each component: healthy, unhealthy or None; nothing while the API does not answer."""
        try:
            answer = self._http.get("/api/v2/monitor/health").raise_for_status().json()
        except httpx.HTTPError:
            return {}
        return {component: status["status"] for component, status in answer.items()}

    @property
    def base_url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def _http(self) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, timeout=10)

    @cached_property
    def passwords(self) -> dict[str, str]:
        """The password of each user."""
        self._keys()
        return dict(json.loads((self.home / "passwords.json").read_text()))

    @cached_property
    def api(self) -> Api:
        """The administrator's session."""
        return Api(self.base_url, "admin", self.passwords["admin"])

    @cached_property
    def environment(self) -> dict[str, str]:
        """Every setting, for the components and for `airflow` on the command line."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        own.pop("PYTHONDONTWRITEBYTECODE", None)
        metadata = self.cluster.dsn(AIRFLOW_DATABASE).replace("postgresql://", "postgresql+psycopg://")
        return {
            **own,
            **QUICK,
            **self._keys(),
            **({"AIRFLOW__CORE__AUTH_MANAGER": FAB} if self.auth == "fab" else {}),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__API__BASE_URL": self.base_url,
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.base_url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
            # Nobody serves logs here, and what another Airflow of this machine serves is none of its business.
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            **self.env,
        }

    def _keys(self) -> dict[str, str]:
        """The keys and passwords of this home, made when it is new: its database cannot be read without them."""
        file = self.home / "keys.json"
        if not file.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            keys = {
                "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
                "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
                "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
            }
            passwords = {user: secrets.token_urlsafe(12) for user in USERS}
            for path, content in ((file, keys), (self.home / "passwords.json", passwords)):
                path.touch(0o600)
                path.write_text(json.dumps(content))
        return dict(json.loads(file.read_text()))
