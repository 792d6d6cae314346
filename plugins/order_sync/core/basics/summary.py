"""What a flow did, in counts."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(slots=True)
class Summary:
    """What a flow did, in counts: the only thing that a task returns. Never keys, never people's data.

    `held` is why nothing was sent, when sending is on hold. `gave_way` is what is left of a push's turn, when it let
    another channel go first.
    """

    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    held: str | None = None
    gave_way: timedelta | None = None

    def add(self, name: str, number: int = 1) -> None:
        """Count `number` more of `name`; nothing is counted as nothing."""
        if number:
            self.counts[name] = self.counts.get(name, 0) + number

    def __str__(self) -> str:
        counted = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in sorted(self.counts.items()))
        held = [f"on hold: {self.held}"] if self.held else []
        return "; ".join([counted or "nothing to do", *self.notes, *held])
