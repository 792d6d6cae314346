"""That the ledger is away is told once, by whichever task finds it so first, and again only after it was back."""

from types import SimpleNamespace
from typing import Any

import pytest

from order_sync import ledger_away, notifiers
from order_sync.core.errors import LedgerUnavailable, Misconfigured
from order_sync.ledger_away import TOLD_BY, ledger_is_back, told_once


class Variables:
    """Airflow's variables, as much of them as is used here."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.down = False

    def get(self, key: str, default: Any) -> Any:
        self._answer()
        return self.kept.get(key, default)

    def set(self, key: str, value: str, description: str) -> None:
        self._answer()
        self.kept[key] = value

    def delete(self, key: str) -> None:
        self._answer()
        del self.kept[key]

    def keys(self, prefix: str) -> list[str]:
        self._answer()
        return [key for key in self.kept if key.startswith(prefix)]

    def _answer(self) -> None:
        if self.down:
            raise RuntimeError("Airflow does not answer")


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Variables:
    variables = Variables()
    monkeypatch.setattr(ledger_away, "Variable", variables)
    return variables


class Inbox(list[str]):
    """A way of telling people, which may be broken."""

    broken = False
    set_up = True

    def tell(self, context: Any) -> bool:
        if self.broken:
            raise OSError("no mail server")
        if self.set_up:
            self.append(context["ti"].task_id)
        return self.set_up


def failed(task: str, run: str = "run 1", error: Exception | None = None) -> Any:
    """What Airflow gives to the callbacks of a task that failed, by default for want of the ledger."""
    ti = SimpleNamespace(dag_id="sync_orders__shop", run_id=run, task_id=task, map_index=-1)
    return {"ti": ti, "exception": error or LedgerUnavailable("the ledger does not answer")}


def test_only_the_first_task_tells_that_the_ledger_is_away_over_each_way(variables: Variables) -> None:
    slack, mail = Inbox(), Inbox()
    ways = [told_once(slack.tell), told_once(mail.tell)]
    for task, run in (("extract", "run 1"), ("validate", "run 1"), ("extract", "run 2")):
        for way in ways:
            way(failed(task, run))
    assert (slack, mail) == (["extract"], ["extract"])


def test_after_the_ledger_was_back_it_is_told_again(variables: Variables) -> None:
    slack = Inbox()
    way = told_once(slack.tell)
    way(failed("extract"))
    ledger_is_back(failed("extract"))
    assert variables.kept == {}
    way(failed("push"))
    assert slack == ["extract", "push"]


def test_who_clears_the_task_that_told_is_told_again(variables: Variables) -> None:
    slack = Inbox()
    way = told_once(slack.tell)
    way(failed("extract"))
    way(failed("extract"))
    assert slack == ["extract", "extract"]


def test_every_other_error_is_told_by_each_task(variables: Variables) -> None:
    slack = Inbox()
    way = told_once(slack.tell)
    way(failed("extract"))
    way(failed("push", error=Misconfigured("the pool")))
    assert slack == ["extract", "push"]


def test_if_nobody_could_be_told_the_next_task_tells(variables: Variables) -> None:
    slack = Inbox()
    way = told_once(slack.tell)
    slack.broken = True
    with pytest.raises(OSError, match="no mail server"):
        way(failed("extract"))
    slack.broken = False
    way(failed("validate"))
    assert slack == ["validate"]


def test_a_way_that_is_not_set_up_does_not_silence_the_other(variables: Variables) -> None:
    slack, mail = Inbox(), Inbox()
    slack.set_up = False
    for way in (told_once(slack.tell), told_once(mail.tell)):
        way(failed("extract"))
    assert (slack, mail) == ([], ["extract"])


def test_one_way_that_is_broken_does_not_make_the_other_tell_twice(variables: Variables) -> None:
    slack, mail = Inbox(), Inbox()
    mail.broken = True
    told_once(slack.tell)(failed("extract"))
    with pytest.raises(OSError, match="no mail server"):
        told_once(mail.tell)(failed("extract"))
    told_once(slack.tell)(failed("validate"))
    assert slack == ["extract"]


def test_while_airflow_keeps_nothing_it_is_told_rather_twice_than_never(variables: Variables) -> None:
    variables.down = True
    slack = Inbox()
    way = told_once(slack.tell)
    way(failed("extract"))
    way(failed("validate"))
    assert slack == ["extract", "validate"]


def test_each_alert_is_told_once() -> None:
    assert [way.__name__ for way in notifiers.ALERTS] == ["alert_slack", "alert_mail"]
    assert all(hasattr(way, "__wrapped__") for way in notifiers.ALERTS)
    assert TOLD_BY.startswith("order_sync_")
