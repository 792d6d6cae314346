"""A key is reversible, and what is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.order.model import OrderKey


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_key_is_reversible_whatever_its_parts_hold(parts: list[str]) -> None:
    key = OrderKey("shop", tuple(parts))
    assert OrderKey.parse(str(key)) == key
    assert str(key).isascii()


@given(st.lists(st.text(max_size=400), min_size=1, max_size=5))
def test_a_key_is_too_long_by_what_it_is_when_it_is_written_out(parts: list[str]) -> None:
    key = OrderKey("shop", tuple(parts))
    assert key.too_long is (len(str(key)) > 2000)


@pytest.mark.parametrize("text", ["", "shop", ":", ":1"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an order key"):
        OrderKey.parse(text)
