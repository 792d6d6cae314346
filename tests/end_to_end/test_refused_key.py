"""When the ERP refuses our key, the run fails, after others that a person marked as failed; then it is mended."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.sales import Sale
from tests.end_to_end.system import DAG, GREEN, System

BEFORE = 4
"""Failed runs before it: more than this Airflow takes until it pauses a DAG that may be paused for them."""


@dataclass(frozen=True)
class Refusal:
    """What people saw: after the failure, and once the key was mended and the run's failed tasks were cleared."""

    run: str
    sales: Sequence[Sale]
    tasks: dict[str, str | None]
    newest_runs: Counter[str]
    paused: bool
    statuses: Counter[str]
    in_erp: int
    holds: list[tuple[str, str, str, str]]
    later: str
    tasks_later: dict[str, str | None]
    mails: list[Any]
    slack: list[str]
    log: str
    after_repair: str


@pytest.fixture(scope="module")
def refusal(system: System) -> Refusal:
    """Some failed runs, and one that fails by itself, which is when Airflow counts."""
    api, inbox = system.api, system.sandbox.inbox

    def fail() -> None:
        api.call("PATCH", f"/api/v2/dags/{DAG}/dagRuns/{api.trigger(DAG)}", json={"state": "failed"})

    def states_of_newest() -> Counter[str]:
        newest = {"order_by": "-id", "limit": BEFORE + 1}
        runs = api.call("GET", f"/api/v2/dags/{DAG}/dagRuns", params=newest)["dag_runs"]
        return Counter(each["state"] for each in runs)

    system.wait_until_quiet()
    api.pause(DAG, paused=True)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: fail(), range(BEFORE)))
    refused = system.proxy.answer(".", 401)
    sales = system.sell(3)
    api.pause(DAG, paused=False)
    run = system.run()
    assert refused.reached.is_set()
    api.wait_until(lambda: set(states_of_newest()) <= {"success", "failed"}, 60, lambda: str(states_of_newest()))
    seen: dict[str, Any] = {
        "tasks": api.states(DAG, run),
        "newest_runs": states_of_newest(),
        "paused": api.dags()[DAG],
        "statuses": system.statuses(sales),
        "in_erp": len(system.in_erp(sales)),
        "holds": system.holds(),
        "log": str(api.call("GET", f"/api/v2/dags/{DAG}/dagRuns/{run}/taskInstances/push/logs/1")),
    }
    api.wait_until(lambda: any(run in each["text"] for each in inbox.slack), 30, lambda: "no alert")
    later = system.run()
    seen |= {"later": later, "tasks_later": api.states(DAG, later)}
    system.proxy.behave()
    api.pause(DAG, paused=False)
    api.clear(DAG, run, only_failed=True)
    repaired = api.wait_for_run(DAG, run)
    mails = [mail for mail in inbox.mails if (body := mail.get_body()) and run in body.get_content()]
    slack = [message["text"] for message in inbox.slack if run in message["text"]]
    return Refusal(run, sales, **seen, mails=mails, slack=slack, after_repair=repaired)


def test_more_failed_runs_in_a_row_than_airflow_is_told_to_take_pause_nothing(refusal: Refusal) -> None:
    assert refusal.newest_runs == {"failed": BEFORE + 1}
    assert refusal.paused is False


def test_the_push_and_the_watcher_are_red_and_the_orders_stay_queued(refusal: Refusal) -> None:
    """Row: the ERP refuses the key"""
    assert refusal.tasks == {**GREEN, "push": "failed", "watcher": "failed"}
    assert refusal.statuses == {"queued": len(refusal.sales)}
    assert refusal.in_erp == 0


def test_the_erp_is_on_hold_and_the_next_run_skips_the_push_and_tells_nobody(system: System, refusal: Refusal) -> None:
    assert refusal.holds == [("erp_tryton", "access", "all", f"{DAG}/{refusal.run}/push for admin")]
    assert refusal.tasks_later == {**GREEN, "push": "skipped"}
    assert system.told(refusal.later, refusal.sales) == {"Slack": [], "mail": []}


def test_the_failed_task_is_told_once_by_slack_and_once_by_mail(refusal: Refusal) -> None:
    """R136"""
    assert [mail["Subject"] for mail in refusal.mails] == [f"{DAG}: task push failed"]
    assert len(refusal.slack) == 1
    assert "task push failed with NotAuthorised" in refusal.slack[0]


def test_neither_alert_nor_log_holds_a_key_or_a_word_of_an_order(system: System, refusal: Refusal) -> None:
    """R178"""
    texts = {"Slack": refusal.slack[0], "mail": refusal.mails[0].get_body().get_content(), "log": refusal.log}
    assert "NotAuthorised" in texts["log"]
    assert [
        (where, word) for where, text in texts.items() for word in system.private(refusal.sales) if word in text
    ] == []


def test_once_the_key_is_mended_the_cleared_run_sends_each_order_once(system: System, refusal: Refusal) -> None:
    """R105"""
    assert refusal.after_repair == "success"
    assert system.holds() == []
    system.wait_until_processed(refusal.sales)
