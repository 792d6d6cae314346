"""The rules and what an ERP cannot tell: a kind, a fact of a code, and a code that it was not asked for."""

import json
from dataclasses import replace
from typing import Any

import pytest

from order_sync.core.checks.reference_data import ReferenceData, cures, not_told, wanted
from order_sync.core.checks.rules import problems_of
from order_sync.core.order.model import Order, Transaction
from order_sync.core.order.money import ONE_MINOR_UNIT
from order_sync.core.order.parsing import LONGEST_CODE, read_order
from order_sync.core.sending.traits import KINDS
from tests.memory.channel import DETAILS, transaction
from tests.memory.clock import START
from tests.memory.erp import reference

ADDRESS = {"name": "A", "street": "B 1", "city": "K", "state": "NW", "postal_code": "1", "country": "DE"}
NOTHING = ReferenceData({}, START, knows=frozenset())


def sold(total: str = "11.90", account: str = "C-1", **line: object) -> Transaction:
    """An order that names something of every kind."""
    taxed = {**json.loads(DETAILS)["lines"][0], "tax_code": "DE19", "tax_rate": "19", "tax": "1.90", **line}
    details = {"lines": [taxed], "charges": [], "ship_to": ADDRESS, "ships": True}
    return transaction(details=json.dumps(details), total=total, customer_account=account)


def order(said: Transaction) -> Order:
    return read_order(said, None, START).order


def codes(said: Transaction, known: ReferenceData) -> list[str]:
    return [problem.code for problem in problems_of(read_order(said, None, START), known, ONE_MINOR_UNIT)]


def telling(**facts: dict[str, object]) -> ReferenceData:
    """The usual data, with other facts of the article or the tax."""
    names = {"sku": "TEA", "tax": "DE19"}
    return replace(reference(), facts={**reference().facts, **{(kind, names[kind]): facts[kind] for kind in facts}})


@pytest.mark.parametrize("kind", ["sku", "customer", "tax", "currency", "country"])
def test_a_kind_that_the_erp_cannot_tell_is_judged_by_no_rule(kind: str) -> None:
    without = {code: facts for code, facts in reference().facts.items() if code[0] != kind}
    assert codes(sold(), replace(reference(), facts=without)) != []
    assert codes(sold(), replace(reference(), facts=without, knows=frozenset(KINDS) - {kind})) == []


def test_it_is_named_for_the_order_that_names_a_code_of_it() -> None:
    assert not_told(wanted(order(sold())), reference()) == set()
    assert not_told(wanted(order(sold())), NOTHING) == set(KINDS) - {"state"}
    assert not_told(wanted(order(transaction())), NOTHING) == {"sku", "customer", "currency"}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (sold(sku=""), "SKU_NOT_FOUND"),
        (sold(account=""), "CUSTOMER_NOT_FOUND"),
        (replace(sold(), currency=""), "CURRENCY_MAPPING"),
        (sold(tax_code=""), "TAX_MAPPING"),
        (sold(quantity="-1"), "QTY_SIGN"),
        (sold(total="12.90"), "TOTALS_MISMATCH"),
    ],
)
def test_what_is_wrong_with_the_order_itself_is_found_although_the_erp_tells_nothing(bad: Any, code: str) -> None:
    assert codes(bad, NOTHING)[0] == code


@pytest.mark.parametrize("rate", [{}, {"rate": None}])
def test_a_tax_without_its_rate_leaves_the_rate_and_the_erps_total_unjudged(rate: dict[str, Any]) -> None:
    known = telling(tax=rate)
    assert codes(sold(), known) == []
    assert codes(sold(total="11.00", tax="1.00"), known) == []
    assert codes(sold(total="12.00"), known) == ["TOTALS_MISMATCH"], "the shop's own sums are judged all the same"


@pytest.mark.parametrize("left_out", [{}, {"salable": None, "digits": None}])
def test_an_article_of_which_nothing_more_is_told_may_be_sold_in_any_quantity(left_out: dict[str, Any]) -> None:
    assert codes(sold(quantity="0.5"), telling(sku=left_out)) == []
    assert codes(sold(quantity="0.5"), telling(sku={**left_out, "digits": 0})) == ["QTY_UOM"]
    assert codes(sold(), telling(sku={**left_out, "salable": False})) == ["SKU_NOT_SALABLE"]


def test_what_was_not_asked_for_is_told_from_what_is_not_there() -> None:
    named = wanted(order(sold()))
    answered = ReferenceData({("sku", "TEA"): None}, START, whole=False)
    assert answered.never_asked(named) == named - {("sku", "TEA")}
    assert replace(answered, knows=frozenset({"sku"})).never_asked(named) == set(), "nobody can be asked for the others"
    assert ReferenceData({}, START).never_asked(named) == set(), "a whole copy lacks what is not there"


@pytest.mark.parametrize("odd", ["A" * (LONGEST_CODE + 1), "A\x00", "A\ud83d", ""])
def test_what_cannot_be_a_code_is_never_asked_for_and_not_there(odd: str) -> None:
    """It would fit into no index of the ledger, and one such order would stop the questions of its whole channel."""
    said = order(sold(sku=odd))
    assert ("sku", odd) not in wanted(said)
    assert "SKU_NOT_FOUND" in codes(sold(sku=odd), ReferenceData({}, START, whole=False))


def test_a_refusal_is_cured_only_by_data_that_the_erp_tells() -> None:
    assert cures("COUNTRY_STATE_INVALID", order(sold()), KINDS) == ("country:DE", "state:DE-NW")
    assert cures("COUNTRY_STATE_INVALID", order(sold()), {"country", "sku"}) == ("country:DE",)
    assert cures("COUNTRY_STATE_INVALID", order(sold()), ()) == ()
