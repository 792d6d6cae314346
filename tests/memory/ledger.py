"""The ledger in memory, for flows and the model of the lifecycle."""

from tests.memory.intake import MemoryIntake
from tests.memory.sending import MemorySending
from tests.memory.settling import MemorySettling
from tests.memory.validation import MemoryValidation


class MemoryLedger(MemoryIntake, MemoryValidation, MemorySending, MemorySettling):
    """The Ledger port over a dictionary."""
