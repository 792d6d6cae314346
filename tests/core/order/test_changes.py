"""What a channel changed of an order, in words."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.order.changes import MOST, difference
from order_sync.core.order.model import Transaction
from tests.memory.channel import transaction

DETAILS: dict[str, Any] = {
    "ships": True,
    "ship_to": {"name": "Ada", "street": "Mill Lane 1", "city": "Ely", "country": "GB"},
    "charges": [{"code": "FREIGHT", "net": "5.00", "tax_code": "", "tax": "0"}],
    "lines": [
        {"number": "1", "sku": "TEA", "quantity": "2", "net": "10.00", "tax_code": "", "tax": "0"},
        {"number": "2", "sku": "CUP", "quantity": "1", "net": "4.00", "tax_code": "", "tax": "0"},
    ],
}


def made_of(**details: object) -> Transaction:
    return transaction(details=json.dumps({**DETAILS, **details}))


ORDER = made_of()


def test_an_order_whose_channel_moved_its_own_status_on_is_the_same() -> None:
    assert difference(ORDER, replace(ORDER, digest="other", counter=9, source_status="posted", receipt="R-1")) == ""


def test_the_same_instant_in_other_words_is_the_same_and_another_one_is_not() -> None:
    assert difference(ORDER, replace(ORDER, placed_at="2026-03-02T09:00:00.000+01:00")) == ""
    assert difference(ORDER, replace(ORDER, placed_at="2026-03-02T09:00:00+00:00")).startswith("placed_at 2026-03-02")
    assert difference(replace(ORDER, placed_at="soon"), replace(ORDER, placed_at="later")) == "placed_at soon -> later"


def test_the_receipt_is_what_an_order_without_a_reference_is_known_by() -> None:
    till = replace(ORDER, reference="", receipt="R-1")
    assert difference(till, replace(till, receipt="R-2")) == "reference R-1 -> R-2"
    assert difference(ORDER, replace(ORDER, receipt="R-2")) == ""


def test_the_same_amount_in_other_words_is_the_same() -> None:
    charges = [{**DETAILS["charges"][0], "net": "5", "tax": "0.00"}]
    assert difference(ORDER, replace(made_of(charges=charges), total="10")) == ""


def test_every_field_is_told_with_its_old_and_new_value() -> None:
    changed = replace(ORDER, total="12.00", customer_account="", delivery_date=None)
    assert difference(ORDER, changed) == (
        "customer_account C-1 -> nothing; delivery_date 2026-03-05 -> nothing; total 10.00 -> 12.00"
    )


def test_an_account_is_text_and_long_text_is_compared_to_its_end() -> None:
    assert difference(replace(ORDER, customer_account="007"), replace(ORDER, customer_account="7")) != ""
    assert difference(replace(ORDER, reference="x" * 40 + "a"), replace(ORDER, reference="x" * 40 + "b")) != ""


def test_lines_are_told_by_their_numbers_whatever_their_order() -> None:
    tea, cup = DETAILS["lines"]
    new = {"number": "3", "sku": "JAM", "quantity": "1", "net": "3.00", "tax_code": "", "tax": "0"}
    assert difference(ORDER, made_of(lines=[cup, tea])) == ""
    assert difference(ORDER, made_of(lines=[{**tea, "quantity": "5"}, new])) == (
        "line 1 quantity 2 -> 5; line 2 (CUP) is gone; line 3 (JAM) is new"
    )


def test_of_an_address_it_is_said_that_it_changed_and_not_what_it_is() -> None:
    moved = {**DETAILS["ship_to"], "street": "Secret Way 9"}
    assert difference(ORDER, made_of(ship_to=moved)) == "ship_to.street changed"
    assert difference(ORDER, made_of(ship_to=None)) == (
        "ship_to.city changed; ship_to.country changed; ship_to.name changed; ship_to.street changed"
    )


def test_of_very_many_differences_the_number_is_told() -> None:
    lines = [{**DETAILS["lines"][0], "number": str(number)} for number in range(1, 40)]
    assert difference(ORDER, made_of(lines=lines)).endswith(f"; and {3 + 37 - MOST} more")


@pytest.mark.parametrize(
    "details", ["{", "null", "[" * 5000, '{"lines": [null]}', '{"charges": 5}', '{"ship_to": [1]}']
)
def test_details_that_cannot_be_read_have_changed_all_the_same(details: str) -> None:
    odd = replace(ORDER, details=details)
    assert difference(ORDER, odd) == difference(odd, ORDER) == "details changed"


def test_of_lines_that_share_a_number_none_is_passed_over() -> None:
    tea, cup = ({**each, "number": "1"} for each in DETAILS["lines"])
    assert difference(made_of(lines=[tea, cup]), made_of(lines=[{**tea, "sku": "JAM"}, cup])) == "line 1 sku TEA -> JAM"
    assert difference(made_of(lines=[tea]), made_of(lines=[tea, tea])) == "line 2 (TEA) is new"


def test_what_is_no_order_any_more_says_so() -> None:
    assert difference(ORDER, replace(ORDER, not_an_order="voided")) == "an order -> voided"


@given(st.text(), st.text())
def test_any_text_differs_from_another_and_from_nothing_else(old: str, new: str) -> None:
    before, after = replace(ORDER, reference=old), replace(ORDER, reference=new)
    assert difference(before, before) == ""
    assert (difference(before, after) == "") == (difference(after, before) == "")


def test_a_line_that_is_promised_or_no_longer_promised_is_a_difference() -> None:
    promised = replace(ORDER, expected_lines=3, present_lines=2)
    assert difference(replace(ORDER, expected_lines=2, present_lines=2), promised) == "lines 2 of 2 -> 2 of 3"
    assert difference(ORDER, replace(ORDER, expected_lines=0)) == ""
