"""An ERP that can do what every ERP can and nothing besides: orders go their way, and what it cannot tell is said."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey
from order_sync.core.ports.erp import Listing, Revivable
from order_sync.core.sending.receipts import Sent
from order_sync.core.settling.erp_orders import ErpOrder, ErpOrderState
from order_sync.flows import compare_erp, extract, settle, validate
from tests.flows.people.deciding import ACTOR, POLICY, ROUTE, decide, keys, send
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import BareErp, MemoryErp, Sale, reference
from tests.memory.ledger import MemoryLedger

KEY = transaction(1).key


def ready(*numbers: int, **how: object) -> tuple[MemoryLedger, BareErp]:
    """A ledger in which these orders are queued, and an ERP on its clock."""
    ledger = MemoryLedger(Clock(), copy=reference())
    extract(ROUTE, MemoryChannel([transaction(number) for number in numbers]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger, BareErp(ledger.clock, **how)  # type: ignore[arg-type]


def look(ledger: MemoryLedger, erp: BareErp) -> dict[str, int]:
    """Look up what is due."""
    return asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY)).counts


def said(ledger: MemoryLedger) -> str:
    """What the last decision about the first order said."""
    return ledger.results[KEY].message


def forgotten() -> tuple[MemoryLedger, BareErp]:
    """An order that the ERP said to have as SO1, and does not show; its window is over."""
    ledger, erp = ready(1, script=["forgotten"])
    send(ledger, erp)
    ledger.clock.sleep(minutes=31)
    look(ledger, erp)
    assert ledger.status() is Status.PENDING_VERIFICATION
    return ledger, erp


def test_only_an_erp_that_says_so_lists_its_orders_and_opens_cancelled_ones_again() -> None:
    assert not isinstance(BareErp(Clock()), Listing | Revivable)
    assert isinstance(MemoryErp(Clock()), Listing)
    assert isinstance(MemoryErp(Clock()), Revivable)


def test_its_orders_are_sent_and_confirmed_as_those_of_any_other() -> None:
    ledger, erp = ready(1, 2)
    assert send(ledger, erp) == {"sent": 2}
    ledger.clock.sleep(minutes=2)
    assert look(ledger, erp) == {"confirmed": 2}


def test_a_comparison_with_it_says_in_a_note_that_there_is_nothing_to_compare() -> None:
    ledger, erp = ready(1)
    summary = asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR))
    assert (summary.counts, summary.held, ledger.findings) == ({}, None, {})
    assert str(summary) == "nothing to do; the ERP erp cannot list its orders, so nothing can be compared"


def test_a_look_up_knows_under_which_number_the_erp_has_the_order_and_when_it_was_sent() -> None:
    ledger, erp = ready(1, 2, script=["fine", "lost after"])
    send(ledger, erp)
    sent_at = {key: row.attempts[0].opened_at for key, row in ledger.rows.items()}
    ledger.clock.sleep(hours=1)
    look(ledger, erp)
    asked = {each.order.key: each for each in erp.asked}
    assert asked == {
        key: Sent(ledger.rows[key].attempts[0].made.order, number, sent_at[key])
        for key, number in ((KEY, "SO1"), (transaction(2).key, ""))
    }


def test_a_look_up_is_asked_for_no_more_orders_than_the_erp_says() -> None:
    ledger, erp = ready(*range(1, 8), keys_a_call=3)
    send(ledger, erp)
    pages: list[int] = []
    look_up = erp.look_up

    async def counted(sent: Collection[Sent]) -> Mapping[OrderKey, Sequence[ErpOrder]]:
        pages.append(len(sent))
        return await look_up(sent)

    erp.look_up = counted
    ledger.clock.sleep(minutes=2)
    look(ledger, erp)
    assert (pages, ledger.counts("shop")) == ([3, 3, 1], {Status.SUCCEEDED: 7})


def test_a_person_who_marks_an_order_is_believed_and_told_that_nobody_checked_the_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger, erp = ready(1, script=["refused"])
    send(ledger, erp)
    assert decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO7").summary.counts == {"done": 1}
    assert (ledger.status(), ledger.rows[KEY].erp_number) == (Status.SYNCED_MANUALLY, "SO7")
    assert said(ledger) == "synced as SO7; the number was not checked, because this ERP cannot be queried for it"
    assert "the number was not checked" in caplog.text


@pytest.mark.parametrize(
    ("state", "number", "why"),
    [
        (ErpOrderState.CONFIRMED, "SO1", "the ERP also has it as SO1"),
        (ErpOrderState.CANCELLED, "SO7", "SO7 is cancelled"),
        (ErpOrderState.HALF_MADE, "SO7", "SO7 is only a draft"),
    ],
)
def test_what_a_look_up_shows_speaks_against_a_number_all_the_same(state: ErpOrderState, number: str, why: str) -> None:
    ledger, erp = ready(1, script=["refused"])
    send(ledger, erp)
    row = ledger.rows[KEY]
    erp.sales[KEY] = [Sale(state, row.total, "EUR", ledger.clock.now, number)]
    assert decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1), "SO7").summary.counts == {"refused": 1}
    assert why in said(ledger)


def test_a_cancelled_order_is_not_opened_again_by_an_erp_that_cannot() -> None:
    ledger, erp = ready(1, script=["edited"])
    send(ledger, erp)
    ledger.clock.sleep(minutes=1)
    look(ledger, erp)
    assert ledger.status() is Status.CONFLICT
    erp.sales[KEY][0].state = ErpOrderState.CANCELLED
    assert decide(ledger, erp, Action.RESYNC, keys(1), "SO1").summary.counts == {"refused": 1}
    assert "cannot reopen SO1 in the ERP: reopen it there, or enter the order again" in said(ledger)
    assert ledger.status() is Status.CONFLICT


def test_an_order_that_the_erp_said_to_have_is_sent_again_only_by_the_number_that_a_person_looked_for() -> None:
    ledger, erp = forgotten()
    assert decide(ledger, erp, Action.RESYNC, keys(1), run="a").summary.counts == {"refused": 1}
    assert "look in the ERP; if it is there and right, mark the order as synced with it; if" in said(ledger)
    assert decide(ledger, erp, Action.RESYNC, keys(1), "SO9", run="b").summary.counts == {"refused": 1}
    assert decide(ledger, erp, Action.RESYNC, keys(1), "SO1", run="c").summary.counts == {"done": 1}
    for _ in range(2):
        send(ledger, erp)
        ledger.clock.sleep(minutes=3)
    look(ledger, erp)
    assert (len(erp.submits), ledger.status()) == (2, Status.SUCCEEDED)


def test_an_ignored_order_that_the_erp_said_to_have_is_released_only_by_its_key() -> None:
    ledger, erp = ready(1, script=["edited"])
    send(ledger, erp)
    ledger.clock.sleep(minutes=1)
    look(ledger, erp)
    decide(ledger, erp, Action.IGNORE, keys(1), run="ignore")
    erp.sales.clear()
    by_filter = replace(keys(1), keys=(), channel="shop")
    assert decide(ledger, erp, Action.RELEASE, by_filter, run="a").summary.counts == {"refused": 1}
    assert "if it is certainly not there, release it by its key" in said(ledger)
    assert decide(ledger, erp, Action.RELEASE, keys(1), run="b").summary.counts == {"done": 1}


def test_a_window_is_looked_up_in_pages_also_by_a_person() -> None:
    ledger, erp = ready(1, 2, 3, script=["edited"] * 3, keys_a_call=2)
    send(ledger, erp)
    ledger.clock.now += timedelta(minutes=1)
    look(ledger, erp)
    erp.asked.clear()
    erp.sales.clear()
    numbered = [ledger.rows[transaction(number).key].erp_number for number in (1, 2, 3)]
    assert decide(ledger, erp, Action.RESYNC, keys(1, 2, 3), *numbered).summary.counts == {"done": 3}
    assert len(erp.asked) == 3
