"""The files of requirements belong together: what is tested is what the constraints, the locks and the pages name."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def pinned(file: str) -> dict[str, str]:
    """The version by package that a lock or a file of constraints pins."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[\w+\])?==([^ ;\n]+)", text, re.MULTILINE))


def test_the_constraints_are_what_the_lock_of_production_pins() -> None:
    assert pinned("constraints.txt") == pinned("requirements.lock")


def test_what_is_developed_with_is_what_production_gets() -> None:
    developed = pinned("requirements-dev.lock")
    assert pinned("requirements.lock").items() <= developed.items()
    assert "pytest" in developed
    assert "pytest" not in pinned("requirements.lock")


def test_each_package_has_a_least_version_that_is_run() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    least = pinned("tests/least/requirements.lock")
    for line in lines:
        (package, version) = re.findall(r"^([\w-]+)(?:\[\w+\])?>=([\d.]+)", line)[0]
        run = least[package.lower()]
        assert f"{run}.".startswith(f"{version}."), f"{package}: {version} is named and {run} is run"
