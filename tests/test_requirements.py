"""The page of requirements and the tests agree; and whoever compares them notices each way in which they may not."""

from pathlib import Path

import pytest

from tests.requirements import NUMBERS, PAGE, TESTS, Line, citations, lines_of, main, problems

ALL = [Line(number, "something holds", "later: the next feature") for number in NUMBERS]


def but(number: str, state: str) -> list[Line]:
    """Every line put off, but for one."""
    return [Line(line.number, line.text, state) if line.number == number else line for line in ALL]


def write(folder: Path, code: str) -> Path:
    """A folder of tests with one file, which nobody could import."""
    tests = folder / "tests"
    tests.mkdir()
    (tests / "test_it.py").write_text(f"import nowhere_to_be_found\n\n\n{code}")
    return tests


def test_every_line_is_proven_or_says_what_it_waits_for() -> None:
    assert problems(lines_of(PAGE.read_text()), citations(TESTS)) == []


def test_what_is_in_order_is_no_problem() -> None:
    assert problems(ALL, {}) == []
    assert problems(but("R22", ""), {"a": ["R22"]}) == []
    assert problems(but("R22", "in part; later: the rest"), {"a": ["R22"], "b": ["R22"]}) == []


@pytest.mark.parametrize(
    ("lines", "cited", "says"),
    [
        (ALL[1:], {}, "R1 is not on the page"),
        ([*ALL, Line("R184", "more", "later: x")], {}, "R184 is on the page, and there is no such number"),
        ([*ALL, ALL[0]], {}, "R1 is on the page more than once"),
        ([*ALL[:-1], Line("T12", "", "later: x")], {}, "T12 does not say what it asks for"),
        (but("R22", ""), {}, "R22 is cited by no test"),
        (but("R22", "in part; later: the rest"), {"a": ["R23"]}, "R22 is cited by no test"),
        (ALL, {"a": ["T8"]}, "T8 is `later` and is cited by a"),
        (but("R22", "later:"), {}, "R22 is 'later:'"),
        (but("R22", "in part"), {"a": ["R22"]}, "R22 is 'in part'"),
        (but("R22", "done"), {"a": ["R22"]}, "R22 is 'done'"),
        (ALL, {"a": ["R0"]}, "a cites R0, which there is not"),
        (ALL, {"a": ["R1", "R2", "R3", "T1"]}, "a cites R1, R2, R3, T1: 3 at most"),
    ],
)
def test_each_disagreement_is_named(lines: list[Line], cited: dict[str, list[str]], says: str) -> None:
    assert [problem for problem in problems(lines, cited) if problem.startswith(says)] != []


def test_a_citation_is_a_number_in_the_docstring_of_a_test(tmp_path: Path) -> None:
    code = '''
def test_plain():
    """What it proves (R22, T8), and once more R22."""

class TestOfSomething:
    async def test_method(self):
        """R1"""

def helper():
    """R2"""

def test_that_cites_nothing():
    text = "R3, R-4, XR5, W6"
    """R7"""
'''
    assert citations(write(tmp_path, code)) == {
        "tests/test_it.py::test_plain": ["R22", "T8"],
        "tests/test_it.py::test_method": ["R1"],
    }


def test_the_rows_of_the_pages_tables_are_its_lines() -> None:
    page = (
        "R9 | no\n\n| line | what | not yet |\n| --- | --- | --- |\n| R1 | `a | b` holds | |\n| T2 | so | later: x |\n"
    )
    assert lines_of(page) == [Line("R1", "`a | b` holds", ""), Line("T2", "so", "later: x")]


@pytest.mark.parametrize(("cited", "code", "proven"), [("R22", 0, 1), ("R23", 1, 0)])
def test_the_print_ends_with_how_many_are_proven(
    cited: str, code: int, proven: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("".join(f"| {line.number} | {line.text} | {line.state} |\n" for line in but("R22", "")))
    assert main(page, write(tmp_path, f'def test_it():\n    """{cited}"""\n')) == code
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == f"proven {proven} of {len(NUMBERS)}"
    assert ("R22  tests/test_it.py::test_it" in printed) is (proven == 1)
    assert ("R22 is cited by no test" in printed) is (proven == 0)
