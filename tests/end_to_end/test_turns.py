"""Channels of one ERP take turns: no order of one waits for the backlog of another."""

from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.order.model import OrderKey
from sandbox import shop
from sandbox.sales import CUSTOMER_ORDER, TILL
from sandbox.system import SHOP
from tests.end_to_end.system import DAG, GREEN, TILLS, System

WAITED = """
    select min(opened_at) - (select max(at) from order_history h where h.order_id = o.id and event = 'valid')
    from orders o join attempts on order_id = o.id
    where order_key = %(key)s group by o.id"""
CANCEL = "update ax.retailtransactiontable set entrystatus = 4 where transactionid = any(%s)"


@pytest.mark.full
def test_an_order_waits_a_minute_at_most_for_two_thousand_of_another_channel(system: System) -> None:
    api = system.api
    system.wait_until_quiet()
    backlog = system.sell(2000)
    run = api.trigger(DAG)
    system.wait_for_task(run, "push", "running")

    [one] = (replace(sale, register=TILL, type=CUSTOMER_ORDER) for sale in system.made(1))
    with system.sandbox.connect(SHOP) as connection:
        shop.write(connection, [one])
    api.pause(TILLS, paused=False)
    tills = api.trigger(TILLS)
    system.wait_for_task(tills, "push", "success", dag=TILLS)
    left = system.statuses(backlog)["queued"]
    with system.sandbox.connect(SHOP) as connection:  # the rest is not worth the time
        connection.execute(CANCEL, [[sale.number for sale in backlog]])

    assert api.wait_for_run(DAG, run) == api.wait_for_run(TILLS, tills) == "success"
    api.pause(TILLS, paused=True)
    assert api.states(DAG, run) == api.states(TILLS, tills) == GREEN
    [(waited,)] = system.ledger(WAITED, key=str(OrderKey("dynamics_store", one.key)))
    assert waited <= timedelta(minutes=1)
    assert left > 1000
    sent = [row["reference"] for row in system.in_erp([*backlog, one])]
    assert len(sent) == len(set(sent)) < 1000
    assert system.statuses(backlog) == {"succeeded": len(sent) - 1, "cancelled_at_source": 2001 - len(sent)}
    assert api.returned(DAG, run, "push")["sent"] == len(sent) - 1, "the push went on after the other channel's"
