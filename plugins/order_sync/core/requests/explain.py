"""Explain: which order, by one of what people know of it, or which orders for a list."""

from typing import Annotated, ClassVar

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from order_sync.core.decisions.selection import Selection
from order_sync.core.order.model import OrderKey
from order_sync.core.order.references import is_short
from order_sync.core.requests.fields import (
    OPTIONAL,
    SUCH_AS,
    AnyChannel,
    AnyCode,
    AnyStatus,
    Flag,
    Text,
    flag,
    whole_number,
    words,
)
from order_sync.core.requests.request import Request, Wrong, asking

SINGLE = ("reference", "receipt", "customer_account")
"""What finds single orders beside their key."""

FILTERS = ("status", "code", "channel", "days")
"""What narrows a list down."""

LONGEST_AGO = 36500
"""Days."""

AT_MOST = 50
"""Orders that a list shows unless it is asked for more."""

MOST = 1000
"""Orders that a list shows at most."""


def _key(value: object, info: ValidationInfo) -> OrderKey | str | None:
    text, wrong = words(value, info), []
    if not text:
        return None
    key: OrderKey | str = ""
    try:
        key = text.upper() if is_short(text.upper()) else OrderKey.parse(text)
    except ValueError:
        wrong.append(
            f"key is not an order key, {SUCH_AS}; for a number that people know use reference, receipt or"
            " customer_account"
        )
    if others := asking(info).given([*SINGLE, *FILTERS]):
        wrong.append(f"key names one order: leave out {', '.join(others)}")
    if wrong:
        raise Wrong(*wrong)
    return key


def _single(value: object, info: ValidationInfo) -> str:
    """The last of what finds single orders."""
    text, asked = words(value, info), asking(info)
    one, filters = asked.given(SINGLE), asked.given(FILTERS)
    if one and filters and not asked.given(["key"]):
        raise Wrong(f"{', '.join(one)} finds single orders: leave out {', '.join(filters)}, which belong to a list")
    return text


def _whole(value: object, info: ValidationInfo) -> bool:
    whole = flag(value, info)
    if whole and not asking(info).given(["key", *SINGLE]):
        raise Wrong("whole_order prints one order: name its key, reference, receipt or customer_account")
    return whole


def _days(value: object, info: ValidationInfo) -> int | None:
    return whole_number(value, info, LONGEST_AGO, optional=True)


def _at_most(value: object, info: ValidationInfo) -> int:
    return whole_number(value, info, MOST, optional=True) or AT_MOST


class ExplainRequest(Request):
    """Where is my order? One order, or a list.

    `key` may be a short reference, which is text. `days` are those of placing, back from now; None for all.
    """

    sections: ClassVar = {
        "Which order": ("key", *SINGLE, "whole_order", "escalate"),
        "Which orders, for a list": (*FILTERS, "at_most"),
    }

    key: Annotated[OrderKey | str | None, PlainValidator(_key), WithJsonSchema({"type": OPTIONAL})] = Field(
        None,
        title="Order key",
        description="`channel:...`, as in alerts, or the external reference that the ERP shows.",
    )
    reference: Text = Field(
        "", title="Channel reference ID", description="The number that the online store shows its customer."
    )
    receipt: Text = Field("", title="Receipt number", description="The number on a till's receipt.")
    customer_account: Annotated[str, PlainValidator(_single), WithJsonSchema({"type": OPTIONAL})] = Field(
        "", title="Customer account", description="As the channel gives it."
    )
    whole_order: Annotated[bool, PlainValidator(_whole), WithJsonSchema({"type": "boolean"})] = Field(
        False,
        title="Print the whole order",
        description="It contains personal data. The DAG writes it into a file beside the reports.",
    )
    escalate: Flag = Field(
        False, title="For support", description="Also print what support needs, without personal data."
    )
    status: AnyStatus = Field(None, title="Status", description="The status in the ledger.")
    code: AnyCode = Field("", title="Error code", description="All orders of one cause.")
    channel: AnyChannel = Field("", title="Channel")
    days: Annotated[int | None, PlainValidator(_days), WithJsonSchema({"type": ["null", "integer"], "minimum": 1})] = (
        Field(None, title="Days", description="Placed in the last so many days.")
    )
    at_most: Annotated[
        int, PlainValidator(_at_most), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST})
    ] = Field(AT_MOST, title="At most", description="How many orders a list shows.")

    @property
    def selection(self) -> Selection | None:
        """The one order that is meant, by what is known of it; None for a list."""
        if isinstance(self.key, OrderKey):
            return Selection(keys=(self.key,))
        if self.key:
            return Selection(short_reference=self.key)
        known = {name: getattr(self, name) for name in SINGLE}
        return Selection(**known) if any(known.values()) else None
