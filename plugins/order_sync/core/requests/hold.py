"""Hold: which connection is put on hold or released, and why."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from order_sync.core.requests.fields import Connection, Reason, one_of
from order_sync.core.requests.request import Request


class HoldAction(StrEnum):
    """What is done with a connection."""

    HOLD = "hold"
    RELEASE = "release"


class HoldRequest(Request):
    """Stop sending over a connection, or go on."""

    connection: Connection = Field(
        title="Connection", description="An ERP stops for every channel that feeds it, a channel for itself."
    )
    action: Annotated[
        HoldAction,
        PlainValidator(one_of(HoldAction, optional=False)),
        WithJsonSchema({"type": "string", "enum": [*map(str, HoldAction)], "default": str(HoldAction.HOLD)}),
    ] = Field(title="What to do")
    reason: Reason = Field(title="Reason", description="Whoever finds orders waiting reads it.")
