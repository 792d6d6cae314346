"""The tills, in the same tables as the web shop: what is an order of theirs, and which row belongs to whom."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from order_sync.core.checks.rules import problems_of
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import Transaction
from order_sync.core.order.money import ONE_MINOR_UNIT
from order_sync.core.order.parsing import Reading, read_order
from sandbox import shop
from sandbox.sales import CUSTOMER_ORDER, SHIP, Sale
from tests.fixtures import dynamics_store, dynamics_web
from tests.fixtures.dynamics_store import PLACED_AT, SPEC, sale
from tests.fixtures.reference import reference


def read(dsn: str, fixture: Any = dynamics_store) -> list[Transaction]:
    return [each for batch in fixture.Shop.over(dsn).transactions(Watermark("")) for each in batch.transactions]


def write(dsn: str, *sales: Sale) -> None:
    with psycopg.connect(dsn) as connection:
        shop.write(connection, sales)


def reading_of(transaction: Transaction) -> Reading:
    return read_order(transaction, SPEC.guest_account, PLACED_AT + timedelta(hours=1))


def codes_of(transaction: Transaction) -> set[str]:
    problems = problems_of(reading_of(transaction), reference(PLACED_AT), ONE_MINOR_UNIT)
    return {problem.code for problem in problems}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"type": 14}, None),
        ({"type": 19}, None),
        ({"status": 2}, None),
        ({"status": 3}, None),
        ({"type": 27}, "web_order"),
        ({"type": 3}, "payment"),
        ({"type": 4}, "remove_tender"),
        ({"type": 5}, "float_entry"),
        ({"type": 7}, "tender_declaration"),
        ({"type": 8}, "voided"),
        ({"type": 15}, "invoice"),
        ({"type": 16}, "bank_drop"),
        ({"type": 17}, "safe_drop"),
        ({"type": 18}, "income_or_expense"),
        ({"type": 20}, "starting_amount"),
        ({"type": 0}, "log_off"),
        ({"type": 1}, "log_on"),
        ({"type": 31}, "type_31"),
        ({"status": 1}, "voided"),
        ({"status": 4}, "cancelled"),
        ({"status": 5}, "on_hold"),
        ({"status": 6}, "training"),
        ({"status": 9}, "entry_status_9"),
        ({"is_return": True}, "RETURN_NOT_SUPPORTED"),
        ({"is_return": True, "status": 1}, "voided"),
        ({"is_return": True, "type": 27}, "web_order"),
    ],
)
def test_each_row_is_an_order_of_the_tills_or_none_for_its_reason(
    dsn: str, changes: dict[str, Any], reason: str | None
) -> None:
    """R165, T1"""
    write(dsn, sale("R1", **changes))
    assert [each.not_an_order for each in read(dsn)] == [reason]


def test_every_row_is_an_order_of_one_channel_at_most_and_otherwise_has_a_reason_in_both(dsn: str) -> None:
    """R3"""
    kinds = {f"{kind}-{status}": (kind, status) for kind in range(32) for status in range(8)}
    write(dsn, *(sale(name, type=kind, status=status) for name, (kind, status) in kinds.items()))
    tills, webs = read(dsn), read(dsn, dynamics_web)
    assert [each.key.parts for each in tills] == [each.key.parts for each in webs]
    assert {each.key.channel for each in tills} == {"dynamics_store"}
    owners = {2: ["till"], 14: ["till"], 19: ["till"], 27: ["web"]}
    for till, web in zip(tills, webs, strict=True):
        kind, status = kinds[till.receipt]
        orders = [name for name, each in (("till", till), ("web", web)) if each.not_an_order is None]
        assert orders == (owners.get(kind, []) if status in (0, 2, 3) else [])


def test_a_sale_at_the_till_is_found_by_its_receipt_or_its_customer(dsn: str) -> None:
    """R7"""
    write(dsn, sale("R-0017", customer="C-0007"), sale("R-0018", type=CUSTOMER_ORDER, reference="CO-1"))
    counter, order = read(dsn)
    assert (counter.reference, counter.receipt, counter.customer_account) == ("", "R-0017", "C-0007")
    assert reading_of(counter).order.reference == "R-0017"
    assert (order.reference, order.receipt) == ("CO-1", "R-0018")
    assert counter.key.parts == ("5637144593", "HAM01", "HAM01-2", "T-R-0017", "demf")


def test_what_is_sold_over_the_counter_ships_nowhere_and_a_customer_order_does(dsn: str) -> None:
    write(dsn, sale("R1", delivery_mode=""), sale("R2", type=CUSTOMER_ORDER, delivery_mode=SHIP))
    counter, order = read(dsn)
    assert [reading_of(each).order.ships for each in (counter, order)] == [False, True]
    assert codes_of(counter) == set()
    assert codes_of(order) == {"ADDRESS_MISSING"}


def test_whoever_buys_without_a_name_is_the_tills_guest(dsn: str) -> None:
    write(dsn, sale("R1"))
    assert reading_of(read(dsn)[0]).order.customer_account == "GUEST-STORE"
