"""Airflow's REST interface, as much of it as a test or `make run` needs: what a person would do in the browser."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from sandbox.processes import SandboxError

FINAL = ("success", "failed")


class Api:
    """A logged-in user of an Airflow. Every call fails with SandboxError and Airflow's answer if it is refused."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """Log in; `url` is the server's, without a slash at its end."""
        self._http = httpx.Client(base_url=url, timeout=180)
        token = self.call("POST", "/auth/token", json={"username": user, "password": password})["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Any call; returns its JSON."""
        answer = self.request(method, path, **options)
        if answer.is_error:
            raise SandboxError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any call; returns its answer, whatever it is."""
        return self._http.request(method, path, **options)

    def dags(self) -> dict[str, bool]:
        """The DAGs that Airflow knows so far, and whether each is paused."""
        return {dag["dag_id"]: dag["is_paused"] for dag in self.call("GET", "/api/v2/dags")["dags"]}

    def import_errors(self) -> dict[str, str]:
        """The stack trace of each DAG file that could not be read."""
        errors = self.call("GET", "/api/v2/importErrors")["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in errors}

    def pause(self, dag: str, paused: bool) -> None:
        """Pause a DAG, or set it going."""
        self.call("PATCH", f"/api/v2/dags/{dag}", json={"is_paused": paused})

    def trigger(self, dag: str, params: Mapping[str, Any] | None = None) -> str:
        """Start a run by hand, with the given params; returns its id."""
        body = {"logical_date": None, "conf": dict(params or {})}
        return str(self.call("POST", f"/api/v2/dags/{dag}/dagRuns", json=body)["dag_run_id"])

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """The runs of a DAG, the newest first."""
        return list(self.call("GET", f"/api/v2/dags/{dag}/dagRuns", params={"order_by": "-id"})["dag_runs"])

    def run_state(self, dag: str, run: str) -> str:
        """The state of a run."""
        return str(self.call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"])

    def wait_for_run(self, dag: str, run: str, seconds: float = 120) -> str:
        """Wait until a run has ended; returns its state."""
        self.wait_until(lambda: self.run_state(dag, run) in FINAL, seconds, lambda: f"{dag}: {self.states(dag, run)}")
        return self.run_state(dag, run)

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        return list(self.call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"])

    def states(self, dag: str, run: str) -> dict[str, str | None]:
        """The state of each task of a run; None for one that was not reached yet."""
        return {task["task_id"]: task["state"] for task in self.tasks(dag, run)}

    def clear(
        self,
        dag: str,
        run: str,
        tasks: Sequence[str | tuple[str, int]] = (),
        *,
        only_failed: bool = False,
        downstream: bool = True,
        upstream: bool = False,
        spare_running: bool = False,
    ) -> None:
        """Clear tasks of a run, all or the failed ones, as the browser does; of a mapped task all instances, or one.

        `spare_running` is the browser's "prevent rerun if task is running": it then refuses all if one is.
        """
        body = {
            "dry_run": False,
            "dag_run_id": run,
            "only_failed": only_failed,
            "reset_dag_runs": True,
            "include_downstream": downstream,
            "include_upstream": upstream,
            "prevent_running_task": spare_running,
            **({"task_ids": list(tasks)} if tasks else {}),
        }
        self.call("POST", f"/api/v2/dags/{dag}/clearTaskInstances", json=body)

    def log(self, dag: str, run: str, task: str, attempt: int = 1) -> str:
        """What a task logged in one of its tries, as lines of text."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}"
        lines = self.call("GET", path, params={"full_content": True})["content"]
        return "\n".join(str(line["event"]) if isinstance(line, dict) else str(line) for line in lines)

    def returned(self, dag: str, run: str, task: str) -> Any:
        """What a task returned."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/return_value"
        return self.call("GET", path, params={"deserialize": True})["value"]

    def make_pools(self, settings: Path) -> None:
        """Make the pools of an `airflow_settings.yaml`, or give them its sizes, as Astro's command line does."""
        for pool in yaml.safe_load(settings.read_text())["airflow"].get("pools") or []:
            self.make_pool(pool["pool_name"], pool["pool_slot"], pool.get("pool_description", ""))

    def make_pool(self, name: str, slots: int, description: str = "") -> None:
        """Make a pool, or give it its size."""
        body = {"name": name, "slots": slots, "include_deferred": False, "description": description}
        existing = {each["name"] for each in self.call("GET", "/api/v2/pools")["pools"]}
        if name in existing:
            self.call("PATCH", f"/api/v2/pools/{name}", json=body)
        else:
            self.call("POST", "/api/v2/pools", json=body)

    def working(self) -> set[str]:
        """The names of the tasks that are at work, about to be, or waiting for their time, in any run."""
        states = ["running", "queued", "deferred", "up_for_retry"]
        found = self.call("GET", "/api/v2/dags/~/dagRuns/~/taskInstances", params={"state": states})
        return {task["task_id"] for task in found["task_instances"]}

    def begin(self, dag: str) -> str:
        """Switch a DAG on, which begins the run of its last time; returns that one, or one by hand if it is on."""
        if not self.dags()[dag]:
            return self.trigger(dag)
        self.pause(dag, paused=False)
        self.wait_until(lambda: self.runs(dag), 60, lambda: f"{dag} has no run")
        return str(self.runs(dag)[-1]["dag_run_id"])

    def wait_until(self, ready: Callable[[], Any], seconds: float, what: Callable[[], str]) -> None:
        """Wait until `ready` says so; SandboxError if `what` there is instead stays the same for so many seconds."""
        seen, deadline = "", 0.0
        while not ready():
            if time.monotonic() > deadline:
                before, seen = seen, what()
                if deadline and seen == before:
                    raise SandboxError(f"nothing changed for {seconds:.0f} s: {seen}")
                deadline = time.monotonic() + seconds
            time.sleep(0.5)
