"""Some of many cases for `make test`, others whenever what they are about was changed; `make full` tries them all."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

T = TypeVar("T")
TESTS = Path(__file__).parents[1]


def some(cases: Sequence[T], number: int, *files: str) -> list[tuple[T, tuple[pytest.MarkDecorator, ...]]]:
    """Each case with its marks: all but so many are of the long form. Which they are follows from `files` of tests."""
    seed = sha256("".join((TESTS / file).read_text() for file in files).encode()).hexdigest()
    chosen = set(Random(seed).sample(range(len(cases)), number))  # noqa: S311  no secret is drawn
    return [(case, () if place in chosen else (pytest.mark.full,)) for place, case in enumerate(cases)]
