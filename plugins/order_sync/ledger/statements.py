"""The SQL that the ledger runs, read once: one statement a file, named verb_noun, by the module that runs it."""

import re
from functools import cache
from pathlib import Path
from typing import LiteralString

from order_sync.core.order.model import CONTENT
from order_sync.shipped import INCLUDE

CONTENT_OF = re.compile(r"\{((?:\w+\.)?)content\}")
FOLDER = INCLUDE / "sql"


@cache
def statement(name: str) -> LiteralString:
    """The text of `<name>.sql`, wherever it lies: ours, and never made of data, which the type says to psycopg.

    `{content}` in it stands for the columns of what a transaction says, and `{t.content}` for those of the table `t`.
    """
    text: LiteralString = CONTENT_OF.sub(
        lambda found: ", ".join(f"{found[1]}{column}" for column in CONTENT),
        statements()[name].read_text(encoding="utf-8"),
    )
    return text


@cache
def statements() -> dict[str, Path]:
    """Every statement of the ledger by its name: those of its modules, and those that others run too."""
    return {path.stem: path for path in (*FOLDER.glob("ledger/*/*.sql"), *FOLDER.glob("shared/*.sql"))}
