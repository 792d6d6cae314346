"""Report: of which day, and whether of failed orders alone."""

from datetime import date
from typing import Annotated, get_args

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from order_sync.core.records.report import ReportContent
from order_sync.core.requests.fields import DATE, a_date, choices, words
from order_sync.core.requests.request import Request, Wrong

CONTENTS: tuple[ReportContent, ...] = get_args(ReportContent)


def _content(value: object, info: ValidationInfo) -> ReportContent:
    text = words(value, info)
    for content in CONTENTS:
        if content == text:
            return content
    raise Wrong(f"content is '{text}': {choices(CONTENTS, optional=False)}")


def _day(value: object, info: ValidationInfo) -> date | None:
    return a_date(value, info, or_nothing=", or leave it empty")


class ReportRequest(Request):
    """The report of a business day; `day` None for the last one that is over."""

    day: Annotated[date | None, PlainValidator(_day), DATE] = Field(
        None, title="Business day", description="A day that is over; empty takes the last one."
    )
    content: Annotated[
        ReportContent, PlainValidator(_content), WithJsonSchema({"type": "string", "enum": [*CONTENTS]})
    ] = Field(
        "failed",
        title="Orders",
        json_schema_extra={"values_display": {"failed": "Only orders that failed to sync", "all": "All orders"}},
    )
