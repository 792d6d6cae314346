"""Writes the pages that are made from the code: the lifecycle, the settings and the error catalogue.

`make docs` writes them; a test compares them with what is committed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import get_type_hints

from order_sync.core.advice import CATALOGUE
from order_sync.core.lifecycle import STANDINGS, TRANSITIONS
from order_sync.core.settings import PREFIX, Settings

DOCS = Path(__file__).parent


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def lifecycle() -> str:
    """The page of the lifecycle: the picture, what each status means, and the whole table."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in TRANSITIONS:
        arrows.setdefault((row.from_status, row.to_status), []).append(row.event)
    picture = "\n".join(f"    {start} --> {end}: {', '.join(events)}" for (start, end), events in arrows.items())
    standings = table(
        ("status", "roll-up", "word in the report", "final"),
        ((status, s.roll_up, s.report_word or "-", "yes" if s.final else "") for status, s in STANDINGS.items()),
    )
    rows = table(
        ("from", "event", "to", "who may", "evidence", "calls the ERP"),
        (
            (row.from_status, row.event, row.to_status, row.who, row.evidence, "yes" if row.calls_erp else "")
            for row in TRANSITIONS
        ),
    )
    return (
        "# The life of an order\n\nMade from `core/lifecycle.py` by `make docs`.\n\n"
        f"```mermaid\nstateDiagram-v2\n{picture}\n```\n\n## What each status means to people\n\n{standings}\n"
        f"`Queued` in the report: never sent for longer than `{PREFIX}QUEUED_STUCK_AFTER`; younger ones are `Pending`,"
        f" and stand under All orders only.\n\n## The table\n\n{rows}"
    )


def settings() -> str:
    """The page of the settings, with their defaults."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = [
        (f"`{PREFIX}{item.name.upper()}`", f"`{_plain(item.default)}`", hints[item.name].__metadata__[0])
        for item in fields(Settings)
    ]
    return (
        "# Settings\n\nMade from `core/settings.py` by `make docs`. They are environment variables of every Airflow"
        " component. What belongs to one channel or ERP stands in `plugins/order_sync/registry.py`; addresses and"
        f" secrets stand in Airflow Connections.\n\n{table(('variable', 'default', 'meaning'), rows)}"
    )


def errors() -> str:
    """The page of the error catalogue."""
    rows = ((f"`{code}`", a.meaning, a.fixer, a.steps, a.then) for code, a in sorted(CATALOGUE.items()))
    head = ("code", "what it means", "who mends it", "how", "what happens to the order")
    return f"# Errors\n\nMade from `core/advice.py` by `make docs`.\n\n{table(head, rows)}"


def _plain(value: object) -> str:
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
            if seconds % length == 0:
                return f"{seconds // length}{unit}"
        return f"{seconds}s"
    if isinstance(value, tuple):
        return ",".join(_plain(part) for part in value)
    return str(value)


PAGES = {"lifecycle.md": lifecycle, "settings.md": settings, "errors.md": errors}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
