"""Start servers, wait until they answer, and end them with everything they started.

Each service leads a session of its own, so that its whole family can be found again: by `stop`, and by the next `start`
after a run that was killed and could not stop anything. Knows no particular server.
"""

import contextlib
import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TextIO

import psutil

from sandbox import STATE

PORTS = range(20000, 32001)
"""Outside of the range from which outgoing calls take theirs."""

PATIENCE = 3.0
"""After how many seconds who waits for a lock says so."""

_given: set[int] = set()


class SandboxError(Exception):
    """A sandbox server could not be built or started; the message ends with what its log says."""


def say(text: str) -> None:
    """Tell whoever started this something while it goes on."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, so that two processes build a shared thing once; waits for the other.

    The file holds the number of the process that has the lock, for those that wait and say so.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _wait_for(file, path)
        file.truncate(0)
        file.write(f"{os.getpid()}")
        file.flush()
        yield


def _wait_for(file: TextIO, path: Path) -> None:
    """Take the lock; who waits for longer than PATIENCE says for what, once."""
    begun, silent = time.monotonic(), True
    while True:
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if silent and time.monotonic() - begun >= PATIENCE:
            silent = False
            say(f"· waiting for process {path.read_text() or '?'}, which has the lock {path}")
        time.sleep(0.1)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on; no process of this checkout gets it again while this one lives.

    A server may take seconds until it listens, and others look for ports meanwhile.
    """
    while True:
        port = random.choice(PORTS)  # noqa: S311  not a secret
        with contextlib.suppress(OSError), socket.socket() as probe:
            fcntl.lockf(_ports(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


@cache
def _ports() -> int:
    """A file of which each byte stands for a port: who locks it has the port. The locks end with the process."""
    STATE.mkdir(parents=True, exist_ok=True)
    return os.open(STATE / "ports.lock", os.O_RDWR | os.O_CREAT, 0o600)


def answers(url: str, headers: Mapping[str, str] | None = None) -> bool:
    """Whether one of our own servers answers a GET of this URL; a refusal is an answer, a failure is none."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310  always http
    try:
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log file, or a word that there is none."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


def run(command: Sequence[str | Path], **options: object) -> str:
    """Run a program to its end and return what it printed; SandboxError with its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise SandboxError(
            f"{Path(command[0]).name} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        )
    return str(done.stdout)


@dataclass
class Service:
    """A server process: `directory` receives `name.log` and, while it runs, `name.pid`."""

    name: str
    command: Sequence[str | Path]
    directory: Path
    env: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where the server's output goes, appended from start to start."""
        return self.directory / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Whether the process that was started is still alive."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the server in a session of its own; ends first what an earlier, killed run left of it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._end_leftovers()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env={**self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._pid_file.write_text(f"{self.process.pid} {psutil.Process(self.process.pid).create_time()}")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready` says so; SandboxError with the end of the log if it takes too long or the server dies."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise SandboxError(f"{self.name} ended while it was starting:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise SandboxError(f"{self.name} was not ready within {seconds:.0f} s:\n{tail(self.log)}")
            time.sleep(0.1)

    def pause(self) -> None:
        """Hold the process, and not what it started, until `resume`."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def stop(self, grace: float = 15) -> None:
        """Ask the whole group to end, and after `grace` seconds end whatever is left of its session."""
        if self.process is None:
            return
        family = _family(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        _gone(family, grace)
        self._kill(family)

    def kill(self) -> None:
        """End the whole session at once, as a crash or the system would: nothing is finished, nothing cleaned up."""
        self._kill([])

    @property
    def _pid_file(self) -> Path:
        return self.directory / f"{self.name}.pid"

    def _kill(self, known: Sequence[psutil.Process]) -> None:
        if self.process is None:
            return
        _end({*known, *_family(self.process.pid)})
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process = None
        self._pid_file.unlink(missing_ok=True)

    def _end_leftovers(self) -> None:
        if not self._pid_file.exists():
            return
        pid, started = self._pid_file.read_text().split()
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(int(pid)).create_time() == float(started):
                _end(_family(int(pid)))
        self._pid_file.unlink()


def _family(leader: int) -> list[psutil.Process]:
    """Every live process of the leader's session, and its descendants wherever they went."""
    members: dict[int, psutil.Process] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        members = {child.pid: child for child in psutil.Process(leader).children(recursive=True)}
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == leader and _alive(process):
                members[process.pid] = process
    return list(members.values())


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _end(family: Collection[psutil.Process]) -> None:
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    _gone(family, 10)


def _gone(family: Collection[psutil.Process], seconds: float) -> None:
    """Wait, at most so long, until every one of them has ended."""
    deadline = time.monotonic() + seconds
    while any(map(_alive, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
