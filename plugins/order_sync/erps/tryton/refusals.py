"""What Tryton's refusals mean: its own text, which code of ours it stands for, and without people's data.

The codes stand in `refusals.toml`, here and beside the owner's registry. It must not know any call.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from order_sync.core.errors import OrderRefused
from order_sync.core.order.model import Order
from order_sync.core.privacy.redaction import without_address
from order_sync.erps.tryton.client import Declined
from order_sync.profile import Profile, Refusal, read_refusals

LONGEST = 500
"""Characters of Tryton's text that are kept."""

_PRIVATE_FIELD = re.compile(
    r'The value "[^"]*" for field "([^"]*(?:Address|Party|Contact|Name|Street|City|Postal)[^"]*)"'
)
_PRIVATE_RECORD = re.compile(r'in record "[^"]*" of "([^"]*(?:Address|Party|Contact)[^"]*)"')
_PRIVATE_NOUN = re.compile(r'\b(party|guest|address|contact) "[^"]*"')


class Refusals:
    """What Tryton's sentences mean: as the owner says it, and else as the adapter knows it."""

    def __init__(self, of_the_owner: Sequence[Refusal] = ()) -> None:
        known = read_refusals(Path(__file__).with_suffix(".toml"))
        self._profile = Profile(refusals=(*of_the_owner, *known))

    def refused(self, step: str, declined: Declined, order: Order) -> OrderRefused:
        """The refusal of an order at a step, with Tryton's words and our code."""
        text = str(declined)
        return OrderRefused(f"{step}: {without_people(text, order)}"[:LONGEST], code=self._profile.meaning("", text))


def without_people(text: str, order: Order) -> str:
    """Tryton's text without the names and addresses that it quotes."""
    text = _PRIVATE_FIELD.sub(r'The value for field "\1"', text)
    text = _PRIVATE_RECORD.sub(r'in a record of "\1"', text)
    return without_address(_PRIVATE_NOUN.sub(r"\1", text), order)
