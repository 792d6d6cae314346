"""An order as it was sent: what is kept of it is read back exactly."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.order.as_sent import read, written
from order_sync.core.order.maker import GuestPolicy, make
from order_sync.core.order.model import Address, Charge, Line, Order, OrderKey
from order_sync.core.order.parsing import MOST_DECIMALS, MOST_DIGITS
from tests.memory.channel import transaction
from tests.memory.clock import START

TEXT = st.text(st.characters(), max_size=20) | st.sampled_from(["", "\x00", "\ud83d", '"\\', "Zoë ␀ 東京"])
AMOUNT = st.decimals(allow_nan=False, allow_infinity=False) | st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**MOST_DIGITS), 10**MOST_DIGITS),
    st.integers(-MOST_DECIMALS, 3),
)
TAXED = {"net": AMOUNT, "tax_code": TEXT, "tax_rate": st.none() | AMOUNT, "tax": AMOUNT}
ORDER = st.builds(
    Order,
    key=st.builds(
        OrderKey,
        channel=st.sampled_from(["shop", "dynamics_web"]),
        parts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4).map(tuple),
    ),
    reference=TEXT,
    customer_account=TEXT,
    currency=TEXT,
    total=AMOUNT,
    placed_at=st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)).map(lambda at: at.replace(fold=0)),  # noqa: DTZ001
    delivery_date=st.none() | st.dates(date(2000, 1, 1)),
    ships=st.booleans(),
    ship_to=st.none() | st.builds(Address, *[TEXT] * 6),
    lines=st.lists(st.builds(Line, number=TEXT, sku=TEXT, quantity=AMOUNT, **TAXED), max_size=3).map(tuple),
    charges=st.lists(st.builds(Charge, code=TEXT, **TAXED), max_size=2).map(tuple),
    short_reference=st.sampled_from(["", "DWEB-916ZSSASYGS9YQ97CAD7M6KZ53"]),
)


@given(ORDER)
def test_an_order_is_read_back_as_it_was_sent_in_every_value_and_digit(order: Order) -> None:
    text = written(order)
    assert read(text) == order
    assert repr(read(text)) == repr(order), "1.0 and 1.00 are equal and not the same"
    assert text.isascii()
    assert "\x00" not in text
    assert written(read(text)) == text


def test_what_is_kept_is_plain_json_in_one_order() -> None:
    order = make(transaction(1), GuestPolicy(), START).order
    said = json.loads(written(order))
    assert said["key"] == "shop:1"
    assert said["total"] == "10.00"
    assert said["placed_at"] == "2026-03-02T08:00:00+00:00"
    assert said["lines"][0]["net"] == "10.00"
    assert list(said) == sorted(said)


@pytest.mark.parametrize("text", ["", "{}", '{"key": "shop:1"}'])
def test_what_is_no_order_is_not_taken_for_one(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read(text)


def test_an_order_that_bears_its_key_is_kept_without_a_word_of_that() -> None:
    """Such a text is the one of before there were short references, and is read as what it was."""
    order = make(transaction(1), GuestPolicy(), START).order
    assert "short_reference" not in json.loads(written(order))
    assert read(written(order)).external_reference == "shop:1"
