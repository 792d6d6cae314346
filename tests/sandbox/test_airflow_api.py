"""A wait ends when nothing changes any more, however long the whole takes; a job begins once, and not twice."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest

from sandbox.airflow_api import Api
from sandbox.processes import SandboxError


def test_a_wait_lasts_as_long_as_something_changes_and_then_says_how_it_stands() -> None:
    sent, polls = count(1), count(1)
    api = object.__new__(Api)
    api.wait_until(lambda: next(polls) > 4, 0, lambda: f"{next(sent)} sent")
    with pytest.raises(SandboxError, match="nothing changed for 0 s: 5 sent"):
        api.wait_until(lambda: False, 0, lambda: f"{min(next(sent), 5)} sent")


class Scheduled(Api):
    """An Airflow that begins the run of the last time when a DAG is switched on."""

    def __init__(self, *, paused: bool) -> None:
        self.paused, self.began = paused, list[str]()

    def dags(self) -> dict[str, bool]:
        return {"sync": self.paused}

    def pause(self, dag: str, paused: bool) -> None:
        self.began = ["of its last time"]

    def trigger(self, dag: str, params: Mapping[str, Any] | None = None) -> str:
        return "by hand"

    def runs(self, dag: str) -> list[dict[str, Any]]:
        return [{"dag_run_id": run} for run in self.began]


def test_a_dag_that_is_switched_on_needs_no_second_run_by_hand() -> None:
    assert Scheduled(paused=True).begin("sync") == "of its last time"


def test_a_dag_that_is_on_is_run_by_hand() -> None:
    assert Scheduled(paused=False).begin("sync") == "by hand"
