"""The test suite in stages, quickest first, with the time of each: what `make test` runs.

Some stages, of which the first waits more than it computes, run one after the other beside the rest, and are printed
once all ended. Every stage runs even when an earlier one failed, so that one run tells everything. A stage with a
folder that holds no test fails: a suite that silently runs nothing would look green.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent
STAGES = {
    "core": ["core", "flows"],
    "contract": ["contract", "ledger", "channels", "erps", "sandbox", "real_orders"],
    "dags": ["shell", "dags"],
    "end_to_end": ["end_to_end"],
    "fab": ["fab"],
    "docs": ["test_*.py"],
}
BESIDE = ("end_to_end", "fab")
"""The stages that run beside the others, about as long as these."""


class Ran(NamedTuple):
    """How a stage ended."""

    stage: str
    seconds: float
    passed: bool
    printed: str = ""


def run(stage: str) -> Ran:
    """Run one stage; it passes if it has tests in each of its folders and all of them pass."""
    begun = time.monotonic()
    passed, printed = _pytest(stage)
    return Ran(stage, time.monotonic() - begun, passed, printed)


def _pytest(stage: str) -> tuple[bool, str]:
    paths: list[Path] = []
    for part in STAGES[stage]:
        found = sorted(TESTS.glob(part) if part.endswith(".py") else (TESTS / part).rglob("test_*.py"))
        if not found:
            return False, f"stage {stage}: tests/{part} has no test\n"
        paths += found if part.endswith(".py") else [TESTS / part]
    command = [sys.executable, "-m", "pytest", "-q", *paths]
    if stage not in BESIDE:
        return subprocess.run(command, cwd=TESTS.parent).returncode == 0, ""
    done = subprocess.run(command, cwd=TESTS.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def main(chosen: list[str]) -> int:
    """Run the chosen stages, or all; the exit code is 1 if any failed and 2 for a stage that does not exist."""
    if unknown := [name for name in chosen if name not in STAGES]:
        print(f"no stage {', '.join(unknown)}; there are {', '.join(STAGES)}")
        return 2
    begun = time.monotonic()
    wanted = chosen or list(STAGES)
    with ThreadPoolExecutor(1) as beside:
        later = [beside.submit(run, stage) for stage in BESIDE if stage in wanted]
        ran = []
        for stage in (stage for stage in wanted if stage not in BESIDE):
            print(f"--- {stage}", flush=True)
            ran.append(run(stage))
            print(ran[-1].printed, end="", flush=True)
        for each in later:
            ran.append(each.result())
            print(f"--- {ran[-1].stage}\n{ran[-1].printed}", end="", flush=True)
    for stage, seconds, passed, _ in ran:
        print(f"{stage:<12}{seconds:>8.1f} s  {'passed' if passed else 'FAILED'}")
    print(f"{'total':<12}{time.monotonic() - begun:>8.1f} s")
    return 0 if all(each.passed for each in ran) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
