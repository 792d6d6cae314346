"""Resync: which orders, what to do with them, and why."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from order_sync.core.basics.calendar_days import Window
from order_sync.core.catalogue import CATALOGUE
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey
from order_sync.core.requests.fields import (
    LINES,
    MULTILINE,
    AnyChannel,
    AnyCode,
    AnyStatus,
    Day,
    Flag,
    LastDay,
    Reason,
    Text,
    lines_of_text,
    one_of,
    read_keys,
    texts,
)
from order_sync.core.requests.request import Known, Request, Wrong, asking, is_given, shortened

FILTERS = ("status", "code", "channel", "first_day", "last_day", "reference", "customer_account", "receipt")
"""Fields of which those that are given narrow the orders down together; `order_keys` takes their place."""

CSV = ("the order key", "its ERP number")
"""The cells of a line of a CSV."""

HEADINGS = ("order key", "key")
"""What the first cell of a line of headings may say."""

NUMBERED = (Action.MARK_AS_SYNCED, Action.RESYNC)
"""Actions that take ERP numbers: to say which order it is, or which cancelled one is opened again."""

ACTIONS = {
    Action.RESYNC: "Send again (Set to Pending, Retry, Synchronize order)",
    Action.MARK_AS_SYNCED: "Mark as synced",
    Action.IGNORE: "Ignore",
    Action.ON_HOLD: "Put on hold",
    Action.RELEASE: "Release",
    Action.ACCEPT: "Accept the ERP's order",
}
"""What a form calls each action."""


def shown(*values: str) -> dict[str, Any]:
    """How a form shows the values of a filter."""
    return {"None": "Any", **{value: value if value.isupper() else value.replace("_", " ") for value in values}}


def _order_keys(value: object, info: ValidationInfo) -> tuple[OrderKey, ...]:
    keys, wrong = read_keys(value, info)
    asked, channels = asking(info), asking(info).known.channels
    of_none = [
        f"order_keys: number {number} names no channel of the registry: there is {', '.join(channels)}"
        for number, key in keys.items()
        if key.channel not in channels
    ]
    wrong += shortened(of_none)
    by_key, filters = asked.given(["order_keys"]), asked.given(FILTERS)
    if by_key and filters:
        wrong.append(f"order_keys are given together with {', '.join(filters)}: use only one way to choose the orders")
    if not by_key and not filters:
        wrong.append("no orders are chosen: give order_keys, or at least one of " + ", ".join(FILTERS))
    if wrong:
        raise Wrong(*wrong)
    return tuple(keys.values())


def _erp_numbers(value: object, info: ValidationInfo) -> Mapping[OrderKey, str]:
    numbers, action, keys = texts(value or (), info), info.data.get("action"), info.data.get("order_keys", ())
    if not numbers and action is not Action.MARK_AS_SYNCED:
        return {}
    if action is not None and action not in NUMBERED:
        raise Wrong(f"erp_numbers are given, and {action} needs none: leave them out")
    written = asking(info).typed.get("order_keys", ())
    if action is Action.MARK_AS_SYNCED and not written:
        raise Wrong("mark_as_synced needs order_keys, and the ERP's number of each in erp_numbers")
    lines = len([line for line in written if str(line).strip()]) if isinstance(written, list | tuple) else 0
    if len(numbers) != lines:
        given = f"{len(numbers)} for {lines} order_keys"
        raise Wrong(f"give as many erp_numbers as order_keys, in the same order: there are {given}")
    named: dict[OrderKey, str] = {}
    twice = [
        f"'{key}' is given two ERP numbers, {named[key]} and {number}"
        for key, number in zip(keys, numbers, strict=False)
        if named.setdefault(key, number) != number
    ]
    if twice:
        raise Wrong(*shortened(twice))
    return named


def pairs(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The order keys and ERP numbers of a CSV, and what is wrong with its other lines, which are not repeated.

    Cells are set apart by a comma, a semicolon or a tab. A line of headings and empty lines do not count.
    """
    found: list[tuple[str, str]] = []
    wrong = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        by = next((each for each in ";\t" if each in line), ",")
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=by), [])]
        if not any(cells) or cells[0].lower().replace("_", " ") in HEADINGS:
            continue
        if len(cells) == len(CSV) and all(cells):
            found.append((cells[0], cells[1]))
        else:
            filled = len([cell for cell in cells if cell])
            wrong.append(f"csv: line {number} has {filled} filled cells: write {' and '.join(CSV)} in each line")
    return found, wrong


class ResyncRequest(Request):
    """A decision of a person about some orders, chosen by their keys or by what they have in common.

    `erp_numbers` are the ERP's numbers of single orders: for mark_as_synced of each, for a resync of those that are
    cancelled in the ERP and are to be opened again there, or that somebody looked for there and did not find.
    """

    sections: ClassVar = {
        "What to do": ("action", "reason", "dry_run", "confirm"),
        "Which orders: by key": ("order_keys", "erp_numbers", "csv"),
        "Which orders: by what they have in common": FILTERS,
    }

    action: Annotated[
        Action,
        PlainValidator(one_of(Action, optional=False)),
        WithJsonSchema({"type": "string", "enum": [*map(str, Action)], "default": str(Action.RESYNC)}),
    ] = Field(
        title="Action",
        json_schema_extra={"values_display": {str(action): title for action, title in ACTIONS.items()}},
    )
    reason: Reason = Field(title="Reason", description="It is kept in each order's history, with your name.")
    order_keys: Annotated[tuple[OrderKey, ...], PlainValidator(_order_keys), LINES] = Field(
        (),
        title="Order keys",
        description="channel:source_key as the ledger shows it, or the external reference in the ERP, one per line.",
    )
    erp_numbers: Annotated[Mapping[OrderKey, str], PlainValidator(_erp_numbers), LINES] = Field(
        {},
        json_schema_extra={"default": []},
        title="ERP numbers",
        description=(
            "One per line, in the order of the keys. Mark as synced: the ERP number of each order. Send again: the"
            " number of an order that is cancelled in the ERP, to reopen it; or, where the ERP cannot be queried for"
            " the number that it reported, that number, to confirm that you looked for it in the ERP."
        ),
    )
    csv: Annotated[str, PlainValidator(lines_of_text), MULTILINE] = Field(
        "",
        title="CSV of keys and numbers",
        description=(
            "Instead of the two fields above, for many orders: one line per order with its key and its ERP number, such"
            " as dynamics_web:1/2/3,SO-17."
        ),
    )
    status: AnyStatus = Field(
        None,
        title="Status",
        description="The status in the ledger.",
        json_schema_extra={"values_display": shown(*map(str, Status))},
    )
    code: AnyCode = Field(
        "",
        title="Error code",
        description="All orders of one cause.",
        json_schema_extra={"values_display": shown(*CATALOGUE)},
    )
    channel: AnyChannel = Field("", title="Channel", json_schema_extra={"values_display": {"None": "Any"}})
    first_day: Day = Field(
        None,
        title="First day",
        description="The first day on which they were placed: a business day in the report's time zone.",
    )
    last_day: LastDay = Field(None, title="Last day", description="It is included.")
    reference: Text = Field(
        "", title="Channel reference ID", description="The number that the online store shows its customer."
    )
    customer_account: Text = Field("", title="Customer account", description="As the channel gives it.")
    receipt: Text = Field("", title="Receipt number", description="The number on a till's receipt.")
    dry_run: Flag = Field(False, title="Dry run", description="Only count and list the orders.")
    confirm: Flag = Field(False, title="Confirm", description="Needed for a filter that matches many orders.")

    @classmethod
    def read(cls, typed: Mapping[str, object], known: Known, also_wrong: Iterable[str] = ()) -> Self:
        """See `Request.read`. A CSV is another way to write down keys and numbers."""
        text = typed.get("csv")
        if not isinstance(text, str) or not is_given(text):
            return super().read(typed, known, also_wrong)
        listed, wrong = pairs(text)
        if twice := [name for name in ("order_keys", "erp_numbers") if is_given(typed.get(name))]:
            wrong.append(f"csv is given together with {' and '.join(twice)}: it replaces both")
        if not listed and not wrong:
            wrong.append(f"csv has no lines: write {' and '.join(CSV)} in each line")
        lists: Mapping[str, Sequence[str]] = {
            "order_keys": [key for key, _ in listed],
            "erp_numbers": [number for _, number in listed],
        }
        return super().read({**typed, **lists}, known, [*also_wrong, *shortened(wrong)])

    @property
    def selection(self) -> Selection:
        """The orders that are meant."""
        first, last = self.first_day, self.last_day
        return Selection(
            keys=self.order_keys,
            channel=self.channel,
            status=self.status,
            code=self.code,
            placed=Window(first.start, last.end) if first and last else None,
            reference=self.reference,
            customer_account=self.customer_account,
            receipt=self.receipt,
        )
