"""The main jobs on the sample orders: what Airflow shows, what the ERP has, and what the report says."""

import re
from collections import Counter

import pytest

from order_sync.core.order.model import OrderKey
from sandbox import samples
from tests.end_to_end.conftest import MainJob
from tests.end_to_end.samples import LEFT_OUT, PAGE, bad_orders
from tests.end_to_end.system import DAG, GREEN, STEPS, TILLS, System

HEADER = ["Order id", "Distributor name", "Account ID", "Delivery Date", "Placed At Date", "Status"]
ORDERS = [
    ("dynamics_web", "W1%", samples.ORDERS - LEFT_OUT),
    ("dynamics_store", "CO2%", 6),
    ("dynamics_store", "R2%", 30),
]
"""Of each kind of sample order: its channel, what it is found by, and how many there are."""

FOUND_BY = "coalesce(nullif(channelreferenceid, ''), receiptid)"


def test_the_run_is_green_with_bad_orders_in_it(system: System, main_job: MainJob) -> None:
    assert main_job.state == "success"
    assert system.api.states(DAG, main_job.run) == system.api.states(TILLS, main_job.tills) == GREEN


@pytest.mark.parametrize(("channel", "like", "number"), ORDERS)
def test_every_good_sample_order_is_in_the_erp_once_as_it_was_sold(
    system: System, main_job: MainJob, channel: str, like: str, number: int
) -> None:
    """R3, R49, R165"""
    sold = system.channel(
        f"select {FOUND_BY}, channel, store, terminal, transactionid, dataareaid, -grossamount, upper(currency)"
        f" from ax.retailtransactiontable where {FOUND_BY} like '{like}'"
    )
    assert len(sold) == number
    good = [
        (reference, str(OrderKey(channel, tuple(map(str, parts)))), total, currency)
        for reference, *parts, total, currency in sold
        if reference not in bad_orders()
    ]
    have = system.erp([["reference", "like", like], ["reference", "not in", [*bad_orders()]]])
    assert sorted((row["reference"], row["web_id"], row["total_amount"], row["currency"]) for row in have) == sorted(
        good
    )
    assert {row["state"] for row in have} == {"processing"}


@pytest.mark.parametrize("reference", sorted(bad_orders()))
def test_a_bad_sample_order_ends_as_the_page_says(system: System, main_job: MainJob, reference: str) -> None:
    word, codes = bad_orders()[reference]
    [(code, problems, message)] = system.ledger(
        "select code, problems, message from orders join transactions t on order_id = orders.id"
        f" and t.version = orders.version where '{reference}' in (reference, receipt) and status <> 'not_an_order'"
    )
    assert {code, *(problem["code"] for problem in problems)} - {None} == set(codes)
    assert [row[5] for row in main_job.report if row[0] == reference] == [word]
    in_erp = system.erp([["reference", "=", reference]])
    if word != "Pending Verification":
        assert in_erp == []
    else:
        assert [row["state"] for row in in_erp] == ["confirmed"]
        errors = system.sandbox.tryton.rpc("ir.error.search_read", [], 0, None, None, ["message", "description"])
        assert message in {": ".join(filter(None, (each["message"], each["description"]))) for each in errors}


def test_rows_that_are_no_orders_are_counted_by_reason_and_are_not_in_the_erp(
    system: System, main_job: MainJob
) -> None:
    table = PAGE.partition("## Rows that are no orders")[2]
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", table, re.MULTILINE)
    expected = {(reason, "dynamics_web", int(web)) for reason, web, _ in rows}
    expected |= {
        (reason, "dynamics_store", int(store) - (LEFT_OUT if reason == "web_order" else 0)) for reason, _, store in rows
    }
    assert len(rows) > 10
    counted = system.ledger("select reason, channel, count(*) from orders where status = 'not_an_order' group by 1, 2")
    assert set(counted) == {each for each in expected if each[2]}
    assert system.erp(["OR", [["reference", "like", "W9%"]], [["reference", "like", "R9%"]]]) == []
    assert system.erp([["web_id", "like", "%-E0%"]]) == []


def test_the_report_lists_exactly_the_orders_that_failed_or_are_pending(system: System, main_job: MainJob) -> None:
    """R52, R108"""
    header, *rows = main_job.report
    assert header == HEADER
    assert {row[0]: row[5] for row in rows} == {reference: word for reference, (word, _) in bad_orders().items()}
    assert len(rows) == len(bad_orders())
    query = f"select {FOUND_BY}, dataareaid, custaccount from ax.retailtransactiontable"
    shop = {reference: [area, account] for reference, area, account in system.channel(query)}
    assert {row[0]: row[1:3] for row in rows} == {row[0]: shop[row[0]] for row in rows}


def test_a_second_run_adds_nothing_to_the_erp(system: System) -> None:
    """R44"""
    before = sorted((row["web_id"], row["state"]) for row in system.erp([]))
    run = system.run()
    assert system.api.states(DAG, run) == GREEN
    assert sorted((row["web_id"], row["state"]) for row in system.erp([])) == before


def test_the_daily_comparison_of_channels_ledger_and_erp_finds_nothing(system: System, main_job: MainJob) -> None:
    """R9, R53"""
    compared = "compare_orders"
    system.api.pause(compared, paused=False)
    run = system.api.trigger(compared)
    assert system.api.wait_for_run(compared, run) == "success"
    tasks = [(task["task_id"], task["rendered_map_index"], task["state"]) for task in system.api.tasks(compared, run)]
    assert sorted(tasks) == [
        (task, channel, "success")
        for task in ("compare_channel", "compare_erp")
        for channel in ("dynamics_store", "dynamics_web")
    ]
    assert system.ledger("select kind, subject, detail from findings") == []


def test_the_history_of_an_order_names_the_run_and_the_task_of_each_step(system: System, main_job: MainJob) -> None:
    """R183"""
    history = system.ledger(
        "select event, by from order_history join orders on orders.id = order_id where orders.status = 'succeeded'"
        " and order_key like '%%/WEB01-1-%%'"
    )
    tasks: Counter[tuple[str, str]] = Counter()
    for event, by in history:
        dag, run, task = by.removesuffix(" for admin").split("/")
        assert dag == DAG
        assert run == main_job.run or run.startswith("scheduled__")
        tasks[event, task] += 1
    steps = {"landed": {"extract"}, "valid": {"validate"}, "attempt_opened": {"push"}, "receipt": {"push"}}
    steps |= {"confirmed": {"reconcile", "push"}}
    assert set(steps) <= {event for event, _ in tasks}
    assert all(task in steps.get(event, STEPS) for event, task in tasks)


def test_people_find_the_tasks_under_the_names_that_they_know(system: System) -> None:
    """R1, R37, R154"""
    tasks = system.api.call("GET", f"/api/v2/dags/{DAG}/tasks")["tasks"]
    names = {task["task_id"]: task["task_display_name"] for task in tasks}
    assert "P-0001" in names["extract"]
    assert "Write Order" in names["push"]
