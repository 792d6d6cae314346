"""What `make run` shows: a short log where nobody looks on, why orders failed, and in five lines what went wrong."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from order_sync.core.catalogue import CATALOGUE
from sandbox import run
from sandbox.processes import SandboxError


def test_elsewhere_than_on_a_terminal_each_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run.Shown()
    with shown.ticking():
        shown.begin("starting Airflow")
        shown.note("still starting")
        shown.note("still starting")
        shown.begin("running it")
        shown.say("it ended: success")
    assert capsys.readouterr().out == "· starting Airflow\n· running it\n· it ended: success\n"


def test_on_a_terminal_a_step_is_one_line_that_is_written_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = run.Shown()
    shown.begin("starting Airflow")
    shown.say("it runs")
    assert capsys.readouterr().out == "\r· starting Airflow: 0 s\x1b[K" * 2 + "\n· it runs\n"


def test_why_orders_failed_is_told_in_five_lines() -> None:
    codes = Counter({code: 10 + place for place, code in enumerate(list(CATALOGUE)[:7])})
    *named, others = run.reasons(codes)
    assert [line.split()[:2] for line in named] == [[str(number), code] for code, number in codes.most_common(4)]
    assert others.split() == [str(10 + 11 + 12), "of", "3", "other", "kinds"]


def test_where_nothing_failed_that_is_said() -> None:
    assert run.reasons(Counter()) == ["   0"]


def test_what_went_wrong_is_told_in_five_lines_with_the_step_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    log = "\n".join(f"line {number}" for number in range(20))
    run.print_trouble("starting Airflow", SandboxError(f"scheduler was not ready within 240 s:\n{log}"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "FAILED while starting Airflow: scheduler was not ready within 240 s:"
    assert lines[1:3] == ["line 18", "line 19"]
    assert str(Path(".sandbox") / "run") in lines[3]
    assert "`make run`" in lines[4]
    assert len(lines) == 5
