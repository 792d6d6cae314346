"""Erase: whose data, and why."""

from typing import Annotated

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from order_sync.core.order.model import OrderKey
from order_sync.core.privacy.erasing import Whose
from order_sync.core.requests.fields import (
    LINES,
    OPTIONAL,
    Flag,
    OneChannel,
    ReasonWithoutNames,
    read_keys,
    words,
)
from order_sync.core.requests.request import Request, Wrong, asking


def _account(value: object, info: ValidationInfo) -> str:
    account, asked = words(value, info), asking(info)
    if account and account == asked.known.channels.get(info.data.get("channel", "")):
        raise Wrong("customer_account is the account of all guests: give the keys of the orders")
    return account


def _order_keys(value: object, info: ValidationInfo) -> tuple[OrderKey, ...]:
    keys, wrong = read_keys(value, info)
    if len(asking(info).given(["customer_account", "order_keys"])) != 1:
        wrong.append("give either customer_account or order_keys: for a guest there are only keys")
    if wrong:
        raise Wrong(*wrong)
    return tuple(dict.fromkeys(keys.values()))


class EraseRequest(Request):
    """Erase a customer's data, by the account that a channel says, or that of single orders."""

    channel: OneChannel = Field(title="Channel")
    customer_account: Annotated[str, PlainValidator(_account), WithJsonSchema({"type": OPTIONAL})] = Field(
        "", title="Customer account", description="As the channel gives it. Airflow keeps it with the run."
    )
    order_keys: Annotated[tuple[OrderKey, ...], PlainValidator(_order_keys), LINES] = Field(
        (), title="Order keys", description="One per line, instead of a customer account."
    )
    reason: ReasonWithoutNames = Field(
        title="Reason", description="Without names, for example the number of the request: it is kept."
    )
    dry_run: Flag = Field(True, title="Dry run", description="Only count; erase nothing.")

    @property
    def whose(self) -> Whose:
        """Whose data it is."""
        return Whose(self.channel, self.customer_account, self.order_keys)
