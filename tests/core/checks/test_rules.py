"""The rules and the reading of a channel's words: each problem names the field, the value, and who fixes it how."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.checks.rules import problems_of
from order_sync.core.order.changes import difference
from order_sync.core.order.model import OrderKey, Problem, Transaction
from order_sync.core.order.money import ONE_MINOR_UNIT
from order_sync.core.order.parsing import LINE, read_date, read_instant, read_order
from tests.memory.channel import DETAILS, transaction
from tests.memory.clock import START
from tests.memory.erp import reference


def details(**changes: object) -> str:
    return json.dumps({**json.loads(DETAILS), **changes})


def line(**changes: object) -> dict[str, object]:
    return {**json.loads(DETAILS)["lines"][0], **changes}


ADDRESS = {
    "name": "Zoë O’Neill",
    "street": "Ring 1",
    "city": "Köln",
    "state": "NW",
    "postal_code": "50667",
    "country": "DE",
}


def codes(bad: Transaction, guest_account: str | None = None) -> list[str]:
    return [problem.code for problem in problems(bad, guest_account)]


def problems(bad: Transaction, guest_account: str | None = None) -> tuple[Problem, ...]:
    return problems_of(read_order(bad, guest_account, START), reference(), ONE_MINOR_UNIT)


def test_a_good_order_has_no_problem() -> None:
    assert codes(transaction()) == []
    assert codes(transaction(details=details(ships=True, ship_to=ADDRESS))) == []


def test_an_order_of_1114_lines_is_a_good_order() -> None:
    many = details(lines=[line(number=n) for n in range(1114)])
    assert codes(transaction(details=many, total="11140.00")) == []


def test_a_line_may_be_an_array_and_says_the_same_as_one_with_names() -> None:
    named = [line(number="1"), line(number="2", tax_rate=None)]
    arrays = [[each.get(name) for name in LINE] for each in named]
    by_name, by_place = (transaction(details=details(lines=lines), total="20.00") for lines in (named, arrays))
    assert codes(by_place) == []
    assert read_order(by_place, None, START) == read_order(by_name, None, START)
    assert difference(by_name, by_place) == ""
    assert codes(transaction(details=details(lines=[arrays[0][:2]]))) == ["FIELD_INVALID"] * 2


@pytest.mark.parametrize(
    ("bad", "code", "names"),
    [
        (transaction(details=details(lines=[]), total="0"), "ORDER_EMPTY", "no lines"),
        (transaction(details=details(lines=[line(quantity="-2")])), "QTY_SIGN", "quantity -2"),
        (transaction(details=details(lines=[line(quantity="0")])), "QTY_SIGN", "quantity 0"),
        (transaction(details=details(lines=[line(net="-10.00")]), total="-10"), "QTY_SIGN", "net -10.00"),
        (transaction(currency="XAF"), "CURRENCY_MAPPING", "XAF"),
        (transaction(currency=""), "CURRENCY_MAPPING", "the order has no currency"),
        (transaction(details=details(lines=[line(sku="tea")])), "SKU_NOT_FOUND", "'tea'"),
        (transaction(details=details(lines=[line(quantity="0.5")])), "QTY_UOM", "0.5"),
        (transaction(details=details(lines=[line(tax_code="XX")])), "TAX_MAPPING", "'XX'"),
        (transaction(details=details(lines=[line(tax_code="DE19", tax_rate="7", tax="0")])), "TAX_MAPPING", "7"),
        (transaction(details=details(lines=[line(tax="1.90")]), total="11.90"), "TAX_MAPPING", "no tax code"),
        (transaction(customer_account="C-404"), "CUSTOMER_NOT_FOUND", "C-404"),
        (transaction(customer_account=""), "CUSTOMER_NOT_FOUND", "guest"),
        (transaction(details=details(ships=True)), "ADDRESS_MISSING", "no shipping address"),
        (transaction(details=details(ships=True, ship_to={**ADDRESS, "city": " "})), "ADDRESS_MISSING", "no city"),
        (
            transaction(details=details(ships=True, ship_to={**ADDRESS, "country": "EIRE"})),
            "COUNTRY_STATE_INVALID",
            "EIRE",
        ),
        (transaction(total="10.02"), "TOTALS_MISMATCH", "10.02"),
        (transaction(total="NaN"), "FIELD_INVALID", "NaN"),
        (transaction(total=None), "FIELD_INVALID", "total is missing"),
        (transaction(placed_at="infinity"), "FIELD_INVALID", "infinity"),
        (transaction(placed_at="294276-12-31T00:00:00+00:00"), "FIELD_INVALID", "294276"),
        (transaction(placed_at="2026-03-02T08:00:00"), "FIELD_INVALID", "offset"),
        (transaction(placed_at="2026-03-04T08:00:00+00:00"), "FIELD_INVALID", "future"),
        (transaction(placed_at=None), "FIELD_INVALID", "placed_at"),
        (transaction(delivery_date="31.12.2026"), "FIELD_INVALID", "31.12.2026"),
        (transaction(details="{"), "PARSE_ERROR", "JSON"),
        (transaction(details="[]"), "PARSE_ERROR", "no object"),
        (transaction(details=f'{{"ship_to": {"[" * 5000}{"]" * 5000}}}'), "PARSE_ERROR", "nested"),
        *[
            (transaction(details=details(lines=lines)), "PARSE_ERROR", "lines must be a list of")
            for lines in ([None], ["TEA"], [line(), 5], "TEA", {"1": line()}, 5, True)
        ],
        (transaction(details=details(charges=[None])), "PARSE_ERROR", "charges must be a list of"),
        (transaction(details=details(charges=[["FREIGHT", "5"]])), "PARSE_ERROR", "charges must be a list of"),
        (transaction(details=details(charges={"code": "FREIGHT"})), "PARSE_ERROR", "charges must be a list of"),
        (transaction(details=details(ship_to="Mill Lane 1")), "PARSE_ERROR", "ship_to must be an object"),
        (transaction(details=details(ship_to={**ADDRESS, "name": {"first": "Ada"}})), "FIELD_INVALID", "ship_to.name"),
        (transaction(details=details(lines=[line(sku=["TEA"])])), "FIELD_INVALID", "line 1 sku"),
        (transaction(details=details(ships=None)), "FIELD_INVALID", "ships"),
        (transaction(details=details(ships="false")), "FIELD_INVALID", "ships is 'false'"),
        (transaction(details=details(lines=[line(sku="TEA\ud83d")])), "BAD_CHARACTERS", "line 1 sku"),
        (transaction(details=details(lines=[line(sku="TEA\x00")])), "BAD_CHARACTERS", "NUL"),
        (transaction(reference="WEB\N{SYMBOL FOR NULL}1"), "BAD_CHARACTERS", "NUL"),
        (transaction(reference="WEB\t1"), "BAD_CHARACTERS", "reference holds a tab"),
        *[
            (transaction(key=OrderKey("shop", parts)), "PARSE_ERROR", "the channel gives no key for this order")
            for parts in (("",), (" ",), ("", "\t"))
        ],
        *[
            (transaction(details=details(ships=True, ship_to={**ADDRESS, part: f"Ad{odd}a"})), "BAD_CHARACTERS", said)
            for part in ("name", "city", "postal_code")
            for odd, said in (("\t", f"ship_to.{part} holds a tab"), ("\r\n", f"ship_to.{part} holds a line break"))
        ],
    ],
)
def test_each_problem_is_found_and_names_the_value(bad: Any, code: Any, names: Any) -> None:
    """R22, R23, R24"""
    found = [problem for problem in problems(bad) if problem.code == code]
    assert found, codes(bad)
    assert names in found[0].message
    assert any(word in found[0].message for word in ("correct", "create", "complete", "finance", "owner", "mend"))


def test_a_guest_is_the_customer_that_the_channel_names_for_guests() -> None:
    """R31"""
    assert codes(transaction(customer_account=""), guest_account="C-1") == []


@pytest.mark.parametrize("ship_to", ["Ada Lovelace", ["Ada Lovelace"], {**ADDRESS, "name": ["Ada Lovelace"]}])
def test_a_problem_never_repeats_an_address_of_another_shape(ship_to: Any) -> None:
    found = problems(transaction(details=details(ship_to=ship_to)))
    assert found
    assert "Ada" not in str(found)


def test_a_problem_never_repeats_an_address() -> None:
    bad = transaction(details=details(ships=True, ship_to={**ADDRESS, "name": "Zoë\x00", "city": ""}))
    text = " ".join(f"{problem.value} {problem.message}" for problem in problems(bad))
    assert "Zoë" not in text
    assert "Ring" not in text


def test_taxes_and_totals_are_right_to_the_cent_and_one_cent_is_allowed() -> None:
    taxed = details(lines=[line(tax_code="DE19", tax_rate="19", tax="1.90")])
    assert codes(transaction(details=taxed, total="11.90")) == []
    assert codes(transaction(details=taxed, total="11.91")) == []
    assert codes(transaction(details=taxed, total="11.92")) == ["TOTALS_MISMATCH"]


def test_what_the_erp_would_book_is_compared_too() -> None:
    taxed = details(lines=[line(tax_code="DE19", tax="1.00")])
    assert codes(transaction(details=taxed, total="11.00")) == ["TOTALS_MISMATCH"]


def test_a_charge_is_part_of_the_total_and_must_be_an_article() -> None:
    charged = details(charges=[{"code": "FREIGHT", "net": "5.00", "tax_code": "", "tax": "0"}])
    assert codes(transaction(details=charged, total="15.00")) == ["SKU_NOT_FOUND"]
    assert codes(transaction(details=charged, total="10.00")) == ["SKU_NOT_FOUND", "TOTALS_MISMATCH"]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_amounts_are_read_exactly(amount: Decimal) -> None:
    reading = read_order(transaction(total=str(amount)), None, START)
    assert reading.order.total == amount
    assert isinstance(reading.order.total, Decimal)


@given(st.text())
def test_no_text_breaks_the_reading_of_instants_and_dates(text: str) -> None:
    instant, day = read_instant(text), read_date(text)
    assert instant is None or instant.tzinfo is UTC
    assert day is None or day.year >= 2000


def test_instants_are_kept_as_utc() -> None:
    assert read_instant("2026-03-02T09:00:00+02:00") == datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
    assert read_instant("1900-01-01T00:00:00+00:00") is None
    assert read_instant("9999-12-31T23:59:59-14:00") is None


def test_an_amount_that_cannot_be_read_is_one_problem_and_not_two() -> None:
    assert codes(transaction(details=details(lines=[line(quantity="two")]))) == ["FIELD_INVALID"]


def test_a_street_may_have_several_lines_and_what_does_not_ship_needs_no_address() -> None:
    shipped = transaction(details=details(ships=True, ship_to={**ADDRESS, "street": "Mill Lane 1\nFlat 2"}))
    taken_along = transaction(details=details(ships=False, ship_to={**ADDRESS, "name": "Ada\tLovelace"}))
    assert codes(shipped) == codes(taken_along) == []


def test_a_name_with_a_tab_is_told_by_its_field_and_not_repeated() -> None:
    (problem,) = problems(transaction(details=details(ships=True, ship_to={**ADDRESS, "name": "Ada\tLovelace"})))
    assert (problem.code, problem.field, problem.value) == ("BAD_CHARACTERS", "ship_to.name", "")
    assert "Lovelace" not in problem.message
