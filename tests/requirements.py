"""Which test proves which line of docs/requirements.md: what `make requirements` prints.

A test proves a line by naming its number in its docstring; the page holds what each line asks for, and `later` where it
is not met. Both are only read, no test is imported, and nobody keeps a list of names that could go stale.
"""

import ast
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "requirements.md"
NUMBERS = (*(f"R{number}" for number in range(1, 184)), *(f"T{number}" for number in range(1, 13)))
MOST_A_TEST = 3
"""A test that claims more lines than this proves none of them well."""

_ROW = re.compile(r"^\| *([RT]\d+) *\|(.*)\|(.*)\|$", re.MULTILINE)
_STATE = re.compile(r"((in part; )?later: \S.*)?")
_NUMBER = re.compile(r"\b[RT]\d+\b")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page. `state` is empty if it is proven, `in part; later: why`, or `later: why`."""

    number: str
    text: str
    state: str

    @property
    def needs_a_test(self) -> bool:
        """Whether something of it is claimed to hold."""
        return not self.state.startswith("later:")


def lines_of(page: str) -> list[Line]:
    """The lines in the page's tables."""
    return [Line(number, text.strip(), state.strip()) for number, text, state in _ROW.findall(page)]


def citations(folder: Path) -> dict[str, list[str]]:
    """The numbers that each test below a folder cites, by `path::name`."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                numbers = _NUMBER.findall(ast.get_docstring(node) or "")
                if numbers:
                    found[f"{path.relative_to(folder.parent)}::{node.name}"] = [*dict.fromkeys(numbers)]
    return found


def proofs(cited: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The tests that cite each number."""
    return {number: [test for test, numbers in cited.items() if number in numbers] for number in NUMBERS}


def problems(lines: Sequence[Line], cited: Mapping[str, Sequence[str]]) -> list[str]:
    """What page and tests say that cannot be, a sentence each."""
    numbers, tests = [line.number for line in lines], proofs(cited)
    found = [f"{number} is not on the page" for number in NUMBERS if number not in numbers]
    found += [f"{number} is on the page, and there is no such number" for number in numbers if number not in NUMBERS]
    found += [f"{number} is on the page more than once" for number in NUMBERS if numbers.count(number) > 1]
    found += [f"{line.number} does not say what it asks for" for line in lines if not line.text]
    for line in lines:
        if not _STATE.fullmatch(line.state):
            found.append(f"{line.number} is '{line.state}': write nothing, `later: why`, or `in part; later: why`")
        elif line.needs_a_test and line.number in tests and not tests[line.number]:
            found.append(f"{line.number} is cited by no test and does not say `later: why`")
        elif not line.needs_a_test and tests.get(line.number):
            found.append(f"{line.number} is `later` and is cited by {', '.join(tests[line.number])}")
    for test, named in cited.items():
        found += [f"{test} cites {number}, which there is not" for number in named if number not in NUMBERS]
        if len(named) > MOST_A_TEST:
            found.append(f"{test} cites {', '.join(named)}: {MOST_A_TEST} at most")
    return found


def main(page: Path = PAGE, folder: Path = TESTS) -> int:
    """Print each line with its tests or its reason, then what is wrong, then how many are proven; 1 if any is wrong."""
    lines, cited = lines_of(page.read_text()), citations(folder)
    tests, wrong = proofs(cited), problems(lines, cited)
    for line in lines:
        shown = [*([line.state] if line.state else []), *tests.get(line.number, ())]
        print(f"{line.number:<5}" + "\n     ".join(shown))
    print("\n".join(["", *wrong]))
    partly = sum(line.needs_a_test and bool(line.state) for line in lines)
    proven = sum(not line.state and bool(tests.get(line.number)) for line in lines)
    print(f"in part {partly}, later {sum(not line.needs_a_test for line in lines)}")
    print(f"proven {proven} of {len(NUMBERS)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
