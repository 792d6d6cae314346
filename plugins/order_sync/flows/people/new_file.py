"""Files for people: their group may read them, such as that of a file server, and nobody else."""

import os
from pathlib import Path
from typing import BinaryIO

MODE = 0o640


def new_file(path: Path) -> BinaryIO:
    """A file that is not there yet, open for writing. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb")
