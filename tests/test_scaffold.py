"""What `make new-erp` and `make new-channel` begin is red with sentences, and green with the page's functions in it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from order_sync import registry
from order_sync.core.errors import NotAuthorised
from order_sync.core.settings import Settings
from order_sync.wire.auth import bearer, client_credentials
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http
from scaffold.__main__ import main
from scaffold.begin import CHANNEL, ERP, KINDS, LONGEST, TEMPLATES, CannotBegin, plan
from scaffold.insert import into_list, into_yaml
from tests.support.filling_in import filled_in
from tests.support.simulator import Answer, Call, Simulator, route

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
COPIED = ("benchmarks", "dags", "docs", "include", "plugins", "sandbox", "scaffold", "tests")
BLOCKS = re.findall(r"^```python my_erp/\w+\n(.*?)^```$", (DOCS / "adding.md").read_text(), re.MULTILINE | re.DOTALL)
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
ADAPTER = "plugins/order_sync/erps/my_erp.py"
BEGUN = {
    "erp": ("my_erp", "red_erp", "x", "e" * (LONGEST - 2) + "_1"),
    "channel": ("my_shop", "y", "c" * (LONGEST - 2) + "_1"),
}


class Ran(NamedTuple):
    """How the contract suite ended: how many tests passed, and what each of the others said, in their order."""

    passed: int
    said: list[str]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which some ERPs and channels were begun."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "airflow_settings.yaml", "README.md"):
        shutil.copy2(ROOT / file, copy)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ORDER_SYNC_REGISTRY", raising=False)
        for kind, names in BEGUN.items():
            assert [main(kind, name, copy) for name in names] == [0] * len(names)
    return copy


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the files alone that get some lines more."""
    monkeypatch.delenv("ORDER_SYNC_REGISTRY", raising=False)
    (tmp_path / "include").mkdir()
    shutil.copy2(ROOT / "include" / "registry.py", tmp_path / "include")
    shutil.copy2(ROOT / "airflow_settings.yaml", tmp_path)
    return tmp_path


def files(folder: Path) -> dict[Path, str]:
    return {file: file.read_text() for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"}


def told(checkout: Path, *command: str) -> str:
    """What a tool finds, run in the copy as `make check` runs it; '' for nothing."""
    environment = {**bare(), "PYTHONPATH": "plugins"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=checkout, env=environment, capture_output=True, text=True
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.fixture(scope="module")
def contract(checkout: Path) -> dict[str, Ran]:
    """The contract suite over what was begun: an ERP with the page's functions in it, another one, and a channel."""
    names, adapter = ("my_erp", "red_erp", "my_shop"), checkout / ADAPTER
    adapter.write_text(filled_in(adapter.read_text(), *BLOCKS))
    told(checkout, "ruff", "check", "--select=I", "--fix", "--no-cache", ADAPTER)
    report, chosen = checkout / "report.xml", " or ".join(f"[{name}" for name in names)
    options = ("-q", "--tb=line", "-p", "no:cacheprovider", f"--junitxml={report}", "-k", chosen, "tests/contract")
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=checkout, env=bare(), capture_output=True)
    ran = dict.fromkeys(names, Ran(0, []))
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  our own
        name = next(name for name in names if f"[{name}" in case.get("name", ""))
        troubles = [f"{each.get('message')} {each.text}" for each in (*case.iter("failure"), *case.iter("error"))]
        ran[name] = Ran(ran[name].passed + (not troubles), [*ran[name].said, *troubles])
    return ran


@pytest.fixture(scope="module")
def fed(checkout: Path) -> Path:
    """The same, where one of the channels feeds one of the ERPs."""
    page = checkout / "include" / "registry.py"
    before, market, after = page.read_text().partition('"my_shop",')
    assert market
    page.write_text(before + market + after.replace(f'erp="{registry.ERPS[0].name}"', 'erp="my_erp"', 1))
    return checkout


def what_fails(checkout: Path, *options: str) -> str:
    """What fails of the project's own tests in the copy; '' for nothing."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=checkout, env=bare(), capture_output=True, text=True)
    return "\n".join(re.findall(r"^(?:FAILED|ERROR|E  ).*", done.stdout, re.MULTILINE)) if done.returncode else ""


def bare() -> dict[str, str]:
    """The environment of a developer who has no registry of his own."""
    return {name: value for name, value in os.environ.items() if name != "ORDER_SYNC_REGISTRY"}


def sentences(kind: str) -> set[str]:
    """What the template of an adapter says of each function that is still to be written."""
    return set(re.findall(r'NotImplementedError\(\s*"(write \w+: )', (TEMPLATES / kind / "adapter.py").read_text()))


def test_what_is_begun_passes_format_lint_and_types(checkout: Path) -> None:
    assert told(checkout, "ruff", "format", "--check", ".") == ""
    assert told(checkout, "ruff", "check", "--no-cache", ".") == ""
    cache = f"--cache-dir={ROOT / '.mypy_cache'}"
    assert told(checkout, "mypy", cache, *(f"plugins/order_sync/erps/{name}.py" for name in BEGUN["erp"])) == ""


def test_an_erp_that_is_begun_is_red_and_each_sentence_says_what_to_write_next(contract: dict[str, Ran]) -> None:
    said = contract["red_erp"].said
    assert len(said) > 60
    assert [each for each in said if not re.search(r"write \w+: ", each)] == []
    found = [match for each in said for match in re.findall(r"write \w+: ", each)[:1]]
    assert set(found) == sentences("erp")
    assert found[0] == "write check: "


def test_a_channel_that_is_begun_is_red_and_the_next_blank_is_named(contract: dict[str, Ran]) -> None:
    passed, said = contract["my_shop"]
    assert (passed, len(said) > 25) == (0, True)
    (told,) = {each.partition(" (")[0] for each in said}
    assert told.endswith("my_shop.sql, line 2: fill in <<the shop's own table definitions>>")


def test_the_pages_functions_turn_the_erp_that_is_begun_green(checkout: Path, contract: dict[str, Ran]) -> None:
    adapter = (checkout / ADAPTER).read_text()
    assert told(checkout, "ruff", "format", "--diff", ADAPTER) == ""
    assert told(checkout, "ruff", "check", "--no-cache", ADAPTER) == ""
    assert told(checkout, "mypy", f"--cache-dir={ROOT / '.mypy_cache'}", ADAPTER) == ""
    assert "NotImplementedError" not in adapter
    assert len(adapter.splitlines()) < 300
    assert contract["my_erp"].said == []
    assert contract["my_erp"].passed > 70


def test_the_projects_tests_that_ask_the_registry_take_another_channel_and_another_erp(fed: Path) -> None:
    asking = ("tests/owner/test_registry.py", "tests/owner/test_registry_lookups.py", "tests/dags")
    assert what_fails(fed, *asking, "-k", "test_registry or settings_file or graph_of_a_resync") == ""


@pytest.mark.full
@pytest.mark.timeout(900)
def test_the_projects_own_runs_take_another_channel_and_another_erp(fed: Path) -> None:
    (fed / ".sandbox").symlink_to(ROOT / ".sandbox")
    assert what_fails(fed, "tests/shell", "tests/dags/test_runs.py", "tests/dags/test_stranger.py") == ""


def test_the_page_on_channels_shows_each_file_that_is_begun(small: Path) -> None:
    page = (DOCS / "channel-port.md").read_text()
    shown = {name.rpartition("/")[2] for name in re.findall(r"^```(?:sql|python) (\S+)", page, re.MULTILINE)}
    begun = {place.name for place in plan(CHANNEL, "my_shop", small, TODAY).new}
    assert begun - {"my_shop.sql"} <= shown
    assert "tables.sql" in shown


async def test_the_pages_token_is_given_for_the_right_secret() -> None:
    (block,) = re.findall(
        r"^```python\n(    def admit.*?)^```$", (DOCS / "adding.md").read_text(), re.MULTILINE | re.DOTALL
    )
    names: dict[str, Any] = {"Answer": Answer, "Any": Any, "Call": Call, "Simulator": Simulator, "route": route}
    names["trouble"] = lambda status, *_: Answer(status)
    exec(f"class Vendor(Simulator):\n    key, token = 'secret', 'token-7'\n\n{block}", names)  # noqa: S102
    with names["Vendor"]() as vendor:
        right = Endpoint("erp_x", vendor.base_url, "secret", login="client")
        async with Http(right, Settings(), client_credentials(right, f"{vendor.base_url}/token")) as http:
            assert (await http.ask("GET", "/nothing")).status == 404
        for auth in (bearer(right), client_credentials(replace(right, key="no"), f"{vendor.base_url}/token")):
            async with Http(right, Settings(), auth) as http:
                with pytest.raises(NotAuthorised):
                    await http.ask("GET", "/nothing")


@pytest.mark.parametrize(
    "name", ["", "My", "1st", "a b", "a-b", "a__b", "_a", "a_", "class", "ä", "e" * 31, "new_erp", "../x"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_cannot_be_is_refused_with_one_sentence_and_nothing_is_written(
    kind: Any, name: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(small)
    assert main(kind, name, small) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"'{name}' is no name for it: NAME is a word or several with _ between, of lower case")
    assert said.count("\n") == 1
    assert files(small) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [registry.ERPS[0].name, registry.CHANNELS[0].name])
def test_what_the_registry_has_is_not_begun_again(
    kind: Any, name: Any, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(small)
    assert main(kind, name, small) == 2
    assert "registry.py already: choose another name\n" in capsys.readouterr().err
    assert files(small) == before


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.called)
def test_no_file_that_is_there_is_overwritten(kind: Any, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in plan(kind, "begun", small, TODAY).new:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("mine")
        before = files(small)
        assert main(kind.called, "begun", small) == 2
        assert f"{place} is there already, and nothing is overwritten" in capsys.readouterr().err
        assert files(small) == before
        place.unlink()


@pytest.fixture
def elsewhere(small: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An owner's page outside of the checkout."""
    page = tmp_path_factory.mktemp("ours") / "page.py"
    shutil.move(small / "include" / "registry.py", page)
    monkeypatch.setenv("ORDER_SYNC_REGISTRY", str(page))
    return page


def test_the_line_and_what_lies_beside_it_go_where_the_owners_page_is(small: Path, elsewhere: Path) -> None:
    assert [main("erp", "my_erp", small), main("channel", "my_shop", small)] == [0, 0]
    page = registry.read_page(elsewhere)
    assert (page.erps[-1].name, page.channels[-1].name) == ("my_erp", "my_shop")
    assert page.channels[-1].erp == page.erps[0].name
    assert (elsewhere.parent / "erps" / "my_erp" / "refusals.toml").exists()
    assert (elsewhere.parent / "sql" / "channels" / "my_shop" / "new.sql").exists()


def test_a_page_with_a_mistake_or_without_an_import_is_told_and_left(small: Path) -> None:
    page = small / "include" / "registry.py"
    page.write_text("from order_sync.specs import ErpSpec\n\nERPS = (ErpSpec('a', 'b:C'),)\nCHANNELS = ()\n")
    with pytest.raises(CannotBegin, match=r"with the new line, .*registry.py, line \d+: NameError: .*'ChannelSpec'"):
        plan(CHANNEL, "my_shop", small, TODAY)
    page.write_text("ERPS = \n")
    with pytest.raises(CannotBegin, match=r"registry.py, line 1: SyntaxError: .*: correct it first"):
        plan(ERP, "my_erp", small, TODAY)


@pytest.mark.parametrize(
    ("source", "becomes"),
    [
        ("ERPS = ()\n", "ERPS = (\n    NEW,\n)\n"),
        ("ERPS = []\n", "ERPS = [\n    NEW,\n]\n"),
        ("ERPS = (a('ä'),)  # one\nX = 1\n", "ERPS = (\n    a('ä'),\n    NEW,\n)  # one\nX = 1\n"),
        (
            "ERPS: X = (\n    a,  # this\n    b,  # that\n)\n",
            "ERPS: X = (\n    a,  # this\n    b,  # that\n    NEW,\n)\n",
        ),
        ("ERPS = (\n    a,\n    *b\n    # the last\n)\n", "ERPS = (\n    a,\n    *b,\n    # the last\n    NEW,\n)\n"),
        ("ERPS = a, b\n", "ERPS = (\n    a,\n    b,\n    NEW,\n)\n"),
    ],
)
def test_an_entry_comes_last_in_its_list_and_the_rest_stays(source: str, becomes: str) -> None:
    assert into_list(source, "ERPS", "NEW") == becomes


def test_a_list_that_is_made_somewhere_else_is_told_with_the_line_to_add() -> None:
    with pytest.raises(ValueError, match=r"ERPS is not written as ERPS = \(\.\.\.\): add this to it yourself: NEW"):
        into_list("ERPS = made()\n", "ERPS", "NEW")


def test_an_entry_comes_last_in_a_list_of_yaml_and_comments_stay() -> None:
    text = "a:\n  one:\n    - x: 1  # why\n\n  two:\n    - y: 2\n"
    assert into_yaml(text, "one", "    - z: 3\n") == "a:\n  one:\n    - x: 1  # why\n\n    - z: 3\n  two:\n    - y: 2\n"
