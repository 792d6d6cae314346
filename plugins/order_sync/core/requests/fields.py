"""The kinds of fields of requests: what may stand in one, the sentence if it may not, and how a form shows it."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from order_sync.core.basics.calendar_days import Window, business_day
from order_sync.core.catalogue import CATALOGUE
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey
from order_sync.core.order.parsing import read_instant
from order_sync.core.order.references import is_short
from order_sync.core.requests.request import Wrong, asking, nearest, shortened

LONGEST_REASON = 1000
"""Characters of a reason: it stands in the history of each order, and who reads that history reads all of it."""

LONGEST_NUMBER = 20
"""Characters of a number that are repeated."""

SUCH_AS = "such as dynamics_web:1/2/3"

_SEPARATOR = re.compile(r"[\s,;]")
"""What no order key holds, since all but letters, digits and `-._~` is escaped there."""

Choice = TypeVar("Choice", bound=StrEnum)
OPTIONAL = ["null", "string"]


def words(value: object, info: ValidationInfo) -> str:
    """Text, without the blanks around it; '' for nothing."""
    if value is None or isinstance(value, str):
        return (value or "").strip()
    raise Wrong(f"{info.field_name} must be text")


def choices(values: Iterable[str], *, optional: bool) -> str:
    """What may be written."""
    return f"write {', '.join(values)}, or leave it empty" if optional else f"write {' or '.join(values)}"


def _is(text: str) -> str:
    return f"is '{text}'" if text else "is missing"


def one_of(kind: type[Choice], *, optional: bool) -> Callable[[object, ValidationInfo], Choice | None]:
    """A validator: one of the values of an enumeration."""

    def validated(value: object, info: ValidationInfo) -> Choice | None:
        text = words(value, info)
        if text in [*kind]:
            return kind(text)
        if optional and not text:
            return None
        raise Wrong(f"{info.field_name} {_is(text)}: {choices(kind, optional=optional)}")

    return validated


def _channel(value: object, info: ValidationInfo, *, optional: bool) -> str:
    text, channels = words(value, info), asking(info).known.channels
    if text in channels or (optional and not text):
        return text
    raise Wrong(f"{info.field_name} {_is(text)}: {choices(channels, optional=optional)}")


def _any_channel(value: object, info: ValidationInfo) -> str:
    return _channel(value, info, optional=True)


def _one_channel(value: object, info: ValidationInfo) -> str:
    return _channel(value, info, optional=False)


def _connection(value: object, info: ValidationInfo) -> str:
    text, connections = words(value, info), asking(info).known.connections
    if text not in connections:
        raise Wrong(f"{info.field_name} {_is(text)}: {choices(connections, optional=False)}")
    return text


def _code(value: object, info: ValidationInfo) -> str:
    text = words(value, info).upper()
    if text and text not in CATALOGUE:
        all_of_them = f"{nearest(text, CATALOGUE)}docs/errors.md lists them all"
        raise Wrong(f"{info.field_name} is '{text}', which is not a code of the error catalogue: {all_of_them}")
    return text


def flag(value: object, info: ValidationInfo) -> bool:
    """True or false, as a form or a command line writes it."""
    text = str(value).strip().lower()
    if text not in ("true", "false"):
        raise Wrong(f"{info.field_name} is '{str(value)[:LONGEST_NUMBER]}': write true or false")
    return text == "true"


def whole_number(value: object, info: ValidationInfo, most: int | None, *, optional: bool) -> int | None:
    """A number from 1 on."""
    text = "" if value is None else str(value).strip()
    digits = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    if digits and 1 <= int(text) <= (most or int(text)):
        return int(text)
    if optional and not text:
        return None
    which = f" from 1 to {most}" if most else ", 1 or more"
    or_nothing = ", or leave it empty" if optional else ""
    raise Wrong(f"{info.field_name} is '{text[:LONGEST_NUMBER]}': write a whole number{which}{or_nothing}")


def a_date(value: object, info: ValidationInfo, *, or_nothing: str = "") -> date | None:
    """A date, or None if nothing is written."""
    text = words(value, info)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Wrong(f"{info.field_name} is '{text}': write a date such as 2026-03-02{or_nothing}") from None


def day(value: object, info: ValidationInfo) -> Window | None:
    """The window of a business day, or None if nothing is written."""
    written = a_date(value, info)
    try:
        return business_day(written, asking(info).known.zone) if written else None
    except OverflowError:
        raise Wrong(f"{info.field_name} is '{written}': write a date such as 2026-03-02") from None


def last_day(value: object, info: ValidationInfo) -> Window | None:
    """The last of two days, of which either both or none is written."""
    last, first, typed = day(value, info), info.data.get("first_day"), asking(info).typed
    missing = [name for name in ("first_day", "last_day") if name not in typed]
    if len(missing) == 1:
        raise Wrong(f"{missing[0]} is missing: write it too, the same day for one day")
    if first and last and last.start < first.start:
        raise Wrong(f"last_day {typed['last_day'].strip()} lies before first_day {typed['first_day'].strip()}")
    return last


def _instant(value: object, info: ValidationInfo) -> datetime:
    text = words(value, info)
    instant = read_instant(text)
    if instant is None:
        raise Wrong(f"{info.field_name} {_is(text)}: write an instant such as 2026-03-02T01:30:00+00:00")
    return instant


def why(hint: str) -> Callable[[object, ValidationInfo], str]:
    """A validator: a reason, which nobody may leave out."""

    def validated(value: object, info: ValidationInfo) -> str:
        text = words(value, info)
        if not text:
            raise Wrong(f"{info.field_name} is missing: write why, {hint}")
        if problems := too_long(text):
            raise Wrong(*problems)
        return text

    return validated


def too_long(reason: str) -> list[str]:
    """A sentence if the reason is longer than it may be."""
    length = len(reason.strip())
    return [f"reason has {length} characters: write {LONGEST_REASON} at most"] if length > LONGEST_REASON else []


def texts(value: object, info: ValidationInfo) -> tuple[str, ...]:
    """A list of texts, without those that are blank."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(item.strip() for item in value if item.strip())
    raise Wrong(f"{info.field_name} must be a list of texts, one for each order")


def lines_of_text(value: object, info: ValidationInfo) -> str:
    """Text of several lines, as it is."""
    if value is None or isinstance(value, str):
        return value or ""
    raise Wrong(f"{info.field_name} must be text")


def read_keys(value: object, info: ValidationInfo) -> tuple[dict[int, OrderKey], list[str]]:
    """Order keys by their number in the list, and what is wrong with the others; what was typed is not repeated."""
    keys: dict[int, OrderKey] = {}
    no_keys, several = [], []
    for number, text in enumerate(texts(value, info), start=1):
        try:
            keys[number] = OrderKey.parse(text)
        except ValueError:
            what = (
                "is not the external reference of an order that the ledger sent, and"
                if is_short(text.upper())
                else "is"
            )
            no_keys.append(f"{info.field_name}: number {number} {what} not an order key, {SUCH_AS}")
            continue
        if _SEPARATOR.search(text):
            del keys[number]
            several.append(
                f"{info.field_name}: number {number} holds a blank, comma or semicolon: write one key a line"
            )
    return keys, [*shortened(no_keys), *shortened(several)]


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


LINES = _schema(type=["null", "array"], items={"type": "string"})
MULTILINE = _schema(type=OPTIONAL, format="multiline")
DATE = _schema(type=OPTIONAL, format="date")
REASON = _schema(type="string", minLength=1, maxLength=LONGEST_REASON)

Text = Annotated[str, PlainValidator(words), _schema(type=OPTIONAL)]
Texts = Annotated[tuple[str, ...], PlainValidator(texts), LINES]
Flag = Annotated[bool, PlainValidator(flag), _schema(type="boolean")]
Reason = Annotated[str, PlainValidator(why("for everybody who reads the history")), REASON]
ReasonWithoutNames = Annotated[str, PlainValidator(why("without names")), REASON]
AnyChannel = Annotated[str, PlainValidator(_any_channel), _schema(type=OPTIONAL, one_of="channels")]
OneChannel = Annotated[str, PlainValidator(_one_channel), _schema(type="string", one_of="channels")]
Connection = Annotated[str, PlainValidator(_connection), _schema(type="string", one_of="connections")]
AnyStatus = Annotated[
    Status | None, PlainValidator(one_of(Status, optional=True)), _schema(type=OPTIONAL, enum=[None, *map(str, Status)])
]
AnyCode = Annotated[str, PlainValidator(_code), _schema(type=OPTIONAL, enum=[None, *sorted(CATALOGUE)])]
Day = Annotated[Window | None, PlainValidator(day), DATE]
LastDay = Annotated[Window | None, PlainValidator(last_day), DATE]
Instant = Annotated[datetime, PlainValidator(_instant), _schema(type="string", format="date-time")]
