"""What an ERP calls things, in files that need no Python: fields, codes, refusals and templates.

They lie in `erps/<name>/` beside the registry, or as the package ships them. All of them may be missing. They are read
as a whole when the ERP's adapter is made, and each mistake is told with its file and line. So it stops the tasks of
this ERP and no others.

- `fields.toml`: in `[header]` and `[line]` the ERP's fields, each with text in which our fields stand in braces, as
  `Material = "{sku}"`, `DeliveryDate = "{delivery_date:%Y%m%d}"`, or a constant, as `Site = "1010"`.
- `codes.toml`: for one of our fields the ERP's codes, as `[tax_code]` with `DE19 = "A1"`. What is not listed stays.
- `refusals.toml`: `[[refusal]]` with `means`, a code of the catalogue, and with `code`, the ERP's own code, or with
  `pattern`, a regular expression for its text.
- any other file: a Jinja template of a file, with `order`, `lines` and `header` (what `fields.toml` makes of them).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.errors import Misconfigured
from order_sync.core.order.model import Address, Charge, Line, Order, OrderKey
from order_sync.profile.toml_file import TomlFile

if TYPE_CHECKING:
    from jinja2 import Template

Values = Mapping[str, object]

SAMPLE = Order(
    key=OrderKey("channel", ("1",)),
    reference="R-1",
    customer_account="C-1",
    currency="EUR",
    total=Decimal("22.61"),
    placed_at=datetime(2026, 3, 1, 11, 30, tzinfo=UTC),
    delivery_date=date(2026, 3, 5),
    ships=True,
    ship_to=Address("N", "S", "C", "", "1", "DE"),
    lines=(Line("1", "A-1", Decimal(2), Decimal(19), "DE19", Decimal(19), Decimal("3.61")),),
    charges=(Charge("FREIGHT", Decimal(0), "", None, Decimal(0)),),
)
"""An order that a profile is tried on when it is read; and once more without what an order may lack."""

SAMPLES = (SAMPLE, replace(SAMPLE, delivery_date=None, ships=False, ship_to=None, charges=()))


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusal of the ERP means: a code of the catalogue, for the ERP's own code or for a text."""

    means: str
    code: str = ""
    pattern: re.Pattern[str] | None = None

    def is_it(self, code: str, text: str) -> bool:
        """Whether the ERP's answer is this refusal."""
        return (bool(self.code) and self.code == code) or bool(self.pattern and self.pattern.search(text))


@dataclass(frozen=True, slots=True)
class Profile:
    """What the files of an ERP say."""

    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refusals: Sequence[Refusal] = ()
    templates: Mapping[str, "Template"] = field(default_factory=dict)

    def header(self, order: Order) -> dict[str, object]:
        """The ERP's fields of an order. A field that is one of ours alone keeps its type."""
        return _filled(self.fields.get("header", {}), self.order(order))

    def lines(self, order: Order) -> list[dict[str, object]]:
        """The ERP's fields of each line and charge."""
        return [_filled(self.fields.get("line", {}), values) for values in self.rows(order)]

    def order(self, order: Order) -> dict[str, object]:
        """Our fields of an order by their names, `ship_to.city` and the like too, with the ERP's codes."""
        values: dict[str, object] = {name: getattr(order, name) for name in HEADER}
        values |= {"key": str(order.key), "channel": order.key.channel}
        values |= {f"ship_to.{name}": getattr(order.ship_to, name, "") for name in Address.__slots__}
        return self._coded(values)

    def nested(self, order: Order) -> dict[str, Any]:
        """The same with `ship_to` as a part of its own; None where nothing ships."""
        values = self.order(order)
        flat = {name: value for name, value in values.items() if "." not in name}
        address = {name.partition(".")[2]: value for name, value in values.items() if "." in name}
        return {**flat, "ship_to": address if any(address.values()) else None}

    def rows(self, order: Order) -> list[dict[str, object]]:
        """Our fields of each line and charge by their names, with the ERP's codes. A charge's code is its `sku`."""
        lines = [{name: getattr(line, name) for name in LINE} for line in order.lines]
        for number, charge in enumerate(order.charges, start=1):
            taxed = {name: getattr(charge, name) for name in LINE[3:]}
            lines.append({"number": f"C{number}", "sku": charge.code, "quantity": Decimal(1), **taxed})
        return [self._coded(values) for values in lines]

    def meaning(self, code: str, text: str, otherwise: str = "REJECTED_BY_ERP") -> str:
        """The code of the catalogue for what the ERP said; the first refusal that fits."""
        return next((each.means for each in self.refusals if each.is_it(code, text)), otherwise)

    def written(self, file: str, order: Order) -> str:
        """A file of the order, as its template writes it."""
        context = {"order": self.nested(order), "lines": self.rows(order), "header": self.header(order)}
        return self.templates[file].render(context)

    def _coded(self, values: Values) -> dict[str, object]:
        return {name: self.codes.get(name, {}).get(str(value), value) for name, value in values.items()}


HEADER = ("reference", "customer_account", "currency", "total", "net", "placed_at", "delivery_date", "ships")
LINE = ("number", "sku", "quantity", "net", "tax_code", "tax_rate", "tax")
OURS = {
    "header": ("key", "channel", *HEADER, *(f"ship_to.{name}" for name in Address.__slots__)),
    "line": LINE,
}
"""Our fields, by what they are fields of."""


def read_profile(folder: Path) -> Profile:
    """The profile in a folder; an empty one if there is none.

    Raises Misconfigured with the first mistake of each file.
    """
    if not folder.is_dir():
        return Profile()
    mistakes: list[str] = []
    parts: dict[str, Any] = {}
    for name, read in _TOML.items():
        try:
            parts[name] = read(TomlFile.of(folder / f"{name}.toml"))
        except Misconfigured as mistake:
            mistakes.append(str(mistake))
    profile = Profile(**parts)
    try:
        profile = replace(profile, templates=_templates(folder))
        for name in profile.templates:
            _try(folder / name, profile)
    except Misconfigured as mistake:
        mistakes.append(str(mistake))
    if mistakes:
        raise Misconfigured("; ".join(mistakes))
    return profile


def read_refusals(file: Path) -> Sequence[Refusal]:
    """What one file of refusals says; nothing if there is none. Raises Misconfigured with its first mistake."""
    return _refusals(TomlFile.of(file))


def _fields(toml: TomlFile) -> Mapping[str, Mapping[str, str]]:
    for table, entries in toml.tables.items():
        if table not in OURS or not isinstance(entries, dict):
            raise toml.wrong(table, "", f"'{table}' is not a part of an order: use [header] or [line]")
        for theirs, text in entries.items():
            if not isinstance(text, str):
                raise toml.wrong(table, theirs, f"{theirs} is {text!r}: write text, in double quotes")
            try:
                names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
            except ValueError as error:
                raise toml.wrong(table, theirs, f"{theirs} is {text!r}, and {error}") from None
            if unknown := [name for name in names if name not in OURS[table]]:
                known = ", ".join(OURS[table])
                raise toml.wrong(table, theirs, f"{theirs}: there is no field '{unknown[0]}'; there are {known}")
            try:
                for order in SAMPLES:
                    values = Profile().order(order) if table == "header" else Profile().rows(order)[0]
                    _fill(text, values)
            except (ValueError, TypeError) as error:
                raise toml.wrong(table, theirs, f"{theirs} is {text!r}, and {error}") from None
    return toml.tables


def _codes(toml: TomlFile) -> Mapping[str, Mapping[str, str]]:
    known = (*OURS["header"], *OURS["line"])
    tables = _flat(toml.tables)
    for table, entries in tables.items():
        if table not in known:
            raise toml.wrong(table, "", f"there is no field '{table}'; there are {', '.join(dict.fromkeys(known))}")
        for ours, theirs in entries.items():
            if not isinstance(theirs, str):
                raise toml.wrong(table, ours, f"{ours} is {theirs!r}: write text, in double quotes")
    return tables


def _flat(tables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`[ship_to.country]` as the table of `ship_to.country`, whether its name stands in quotes or not."""
    flat: dict[str, dict[str, Any]] = {}
    for name, entries in tables.items():
        nested = {f"{name}.{key}": value for key, value in entries.items() if isinstance(value, dict)}
        flat |= nested or {name: entries}
    return flat


def _refusals(toml: TomlFile) -> Sequence[Refusal]:
    found = []
    for number, entry in enumerate(toml.tables.get("refusal", ())):
        means = entry.get("means")
        if means not in CATALOGUE:
            what = f"means is {means!r}, which is not a code of docs/errors.md"
            raise toml.wrong("refusal", "means", what, number)
        if unknown := [key for key in entry if key not in ("means", "code", "pattern")]:
            raise toml.wrong("refusal", unknown[0], f"'{unknown[0]}' is not known here: write code or pattern", number)
        if not ("code" in entry or "pattern" in entry):
            raise toml.wrong("refusal", "means", "give code or pattern, to identify the refusal", number)
        try:
            pattern = re.compile(entry["pattern"], re.DOTALL) if "pattern" in entry else None
        except re.error as error:
            what = f"pattern {entry['pattern']!r} is not a regular expression: {error}"
            raise toml.wrong("refusal", "pattern", what, number) from None
        found.append(Refusal(means, str(entry.get("code", "")), pattern))
    if unknown := [table for table in toml.tables if table != "refusal"]:
        raise toml.wrong(unknown[0], "", f"'{unknown[0]}' is not known here: write [[refusal]]")
    return found


_TOML: Mapping[str, Callable[[TomlFile], Any]] = {"fields": _fields, "codes": _codes, "refusals": _refusals}


def _templates(folder: Path) -> Mapping[str, "Template"]:
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and file.suffix != ".toml"]
    if not files:
        return {}
    from jinja2 import FileSystemLoader, StrictUndefined, TemplateSyntaxError, select_autoescape
    from jinja2.sandbox import SandboxedEnvironment

    jinja = SandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("xml", "html")),
        keep_trailing_newline=True,
    )
    try:
        return {file.name: jinja.get_template(file.name) for file in files}
    except TemplateSyntaxError as error:
        raise Misconfigured(f"{folder / (error.name or '')}, line {error.lineno}: {error.message}") from None


def _try(file: Path, profile: Profile) -> None:
    """Write the samples, so that a name that does not exist is told before an order is sent."""
    for order in SAMPLES:
        try:
            profile.written(file.name, order)
        except Exception as error:  # noqa: BLE001  a template may raise anything
            lines = list(_lines_in(error, file))
            where = f"{file}, line {lines[-1]}" if lines else str(file)
            raise Misconfigured(f"{where}: {error}") from None


def _lines_in(error: Exception, file: Path) -> Iterator[int]:
    frame = error.__traceback__
    while frame:
        if frame.tb_frame.f_code.co_filename == str(file):
            yield frame.tb_lineno
        frame = frame.tb_next


def _filled(fields: Mapping[str, str], values: Values) -> dict[str, object]:
    return {theirs: _fill(text, values) for theirs, text in fields.items()}


def _fill(text: str, values: Values) -> object:
    """Text with our fields in the places of their names. One of ours alone, without a format, keeps its type."""
    parts = list(Formatter().parse(text))
    if len(parts) == 1 and parts[0][:1] == ("",) and parts[0][2] == "" and parts[0][3] is None:
        return values[parts[0][1] or ""]
    written = []
    for literal, name, how, _ in parts:
        value = values[name] if name is not None else ""
        written.append(literal + ("" if value is None else format(value, how or "")))
    return "".join(written)
