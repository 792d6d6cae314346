"""A ledger that was restored from a real backup: nothing is sent twice, and nothing that somebody decided is undone."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import Status
from order_sync.core.records.restoring import PersonsRun, PersonsRuns
from order_sync.core.requests.request import Known
from order_sync.core.requests.resync import ResyncRequest
from order_sync.core.sending.holds import HoldKind
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Guarantee
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import compare_erp, extract, push, refresh_reference, restore, validate
from order_sync.flows.people.restore import RestoreReport
from order_sync.flows.people.resync import resync
from order_sync.ledger import Ledger
from order_sync.ledger.database import session
from order_sync.ledger.statements import statement
from sandbox.postgres import Cluster
from tests.flows.gossip import privates_in, sold_to_ann
from tests.ledger.steps import ACTOR, Sql
from tests.ledger.test_readings_that_meet import await_a_lock
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
NOW = timedelta(0)
SETTINGS = Settings()
UTC_ZONE = ZoneInfo("UTC")
NUMBERS = count(1)
BOTH: tuple[Guarantee, ...] = ("unique_key", "searchable")


@dataclass
class Shop:
    """A channel, its ERP and a ledger in a database that can be lost."""

    cluster: Cluster
    name: str
    dump: Path | None
    guarantee: Guarantee = "unique_key"
    channel: MemoryChannel = field(default_factory=MemoryChannel)

    def __post_init__(self) -> None:
        self.erp = MemoryErp(Clock(datetime.now(UTC)), self.guarantee, confirms_after=NOW)
        self.open()

    def open(self) -> None:
        """Connect to the ledger, and to its database beside it."""
        self.ledger = Ledger(lambda: psycopg.connect(self.cluster.dsn(self.name))).__enter__()
        self.sql = Sql(session(lambda: psycopg.connect(self.cluster.dsn(self.name))))

    def close(self) -> None:
        """Let go of the database."""
        self.ledger.__exit__()
        self.sql.connection.close()

    def back_up(self) -> datetime:
        """Dump the ledger, or copy its database, which takes a tenth of the time; returns the instant."""
        at = self.ledger.now()
        if self.dump:
            dsn = self.cluster.dsn(self.name)
            self._postgres("pg_dump", "--format=custom", f"--file={self.dump}", f"--dbname={dsn}")
        else:
            self.close()
            self.cluster.drop_database(self.backup)
            self.cluster.create_database(self.backup, template=self.name)
            self.open()
        return at

    def lose_it(self) -> None:
        """Lose the ledger's database, and restore the last backup in its place."""
        self.close()
        self.cluster.drop_database(self.name)
        if self.dump:
            self.cluster.create_database(self.name)
            self._postgres("pg_restore", f"--dbname={self.cluster.dsn(self.name)}", "--exit-on-error", str(self.dump))
        else:
            self.cluster.create_database(self.name, template=self.backup)
        self.open()

    @property
    def backup(self) -> str:
        """The database that holds the last copy."""
        return f"{self.name}_backup"

    def _postgres(self, program: str, *arguments: str) -> None:
        subprocess.run([self.cluster.binaries / program, *arguments], check=True, capture_output=True, text=True)

    def sell(self, *numbers: int, **changes: Any) -> None:
        """Put orders into the channel."""
        self.channel.rows += [transaction(number, **changes) for number in numbers]

    def read(self) -> dict[str, int]:
        """Bring what the channel has as far as the queue."""
        counts = extract(ROUTE, self.channel, self.ledger, ACTOR).counts
        asyncio.run(refresh_reference(ROUTE, self.erp, self.ledger, ACTOR, timedelta(minutes=15)))
        validate(ROUTE, self.ledger, ACTOR)
        return counts

    def push(
        self, *, channel: bool = False, route: Route = ROUTE, settings: Settings = SETTINGS, **patience: timedelta
    ) -> dict[str, int]:
        """Settle what is due and send what may be sent. The ERP's clock follows the ledger's."""
        self.erp.clock.now = self.ledger.now()
        policy = Policy(self.guarantee, **{"grace": NOW, "window": NOW, **patience})  # type: ignore[arg-type]
        read = self.channel if channel else None
        return asyncio.run(push(route, self.erp, self.ledger, ACTOR, policy, settings, channel=read)).counts

    def run(self) -> None:
        """A run of the channel's DAG whose looks all come at once."""
        self.read()
        self.push()
        self.sql.do("update orders set next_look_at = clock_timestamp() where next_look_at is not null")
        self.push()

    def restore(
        self,
        backup_at: datetime,
        *runs: PersonsRun,
        lease: timedelta = NOW,
        known: bool = True,
        untold: dict[str, str] | None = None,
    ) -> RestoreReport:
        """Do as the DAG restore_ledger does, when people triggered these runs since."""
        by = Actor("restore_ledger/manual/restore_ledger", person="rita", reason="the disk broke")
        asked: list[datetime] = []

        def runs_since(since: datetime) -> PersonsRuns | None:
            asked.append(since)
            found = [run for run in runs if max(run.at, run.ended_at or run.at) >= since]
            return PersonsRuns(found, untold or {}) if known else None

        report = restore(["shop"], self.ledger, by, backup_at, lease, UTC_ZONE, runs_since)
        assert len(asked) == 1
        return report

    def release(self) -> int:
        """Release the channel."""
        return self.ledger.release_hold(
            "channel_shop", None, Actor("hold_connection/manual", person="rita", reason="looked up")
        )

    async def erp_of(self, name: str) -> MemoryErp:
        """The ERP of that name."""
        return self.erp

    def decide(self, status: Status, number: int) -> None:
        """Let the ledger that will be lost know a decision."""
        self.sql.do(
            "update orders set status = %s, erp_number = 'BY-HAND' where order_key = %s", status, f"shop:{number}"
        )

    def statuses(self) -> dict[str, int]:
        return dict(self.ledger.counts("shop"))

    def status(self, number: int) -> str:
        return str(self.sql.one("select status from orders where order_key = %s", f"shop:{number}"))

    def numbers(self) -> dict[str, str]:
        """The ERP numbers of what is done."""
        return dict(self.sql.rows("select order_key, erp_number from orders where status = 'succeeded'"))  # type: ignore[arg-type]


def person(action: str, number: int, at: datetime, **params: object) -> PersonsRun:
    """A run of resync_orders as Airflow remembers it."""
    asked = {"order_keys": [f"shop:{number}"], "action": action, "reason": f"why {action}", **params}
    given = {name: value for name, value in asked.items() if value is not None}
    return PersonsRun("resync_orders", f"manual__{action}_{number}", at, at, "success", "anna", given)


@pytest.fixture
def dumps() -> bool:
    """Whether backups are dumps, as people make them. One test sees that nothing depends on it."""
    return False


@pytest.fixture
def shop(
    cluster: Cluster, migrated: str, tmp_path: Path, request: pytest.FixtureRequest, dumps: bool
) -> Iterator[Shop]:
    """A shop whose ERP gives the guarantee that the test asks for."""
    name = f"lost_{next(NUMBERS)}"
    cluster.create_database(name, template=migrated)
    shop = Shop(cluster, name, tmp_path / "dump" if dumps else None, getattr(request, "param", "unique_key"))
    yield shop
    shop.close()
    for database in (name, shop.backup):
        cluster.drop_database(database)


@pytest.mark.parametrize("dumps", [True, False], ids=["from a dump", "from a copy"])
@pytest.mark.parametrize("shop", BOTH, indirect=True)
def test_nothing_is_sent_twice_and_nothing_that_somebody_decided_is_undone(shop: Shop):
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
def test_what_was_never_sent_is_sent_once_after_the_look_up_and_the_release_as_if_for_the_first_time(shop: Shop):
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


def test_a_look_up_before_the_first_send_is_no_resend(shop: Shop):
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at)
    shop.release()
    policy = Policy("unique_key", grace=NOW, max_resends=0)
    asyncio.run(push(ROUTE, shop.erp, shop.ledger, ACTOR, policy, Settings()))
    assert shop.status(1) == "sent"


def test_no_look_proves_anything_while_the_lost_ledgers_push_may_still_be_sending(shop: Shop):
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
    assert timedelta(minutes=14, seconds=59) < waits < timedelta(minutes=15, seconds=1)  # type: ignore[operator]


@pytest.mark.parametrize("shop", ["searchable"], indirect=True)
def test_a_searchable_erp_is_believed_only_after_the_window_and_the_grace_since_the_restore(shop: Shop):
    """The first order was in doubt at the backup, long enough to be sent again; the second was queued."""
    patience = {"window": timedelta(minutes=30), "grace": timedelta(minutes=2)}
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


def test_what_lands_later_is_looked_up_first_if_the_lost_ledger_may_have_known_it(shop: Shop):
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


def test_two_tasks_that_settle_at_once_after_a_restore_put_each_order_on_record_once(shop: Shop):
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


def test_an_order_that_is_queued_after_the_looks_began_is_not_claimed_before_its_own(shop: Shop):
    shop.sell(1)
    backup_at = shop.back_up()
    shop.lose_it()
    shop.restore(backup_at)
    shop.release()
    shop.read()
    assert shop.ledger.claim("shop", 10, 900, ACTOR).entries == []
    assert shop.push() == {"may_have_been_sent": 1, "absent": 1, "sent": 1}


def test_a_waiting_order_and_one_that_was_none_are_looked_up_when_they_are_orders(shop: Shop):
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


def test_a_channel_whose_database_was_rebuilt_is_read_again_by_the_counters_of_the_new_one(shop: Shop):
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


def test_an_order_that_failed_then_and_was_mended_since_is_found_in_the_erp(shop: Shop):
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


def test_what_the_channel_cancelled_since_is_a_conflict_as_the_erp_may_have_it(shop: Shop):
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


def test_the_comparison_calls_no_order_never_sent_that_the_lost_ledger_sent(shop: Shop):
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.run()
    shop.lose_it()
    shop.restore(backup_at)
    assert asyncio.run(compare_erp(ROUTE, shop.erp, shop.ledger, ACTOR)).counts == {"compared": 1}


def test_a_later_start_sets_nothing_aside_that_the_lost_ledger_may_have_sent(shop: Shop):
    shop.sell(1)
    shop.read()
    backup_at = shop.back_up()
    shop.lose_it()
    assert shop.ledger.set_aside("shop", datetime(2025, 1, 1, tzinfo=UTC), ACTOR) == 0
    shop.restore(backup_at)
    assert shop.ledger.set_aside("shop", datetime(2027, 1, 1, tzinfo=UTC), ACTOR) == 0


def test_a_backup_that_is_on_record_changes_nothing_twice(shop: Shop):
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
    assert any("This backup is on record" in line for line in again.lines)
    after = shop.sql.content()
    assert {table for table in before if before[table] != after[table]} == {"findings"}, "seen again"
    assert shop.ledger.holds(["channel_shop"]) == []


def test_a_ledger_that_is_lost_twice_is_looked_up_twice(shop: Shop):
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


def test_an_instant_at_which_no_backup_can_have_been_made_is_refused_and_changes_nothing(shop: Shop):
    shop.sell(1)
    shop.read()
    before = shop.sql.content()
    for backup_at, says in (
        (shop.ledger.now() + timedelta(hours=1), "and it is .* now"),
        (datetime(2020, 1, 1, tzinfo=UTC), "backup_at is 2020-01-01 00:00 UTC, and the ledger's first entry is of"),
    ):
        with pytest.raises(Misconfigured, match=says):
            restore(["shop"], shop.ledger, ACTOR, backup_at, NOW, UTC_ZONE, lambda since: PersonsRuns([]))
    assert shop.sql.content() == before


def test_a_new_ledger_without_any_backup_looks_everything_up_too(shop: Shop):
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


def test_a_new_ledger_without_any_backup_asks_before_it_floods_the_erp(shop: Shop):
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


def test_a_half_made_order_of_the_lost_ledger_is_finished_and_not_made_again(shop: Shop):
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


# What people decided


def lost(shop: Shop) -> tuple[datetime, datetime]:
    """Read three orders, back up, lose the ledger and restore it; the instants of the backup and of the loss."""
    shop.sell(1, 2, 3)
    shop.read()
    backup_at = shop.back_up()
    died_at = shop.ledger.now()
    shop.lose_it()
    return backup_at, died_at


def text(report: RestoreReport) -> str:
    return "\n".join(report.lines)


def test_each_lost_decision_is_listed_with_who_when_and_why_and_how_to_confirm_it(shop: Shop):
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


def test_what_a_filter_means_now_is_kept_from_being_sent_also_what_lands_later(shop: Shop):
    backup_at, at = lost(shop)
    run = person("on_hold", 0, at, order_keys=None, customer_account="C-1")
    shop.restore(backup_at, run)
    assert shop.sql.one("select count(*) from lost_decisions") == 3
    shop.sell(4)
    shop.run()
    report = shop.restore(backup_at, run)
    assert report.summary.counts == {"decisions_to_confirm": 4, "runs_by_filter": 1}
    assert '"order_keys": ["shop:4", "shop:3", "shop:2", "shop:1"], "action": "on_hold"' in text(report)
    assert "may mean other orders now than it did" in text(report)
    assert "C-1" not in text(report)
    shop.release()
    shop.run()
    assert shop.erp.submits == []


def test_of_a_filter_that_means_very_many_orders_all_are_kept_from_being_sent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.modules["order_sync.flows.people.restore"], "MOST", 2)
    backup_at, at = lost(shop)
    shop.restore(backup_at, person("on_hold", 0, at, order_keys=None, customer_account="C-1"))
    assert shop.sql.one("select count(*) from lost_decisions") == 3


def test_a_decision_that_an_earlier_restore_left_open_is_listed_after_the_next_one_and_once(shop: Shop):
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


def test_a_run_that_decided_nothing_or_that_the_ledger_knows_is_left_out(shop: Shop):
    backup_at, at = lost(shop)
    shop.sql.do(
        "insert into selections (run, action, asked, reason, chosen_by)"
        " values ('resync_orders/manual__ignore_1', 'ignore', '{}', '', '')"
    )
    runs = [person("ignore", 1, at), person("ignore", 2, at, dry_run=True)]
    runs.append(replace(person("ignore", 3, at), ended_at=backup_at - timedelta(hours=1), at=at - timedelta(hours=2)))
    runs.append(person("ignore", 3, shop.ledger.now() + timedelta(hours=1)))
    assert shop.restore(backup_at, *runs).summary.counts == {"held": 1, "to_look_up": 3}


def test_a_run_that_the_backup_holds_half_decided_is_a_lost_one(shop: Shop):
    backup_at, at = lost(shop)
    shop.sql.do(
        "with stored as (insert into selections (run, action, asked, reason, chosen_by)"
        " values ('resync_orders/manual__ignore_1', 'ignore', '{}', '', '') returning id)"
        " insert into selected_orders (selection_id, order_id) select stored.id, orders.id from stored, orders"
        " order by orders.id limit 1"
    )
    assert shop.restore(backup_at, person("ignore", 1, at)).summary.counts["decisions_to_confirm"] == 1


def test_a_run_that_began_before_the_backup_and_ended_after_it_counts(shop: Shop):
    backup_at, at = lost(shop)
    early = backup_at - timedelta(minutes=5)
    runs = [replace(person("ignore", 1, early), ended_at=at), replace(person("ignore", 2, early), ended_at=None)]
    assert shop.restore(backup_at, *runs).summary.counts["decisions_to_confirm"] == 2


def test_a_backup_that_is_older_than_somebody_says_loses_no_decision(shop: Shop):
    """The ledger's own last entry tells."""
    shop.sell(1)
    shop.read()
    shop.back_up()
    at = shop.ledger.now()
    shop.lose_it()
    report = shop.restore(shop.ledger.now(), person("ignore", 1, at))
    assert report.summary.counts["decisions_to_confirm"] == 1


def test_other_runs_of_people_are_listed_and_done_by_nobody(shop: Shop):
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


def test_without_airflows_own_memory_the_task_says_so_and_what_to_do(shop: Shop):
    backup_at, _ = lost(shop)
    report = shop.restore(backup_at, known=False)
    assert "DECISIONS OF PEOPLE ARE NOT KNOWN: Airflow cannot be asked" in text(report)
    assert "there is no connection 'airflow_api'" in text(report)
    assert report.summary.counts == {"held": 1, "to_look_up": 3}
    (finding,) = shop.ledger.untold(["order_ledger"])
    assert "list the runs of resync_orders since" in finding.detail


def test_a_dag_of_which_airflow_tells_no_runs_is_named_and_the_others_are_listed(shop: Shop):
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


def test_entries_from_after_the_backup_are_pointed_out(shop: Shop):
    backup_at, _ = lost(shop)
    shop.sell(4)
    shop.read()
    assert "DAGs have run since it was restored" in text(shop.restore(backup_at))


def test_a_lost_decision_is_confirmed_by_the_same_run_again_or_by_another_decision(shop: Shop):
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


def test_what_people_wrote_of_a_customer_is_not_in_the_list_of_what_they_decided(shop: Shop):
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
