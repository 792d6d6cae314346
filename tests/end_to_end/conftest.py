"""One sandbox for all of these tests: every real part, and a proxy between Airflow and the ERP.

Each order goes to the ERP by itself, so that a test may stop it between its calls.

Its main jobs have run once on some of the sample orders, so that each test finds a channel with nothing to do and sells
its own. The tills' job is paused then, and no run begins but those that a test triggers.
"""

import csv
import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox import CHECKOUT, scratch
from sandbox.postgres import Cluster
from sandbox.system import CLUSTERS, Sandbox
from tests.end_to_end.samples import chosen
from tests.end_to_end.system import DAG, REPORT, TILLS, System
from tests.support.proxy import Proxy

WINDOW = timedelta(minutes=30)
LEASE = timedelta(minutes=4)
SETTINGS = {
    "ORDER_SYNC_EARLY_LOOKS": ",".join(f"{seconds}s" for seconds in (1, *range(5, 600, 5))),
    "ORDER_SYNC_HTTP_CONNECT_TIMEOUT": "5s",
    "ORDER_SYNC_HTTP_READ_TIMEOUT": "12s",
    "ORDER_SYNC_LATE_COMMIT_GRACE": "12s",
    "ORDER_SYNC_CLAIM_LEASE": f"{LEASE.seconds}s",
    "ORDER_SYNC_CLAIM_SIZE": "20",
    "ORDER_SYNC_PUSH_TURN": "30m",
    "ORDER_SYNC_SUBMIT_CONCURRENCY": "3",
    "ORDER_SYNC_REFERENCE_MAX_AGE": "1h",
    "ORDER_SYNC_RETRY_DELAY": "3s",
    "ORDER_SYNC_QUEUED_STUCK_AFTER": "1s",
    "ORDER_SYNC_REPORT_AT": f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}",
    # Where an installation pauses DAGs that keep failing, these must go on all the same.
    "AIRFLOW__CORE__MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG": "3",
    # Every run is a test's own: one that the schedule begins would do a test's work before it looks.
    "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
    "AIRFLOW__CORE__EXECUTOR": "tests.support.executor.LocalExecutor",
    "PYTHONPATH": str(CHECKOUT),
}
"""The window is the default; looks are frequent, so that a run ends soon after there is nothing left to wait for; the
first push sends all sample orders, also on a slow machine."""


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where everything lives; once all is stopped, also by a SIGTERM, nobody may live there any more."""
    with scratch() as folder:
        yield folder
        assert _processes_in(folder) == []


@dataclass(frozen=True)
class MainJob:
    """The first run of the web shop's DAG, its id and state; the tills' run; the report that was built after both."""

    run: str
    state: str
    tills: str
    report: list[list[str]]


@pytest.fixture(scope="session")
def _begun(folder: Path) -> Iterator[tuple[System, MainJob]]:
    with ExitStack() as stack:
        for cluster in CLUSTERS:
            stack.callback(Cluster(folder / cluster).remove)

        def through_proxy(connection: dict[str, Any]) -> dict[str, Any]:
            proxies.append(stack.enter_context(Proxy(f"http://127.0.0.1:{connection['port']}")))
            one_by_one = {"login": "", "extra": {"database": connection["extra"]["database"]}}
            return {**connection, **one_by_one, "port": proxies[0].port}

        proxies: list[Proxy] = []
        sandbox = stack.enter_context(Sandbox(folder, SETTINGS, erp_connection=through_proxy, sales=chosen))
        system = System(sandbox, proxies[0])
        yield system, _main_job(system)


def _main_job(system: System) -> MainJob:
    api = system.api
    api.wait_until(lambda: {DAG, TILLS, REPORT} <= set(api.dags()), 120, lambda: str(api.import_errors()))
    for dag in (DAG, TILLS):
        api.pause(dag, paused=False)
    run, tills = api.trigger(DAG), api.trigger(TILLS)
    system.wait_for_task(run, "push", "success")
    system.wait_for_task(tills, "push", "success", dag=TILLS)
    confirmed, errors = [["state", "=", "confirmed"]], system.sandbox.tryton.rpc
    api.wait_until(
        lambda: len(system.erp(confirmed)) == errors("ir.error.search_count", []) == 1,
        120,
        lambda: f"{len(system.erp(confirmed))} sales that the worker has not processed",
    )
    system.let_pass(WINDOW)
    api.wait_for_run(TILLS, tills)
    api.pause(TILLS, paused=True)
    state = api.wait_for_run(DAG, run)
    api.pause(REPORT, paused=False)
    api.wait_for_run(REPORT, api.trigger(REPORT))
    # A DAG that is switched on makes up for its last time, which may have been yesterday's, of another business day.
    file = max(system.sandbox.reports.glob("*.csv"))
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return MainJob(run, state, tills, list(csv.reader(lines)))


@pytest.fixture(scope="session")
def main_job(_begun: tuple[System, MainJob]) -> MainJob:
    """The runs over the sample orders."""
    return _begun[1]


@pytest.fixture(scope="session")
def system(_begun: tuple[System, MainJob]) -> System:
    """The pipeline."""
    return _begun[0]


@pytest.fixture(autouse=True)
def _the_network_behaves(system: System) -> Iterator[None]:
    yield
    system.proxy.behave()


def _processes_in(folder: Path) -> list[psutil.Process]:
    """Live processes that were started in this folder or with something of it, whatever they call themselves now."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and any(str(folder) in word for word in (process.cwd(), *process.cmdline())):
                found.append(process)
    return found
