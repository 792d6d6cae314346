"""`make test` and `make full` say what ran, what failed, and what could not run here."""

import re

import pytest

from sandbox import CHECKOUT
from sandbox.processes import SandboxError
from tests import stages
from tests.stages import Ran, Stage, main

WHOLE = stages.FULL


@pytest.fixture(autouse=True)
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """One stage of `make full`, which lacks something."""

    def needs() -> None:
        raise SandboxError("no lathe here: `make system` installs it")

    monkeypatch.setattr(stages, "FULL", {"lathe": Stage(["core"], 60, needs=needs)})


@pytest.mark.parametrize(("ci", "code", "word"), [("", 0, "left out"), ("true", 1, "FAILED")])
def test_a_stage_that_lacks_something_is_left_out_and_named_and_in_ci_it_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str, code: int, word: str
) -> None:
    monkeypatch.setenv("CI", ci)
    assert main(["--full"]) == code
    *_, stage, _total, last = capsys.readouterr().out.splitlines()
    assert stage == f"lathe            0.0 s of  60  {word}"
    assert last == "lathe did not run: no lathe here: `make system` installs it"


def test_a_stage_that_there_is_not_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--full", "core"]) == 2
    assert capsys.readouterr().out == "no stage core; there are lathe\n"


def test_a_folder_without_a_test_fails_its_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stages, "FULL", {"empty": Stage(["fixtures"], 60)})
    assert main(["--full"]) == 1
    assert "stage empty: tests/fixtures has no test" in capsys.readouterr().out


@pytest.mark.parametrize(("seconds", "word"), [(60.0, "passed"), (60.1, "passed, slow")])
def test_a_stage_that_took_longer_than_its_budget_is_called_slow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seconds: float, word: str
) -> None:
    monkeypatch.setattr(stages, "run", lambda name, _: Ran(name, seconds, True))
    assert main(["--full"]) == 0
    assert f"{seconds} s of  60  {word}\n" in capsys.readouterr().out


def test_the_page_tells_the_budget_of_each_stage() -> None:
    page = (CHECKOUT / "docs" / "developing.md").read_text()
    told = {name: int(budget) for name, budget in re.findall(r"^\| `(\w+)` \| (\d+) s \|", page, re.MULTILINE)}
    assert told == {name: stage.budget for name, stage in (*stages.TEST.items(), *WHOLE.items())}
