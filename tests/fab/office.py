"""An Airflow with people in it, each logged in with the roles that an administrator gave them."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from order_sync.core.decisions.rights import Role
from sandbox.airflow import Airflow
from sandbox.airflow_api import Api

ROLES: dict[str, Sequence[str]] = {
    "anna": [Role.ACTIONS],
    "sam": [Role.SUPPORT],
    "vera": [Role.VIEWER],
    "otto": [Role.AUDITOR],
    "both": [Role.ACTIONS, Role.SUPPORT],
    "stock_viewer": ["Viewer"],
    "stock_user": ["User"],
    "stock_op": ["Op"],
    "nobody": ["Public"],
}
"""The people, each with their roles; and there is `admin`, who made them."""


@dataclass
class Office:
    """The Airflow, whoever is logged in, and how it was before the roles were made.

    Attributes:
        before: the import errors that there were, by file.
        closed: the HTTP status that the administrator got for a trigger.
        made: what the command printed that makes the roles, each time.
    """

    airflow: Airflow
    ledger: str
    before: dict[str, str] = field(default_factory=dict)
    closed: int = 0
    made: Sequence[Future[str]] = ()
    people: dict[str, Api] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)

    def read_dags_again(self) -> None:
        """Let Airflow read every DAG file now, which it otherwise does when a file changes, or from time to time."""
        for file in self.airflow.dags.glob("*.py"):
            file.touch()

    def ask(self, who: str, method: str, path: str, body: Any = None) -> int:
        """The HTTP status that somebody's call gets."""
        return self.answer(who, method, path, body).status_code

    def answer(self, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """The answer that somebody's call gets."""
        return self.people[who].request(method, path, json=body)

    def trigger(self, who: str, dag: str) -> int:
        """The HTTP status that somebody gets who triggers a DAG without params."""
        return self.ask(who, "POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, "conf": {}})

    def clear(self, who: str, dag: str, run: str) -> int:
        """The HTTP status that somebody gets who clears the tasks of a run."""
        body = {"dry_run": False, "dag_run_id": run, "only_failed": False}
        return self.ask(who, "POST", f"/api/v2/dags/{dag}/clearTaskInstances", body)

    def dags(self) -> set[str]:
        """Every DAG there is."""
        return set(self.people["admin"].dags())

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """What the ledger answers."""
        with psycopg.connect(self.ledger) as connection:
            return connection.execute(query.encode()).fetchall()
