"""A file of TOML whose mistakes are told with their line."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from order_sync.core.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A file of TOML, and where in it something stands."""

    file: Path
    text: str
    tables: Mapping[str, Any]

    @classmethod
    def of(cls, file: Path) -> "TomlFile":
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        try:
            return cls(file, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise Misconfigured(f"{file}: {error}") from None

    def wrong(self, table: str, key: str, what: str, number: int = 0) -> Misconfigured:
        """A mistake at a key of a table, or of the table that is number `number` of its name."""
        lines = self.text.splitlines()
        heads = [i for i, line in enumerate(lines) if re.fullmatch(rf"\[+\s*\"?{re.escape(table)}\"?\s*\]+.*", line)]
        at = heads[number] if number < len(heads) else 0
        after = (i for i in range(at + 1, len(lines)) if re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", lines[i]))
        return Misconfigured(f"{self.file}, line {next(after, at) + 1}: {what}")
