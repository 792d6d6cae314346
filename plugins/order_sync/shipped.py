"""Where the package's own files lie: its SQL, and the example of an owner's page."""

import os
from pathlib import Path

from order_sync.core.errors import Misconfigured
from order_sync.core.settings import PREFIX


def _include() -> Path:
    named = os.environ.get(f"{PREFIX}INCLUDE")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "include"
    if not (folder / "sql" / "ledger").is_dir():
        raise Misconfigured(
            f"'{folder}' is not the folder include of order-sync: copy it there, or set {PREFIX}INCLUDE to where it is"
        )
    return folder


INCLUDE = _include()
"""The folder `include`: beside `plugins`, or where ORDER_SYNC_INCLUDE says."""
