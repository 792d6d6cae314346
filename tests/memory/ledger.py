"""The ledger in memory, for flows and the model of the lifecycle."""

from dataclasses import dataclass

from tests.memory.deciding import MemoryDeciding
from tests.memory.intake import MemoryIntake
from tests.memory.sending import MemorySending
from tests.memory.settling import MemorySettling
from tests.memory.unasked import MemoryUnasked
from tests.memory.validation import MemoryValidation


@dataclass
class MemoryLedger(MemoryIntake, MemoryValidation, MemorySending, MemorySettling, MemoryDeciding, MemoryUnasked):
    """The Ledger port over a dictionary."""
