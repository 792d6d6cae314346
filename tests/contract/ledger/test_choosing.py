"""Which orders a person means: by key, or by what they have in common."""

from datetime import timedelta
from typing import Any

import pytest

from order_sync.core.basics.calendar_days import Window
from order_sync.core.decisions.selection import Selection
from order_sync.core.life.lifecycle import Status
from order_sync.core.ports.ledger import Ledger
from tests.ledger.steps import Seen, key, land


@pytest.fixture
def orders(ledger: Ledger) -> Ledger:
    land(ledger, 1, reference="WEB-1", customer_account="C-1")
    land(ledger, 2, reference="WEB-2", receipt="R-2", customer_account="C-2")
    land(ledger, 3, status=Status.NOT_AN_ORDER, reference="WEB-3", customer_account="C-2", not_an_order="voided")
    land(ledger, 4, status=Status.NOT_AN_ORDER, reference="WEB-1", receipt="R-2", not_an_order="web_order")
    return ledger


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), [2, 1]),
        (Selection(keys=(key(1), key(3), key(9))), [3, 1]),
        (Selection(channel="shop"), [2, 1]),
        (Selection(channel="elsewhere"), []),
        (Selection(status=Status.RECEIVED), [2, 1]),
        (Selection(reference="WEB-1"), [1]),
        (Selection(receipt="R-2"), [2]),
        (Selection(reference="WEB-3"), [3]),
        (Selection(customer_account="C-2"), [2]),
        (Selection(status=Status.NOT_AN_ORDER), [4, 3]),
        (Selection(reference="WEB-1", status=Status.NOT_AN_ORDER), [4]),
        (Selection(customer_account="C-2", status=Status.RECEIVED), [2]),
        (Selection(code="SKU_NOT_FOUND"), []),
    ],
)
def test_a_selection_means_the_orders_that_meet_all_its_conditions_the_newest_first(
    orders: Ledger, selection: Selection, numbers: Any
) -> None:
    """R103, R104, R13."""
    found, in_all = orders.chosen(selection, 10)
    assert [each.key for each in found] == [key(number) for number in numbers]
    assert in_all == len(numbers)


def test_a_window_of_placing_is_half_open(orders: Ledger, seen: Seen) -> None:
    placed = orders.chosen(Selection(keys=(key(1),)), 1)[0][0].placed_at
    second = timedelta(seconds=1)
    assert orders.chosen(Selection(placed=Window(placed, placed + second)), 9)[1] == 2
    assert orders.chosen(Selection(placed=Window(placed - second, placed)), 9)[1] == 0


def test_more_orders_than_asked_for_are_counted_all_the_same(orders: Ledger) -> None:
    found, in_all = orders.chosen(Selection(), 1)
    assert (len(found), in_all) == (1, 2)


def test_what_is_no_order_gives_way_to_an_order_and_is_meant_where_there_is_none(orders: Ledger) -> None:
    """R5, R6"""
    for twin in (Selection(reference="WEB-1"), Selection(receipt="R-2"), Selection(reference="WEB-1", channel="shop")):
        found, in_all = orders.chosen(twin, 10)
        assert ([each.status for each in found], in_all) == ([Status.RECEIVED], 1)
    land(orders, 5, status=Status.NOT_AN_ORDER, reference="WEB-3", not_an_order="RETURN_NOT_SUPPORTED")
    assert [each.key for each in orders.chosen(Selection(reference="WEB-3"), 10)[0]] == [key(5), key(3)]
    land(orders, 6, status=Status.NOT_AN_ORDER, customer_account="C-6", not_an_order="voided")
    assert orders.chosen(Selection(channel="shop"), 10)[1] == 2
