"""`python -m benchmarks.bulk`: everything at its full size. The options make it smaller."""

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.bulk import batches, intake, ledgers, pushes
from benchmarks.bulk.servers import servers
from benchmarks.bulk.table import Row, printed, write
from sandbox import STATE

RESULTS = STATE / "bench"
SMALL = 10_000
"""Orders that are done in the ledger that a large one is compared with."""


def main(arguments: list[str]) -> None:
    """Measure, print the table, and say where it is as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=__doc__)
    parser.add_argument("--baskets", type=int, default=0, help="the first so many baskets only; 0 for all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", nargs="+", help="some of the parts only")
    parser.add_argument("--peer-rounds", type=int, default=1, help="rounds of dlt, which takes its time")
    parser.add_argument("--ledger-rows", type=int, default=10_000_000)
    parser.add_argument("--report-rows", type=int, default=1_000_000)
    chosen = parser.parse_args(arguments)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json"
    rows: list[Row] = []
    with servers(chosen.baskets) as at:
        parts: dict[str, Callable[[], list[Row]]] = {
            "intake": lambda: intake.measured(at, chosen.rounds, chosen.peer_rounds),
            "push": lambda: pushes.measured(at, chosen.rounds),
            "batches": lambda: batches.measured(at, chosen.rounds),
            "validation": lambda: ledgers.validation(at),
            "report": lambda: ledgers.report(at, chosen.rounds, chosen.report_rows),
            "growth": lambda: ledgers.growth(at, chosen.rounds, SMALL, chosen.ledger_rows),
        }
        about = {**vars(chosen), "baskets": at.baskets, "lines": at.lines, "cores": os.cpu_count()}
        for name in chosen.parts or parts:
            sys.stderr.write(f"{name} ...\n")
            rows += parts[name]()
            write(rows, {**about, "load": os.getloadavg()}, path)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    sys.stdout.write(f"{printed(rows)}\nload of the machine: {load} on {os.cpu_count()} cores\n{path}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
