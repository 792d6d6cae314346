"""What goes out over HTTP, with its content type, and what comes back, with its headers. Numbers stay exact."""

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from order_sync.core.errors import OutcomeUnknown, Permanent, Transient, Unreadable

Doubt = type[Transient] | type[OutcomeUnknown]
"""What a call without a usable answer is: a question can be asked again, a send may have taken effect."""

UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What is raised where an answer is read that is not as expected."""


class Content(NamedTuple):
    """A body as it goes out."""

    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered.

    Attributes:
        body: the decoded JSON, or the text of what is no JSON.
        headers: by name, in whatever case.
        url: what was asked, so that a relative link in the answer can be followed.
    """

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    url: str = field(default="", compare=False)


Encode = Callable[[Any], Content]
Decode = Callable[[str], Any]


def json_content(value: Any) -> Content:
    """JSON in which a Decimal is a number, written out digit by digit. A float is refused: it is not exact."""
    return Content("application/json", msgspec.json.encode(_written(value)))


def form_content(fields: Mapping[str, str]) -> Content:
    """The fields of a form, as OAuth wants them."""
    return Content("application/x-www-form-urlencoded", urlencode(fields).encode())


def exact_json(text: str) -> Any:
    """The values of a JSON text; a number with a point or an exponent is a Decimal."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_number)


def unreadable(what: str, error: Exception, doubt: Doubt = Transient) -> Unreadable | OutcomeUnknown:
    """The error for an answer that cannot be read: where that was noticed, and none of its values."""
    places = [place for place in traceback.extract_tb(error.__traceback__) if "order_sync" in place.filename]
    at = f" at {places[-1].filename.rpartition('/')[2]}:{places[-1].lineno}" if places else ""
    kind = Unreadable if doubt is Transient else OutcomeUnknown
    return kind(f"{what} ({type(error).__name__}{at})")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """An answer to a question is read: what is not as expected raises Unreadable."""
    try:
        yield
    except UNREADABLE as error:
        raise unreadable(f"{what} cannot be read", error) from None


@contextmanager
def in_doubt(what: str) -> Iterator[None]:
    """Something may be stored: from here on, trouble of the system leaves the outcome unknown."""
    try:
        yield
    except (Transient, Permanent) as error:
        raise OutcomeUnknown(f"{what} may exist, and then: {error}") from error
    except UNREADABLE as error:
        raise unreadable(
            f"{what} may exist, and the ERP's answer about it cannot be read", error, OutcomeUnknown
        ) from None


def _written(value: Any) -> Any:
    match value:
        case Decimal():
            if not value.is_finite():
                raise ValueError("JSON cannot represent a number that is not finite")
            return msgspec.Raw(f"{value:f}".encode())
        case float():
            raise TypeError("a float is not exact: make it a Decimal")
        case dict():
            return {name: _written(each) for name, each in value.items()}
        case list() | tuple():
            return [_written(each) for each in value]
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
