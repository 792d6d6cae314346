"""Comparing, backfilling and first runs over the real ledger, with a channel and an ERP in memory."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.basics.progress import Progress
from order_sync.core.errors import Misconfigured, Transient
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import backfill, compare_channel, compare_erp, extract, push, refresh_reference, settle, validate
from order_sync.ledger import Ledger
from tests.ledger.steps import ACTOR, Sql, make_due
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, Sale

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
POLICY = Policy("unique_key", grace=timedelta(0))
SETTINGS = Settings()
BEFORE = Window(datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
PERSON = Actor(person="ursula", reason="the shop moved")


@pytest.fixture
def erp() -> MemoryErp:
    """An ERP that confirms at once."""
    return MemoryErp(Clock(), confirms_after=timedelta(0))


@pytest.fixture
def hours_ago(ledger: Ledger) -> Callable[[float], str]:
    """What a channel writes as the time of placing, so many hours ago by the ledger's clock."""
    return lambda hours: (ledger.now() - timedelta(hours=hours)).isoformat()


def read(ledger: Ledger, channel: MemoryChannel, route: Route = ROUTE) -> None:
    extract(route, channel, ledger, ACTOR, SETTINGS)


def queue(ledger: Ledger, erp: MemoryErp, channel: MemoryChannel, route: Route = ROUTE) -> None:
    read(ledger, channel, route)
    asyncio.run(refresh_reference(route, erp, ledger, ACTOR, timedelta(minutes=15)))
    validate(route, ledger, ACTOR)


def send(ledger: Ledger, erp: MemoryErp, route: Route = ROUTE, settings: Settings = SETTINGS) -> dict[str, int]:
    return asyncio.run(push(route, erp, ledger, ACTOR, POLICY, settings)).counts


def confirm(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    make_due(sql)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))


def old(number: int, **changes: object):
    return transaction(number, placed_at=f"2025-12-{number:02}T08:00:00+00:00", **changes)


# Beside the channel


def test_a_transaction_that_no_extract_saw_is_found_by_its_key_and_read(ledger: Ledger, sql: Sql, hours_ago):
    """R9, R53"""
    late = transaction(7, placed_at=hours_ago(5))
    channel = MemoryChannel([transaction(8, placed_at=hours_ago(4))], most_passed=0)
    read(ledger, channel)
    channel.rows.append(late)
    read(ledger, channel)
    assert ledger.counts("shop") == {"received": 1}, "its counter lies below the watermark"
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"compared": 2, "missing": 1, "new": 1, "orders": 1}
    assert ledger.counts("shop") == {"received": 2}
    (finding,) = ledger.untold(["channel_shop"])
    assert (finding.kind, finding.subject) == (FindingKind.MISSING, "shop:7")
    assert finding.detail.endswith("UTC; counter 7, and the channel had been read up to 8")
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"compared": 2}


@pytest.mark.parametrize("later", [6368005, 1], ids=["a jump", "a new beginning"])
def test_rows_below_the_watermark_that_never_landed_are_told_once_and_read(ledger: Ledger, later: int):
    """R9"""
    landed = [transaction(number) for number in (6368003, 6368004, 2_000_000_000)]
    channel = MemoryChannel(landed, most_passed=3)
    read(ledger, channel)
    channel.rows += [transaction(number) for number in (later, later + 1)]
    read(ledger, channel)
    assert ledger.counts("shop") == {"received": 5}
    (finding,) = ledger.untold(["channel_shop"])
    assert (finding.kind, finding.subject) == (FindingKind.PASSED_OVER, "counter 2000000000")
    assert finding.detail.startswith("2 of them, such as shop:")
    ledger.told([finding])
    channel.rows.append(transaction(later + 2))
    read(ledger, channel)
    read(ledger, channel)
    assert ledger.counts("shop") == {"received": 6}
    assert ledger.untold(["channel_shop"]) == []


def test_what_no_reading_gives_is_not_told_as_passed_over(ledger: Ledger):
    """As a row that a join drops, which is told as skipped."""

    class Dropping(MemoryChannel):
        def read_again(self, keys):
            yield [row for row in self.rows if row.key in keys and row.customer_account]

    channel = Dropping([transaction(1), transaction(9)])
    read(ledger, channel)
    channel.rows.append(transaction(5, customer_account=""))
    read(ledger, channel)
    assert ledger.untold(["channel_shop"]) == []


UNPAID = replace(transaction(1), digest="unpaid", not_an_order="unpaid")


@pytest.mark.parametrize(("days", "told"), [(2, []), (200, ["shop:1"])])
def test_a_row_that_becomes_an_order_is_found_however_late_and_told_once_the_comparison_is_past_it(
    ledger: Ledger, erp: MemoryErp, hours_ago, days: int, told: list[str]
):
    """R11"""
    placed_at = hours_ago(24 * days)
    channel = MemoryChannel([replace(UNPAID, placed_at=placed_at)])
    read(ledger, channel)
    channel.rows = [transaction(1, placed_at=placed_at)]
    queue(ledger, erp, channel)
    assert ledger.counts("shop") == {"queued": 1}
    found = ledger.untold(["channel_shop"])
    assert [each.subject for each in found if each.kind is FindingKind.ORDER_AFTER_ALL] == told
    assert [each.detail for each in found] == [f"placed {placed_at[:10]}" for _ in told]
    assert send(ledger, erp) == {"sent": 1}


def test_what_was_cancelled_and_is_taken_up_again_long_after_is_found(ledger: Ledger, hours_ago):
    placed_at = hours_ago(24 * 100)
    channel = MemoryChannel([transaction(1, placed_at=placed_at)])
    read(ledger, channel)
    channel.rows = [replace(UNPAID, placed_at=placed_at, not_an_order="RETURN_NOT_SUPPORTED")]
    read(ledger, channel)
    assert ledger.counts("shop") == {"cancelled_at_source": 1}
    channel.rows = [transaction(1, placed_at=placed_at, digest="again")]
    read(ledger, channel)
    assert ledger.counts("shop") == {"received": 1}
    assert [each.kind for each in ledger.untold(["channel_shop"])] == [FindingKind.ORDER_AFTER_ALL]


def test_what_lies_before_the_start_is_no_order_whatever_becomes_of_it(ledger: Ledger):
    channel = MemoryChannel([old(1, digest="unpaid", not_an_order="unpaid")])
    read(ledger, channel)
    channel.rows = [old(1)]
    read(ledger, channel)
    assert ledger.counts("shop") == {"not_an_order": 1}
    assert ledger.untold(["channel_shop"]) == []


def test_what_the_next_extract_will_read_is_not_missing(ledger: Ledger, hours_ago):
    """A till that was without a line commits what it sold hours ago, while the extract waits for its turn, or fails."""
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(30))])
    read(ledger, channel)
    channel.rows += [transaction(2, placed_at=hours_ago(0.5)), transaction(3, placed_at=hours_ago(3))]
    counts = compare_channel(ROUTE, channel, ledger, ACTOR).counts
    assert counts == {"compared": 2, "new": 1, "orders": 1}, "what is read already is no loss either"
    assert ledger.untold(["channel_shop"]) == []


class EarlierKeys(MemoryChannel):
    """A channel whose list of keys was read before its newest row was committed, and extracted by another run."""

    def keys(self, window):
        for keys in super().keys(window):
            yield keys[:-1]


def test_what_came_while_the_keys_were_read_is_not_gone(ledger: Ledger, hours_ago):
    rows = [transaction(1, placed_at=hours_ago(5)), transaction(2, placed_at=hours_ago(5))]
    channel = EarlierKeys(rows)
    read(ledger, channel)
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"compared": 1}
    assert ledger.untold(["channel_shop"]) == []


def test_what_was_placed_at_another_time_after_all_is_not_gone_and_read_again(ledger: Ledger, sql: Sql, hours_ago):
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5))])
    read(ledger, channel)
    channel.rows = [transaction(1, placed_at=hours_ago(500), digest="corrected")]
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"changed": 1}
    assert sql.one("select placed_at < clock_timestamp() - interval '10 days' from orders")
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {}


def test_before_its_first_extract_a_channel_is_not_compared(ledger: Ledger, hours_ago):
    assert compare_channel(ROUTE, MemoryChannel([transaction(1, placed_at=hours_ago(30))]), ledger, ACTOR).counts == {}


def test_what_changed_unseen_is_read_again_by_its_digest(ledger: Ledger, sql: Sql, hours_ago):
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5))])
    read(ledger, channel)
    channel.rows = [replace(channel.rows[0], digest="edited", total="11.00")]
    counts = compare_channel(ROUTE, channel, ledger, ACTOR).counts
    assert counts == {"compared": 1, "changed": 1}
    assert sql.one("select version from orders") == 2


def test_what_is_gone_from_the_channel_is_told_and_kept(ledger: Ledger, hours_ago):
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5)), transaction(2, placed_at=hours_ago(5))])
    read(ledger, channel)
    channel.rows.pop()
    assert compare_channel(ROUTE, channel, ledger, ACTOR).counts == {"compared": 1, "gone": 1}
    assert ledger.untold(["channel_shop"]) == [Finding("channel_shop", FindingKind.GONE, "shop:2")]
    assert ledger.counts("shop") == {"received": 2}


def test_another_database_than_the_accepted_one_is_not_compared(ledger: Ledger, hours_ago):
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5))])
    read(ledger, channel)
    with pytest.raises(Misconfigured, match="accept channel_shop"):
        compare_channel(ROUTE, replace(channel, database="another"), ledger, ACTOR)


def test_two_channels_that_would_make_orders_of_the_same_rows_are_refused_before_anything_is_read(
    ledger: Ledger, erp: MemoryErp, hours_ago
):
    channel = MemoryChannel([transaction(1, placed_at=hours_ago(5))])
    read(ledger, channel)
    twin = replace(ROUTE, channel="kiosk", twins=("channel_shop",))
    now = ledger.now()
    readings = (
        lambda: extract(twin, channel, ledger, ACTOR),
        lambda: compare_channel(twin, channel, ledger, ACTOR),
        lambda: asyncio.run(backfill(twin, channel, erp, ledger, ACTOR, Window(now - timedelta(days=1), now), 1)),
    )
    ledger.record("kiosk", "erp", [], Watermark("database 1", 1), ACTOR)
    for reading in readings:
        with pytest.raises(Misconfigured, match=r"channel_kiosk and channel_shop lead to the same database.*twice"):
            reading()
    assert ledger.counts("kiosk") == {}
    read(ledger, channel)
    extract(twin, replace(channel, database="another"), ledger, ACTOR)


class Killed(BaseException):
    """The worker's process is gone."""


def test_what_was_missing_is_told_although_the_run_dies_as_it_lands(
    ledger: Ledger, hours_ago, monkeypatch: pytest.MonkeyPatch
):
    channel = MemoryChannel([transaction(8, placed_at=hours_ago(4))])
    read(ledger, channel)
    channel.rows.append(transaction(7, placed_at=hours_ago(5)))
    record = ledger.record

    def die_after(*arguments):
        record(*arguments)
        raise Killed

    monkeypatch.setattr(ledger, "record", die_after)
    with pytest.raises(Killed):
        compare_channel(ROUTE, channel, ledger, ACTOR)
    assert ledger.counts("shop") == {"received": 2}
    assert [each.subject for each in ledger.untold(["channel_shop"])] == ["shop:7"]


# Beside the ERP


def test_an_order_in_the_erp_that_was_never_sent_is_listed_and_not_touched(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([transaction(1), transaction(2)])
    queue(ledger, erp, channel)
    send(ledger, erp)
    stranger = Sale(ErpOrderState.CONFIRMED, transaction(9).total, "EUR", erp.clock.now, "SO9")  # type: ignore[arg-type]
    erp.sales[transaction(9).key] = [stranger]
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 3, "never_sent": 1}
    assert ledger.untold(["erp_erp"]) == [Finding("erp_erp", FindingKind.NEVER_SENT, "SO9", "shop:9")]
    assert erp.sales[transaction(9).key] == [stranger]
    assert len(erp.submits) == 2


@pytest.mark.parametrize(
    ("happened", "event", "code"),
    [("cancelled", "cancelled_in_erp", "CANCELLED_IN_ERP"), ("doubled", "two_in_erp", "ORDER_CONFLICT")],
)
def test_an_order_that_is_done_and_was_cancelled_or_doubled_in_the_erp_is_a_conflict(
    ledger: Ledger, erp: MemoryErp, sql: Sql, happened: str, event: str, code: str
):
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    (sale,) = erp.sales[transaction(1).key]
    if happened == "cancelled":
        sale.state = ErpOrderState.CANCELLED
    else:
        erp.sales[transaction(1).key].append(replace(sale, number="SO2"))
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts[event] == 1
    assert sql.rows("select status, code from orders") == [("conflict", code)]
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts.get(event) is None


@pytest.mark.parametrize("then", ["", "North"])
def test_an_order_of_before_companies_were_told_is_no_other_one_in_the_erp_now(
    ledger: Ledger, erp: MemoryErp, sql: Sql, then: str
):
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    erp.company = "North"
    sql.do("update orders set erp_company = %s", then)
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1}
    erp.sales[transaction(1).key][0].state = ErpOrderState.CANCELLED
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts["cancelled_in_erp"] == 1


def test_an_order_under_its_number_in_another_company_is_a_second_one(ledger: Ledger, erp: MemoryErp, sql: Sql):
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    erp.company = "South"
    sql.do("update orders set erp_company = 'North'")
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts["two_in_erp"] == 1
    assert "more than once: SO1 of company North, SO1 of company South" in str(sql.one("select message from orders"))


def given_up(sql: Sql, status: str) -> None:
    """The order was sent and not found, and stands like this since."""
    sql.do("update orders set status = %s, next_look_at = null, lease_until = null", status)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        *((status, "mark the order as synced") for status in ("failed", "dead", "ignored", "on_hold", "conflict")),
        ("cancelled_at_source", "the channel cancelled it: cancel it in the ERP too"),
        ("not_an_order", "the channel says that it is no order"),
        ("waiting", "not all of its lines are here"),
        *((status, "it may be sent a second time") for status in ("received", "queued")),
        *((status, "no look-up has settled it for more than a day") for status in ("sent", "pending_verification")),
    ],
)
def test_an_order_that_lives_in_the_erp_and_is_not_done_here_is_a_finding_whatever_its_status(
    ledger: Ledger, erp: MemoryErp, sql: Sql, status: str, says: str
):
    erp.confirms_after = timedelta(days=9)
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    given_up(sql, status)
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1, "not_done": 1}
    (finding,) = ledger.untold(["erp_erp"])
    assert (finding.kind, finding.subject) == (FindingKind.NOT_DONE, "shop:1")
    assert finding.detail.startswith(f"in the ERP as SO1, here {status}: ")
    assert says in finding.detail
    assert sql.one("select status from orders") == status
    (sale,) = erp.sales[transaction(1).key]
    sale.state = ErpOrderState.CANCELLED
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1}


@pytest.mark.parametrize("outcome", [[], ["lost after"], ["half-made"]])
def test_what_is_still_to_be_looked_up_is_no_finding(ledger: Ledger, erp: MemoryErp, sql: Sql, outcome: list[str]):
    erp.confirms_after, erp.script = timedelta(days=9), outcome
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1}


def test_what_was_begun_in_the_erp_and_is_to_be_finished_by_the_next_push_is_no_finding(
    ledger: Ledger, erp: MemoryErp, sql: Sql
):
    erp.script = ["half-made"]
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    make_due(sql)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))
    assert ledger.counts("shop") == {"queued": 1}
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1}


@pytest.mark.parametrize("status", ["failed", "dead"])
def test_an_order_that_was_given_up_and_that_the_erp_confirms_late_has_succeeded(
    ledger: Ledger, erp: MemoryErp, sql: Sql, status: str
):
    erp.script = ["lost after"]
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    given_up(sql, status)
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1, "confirmed": 1}
    assert sql.rows("select status, erp_number, code from orders") == [("succeeded", "SO1", None)]
    assert ledger.untold(["erp_erp"]) == []


@pytest.mark.parametrize("changed", ["edited in the ERP", "another version here"])
def test_an_order_that_was_given_up_and_is_another_one_in_the_erp_has_not(
    ledger: Ledger, erp: MemoryErp, sql: Sql, changed: str
):
    erp.script = ["lost after"]
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    given_up(sql, "failed")
    if changed == "edited in the ERP":
        erp.sales[transaction(1).key][0].total += 1
    else:
        sql.do("update orders set first_attempt_at = null")
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1, "not_done": 1}


class LateErp(MemoryErp):
    """An ERP whose window holds only what was made last."""

    async def orders(self, channel, window):
        return (await super().orders(channel, window))[-1:]


@pytest.mark.parametrize(
    ("state", "status"), [(ErpOrderState.CANCELLED, "succeeded"), (ErpOrderState.HALF_MADE, "conflict")]
)
def test_an_order_that_is_done_is_compared_by_its_number_also_when_it_was_made_before_the_window(
    ledger: Ledger, sql: Sql, state: ErpOrderState, status: str
):
    """Somebody copied it: a copy that was cancelled at once does no harm, and one that lives is a second order."""
    erp = LateErp(Clock(), confirms_after=timedelta(0))
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    (sale,) = erp.sales[transaction(1).key]
    erp.sales[transaction(1).key].append(replace(sale, number="SO2", state=state))
    asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR))
    assert sql.one("select status from orders") == status


def test_an_erp_that_is_away_is_held_and_the_comparison_fails_by_that(ledger: Ledger, erp: MemoryErp):
    erp.down = True
    with pytest.raises(Transient):
        asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR))
    assert [hold.kind for hold in ledger.holds(["erp_erp"])] == [HoldKind.OUTAGE]


def test_a_long_comparison_tells_how_far_it_is_of_what_the_ledger_knows(ledger: Ledger, erp: MemoryErp, hours_ago):
    channel = MemoryChannel([transaction(number, placed_at=hours_ago(5)) for number in (1, 2)])
    queue(ledger, erp, channel)
    send(ledger, erp)
    channel.rows.append(transaction(3, placed_at=hours_ago(4)))
    lines: list[str] = []
    compare_channel(ROUTE, channel, ledger, ACTOR, progress=Progress(lines.append, clock=count(step=60).__next__))
    asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR, progress=Progress(lines.append, clock=count(step=60).__next__)))
    assert [line.partition(", ")[0] for line in lines] == [
        "compared of shop: 3",
        "read again of shop: 1",
        "compared of erp for shop: 2",
    ]


def test_the_ledger_counts_what_was_placed_in_a_window(ledger: Ledger, hours_ago):
    read(ledger, MemoryChannel([transaction(number, placed_at=hours_ago(number)) for number in (1, 2, 3, 4)]))
    now = ledger.now()
    assert ledger.placed("shop", Window(now - timedelta(hours=3.5), now - timedelta(hours=1.5))) == 2
    assert ledger.placed("elsewhere", Window(now - timedelta(hours=9), now)) == 0


# Backfill


def fill(ledger: Ledger, erp: MemoryErp, channel: MemoryChannel, at_most: int = 500) -> tuple[dict[str, int], bool]:
    summary, left = asyncio.run(backfill(ROUTE, channel, erp, ledger, PERSON, BEFORE, at_most))
    return summary.counts, left


def test_a_long_backfill_tells_how_far_it_is(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([old(1), old(2), old(3)])
    read(ledger, channel)
    lines: list[str] = []
    progress = Progress(lines.append, clock=count(step=60).__next__)
    asyncio.run(backfill(ROUTE, channel, erp, ledger, PERSON, BEFORE, 2, progress))
    assert [line.partition(", ")[0] for line in lines] == ["brought in of shop: 2"]


def test_what_lies_before_the_start_is_brought_in_and_sent_after_newer_orders(ledger: Ledger, erp: MemoryErp, sql: Sql):
    """R2"""
    channel = MemoryChannel([old(1), old(2), old(3), transaction(50)])
    read(ledger, channel)
    assert fill(ledger, erp, channel) == ({"backfilled": 3}, False)
    assert sql.rows("select distinct event, by, why from order_history where event <> 'landed'") == [
        ("backfilled", "ursula", "the shop moved")
    ]
    channel.rows.append(transaction(51))
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=Settings(claim_size=2, submit_concurrency=1)) == {"sent": 5}
    assert [int(key.parts[0]) for key in erp.submits] == [50, 51, 1, 2, 3]


def test_only_so_many_are_on_their_way_at_a_time(ledger: Ledger, erp: MemoryErp, sql: Sql):
    channel = MemoryChannel([old(number) for number in range(1, 6)])
    read(ledger, channel)
    assert fill(ledger, erp, channel, at_most=2) == ({"backfilled": 2}, True)
    assert fill(ledger, erp, channel, at_most=2) == ({}, True)
    queue(ledger, erp, channel)
    send(ledger, erp)
    confirm(ledger, erp, sql)
    assert fill(ledger, erp, channel, at_most=2) == ({"backfilled": 2}, True)
    assert fill(ledger, erp, channel, at_most=9) == ({"backfilled": 1}, False)


def test_what_the_erp_has_already_is_not_sent_and_told(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([old(1), old(2)])
    read(ledger, channel)
    erp.sales[old(1).key] = [Sale(ErpOrderState.CONFIRMED, old(1).total, "EUR", erp.clock.now, "SO1")]  # type: ignore[arg-type]
    assert fill(ledger, erp, channel) == ({"backfilled": 1, "in_erp_before_start": 1}, False)
    queue(ledger, erp, channel)
    send(ledger, erp)
    assert [key.parts for key in erp.submits] == [("2",)]
    channel.rows[0] = replace(channel.rows[0], digest="edited", total="99.00")
    queue(ledger, erp, channel)
    assert ledger.counts("shop") == {"not_an_order": 1, "sent": 1}


def test_what_is_no_order_or_gone_is_counted_and_holds_nothing_up(ledger: Ledger, erp: MemoryErp, sql: Sql):
    channel = MemoryChannel([old(1), old(2, not_an_order="voided"), old(3), old(4, present_lines=0)])
    read(ledger, channel)
    channel.rows.pop(0)
    assert fill(ledger, erp, channel) == ({"backfilled": 1, "not_an_order": 2, "gone": 1}, False)
    assert sql.rows("select order_key, status, reason from orders order by order_key") == [
        ("shop:1", "not_an_order", "before_start"),
        ("shop:2", "not_an_order", "voided"),
        ("shop:3", "received", ""),
        ("shop:4", "not_an_order", "lines_missing"),
    ]


def test_only_the_days_that_were_asked_for_are_brought_in(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([old(1), replace(old(2), placed_at="2025-11-30T23:59:59+00:00")])
    read(ledger, channel)
    assert fill(ledger, erp, channel) == ({"backfilled": 1}, False)


def test_a_backfill_that_dies_goes_on_with_what_is_left(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([old(1), old(2)])
    read(ledger, channel)
    erp.down = True
    with pytest.raises(Transient):
        fill(ledger, erp, channel)
    erp.down = False
    assert fill(ledger, erp, channel) == ({"backfilled": 2}, False)
    assert fill(ledger, erp, channel) == ({}, False)


# First run


FEW = Settings(first_run_limit=2)


def test_a_first_push_of_very_many_orders_waits_for_a_person(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([transaction(number) for number in (1, 2, 3)])
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=FEW) == {}
    (hold,) = ledger.holds(["channel_shop"])
    assert hold.kind is HoldKind.FIRST_RUN
    assert "its first push would send 3 orders, more than 2: release it with hold_connection" in hold.reason
    assert send(ledger, erp, settings=FEW) == {}
    assert ledger.release_hold("channel_shop", None, PERSON) == 1
    assert send(ledger, erp, settings=FEW) == {"sent": 3}


def test_who_releases_their_own_hold_is_asked_about_a_first_push_of_very_many_orders_all_the_same(
    ledger: Ledger, erp: MemoryErp
):
    queue(ledger, erp, MemoryChannel([transaction(number) for number in (1, 2, 3)]))
    ledger.hold("channel_shop", HoldKind.PERSON, HoldScope.SUBMIT, "not before the inventory", PERSON)
    assert send(ledger, erp, settings=FEW) == {}
    assert ledger.release_hold("channel_shop", None, PERSON) == 1
    assert send(ledger, erp, settings=FEW) == {}
    assert [hold.kind for hold in ledger.holds(["channel_shop"])] == [HoldKind.FIRST_RUN]


def test_a_channel_that_has_sent_before_or_sends_few_is_not_held(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([transaction(1)])
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=FEW) == {"sent": 1}
    channel.rows += [transaction(number) for number in range(2, 9)]
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=FEW) == {"sent": 7}


# By hand

BY_HAND = replace(ROUTE, by_hand="keyed in by the order desk until March")


def test_orders_of_a_channel_that_is_worked_by_hand_are_shown_and_counted_and_never_sent(
    ledger: Ledger, erp: MemoryErp, sql: Sql
):
    """R12, R62, R65"""
    channel = MemoryChannel([transaction(1), transaction(2, currency="XAF")])
    queue(ledger, erp, channel, BY_HAND)
    assert asyncio.run(push(BY_HAND, erp, ledger, ACTOR, POLICY, SETTINGS)).held == (
        "orders of shop are entered into the ERP by hand: keyed in by the order desk until March"
    )
    assert sql.rows("select code, status, jsonb_array_length(problems) from orders order by id") == [
        ("NOT_AUTOMATED", "failed", 1),
        ("CURRENCY_MAPPING", "failed", 2),
    ]
    assert erp.submits == []


def test_orders_that_people_may_have_entered_stay_unsent_once_the_channel_is_automated(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([transaction(1), transaction(2, currency="XAF")])
    queue(ledger, erp, channel, BY_HAND)
    known = asyncio.run(erp.reference())
    facts = {**known.facts, ("currency", "XAF"): {"digits": 0}}
    ledger.store_reference("erp", replace(known, facts=facts, as_of=ledger.now()), ACTOR)
    channel.rows.append(transaction(3))
    queue(ledger, erp, channel)
    assert send(ledger, erp) == {"sent": 1}
    assert [key.parts for key in erp.submits] == [("3",)]


def test_what_was_queued_before_the_channel_is_worked_by_hand_waits(ledger: Ledger, erp: MemoryErp):
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    assert asyncio.run(push(BY_HAND, erp, ledger, ACTOR, POLICY, SETTINGS)).counts == {}
    assert ledger.counts("shop") == {"queued": 1}


# What lies before the start and is an order all the same


LATER = replace(ROUTE, start_from=datetime(2026, 3, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ({"source_status": "packed"}, "queued"),
        ({"total": "20.00"}, "received"),
        ({"not_an_order": "voided"}, "cancelled_at_source"),
    ],
)
def test_a_backfilled_order_is_read_again_as_every_other_order(
    ledger: Ledger, erp: MemoryErp, sql: Sql, now: dict[str, str], status: str
):
    """R2, R11"""
    channel = MemoryChannel([old(1)])
    read(ledger, channel)
    fill(ledger, erp, channel)
    queue(ledger, erp, channel)
    channel.rows = [old(1, digest="another", **now)]
    read(ledger, channel)
    assert sql.one("select status from orders") == status
    assert sql.one("select count(*) from entries") == 1, "its version is kept, so that a report shows it"


def test_a_start_that_is_moved_cancels_no_order_that_was_sent(ledger: Ledger, erp: MemoryErp, sql: Sql):
    channel = MemoryChannel([transaction(1)])
    queue(ledger, erp, channel)
    send(ledger, erp)
    channel.rows = [transaction(1, digest="posted", source_status="posted")]
    read(ledger, channel, LATER)
    assert sql.rows("select status, message from orders") == [("sent", "")]
    assert sql.one("select count(*) from entries") == 1


# Lines that are missing

OVERDUE = Settings(lines_overdue_after=timedelta(microseconds=1))
GIFT = transaction(1, expected_lines=2, digest="one line of two")


@pytest.fixture
def overdue(ledger: Ledger, erp: MemoryErp) -> MemoryChannel:
    """A channel whose order failed, since one of its lines, which costs nothing, did not come in time."""
    channel = MemoryChannel([GIFT])
    extract(ROUTE, channel, ledger, ACTOR, OVERDUE)
    assert ledger.counts("shop") == {"failed": 1}
    return channel


def test_an_order_whose_header_promises_what_is_there_is_whole(ledger: Ledger, erp: MemoryErp, overdue: MemoryChannel):
    overdue.rows = [replace(GIFT, expected_lines=1, digest="one line of one")]
    queue(ledger, erp, overdue)
    assert ledger.counts("shop") == {"queued": 1}


def test_an_order_that_changes_while_lines_are_missing_is_not_sent(
    ledger: Ledger, erp: MemoryErp, overdue: MemoryChannel
):
    overdue.rows = [replace(GIFT, reference="WEB-2", digest="still one line of two")]
    queue(ledger, erp, overdue)
    assert ledger.counts("shop") == {"failed": 1}


def test_a_queued_order_that_is_promised_another_line_is_not_sent_without_it(ledger: Ledger, erp: MemoryErp):
    channel = MemoryChannel([replace(GIFT, expected_lines=1, digest="one line of one")])
    queue(ledger, erp, channel)
    channel.rows = [GIFT]
    asyncio.run(push(ROUTE, erp, ledger, ACTOR, POLICY, SETTINGS, channel=channel))
    validate(ROUTE, ledger, ACTOR)
    assert erp.submits == []
    assert ledger.counts("shop") == {"failed": 1}


def test_a_later_start_takes_back_what_the_first_push_would_have_sent(ledger: Ledger, erp: MemoryErp, sql: Sql):
    """R2: as the hold's reason advises."""
    channel = MemoryChannel([transaction(1), transaction(2, currency="XAF"), transaction(3), transaction(4)])
    channel.rows.append(transaction(5, placed_at="2026-03-03T00:00:00+00:00"))
    queue(ledger, erp, channel)
    assert send(ledger, erp, settings=FEW) == {}
    assert "otherwise set its start_from later in the registry" in ledger.holds(["channel_shop"])[0].reason
    assert send(ledger, erp, LATER, settings=FEW) == {"before_start": 4}
    ledger.release_hold("channel_shop", None, PERSON)
    assert send(ledger, erp, LATER, settings=FEW) == {"sent": 1}
    assert [key.parts for key in erp.submits] == [("5",)]
    assert sql.rows("select distinct status, reason, code from orders where order_key < 'shop:5'") == [
        ("not_an_order", "before_start", None)
    ]
    after = Window(datetime(2026, 3, 1, tzinfo=UTC), LATER.start_from)
    assert asyncio.run(backfill(LATER, channel, erp, ledger, PERSON, after, 9))[0].counts == {"backfilled": 4}
