"""Rows of the README's table of troubles: what every task and the run show, who is told, what the ledger holds, what
goes on meanwhile, what a clear does, and how it ends."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from sandbox.airflow_api import Api
from sandbox.catalogue import CUSTOMERS
from sandbox.sales import Sale
from sandbox.system import LEDGER, SHOP
from tests.end_to_end.conftest import WINDOW
from tests.end_to_end.system import CHANNEL, DAG, GREEN, STEPS, System

CHANNEL_HOLD = f"channel_{CHANNEL}"
ERP_HOLD = "erp_tryton"
NOTHING: dict[str, list[str]] = {"Slack": [], "mail": []}
HOLDING = "hold_connection"
RETRIES = 3
EVERYTHING = (
    "select (select md5(string_agg(t::text, '' order by t::text)) from orders t), (select count(*) from attempts),"
    " (select count(*) from order_history), (select count(*) from holds),"
    " (select md5(string_agg(t::text, '' order by t::text)) from watermarks t)"
)


@pytest.mark.full
def test_a_channel_that_is_down_turns_one_extract_red_and_what_the_ledger_has_is_sent(system: System) -> None:
    """Row: channel down"""
    system.wait_until_quiet()
    known = queued(system, 2)
    fresh = system.sell(2)
    api = system.api
    with system.refusing(SHOP):
        red = api.trigger(DAG)
        system.wait_for_task(red, "extract", "up_for_retry")
        later = api.trigger(DAG)
        assert api.wait_for_run(DAG, later) == "success"
        assert api.states(DAG, later) == {**GREEN, "extract": "skipped"}
        assert "on hold: channel_dynamics_web (outage)" in api.log(DAG, later, "extract")
        assert api.wait_for_run(DAG, red) == "failed"
        assert api.states(DAG, red) == {**GREEN, "extract": "failed", "watcher": "failed"}
        assert tries(system, red)["extract"] == 1 + RETRIES
        assert system.holds() == [(CHANNEL_HOLD, "outage", "all", f"{DAG}/{red}/extract for admin")]
        assert system.statuses(known) == {"succeeded": 2}
        assert system.statuses(fresh) == {}
        wait_until_told(system, red, ("extract", "Transient"), sales=[*known, *fresh])
        assert system.told(later, known) == NOTHING

        api.clear(DAG, red, ["extract"])
        system.wait_for_task(red, "extract", "up_for_retry")
    assert api.wait_for_run(DAG, red) == "success"
    assert api.states(DAG, red) == GREEN
    assert system.holds() == []
    system.wait_until_processed([*known, *fresh])
    assert system.statuses([*known, *fresh]) == {"succeeded": 4}


@pytest.mark.full
def test_an_erp_that_is_down_turns_one_push_red_and_windows_end_and_the_queue_drains_by_itself(system: System) -> None:
    """Row: ERP down, in maintenance, or rate-limiting"""
    system.wait_until_quiet()
    api, tryton = system.api, system.sandbox.tryton
    tryton.pause_worker()
    try:
        early = system.sell(2)
        before = api.trigger(DAG)
        system.wait_for_task(before, "reconcile", "deferred")
        api.call("PATCH", f"/api/v2/dags/{DAG}/dagRuns/{before}", json={"state": "success"})
        system.let_pass(WINDOW)

        late = system.sell(2)
        system.proxy.drop(".")
        red = api.trigger(DAG)
        system.wait_for_task(red, "push", "up_for_retry")
        later = api.trigger(DAG)
        assert api.wait_for_run(DAG, later) == "success"
        assert api.states(DAG, later) == {**GREEN, "push": "skipped"}
        assert "on hold: erp_tryton (outage)" in api.log(DAG, later, "push")
        assert api.wait_for_run(DAG, red) == "failed"
        assert api.states(DAG, red) == {**GREEN, "push": "failed", "watcher": "failed"}
        assert tries(system, red)["push"] == 1 + RETRIES
        assert system.holds() == [(ERP_HOLD, "outage", "all", f"{DAG}/{red}/push for admin")]
        assert system.statuses(early) == {"pending_verification": 2}
        assert system.statuses(late) == {"queued": 2}
        wait_until_told(system, red, ("push", "Transient"), sales=[*early, *late])
        assert system.told(later, late) == NOTHING

        maintenance = system.proxy.answer(".", 503)
        api.clear(DAG, red, ["push"])
        system.wait_for_task(red, "push", "up_for_retry")
        assert maintenance.reached.is_set()
    finally:
        system.proxy.behave()
        tryton.resume_worker()
    assert api.wait_for_run(DAG, red) == "success"
    assert api.states(DAG, red) == GREEN
    assert system.holds() == []
    system.wait_until_processed([*early, *late])
    system.let_pass(timedelta(hours=1))
    system.run()
    assert system.statuses([*early, *late]) == {"succeeded": 4}


def test_an_erp_that_refuses_every_order_for_one_reason_gets_one_in_each_run_until_it_takes_it(system: System) -> None:
    """Row: the ERP refuses five orders in a row with one code that may be a matter of its set-up

    An administrator of Tryton has deactivated a tax.
    """
    system.wait_until_quiet()
    api, rpc = system.api, system.sandbox.tryton.rpc
    taxes = rpc("account.tax.search", [["name", "=", CUSTOMERS[0].tax]])
    sales = system.sell(7)
    rpc("account.tax.write", taxes, {"active": False})
    try:
        red = api.trigger(DAG)
        assert api.wait_for_run(DAG, red) == "failed"
        assert api.states(DAG, red) == {**GREEN, "push": "failed", "watcher": "failed"}
        assert tries(system, red)["push"] == 1
        assert system.holds() == [(ERP_HOLD, "configuration", "submit", f"{DAG}/{red}/push for admin")]
        assert system.statuses(sales) == {"queued": 7}
        wait_until_told(system, red, ("push", "RefusesEverything"), sales=sales)

        later = api.trigger(DAG)
        api.clear(DAG, red, ["push"])
        for run in (later, red):
            assert api.wait_for_run(DAG, run) == "success"
            assert api.states(DAG, run) == {**GREEN, "push": "skipped"}
        assert "TAX_MAPPING" in api.log(DAG, later, "push")
        assert system.statuses(sales) == {"queued": 7}
        assert system.ledger(REFUSED, sales) == [(7 + 2,)], "each of the two tried one order"
        assert system.told(later, sales) == NOTHING
    finally:
        rpc("account.tax.write", taxes, {"active": True})
    assert system.in_erp(sales) == []
    assert api.states(DAG, system.run()) == GREEN
    assert system.holds() == []
    system.wait_until_processed(sales)
    assert system.statuses(sales) == {"succeeded": 7}


def test_a_persons_hold_stops_sending_and_nothing_else_until_somebody_releases_it(system: System) -> None:
    """Row: a person's hold (`hold_connection`)"""
    system.wait_until_quiet()
    airflow = system.sandbox.airflow
    system.api.pause(HOLDING, paused=False)
    ursula = Api(airflow.base_url, "ursula", airflow.passwords["ursula"])

    def change(action: str, reason: str) -> str:
        run = ursula.trigger(HOLDING, {"connection": ERP_HOLD, "action": action, "reason": reason})
        assert ursula.wait_for_run(HOLDING, run) == "success"
        return f"{HOLDING}/{run}/{HOLDING} for ursula"

    held_by = change("hold", "stocktaking")
    assert system.holds() == [(ERP_HOLD, "person", "submit", held_by)]
    sales = system.sell(2)
    run = system.run()
    assert system.api.run_state(DAG, run) == "success"
    assert system.api.states(DAG, run) == {**GREEN, "push": "skipped"}
    assert "on hold: erp_tryton (person)" in system.api.log(DAG, run, "push")
    assert "stocktaking" in system.api.log(DAG, run, "push")
    assert system.statuses(sales) == {"queued": 2}
    assert system.told(run, sales) == NOTHING

    system.api.clear(DAG, run, ["push"])
    assert system.api.wait_for_run(DAG, run) == "success"
    assert system.api.states(DAG, run) == {**GREEN, "push": "skipped"}
    assert system.in_erp(sales) == []

    released_by = change("release", "counted")
    assert system.ledger("select reason, released_by, release_reason from holds order by id desc limit 1") == [
        ("stocktaking", released_by, "counted")
    ]
    system.api.clear(DAG, run, ["push"])
    assert system.api.wait_for_run(DAG, run) == "success"
    assert system.api.states(DAG, run) == GREEN
    system.wait_until_processed(sales)
    assert system.statuses(sales) == {"succeeded": 2}


@pytest.mark.full
def test_without_the_ledger_every_task_is_red_after_one_retry_and_nothing_is_changed_anywhere(system: System) -> None:
    """Row: ledger down

    People are told once. A ledger that is back before the retry is nobody's trouble.
    """
    system.wait_until_quiet()
    api = system.api
    sales = system.sell(2)
    before, calls = system.ledger(EVERYTHING), len(system.proxy.requests)
    with system.refusing(LEDGER):
        run = api.trigger(DAG)
        assert api.wait_for_run(DAG, run) == "failed"
    assert api.states(DAG, run) == dict.fromkeys(GREEN, "failed")
    assert tries(system, run) == {**dict.fromkeys(STEPS, 2), "watcher": 1}
    for step in STEPS:
        log = f"/api/v2/dags/{DAG}/dagRuns/{run}/taskInstances/{step}/logs/2"
        said = str(api.call("GET", log, params={"full_content": True}))
        assert "the ledger (connection order_ledger) does not answer" in said
    wait_until_told(system, run, ("extract", "LedgerUnavailable"), sales=sales)
    assert system.ledger(EVERYTHING) == before
    assert len(system.proxy.requests) == calls, "the ERP was not even asked"

    with system.refusing(LEDGER):
        api.clear(DAG, run)
        system.wait_for_task(run, "extract", "up_for_retry")
    assert api.wait_for_run(DAG, run) == "success"
    assert api.states(DAG, run) == GREEN
    system.wait_until_processed(sales)
    assert system.statuses(sales) == {"succeeded": 2}
    wait_until_told(system, run, ("extract", "LedgerUnavailable"), sales=sales)


REFUSED = (
    "select count(*) from attempts join orders on id = order_id where outcome = 'refused' and order_key = any(%(keys)s)"
)


def queued(system: System, number: int) -> Sequence[Sale]:
    """So many orders that the ledger has and the ERP has not: sending was on hold, and is no more."""
    sales = system.sell(number)
    with system.sandbox.connect(LEDGER) as connection:
        connection.execute(
            "insert into order_sync.holds (connection, kind, scope, reason, held_by)"
            " values (%s, 'person', 'submit', 'a test', 'test')",
            [ERP_HOLD],
        )
    system.run()
    with system.sandbox.connect(LEDGER) as connection:
        connection.execute("update order_sync.holds set released_at = now() where held_by = 'test'")
    assert system.statuses(sales) == {"queued": number}
    return sales


def tries(system: System, run: str) -> dict[str, int]:
    """How often each task of a run was tried."""
    return {task["task_id"]: task["try_number"] for task in system.api.tasks(DAG, run)}


def wait_until_told(system: System, run: str, *failed: tuple[str, str], sales: Sequence[Sale]) -> None:
    """Wait until people were told of these failed tasks with their errors: once by Slack, once by mail, of no other."""
    expected = {"Slack": sorted(failed), "mail": sorted(failed)}
    system.api.wait_until(
        lambda: all(len(those) >= len(failed) for those in system.told(run, sales).values()),
        30,
        lambda: f"{system.told(run, sales)}",
    )
    assert system.told(run, sales) == expected
