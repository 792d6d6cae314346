"""The external reference: the key where the ERP takes it, else a short one that fits, never changes and is unique."""

import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_sync.core.errors import Misconfigured
from order_sync.core.order.maker import GuestPolicy, make
from order_sync.core.order.model import OrderKey
from order_sync.core.order.references import (
    ANY_KEY,
    LONGEST_SHORT,
    SHORT_CHARACTERS,
    ReferenceField,
    addressed,
    is_short,
    reference_of,
    short_of,
)
from tests.memory.channel import transaction
from tests.memory.clock import START

SAP = ReferenceField(35)
NETSUITE = ReferenceField(64, ascii_letters + digits + "_-")
NO_CASE = ReferenceField(ignores_case=True)
NARROWEST = ReferenceField(LONGEST_SHORT, SHORT_CHARACTERS, ignores_case=True)
FIELDS = (ANY_KEY, SAP, NETSUITE, NO_CASE, NARROWEST)

REAL = OrderKey("dynamics_web", ("5637144592", "WEB01", "WEB01-1", "WEB01-1-000012", "demf"))
KEYS = st.builds(
    OrderKey,
    channel=st.sampled_from(["shop", "dynamics_web", "dynamics_store", "a_b_c_d_e", "7"]),
    parts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=4).map(tuple),
)

HELD_BY_ERPS = {
    REAL: "DWEB-916ZSSASYGS9YQ97CAD7M6KZ53",
    OrderKey("shop", ("1",)): "SHOP-6C4WY8J16BF3RT6H5ZPWW546N9",
    OrderKey("shop", ("a b", "100%", "ä/ö")): "SHOP-V4J05RJR5584311KN919Z67ZV1",
}
"""ERPs hold such references: a release that makes others of the same keys would send what they have again."""


@pytest.mark.parametrize("key", HELD_BY_ERPS, ids=str)
def test_the_short_reference_of_a_key_never_changes(key: OrderKey) -> None:
    assert short_of(key) == HELD_BY_ERPS[key]


@pytest.mark.parametrize(
    ("key", "field", "whole"),
    [
        (REAL, ANY_KEY, True),
        (REAL, SAP, False),
        (REAL, NETSUITE, False),
        (REAL, NO_CASE, False),
        (OrderKey("shop", ("1",)), SAP, True),
        (OrderKey("shop", ("x" * 30,)), SAP, True),
        (OrderKey("shop", ("x" * 31,)), SAP, False),
        (OrderKey("shop", ("1",)), NETSUITE, False),
        (OrderKey("shop", ("a1",)), NO_CASE, True),
        (OrderKey("shop", ("A1",)), NO_CASE, False),
        (OrderKey("shop", ("a b",)), NO_CASE, True),
        (OrderKey("shop", ("a/b",)), NO_CASE, False),
        (OrderKey("shop", ("1",)), NARROWEST, False),
    ],
    ids=str,
)
def test_the_whole_key_is_the_reference_wherever_the_erp_takes_it(
    key: OrderKey, field: ReferenceField, whole: bool
) -> None:
    assert reference_of(key, field) == (str(key) if whole else short_of(key))


@given(KEYS, st.sampled_from(FIELDS))
def test_a_reference_fits_its_field(key: OrderKey, field: ReferenceField) -> None:
    reference = reference_of(key, field)
    assert len(reference) <= field.longest
    assert set(reference) <= set(field.characters or reference)
    assert is_short(reference) is (reference != str(key))


@given(st.sets(KEYS, max_size=8), st.sampled_from(FIELDS))
def test_two_keys_never_have_one_reference_also_where_case_is_ignored(
    keys: set[OrderKey], field: ReferenceField
) -> None:
    references = [reference_of(key, field) for key in keys]
    assert len({each.casefold() if field.ignores_case else each for each in references}) == len(keys)


@given(KEYS)
def test_keys_that_differ_by_case_alone_are_told_apart_by_an_erp_that_ignores_case(key: OrderKey) -> None:
    alike = {
        key,
        OrderKey(key.channel, tuple(map(str.lower, key.parts))),
        OrderKey(key.channel, tuple(map(str.upper, key.parts))),
    }
    assert len({reference_of(each, NO_CASE).casefold() for each in alike}) == len(alike)


@given(KEYS)
def test_an_order_bears_what_its_key_gives(key: OrderKey) -> None:
    order = make(transaction(1, key=key), GuestPolicy(), START).order
    for field in FIELDS:
        assert addressed(order, field).external_reference == reference_of(key, field)
        assert addressed(addressed(order, field), field) == addressed(order, field)
    assert addressed(order, ANY_KEY) is order


@pytest.mark.parametrize(
    ("channel", "tag"),
    [
        ("shop", "SHOP"),
        ("dynamics_web", "DWEB"),
        ("dynamics_store", "DSTO"),
        ("amazon_de", "ADE"),
        ("a_b_c_d_e", "ABCE"),
        ("7", "7"),
        ("日本", "X"),
    ],
)
def test_a_short_reference_begins_with_what_people_recognise_the_channel_by(channel: str, tag: str) -> None:
    assert short_of(OrderKey(channel, ("1",))).startswith(f"{tag}-")


@pytest.mark.parametrize(
    "text", ["", "shop:1", "SO-1", "DWEB-", short_of(REAL).lower(), f"X{short_of(REAL)}", "DWEB-" + "U" * 26]
)
def test_what_people_or_others_write_is_no_short_reference(text: str) -> None:
    assert not is_short(text)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"longest": 30}, "takes 30 characters, and a short reference has up to 31 characters out of A-Z, 0-9 and '-'"),
        ({"characters": ascii_letters}, "does not take -0123456789"),
        ({"characters": SHORT_CHARACTERS.replace("-", "_")}, "does not take -, and"),
    ],
    ids=str,
)
def test_a_field_that_takes_no_short_reference_is_refused_in_one_sentence(
    limits: dict[str, object], words: str
) -> None:
    with pytest.raises(Misconfigured, match=re.escape(words)) as error:
        ReferenceField(**limits)  # type: ignore[arg-type]
    assert "the adapter must use a field that takes these" in str(error.value)
    assert "\n" not in str(error.value)
