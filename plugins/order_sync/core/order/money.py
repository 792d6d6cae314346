"""The smallest amount of a currency, and by how much two amounts of one order may differ."""

import re
from dataclasses import dataclass
from decimal import Decimal

from iso4217 import Currency


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for EUR, 1 for JPY, and 0.01 for a code that ISO 4217 does not list."""
    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = 2
    return Decimal(1).scaleb(-(digits or 0))


@dataclass(frozen=True, slots=True)
class Tolerance:
    """By how much two totals of an order may differ: so many minor units, and so many more for each of its lines.

    A total that is rounded once differs from one that is rounded line by line, the more the more lines there are.
    """

    minor_units: int = 1
    per_line: Decimal = Decimal(0)

    def of(self, currency: str, lines: int) -> Decimal:
        """The amount by which totals of an order of so many lines may differ."""
        return (self.minor_units + lines * self.per_line) * minor_unit(currency)

    def __str__(self) -> str:
        return f"{self.minor_units}+{self.per_line}/line" if self.per_line else f"{self.minor_units}"

    @classmethod
    def read(cls, text: str) -> "Tolerance":
        """The tolerance that `str` wrote. Raises ValueError for anything else."""
        match = re.fullmatch(r"(\d{1,9})(?:\+(\d{1,9}(?:\.\d{1,9})?)/line)?", text, re.ASCII)
        if match is None:
            raise ValueError(text)
        return cls(int(match[1]), Decimal(match[2] or 0))


ONE_MINOR_UNIT = Tolerance()
"""One cent, whatever the lines."""
