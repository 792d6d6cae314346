"""What all requests share: how one is read, or refused with everything that is wrong at once.

A trigger form checks types at best, and Airflow's REST interface takes unknown names. What is missing, None or blank
asks for nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo

from order_sync.core.errors import Misconfigured

UTC_ZONE = ZoneInfo("UTC")

LONGEST_NAME = 40
"""Characters of a param's name that are repeated."""

NAMED = 20
"""Problems of one kind that are named; of more it is said how many there are."""


@dataclass(frozen=True, slots=True)
class Known:
    """What there is that a request may name, and how its days are meant.

    Attributes:
        channels: by their names; with the account of a channel's guests, if it has one.
        zone: of the days that people write.
    """

    channels: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    connections: Sequence[str] = ()
    zone: ZoneInfo = UTC_ZONE


@dataclass(frozen=True, slots=True)
class Asking:
    """What the validator of one field may ask: what stands in the others as it was typed, and what there is."""

    typed: Mapping[str, Any]
    known: Known

    def given(self, names: Iterable[str]) -> list[str]:
        """Those of the fields in which something stands."""
        return [name for name in names if name in self.typed]


class Wrong(ValueError):
    """What is wrong with a field, in one sentence or several. No sentence repeats what may be somebody's data."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


class Request(BaseModel):
    """Something that people ask. The order of its fields is that of its form, and of the sentences about them."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, validate_default=True)

    sections: ClassVar[Mapping[str, Sequence[str]]] = MappingProxyType({})
    """Under which heading a form shows which fields; without any it has none."""

    @classmethod
    def read(cls, typed: Mapping[str, object], known: Known, also_wrong: Iterable[str] = ()) -> Self:
        """What the fields ask for. `also_wrong` are sentences about what belongs to it and is no field.

        Raises Misconfigured with everything that is wrong, in one sentence each.
        """
        given = {name: typed[name] for name in cls.model_fields if is_given(typed.get(name))}
        missing = {name: None for name, field in cls.model_fields.items() if field.is_required()}
        wrong = no_such_params(typed, [*cls.model_fields])
        try:
            request = cls.model_validate({**missing, **given}, context=Asking(given, known))
        except ValidationError as error:
            wrong += [sentence for each in error.errors() for sentence in _sentences(each)]
        wrong += also_wrong
        if wrong:
            raise Misconfigured("; ".join(dict.fromkeys(wrong)))
        return request

    @classmethod
    def form(cls, known: Known) -> dict[str, dict[str, Any]]:
        """What a form shows of each field, as JSON schema; one without a `default` must be filled in."""
        headings = {name: heading for heading, names in cls.sections.items() for name in names}
        fields = cls.model_json_schema()["properties"]
        return {name: _shown(schema, headings.get(name), known) for name, schema in fields.items()}


def _shown(schema: Mapping[str, Any], heading: str | None, known: Known) -> dict[str, Any]:
    shown = {**schema, **({"section": heading} if heading else {})}
    if "default" in shown:
        shown["default"] = None if shown["default"] == "" else shown["default"]
    if choices := [*getattr(known, shown.pop("one_of", ""), ())]:
        optional = "null" in shown["type"]
        shown["enum"] = [None, *choices] if optional else choices
        shown.setdefault("default", None if optional else choices[0])
    return shown


def asking(info: ValidationInfo) -> Asking:
    """What the validator of a field may ask."""
    return info.context if isinstance(info.context, Asking) else Asking({}, Known())


def is_given(value: object) -> bool:
    """Whether something was typed, and not only blanks."""
    if isinstance(value, list | tuple):
        return any(item != "" and not str(item).isspace() for item in value)
    return bool(value.strip()) if isinstance(value, str) else value is not None


def no_such_params(given: Iterable[str], known: Sequence[str]) -> list[str]:
    """A sentence for each of the given params that is none of the known ones: it would do something else than meant."""
    sentences = []
    for name in sorted(set(given) - set(known))[:NAMED]:
        near = nearest(name, known)
        sentences.append(f"there is no param {name[:LONGEST_NAME]!r}: {near}the params are {', '.join(known)}")
    return sentences


def nearest(text: str, known: Collection[str]) -> str:
    """A phrase that names what was meant, maybe; '' if nothing is like it."""
    near = get_close_matches(text, known, n=1, cutoff=0.4)
    return f"the nearest is '{near[0]}', and " if near else ""


def shortened(sentences: Sequence[str]) -> Sequence[str]:
    """The first of some sentences of one kind, and how many more there are."""
    more = [f"and {len(sentences) - NAMED} more like that"] if len(sentences) > NAMED else []
    return [*sentences[:NAMED], *more]


def _sentences(error: Any) -> Sequence[str]:
    wrong = error.get("ctx", {}).get("error")
    return wrong.sentences if isinstance(wrong, Wrong) else [f"{'.'.join(map(str, error['loc']))}: {error['msg']}"]
