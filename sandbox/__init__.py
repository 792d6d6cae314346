"""The real systems that newcomers and tests run against: PostgreSQL, a Tryton ERP, Airflow; never deployed."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
STATE = CHECKOUT / ".sandbox"
"""Everything the sandbox writes lies here: `make clean` removes it."""


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A new folder for servers that live as long as a test or a benchmark; stop them before it ends and is removed."""
    folder = STATE / f"scratch-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
