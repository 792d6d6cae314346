"""What was measured, as a table for people and as JSON for machines."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: ours, the limit that no tool passes (or what it must not exceed), and a tool one would take."""

    name: str
    ours: float
    limit: float | None = None
    peer: float | None = None

    @property
    def ratios(self) -> tuple[float | None, float | None]:
        """Ours by the limit, and ours by the peer."""
        return self.ours / self.limit if self.limit else None, self.ours / self.peer if self.peer else None


def in_turns(rounds: int, *called: Callable[[], object]) -> list[float]:
    """The median seconds of each, which take turns so that a busy machine disturbs all of them alike."""
    seconds: list[list[float]] = [[] for _ in called]
    for _ in range(rounds):
        for measured, call in zip(seconds, called, strict=True):
            begun = time.monotonic()
            told = call()
            measured.append(told if isinstance(told, float) else time.monotonic() - begun)
    return [median(each) for each in seconds]


def printed(rows: list[Row]) -> str:
    """The table."""
    head = ("name", "ours", "limit", "peer", "ours/limit", "ours/peer")
    cells = [head, *((row.name, *map(_number, (row.ours, row.limit, row.peer, *row.ratios))) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


def write(rows: list[Row], about: Mapping[str, object], path: Path) -> None:
    """The same as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [{**asdict(row), "ours/limit": row.ratios[0], "ours/peer": row.ratios[1]} for row in rows]
    path.write_text(json.dumps({**about, "rows": found}, indent=1))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
