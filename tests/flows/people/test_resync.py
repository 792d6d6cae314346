"""People choose orders and decide about them, over a ledger and an ERP in memory."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.errors import Misconfigured, Transient
from order_sync.core.life.lifecycle import Status
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, resync, settle, validate
from order_sync.flows.people.resync import Resynced
from order_sync.flows.sending.push import time_to_send
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, Sale, reference
from tests.memory.peoples_ledger import PeoplesLedger
from tests.support.asking import decision

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR, URSULA = Actor("test"), Actor("resync_orders/run/decide", person="ursula", reason="the cause is mended")
POLICY = Policy("unique_key")


def ready(*numbers: int, guarantee: str = "unique_key") -> tuple[PeoplesLedger, MemoryErp]:
    """A ledger in which these orders are queued, and an ERP on its clock."""
    ledger = PeoplesLedger(Clock(), copy=reference())
    extract(ROUTE, MemoryChannel([transaction(number) for number in numbers]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger, MemoryErp(ledger.clock, guarantee)


def send(ledger: PeoplesLedger, erp: MemoryErp, selection: int | None = None, settings: Settings | None = None):
    validate(ROUTE, ledger, ACTOR)
    run = push(ROUTE, erp, ledger, ACTOR, POLICY, settings or Settings(), ledger.clock.monotonic, selection=selection)
    return asyncio.run(run).counts


def failed(*numbers: int) -> tuple[PeoplesLedger, MemoryErp]:
    """A ledger in which the ERP refused these orders."""
    ledger, erp = ready(*numbers)
    erp.script = ["refused"] * len(numbers)
    send(ledger, erp, settings=Settings(submit_concurrency=1))
    return ledger, erp


def keys(*numbers: int) -> Selection:
    return Selection(keys=tuple(transaction(number).key for number in numbers))


def decide(
    ledger: PeoplesLedger,
    erp: MemoryErp,
    action: Action,
    selection: Selection,
    *numbers: str,
    run: str = "resync_orders/run",
    route: Route = ROUTE,
    **asked: bool,
) -> Resynced:
    """Decide in the name of a person; `numbers` are those of the selection's keys in the ERP."""
    named = dict(zip(selection.keys, numbers, strict=False))
    what = decision(selection, action, URSULA.reason, named, **asked)

    async def connect(name: str) -> MemoryErp:
        assert name == "shop"
        return erp

    return asyncio.run(resync(what, run, {}, {"shop": route}, connect, ledger, URSULA, 3))


def in_conflict(*founds: tuple[ErpOrderState, str]) -> tuple[PeoplesLedger, MemoryErp]:
    """An order in conflict, and what the ERP shows of it by now: states and numbers."""
    ledger, erp = ready(1)
    erp.script = ["edited"]
    send(ledger, erp)
    ledger.clock.sleep(minutes=1)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))
    assert ledger.status() is Status.CONFLICT
    key, row = next(iter(ledger.rows.items()))
    erp.sales[key] = [Sale(state, row.total, "EUR", ledger.clock.now, number) for state, number in founds]
    return ledger, erp


def test_failed_orders_are_sent_again_at_once_and_each_is_in_the_erp_once():
    """R87, R89, R90"""
    ledger, erp = failed(1, 2, 3)
    erp.down = True
    result = decide(ledger, erp, Action.RESYNC, keys(1, 2))
    assert (result.summary.counts, result.to_send) == ({"done": 2}, {"erp": ["shop"]})
    erp.down = False
    assert send(ledger, erp, 0) == {"sent": 2}
    assert [ledger.status(number) for number in (1, 2, 3)] == [Status.SENT, Status.SENT, Status.FAILED]
    assert [by for *_, event, _, by in ledger.history if event == "resync"] == [URSULA.by] * 2
    assert all(len(sales) == 1 for sales in erp.sales.values())


def test_a_twin_that_another_channel_landed_as_no_order_is_not_decided_about():
    """R5, R103"""
    ledger, erp = failed(1)
    twin = replace(transaction(1), key=replace(transaction(1).key, channel="till"), not_an_order="web_order")
    ledger.rows[twin.key] = replace(ledger.rows[transaction(1).key], transaction=twin, status=Status.NOT_AN_ORDER)
    result = decide(ledger, erp, Action.RESYNC, Selection(reference="WEB-1"))
    assert (result.summary.counts, ledger.status()) == ({"done": 1}, Status.RECEIVED)


def test_all_orders_of_an_error_code_go_on_together_and_no_other():
    """R102, R104"""
    ledger, erp = failed(1, 2, 3)
    ledger.rows[transaction(2).key].code = "SKU_NOT_FOUND"
    decide(ledger, erp, Action.RESYNC, Selection(code="REJECTED_BY_ERP"))
    assert [ledger.status(number) for number in (1, 2, 3)] == [Status.RECEIVED, Status.FAILED, Status.RECEIVED]


def test_only_the_selected_orders_are_sent():
    ledger, erp = failed(1)
    extract(ROUTE, MemoryChannel([transaction(2)]), ledger, ACTOR)
    decide(ledger, erp, Action.RESYNC, keys(1))
    assert send(ledger, erp, 0) == {"sent": 1}
    assert ledger.status(2) is Status.QUEUED


def test_a_dry_run_writes_nothing_and_lists_the_orders_with_their_last_error_first(caplog):
    ledger, erp = failed(1, 2)
    caplog.set_level(logging.INFO)
    result = decide(ledger, erp, Action.RESYNC, Selection(status=Status.FAILED), dry_run=True)
    assert (result.summary.counts, result.to_send) == ({"matched": 2}, {})
    assert "dry run" in str(result.summary)
    assert "shop:1 is failed · REJECTED_BY_ERP no such article" in caplog.text
    assert (ledger.runs, ledger.status()) == ({}, Status.FAILED)


def test_a_filter_that_matches_many_needs_a_confirmation_and_keys_need_none():
    ledger, erp = failed(1, 2, 3, 4)
    asked = decide(ledger, erp, Action.IGNORE, Selection(status=Status.FAILED))
    assert asked.summary.counts == {"matched": 4}
    assert "more than 3 match: trigger it again with confirm" in str(asked.summary)
    assert (ledger.runs, ledger.counts("shop")) == ({}, {"failed": 4})
    assert decide(ledger, erp, Action.IGNORE, Selection(status=Status.FAILED), confirm=True).summary.counts == {
        "done": 4
    }
    assert decide(ledger, erp, Action.RELEASE, keys(1, 2, 3, 4), run="r2").summary.counts == {"done": 4}


def test_a_filter_that_matches_nothing_is_a_clear_answer():
    ledger, erp = failed(1)
    result = decide(ledger, erp, Action.RESYNC, Selection(status=Status.DEAD))
    assert (str(result.summary), result.to_send) == ("nothing to do; no order was chosen", {})


def test_a_key_that_the_ledger_does_not_know_is_named_and_nothing_is_done_to_the_others():
    ledger, erp = failed(1)
    with pytest.raises(Misconfigured, match="the ledger has no orders shop:8, shop:9: correct the keys"):
        decide(ledger, erp, Action.RESYNC, keys(1, 8, 9))
    assert (ledger.status(), ledger.runs) == (Status.FAILED, {})


def test_what_the_ledger_does_not_know_and_numbers_that_are_given_twice_are_said_at_once():
    ledger, erp = failed(1)
    with pytest.raises(Misconfigured) as error:
        decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1, 8), "SO7", "SO7")
    assert "the ledger has no orders shop:8: correct the keys" in str(error.value)
    assert "SO7 is given for shop:1 and for shop:8" in str(error.value)
    assert ledger.runs == {}


def test_an_erp_number_that_is_given_to_two_orders_is_refused_before_anything_is_done():
    ledger, erp = failed(1, 2)
    with pytest.raises(Misconfigured, match="SO7 is given for shop:1 and for shop:2"):
        decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1, 2), "SO7", "SO7")
    assert ledger.runs == {}


def test_a_cleared_task_repeats_its_decision_for_the_orders_that_it_chose_first():
    """R105"""
    ledger, erp = failed(1)
    chosen = Selection(status=Status.FAILED)
    decide(ledger, erp, Action.RESYNC, chosen)
    extract(ROUTE, MemoryChannel([transaction(2)]), ledger, ACTOR)
    erp.script = ["refused", "refused"]
    send(ledger, erp)
    assert ledger.counts("shop") == {"failed": 2}

    assert decide(ledger, erp, Action.RESYNC, chosen).summary.counts == {"done": 1}
    assert (ledger.status(1), ledger.status(2)) == (Status.RECEIVED, Status.FAILED)
    assert decide(ledger, erp, Action.RESYNC, chosen).summary.counts == {"done": 1}, "done before: it stands"
    assert [event for *_, event, _, _ in ledger.history].count("resync") == 2


def test_two_decisions_about_the_same_orders_are_told_apart():
    ledger, erp = failed(1)
    decide(ledger, erp, Action.RESYNC, keys(1), run="one")
    second = decide(ledger, erp, Action.RESYNC, keys(1), run="two")
    assert second.summary.counts == {"unchanged": 1}
    assert send(ledger, erp, 0) == {"sent": 1}
    assert send(ledger, erp, 1) == {}
    assert len(erp.submits) == 2, "the refused one, and one more"


def test_an_order_that_changes_meanwhile_is_decided_about_as_it_stands_then():
    ledger, erp = failed(1)

    def once() -> None:
        ledger.meanwhile = lambda: None
        row = ledger.rows[transaction(1).key]
        row.status, row.generation = Status.ON_HOLD, row.generation + 1

    ledger.meanwhile = once
    result = decide(ledger, erp, Action.RESYNC, keys(1))
    assert (result.summary.counts, ledger.status()) == ({"refused": 1}, Status.ON_HOLD)
    assert ledger.results[transaction(1).key].message == "it is on hold: release it first"


def test_an_order_that_never_stands_still_is_refused_in_the_end():
    ledger, erp = failed(1)
    row = ledger.rows[transaction(1).key]

    def stir() -> None:
        row.generation += 1

    ledger.meanwhile = stir
    assert decide(ledger, erp, Action.RESYNC, keys(1)).summary.counts == {"refused": 1}
    assert "clear this task" in ledger.results[transaction(1).key].message


def test_what_was_ever_in_the_erps_hands_is_looked_up_before_it_is_sent_again_and_goes_in_the_same_push():
    """R44"""
    ledger, erp = ready(1)
    erp.script = ["forgotten"]
    send(ledger, erp)
    ledger.clock.sleep(minutes=31)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))
    assert ledger.status() is Status.PENDING_VERIFICATION
    decide(ledger, erp, Action.RESYNC, keys(1))
    assert send(ledger, erp, 0) == {"changed_since": 1, "absent": 1, "sent": 1}
    assert len(erp.submits) == 2


@pytest.mark.parametrize("guarantee", ["unique_key", "searchable", "blind"])
def test_an_order_that_the_erp_has_is_not_sent_again_whatever_the_erp_guarantees(guarantee):
    """R44"""
    ledger, erp = ready(1, guarantee=guarantee)
    erp.confirms_after = timedelta(days=1)
    policy = Policy(guarantee)
    asyncio.run(push(ROUTE, erp, ledger, ACTOR, policy, Settings(), ledger.clock.monotonic))
    ledger.clock.sleep(minutes=31)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, policy))
    decide(ledger, erp, Action.RESYNC, keys(1))
    validate(ROUTE, ledger, ACTOR)
    for _ in range(9):
        asyncio.run(push(ROUTE, erp, ledger, ACTOR, policy, Settings(), ledger.clock.monotonic, selection=0))
        ledger.clock.sleep(minutes=40)
    assert erp.submits == [transaction(1).key]
    assert ledger.status() is Status.PENDING_VERIFICATION


def test_re_sends_stay_bounded_when_a_person_resyncs_an_order_that_never_arrives():
    ledger, erp = ready(1)
    erp.script = ["lost before"] * 99
    runs = []
    for _ in range(2):
        for _ in range(9):
            send(ledger, erp)
            ledger.clock.sleep(minutes=16)
        runs.append(len(erp.submits))
        assert ledger.status() is Status.DEAD
        decide(ledger, erp, Action.RESYNC, keys(1), run=str(len(runs)))
    assert runs[0] == POLICY.max_resends + 1
    assert runs[1] - runs[0] <= POLICY.max_resends + 1


def test_a_resync_while_the_same_order_is_on_the_wire_sends_it_once():
    ledger, erp = failed(1)
    answers = []

    class Crowded(MemoryErp):
        async def submit(self, order):
            async def connect(name: str) -> MemoryErp:
                return self

            asked = decision(keys(1), Action.RESYNC, "why")
            answers.append(await resync(asked, "two", {}, {"shop": ROUTE}, connect, ledger, URSULA, 3))
            return await super().submit(order)

    decide(ledger, erp, Action.RESYNC, keys(1))
    crowded = Crowded(ledger.clock)
    assert send(ledger, crowded, 0) == {"sent": 1}
    assert [answer.summary.counts for answer in answers] == [{"unchanged": 1}]
    assert len(crowded.submits) == 1


def test_a_conflict_without_a_live_order_in_the_erp_is_sent_again():
    ledger, erp = in_conflict()
    assert decide(ledger, erp, Action.RESYNC, keys(1)).summary.counts == {"done": 1}
    ledger.clock.sleep(minutes=3)
    assert send(ledger, erp, 0) == {"changed_since": 1, "absent": 1, "sent": 1}


def test_a_conflict_with_a_live_order_in_the_erp_is_not():
    ledger, erp = in_conflict((ErpOrderState.TAKEN, "SO1"))
    assert decide(ledger, erp, Action.RESYNC, keys(1)).summary.counts == {"refused": 1}
    assert ledger.status() is Status.CONFLICT


def test_a_cancelled_order_is_opened_again_by_its_number_and_finished_by_the_push():
    ledger, erp = in_conflict((ErpOrderState.CANCELLED, "SO1"))
    assert decide(ledger, erp, Action.RESYNC, keys(1), run="a").summary.counts == {"refused": 1}
    assert "with that ERP number" in ledger.results[transaction(1).key].message
    assert decide(ledger, erp, Action.RESYNC, keys(1), "SO2", run="b").summary.counts == {"refused": 1}
    assert erp.revived == []

    assert decide(ledger, erp, Action.RESYNC, keys(1), "SO1", run="c").summary.counts == {"done": 1}
    assert erp.revived == ["SO1"]
    ledger.clock.sleep(minutes=3)
    assert send(ledger, erp, 2) == {"changed_since": 1, "half_made": 1, "sent": 1}
    assert [sale.number for sale in erp.sales[transaction(1).key]] == ["SO1"]


def test_an_erp_that_does_not_open_its_order_again_says_why():
    ledger, erp = in_conflict((ErpOrderState.CANCELLED, "SO1"))
    erp.sales[transaction(1).key][0].total += 1
    assert decide(ledger, erp, Action.RESYNC, keys(1), "SO1").summary.counts == {"refused": 1}
    assert "the ERP holds SO1 over" in ledger.results[transaction(1).key].message


def test_the_one_confirmed_order_of_the_erp_settles_a_conflict():
    ledger, erp = in_conflict((ErpOrderState.CONFIRMED, "SO1"))
    assert decide(ledger, erp, Action.ACCEPT, keys(1)).summary.counts == {"done": 1}
    assert (ledger.status(), ledger.rows[transaction(1).key].erp_number) == (Status.SUCCEEDED, "SO1")


@pytest.mark.parametrize(("states", "result"), [((), "done"), (("confirmed",), "done"), (("done",), "refused")])
def test_only_an_order_in_a_state_that_is_proof_can_be_accepted(states: tuple[str, ...], result: str):
    """R48"""
    ledger, erp = in_conflict((ErpOrderState.CONFIRMED, "SO1"))
    erp.confirmed_states = states
    assert decide(ledger, erp, Action.ACCEPT, keys(1)).summary.counts == {result: 1}


def test_orders_that_were_keyed_in_are_marked_with_their_numbers_and_never_sent(caplog):
    """R97, R98, R64"""
    ledger, erp = failed(1, 2, 3)
    by_hand = replace(ROUTE, by_hand="until the till is connected")
    total, now = ledger.rows[transaction(1).key].total, ledger.clock.now
    leftover = Sale(ErpOrderState.HALF_MADE, total, "EUR", now, "SO9")
    erp.sales[transaction(1).key] = [leftover, Sale(ErpOrderState.CONFIRMED, total, "EUR", now, "SO1")]
    erp.sales[transaction(2).key] = [Sale(ErpOrderState.CONFIRMED, total, "EUR", now, "SO2")]
    result = decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1, 2, 3), "SO1", "SO2", "SO3", route=by_hand)
    assert (result.summary.counts, result.to_send) == ({"done": 2, "refused": 1}, {})
    assert [ledger.status(number) for number in (1, 2, 3)] == [*[Status.SYNCED_MANUALLY] * 2, Status.FAILED]
    assert ledger.rows[transaction(2).key].erp_number == "SO2"
    assert "shop:1 (failed): done: synced as SO1; the ERP also has it begun, as SO9: cancel that one" in caplog.text
    assert "shop:3 (failed): refused: the ERP has no order SO3" in caplog.text
    assert send(ledger, erp) == {}


def test_an_order_is_not_marked_with_a_draft_and_once_that_is_confirmed_it_is():
    ledger, erp = failed(1, 2)
    total, now = ledger.rows[transaction(1).key].total, ledger.clock.now
    erp.by_hand["SO7"] = ErpOrderState.HALF_MADE
    erp.sales[transaction(2).key] = [Sale(ErpOrderState.HALF_MADE, total, "EUR", now, "SO8")]
    marked = decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1, 2), "SO7", "SO8", run="a")
    assert marked.summary.counts == {"refused": 2}
    assert "SO7 is only a draft or a quotation" in ledger.results[transaction(1).key].message
    erp.by_hand["SO7"] = ErpOrderState.CONFIRMED
    assert decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO7", run="b").summary.counts == {"done": 1}

    assert "send it again with that number" in ledger.results[transaction(2).key].message
    assert decide(ledger, erp, Action.RESYNC, keys(2), "SO8", run="c").summary.counts == {"done": 1}
    assert send(ledger, erp, 2) == {"sent": 1}
    assert [sale.number for sale in erp.sales[transaction(2).key]] == ["SO8"]


def test_an_order_that_the_erp_has_twice_is_not_marked_until_one_is_cancelled():
    ledger, erp = failed(1)
    total, now = ledger.rows[transaction(1).key].total, ledger.clock.now
    erp.by_hand["SO7"] = ErpOrderState.CONFIRMED
    erp.sales[transaction(1).key] = [sale := Sale(ErpOrderState.CONFIRMED, total, "EUR", now, "SO1")]
    asked = Action.MARK_AS_SYNCED, keys(1), "SO7"
    assert decide(ledger, erp, *asked, run="a").summary.counts == {"refused": 1}
    sale.state = ErpOrderState.CANCELLED
    assert decide(ledger, erp, *asked, run="b").summary.counts == {"done": 1}


def test_a_number_that_belongs_to_another_order_marks_none():
    ledger, erp = failed(1, 2)
    total, now = ledger.rows[transaction(1).key].total, ledger.clock.now
    erp.sales[transaction(2).key] = [Sale(ErpOrderState.CONFIRMED, total, "EUR", now, "SO2")]
    assert decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO2", run="a").summary.counts == {"refused": 1}
    assert "is that of shop:2" in ledger.results[transaction(1).key].message
    erp.sales = {transaction(1).key: erp.sales[transaction(2).key]}
    ledger.rows[transaction(2).key].erp_number = "SO2"
    assert decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO2", run="b").summary.counts == {"refused": 1}
    assert "is that of shop:2 in the ledger" in ledger.results[transaction(1).key].message


def marked_and_changed() -> tuple[PeoplesLedger, MemoryErp]:
    """An order that somebody entered by hand and marked, and that the channel changed after that."""
    ledger, erp = failed(1)
    erp.by_hand["SO7"] = ErpOrderState.CONFIRMED
    decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO7", run="mark")
    assert ledger.status() is Status.SYNCED_MANUALLY
    extract(ROUTE, MemoryChannel([transaction(1, digest="new", total="12.00")]), ledger, ACTOR)
    assert ledger.status() is Status.CONFLICT
    return ledger, erp


@pytest.mark.parametrize("ignored", [False, True], ids=["in conflict", "ignored since"])
def test_what_the_erp_has_under_a_number_that_a_person_gave_is_not_sent_again(ignored: bool):
    ledger, erp = marked_and_changed()
    if ignored:
        decide(ledger, erp, Action.IGNORE, keys(1), run="ignore")
    action = Action.RELEASE if ignored else Action.RESYNC
    assert decide(ledger, erp, action, keys(1), run="again").summary.counts == {"refused": 1}
    assert "the ERP has it as SO7" in ledger.results[transaction(1).key].message
    erp.by_hand["SO7"] = ErpOrderState.CANCELLED
    assert decide(ledger, erp, action, keys(1), run="cancelled there").summary.counts == {"done": 1}
    assert ledger.status() is Status.RECEIVED


def test_an_erp_that_is_away_is_an_error_only_where_it_has_to_be_asked():
    ledger, erp = in_conflict()
    erp.down = True
    with pytest.raises(Transient):
        decide(ledger, erp, Action.RESYNC, keys(1))
    (hold,) = ledger.in_force
    assert hold.connection == "erp_erp"
    assert ledger.status() is Status.CONFLICT
    erp.down = False
    assert decide(ledger, erp, Action.RESYNC, keys(1)).summary.counts == {"done": 1}


def test_another_erp_than_the_accepted_one_decides_nothing():
    ledger, erp = in_conflict()
    ledger.fingerprints["erp_erp"] = "another"
    with pytest.raises(Misconfigured):
        decide(ledger, erp, Action.RESYNC, keys(1))
    assert ledger.status() is Status.CONFLICT


def test_orders_of_a_channel_that_the_registry_no_longer_has_are_refused():
    ledger, erp = failed(1)
    asked = decision(Selection(status=Status.FAILED), Action.RESYNC, "why")

    async def connect(name: str) -> MemoryErp:
        return erp

    result = asyncio.run(resync(asked, "run", {}, {}, connect, ledger, URSULA, 3))
    assert (result.summary.counts, result.to_send) == ({"refused": 1}, {})


@pytest.mark.parametrize(("number", "seconds"), [(0, 300), (100, 400), (3300, 3600), (100_000, 3600)])
def test_the_time_to_send_a_selection_follows_its_number_up_to_an_hour(number: int, seconds: int):
    assert time_to_send(number) == timedelta(seconds=seconds)


def test_what_the_time_does_not_suffice_for_is_left_to_the_scheduled_runs_and_said():
    ledger, erp = failed(1, 2, 3)
    decide(ledger, erp, Action.RESYNC, keys(1, 2, 3))
    validate(ROUTE, ledger, ACTOR)
    slow = Slow(ledger.clock)
    one = Settings(submit_concurrency=1, claim_size=1)
    run = push(ROUTE, slow, ledger, ACTOR, POLICY, one, ledger.clock.monotonic, selection=0)
    summary: Summary = asyncio.run(run)
    assert summary.counts == {"sent": 1, "left_queued": 2}, "no attempt was opened for what is left"
    assert "goes with the scheduled runs" in str(summary)
    assert send(ledger, erp)["sent"] == 2


class Slow(MemoryErp):
    """An ERP that takes six minutes for an order."""

    async def submit(self, order):
        self.clock.sleep(minutes=6)
        return await super().submit(order)


def test_nothing_is_decided_twice_in_one_run_and_pages_follow_each_other(monkeypatch, caplog):
    module = import_module("order_sync.flows.people.resync")
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "LISTED", 1)
    caplog.set_level(logging.INFO)
    ledger, erp = failed(1, 2, 3)
    decide(ledger, erp, Action.ON_HOLD, keys(1, 2, 3), run="hold")
    result = decide(ledger, erp, Action.RESYNC, keys(1, 2, 3))
    assert result.summary.counts == {"refused": 3}
    assert "2 orders: 2 refused" in caplog.text
    assert "and 2 more" in caplog.text
    assert held(ledger) == [1, 2, 3]


def held(ledger: PeoplesLedger) -> Sequence[int]:
    return [int(key.parts[0]) for key, row in ledger.rows.items() if row.status is Status.ON_HOLD]


def test_what_the_erp_quotes_of_an_address_and_what_would_forge_a_line_do_not_come_into_the_log(caplog):
    """R178"""
    ledger, erp = failed(1)
    key = transaction(1).key
    said = transaction(1, details='{"ship_to": {"name": "Ann Zebedee"}}')
    ledger.rows[key].transaction, ledger.rows[key].versions = said, [said]
    ledger.rows[key].message = "refused for Zebedee\n\x1b[2Jdone: shop:1"
    caplog.set_level(logging.INFO)
    decide(ledger, erp, Action.RESYNC, keys(1), dry_run=True)
    assert "shop:1 is failed · REJECTED_BY_ERP refused for … [2Jdone: shop:1" in caplog.messages


def test_a_secret_in_an_orders_error_does_not_come_into_the_log(caplog):
    """R178"""
    ledger, erp = failed(1)
    ledger.rows[transaction(1).key].message = "refused (access_token=zzz9; ask ann@example.com)"
    caplog.set_level(logging.INFO)
    decide(ledger, erp, Action.RESYNC, keys(1), dry_run=True)
    assert "shop:1 is failed · REJECTED_BY_ERP refused (" in caplog.text
    assert "zzz9" not in caplog.text
    assert "example.com" not in caplog.text
