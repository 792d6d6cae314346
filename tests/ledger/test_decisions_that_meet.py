"""What people decide where it meets what came before: a clear, a later decision, a restore, another order's number."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.order.model import OrderKey
from order_sync.core.requests.request import Known
from order_sync.core.requests.resync import ResyncRequest
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.flows import compare_erp, resync, validate
from order_sync.flows.people.resync import Resynced
from tests.ledger.shop import NOW, ROUTE, Shop, lost, person
from tests.ledger.steps import ACTOR
from tests.memory.erp import Sale, reference


def ask(shop: Shop, run: str, params: Mapping[str, object]) -> Resynced:
    """Decide, as a run of resync_orders does; the same run again is its clear."""
    asked = ResyncRequest.read(params, Known({"shop": None}))
    by = Actor(f"{run}/decide", person="anna", reason=asked.reason)
    return asyncio.run(resync(asked, run, params, {"shop": ROUTE}, shop.erp_of, shop.ledger, by, 100))


def params(action: str, *numbers: int, **more: object) -> dict[str, object]:
    return {"order_keys": [f"shop:{number}" for number in numbers], "action": action, "reason": "why", **more}


def run_twice_and_released(shop: Shop) -> None:
    """Two runs of the channel's DAG, between which a person releases it."""
    shop.run()
    shop.release()
    shop.run()


def test_a_cleared_release_does_not_undo_a_later_hold(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    ask(shop, "a", params("on_hold", 1))
    ask(shop, "b", params("release", 1))
    shop.read()
    ask(shop, "c", params("on_hold", 1))
    ask(shop, "b", params("release", 1))
    assert shop.status(1) == "on_hold"


def test_a_cleared_ignore_does_not_undo_a_later_release(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    ask(shop, "a", params("ignore", 1))
    ask(shop, "b", params("release", 1))
    shop.read()
    ask(shop, "a", params("ignore", 1))
    assert shop.status(1) == "queued"


def test_a_cleared_mark_hides_no_later_conflict(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    shop.erp.sales[OrderKey("shop", ("1",))] = [
        Sale(ErpOrderState.CONFIRMED, Decimal(10), "EUR", shop.erp.clock.now, "SO7"),
    ]
    marked = params("mark_as_synced", 1, erp_numbers=["SO7"])
    ask(shop, "a", marked)
    shop.sql.do("update orders set status = 'conflict', code = 'ORDER_CONFLICT', generation = generation + 1")
    ask(shop, "a", marked)
    assert shop.status(1) == "conflict"


def test_a_clear_opens_no_cancelled_order_a_second_time(shop: Shop) -> None:
    shop.sell(1)
    shop.run()
    [sale] = shop.erp.sales[OrderKey("shop", ("1",))]
    sale.state = ErpOrderState.CANCELLED
    shop.sql.do("update orders set status = 'failed', code = 'CANCELLED_IN_ERP'")
    by_name = params("resync", 1, erp_numbers=[sale.number])
    ask(shop, "a", by_name)
    shop.run()
    assert shop.status(1) == "succeeded"
    sale.state = ErpOrderState.CANCELLED
    shop.sql.do("update orders set status = 'conflict', code = 'CANCELLED_IN_ERP'")
    assert ask(shop, "a", by_name).summary.counts == {"refused": 1}
    assert shop.erp.revived == [sale.number]


def test_a_resync_of_what_the_erp_has_taken_leaves_it_to_the_looks(shop: Shop) -> None:
    shop.erp.confirms_after = timedelta(hours=5)
    shop.sell(1)
    shop.run()
    shop.sql.do("update orders set next_look_at = clock_timestamp(), window_ends_at = clock_timestamp()")
    shop.push()
    assert shop.status(1) == "pending_verification"
    facts = {wanted: each for wanted, each in reference().facts.items() if wanted != ("sku", "TEA")}
    shop.ledger.store_reference("erp", ReferenceData(facts, shop.ledger.now()), ACTOR)
    assert ask(shop, "a", params("resync", 1)).summary.counts == {"unchanged": 1}
    validate(ROUTE, shop.ledger, ACTOR)
    shop.erp.confirms_after = NOW
    shop.run()
    assert shop.status(1) == "succeeded"


@pytest.mark.parametrize("known", [True, False], ids=["the ledger knows", "the page shows"])
def test_an_order_under_the_number_of_another_stops_no_other_of_its_page(shop: Shop, known: bool) -> None:
    shop.sell(1, 2, 3)
    shop.run()
    [first], [second] = (shop.erp.sales[OrderKey("shop", (number,))] for number in "12")
    second.number = first.number
    if known:
        conflict = "update orders set status = 'conflict', erp_number = %s where order_key = 'shop:2'"
        shop.sql.do(conflict, first.number)
    else:
        shop.sql.do("update orders set status = 'conflict', erp_number = '' where order_key <> 'shop:3'")
    shop.sql.do("update orders set status = 'conflict' where order_key = 'shop:3'")
    ask(shop, "a", {"status": "conflict", "action": "accept", "reason": "right"})
    assert shop.status(3) == "succeeded"
    assert shop.statuses()["conflict"] == 1


def test_a_clear_of_a_run_from_before_confirms_no_lost_decision(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    ask(shop, "resync_orders/a", params("resync", 1))
    backup_at = shop.back_up()
    at = shop.ledger.now()
    shop.lose_it()
    shop.restore(backup_at, person("on_hold", 1, at))
    run_twice_and_released(shop)
    ask(shop, "resync_orders/a", params("resync", 1))
    shop.run()
    assert shop.erp.submits == []


def test_what_was_refused_before_the_backup_and_done_after_it_is_a_lost_decision(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    run = person("ignore", 1, shop.ledger.now())
    shop.sql.do("update orders set status = 'sending', total = 10, currency = 'EUR', window_ends_at = now()")
    ask(shop, run.name, run.params)
    shop.sql.do("update orders set status = 'queued', window_ends_at = null")
    backup_at = shop.back_up()
    ask(shop, run.name, run.params)
    assert shop.status(1) == "ignored"
    ended = shop.ledger.now()
    shop.lose_it()
    shop.restore(backup_at, replace(run, ended_at=ended))
    run_twice_and_released(shop)
    assert shop.erp.submits == []


def test_a_run_of_long_ago_that_ended_after_the_backup_is_a_lost_decision(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    ended = shop.ledger.now()
    shop.lose_it()
    shop.restore(backup_at, replace(person("ignore", 1, backup_at - timedelta(days=2)), ended_at=ended))
    run_twice_and_released(shop)
    assert shop.erp.submits == []


def test_a_lost_filter_that_means_nothing_now_is_told_to_be_looked_up_in_its_log(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    run = person("ignore", 0, shop.ledger.now(), order_keys=None, status="failed")
    shop.lose_it()
    report = shop.restore(backup_at, run)
    assert report.summary.counts["runs_by_filter"] == 1
    assert "the log of its task `decide` names them" in "\n".join(report.lines)
    [finding] = shop.ledger.untold(["order_ledger"])
    assert "1 runs chose by a filter" in finding.detail


def test_a_lost_filter_means_no_order_that_came_after_it(shop: Shop) -> None:
    backup_at, at = lost(shop)
    run = person("on_hold", 0, at, order_keys=None, channel="shop")
    shop.restore(backup_at, run)
    run_twice_and_released(shop)
    shop.sell(7, placed_at=(at + timedelta(minutes=5)).isoformat())
    shop.read()
    shop.restore(backup_at, run)
    shop.run()
    assert shop.status(7) == "succeeded"


def test_a_probe_does_not_wait_for_a_lost_decision(shop: Shop) -> None:
    shop.sell(1, 2)
    shop.read()
    backup_at = shop.back_up()
    at = shop.ledger.now()
    shop.lose_it()
    shop.restore(backup_at, person("ignore", 1, at))
    shop.run()
    shop.release()
    shop.ledger.hold("erp_erp", HoldKind.CONFIGURATION, HoldScope.SUBMIT, "refused", ACTOR)
    for _ in range(3):
        shop.run()
    assert shop.status(2) == "succeeded"


def test_a_look_before_its_time_still_waits_for_the_lease_of_the_lost_ledger(shop: Shop) -> None:
    shop.erp.script = ["lost before"]
    shop.sell(1)
    shop.read()
    shop.push()
    shop.sql.do("update orders set status = 'pending_verification', lease_until = null")
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at, lease=timedelta(minutes=15))
    shop.push()
    shop.ledger.look_now("shop", 10)
    assert shop.sql.one("select next_look_at = looks_from from orders, restores") is True


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (ErpOrderState.CONFIRMED, "conflict"),
        (ErpOrderState.HALF_MADE, "synced_manually"),
        (ErpOrderState.CANCELLED, "synced_manually"),
    ],
)
def test_what_comes_late_into_the_erp_beside_the_order_that_a_person_entered_is_told(
    shop: Shop, state: ErpOrderState, status: str
) -> None:
    """A draft is not: nobody ships it, and the log of the mark names it."""
    shop.erp.script = ["lost before"]
    shop.sell(1)
    shop.read()
    shop.push()
    shop.sql.do("update orders set status = 'pending_verification', generation = generation + 1")
    shop.erp.by_hand["SO7"] = ErpOrderState.CONFIRMED
    ask(shop, "a", params("mark_as_synced", 1, erp_numbers=["SO7"]))
    assert shop.status(1) == "synced_manually"
    assert compared(shop) == "synced_manually"
    shop.erp.sales[OrderKey("shop", ("1",))] = [Sale(state, Decimal(10), "EUR", shop.erp.clock.now, "SO1")]
    assert compared(shop) == status


def compared(shop: Shop) -> str:
    """The status of the first order after the daily comparison with the ERP."""
    asyncio.run(compare_erp(ROUTE, shop.erp, shop.ledger, ACTOR))
    return shop.status(1)
