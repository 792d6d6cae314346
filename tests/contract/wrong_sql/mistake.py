"""A mistake that a channel's SQL invites, as edits of a right folder's files."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from order_sync.core.ports.channel import Channel
from tests.contract.channel_subject import Subject

TRANSACTIONS, HEADERS, NEW = "transactions.sql", "headers.sql", "new.sql"
AGAIN, PLACED = "again.sql", "placed.sql"


@dataclass(frozen=True)
class Mistake:
    """What somebody writes, the sentence of the contract that notices it, and the words in which it is named.

    `edits` are (file, what stands there, what is written instead); a file that is not there yet is written.
    """

    name: str
    notices: Callable[[Subject], None]
    words: str
    edits: Sequence[tuple[str, str, str]]

    def made(self, right: Path, into: Path) -> Callable[[Channel], Channel]:
        """Writes the wrong folder, and gives what turns a channel over the right one into one over it."""
        shutil.copytree(right, into)
        for file, old, new in self.edits:
            text = (into / file).read_text() if old else ""
            assert old in text, f"{self.name}: '{old}' is no longer in {file}"
            (into / file).write_text(text.replace(old, new) if old else new)
        return lambda channel: replace(channel, folder=into)  # type: ignore[type-var]


def told(name: str, notices: Callable[[Subject], None], words: str, old: str, new: str) -> Mistake:
    """A mistake in transactions.sql alone."""
    return Mistake(name, notices, words, [(TRANSACTIONS, old, new)])


def everywhere(name: str, notices: Callable[[Subject], None], words: str, old: str, new: str) -> Mistake:
    """The same mistake in transactions.sql and headers.sql."""
    return Mistake(name, notices, words, [(file, old, new) for file in (TRANSACTIONS, HEADERS)])
