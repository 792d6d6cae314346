"""The test suite in stages, quickest first, with the time of each: what `make test` runs.

Every stage runs even when an earlier one failed, so that one run tells everything. A stage with a folder that holds no
test fails: a suite that silently runs nothing would look green.
"""

import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parent
STAGES = {
    "core": ["core", "flows"],
    "contract": ["contract", "ledger", "channels", "erps", "sandbox", "real_orders"],
    "dags": ["shell", "dags"],
    "end_to_end": ["end_to_end"],
    "docs": ["test_*.py"],
}


def run(stage: str) -> bool:
    """Run one stage; True if it has tests in each of its folders and all of them passed."""
    paths: list[Path] = []
    for part in STAGES[stage]:
        found = sorted(TESTS.glob(part) if part.endswith(".py") else (TESTS / part).rglob("test_*.py"))
        if not found:
            print(f"stage {stage}: tests/{part} has no test", flush=True)
            return False
        paths += found if part.endswith(".py") else [TESTS / part]
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *paths], cwd=TESTS.parent).returncode == 0


def main(chosen: list[str]) -> int:
    """Run the chosen stages, or all; the exit code is 1 if any failed and 2 for a stage that does not exist."""
    if unknown := [name for name in chosen if name not in STAGES]:
        print(f"no stage {', '.join(unknown)}; there are {', '.join(STAGES)}")
        return 2
    rows: list[tuple[str, float, bool]] = []
    for stage in chosen or STAGES:
        print(f"--- {stage}", flush=True)
        begun = time.monotonic()
        passed = run(stage)
        rows.append((stage, time.monotonic() - begun, passed))
    for stage, seconds, passed in rows:
        print(f"{stage:<12}{seconds:>8.1f} s  {'passed' if passed else 'FAILED'}")
    print(f"{'total':<12}{sum(seconds for _, seconds, _ in rows):>8.1f} s")
    return 0 if all(passed for *_, passed in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
