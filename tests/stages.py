"""The test suite in stages, with the time of each: what `make test` and `make full` run.

Stages of one lane run one after the other, and the lanes beside each other: much of what is tested waits, and another
lane computes meanwhile. Lane 0 is printed while it runs, the others after it.
Every stage runs even when an earlier one failed, so that one run tells everything. A stage with a folder that holds no
test fails: a suite that silently runs nothing would look green. A stage of `make full` that lacks something on this
machine is left out, and the last lines say what and how to get it; with CI=true it fails.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from sandbox.environments import environment
from sandbox.processes import SandboxError
from tests.judges import oauth, open_ssh
from tests.servers import debian

TESTS = Path(__file__).parent


def least_versions() -> Path:
    """The interpreter of an environment with the least versions that requirements.txt allows."""
    return environment("least", TESTS / "least" / "requirements.lock") / "python"


class Stage(NamedTuple):
    """Folders or files of tests, and what pytest is told besides.

    `budget`: the seconds that it may take on a quiet machine with two cores; one that outgrows them is made quicker.
    `needs` raises SandboxError, which says what is missing and how to get it.
    `python`: the interpreter whose environment it runs in.
    """

    parts: Sequence[str]
    budget: int
    options: Sequence[str] = ()
    lane: int = 0
    needs: Callable[[], object] = lambda: None
    python: Callable[[], str | Path] = lambda: sys.executable


TEST = {
    "core": Stage(["core", "flows", "owner"], 60),
    "contract": Stage(["contract", "erps", "wire", "real_orders"], 540),
    "end_to_end": Stage(["end_to_end"], 660, lane=1),
    "fab": Stage(["fab"], 120, lane=2),
    "dags": Stage(["shell", "dags"], 180, lane=2),
    "ledger": Stage(["ledger", "channels", "sandbox"], 300, lane=2),
    "docs": Stage(["test_*.py"], 60, lane=1),
}
"""Quickest first in each lane. Of end_to_end each test waits for Airflow."""

ON_A_SERVER = (
    *("ledger", "channels"),
    *("contract/ledger", "contract/test_channel_contract.py", "contract/test_channel_rows.py"),
)
PARTS = [part for stage in TEST.values() for part in stage.parts]
ON_SERVERS = ("ledger", "channels", "sandbox", "real_orders")
ON_LEAST = ("owner", "wire", "shell", "dags/test_integrity.py", "dags/test_settings_file.py")
FULL = {
    "long": Stage([part for part in PARTS if part not in ON_SERVERS], 1500, ["-m", "full"]),
    "long_servers": Stage(ON_SERVERS, 500, ["-m", "full"], lane=2),
    "debian": Stage(ON_A_SERVER, 600, ["--server=debian"], lane=1, needs=debian),
    "hostile": Stage(ON_A_SERVER, 900, ["--server=hostile"], lane=1, needs=debian),
    "least": Stage(ON_LEAST, 240, lane=2, python=least_versions),
    "openssh": Stage(["wire/test_sftp.py"], 30, ["--judges"], needs=open_ssh.program),
    "oauth": Stage(["wire/test_client_credentials.py"], 30, ["--judges"], needs=oauth.installed),
}
"""What `make test` leaves out."""


class Ran(NamedTuple):
    """How a stage ended: `missing` says what it was left out for."""

    stage: str
    seconds: float
    passed: bool
    printed: str = ""
    missing: str = ""


def run(name: str, stage: Stage) -> Ran:
    """Run one stage; it passes if it has tests in each of its folders and all of them pass."""
    begun = time.monotonic()
    try:
        stage.needs()
    except SandboxError as missing:
        return Ran(name, 0, os.environ.get("CI") != "true", missing=str(missing))
    passed, printed = _pytest(name, stage)
    return Ran(name, time.monotonic() - begun, passed, printed)


def _pytest(name: str, stage: Stage) -> tuple[bool, str]:
    paths: list[Path] = []
    for part in stage.parts:
        found = sorted(TESTS.glob(part) if part.endswith(".py") else (TESTS / part).rglob("test_*.py"))
        if not found:
            return False, f"stage {name}: tests/{part} has no test\n"
        paths += found if part.endswith(".py") else [TESTS / part]
    command = [stage.python(), "-m", "pytest", "-q", *stage.options, *map(str, paths)]
    if not stage.lane:
        return subprocess.run(command, cwd=TESTS.parent).returncode == 0, ""
    done = subprocess.run(command, cwd=TESTS.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def main(words: list[str]) -> int:
    """Run the chosen stages, or all; the exit code is 1 if any failed and 2 for a stage that does not exist."""
    stages = FULL if "--full" in words else TEST
    chosen = [word for word in words if word != "--full"]
    if unknown := [name for name in chosen if name not in stages]:
        print(f"no stage {', '.join(unknown)}; there are {', '.join(stages)}")
        return 2
    begun = time.monotonic()
    wanted = {name: stages[name] for name in chosen or stages}
    with ExitStack() as open_lanes:
        lanes = {stage.lane: open_lanes.enter_context(ThreadPoolExecutor(1)) for stage in wanted.values()}
        later = [lanes[stage.lane].submit(run, name, stage) for name, stage in wanted.items() if stage.lane]
        ran = []
        for name, stage in wanted.items():
            if not stage.lane:
                print(f"--- {name}", flush=True)
                ran.append(run(name, stage))
                print(ran[-1].printed, end="", flush=True)
        for ended in later:
            ran.append(ended.result())
            print(f"--- {ran[-1].stage}\n{ran[-1].printed}", end="", flush=True)
    for each in ran:
        word = "FAILED" if not each.passed else "left out" if each.missing else "passed"
        budget = stages[each.stage].budget
        print(f"{each.stage:<12}{each.seconds:>8.1f} s of {budget:>3}  {word}{', slow' * (each.seconds > budget)}")
    print(f"{'total':<12}{time.monotonic() - begun:>8.1f} s")
    for each in ran:
        if each.missing:
            print(f"{each.stage} did not run: {each.missing}")
    return 0 if all(each.passed for each in ran) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
