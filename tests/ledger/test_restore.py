"""A ledger that was restored from a real backup: nothing is sent twice that the lost ledger may have sent."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import Status
from order_sync.core.records.restoring import PersonsRuns
from order_sync.core.sending.holds import HoldKind
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import compare_erp, push, restore
from order_sync.ledger.statements import statement
from tests.ledger.shop import BOTH, NOW, ROUTE, UTC_ZONE, Shop, person
from tests.ledger.steps import ACTOR
from tests.ledger.test_readings_that_meet import await_a_lock
from tests.memory.channel import transaction


@pytest.mark.parametrize("dumps", [True, False], ids=["from a dump", "from a copy"])
@pytest.mark.parametrize("shop", BOTH, indirect=True)
def test_nothing_is_sent_twice_and_nothing_that_somebody_decided_is_undone(shop: Shop) -> None:
    shop.sell(*range(1, 31))
    shop.read()
    backup_at = shop.back_up()
    shop.sell(*range(31, 54))
    shop.read()
    decided = (
        ("ignore", Status.IGNORED, 30),
        ("on_hold", Status.ON_HOLD, 52),
        ("mark_as_synced", Status.SYNCED_MANUALLY, 53),
    )
    for _, status, number in decided:
        shop.decide(status, number)
    shop.run()
    assert shop.statuses() == {"succeeded": 50, "ignored": 1, "on_hold": 1, "synced_manually": 1}
    before, sent, when = shop.numbers(), list(shop.erp.submits), shop.ledger.now()
    assert len(set(sent)) == len(sent) == 50

    shop.lose_it()
    assert shop.statuses() == {"queued": 30}
    runs = [person("ignore", 30, when), person("on_hold", 52, when)]
    runs.append(person("mark_as_synced", 53, when, erp_numbers=["BY-HAND"]))
    report = shop.restore(backup_at, *runs)
    assert report.summary.counts == {"held": 1, "to_look_up": 30, "decisions_to_confirm": 3}
    shop.run()
    assert shop.statuses() == {"succeeded": 50, "queued": 3}, "looked up while everything is on hold"
    assert shop.numbers() == before
    assert shop.release() == 1
    for _ in range(3):
        shop.run()
    assert shop.erp.submits == sent
    assert shop.statuses() == {"succeeded": 50, "queued": 3}


@pytest.mark.parametrize("shop", BOTH, indirect=True)
def test_what_was_never_sent_is_sent_once_after_the_look_up_and_the_release_as_if_for_the_first_time(
    shop: Shop,
) -> None:
    shop.sell(1, 2)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at)
    shop.run()
    assert shop.statuses() == {"queued": 2}
    assert shop.erp.submits == []
    facts = "select resends, window_ends_at, first_attempt_at, next_look_at from orders"
    assert shop.sql.rows(facts) == [(0, None, None, None)] * 2
    shop.release()
    shop.run()
    assert shop.statuses() == {"succeeded": 2}
    assert len(shop.erp.submits) == 2


def test_a_look_up_before_the_first_send_is_no_resend(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at)
    shop.release()
    policy = Policy("unique_key", grace=NOW, max_resends=0)
    asyncio.run(push(ROUTE, shop.erp, shop.ledger, ACTOR, policy, Settings()))
    assert shop.status(1) == "sent"


def test_no_look_proves_anything_while_the_lost_ledgers_push_may_still_be_sending(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at, lease=timedelta(minutes=15))
    shop.release()
    assert shop.push() == {"may_have_been_sent": 1}
    assert shop.push() == {}
    assert shop.erp.submits == []
    assert shop.sql.one("select next_look_at = looks_from from orders, restores") is True
    waits = shop.sql.one("select looks_from - restored_at from restores")
    assert timedelta(minutes=14, seconds=59) < waits < timedelta(minutes=15, seconds=1)


@pytest.mark.parametrize("shop", ["searchable"], indirect=True)
def test_a_searchable_erp_is_believed_only_after_the_window_and_the_grace_since_the_restore(shop: Shop) -> None:
    """The first order was in doubt at the backup, long enough to be sent again; the second was queued."""
    patience: dict[str, Any] = {"window": timedelta(minutes=30), "grace": timedelta(minutes=2)}
    shop.erp.script = ["lost before"]
    shop.sell(1)
    shop.read()
    assert shop.push(**patience) == {"outcome_unknown": 1}
    shop.sql.do("update attempts set grace_until = grace_until - interval '1 hour'")
    shop.sql.do(
        "update orders set window_ends_at = window_ends_at - interval '1 hour', next_look_at = clock_timestamp()"
    )
    shop.sell(2)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at)
    shop.release()
    assert shop.push(**patience) == {"may_have_been_sent": 2, "window_over": 1, "still_open": 1}
    assert shop.statuses() == {"pending_verification": 1, "sending": 1}
    past = "update {} set {} = {} - interval '32 minutes'"
    shop.sql.do(past.format("attempts", "grace_until", "grace_until"))
    shop.sql.do(past.format("orders", "window_ends_at", "window_ends_at"))
    shop.sql.do("update orders set next_look_at = clock_timestamp()")
    assert shop.push(**patience) == {"absent": 2, "sent": 2}
    assert len(shop.erp.submits) == 3


def test_what_lands_later_is_looked_up_first_if_the_lost_ledger_may_have_known_it(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at)
    shop.sql.do("update restores set restored_at = restored_at - interval '2 days'")
    placed_now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}+00:00"
    shop.sell(2, placed_at=placed_now)
    shop.read()
    assert shop.push() == {"may_have_been_sent": 2, "absent": 2}, "it landed while the channel was held"
    shop.release()
    shop.sell(3, placed_at=placed_now)
    shop.sell(4)
    shop.read()
    assert shop.push() == {"may_have_been_sent": 1, "absent": 1, "sent": 4}
    looked_up = "select order_key from attempts join orders on orders.id = order_id where attempts.generation < 0"
    assert sorted(shop.sql.rows(looked_up)) == [("shop:1",), ("shop:2",), ("shop:4",)]


def test_two_tasks_that_settle_at_once_after_a_restore_put_each_order_on_record_once(shop: Shop) -> None:
    """As those of several runs do, when the DAGs are switched on again."""
    shop.sell(1, 2)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at)
    with ThreadPoolExecutor(1) as pool, psycopg.connect(shop.cluster.dsn(shop.name)) as first:
        first.execute("set search_path to order_sync")
        counted = first.execute(statement("doubt_orders"), {"channel": "shop", "window": 0, "by": "first"}).fetchall()
        second = pool.submit(shop.ledger.doubt, "shop", 0, ACTOR)
        await_a_lock(second, shop.sql)
        first.commit()
        assert (counted, second.result()) == ([(2,)], 0)
    assert shop.sql.one("select count(*) from order_history where event = 'attempt_opened'") == 2


def test_an_order_that_is_queued_after_the_looks_began_is_not_claimed_before_its_own(shop: Shop) -> None:
    shop.sell(1)
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at)
    shop.release()
    shop.read()
    assert shop.ledger.claim("shop", 10, 900, ACTOR).entries == []
    assert shop.push() == {"may_have_been_sent": 1, "absent": 1, "sent": 1}


def test_a_waiting_order_and_one_that_was_none_are_looked_up_when_they_are_orders(shop: Shop) -> None:
    shop.sell(1, present_lines=0, digest="header")
    shop.sell(2, not_an_order="suspended", digest="suspended")
    shop.read()
    backup_at = shop.back_up()
    shop.channel.rows = [transaction(1), transaction(2)]
    shop.sql.do("update watermarks set counter = 0")
    shop.read()
    shop.run()
    sent = list(shop.erp.submits)
    assert shop.statuses() == {"succeeded": 2}
    shop.lose_it()
    assert shop.statuses() == {"waiting": 1, "not_an_order": 1}
    shop.sql.do("alter table transactions disable trigger all")
    shop.sql.do("update transactions set landed_at = landed_at - interval '2 days' where counter = 1")
    shop.restore(backup_at)
    assert shop.sql.one("select counter from watermarks") == 1, "read again from a day before the backup"
    shop.run()
    assert shop.statuses() == {"succeeded": 2}
    assert shop.erp.submits == sent


def test_a_channel_whose_database_was_rebuilt_is_read_again_by_the_counters_of_the_new_one(shop: Shop) -> None:
    shop.sell(100)
    shop.read()
    shop.channel.database, shop.channel.rows = "database 2", [transaction(1), transaction(2)]
    shop.ledger.accept_fingerprint("channel_shop", "database 2", ACTOR)
    shop.read()
    shop.sql.do("alter table transactions disable trigger all")
    shop.sql.do("update fingerprints set accepted_at = accepted_at - interval '3 days'")
    for days, counter in ((9, 100), (2, 1)):
        shop.sql.do(
            "update transactions set landed_at = landed_at - %s * interval '1 day' where counter = %s", days, counter
        )
    shop.restore(shop.ledger.now())
    assert shop.sql.rows("select epoch, counter from watermarks order by epoch") == [(1, 100), (2, 1)]


def test_an_order_that_failed_then_and_was_mended_since_is_found_in_the_erp(shop: Shop) -> None:
    shop.sell(1, total="nonsense", digest="bad")
    shop.read()
    backup_at = shop.back_up()
    shop.channel.rows = [transaction(1)]
    shop.read()
    shop.run()
    shop.lose_it()
    assert shop.statuses() == {"failed": 1}
    shop.restore(backup_at)
    shop.run()
    assert shop.statuses() == {"succeeded": 1}
    assert len(shop.erp.submits) == 1


def test_what_the_channel_cancelled_since_is_a_conflict_as_the_erp_may_have_it(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.run()
    shop.channel.rows = [transaction(1, digest="voided", not_an_order="voided")]
    shop.lose_it()
    shop.restore(backup_at)
    shop.read()
    assert shop.statuses() == {"conflict": 1}
    assert "the ERP has it or may have it" in str(shop.sql.one("select message from orders"))


def test_the_comparison_calls_no_order_never_sent_that_the_lost_ledger_sent(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.run()
    shop.lose_it()
    shop.restore(backup_at)
    assert asyncio.run(compare_erp(ROUTE, shop.erp, shop.ledger, ACTOR)).counts == {"compared": 1}


def test_a_later_start_sets_nothing_aside_that_the_lost_ledger_may_have_sent(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    assert shop.ledger.set_aside("shop", datetime(2025, 1, 1, tzinfo=UTC), ACTOR) == 0
    shop.restore(backup_at)
    assert shop.ledger.set_aside("shop", datetime(2027, 1, 1, tzinfo=UTC), ACTOR) == 0


def test_a_backup_that_is_on_record_changes_nothing_twice(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    first = shop.restore(backup_at)
    assert first.summary.counts == {"held": 1, "to_look_up": 1}
    shop.run()
    shop.release()
    shop.run()
    before = shop.sql.content()
    again = shop.restore(backup_at)
    assert again.summary.counts == {}
    assert any("This backup was already recorded" in line for line in again.lines)
    after = shop.sql.content()
    assert {table for table in before if before[table] != after[table]} == {"findings"}, "seen again"
    assert shop.ledger.holds(["channel_shop"]) == []


def test_a_ledger_that_is_lost_twice_is_looked_up_twice(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    first = shop.back_up()
    shop.lose_it()
    shop.restore(first)
    shop.run()
    assert shop.statuses() == {"queued": 1}
    second = shop.back_up()
    shop.release()
    shop.run()
    assert shop.statuses() == {"succeeded": 1}
    shop.lose_it()
    assert [hold.kind for hold in shop.ledger.holds(["channel_shop"])] == [HoldKind.RESTORE], "not released yet, then"
    shop.restore(second)
    shop.run()
    shop.release()
    shop.run()
    assert shop.statuses() == {"succeeded": 1}
    assert len(shop.erp.submits) == 1
    assert shop.sql.rows("select generation from attempts where generation < 0 order by 1") == [(-2,), (-1,)]


def test_an_instant_at_which_no_backup_can_have_been_made_is_refused_and_changes_nothing(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    before = shop.sql.content()
    for backup_at, says in (
        (shop.ledger.now() + timedelta(hours=1), "but it is .* now"),
        (datetime(2020, 1, 1, tzinfo=UTC), "backup_at is 2020-01-01 00:00 UTC, but the ledger's first entry is of"),
    ):
        with pytest.raises(Misconfigured, match=says):
            restore(["shop"], shop.ledger, ACTOR, backup_at, NOW, UTC_ZONE, lambda since: PersonsRuns([]))
    assert shop.sql.content() == before


def test_a_new_ledger_without_any_backup_looks_everything_up_too(shop: Shop) -> None:
    shop.sell(*range(1, 6))
    shop.read()
    shop.run()
    assert shop.statuses() == {"succeeded": 5}
    shop.sql.do("truncate orders, transactions, attempts, order_history, watermarks cascade")
    shop.restore(datetime(2026, 1, 1, tzinfo=UTC))
    shop.run()
    assert shop.restore(datetime(2026, 1, 1, tzinfo=UTC)).summary.counts == {}, "the task is cleared after the looks"
    shop.release()
    shop.run()
    assert shop.statuses() == {"succeeded": 5}
    assert len(shop.erp.submits) == 5


def test_a_new_ledger_without_any_backup_asks_before_it_floods_the_erp(shop: Shop) -> None:
    """As a first push does; and a later start takes back what the ERP does not have."""
    shop.sell(*range(1, 6))
    shop.restore(datetime(2026, 1, 1, tzinfo=UTC))
    shop.read()
    few, later = Settings(first_run_limit=2), replace(ROUTE, start_from=datetime(2027, 1, 1, tzinfo=UTC))
    assert shop.push(settings=few) == {"may_have_been_sent": 5, "absent": 5}
    assert shop.release() == 1, "that of the restore: nobody was asked about a number while it stood"
    assert shop.push(settings=few) == {}
    (hold,) = shop.ledger.holds(["channel_shop"])
    assert hold.kind is HoldKind.FIRST_RUN
    assert "its first push would send 5 orders" in hold.reason
    assert shop.push(route=later, settings=few) == {"before_start": 5}
    assert shop.statuses() == {"not_an_order": 5}
    assert shop.erp.submits == []


def test_a_half_made_order_of_the_lost_ledger_is_finished_and_not_made_again(shop: Shop) -> None:
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.erp.script = ["half-made"]
    shop.push()
    shop.lose_it()
    shop.restore(backup_at)
    shop.release()
    shop.run()
    shop.run()
    assert shop.statuses() == {"succeeded": 1}
    ((sale,),) = shop.erp.sales.values()
    assert sale.state is ErpOrderState.CONFIRMED
