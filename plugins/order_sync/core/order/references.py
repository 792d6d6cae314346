"""The external reference: what an order bears in an ERP, and what it is found by there.

It is the order's key where the field of the ERP takes that, else a short reference made of the key. ERPs hold short
references: the one of a key never changes. Some are written down in the test of this page.
"""

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from string import ascii_uppercase, digits

from order_sync.core.errors import Misconfigured
from order_sync.core.order.model import LONGEST_KEY, Order, OrderKey

LONGEST_SHORT = 31
"""Characters of a short reference at most: four that name the channel to people, a hyphen, and 26 of a digest."""

SHORT_CHARACTERS = f"{ascii_uppercase}{digits}-"
"""What short references are made of: no field of an ERP takes less, and no two differ by case alone."""

_BASE_32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's digits, without letters that look like one."""

_SHORT = re.compile(rf"[A-Z0-9]{{1,4}}-[{_BASE_32}]{{26}}")


@dataclass(frozen=True, slots=True)
class ReferenceField:
    """What an ERP's field for the external reference takes. The usual one takes every key.

    Raises Misconfigured for a field that takes no short reference.

    Attributes:
        longest: how many characters it takes.
        characters: all that it takes; '' for any.
        ignores_case: whether two references are the same to the ERP that differ by upper and lower case alone.
    """

    longest: int = LONGEST_KEY
    characters: str = ""
    ignores_case: bool = False

    def __post_init__(self) -> None:
        missing = "".join(sorted(set(SHORT_CHARACTERS).difference(self.characters))) if self.characters else ""
        if missing or self.longest < LONGEST_SHORT:
            takes = f"does not take {missing}" if missing else f"takes {self.longest} characters"
            raise Misconfigured(
                f"the ERP's field for the external reference {takes}, and a short reference has up to {LONGEST_SHORT}"
                " characters out of A-Z, 0-9 and '-': the adapter must use a field that takes these"
            )

    def takes(self, key: str) -> bool:
        """Whether a key fits, and stays another one than every other key."""
        if len(key) > self.longest or (self.characters and not set(key).issubset(self.characters)):
            return False
        return not self.ignores_case or key == key.casefold()


ANY_KEY = ReferenceField()
"""The field of an ERP that takes every key as it is."""


def reference_of(key: OrderKey, field: ReferenceField) -> str:
    """The external reference of an order in an ERP with this field."""
    whole = str(key)
    return whole if field.takes(whole) else short_of(key)


def addressed(order: Order, field: ReferenceField) -> Order:
    """The order under its external reference in an ERP with this field."""
    reference = reference_of(order.key, field)
    return order if reference == str(order.key) else replace(order, short_reference=reference)


def short_of(key: OrderKey) -> str:
    """The short reference of an order: the same for ever, as ERPs hold it."""
    number = int.from_bytes(sha256(str(key).encode()).digest(), "big") >> 256 - 26 * 5
    return f"{_tag(key.channel)}-{''.join(_BASE_32[number >> place & 31] for place in range(125, -1, -5))}"


def is_short(text: str) -> bool:
    """Whether it looks like a short reference, which no key does."""
    return _SHORT.fullmatch(text) is not None


def _tag(channel: str) -> str:
    """The channel's name for people: the first letters of its words, and of the last word as much as fits."""
    found: list[str] = re.findall(r"[A-Z0-9]+", channel.upper())
    *words, last = found or ["X"]
    return ("".join(word[0] for word in words[:3]) + last)[:4]
