"""A ledger that was restored: what people decided since is listed, and nothing of it is undone."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.requests.request import Known
from order_sync.core.requests.resync import ResyncRequest
from order_sync.flows.people.restore import RestoreReport
from order_sync.flows.people.resync import resync
from tests.flows.gossip import privates_in, sold_to_ann
from tests.ledger.shop import ROUTE, Shop, lost, person


# What people decided
def text(report: RestoreReport) -> str:
    return "\n".join(report.lines)


def test_each_lost_decision_is_listed_with_who_when_and_why_and_how_to_confirm_it(shop: Shop) -> None:
    backup_at, at = lost(shop)
    report = shop.restore(backup_at, person("ignore", 1, at), person("mark_as_synced", 9, at, erp_numbers=["SO7"]))
    said = text(report)
    assert f"shop:1 (queued): ignore by anna at {at:%Y-%m-%d %H:%M} UTC: why ignore" in said
    assert "shop:9 (not read yet): mark_as_synced by anna" in said
    again = (
        '{"order_keys": ["shop:9"], "action": "mark_as_synced", "reason": "why mark_as_synced", "erp_numbers": ["SO7"]}'
    )
    assert f"trigger resync_orders with {again}" in said
    (finding,) = shop.ledger.untold(["order_ledger"])
    assert finding.detail == "2 orders wait for a decision to be confirmed, and 0 other runs are lost"


def test_what_a_filter_means_now_is_kept_from_being_sent_also_what_lands_later(shop: Shop) -> None:
    backup_at, at = lost(shop)
    run = person("on_hold", 0, at, order_keys=None, customer_account="C-1")
    shop.restore(backup_at, run)
    assert shop.sql.one("select count(*) from lost_decisions") == 3
    shop.sell(4)
    shop.run()
    report = shop.restore(backup_at, run)
    assert report.summary.counts == {"decisions_to_confirm": 4, "runs_by_filter": 1}
    assert '"order_keys": ["shop:4", "shop:3", "shop:2", "shop:1"], "action": "on_hold"' in text(report)
    assert "may match other orders now than it did" in text(report)
    assert "C-1" not in text(report)
    shop.release()
    shop.run()
    assert shop.erp.submits == []


def test_of_a_filter_that_means_very_many_orders_all_are_kept_from_being_sent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["order_sync.flows.people.restore"], "MOST", 2)
    backup_at, at = lost(shop)
    shop.restore(backup_at, person("on_hold", 0, at, order_keys=None, customer_account="C-1"))
    assert shop.sql.one("select count(*) from lost_decisions") == 3


def test_a_decision_that_an_earlier_restore_left_open_is_listed_after_the_next_one_and_once(shop: Shop) -> None:
    backup_at, at = lost(shop)
    ignored = person("ignore", 1, at)
    shop.restore(backup_at, ignored)
    shop.run()
    again = shop.back_up()
    shop.lose_it()
    report = shop.restore(again, ignored)
    assert report.summary.counts["decisions_to_confirm"] == 1
    assert "shop:1 (queued): ignore by anna" in text(report)
    shop.restore(backup_at + timedelta(microseconds=1), ignored)
    assert shop.sql.one("select count(*) from lost_decisions") == 2
    assert len(shop.ledger.lost()) == 1


def test_a_run_that_decided_nothing_or_that_the_ledger_knows_is_left_out(shop: Shop) -> None:
    backup_at, at = lost(shop)
    shop.sql.do(
        "insert into selections (run, action, asked, reason, chosen_by)"
        " values ('resync_orders/manual__ignore_1', 'ignore', '{}', '', '')"
    )
    runs = [person("ignore", 1, at), person("ignore", 2, at, dry_run=True)]
    runs.append(replace(person("ignore", 3, at), ended_at=backup_at - timedelta(hours=1), at=at - timedelta(hours=2)))
    runs.append(person("ignore", 3, shop.ledger.now() + timedelta(hours=1)))
    assert shop.restore(backup_at, *runs).summary.counts == {"held": 1, "to_look_up": 3}


def test_a_run_that_the_backup_holds_half_decided_is_a_lost_one(shop: Shop) -> None:
    backup_at, at = lost(shop)
    shop.sql.do(
        "with stored as (insert into selections (run, action, asked, reason, chosen_by)"
        " values ('resync_orders/manual__ignore_1', 'ignore', '{}', '', '') returning id)"
        " insert into selected_orders (selection_id, order_id) select stored.id, orders.id from stored, orders"
        " order by orders.id limit 1"
    )
    assert shop.restore(backup_at, person("ignore", 1, at)).summary.counts["decisions_to_confirm"] == 1


def test_a_run_that_began_before_the_backup_and_ended_after_it_counts(shop: Shop) -> None:
    backup_at, at = lost(shop)
    early = backup_at - timedelta(minutes=5)
    runs = [replace(person("ignore", 1, early), ended_at=at), replace(person("ignore", 2, early), ended_at=None)]
    assert shop.restore(backup_at, *runs).summary.counts["decisions_to_confirm"] == 2


def test_a_backup_that_is_older_than_somebody_says_loses_no_decision(shop: Shop) -> None:
    """The ledger's own last entry tells."""
    shop.sell(1)
    shop.read()
    shop.back_up()
    at = shop.ledger.now()
    shop.lose_it()
    report = shop.restore(shop.ledger.now(), person("ignore", 1, at))
    assert report.summary.counts["decisions_to_confirm"] == 1


def test_other_runs_of_people_are_listed_and_done_by_nobody(shop: Shop) -> None:
    backup_at, at = lost(shop)
    hold = replace(person("", 1, at), dag_id="hold_connection", params={"connection": "erp_erp", "action": "hold"})
    erasure = replace(hold, dag_id="erase_personal_data", params={"customer_account": "C-1"})
    stranger = replace(hold, dag_id="somebody_elses")
    unreadable = person("explode", 1, at)
    report = shop.restore(backup_at, hold, erasure, stranger, unreadable, person("resync", 2, at))
    assert report.summary.counts == {"held": 1, "to_look_up": 3, "runs_listed": 4}
    said = text(report)
    assert "hold_connection/manual___1 by anna" in said
    assert '(success): {"connection": "erp_erp", "action": "hold"}' in said
    assert "its params cannot be read (action is 'explode'" in said
    assert "resync_orders/manual__resync_2" in said
    assert "somebody_elses" not in said
    assert "C-1" not in said
    assert shop.ledger.holds(["erp_erp"]) == []


def test_without_airflows_own_memory_the_task_says_so_and_what_to_do(shop: Shop) -> None:
    backup_at, _ = lost(shop)
    report = shop.restore(backup_at, known=False)
    assert "DECISIONS OF PEOPLE ARE NOT KNOWN: Airflow cannot be queried" in text(report)
    assert "there is no connection 'airflow_api'" in text(report)
    assert report.summary.counts == {"held": 1, "to_look_up": 3}
    (finding,) = shop.ledger.untold(["order_ledger"])
    assert "list the runs of resync_orders since" in finding.detail


def test_a_dag_of_which_airflow_tells_no_runs_is_named_and_the_others_are_listed(shop: Shop) -> None:
    backup_at, at = lost(shop)
    untold = {"resync_orders": "there is no DAG resync_orders", "backfill_orders": "nobody may read backfill_orders"}
    hold = replace(person("", 1, at), dag_id="hold_connection", params={"connection": "erp_erp", "action": "hold"})
    report = shop.restore(backup_at, hold, untold=untold)
    assert "DECISIONS OF PEOPLE ARE NOT KNOWN: there is no DAG resync_orders" in text(report)
    assert "RUNS OF backfill_orders ARE NOT KNOWN: nobody may read backfill_orders" in text(report)
    assert "hold_connection/manual___1 by anna" in text(report)
    (finding,) = shop.ledger.untold(["order_ledger"])
    assert "1 other runs are lost; there is no DAG resync_orders" in finding.detail
    assert "nobody may read backfill_orders" in finding.detail


def test_entries_from_after_the_backup_are_pointed_out(shop: Shop) -> None:
    backup_at, _ = lost(shop)
    shop.sell(4)
    shop.read()
    assert "DAGs have run since it was restored" in text(shop.restore(backup_at))


def test_a_lost_decision_is_confirmed_by_the_same_run_again_or_by_another_decision(shop: Shop) -> None:
    backup_at, at = lost(shop)
    runs = [person("ignore", 1, at), person("on_hold", 2, at), person("ignore", 3, at)]
    shop.restore(backup_at, *runs)
    shop.run()
    shop.release()
    again = [run.params for run in runs[:2]] + [{**runs[2].params, "action": "resync"}]
    for number, params in enumerate(again):
        asked = ResyncRequest.read(params, Known({"shop": None}))
        by = Actor("resync_orders/manual/resync", person="anna", reason=asked.reason)
        decided = resync(asked, f"again {number}", params, {"shop": ROUTE}, shop.erp_of, shop.ledger, by, 100)
        asyncio.run(decided)
    assert shop.restore(backup_at, *runs).summary.counts == {}
    shop.run()
    assert [shop.status(number) for number in (1, 2, 3)] == ["ignored", "on_hold", "succeeded"]
    assert [key.parts for key in shop.erp.submits] == [("3",)]


def test_what_people_wrote_of_a_customer_is_not_in_the_list_of_what_they_decided(shop: Shop) -> None:
    shop.channel.rows.append(sold_to_ann(1))
    shop.run()
    backup_at = shop.back_up()
    shop.lose_it()
    shop.read()
    shop.sql.do("update orders set status = 'failed', erp_number = ''")
    reason = "Ann Otherwise called from +44 20 7946 0958\nand will write to ann@example.com"
    runs = [
        person("ignore", 1, shop.ledger.now(), reason=reason),
        person("release", 1, shop.ledger.now(), reason=reason),
    ]
    lines = shop.restore(backup_at, *runs).lines
    [listed] = [line for line in lines if line.startswith("  shop:1 (failed)")]
    assert listed.endswith(": … called from … and will write to …")
    confirmed = [line for line in lines if line.startswith("LOST")]
    assert len(confirmed) == 1
    assert privates_in("\n".join(lines)) == []
