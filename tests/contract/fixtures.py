"""What an adapter brings along for the contract suites, and a sentence for what it does not."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import pytest


def fixture_of(name: str, asked: tuple[str, ...]) -> ModuleType:
    """The fixture of an adapter of the registry, which must have all that is asked for."""
    module = f"tests.fixtures.{name}"
    if find_spec(module) is None:
        pytest.fail(f"'{name}' is in the registry and has no fixture: write tests/fixtures/{name}.py (docs/adding.md)")
    fixture = import_module(module)
    if missing := [part for part in asked if not hasattr(fixture, part)]:
        pytest.fail(f"tests/fixtures/{name}.py has no {', '.join(missing)}: docs/adding.md says what they do")
    return fixture
