"""`make bench` on a few baskets: every measurement is taken, and the table and its JSON say the same.

It needs an environment of its own, which is larger than ours.
"""

import json
from pathlib import Path

import pytest

from benchmarks.bulk import __main__ as bench
from benchmarks.bulk.table import Row, in_turns, printed


@pytest.mark.full
@pytest.mark.timeout(900)
def test_the_benchmark_measures_everything_and_writes_it_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    bench.main(["--baskets", "30", "--rounds", "1", "--ledger-rows", "300", "--report-rows", "40"])
    (path,) = tmp_path.glob("*.json")
    said, told = capsys.readouterr().out, json.loads(path.read_text())
    assert str(path) in said
    assert (told["baskets"], told["lines"] > 30) == (30, True)
    assert len(told["rows"]) == 18
    assert all(row["name"] in said and row["ours"] > 0 for row in told["rows"])
    assert [row["name"].partition(" (")[0] for row in told["rows"] if row["peer"]] == [
        "orders extracted a second",
        "lines extracted a second",
    ]


def test_a_row_says_by_how_much_ours_is_more_than_the_limit_and_the_peer() -> None:
    assert Row("rows", 150, 200, 10).ratios == (0.75, 15)
    assert printed([Row("rows", 150, 200)]).splitlines() == [
        "name  ours  limit  peer  ours/limit  ours/peer",
        "rows   150    200     -        0.75          -",
    ]


def test_what_is_compared_takes_turns() -> None:
    calls: list[str] = []
    told = [1.0, 9.0, 2.0]

    def ours_took() -> float:
        calls.append("ours")
        return told[len(calls) // 2]

    ours, _ = in_turns(3, ours_took, lambda: calls.append("limit"))
    assert calls == ["ours", "limit"] * 3
    assert ours == 2.0
