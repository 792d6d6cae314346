"""`make run`: the main job of each channel on the sample orders, on real systems, through Airflow's own scheduler.

Starts the sandbox, runs sync_orders and the report, shows the progress, and prints what became of the orders by the
ledger and by the ERP's own count, what failed and why, what to open and what to try next. Then it serves until Ctrl-C.
With `--once` it stops then; its exit code is 0 only when ledger and ERP agree.
"""

import argparse
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from order_sync.core.basics.progress import Progress
from order_sync.core.catalogue import CATALOGUE
from order_sync.core.life.lifecycle import MEANINGS, Status
from sandbox import CHECKOUT, STATE
from sandbox.airflow_api import FINAL
from sandbox.erps import ERPS
from sandbox.processes import SandboxError, locked
from sandbox.system import LEDGER, SELLING, Sandbox

if TYPE_CHECKING:
    import pandas as pd

CHANNELS = tuple(channel.name for channel in SELLING)
DAGS = tuple(f"sync_orders__{channel}" for channel in CHANNELS)
REPORT = "report_failures"
SETTINGS = {
    "ORDER_SYNC_VERIFICATION_WINDOW": "90s",
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

REASONS = 4
"""How many reasons for failure are shown; a last line tells how many more there are."""

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


class Shown:
    """What is shown while it goes on: on a terminal in one line that is written over, elsewhere a short log."""

    def __init__(self) -> None:
        self.step = "starting"
        self._in_place = sys.stdout.isatty()
        self._progress = Progress(self._write, in_place=self._in_place)
        self._lock = threading.Lock()

    def begin(self, step: str) -> None:
        """The next step begins."""
        with self._lock:
            self.step = step
            self._progress.begin(f"· {step}")
            if not self._in_place:
                self._write(f"· {step}")

    def note(self, text: str) -> None:
        """How the step stands."""
        with self._lock:
            self._progress.note(text)

    def say(self, text: str) -> None:
        """One line that stays; it ends the step."""
        with self._lock:
            self._progress.end()
            print(f"· {text}", flush=True)

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Let the seconds of a step go on by themselves."""
        over = threading.Event()

        def tick() -> None:
            while not over.wait(1):
                with self._lock:
                    self._progress.tick()

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._progress.end()

    def _write(self, text: str) -> None:
        print(text, end="" if self._in_place else "\n", flush=True)


def main() -> int:
    """Run the sandbox; the exit code is 0 when ledger and ERP agree."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the job")
    parser.add_argument("--erp", choices=ERPS, default="tryton", help="into which ERP")
    asked = parser.parse_args()
    once, folder = asked.once, STATE / ("run" if asked.erp == "tryton" else f"run-{asked.erp}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    begun, shown = time.monotonic(), Shown()
    try:
        with (
            shown.ticking(),
            locked(STATE / "run.lock"),
            Sandbox(folder, SETTINGS, shown.begin, erp=asked.erp) as sandbox,
        ):
            run_job(sandbox, shown)
            agreement = agree(sandbox)
            print_result(sandbox, agreement)
            shown.say(f"done after {time.monotonic() - begun:.0f} s")
            print_what_now(sandbox, once=once)
            if not once:
                signal.sigwait({signal.SIGINT, signal.SIGTERM})
                shown.say("stopping")
            return 0 if agreement.holds else 1
    except KeyboardInterrupt:
        return 130
    except SandboxError as error:
        print_trouble(shown.step, error, folder)
        return 1


def run_job(sandbox: Sandbox, shown: Shown) -> None:
    """One run of each channel's job and of the report, shown as they go."""
    api = sandbox.airflow.api
    api.wait_until(lambda: {*DAGS, REPORT} <= set(api.dags()), 120, lambda: str(api.import_errors() or "no DAG yet"))
    shown.say("the verification window is 90 seconds in this sandbox; the default is 30 minutes")
    shown.begin("the main job of both channels")
    runs = {dag: api.begin(dag) for dag in DAGS}
    while any(api.run_state(dag, run) not in FINAL for dag, run in runs.items()):
        shown.note(progress(sandbox))
        time.sleep(2)
    for dag, run in runs.items():
        shown.say(f"{dag} ended: {api.run_state(dag, run)}")
    shown.begin("the report")
    api.pause(REPORT, paused=False)  # not before: it stores nothing until each channel was validated once
    report = api.trigger(REPORT)  # of today, while the run of its last time may be yesterday's
    shown.say(f"{REPORT} ended: {api.wait_for_run(REPORT, report)}")


def progress(sandbox: Sandbox) -> str:
    """Which tasks are at work, of these runs and of those that Airflow started meanwhile, and how the orders stand."""
    working = sorted(sandbox.airflow.api.working())
    with sandbox.connect(LEDGER) as connection:
        rows = connection.execute("select status, count(*) from order_sync.orders group by status order by status")
        counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in rows)
    return f"{' + '.join(working) or 'scheduling'}: {counts or 'no orders yet'}"


def agree(sandbox: Sandbox) -> Agreement:
    """Compare the ledger's orders with the ERP's own list of the channels' orders that it has taken for good."""
    with sandbox.connect(LEDGER) as connection:
        given = "select order_key from order_sync.orders where status = any(%s)"
        ledger = frozenset(key for (key,) in connection.execute(given, [[*IN_ERP]]))
    return Agreement(ledger, tuple(sandbox.in_erp.references(CHANNELS)))


def print_result(sandbox: Sandbox, agreement: Agreement) -> None:
    """The orders by channel, the ERP's own count, and in five lines what failed and why."""
    orders = _orders(sandbox)
    by_status = orders.assign(
        stands=[MEANINGS[Status(status)].report_word or "not an order" for status in orders["status"]]
    )
    print("\nOrders by channel")
    print(by_status.groupby(["channel", "stands"]).size().unstack(fill_value=0).to_string())
    verdict = "the same orders as the ledger, each once" if agreement.holds else "NOT the orders of the ledger"
    print(f"the ERP's own count: {len(agreement.erp)}, {verdict}")
    failed = orders[orders["code"].isin(CATALOGUE) & (orders["status"] != Status.SUCCEEDED)]
    print("\nWhat is not in the ERP, or not proven to be there, and why")
    print("\n".join(reasons(Counter(failed["code"]))))
    for file in sorted(sandbox.reports.glob("*.csv"), key=lambda path: path.stat().st_mtime)[-1:]:
        print(f"each of them: {_short(file)}")


def reasons(codes: Counter[str]) -> Sequence[str]:
    """The most frequent codes with their meaning, and in one more line how many orders have others."""
    most = codes.most_common(REASONS)
    lines = [
        f"{number:>4}  {code:<22} {CATALOGUE[code].meaning} Who fixes it: {CATALOGUE[code].fixer}."
        for code, number in most
    ]
    if others := codes.total() - sum(number for _, number in most):
        lines.append(f"{others:>4}  of {len(codes) - len(most)} other kinds")
    return lines or ["   0"]


def _orders(sandbox: Sandbox) -> "pd.DataFrame":
    import pandas as pd

    with sandbox.connect(LEDGER) as connection:
        cursor = connection.execute("select channel, order_key, status, coalesce(code, reason) from order_sync.orders")
        return pd.DataFrame(cursor.fetchall(), columns=["channel", "order_key", "status", "code"])


def print_what_now(sandbox: Sandbox, *, once: bool) -> None:
    """What to open, and the one command to try next."""
    print()
    if once:
        print("Next: `make run` does the same and then serves, so that you can look around in Airflow.", flush=True)
        return
    settings = sandbox.directory / "settings.sh"
    settings.touch(0o600)
    settings.write_text(
        f"export PYTHONPATH={quote(str(CHECKOUT / 'plugins'))} AIRFLOW_HOME={quote(str(sandbox.airflow.home))}"
        f" AIRFLOW_CONN_ORDER_LEDGER={quote(sandbox.orders.dsn(LEDGER))}\n"
    )
    python = _short(Path(sys.executable))
    print(f"Open {sandbox.airflow.base_url}  user admin  password {sandbox.airflow.passwords['admin']}")
    print("Next, in another terminal, ask where a failed order is, and what to do about it:")
    print(f"  . {_short(settings)} && {python} -m order_sync explain --reference W100012")
    print("Serving until Ctrl-C. The DAGs stay switched on and run every five minutes.", flush=True)


def print_trouble(step: str, error: SandboxError, folder: Path = STATE / "run") -> None:
    """What went wrong, in which step, in five lines: what is said first, and the last that was said."""
    first, *others = str(error).strip().splitlines() or ["no reason was given"]
    lines = [f"FAILED while {step}: {first}", *others[-2:], f"The logs are in {_short(folder)}."]
    print("\n".join([*lines, "Next: `make run` once more; it stops first what is left of this run."]), file=sys.stderr)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
