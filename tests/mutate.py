"""Breaks the code in small ways, each in a copy of the tree, and expects the guarding test to fail: `make mutate`.

A mutation whose text is no longer exactly once in its file is an error, so that the list cannot go stale. Which tests
there are and what they prove is `mutations`' business.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from tests.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[1]
NOT_COPIED = (".git", ".venv", ".sandbox", ".hypothesis", ".*_cache", "__pycache__")
TESTS_FAILED = 1
"""pytest's exit code when tests ran and some failed; any other one proves nothing."""

SECONDS = 300


@dataclass(frozen=True, slots=True)
class Result:
    """Whether the guarding test failed as it should, and the first thing that it said."""

    noticed: bool
    said: str


def stale(mutation: Mutation, tree: Path = ROOT) -> str | None:
    """Why a mutation cannot be made in this tree, if so."""
    times = (tree / mutation.file).read_text().count(mutation.old)
    if times == 1:
        return None
    return f"'{mutation.broken}': {mutation.file} holds the text to replace {times} times instead of once"


@contextmanager
def copied(tree: Path = ROOT) -> Iterator[Path]:
    """A copy of the tree, without history and caches, that shares its sandbox's cache."""
    with tempfile.TemporaryDirectory(prefix="order-sync-mutated-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        (tree / ".sandbox").mkdir(exist_ok=True)
        (copy / ".sandbox").symlink_to(tree / ".sandbox")
        yield copy


def tried(mutation: Mutation, copy: Path) -> Result:
    """What the guarding test makes of a mutation, which is taken back afterwards."""
    if reason := stale(mutation, copy):
        return Result(False, reason)
    file = copy / mutation.file
    right = file.read_text()
    file.write_text(right.replace(mutation.old, mutation.new))
    try:
        return _judged(*ran(copy, mutation.test))
    finally:
        file.write_text(right)


def ran(copy: Path, *tests: str) -> tuple[int, str]:
    """The exit code and the output of some tests in a copy; a run that takes too long has the exit code of a signal."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider", *tests]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
    env["PYTHONUNBUFFERED"] = "1"  # or what stands last in the output would be a matter of buffers
    with subprocess.Popen(
        command, cwd=copy, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            output, _ = process.communicate(timeout=SECONDS * len(tests))
        except subprocess.TimeoutExpired:
            process.terminate()
            output, _ = process.communicate()
        return process.returncode, output


def _judged(code: int, output: str) -> Result:
    said = re.search(r"^E +(.+)$", output, re.MULTILINE)
    summary = output.strip().rpartition("\n")[2]
    failed = code == TESTS_FAILED and re.search(r"\b\d+ failed\b", summary) is not None
    return Result(failed, said[1] if said else summary)


def sample(number: int, tests: tuple[str, ...]) -> list[Mutation]:
    """Some mutations that tests of these folders guard: others whenever the list or what it breaks was changed."""
    files = sorted({mutation.file for mutation in MUTATIONS})
    seed = sha256("".join([repr(MUTATIONS), *((ROOT / file).read_text() for file in files)]).encode())
    quick = [mutation for mutation in MUTATIONS if mutation.test.startswith(tests)]
    return Random(seed.hexdigest()).sample(quick, number)  # noqa: S311  no secret is drawn


def main(chosen: Sequence[str]) -> int:
    """Try the mutations of the chosen guards, or all; 1 if a test notices nothing, or fails without any mutation."""
    mutations = [each for each in MUTATIONS if not chosen or str(each.guard) in chosen]
    with copied() as copy:
        code, output = ran(copy, *dict.fromkeys(each.test for each in mutations))
        if code:
            print(f"{output}\nthe guarding tests fail although nothing is broken")
            return 1
        unnoticed = 0
        for guard, mutation in sorted(((each.guard, each) for each in mutations), key=lambda pair: pair[0]):
            begun = time.monotonic()
            result = tried(mutation, copy)
            unnoticed += not result.noticed
            verdict = "noticed" if result.noticed else "NOT NOTICED"
            print(f"{guard:>3}  {verdict}  {time.monotonic() - begun:5.1f} s  {mutation.broken}: {result.said[:100]}")
    guards = len({each.guard for each in mutations})
    print(f"{len(mutations) - unnoticed} of {len(mutations)} mutations of {guards} guards noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
