"""Cleared at the worst moments, as people do it in the browser: each order is once in the ERP, and we know why."""

import re

import pytest

from sandbox.catalogue import PRODUCTS
from sandbox.processes import SandboxError
from sandbox.system import LEDGER
from tests.end_to_end.conftest import LEASE
from tests.end_to_end.system import CONFIRM, DAG, GREEN, System, key

COMPARE = "compare_orders"
REASONS = (
    "select distinct h.why from order_history h join orders o on o.id = h.order_id"
    " where h.event = 'retried' and o.order_key = any(%(keys)s)"
)

LATER = "update order_sync.orders set next_look_at = now() + interval '1 hour' where order_key = any(%(keys)s)"


@pytest.mark.full
def test_a_push_that_is_cleared_while_it_runs_tries_again_what_was_refused_and_a_plain_retry_does_not(
    system: System,
) -> None:
    """The ERP did not sell an article for a while. Cleared while running, after a new run began, and twice.

    R105, R154, R174
    """
    api, rpc = system.api, system.sandbox.tryton.rpc
    articles = rpc("product.template.search", [["products.code", "=", PRODUCTS[0].sku]])
    rpc("product.template.write", articles, {"salable": False})
    try:
        refused = system.sell(1)
        first = system.run()
    finally:
        rpc("product.template.write", articles, {"salable": True})
    assert api.states(DAG, first) == GREEN
    assert system.statuses(refused) == {"failed": 1}

    system.proxy.drop(".")
    sales = system.sell(4)
    run = api.trigger(DAG)
    system.wait_for_task(run, "push", "up_for_retry")
    system.proxy.behave()
    held = system.proxy.hold(CONFIRM, times=1)
    assert held.reached.wait(60)
    assert system.statuses(refused) == {"failed": 1}, "it was tried again by Airflow, and not by a person"

    with pytest.raises(SandboxError, match="409"):
        api.clear(DAG, run, [("push", -1)], spare_running=True)
    api.clear(DAG, run, [("push", -1)])
    later = api.trigger(DAG)
    system.wait_for_task(run, "push", "success")
    system.proxy.behave()
    [(why,)] = system.ledger(REASONS, refused)
    assert why.startswith(f"push of {run} was cleared (clear 1 of the run,")
    system.wait_for_task(later, "push", "success")

    system.let_pass(LEASE)
    for _ in range(2):
        api.clear(DAG, run, ["push"], downstream=False)
    system.wait_for_task(run, "push", "success")
    system.let_pass(LEASE)
    api.clear(DAG, run, ["reconcile"], upstream=True, downstream=False)
    api.clear(DAG, later, ["reconcile"])
    end(system, run, later)
    assert len(system.ledger(REASONS, refused)) == 1, "it was refused and tried again once"
    system.run()
    system.wait_until_processed([*refused, *sales])
    assert system.statuses([*refused, *sales]) == {"succeeded": 5}


def end(system: System, *runs: str) -> None:
    """Wait until runs have ended, all green.

    A clear in the moment in which Airflow ends a run leaves it ended, and what was cleared without a state: then, as
    the page on clearing says, it is cleared once more.
    """
    for run in runs:
        assert system.api.wait_for_run(DAG, run) == "success"
        if None in system.api.states(DAG, run).values():
            system.api.clear(DAG, run)
            assert system.api.wait_for_run(DAG, run) == "success"
        assert system.api.states(DAG, run) == GREEN


def test_a_reconcile_that_is_cleared_while_it_waits_looks_at_once_and_waits_again(system: System) -> None:
    api, tryton = system.api, system.sandbox.tryton
    tryton.pause_worker()
    try:
        sales = system.sell(2)
        run = api.trigger(DAG)
        system.wait_for_task(run, "reconcile", "deferred")
        with system.sandbox.connect(LEDGER) as connection:
            connection.execute(LATER, {"keys": [key(sale) for sale in sales]})
        api.clear(DAG, run, [("reconcile", -1)])
        system.wait_for_task(run, "reconcile", "running", "scheduled", "queued")
        system.wait_for_task(run, "reconcile", "deferred")
        assert re.search(r"\d+ are looked up before their time", api.log(DAG, run, "reconcile", attempt=2))
    finally:
        tryton.resume_worker()
    assert api.wait_for_run(DAG, run) == "success"
    assert api.states(DAG, run) == GREEN
    system.wait_until_processed(sales)
    assert system.statuses(sales) == {"succeeded": 2}


def test_of_a_mapped_task_one_instance_is_cleared_alone(system: System) -> None:
    api = system.api
    api.pause(COMPARE, paused=False)
    run = api.trigger(COMPARE)
    assert api.wait_for_run(COMPARE, run) == "success"
    api.clear(COMPARE, run, [("compare_erp", 1)], downstream=False)
    assert api.wait_for_run(COMPARE, run) == "success"
    tries = {(task["task_id"], task["map_index"]): task["try_number"] for task in api.tasks(COMPARE, run)}
    assert tries == {("compare_channel", 0): 1, ("compare_channel", 1): 1, ("compare_erp", 0): 1, ("compare_erp", 1): 2}
