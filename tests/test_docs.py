"""The documents hold: generated pages are current, every code is explained, every command and link exists."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from docs.generate import DOCS, PAGES
from order_sync.core.advice import CATALOGUE

ROOT = DOCS.parent
README = ROOT / "README.md"


@pytest.mark.parametrize("name", PAGES)
def test_the_generated_pages_are_what_make_docs_writes(name):
    assert (DOCS / name).read_text() == PAGES[name](), "run `make docs`"


def test_every_connection_pool_and_variable_says_what_it_is_for():
    """R125"""
    rows = re.findall(r"^\| `(\w+)` \|.*", PAGES["connections.md"](), re.MULTILINE)
    assert len(rows) > 5
    assert re.findall(r"^\| `(\w+)` \|(?:.*\|)? *\|", PAGES["connections.md"](), re.MULTILINE) == []


def test_every_code_that_an_order_or_an_error_can_carry_is_in_the_catalogue():
    """R75, R79, R82"""
    used = {code for path in (ROOT / "plugins").rglob("*.py") for code in _codes(ast.parse(path.read_text()))}
    assert len(used) > 20
    assert used - set(CATALOGUE) == set()


def test_the_catalogue_holds_no_code_that_nothing_uses():
    source = "".join(path.read_text() for path in (ROOT / "plugins").rglob("*.py") if path.name != "advice.py")
    source += "".join(path.read_text() for path in (ROOT / "include").rglob("*.sql"))
    assert [code for code in CATALOGUE if f'"{code}"' not in source and f"'{code}'" not in source] == []


def test_every_command_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = set(re.findall(r"\bmake ([a-z]+)", README.read_text()))
    assert commands >= {"run", "test", "check"}
    assert commands <= targets


@pytest.mark.parametrize("page", [README, *sorted(DOCS.rglob("*.md"))], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_row_of_the_table_of_troubles_is_tested_on_a_running_airflow():
    table = README.read_text().partition("| trouble |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "end_to_end").glob("test_*.py"))
    assert len(rows) == 8
    assert sorted(re.findall(r'"""Row: (.*?)(?:"""|\n)', tests)) == sorted(rows)


def test_every_setting_in_the_readme_exists():
    named = set(re.findall(r"ORDER_SYNC_[A-Z_]+[A-Z]", README.read_text()))
    assert named <= set(re.findall(r"ORDER_SYNC_[A-Z_]+[A-Z]", PAGES["settings.md"]()))


def test_nothing_in_the_repository_names_a_machine_or_a_package_registry():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    foreign = re.compile(r"(?<![\w.])/(work|root|home)/\w|pypi\.org|pythonhosted|index-url")
    texts = {
        name: (ROOT / name).read_text(errors="replace") for name in files.stdout.split() if (ROOT / name).is_file()
    }
    texts.pop(str(Path(__file__).relative_to(ROOT)), None)
    assert [name for name, text in texts.items() if foreign.search(text)] == []


def _codes(tree: ast.AST) -> set[str]:
    """Codes as they are written: `code="X"`, `code = "X"`, and the code arguments of Problem, Verdict and Outcome."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="code", value=value) | ast.Assign(targets=[ast.Name(id="code")], value=value):
                found.append(value)
            case ast.Call(func=ast.Name(id="Problem") | ast.Attribute(attr="refuse"), args=[value, *_]):
                found.append(value)
            case ast.Call(func=ast.Name(id="Verdict"), args=[_, value, *_]):
                found.append(value)
            case ast.Call(func=ast.Name(id="Outcome"), args=[_, _, _, value, *_]):
                found.append(value)
    return {node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)}
