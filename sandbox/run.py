"""`make run`: the main job of each channel on the sample orders, on real systems, through Airflow's own scheduler.

Starts the sandbox, runs sync_orders and the report, shows the progress, prints what became of every order by the
ledger and by the ERP's own count, and serves until Ctrl-C. With `--once` it stops then; its exit code is 0 only when
ledger and ERP agree.
"""

import argparse
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from order_sync import registry
from order_sync.core.advice import CATALOGUE
from order_sync.core.lifecycle import STANDINGS, Status
from sandbox import STATE
from sandbox.airflow_api import FINAL
from sandbox.processes import SandboxError, locked
from sandbox.system import LEDGER, Sandbox

if TYPE_CHECKING:
    import pandas as pd

CHANNELS = tuple(channel.name for channel in registry.CHANNELS)
DAGS = tuple(f"sync_orders__{channel}" for channel in CHANNELS)
REPORT = "report_failures"
SETTINGS = {
    "ORDER_SYNC_VERIFICATION_WINDOW": "60s",
    "ORDER_SYNC_EARLY_LOOKS": "10s,30s",
    "ORDER_SYNC_HTTP_CONNECT_TIMEOUT": "5s",
    "ORDER_SYNC_HTTP_READ_TIMEOUT": "20s",
    "ORDER_SYNC_LATE_COMMIT_GRACE": "20s",
    "ORDER_SYNC_CLAIM_LEASE": "300s",
    "ORDER_SYNC_PUSH_TURN": "30m",
    "ORDER_SYNC_SUBMIT_CONCURRENCY": "4",
    "ORDER_SYNC_REFERENCE_MAX_AGE": "30s",
}
"""The sandbox's settings: a window that is short enough to watch, and a turn long enough to send all samples on any
machine. The defaults stay what they are."""

SECONDS_BETWEEN_LINES = 5

IN_ERP = (Status.SENT, Status.PENDING_VERIFICATION, Status.SUCCEEDED)
"""Statuses of orders that the ledger takes to be in the ERP."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The orders in the ERP by the ledger and by the ERP's own list of the channels' external references."""

    ledger: frozenset[str]
    erp: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether both name the same orders, each once."""
        return sorted(self.erp) == sorted(self.ledger)


def main() -> int:
    """Run the sandbox; the exit code is 0 when ledger and ERP agree."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the job")
    once = parser.parse_args().once
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    begun = time.monotonic()
    try:
        with locked(STATE / "run.lock"), Sandbox(STATE / "run", SETTINGS, say) as sandbox:
            agreement = run_job(sandbox)
            say(f"done after {time.monotonic() - begun:.0f} s")
            print_access(sandbox)
            if not once:
                print("\nServing until Ctrl-C. The DAGs stay switched on and run every five minutes.", flush=True)
                signal.sigwait({signal.SIGINT, signal.SIGTERM})
                say("stopping")
            return 0 if agreement.holds else 1
    except KeyboardInterrupt:
        return 130
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1


def run_job(sandbox: Sandbox) -> Agreement:
    """One run of each channel's job and of the report, shown as they go; returns how ledger and ERP agree."""
    api = sandbox.airflow.api
    api.wait_until(lambda: {*DAGS, REPORT} <= set(api.dags()), 120, lambda: str(api.import_errors() or "no DAG yet"))
    say("the verification window is 60 seconds in this sandbox; the default is 30 minutes")
    for dag in DAGS:
        api.pause(dag, paused=False)
    runs = {dag: api.trigger(dag) for dag in DAGS}
    shown, shown_at = "", 0.0
    while any(api.run_state(dag, run) not in FINAL for dag, run in runs.items()):
        now = progress(sandbox)
        if now != shown and time.monotonic() - shown_at >= SECONDS_BETWEEN_LINES:
            say(now)
            shown, shown_at = now, time.monotonic()
        time.sleep(1)
    for dag, run in runs.items():
        say(f"{dag} ended: {api.run_state(dag, run)}")
    api.pause(REPORT, paused=False)  # not before: it stores nothing until each channel was validated once
    report = api.trigger(REPORT)
    say(f"{REPORT} ended: {api.wait_for_run(REPORT, report)}")
    return print_result(sandbox)


def progress(sandbox: Sandbox) -> str:
    """Which tasks are at work, of these runs and of those that Airflow started by itself, and how the orders stand."""
    api = sandbox.airflow.api
    open_runs = [(dag, run["dag_run_id"]) for dag in DAGS for run in api.runs(dag) if run["state"] == "running"]
    states = [item for dag, run in open_runs for item in api.states(dag, run).items()]
    working = sorted({task for task, state in states if state in ("running", "queued", "deferred", "up_for_retry")})
    with sandbox.connect(LEDGER) as connection:
        rows = connection.execute("select status, count(*) from order_sync.orders group by status order by status")
        counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in rows)
    return f"{' + '.join(working) or 'scheduling'}: {counts or 'no orders yet'}"


def print_result(sandbox: Sandbox) -> Agreement:
    """The tables by channel and by error, the CSV's path, and the ERP's own count."""
    orders = _orders(sandbox)
    by_status = orders.assign(
        stands=[STANDINGS[Status(status)].report_word or "not an order" for status in orders["status"]]
    )
    print("\nOrders by channel")
    print(by_status.groupby(["channel", "stands"]).size().unstack(fill_value=0).to_string())
    failed = orders[orders["code"].isin(CATALOGUE) & (orders["status"] != Status.SUCCEEDED)]
    print("\nBy error")
    for code, number in Counter(failed["code"]).most_common():
        print(f"{number:>4}  {code:<22} {CATALOGUE[code].meaning} Who mends it: {CATALOGUE[code].fixer}.")
    agreement = agree(sandbox, frozenset(orders.loc[orders["status"].isin(IN_ERP), "order_key"]))
    confirmed = int((orders["status"] == Status.SUCCEEDED).sum())
    failed_count = int(orders["status"].isin([Status.FAILED, Status.DEAD, Status.CONFLICT]).sum())
    print(f"\nextracted {len(orders)}, sent {len(agreement.ledger)}, confirmed {confirmed}, failed {failed_count}")
    verdict = "the same orders as the ledger, each once" if agreement.holds else "NOT the orders of the ledger"
    print(f"the ERP's own count: {len(agreement.erp)}, {verdict}")
    for file in sorted(sandbox.reports.glob("*.csv"), key=lambda path: path.stat().st_mtime)[-1:]:
        print(f"the report: {_short(file)}")
    return agreement


def agree(sandbox: Sandbox, ledger: frozenset[str]) -> Agreement:
    """Compare the ledger's orders with the ERP's own list of the channels' sales that were confirmed."""
    mine = [["web_shop.name", "in", CHANNELS], ["state", "in", ["confirmed", "processing", "done"]]]
    sales = sandbox.tryton.rpc("sale.sale.search_read", mine, 0, None, None, ["web_id"])
    return Agreement(ledger, tuple(sale["web_id"] for sale in sales))


def _orders(sandbox: Sandbox) -> "pd.DataFrame":
    import pandas as pd

    with sandbox.connect(LEDGER) as connection:
        cursor = connection.execute("select channel, order_key, status, coalesce(code, reason) from order_sync.orders")
        return pd.DataFrame(cursor.fetchall(), columns=["channel", "order_key", "status", "code"])


def print_access(sandbox: Sandbox) -> None:
    """Where Airflow is, and how to log in."""
    print(f"Airflow: {sandbox.airflow.base_url}  user admin  password {sandbox.airflow.passwords['admin']}", flush=True)


def say(text: str) -> None:
    """One line of progress."""
    print(f"· {text}", flush=True)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
