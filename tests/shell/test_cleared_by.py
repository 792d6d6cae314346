"""Who cleared a task, by what Airflow's event log holds."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from order_sync import hooks
from order_sync.core.errors import NotAuthorised
from order_sync.operators.base import actor
from tests.support.context import context

RUN = "scheduled__2026-03-02"


@dataclass
class Log:
    """Airflow's event log, as its REST interface gives it out."""

    rows_: list[dict[str, Any]] = field(default_factory=list)
    trouble: Exception | None = None

    def add(self, event: str, owner: str = "airflow", run: str | None = RUN, **extra: Any) -> None:
        """Add what happened next."""
        row = {"event_log_id": len(self.rows_), "event": event, "owner": owner, "run_id": run}
        self.rows_.append({**row, "task_id": "push" if event == "running" else None, "extra": json.dumps(extra)})

    def clear(self, owner: str, *tasks: Any, run: str | None = RUN, **extra: Any) -> None:
        """Add a clear of tasks, as the browser asks for it."""
        self.add("post_clear_task_instances", owner, run, **({"task_ids": tasks} if tasks else {}), **extra)

    def rows(self, path: str, name: str, **asked: Any) -> list[dict[str, Any]]:
        """What the log answers."""
        assert (path, name, asked["dag_id"]) == ("eventLogs", "event_logs", "sync_orders__shop")
        if self.trouble:
            raise self.trouble
        if "event" in asked:
            return [row for row in self.rows_ if row["event"] == asked["event"] and row["run_id"] == asked["run_id"]]
        return [row for row in self.rows_ if row["event"] in asked["included_events"]]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """The log, in which the task ran once."""
    log = Log()
    monkeypatch.setattr(hooks, "airflow", lambda: log)
    log.add("running")
    return log


def why(tries_allowed: int = 4) -> str:
    """What the audit history holds as the reason of a task that may be tried three times by itself."""
    by = actor(context(run_id=RUN, max_tries=tries_allowed, try_number=2), "stock-taking")
    assert by.by == f"sync_orders__shop/{RUN}/push", "a task that is cleared acts as the same one"
    return by.reason


def test_a_task_that_airflow_tries_again_by_itself_was_cleared_by_nobody(log: Log) -> None:
    log.clear("sam", "push")
    assert why(tries_allowed=3) == "stock-taking"


def test_the_history_names_who_cleared_a_task(log: Log) -> None:
    """R144, R145"""
    log.clear("sam", "push")
    log.add("running")
    assert why() == "stock-taking; cleared by sam"


@pytest.mark.parametrize(
    "clear",
    [
        lambda log: log.clear("sam", "validate", include_downstream=True),
        lambda log: log.clear("sam", ["push", 3]),
        lambda log: log.clear("sam", only_failed=True),
        lambda log: log.clear("sam", "push", run="an older one", include_future=True),
        lambda log: log.clear("sam", run=None, start_date="2026-03-01"),
        lambda log: log.add("clear_dag_run", "sam"),
        lambda log: log.add("clear_dag_runs", "sam", None, dag_runs=[{"dag_run_id": "x"}, {"dag_run_id": RUN}]),
        lambda log: log.add("cli_task_clear", "sam", None, full_command="airflow tasks clear"),
    ],
    ids=["downstream", "one mapped", "the run's tasks", "the future", "by days", "the run", "runs", "command line"],
)
def test_whatever_way_airflow_offers_to_clear_is_found(clear: Callable[[Log], None], log: Log) -> None:
    clear(log)
    assert why() == "stock-taking; cleared by sam"


@pytest.mark.parametrize(
    "clear",
    [
        lambda log: log.clear("sam", "reconcile"),
        lambda log: log.clear("sam", "push", run="another"),
        lambda log: log.add("clear_dag_runs", "sam", None, dag_runs=[{"dag_run_id": "another"}]),
    ],
    ids=["another task", "another run", "other runs"],
)
def test_a_clear_of_something_else_is_not_this_tasks(clear: Callable[[Log], None], log: Log) -> None:
    clear(log)
    assert why() == "stock-taking; cleared by unknown"


def test_the_last_clear_counts_also_when_airflow_tried_again_after_it(log: Log) -> None:
    log.clear("anna", "push")
    log.add("running")
    log.clear("sam", "push")
    log.add("running")
    log.add("running")
    assert why() == "stock-taking; cleared by sam"


def test_all_who_asked_between_two_tries_are_named_since_a_refused_one_is_logged_too(log: Log) -> None:
    log.clear("sam", "push")
    log.clear("vera", "push")
    log.clear("sam", "push")
    assert why() == "stock-taking; cleared by sam or vera"


@pytest.mark.parametrize("trouble", [NotAuthorised("the key is not accepted"), KeyError("event_log_id")])
def test_trouble_with_the_log_stops_no_task_and_is_one_line(trouble: Exception, log: Log) -> None:
    log.trouble = trouble
    with capture_logs() as logged:
        assert why() == "stock-taking; cleared by unknown"
    assert len(logged) == 1
    assert type(trouble).__name__ in str(logged[0])


def test_without_the_connection_it_was_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "airflow", lambda: None)
    with capture_logs() as logged:
        assert why() == "stock-taking; cleared by unknown"
    assert len(logged) == 1
    assert "airflow_api" in str(logged[0])
