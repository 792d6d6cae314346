"""The tree: each class name has one meaning, modules are short, and each says in its first line what it is."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = [*("plugins/order_sync", "sandbox", "scaffold", "dags", "include", "benchmarks")]
LONGEST = 300
"""Lines of a module of the package. A longer one says at its head why: "It is long because ..."."""

LONGEST_TEST = 450
"""Lines of a module of tests, likewise: cases stand below each other."""


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "templates" not in path.parts)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_no_class_name_has_two_meanings() -> None:
    """A part of the ledger bears the name of the port that it fulfils: that is one meaning."""
    where = defaultdict(set)
    for path in modules(*OURS):
        named = path.relative_to(ROOT).as_posix()
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                where[node.name].add("the ledger" if "/ledger/" in named else named)
    assert {name: files for name, files in where.items() if len(files) > 1} == {}


@pytest.mark.parametrize(("folders", "longest"), [(OURS, LONGEST), (["tests"], LONGEST_TEST)], ids=["ours", "tests"])
def test_a_long_module_says_why_it_is_long(folders: list[str], longest: int) -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in modules(*folders)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > longest
        and "It is long because" not in (ast.get_docstring(parsed(path)) or "")
    }
    assert long == {}


def test_each_module_says_in_its_first_line_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in modules(*OURS, "tests")
        if path.name != "conftest.py" and path.stat().st_size and not ast.get_docstring(parsed(path))
    ]
    assert silent == []
