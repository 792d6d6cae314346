"""The documents hold: generated pages are current, and whatever a page names (commands, links, files, tests, settings,
statuses, questions to the ledger) is there."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from docs.generate import DOCS, PAGES
from order_sync import permissions
from order_sync.core.catalogue import CATALOGUE
from order_sync.core.life.lifecycle import MEANINGS
from order_sync.core.sending.holds import HoldKind
from order_sync.erps.tryton.erp import PERMISSIONS
from order_sync.ledger import migrate
from sandbox.postgres import Cluster

ROOT = DOCS.parent
PACKAGE = ROOT / "plugins" / "order_sync"
README = ROOT / "README.md"
ALL_PAGES = [README, *sorted(DOCS.rglob("*.md"))]
PAGES_BY_HAND = [page for page in ALL_PAGES if page not in {DOCS / name for name in PAGES}]


def blocks(page: Path) -> list[tuple[str, str]]:
    """The blocks of code of a page, each with what is written behind its fence."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def spans(page: Path) -> list[str]:
    """What a page sets as code within its lines."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL))


def code(page: Path) -> str:
    """What a page tells people to write: code within lines, and commands between them."""
    return "\n".join([*spans(page), *(text for kind, text in blocks(page) if kind in ("", "sh")), ""])


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def ledger(cluster: Cluster) -> Iterator[str]:
    """The address of an empty ledger."""
    cluster.create_database("asked")
    migrate(lambda: psycopg.connect(cluster.dsn("asked")))
    yield cluster.dsn("asked")
    cluster.drop_database("asked")


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Every word of the code, its files' names and settings among them; the pages' own words do not count."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    files = [ROOT / name for name in listed.stdout.split() if not name.endswith((".md", ".png", ".lock"))]
    texts = [PAGES["settings.md"](), *(f"{file.stem} {file.read_text()}" for file in files if file.is_file())]
    return {word for text in texts for word in re.findall(r"\w+", text)}


@pytest.mark.parametrize("name", PAGES)
def test_the_generated_pages_are_what_make_docs_writes(name: Any) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize(
    ("heading", "container"),
    [("Who may import whom", "order_sync"), ("The folders of the core", "order_sync.core")],
)
def test_the_page_of_the_architecture_has_the_layers_that_the_check_holds(heading: str, container: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each.get("containers") == [container])
    held = [re.findall(r"\w+", layer) for layer in layers]
    section = (DOCS / "architecture.md").read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    assert [re.findall(r"`(\w+)`", row) for row in rows] == held


def test_the_page_on_tryton_lists_the_rights_that_check_looks_for() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| ([\w, ]+) \|$", (DOCS / "tryton.md").read_text(), re.MULTILINE)
    assert {model: tuple(rights.split(", ")) for model, rights in rows} == PERMISSIONS


@pytest.mark.parametrize("path", sorted((DOCS / "adr").glob("0*.md")), ids=lambda path: path.stem)
def test_a_decision_says_since_when_it_stands_or_what_took_its_place(path: Path) -> None:
    title, empty, standing = path.read_text().splitlines()[:3]
    assert re.fullmatch(rf"# {int(path.name[:4])}\. .+", title)
    assert not empty
    assert re.fullmatch(
        r"Accepted on 20\d\d-\d\d-\d\d\.|Replaced by \[\d+\]\(0.+\.md\) on 20\d\d-\d\d-\d\d\.", standing
    )


def test_every_connection_pool_and_variable_says_what_it_is_for() -> None:
    """R125"""
    rows = re.findall(r"^\| `(\w+)` \|.*", PAGES["connections.md"](), re.MULTILINE)
    assert len(rows) > 5
    assert re.findall(r"^\| `(\w+)` \|(?:.*\|)? *\|", PAGES["connections.md"](), re.MULTILINE) == []


def test_every_code_that_an_order_or_an_error_can_carry_is_in_the_catalogue() -> None:
    """R75, R79, R82"""
    used = {code for path in (ROOT / "plugins").rglob("*.py") for code in _codes(ast.parse(path.read_text()))}
    assert len(used) > 20
    assert used - set(CATALOGUE) == set()


def test_the_catalogue_holds_no_code_that_nothing_uses() -> None:
    source = "".join(path.read_text() for path in (ROOT / "plugins").rglob("*.py") if path.name != "catalogue.py")
    source += "".join(path.read_text() for path in (ROOT / "plugins").rglob("*.toml"))
    source += "".join(path.read_text() for path in (ROOT / "include").rglob("*.sql"))
    assert [code for code in CATALOGUE if f'"{code}"' not in source and f"'{code}'" not in source] == []


def test_advice_names_who_mends_it_and_takes_no_right_for_granted() -> None:
    """R147"""
    assert [code for code, advice in CATALOGUE.items() if not advice.fixer] == []
    rights = re.compile("reopen|unlock|override|approve", re.IGNORECASE)
    asked = [advice.steps for advice in CATALOGUE.values() if rights.search(advice.steps)]
    assert asked
    assert [steps for steps in asked if "if permitted" not in steps] == []


@pytest.mark.parametrize("role", permissions.ROLES)
def test_the_page_of_the_roles_says_what_the_code_grants(role: str) -> None:
    """R143"""
    page = (DOCS / "permissions.md").read_text()
    [(triggers, clears)] = re.findall(rf"^\| `{role}` \|.*\|.*\| (.*) \| (.*) \|$", page, re.MULTILINE)
    granted = {dag_id: permissions.grants(deeds).get(role, {}) for dag_id, deeds in permissions.DAGS.items()}
    named = set(re.findall(r"`(\w+?)(?:__<channel>)?`", triggers))
    assert named == {dag_id for dag_id, may in granted.items() if "DAG Runs" in may}
    named = set(re.findall(r"`(\w+?)(?:__<channel>)?`", clears))
    assert named == {dag_id for dag_id, may in granted.items() if "can_edit" in may.get("DAGs", ())}


def test_every_command_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = {page.name: set(re.findall(r"\bmake ([a-z-]+)(?=[`\s])", code(page))) for page in PAGES_BY_HAND}
    assert {"run", "test"} <= commands["README.md"]
    assert set().union(*commands.values()) <= targets
    assert targets - {"help"} <= commands["developing.md"]


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Any) -> None:
    links = re.findall(r"\]\(([^):#]*)(?:#([^)]*))?\)", page.read_text())
    lost = [path for path, _ in links if not (page.parent / path).exists()]
    lost += [anchor for path, anchor in links if anchor and anchor not in anchors(page.parent / path if path else page)]
    assert lost == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, new = set(), {README}
    while new:
        reached |= new
        links = {
            (page.parent / path).resolve() for page in new for path in re.findall(r"\]\(([^):#]+)", page.read_text())
        }
        new = {found for link in links for found in (link.glob("*.md") if link.is_dir() else [link])} - reached
        new = {page for page in new if page.suffix == ".md"}
    assert [page.name for page in ALL_PAGES if page not in reached] == []


def test_there_are_pages_for_users_for_those_who_run_it_and_for_those_who_change_it() -> None:
    """R146"""
    rows = dict(re.findall(r"^\| (.*?) \| (.*\]\(docs/.*) \|$", README.read_text(), re.MULTILINE))
    assert "docs/stuck.md" in rows["work at the order desk"]
    assert "docs/deployment.md" in rows["run the Airflow"]
    assert "docs/developing.md" in rows["change the code"]


def test_every_picture_is_shown_and_small() -> None:
    shown = {name for page in ALL_PAGES for name in re.findall(r"pictures/([\w-]+\.png)\)", page.read_text())}
    pictures = {path.name: path.stat().st_size for path in (DOCS / "pictures").iterdir()}
    assert set(pictures) == shown
    assert [name for name, size in pictures.items() if size > 150_000] == []


@pytest.mark.parametrize("page", PAGES_BY_HAND, ids=lambda page: page.name)
def test_every_name_in_a_page_is_one_of_the_code_or_of_the_pages_own_example(page: Any, words: set[str]) -> None:
    names = set(re.findall(r"\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b|\b[A-Z]\w+Operator\b", code(page)))
    examples = {word for kind, text in blocks(page) if kind not in ("", "sh") for word in re.findall(r"\w+", text)}
    assert sorted(name for name in names - words - examples if "my_" not in name) == []


@pytest.mark.parametrize("page", PAGES_BY_HAND, ids=lambda page: page.name)
def test_every_file_and_test_that_a_page_names_is_there(page: Any) -> None:
    tops = "|".join(path.name for path in ROOT.iterdir() if path.is_dir())
    named = re.findall(rf"^((?:{tops}|core|flows|erps)/[\w./-]+)(?:::(\w+))?$", "\n".join(spans(page)), re.MULTILINE)
    paths = {(ROOT if (ROOT / name).exists() else PACKAGE) / name: test for name, test in named if "my_" not in name}
    assert [path for path in paths if not path.exists()] == []
    assert [test for path, test in paths.items() if test and f"def {test}(" not in path.read_text()] == []


def test_each_line_of_the_checklist_says_what_verifies_it_or_that_nothing_does() -> None:
    rows = re.findall(r"^\| .*", (DOCS / "production.md").read_text(), re.MULTILINE)
    verified = [row for row in rows if row.count("|") == 4]
    assert len(verified) > 20
    assert [row for row in verified if not re.search(r"::test_|tests/|not verified here|verified by", row)] == []


def test_every_status_is_explained_to_whoever_misses_an_order() -> None:
    page = (DOCS / "stuck.md").read_text()
    table = page.partition("| status |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == sorted(MEANINGS)
    assert set(
        re.findall(r"^\| `(\w+)` \| .* \|$", page.partition("## 2. Holds")[2].partition("## 3.")[0], re.M)
    ) == set(HoldKind)


@pytest.mark.parametrize(
    "page",
    [DOCS / name for name in ("explaining.md", "stuck.md", "restoring.md", "production.md")],
    ids=lambda page: page.name,
)
def test_every_question_to_the_ledger_can_be_asked(page: Any, ledger: str) -> None:
    questions = [text for kind, text in blocks(page) if kind == "sql"]
    assert questions
    with psycopg.connect(ledger) as connection:
        assert [connection.execute(question).fetchall() for question in questions] == [[]] * len(questions)


def test_every_row_of_the_table_of_troubles_is_tested_on_a_running_airflow() -> None:
    table = README.read_text().partition("| trouble |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "end_to_end").glob("test_*.py"))
    assert len(rows) == 8
    assert sorted(re.findall(r'"""Row: (.*?)(?:"""|\n)', tests)) == sorted(rows)


def test_nothing_in_the_repository_names_a_machine_or_a_package_registry() -> None:
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
