"""The operators that erase people's data, over a real ledger: what they refuse, and what they say and do not say."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk import BaseOperator

from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import Status
from order_sync.ledger import Ledger
from order_sync.operators import ErasePersonalDataOperator, ForgetTransactionsOperator
from sandbox.postgres import Cluster
from tests.ledger.steps import key, land
from tests.support.context import context

ACCOUNT = "C-1000042"
Execute = Callable[..., dict[str, int]]


@pytest.fixture
def ledger(cluster: Cluster, migrated: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger behind Airflow's connection, with two transactions of a customer that are no orders."""
    cluster.create_database("ledger_of_people", template=migrated)
    ledger = Ledger(lambda: psycopg.connect(cluster.dsn("ledger_of_people")))
    connection = {"conn_type": "postgres", "host": "127.0.0.1", "port": cluster.port, "login": "postgres"}
    secret = {"password": cluster.password, "schema": "ledger_of_people"}
    monkeypatch.setenv("AIRFLOW_CONN_ORDER_LEDGER", json.dumps({**connection, **secret}))
    with ledger:
        land(ledger, 1, 2, status=Status.NOT_AN_ORDER, customer_account=ACCOUNT)
        with psycopg.connect(cluster.dsn("ledger_of_people")) as sql:
            sql.execute("update order_sync.orders set channel = 'dynamics_web'")
        yield ledger
    cluster.drop_database("ledger_of_people")


def executed(operator: BaseOperator, run: str = "manual") -> dict[str, int]:
    """What the operator returns to Airflow for a run that ada triggered."""
    counts: dict[str, int] = operator.execute(context(operator.task_id, operator.task_id, run, user="ada"))
    return counts


@pytest.fixture
def erase(ledger: Ledger, tmp_path: Path) -> Execute:
    """Executes the operator as the DAG makes it."""

    def erase(**arguments: Any) -> dict[str, int]:
        given = {"channel": "dynamics_web", "reason": "request 7", "only_count": "False", "folder": str(tmp_path)}
        return executed(ErasePersonalDataOperator(task_id="erase", **{**given, **arguments}))

    return erase


def test_a_customer_is_erased_and_neither_log_nor_result_says_who(
    erase: Execute, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(customer_account=ACCOUNT, only_count="True") == {"to_erase": 2}
    assert erase(customer_account=f" {ACCOUNT} ") == {"erased": 2}
    assert erase(customer_account=ACCOUNT) == {"erased_before": 2}
    logged = "".join(capsys.readouterr())
    assert str(key(1)) in logged
    assert ACCOUNT not in logged
    assert ledger.erased_by("erase/manual") == 2


def test_orders_of_guests_are_erased_by_their_keys(erase: Execute) -> None:
    assert erase(order_keys=f"{key(1)}\n {key(1)} ") == {"erased": 1}


def test_without_a_word_it_only_counts(ledger: Ledger) -> None:
    operator = ErasePersonalDataOperator(
        task_id="erase", channel="dynamics_web", customer_account=ACCOUNT, reason="request 7"
    )
    assert executed(operator) == {"to_erase": 2}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "give either customer_account or order_keys"),
        ({"customer_account": ACCOUNT, "order_keys": "shop:1"}, "give either customer_account or order_keys"),
        ({"customer_account": "GUEST-WEB"}, "customer_account is the account of all guests: give the keys"),
        ({"customer_account": ACCOUNT, "channel": "shop"}, "channel is 'shop': write dynamics_web or dynamics_store"),
        ({"customer_account": ACCOUNT, "reason": " "}, "reason is missing: write why, without names"),
        ({"customer_account": ACCOUNT, "reason": "x" * 1001}, "reason has 1001 characters: write 1000 at most"),
        ({"customer_account": ACCOUNT, "only_count": "maybe"}, "dry_run is 'maybe': write true or false"),
        ({"customer_account": ACCOUNT, "folder": "reports"}, "the reports' folder is 'reports': set an absolute path"),
        ({"order_keys": f"{key(1)} Ada"}, "order_keys: number 2 is not an order key"),
    ],
)
def test_what_cannot_be_is_one_sentence_that_repeats_nobody_and_erases_nothing(
    erase: Execute, ledger: Ledger, arguments: dict[str, str], says: str
) -> None:
    with pytest.raises(Misconfigured, match=says) as caught:
        erase(**arguments)
    assert ACCOUNT not in str(caught.value)
    assert "Ada" not in str(caught.value)
    assert ledger.erased_by("erase/manual") == 0


def test_everything_that_is_wrong_is_said_at_once(erase: Execute) -> None:
    with pytest.raises(Misconfigured) as caught:
        erase(order_keys="x y", reason="", folder="reports")
    assert str(caught.value).count("; ") == 3, "two keys, the reason and the folder"


def test_what_is_kept_for_long_enough_is_forgotten(
    ledger: Ledger, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(**arguments: Any) -> dict[str, int]:
        return executed(ForgetTransactionsOperator(task_id="forget", **{"folder": str(tmp_path), **arguments}))

    assert forget() == {}
    later = ledger.now() + timedelta(days=401)
    monkeypatch.setattr(Ledger, "now", lambda self: later)
    with pytest.raises(Misconfigured, match="the reports' folder is 'reports': set an absolute path"):
        forget(folder="reports")
    assert forget(folder="") == {"forgotten": 2}
    assert forget() == {}
