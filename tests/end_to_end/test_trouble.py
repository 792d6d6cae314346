"""When a worker, an answer or the triggerer is lost, no order is lost and none arrives twice."""

from datetime import timedelta

import pytest

from tests.end_to_end.conftest import LEASE, WINDOW
from tests.end_to_end.system import CONFIRM, CREATE, DAG, GREEN, QUOTE, System

UNKNOWN = (
    "select count(*) from attempts join orders on id = order_id where outcome = 'unknown' and order_key = any(%(keys)s)"
)
CONFIRMED_BY = (
    "select by from order_history join orders on orders.id = order_id"
    " where event = 'confirmed' and order_key = any(%(keys)s)"
)


def test_a_worker_killed_after_create_quote_and_confirm_leaves_each_order_in_the_erp_once(system: System) -> None:
    """Row: a worker is killed

    The ERP has committed and the answers are on their way: SIGKILL. The run is cleared at once, and later again.

    R44, R105, R174
    """
    held = [system.proxy.hold(call, times=1) for call in (CREATE, QUOTE, CONFIRM)]
    sales = system.sell(5)
    system.api.trigger(DAG)
    assert all(rule.reached.wait(60) for rule in held)
    begun = system.states_in_erp(sales)
    assert (begun["draft"], begun["quotation"], begun.total()) == (1, 1, 3)
    run = system.kill_running("push")
    system.proxy.behave()

    system.api.clear(DAG, run)
    system.wait_for_task(run, "reconcile", "deferred")
    assert len(system.in_erp(sales)) == 3, "while the dead worker's lease lasts, nobody touches its orders"

    system.let_pass(LEASE)
    system.api.clear(DAG, run)
    assert system.api.wait_for_run(DAG, run) == "success"
    assert system.api.states(DAG, run) == GREEN
    system.wait_until_processed(sales)
    assert system.statuses(sales) == {"succeeded": len(sales)}
    assert system.holds() == []
    assert system.told(run, sales) == {"Slack": [], "mail": []}, "it is tried again, which is nobody's trouble yet"


def test_answers_that_never_come_leave_each_order_in_the_erp_once(system: System) -> None:
    held = [system.proxy.hold(call, times=1) for call in (CREATE, QUOTE, CONFIRM)]
    sales = system.sell(4)
    run = system.run()
    assert all(rule.reached.is_set() for rule in held)
    assert system.api.states(DAG, run) == GREEN, "an answer that is lost fails no task"
    assert system.ledger(UNKNOWN, sales) == [(3,)]
    system.run()
    system.wait_until_processed(sales)
    assert system.statuses(sales) == {"succeeded": len(sales)}


@pytest.mark.full
def test_without_a_triggerer_orders_still_reach_the_erp_and_the_next_push_settles_what_is_due(system: System) -> None:
    """Row: triggerer down

    Meanwhile the runs that wait hold no slot of a pool.

    R175
    """
    airflow, tryton = system.sandbox.airflow, system.sandbox.tryton
    airflow.stop_component("triggerer")
    tryton.pause_worker()
    try:
        early = system.sell(2)
        first = system.api.trigger(DAG)
        system.wait_for_task(first, "reconcile", "deferred")
        assert system.states_in_erp(early) == {"confirmed": 2}
        for pool in ("default_pool", "erp_tryton"):
            system.wait_until_free(pool)
        tryton.resume_worker()
        system.wait_until_processed(early)
        system.let_pass(WINDOW + timedelta(seconds=1))

        late = system.sell(2)
        second = system.api.trigger(DAG)
        system.wait_for_task(second, "push", "success")
        system.wait_until_processed([*early, *late])
        assert system.statuses(early) == {"succeeded": 2}
        assert {by.split("/")[2].split()[0] for (by,) in system.ledger(CONFIRMED_BY, early)} == {"push"}
        assert system.api.states(DAG, first) == {**GREEN, "reconcile": "deferred", "watcher": None}
        assert system.api.run_state(DAG, first) == "running"
        assert system.holds() == []
    finally:
        airflow.start_component("triggerer")
        tryton.resume_worker()
    assert system.api.wait_for_run(DAG, first) == "success"
    assert system.api.wait_for_run(DAG, second) == "success"
    assert system.statuses([*early, *late]) == {"succeeded": 4}
    for run in (first, second):
        assert system.api.states(DAG, run) == GREEN
        assert system.told(run, [*early, *late]) == {"Slack": [], "mail": []}
