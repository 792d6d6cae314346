"""The operator with which a person holds a connection or releases it, over a real ledger."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from airflow.sdk import BaseOperator
from structlog.testing import capture_logs

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.ledger import Ledger
from order_sync.operators import HoldConnectionOperator
from sandbox.postgres import Cluster
from tests.support.context import context

Do = Callable[..., dict[str, int]]


@pytest.fixture
def ledger(cluster: Cluster, migrated: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger behind Airflow's connection."""
    cluster.create_database("ledger_of_holds", template=migrated)
    ledger = Ledger(lambda: psycopg.connect(cluster.dsn("ledger_of_holds")))
    connection = {"conn_type": "postgres", "host": "127.0.0.1", "port": cluster.port, "login": "postgres"}
    secret = {"password": cluster.password, "schema": "ledger_of_holds"}
    monkeypatch.setenv("AIRFLOW_CONN_ORDER_LEDGER", json.dumps({**connection, **secret}))
    with ledger:
        yield ledger
    cluster.drop_database("ledger_of_holds")


@pytest.fixture
def do(ledger: Ledger) -> Do:
    """Executes the operator as Airflow would for a run that ursula triggered."""

    def do(connection: str = "erp_tryton", action: str = "hold", reason: str = "stock-taking") -> dict[str, int]:
        operator: BaseOperator = HoldConnectionOperator(
            task_id="hold", connection=connection, action=action, reason=reason
        )
        counts: dict[str, int] = operator.execute(context("hold", "hold_connection", "manual", user="ursula"))
        return counts

    return do


def test_a_person_holds_a_connection_for_a_reason_and_releases_it(do: Do, ledger: Ledger) -> None:
    assert do() == {"held": 1}
    (hold,) = ledger.holds(["erp_tryton"])
    assert hold.reason == "stock-taking"
    assert hold.by.endswith("for ursula")
    assert do(action="release", reason="done") == {"released": 1}
    assert do(action="release", reason="done") == {"released": 0}
    assert ledger.holds(["erp_tryton"]) == []


def test_who_holds_what_is_on_hold_is_told_whose_hold_it_is_and_a_release_names_what_it_ends(
    do: Do, ledger: Ledger
) -> None:
    do()
    ledger.hold("erp_tryton", HoldKind.CONFIGURATION, HoldScope.SUBMIT, "refuses all", Actor("push"))
    with capture_logs() as logs:
        assert do(reason="a migration") == {"held": 0}
        assert do(action="release", reason="counted") == {"released": 2}
    said = [f"{line['event']} {line.get('positional_args', '')}" for line in logs]
    (already,) = [line for line in said if "no hold was set" in line]
    assert "erp_tryton (person): stock-taking (by hold_connection/manual/hold for ursula" in already
    ended = [line for line in said if "this ends" in line]
    assert ["stock-taking" in line for line in ended] == [True, False]
    assert ["refuses all" in line for line in ended] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"connection": "erp_trton"}, "connection is 'erp_trton': write erp_tryton or .*channel_dynamics_web"),
        ({"action": "stop"}, "action is 'stop': write hold or release"),
        ({"reason": " "}, "reason is missing"),
        ({"reason": "x" * 1001}, "reason has 1001 characters: write 1000 at most"),
    ],
)
def test_what_is_missing_or_unknown_is_one_sentence_and_holds_nothing(
    do: Do, ledger: Ledger, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(Misconfigured, match=says):
        do(**arguments)
    assert ledger.holds(["erp_tryton", "channel_dynamics_web"]) == []
