"""What is mended comes back: each code of which the catalogue says so, whoever found it, over the real ledger."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.checks.reference_data import Wanted
from order_sync.core.life.lifecycle import Event
from order_sync.core.order.model import Transaction
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, refresh_reference, validate
from order_sync.ledger import Ledger
from tests.ledger.steps import ACTOR, Sql
from tests.memory.channel import DETAILS, MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
POLICY = Policy("unique_key", grace=timedelta(0))
SKU: Wanted = ("sku", "TEA")
AGAIN = [code for code, advice in CATALOGUE.items() if "validated again by itself" in advice.then]
"""Codes that come back when the ERP is mended."""

CHANGED = [code for code, advice in CATALOGUE.items() if "a new version from the shop is validated" in advice.then]
"""Codes that come back when the shop mends the order."""

Facts = Mapping[Wanted, dict[str, object] | None]


def sold(quantity: str = "2") -> Transaction:
    """An order that names something of every kind of reference data."""
    line = json.loads(DETAILS)["lines"][0]
    taxed = {**line, "quantity": quantity, "tax_code": "DE19", "tax_rate": "19", "tax": "1.90"}
    ship_to = {"name": "A", "street": "B 1", "city": "K", "state": "NW", "postal_code": "1", "country": "DE"}
    details = {"lines": [taxed], "charges": [], "ship_to": ship_to, "ships": True}
    return transaction(1, details=json.dumps(details), total="11.90")


FOUND: dict[str, tuple[Transaction, Facts, Facts]] = {
    "SKU_NOT_FOUND": (sold(), {SKU: None}, {}),
    "SKU_NOT_SALABLE": (sold(), {SKU: {"salable": False, "digits": 0}}, {}),
    "QTY_UOM": (sold("0.5"), {}, {SKU: {"salable": True, "digits": 1}}),
    "CUSTOMER_NOT_FOUND": (sold(), {("customer", "C-1"): None}, {}),
    "CURRENCY_MAPPING": (sold(), {("currency", "EUR"): None}, {}),
    "TAX_MAPPING": (sold(), {("tax", "DE19"): {"rate": "7"}}, {}),
    "COUNTRY_STATE_INVALID": (sold(), {("country", "DE"): None}, {}),
}
"""For each code an order, what the ERP knows otherwise while the rules find the problem, and once it is mended."""


@dataclass
class Shop:
    """A channel, an ERP and the ledger between them."""

    ledger: Ledger
    channel: MemoryChannel
    erp: MemoryErp

    def judge(self, route: Route = ROUTE) -> str:
        """Bring the order as far as the rules do, with a fresh copy of the ERP's data; how it stands then."""
        extract(route, self.channel, self.ledger, ACTOR)
        asyncio.run(refresh_reference(route, self.erp, self.ledger, ACTOR, timedelta(0)))
        validate(route, self.ledger, ACTOR)
        (status,) = self.ledger.counts("shop")
        return status

    def push(self) -> dict[str, int]:
        return asyncio.run(push(ROUTE, self.erp, self.ledger, ACTOR, POLICY, Settings())).counts

    def refused(self, *codes: str) -> None:
        """The ERP refuses the order with these codes, one after the other."""
        for code in codes:
            assert self.judge() == "queued"
            self.erp.script = [code]
            assert self.push() == {"refused": 1}


@pytest.fixture
def shop(ledger: Ledger) -> Shop:
    return Shop(ledger, MemoryChannel([sold()]), MemoryErp(Clock()))


def code(sql: Sql) -> object:
    return sql.one("select code from orders")


@pytest.mark.parametrize("expected", AGAIN)
def test_what_the_rules_found_comes_back_once_the_erp_is_mended(shop: Shop, sql: Sql, expected: str) -> None:
    order, shop.erp.knows, mended = FOUND[expected][0], dict(FOUND[expected][1]), dict(FOUND[expected][2])
    shop.channel.rows = [order]
    assert [shop.judge(), shop.judge(), code(sql)] == ["failed", "failed", expected]
    shop.erp.knows = mended
    assert shop.judge() == "queued"


@pytest.mark.parametrize("refusal", AGAIN)
def test_what_the_erp_refused_comes_back_with_the_next_copy_although_nothing_differs(shop: Shop, refusal: str) -> None:
    """The ERP was mended between two copies of its data, so that the second is like the first."""
    shop.refused(refusal)
    assert shop.judge() == "queued"
    assert shop.push() == {"sent": 1}


@pytest.mark.parametrize("refusal", AGAIN)
def test_what_the_erp_refuses_again_waits_until_its_data_differs(shop: Shop, sql: Sql, refusal: str) -> None:
    shop.refused(refusal, refusal)
    assert [shop.judge(), shop.judge(), code(sql)] == ["failed", "failed", refusal]
    kind = CATALOGUE[refusal].kinds[0]
    (wanted,) = [(of, each) for of, each in asyncio.run(shop.erp.reference()).facts if of == kind]
    shop.erp.knows = {wanted: None}
    assert [shop.judge(), code(sql)] == ["failed", refusal], "data that went away mends nothing"
    shop.erp.knows = {}
    assert shop.judge() == "queued"
    assert shop.push() == {"sent": 1}


def test_a_state_that_the_erp_gets_brings_back_what_it_refused_for_it(shop: Shop) -> None:
    """R102"""
    shop.erp.knows = {("state", "DE-NW"): None}
    shop.refused("COUNTRY_STATE_INVALID", "COUNTRY_STATE_INVALID")
    assert shop.judge() == "failed"
    shop.erp.knows = {}
    assert shop.judge() == "queued"


def test_an_order_that_is_mended_and_refused_again_and_again_is_dead_in_the_end(shop: Shop, sql: Sql) -> None:
    for number in range(4):
        shop.erp.knows = {SKU: {"salable": True, "digits": number}}
        shop.refused("SKU_NOT_SALABLE")
    shop.erp.knows = {}
    assert shop.judge() == "queued"
    shop.erp.script = ["SKU_NOT_SALABLE"]
    assert shop.push() == {"refused_too_often": 1}
    shop.erp.knows = {SKU: {"salable": True, "digits": 7}}
    assert shop.judge() == "dead"


@pytest.mark.parametrize("refusal", ["REJECTED_BY_ERP", "CANCELLED_IN_ERP", "PERIOD_CLOSED", "UNKNOWN"])
def test_a_refusal_that_no_data_of_the_erp_cures_stays(shop: Shop, refusal: str) -> None:
    shop.refused(refusal)
    shop.erp.knows = {SKU: {"salable": True, "digits": 2}}
    assert shop.judge() == "failed"


@pytest.mark.parametrize("first", [None, Event.RECEIPT, Event.DIFFERENT])
def test_an_order_that_the_erp_may_have_does_not_come_back(shop: Shop, sql: Sql, first: Event | None) -> None:
    """It was refused, but another attempt of it was not, or somebody cancelled it there."""
    shop.refused("SKU_NOT_FOUND")
    sql.do(
        "insert into attempts (order_id, generation, opened_at, opened_by, grace_until, closed_at, outcome)"
        " select order_id, 0, opened_at, opened_by, grace_until, closed_at, %s from attempts",
        first,
    )
    assert shop.judge() == "failed"


def test_a_refusal_of_before_this_was_remembered_stays(shop: Shop, sql: Sql) -> None:
    shop.refused("SKU_NOT_FOUND")
    sql.do("update attempts set cured_by = '{}'")
    assert shop.judge() == "failed"


def test_a_guests_order_comes_back_once_the_channel_has_an_account_for_guests(shop: Shop, sql: Sql) -> None:
    shop.channel.rows = [replace(sold(), customer_account="")]
    assert [shop.judge(), shop.judge(), code(sql)] == ["failed", "failed", "CUSTOMER_NOT_FOUND"]
    assert shop.judge(replace(ROUTE, guest_account="C-1")) == "queued"
    assert sql.one("select array_agg(event order by id) from order_history") == [
        *("landed", "invalid", "reference_changed", "valid"),
    ]


@pytest.mark.parametrize("refusal", CHANGED)
def test_what_the_shop_mends_comes_back(shop: Shop, refusal: str) -> None:
    shop.refused(refusal)
    assert shop.judge() == "failed"
    shop.channel.rows = [replace(sold(), digest="mended", delivery_date="2026-03-06")]
    assert shop.judge() == "queued"
    assert shop.push() == {"sent": 1}


def test_each_code_says_what_brings_it_back() -> None:
    assert {code for code, advice in CATALOGUE.items() if advice.kinds} == set(AGAIN) == set(FOUND)
    assert AGAIN
    assert CHANGED
