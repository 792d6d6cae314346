"""A channel's folder of SQL, the statements made of it, and the shape that its columns must have.

Errors name files and columns, never values: they may be people's data. Nothing here has a connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from psycopg import Column
from psycopg.postgres import types

from order_sync.core.errors import Misconfigured
from order_sync.shipped import INCLUDE

OURS = INCLUDE / "sql" / "reading"
"""The statements around those of a channel."""

NEVER_NULL = {
    "key_parts": "text[]",
    "counter": "int",
    "expected_lines": "int",
    "present_lines": "int",
    "details": "text",
}
TEXTS = (
    "not_an_order",
    "source_status",
    "reference",
    "receipt",
    "customer_account",
    "distributor",
    "placed_at",
    "delivery_date",
    "currency",
    "total",
)
COLUMNS = {**NEVER_NULL, **dict.fromkeys(TEXTS, "text")}
HEADER = {name: COLUMNS[name] for name in ("key_parts", "counter")}
SAMPLE = {"counter": "int", "oldest_running": "int", "horizon": "int"}
FINGERPRINT = {"fingerprint": "text"}

_NAMES = {
    "int": ("int2", "int4", "int8"),
    "text": ("text", "varchar", "bpchar", "name"),
}
OIDS = {kind: {types[name].oid for name in names} for kind, names in _NAMES.items()} | {
    "text[]": {types[name].array_oid for name in _NAMES["text"]}
}
"""PostgreSQL's types by what we call them."""


@dataclass(frozen=True, slots=True)
class StatementFolder:
    """The SQL files of the channel `name`."""

    name: str
    path: Path

    def __contains__(self, file: str) -> bool:
        return (self.path / file).exists()

    def text(self, file: str) -> str:
        """What stands in a file. Raises Misconfigured if there is none."""
        try:
            return (self.path / file).read_text()
        except OSError:
            raise Misconfigured(
                f"channel '{self.name}': there is no file {self.path / file}: write it, or correct the channel's name"
                " in the registry"
            ) from None

    def chosen(self, file: str, which: str) -> str:
        """A SELECT with one of the conditions in place of `{which}`."""
        return self.text(file).replace("{which}", self.text(which))

    def check(self, file: str, given: Sequence[Column], asked: Mapping[str, str]) -> None:
        """Refuse a SELECT that lacks a column, or gives it as another type."""
        columns = {column.name: column.type_code for column in given}
        if missing := sorted(asked.keys() - columns.keys()):
            raise self.malformed(file, f"returns no column {', '.join(missing)}: add it to the SELECT")
        for name, kind in asked.items():
            if columns[name] not in OIDS[kind]:
                raise self.malformed(file, f"returns {name} with a type other than {kind}: cast it in the SQL")

    def check_values(self, file: str, row: Mapping[str, Any]) -> None:
        """Refuse a row with a null, or without anything in its key."""
        for name, value in row.items():
            if value is None or (isinstance(value, list) and (None in value or not any(value))):
                what = "a null" if value is None or None in value else "nothing"
                where = f"in {name} at counter {row.get('counter')}"
                raise self.malformed(
                    file, f"returns {what} {where}: the channel's key and counters must always be present"
                )

    def malformed(self, file: str, what: str) -> Misconfigured:
        """A file of the channel says something that cannot be."""
        return Misconfigured(f"channel '{self.name}': {self.path / file} {what}")


@cache
def around(name: str, **parts: str) -> str:
    """One of our statements, with SQL of a channel in place of `{part}`."""
    text = (OURS / f"{name}.sql").read_text(encoding="utf-8")
    for part, sql in parts.items():
        text = text.replace(f"{{{part}}}", sql)
    return text
