"""What an adapter brings along for the contract suites, and a sentence for what it does not."""

import re
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest


def found(name: str) -> ModuleType | None:
    """The fixture of an adapter, if it has one."""
    module = f"tests.fixtures.{name}"
    return import_module(module) if find_spec(module) else None


def fixture_of(name: str, asked: tuple[str, ...]) -> ModuleType:
    """The fixture of an adapter of the registry, which must have all that is asked for."""
    fixture = found(name)
    if fixture is None:
        pytest.fail(f"'{name}' is in the registry and has no fixture: write tests/fixtures/{name}.py (docs/adding.md)")
    if missing := [part for part in asked if not hasattr(fixture, part)]:
        pytest.fail(f"tests/fixtures/{name}.py has no {', '.join(missing)}: docs/adding.md says what they do")
    return fixture


def still_blank(files: Iterable[Path]) -> str:
    """What is to be filled in next in files that `make` began, where it stands, and how much more; '' for nothing."""
    blanks = [
        f"{file}, line {number}: fill in {blank}"
        for file in files
        if file.exists()
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        for blank in re.findall(r"<<[^\s<>][^<>]*>>", line)
    ]
    more = f" ({len(blanks) - 1} more to fill in)" if len(blanks) > 1 else ""
    return f"{blanks[0]}{more}" if blanks else ""
