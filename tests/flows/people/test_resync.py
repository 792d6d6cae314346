"""resync_orders on a ledger in memory: what was chosen is sent again once, and nothing that the ERP has is."""

import asyncio
from datetime import timedelta

import pytest

from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.errors import Misconfigured, Transient
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Order
from order_sync.core.sending.receipts import Receipt
from order_sync.core.sending.traits import Guarantee
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, resync, settle, validate
from tests.flows.people.deciding import ACTOR, POLICY, ROUTE, URSULA, decide, failed, in_conflict, keys, ready, send
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp
from tests.support.asking import decision


def test_failed_orders_are_sent_again_at_once_and_each_is_in_the_erp_once() -> None:
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


def test_only_the_selected_orders_are_sent() -> None:
    ledger, erp = failed(1)
    extract(ROUTE, MemoryChannel([transaction(2)]), ledger, ACTOR)
    decide(ledger, erp, Action.RESYNC, keys(1))
    assert send(ledger, erp, 0) == {"sent": 1}
    assert ledger.status(2) is Status.QUEUED


def test_a_cleared_task_repeats_its_decision_for_the_orders_that_it_chose_first() -> None:
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


def test_two_decisions_about_the_same_orders_are_told_apart() -> None:
    ledger, erp = failed(1)
    decide(ledger, erp, Action.RESYNC, keys(1), run="one")
    second = decide(ledger, erp, Action.RESYNC, keys(1), run="two")
    assert second.summary.counts == {"unchanged": 1}
    assert send(ledger, erp, 0) == {"sent": 1}
    assert send(ledger, erp, 1) == {}
    assert len(erp.submits) == 2, "the refused one, and one more"


def test_an_order_that_changes_meanwhile_is_decided_about_as_it_stands_then() -> None:
    ledger, erp = failed(1)

    def once() -> None:
        ledger.meanwhile = lambda: None
        row = ledger.rows[transaction(1).key]
        row.status, row.generation = Status.ON_HOLD, row.generation + 1

    ledger.meanwhile = once
    result = decide(ledger, erp, Action.RESYNC, keys(1))
    assert (result.summary.counts, ledger.status()) == ({"refused": 1}, Status.ON_HOLD)
    assert ledger.results[transaction(1).key].message == "it is on hold: release it first"


def test_an_order_that_never_stands_still_is_refused_in_the_end() -> None:
    ledger, erp = failed(1)
    row = ledger.rows[transaction(1).key]

    def stir() -> None:
        row.generation += 1

    ledger.meanwhile = stir
    assert decide(ledger, erp, Action.RESYNC, keys(1)).summary.counts == {"refused": 1}
    assert "clear this task" in ledger.results[transaction(1).key].message


def test_what_was_ever_in_the_erps_hands_is_looked_up_before_it_is_sent_again_and_goes_in_the_same_push() -> None:
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
def test_an_order_that_the_erp_has_is_not_sent_again_whatever_the_erp_guarantees(guarantee: Guarantee) -> None:
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


def test_re_sends_stay_bounded_when_a_person_resyncs_an_order_that_never_arrives() -> None:
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


def test_a_resync_while_the_same_order_is_on_the_wire_sends_it_once() -> None:
    ledger, erp = failed(1)
    answers = []

    class Crowded(MemoryErp):
        async def submit(self, order: Order) -> Receipt:
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


def test_an_erp_that_is_away_is_an_error_only_where_it_has_to_be_asked() -> None:
    ledger, erp = in_conflict()
    erp.down = True
    with pytest.raises(Transient):
        decide(ledger, erp, Action.RESYNC, keys(1))
    (hold,) = ledger.in_force
    assert hold.connection == "erp_erp"
    assert ledger.status() is Status.CONFLICT
    erp.down = False
    assert decide(ledger, erp, Action.RESYNC, keys(1)).summary.counts == {"done": 1}


def test_another_erp_than_the_accepted_one_decides_nothing() -> None:
    ledger, erp = in_conflict()
    ledger.fingerprints["erp_erp"] = "another"
    with pytest.raises(Misconfigured):
        decide(ledger, erp, Action.RESYNC, keys(1))
    assert ledger.status() is Status.CONFLICT
