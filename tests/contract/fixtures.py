"""What an adapter brings along for the contract suites, and a sentence for what it does not."""

from importlib import import_module
from importlib.util import find_spec
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
