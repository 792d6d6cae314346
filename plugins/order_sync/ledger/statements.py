"""The SQL that the ledger runs, read once from `include/sql/`: one statement a file, named verb_noun."""

from functools import cache
from pathlib import Path
from typing import LiteralString

FOLDER = Path(__file__).resolve().parents[3] / "include" / "sql"


@cache
def statement(name: str) -> LiteralString:
    """The text of `include/sql/<name>.sql`: ours, and never made of data, which the type says to psycopg."""
    text: LiteralString = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return text
