"""An ERP number is unique in one company of an ERP: another company may use it again."""

import pytest

from order_sync.core.decisions.decision import Decision, Result
from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Event
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Outcome
from order_sync.core.sending.receipts import Receipt
from tests.ledger.steps import (
    ACTOR,
    ALL,
    GRACE,
    LEASE,
    WINDOW,
    Seen,
    change,
    key,
    landing,
    made_of,
    order_of,
)


def send(ledger: Ledger, channel: str, number: int, company: str = "") -> None:
    """Send an order of a channel; with a receipt that names the company, if there is one."""
    ledger.record(channel, "tryton", [landing(number)], None, ACTOR)
    received = ledger.to_validate(channel, None, ALL)
    ledger.apply([change(entry, Event.VALID, order=order_of(entry)) for entry in received], ACTOR)
    claimed = ledger.claim(channel, ALL, LEASE, ACTOR)
    ledger.open(claimed, made_of(claimed), GRACE, WINDOW)
    if company:
        receipt = Receipt("7", "confirmed", company)
        outcomes = [Outcome(each.key, each.generation, Event.RECEIPT, receipt=receipt) for each in claimed.entries]
        ledger.close(outcomes, None, GRACE, WINDOW, ACTOR)


def confirm(ledger: Ledger, seen: Seen, channel: str, company: str, number: str = "7") -> None:
    """Find everything of a channel that is in doubt confirmed under one number."""
    seen.make_due()
    changes = [
        change(entry, Event.CONFIRMED, erp_number=number, erp_company=company) for entry in ledger.due(channel, ALL)
    ]
    ledger.apply(changes, ACTOR)


def test_two_companies_may_use_the_same_number(ledger: Ledger, seen: Seen) -> None:
    """R51: an order of a second company is no conflict for its number."""
    for number, channel, company in ((1, "shop", "North"), (2, "web", "South")):
        send(ledger, channel, number)
        confirm(ledger, seen, channel, company)
        assert seen.order(number, "status, erp_number, erp_company") == ("succeeded", "7", company)
    named = [("North", "7"), ("South", "7"), ("West", "7")]
    assert ledger.owners("tryton", "shop", named) == {("North", "7"): key(1), ("South", "7"): key(2)}


@pytest.mark.parametrize("first", [1, 2])
def test_of_two_orders_with_one_number_the_same_one_is_always_named(ledger: Ledger, first: int) -> None:
    """As when an ERP answers with a number that it gave before, and nothing is proven yet."""
    for number in (first, 3 - first):
        send(ledger, "shop", number, company="North")
    assert ledger.owners("tryton", "shop", [("North", "7")]) == {("North", "7"): key(2)}


@pytest.mark.parametrize("together", [True, False])
def test_two_orders_of_one_company_may_not(ledger: Ledger, seen: Seen, together: bool) -> None:
    send(ledger, "shop", 1)
    if not together:
        confirm(ledger, seen, "shop", "North")
    send(ledger, "shop", 2)
    confirm(ledger, seen, "shop", "North")
    assert (seen.status(1), seen.status(2)) == ("succeeded", "conflict")


@pytest.mark.parametrize(
    ("channel", "before", "then", "status"),
    [
        ("shop", "", "North", "conflict"),
        ("shop", "North", "", "conflict"),
        ("web", "", "North", "succeeded"),
        ("web", "", "", "conflict"),
    ],
)
def test_a_company_that_nobody_told_is_that_of_the_channels_other_orders(
    ledger: Ledger, seen: Seen, channel: str, before: str, then: str, status: str
) -> None:
    send(ledger, "shop", 1)
    confirm(ledger, seen, "shop", before)
    send(ledger, channel, 2)
    confirm(ledger, seen, channel, then)
    assert seen.status(2) == status
    owner = {(then, "7"): key(1)} if status == "conflict" else {(then, "7"): key(2)}
    assert ledger.owners("tryton", channel, [(then, "7")]) == owner


def test_the_company_is_kept_with_the_receipt_and_silence_does_not_erase_it(ledger: Ledger, seen: Seen) -> None:
    send(ledger, "shop", 1, company="North")
    assert seen.order(1, "status, erp_number, erp_company") == ("sent", "7", "North")
    assert seen.attempts(1, "outcome, receipt_company") == [("receipt", "North")]
    confirm(ledger, seen, "shop", "")
    assert seen.order(1, "status, erp_company") == ("succeeded", "North")


def test_a_person_gives_a_number_in_its_company(ledger: Ledger, seen: Seen) -> None:
    for number in (1, 2, 3):
        send(ledger, "shop", number)
    seen.make_due()
    refused = [change(entry, Event.REFUSED, code="REJECTED_BY_ERP") for entry in ledger.due("shop", ALL)]
    ledger.apply(refused, ACTOR)
    taken = {}
    for number, company in ((1, "North"), (2, "South"), (3, "North")):
        selection = ledger.select(f"run {number}", Action.MARK_AS_SYNCED, {}, [key(number)], ACTOR)
        (order,) = ledger.selected(selection, 0, ALL)
        marked = Decision(Result.DONE, "", Event.MARKED_AS_SYNCED, erp_number="7", erp_company=company)
        taken[number] = not ledger.decide(selection, {order.key: (order, marked)}, ACTOR)
    assert taken == {1: True, 2: True, 3: False}
    assert seen.order(2, "status, erp_number, erp_company") == ("synced_manually", "7", "South")
