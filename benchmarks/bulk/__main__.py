"""`python -m benchmarks.bulk`: everything at its full size. The options make it smaller."""

import argparse
import os
import sys
from datetime import UTC, datetime

from benchmarks.bulk import intake, ledgers
from benchmarks.bulk.servers import servers
from benchmarks.bulk.table import printed, write
from sandbox import STATE

SMALL = 10_000


def main(arguments: list[str]) -> None:
    """Measure, print the table, and say where it is as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=__doc__)
    parser.add_argument("--baskets", type=int, default=0, help="the first so many baskets only; 0 for all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-rounds", type=int, default=1, help="rounds of dlt, which takes its time")
    parser.add_argument("--ledger-rows", type=int, default=10_000_000)
    parser.add_argument("--report-rows", type=int, default=1_000_000)
    chosen = parser.parse_args(arguments)
    with servers(chosen.baskets) as at:
        rows = intake.measured(at, chosen.rounds, chosen.peer_rounds)
        rows += ledgers.validation(at)
        rows += ledgers.report(at, chosen.rounds, chosen.report_rows)
        rows += ledgers.growth(at, chosen.rounds, SMALL, chosen.ledger_rows)
        about = {"baskets": at.baskets, "lines": at.lines, **vars(chosen), "cores": os.cpu_count()}
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    path = STATE / "bench" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json"
    write(rows, {**about, "load": load}, path)
    sys.stdout.write(f"{printed(rows)}\nload of the machine: {load} on {os.cpu_count()} cores\n{path}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
