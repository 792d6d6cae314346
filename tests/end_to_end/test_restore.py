"""The ledger is lost and restored from a backup of before two orders were sent and two were decided about."""

import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.postgres import programs
from sandbox.sales import Sale
from sandbox.system import LEDGER
from tests.end_to_end.system import CHANNEL, DAG, GREEN, TILLS, System, key

HOLD, DECIDE, RESTORE = "hold_connection", "resync_orders", "restore_ledger"


@dataclass(frozen=True)
class Lost:
    """What was sent and what was decided before the loss, and what was seen after it."""

    sent: Sequence[Sale]
    ignored: Sale
    held: Sale
    numbers: list[tuple[str, str]]
    in_backup: Counter[str]
    log: str
    returned: dict[str, int]
    skipped: dict[str, str | None]
    while_held: Counter[str]
    numbers_again: list[tuple[str, str]]
    at_the_end: Counter[str]


def do(system: System, dag: str, **params: object) -> str:
    """Trigger a DAG of people and wait until it is done; returns the run."""
    system.api.pause(dag, paused=False)
    run = system.api.trigger(dag, params)
    assert system.api.wait_for_run(dag, run) == "success", system.api.states(dag, run)
    return run


def numbers(system: System, sales: Sequence[Sale]) -> list[tuple[str, str]]:
    """Key and ERP number of those that succeeded."""
    done = (
        "select order_key, erp_number from orders where order_key = any(%(keys)s) and status = 'succeeded' order by 1"
    )
    return [(each, number) for each, number in system.ledger(done, sales)]


def lose_the_ledger(system: System, dump: Path) -> None:
    """Replace the ledger's database by what the backup holds."""
    dsn = system.sandbox.orders.dsn(LEDGER)
    with system.refusing(LEDGER):
        system.sandbox.orders.drop_database(LEDGER)
        system.sandbox.orders.create_database(LEDGER)
    subprocess.run([programs() / "pg_restore", f"--dbname={dsn}", "--exit-on-error", dump], check=True)


@pytest.fixture(scope="module")
def lost(system: System, tmp_path_factory: pytest.TempPathFactory) -> Lost:
    """A backup, orders and decisions after it, the loss, and the way back."""
    api, dump = system.api, tmp_path_factory.mktemp("backup") / "ledger.dump"
    itself = {"conn_type": "http", "host": "127.0.0.1", "port": system.sandbox.airflow.port, "login": "admin"}
    secret = {"connection_id": "airflow_api", "password": system.sandbox.airflow.passwords["admin"]}
    api.call("POST", "/api/v2/connections", json={**itself, **secret})
    channel = {"connection": f"channel_{CHANNEL}"}
    system.wait_until_quiet()

    do(system, HOLD, **channel, action="hold", reason="so that people can decide")
    sent_one, ignored = system.sell(2)
    system.run()
    backup_at = datetime.now(UTC).isoformat()
    dsn = system.sandbox.orders.dsn(LEDGER)
    subprocess.run([programs() / "pg_dump", "--format=custom", f"--file={dump}", dsn], check=True)
    sent_two, held = system.sell(2)
    sent = [sent_one, sent_two]
    system.run()
    decisions = [
        {"order_keys": [key(ignored)], "action": "ignore", "reason": "a test of the shop"},
        {"order_keys": [key(held)], "action": "on_hold", "reason": "the customer calls back"},
    ]
    for params in decisions:
        do(system, DECIDE, **params)
    do(system, HOLD, **channel, action="release", reason="decided")
    system.run()
    system.wait_until_processed(sent)
    before = numbers(system, sent)

    api.pause(DAG, paused=True)
    system.wait_until_quiet()
    lose_the_ledger(system, dump)
    in_backup = system.statuses([*sent, ignored, held])
    restore = do(system, RESTORE, backup_at=backup_at, reason="the disk broke")
    log = str(api.call("GET", f"/api/v2/dags/{RESTORE}/dagRuns/{restore}/taskInstances/{RESTORE}/logs/1"))
    returned = api.returned(RESTORE, restore, RESTORE)
    with system.sandbox.connect(LEDGER) as connection:  # nobody who knew the lost ledger is at work here
        connection.execute("update order_sync.restores set looks_from = restored_at")
    api.pause(DAG, paused=False)
    skipped = api.states(DAG, system.run())
    while_held = system.statuses([*sent, ignored, held])
    again = numbers(system, sent)

    for params in decisions:
        do(system, DECIDE, **params)
    for each in (CHANNEL, TILLS.removeprefix("sync_orders__")):
        do(system, HOLD, connection=f"channel_{each}", action="release", reason="looked up and confirmed")
    system.run()
    end = system.statuses([*sent, ignored, held])
    with system.sandbox.connect(LEDGER) as connection:  # orders of later tests are none that the lost ledger knew
        connection.execute("update order_sync.restores set restored_at = restored_at - interval '30 days'")
    return Lost(sent, ignored, held, before, in_backup, log, returned, skipped, while_held, again, end)


def test_the_restored_ledger_knows_neither_what_was_sent_nor_what_was_decided(lost: Lost) -> None:
    assert lost.in_backup == {"queued": 2}


def test_the_task_lists_who_decided_what_and_how_to_confirm_it(system: System, lost: Lost) -> None:
    """What Airflow says of its own runs is where the list comes from."""
    assert lost.returned == {"held": 2, "to_look_up": lost.returned["to_look_up"], "decisions_to_confirm": 2} | {
        "runs_listed": 1
    }
    for sale, words in ((lost.ignored, "ignore by admin"), (lost.held, "on_hold by admin")):
        assert key(sale) in lost.log
        assert words in lost.log
    assert json.dumps({"order_keys": [key(lost.held)]})[1:-1] in lost.log.replace('\\"', '"')
    assert "release" in lost.log, "the hold that was released since is listed"


def test_people_are_told_once_that_decisions_wait_for_them(system: System, lost: Lost) -> None:
    told = [message["text"] for message in system.sandbox.inbox.slack if "order_ledger" in message["text"]]
    assert len(told) == 1
    assert "2 orders wait for a decision to be confirmed" in told[0]


def test_what_the_erp_has_is_confirmed_under_its_number_while_everything_is_on_hold(lost: Lost) -> None:
    assert lost.skipped == {**GREEN, "push": "skipped"}
    assert lost.while_held == {"succeeded": 2, "queued": 2}
    assert lost.numbers_again == lost.numbers
    assert len(lost.numbers) == 2


def test_after_the_release_the_erp_has_each_once_and_none_of_those_that_were_decided(
    system: System, lost: Lost
) -> None:
    assert lost.at_the_end == {"succeeded": 2, "ignored": 1, "on_hold": 1}
    system.wait_until_processed(lost.sent)
    assert system.in_erp([lost.ignored, lost.held]) == []
