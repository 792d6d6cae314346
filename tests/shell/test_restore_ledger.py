"""The operator with which a person says that the ledger was restored, over a real ledger."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from airflow.sdk import BaseOperator
from structlog.testing import capture_logs

from order_sync.core.errors import Misconfigured
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.ledger import Ledger
from order_sync.operators import RestoreLedgerOperator
from sandbox.postgres import Cluster
from tests.fixtures import owners_page
from tests.support.context import context

Do = Callable[..., dict[str, int]]
CHANNELS = [spec.connection for spec in owners_page.CHANNELS]


@pytest.fixture
def ledger(cluster: Cluster, migrated: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger behind Airflow's connection."""
    cluster.create_database("restored_ledger", template=migrated)
    ledger = Ledger(lambda: psycopg.connect(cluster.dsn("restored_ledger")))
    connection = {"conn_type": "postgres", "host": "127.0.0.1", "port": cluster.port, "login": "postgres"}
    secret = {"password": cluster.password, "schema": "restored_ledger"}
    monkeypatch.setenv("AIRFLOW_CONN_ORDER_LEDGER", json.dumps({**connection, **secret}))
    with ledger:
        yield ledger
    cluster.drop_database("restored_ledger")


@pytest.fixture
def do(ledger: Ledger) -> Do:
    """Executes the operator as Airflow would for a run that rita triggered."""

    def do(backup_at: str | None = None, reason: str = "the disk broke") -> dict[str, int]:
        yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        operator: BaseOperator = RestoreLedgerOperator(
            task_id="restore_ledger", backup_at=yesterday if backup_at is None else backup_at, reason=reason
        )
        counts: dict[str, int] = operator.execute(context("restore_ledger", "restore_ledger", "manual", user="rita"))
        return counts

    return do


def test_every_channel_of_the_registry_is_held_and_the_log_says_what_to_do(do: Do, ledger: Ledger) -> None:
    with capture_logs() as logs:
        assert do() == {"held": len(CHANNELS)}
    holds = ledger.holds(CHANNELS)
    assert {hold.connection for hold in holds} == set(CHANNELS)
    assert {(hold.kind, hold.scope) for hold in holds} == {(HoldKind.RESTORE, HoldScope.SUBMIT)}
    assert all(hold.by.endswith("for rita") and "(the disk broke)" in hold.reason for hold in holds)
    said = "\n".join(str(line.get("positional_args", line)) for line in logs)
    for words in ("HELD: channel_dynamics_web", "DECISIONS OF PEOPLE ARE NOT KNOWN", "WHAT TO DO NOW"):
        assert words in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"backup_at": "yesterday"}, "backup_at is 'yesterday': write an instant such as 2026-03-02T01:30"),
        ({"backup_at": "2026-03-02T01:30:00"}, "backup_at is '2026-03-02T01:30:00': write an instant"),
        ({"backup_at": "2999-01-01T00:00:00Z"}, "backup_at is 2999-01-01 00:00 UTC, but it is"),
        ({"backup_at": "", "reason": " "}, "backup_at is missing: .*; reason is missing: write why"),
        ({"reason": "x" * 1001}, "reason has 1001 characters: write 1000 at most"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_holds_nothing(
    do: Do, ledger: Ledger, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(Misconfigured, match=says):
        do(**arguments)
    assert ledger.holds(CHANNELS) == []
