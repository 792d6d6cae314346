"""Backfill: which days of a channel from before its start, and how many orders at a time."""

from typing import Annotated

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from order_sync.core.basics.calendar_days import Window
from order_sync.core.requests.fields import OneChannel, Reason, day, last_day, whole_number
from order_sync.core.requests.request import Request, Wrong, asking

AT_MOST = 500
"""Backfilled orders that may be on their way at the same time, by default."""


def _first(value: object, info: ValidationInfo) -> Window:
    if first := day(value, info):
        return first
    raise Wrong("first_day is missing: write a date such as 2026-03-02")


def _last(value: object, info: ValidationInfo) -> Window:
    last = last_day(value, info) if asking(info).given(["first_day"]) else day(value, info)
    if last:
        return last
    raise Wrong("last_day is missing: write a date such as 2026-03-02")


def _at_most(value: object, info: ValidationInfo) -> int:
    return whole_number(value, info, None, optional=True) or AT_MOST


DATE = WithJsonSchema({"type": "string", "format": "date"})


class BackfillRequest(Request):
    """Bring in what was placed on these days; days are those of UTC."""

    channel: OneChannel = Field(title="Channel")
    first_day: Annotated[Window, PlainValidator(_first), DATE] = Field(
        title="First day", description="The first day on which they were placed, in UTC."
    )
    last_day: Annotated[Window, PlainValidator(_last), DATE] = Field(title="Last day", description="It is included.")
    reason: Reason = Field(title="Reason", description="It is kept in each order's history.")
    at_most: Annotated[int, PlainValidator(_at_most), WithJsonSchema({"type": "integer", "minimum": 1})] = Field(
        AT_MOST, title="At most", description="How many backfilled orders may be on their way at the same time."
    )

    @property
    def placed(self) -> Window:
        """The instants from the first day to the end of the last."""
        return Window(self.first_day.start, self.last_day.end)
