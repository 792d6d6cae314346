"""Conflicts are settled, and orders that were keyed in are marked, only by what the ERP has."""

from dataclasses import replace

import pytest

from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Status
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.flows import extract
from tests.flows.people.deciding import ACTOR, ROUTE, decide, failed, in_conflict, keys, send
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp, Sale
from tests.memory.ledger import MemoryLedger


def test_a_conflict_without_a_live_order_in_the_erp_is_sent_again() -> None:
    ledger, erp = in_conflict()
    assert decide(ledger, erp, Action.RESYNC, keys(1)).summary.counts == {"done": 1}
    ledger.clock.sleep(minutes=3)
    assert send(ledger, erp, 0) == {"changed_since": 1, "absent": 1, "sent": 1}


def test_a_conflict_with_a_live_order_in_the_erp_is_not() -> None:
    ledger, erp = in_conflict((ErpOrderState.TAKEN, "SO1"))
    assert decide(ledger, erp, Action.RESYNC, keys(1)).summary.counts == {"refused": 1}
    assert ledger.status() is Status.CONFLICT


def test_a_cancelled_order_is_opened_again_by_its_number_and_finished_by_the_push() -> None:
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


def test_an_erp_that_does_not_open_its_order_again_says_why() -> None:
    ledger, erp = in_conflict((ErpOrderState.CANCELLED, "SO1"))
    erp.sales[transaction(1).key][0].total += 1
    assert decide(ledger, erp, Action.RESYNC, keys(1), "SO1").summary.counts == {"refused": 1}
    assert "the ERP holds SO1 over" in ledger.results[transaction(1).key].message


def test_the_one_confirmed_order_of_the_erp_settles_a_conflict() -> None:
    ledger, erp = in_conflict((ErpOrderState.CONFIRMED, "SO1"))
    assert decide(ledger, erp, Action.ACCEPT, keys(1)).summary.counts == {"done": 1}
    assert (ledger.status(), ledger.rows[transaction(1).key].erp_number) == (Status.SUCCEEDED, "SO1")


@pytest.mark.parametrize(("states", "result"), [((), "done"), (("confirmed",), "done"), (("done",), "refused")])
def test_only_an_order_in_a_state_that_is_proof_can_be_accepted(states: tuple[str, ...], result: str) -> None:
    """R48"""
    ledger, erp = in_conflict((ErpOrderState.CONFIRMED, "SO1"))
    erp.confirmed_states = states
    assert decide(ledger, erp, Action.ACCEPT, keys(1)).summary.counts == {result: 1}


def test_orders_that_were_keyed_in_are_marked_with_their_numbers_and_never_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
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
    assert (
        "shop:1 (failed): done: synced as SO1; the ERP also has it unfinished, as SO9: cancel that one" in caplog.text
    )
    assert "shop:3 (failed): refused: the ERP has no order SO3" in caplog.text
    assert send(ledger, erp) == {}


def test_an_order_is_not_marked_with_a_draft_and_once_that_is_confirmed_it_is() -> None:
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


def test_an_order_that_the_erp_has_twice_is_not_marked_until_one_is_cancelled() -> None:
    ledger, erp = failed(1)
    total, now = ledger.rows[transaction(1).key].total, ledger.clock.now
    erp.by_hand["SO7"] = ErpOrderState.CONFIRMED
    erp.sales[transaction(1).key] = [sale := Sale(ErpOrderState.CONFIRMED, total, "EUR", now, "SO1")]
    asked = Action.MARK_AS_SYNCED, keys(1), "SO7"
    assert decide(ledger, erp, *asked, run="a").summary.counts == {"refused": 1}
    sale.state = ErpOrderState.CANCELLED
    assert decide(ledger, erp, *asked, run="b").summary.counts == {"done": 1}


def test_a_number_that_belongs_to_another_order_marks_none() -> None:
    ledger, erp = failed(1, 2)
    total, now = ledger.rows[transaction(1).key].total, ledger.clock.now
    erp.sales[transaction(2).key] = [Sale(ErpOrderState.CONFIRMED, total, "EUR", now, "SO2")]
    assert decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO2", run="a").summary.counts == {"refused": 1}
    assert "belongs to shop:2" in ledger.results[transaction(1).key].message
    erp.sales = {transaction(1).key: erp.sales[transaction(2).key]}
    ledger.rows[transaction(2).key].erp_number = "SO2"
    assert decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO2", run="b").summary.counts == {"refused": 1}
    assert "belongs to shop:2 in the ledger" in ledger.results[transaction(1).key].message


def marked_and_changed() -> tuple[MemoryLedger, MemoryErp]:
    """An order that somebody entered by hand and marked, and that the channel changed after that."""
    ledger, erp = failed(1)
    erp.by_hand["SO7"] = ErpOrderState.CONFIRMED
    decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO7", run="mark")
    assert ledger.status() is Status.SYNCED_MANUALLY
    extract(ROUTE, MemoryChannel([transaction(1, digest="new", total="12.00")]), ledger, ACTOR)
    assert ledger.status() is Status.CONFLICT
    return ledger, erp


@pytest.mark.parametrize("ignored", [False, True], ids=["in conflict", "ignored since"])
def test_what_the_erp_has_under_a_number_that_a_person_gave_is_not_sent_again(ignored: bool) -> None:
    ledger, erp = marked_and_changed()
    if ignored:
        decide(ledger, erp, Action.IGNORE, keys(1), run="ignore")
    action = Action.RELEASE if ignored else Action.RESYNC
    assert decide(ledger, erp, action, keys(1), run="again").summary.counts == {"refused": 1}
    assert "the ERP has it as SO7" in ledger.results[transaction(1).key].message
    erp.by_hand["SO7"] = ErpOrderState.CANCELLED
    assert decide(ledger, erp, action, keys(1), run="cancelled there").summary.counts == {"done": 1}
    assert ledger.status() is Status.RECEIVED
