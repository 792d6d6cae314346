"""Systems that are away: held at first sight, probed once a cycle, and used again by themselves."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.catalogue import CATALOGUE, Hint
from order_sync.core.errors import LedgerUnavailable, NotAuthorised, OrderRefused, Transient
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.records.orders import Claim
from order_sync.core.sending.holds import HOLDS_AFTER, HoldKind, HoldScope
from order_sync.core.sending.receipts import Receipt
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, settle, validate
from order_sync.flows.sending.closing import RefusesEverything
from order_sync.flows.sending.push import PROBES
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
FIRST, NEXT = Actor("dag/run 1/push"), Actor("dag/run 2/push")
POLICY = Policy("unique_key")
ONE_AT_A_TIME = Settings(submit_concurrency=1)


def ready(*numbers: int) -> tuple[MemoryLedger, MemoryErp]:
    """A ledger in which these orders are queued, and an ERP on its clock."""
    ledger = MemoryLedger(Clock(), copy=reference())
    sell(ledger, numbers)
    return ledger, MemoryErp(ledger.clock)


def sell(ledger: MemoryLedger, numbers: Iterable[int], route: Route = ROUTE) -> None:
    """Let these orders be sold in a channel, and queued."""
    sold = [
        replace(each, key=OrderKey(route.channel, each.key.parts))
        for each in (transaction(number) for number in numbers)
    ]
    extract(route, MemoryChannel(sold), ledger, FIRST)
    validate(route, ledger, FIRST)


def run_push(ledger: MemoryLedger, erp: MemoryErp, actor: Actor, route: Route = ROUTE) -> Summary:
    return asyncio.run(push(route, erp, ledger, actor, POLICY, ONE_AT_A_TIME, ledger.clock.monotonic))


def test_an_outage_is_held_at_first_sight_by_the_task_that_stays_red() -> None:
    ledger, erp = ready(1)
    erp.script = ["away"]
    erp.confirms_after = erp.confirms_after * 0
    with pytest.raises(Transient):
        run_push(ledger, erp, FIRST)
    (hold,) = ledger.in_force
    assert (hold.connection, hold.kind, hold.scope, hold.by) == ("erp_erp", HoldKind.OUTAGE, HoldScope.ALL, FIRST.by)
    erp.down = True
    with pytest.raises(Transient):
        run_push(ledger, erp, FIRST)


def test_while_an_outage_lasts_the_next_runs_probe_once_and_skip() -> None:
    ledger, erp = ready(1)
    erp.script = ["away"]
    with pytest.raises(Transient):
        run_push(ledger, erp, FIRST)
    erp.down = True
    summary = run_push(ledger, erp, NEXT)
    assert "connection refused" in str(summary.held)
    assert str(summary) == f"nothing to do; on hold: {summary.held}"
    assert ledger.status() is Status.QUEUED


def test_a_hold_ends_by_itself_and_the_queue_drains() -> None:
    ledger, erp = ready(1, 2, 3)
    erp.script = ["away"]
    with pytest.raises(Transient):
        run_push(ledger, erp, FIRST)
    assert run_push(ledger, erp, NEXT).counts == {"sent": 3}
    assert ledger.in_force == []


def test_a_refused_key_is_a_hold_of_its_own_kind() -> None:
    ledger, erp = ready(1)

    async def refuse(order: Order) -> Receipt:
        raise NotAuthorised("the key is not accepted")

    erp.submit = refuse
    with pytest.raises(NotAuthorised):
        run_push(ledger, erp, FIRST)
    assert [hold.kind for hold in ledger.in_force] == [HoldKind.ACCESS]
    assert ledger.status() is Status.QUEUED


def test_verdicts_of_the_window_still_fall_while_the_erp_is_away() -> None:
    ledger, erp = ready(1)
    run_push(ledger, erp, FIRST)
    erp.down = True
    ledger.clock.sleep(minutes=1)
    with pytest.raises(Transient):
        asyncio.run(settle(ROUTE, erp, ledger, FIRST, POLICY))
    ledger.clock.sleep(minutes=28, seconds=59)
    asyncio.run(settle(ROUTE, erp, ledger, NEXT, POLICY))
    assert ledger.status() is Status.SENT
    ledger.clock.sleep(seconds=1)
    summary = asyncio.run(settle(ROUTE, erp, ledger, NEXT, POLICY))
    assert summary.counts == {"window_over": 1}
    row = ledger.rows[transaction().key]
    assert row.status is Status.PENDING_VERIFICATION
    assert "the ERP is away" in row.message
    erp.down = False
    ledger.clock.sleep(minutes=6)
    assert asyncio.run(settle(ROUTE, erp, ledger, NEXT, POLICY)).counts == {"confirmed": 1}


def test_a_ledger_that_is_away_holds_nobody_else() -> None:
    ledger, erp = ready(1)

    def gone(*_: object, **__: object) -> Claim:
        raise LedgerUnavailable("the ledger does not answer")

    ledger.claim = gone
    with pytest.raises(LedgerUnavailable):
        run_push(ledger, erp, FIRST)
    assert ledger.in_force == []


def test_a_channel_that_is_away_is_held_for_its_extract_alone() -> None:
    ledger, erp = ready(1)
    channel = MemoryChannel([transaction(1), transaction(2)], down=True)
    with pytest.raises(Transient):
        extract(ROUTE, channel, ledger, FIRST)
    assert [hold.connection for hold in ledger.in_force] == ["channel_shop"]
    with pytest.raises(Transient):
        extract(ROUTE, channel, ledger, FIRST)
    assert "the channel is away" in (extract(ROUTE, channel, ledger, NEXT).held or "")
    assert run_push(ledger, erp, NEXT).counts == {"sent": 1}
    channel.down = False
    assert extract(ROUTE, channel, ledger, NEXT).counts["new"] == 1
    assert ledger.in_force == []


@dataclass
class Refusing(MemoryErp):
    """An ERP that refuses orders with one code, as long as it has one: those of `bad`, or every one."""

    code: str | None = None
    said: str = "the period is closed"
    bad: Callable[[OrderKey], bool] = lambda key: True
    refused: list[OrderKey] = field(default_factory=list)

    async def submit(self, order: Order) -> Receipt:
        if self.code and self.bad(order.key):
            self.refused.append(order.key)
            raise OrderRefused(self.said, code=self.code)
        return await super().submit(order)


def number_of(key: OrderKey) -> int:
    return int(key.parts[0])


def stand(ledger: MemoryLedger, status: Status) -> list[int]:
    """The numbers of the orders in this status."""
    return [number_of(key) for key, row in ledger.rows.items() if row.status is status]


def test_one_cause_behind_many_refusals_is_a_hold_and_no_order_fails() -> None:
    ledger, _ = ready(*range(1, 11))
    erp = Refusing(ledger.clock)
    erp.code = "PERIOD_CLOSED"
    with pytest.raises(RefusesEverything, match=r"refused the last \d+ orders with PERIOD_CLOSED"):
        run_push(ledger, erp, FIRST)
    assert ledger.counts("shop") == {Status.QUEUED: 10}
    (hold,) = ledger.in_force
    assert (hold.kind, hold.scope) == (HoldKind.CONFIGURATION, HoldScope.SUBMIT)

    summary = run_push(ledger, erp, NEXT)
    assert "PERIOD_CLOSED: The order's date is in a closed accounting period, or in no period." in str(summary.held)
    assert f"on hold: {summary.held}" in str(summary), "which the task logs"
    assert ledger.counts("shop") == {Status.QUEUED: 10}

    erp.code = None
    assert run_push(ledger, erp, NEXT).counts == {"sent": 10}
    assert ledger.in_force == []
    assert Event.CONFIGURATION_SUSPECTED in {event for _, _, event, _, _ in ledger.history}


def test_an_order_with_which_a_held_erp_is_probed_again_and_again_does_not_die_of_it() -> None:
    ledger, _ = ready(*range(1, 6))
    erp = Refusing(ledger.clock)
    erp.code = "PERIOD_CLOSED"
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST)
    for _ in range(5):
        assert run_push(ledger, erp, NEXT).held
    ledger.release_hold("erp_erp", None, Actor(person="ursula", reason="mended, they say"))
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, NEXT)
    assert ledger.counts("shop") == {Status.QUEUED: 5}


def test_what_the_erp_said_of_one_order_is_in_no_hold_and_in_no_alert() -> None:
    """R178"""
    ledger, _ = ready(*range(1, 31))
    erp = Refusing(ledger.clock)
    erp.code, erp.said = "REJECTED_BY_ERP", "Zebedee owes us money"
    with pytest.raises(RefusesEverything) as caught:
        run_push(ledger, erp, FIRST)
    assert "The DAG explain_order shows its text for shop:" in str(caught.value)
    assert "Zebedee" not in f"{caught.value} {ledger.in_force} {run_push(ledger, erp, NEXT).held}"


def test_orders_that_are_wrong_themselves_never_hold_the_erp() -> None:
    ledger, _ = ready(*range(1, 11))
    erp = Refusing(ledger.clock)
    erp.code = "SKU_NOT_FOUND"
    assert run_push(ledger, erp, FIRST).counts == {"refused": 10}
    assert ledger.in_force == []


@pytest.mark.parametrize("code", ["REJECTED_BY_ERP", "UNKNOWN", "NEVER_HEARD_OF", "PRICE_PRECISION"])
@pytest.mark.parametrize("first", [1, 11, 36], ids=["the first", "in the middle", "the last"])
def test_five_bad_orders_side_by_side_fail_and_all_others_are_sent_in_a_green_run(code: str, first: int) -> None:
    ledger, _ = ready(*range(1, 41))
    bad = range(first, first + 5)
    erp = Refusing(ledger.clock, code=code, said="no tabs here", bad=lambda key: number_of(key) in bad)
    assert run_push(ledger, erp, FIRST).counts == {"refused": 5, "sent": 35}
    assert stand(ledger, Status.FAILED) == [*bad]
    assert {(row.code, row.message) for row in ledger.rows.values() if row.status is Status.FAILED} == {
        (code, "no tabs here")
    }
    assert ledger.in_force == []
    assert run_push(ledger, erp, NEXT).counts == {}


def test_a_code_that_only_an_order_of_its_own_can_have_holds_no_erp_however_many_there_are() -> None:
    ledger, _ = ready(*range(1, 61))
    erp = Refusing(ledger.clock, code="PRICE_PRECISION")
    assert run_push(ledger, erp, FIRST).counts == {"refused": 60}
    assert ledger.in_force == []


@pytest.mark.parametrize(("hint", "held"), [("yes", True), ("maybe", False), ("no", False)])
def test_whether_refusals_hold_the_erp_follows_from_the_entry_and_not_from_its_words(
    monkeypatch: pytest.MonkeyPatch, hint: Hint, held: bool
) -> None:
    words: dict[str, Any] = dict.fromkeys(("meaning", "fixer", "steps", "then"), "ERP-admin mends the set-up")
    known = CATALOGUE["PRICE_PRECISION"]
    monkeypatch.setitem(CATALOGUE, "PRICE_PRECISION", replace(known, **words, hints_at_setup=hint))
    ledger, _ = ready(*range(1, 11))
    with suppress(RefusesEverything):
        run_push(ledger, Refusing(ledger.clock, code="PRICE_PRECISION"), FIRST)
    assert bool(ledger.in_force) is held


def test_a_refusal_that_nobody_knows_holds_an_erp_that_takes_none_of_many_orders_and_none_fails() -> None:
    ledger, _ = ready(*range(1, 301))
    erp = Refusing(ledger.clock, code="REJECTED_BY_ERP", said="the sequence is missing")
    with pytest.raises(RefusesEverything, match=r"refused the last \d+ orders with REJECTED_BY_ERP"):
        run_push(ledger, erp, FIRST)
    assert ledger.counts("shop") == {Status.QUEUED: 300}
    assert (HOLDS_AFTER["maybe"] or 300) <= len(erp.refused) < 300
    assert run_push(ledger, erp, NEXT).held
    erp.code = None
    assert run_push(ledger, erp, NEXT).counts == {"sent": 300}


def test_an_order_that_waits_for_a_held_erp_still_says_what_the_erp_said_of_it() -> None:
    ledger, _ = ready(*range(1, 6))
    erp = Refusing(ledger.clock, code="PERIOD_CLOSED")
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST)
    assert ledger.counts("shop") == {Status.QUEUED: 5}
    assert {(row.code, row.message) for row in ledger.rows.values()} == {("PERIOD_CLOSED", "the period is closed")}
    erp.code = None
    run_push(ledger, erp, NEXT)
    assert {row.code for row in ledger.rows.values()} == {None}


def test_a_success_between_takes_all_before_it_out_of_the_row() -> None:
    ledger, _ = ready(*range(1, 10))
    erp = Refusing(ledger.clock, code="PERIOD_CLOSED", bad=lambda key: number_of(key) != 5)
    assert run_push(ledger, erp, FIRST).counts == {"refused": 8, "sent": 1}
    assert ledger.in_force == []


def test_what_is_refused_for_its_own_sake_between_does_not_hide_a_wrong_set_up() -> None:
    ledger, _ = ready(*range(1, 11))
    erp = Refusing(ledger.clock, code="PERIOD_CLOSED")

    async def submit(order: Order) -> Receipt:
        code = "SKU_NOT_FOUND" if number_of(order.key) % 2 else "PERIOD_CLOSED"
        raise OrderRefused("no", code=code)

    erp.submit = submit
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST)
    assert stand(ledger, Status.FAILED) == [1, 3, 5, 7, 9]
    assert stand(ledger, Status.QUEUED) == [2, 4, 6, 8, 10]


def test_orders_that_are_refused_before_and_after_a_success_fail_and_hold_nobody_again() -> None:
    ledger, _ = ready(*range(1, 6))
    erp = Refusing(ledger.clock, code="TAX_MAPPING", bad=lambda key: number_of(key) <= 5)
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST)
    sell(ledger, range(6, 13))
    assert run_push(ledger, erp, NEXT).counts == {"refused": 5, "sent": 7}
    assert stand(ledger, Status.FAILED) == [1, 2, 3, 4, 5]
    assert {row.code for row in ledger.rows.values() if row.status is Status.FAILED} == {"TAX_MAPPING"}
    assert ledger.in_force == []


def test_the_more_orders_have_a_trouble_of_their_own_the_more_must_be_refused_before_the_set_up_is_suspected() -> None:
    """Half of the orders bear a tax that is gone: they fail, the rest goes, and few runs are red on the way."""
    ledger, _ = ready(*range(1, 201))
    erp = Refusing(ledger.clock, code="TAX_MAPPING", bad=lambda key: number_of(key) // 10 % 2 == 0)
    red = 0
    while ledger.counts("shop").get(Status.QUEUED):
        try:
            run_push(ledger, erp, NEXT)
        except RefusesEverything:
            red += 1
    assert red <= 3
    assert ledger.counts("shop") == {Status.FAILED: 100, Status.SENT: 100}


def test_each_probe_of_a_held_erp_takes_another_order() -> None:
    ledger, _ = ready(*range(1, 8))
    erp = Refusing(ledger.clock, code="PERIOD_CLOSED")
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST)
    erp.refused.clear()
    for _ in range(7):
        assert run_push(ledger, erp, NEXT).held
    assert sorted(map(number_of, erp.refused)) == [*range(1, 8)]


def test_a_probe_that_fails_for_its_own_sake_is_followed_by_another() -> None:
    ledger, _ = ready(*range(1, 6))
    erp = Refusing(ledger.clock, code="PERIOD_CLOSED")
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST)
    sell(ledger, range(6, 9))
    erp.code, erp.said, erp.bad = "SKU_NOT_FOUND", "no such article", lambda key: number_of(key) in (6, 7)
    assert run_push(ledger, erp, NEXT).counts == {"refused": 2, "sent": 6}
    assert stand(ledger, Status.FAILED) == [6, 7]
    assert ledger.in_force == []


def test_one_push_tries_a_held_erp_with_a_few_orders_only() -> None:
    ledger, _ = ready(*range(1, 31))
    erp = Refusing(ledger.clock, code="PERIOD_CLOSED")
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST)
    erp.code = "SKU_NOT_FOUND"
    erp.refused.clear()
    assert run_push(ledger, erp, NEXT).held
    assert len(erp.refused) == PROBES


TILL = replace(ROUTE, channel="till")


def of_both(ledger: MemoryLedger) -> Counter[str]:
    """How many orders of both channels stand in each status."""
    return Counter(ledger.counts("shop")) + Counter(ledger.counts("till"))


def test_refusals_of_two_channels_of_one_erp_are_in_one_row() -> None:
    ledger, _ = ready(*range(1, 13))
    sell(ledger, range(101, 113), TILL)
    erp = Refusing(ledger.clock, code="REJECTED_BY_ERP")
    assert run_push(ledger, erp, FIRST).counts == {"refused": 12}
    with pytest.raises(RefusesEverything):
        run_push(ledger, erp, FIRST, TILL)
    assert of_both(ledger) == {Status.QUEUED: 24}, "those that had failed come back with the others"
    for route in (ROUTE, TILL):
        assert run_push(ledger, erp, NEXT, route).held
    erp.code = None
    assert [run_push(ledger, erp, NEXT, route).counts for route in (TILL, ROUTE)] == [{"sent": 12}, {"sent": 12}]


@pytest.mark.parametrize("code", ["REJECTED_BY_ERP", "TAX_MAPPING"])
def test_one_channels_bad_orders_stop_the_other_channel_of_its_erp_for_no_run(code: str) -> None:
    ledger, _ = ready(*range(1, 61))
    erp = Refusing(ledger.clock, code=code, bad=lambda key: key.channel == "shop")
    for turn in range(10):
        with suppress(RefusesEverything):
            run_push(ledger, erp, NEXT)
        sell(ledger, range(turn * 10 + 1, turn * 10 + 11), TILL)
        assert run_push(ledger, erp, NEXT, TILL).counts["sent"] == 10
    assert of_both(ledger) == {Status.FAILED: 60, Status.SENT: 100}
    assert ledger.in_force == []
