"""`make test` and `make full` say what ran, what failed, and what could not run here."""

import pytest

from sandbox.processes import SandboxError
from tests import stages
from tests.stages import Stage, main


@pytest.fixture(autouse=True)
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """One stage of `make full`, which lacks something."""

    def needs() -> None:
        raise SandboxError("no lathe here: `make system` installs it")

    monkeypatch.setattr(stages, "FULL", {"lathe": Stage(["core"], needs=needs)})


@pytest.mark.parametrize(("ci", "code", "word"), [("", 0, "left out"), ("true", 1, "FAILED")])
def test_a_stage_that_lacks_something_is_left_out_and_named_and_in_ci_it_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str, code: int, word: str
):
    monkeypatch.setenv("CI", ci)
    assert main(["--full"]) == code
    *_, stage, _total, last = capsys.readouterr().out.splitlines()
    assert stage.split("s  ") == ["lathe            0.0 ", word]
    assert last == "lathe did not run: no lathe here: `make system` installs it"


def test_a_stage_that_there_is_not_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]):
    assert main(["--full", "core"]) == 2
    assert capsys.readouterr().out == "no stage core; there are lathe\n"


def test_a_folder_without_a_test_fails_its_stage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(stages, "FULL", {"empty": Stage(["fixtures"])})
    assert main(["--full"]) == 1
    assert "stage empty: tests/fixtures has no test" in capsys.readouterr().out
