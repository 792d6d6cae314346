"""Whatever a service started ends with it, and a run that was killed leaves nothing for long."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import psutil
import pytest

from sandbox import CHECKOUT, processes
from sandbox.processes import SandboxError, Service, free_port, locked

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session="own" in sys.argv)
print("child", child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service("stubborn", [sys.executable, "-c", STUBBORN], tmp_path, {})
    yield service
    service.kill()


def started(service: Service) -> list[psutil.Process]:
    """Start it; its process and its child's."""
    before = service.log.read_text() if service.log.exists() else ""
    service.start()
    service.wait_until(lambda: service.log.read_text().removeprefix(before).endswith("\n"), 30)
    assert service.process
    child = int(service.log.read_text().splitlines()[-1].split()[1])
    return [psutil.Process(service.process.pid), psutil.Process(child)]


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_family_that_ignores_the_request_to_end_is_ended(service: Service) -> None:
    family = started(service)
    service.stop(grace=0.2)
    assert not any(map(alive, family))
    assert not service.running


def test_a_child_in_a_session_of_its_own_is_ended_too(service: Service) -> None:
    service.command = [*service.command, "own"]
    family = started(service)
    service.kill()
    assert not any(map(alive, family))


def test_the_next_start_ends_what_a_killed_run_left(service: Service) -> None:
    family = started(service)
    again = Service(service.name, service.command, service.directory, {})
    started(again)
    assert not any(map(alive, family))
    again.kill()


def test_another_process_that_got_the_number_of_a_dead_one_is_left_alone(service: Service) -> None:
    bystander = psutil.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (service.directory / "stubborn.pid").write_text(f"{bystander.pid} {bystander.create_time() - 60}")
    started(service)
    assert alive(bystander)
    bystander.kill()
    bystander.wait()


def test_a_service_that_ends_while_it_starts_says_what_its_log_says(tmp_path: Path) -> None:
    service = Service("broken", [sys.executable, "-c", "raise SystemExit('no port given')"], tmp_path, {})
    service.start()
    with pytest.raises(SandboxError, match="broken ended while it was starting:\nno port given"):
        service.wait_until(lambda: False, 30)


def test_a_service_that_is_not_ready_in_time_is_an_error(service: Service) -> None:
    service.start()
    with pytest.raises(SandboxError, match=r"stubborn was not ready within 0 s"):
        service.wait_until(lambda: False, 0)


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[1] < 32768


def test_a_port_is_given_once_also_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stages of the tests start servers at once, and one found its port taken when it came to listen."""
    first = free_port()
    monkeypatch.setattr(processes, "PORTS", range(first, first + 20))
    mine = {first, *(free_port() for _ in range(7))}
    code = f"from sandbox import processes; processes.PORTS = range({first}, {first + 20})"
    code += "; print(*(processes.free_port() for _ in range(8)))"
    other = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert len({*mine, *map(int, other.stdout.split())}) == 8 + 8


def test_a_lock_keeps_a_second_process_waiting(tmp_path: Path) -> None:
    lock, word = tmp_path / "lock", tmp_path / "word"
    code = "import sys; from pathlib import Path; from sandbox.processes import locked\n"
    code += "with locked(Path(sys.argv[1])): Path(sys.argv[2]).write_text('second')"
    with locked(lock):
        second = psutil.Popen([sys.executable, "-c", code, str(lock), str(word)], cwd=Path(__file__).parents[2])
        with pytest.raises(psutil.TimeoutExpired):
            second.wait(1)
        assert not word.exists()
    assert second.wait(30) == 0
    assert word.read_text() == "second"


def test_who_waits_for_a_lock_says_for_what_and_who_has_it(tmp_path: Path) -> None:
    lock = tmp_path / "template.lock"
    code = "import sys; from pathlib import Path; from sandbox import processes; processes.PATIENCE = 0\n"
    code += "with processes.locked(Path(sys.argv[1])): print('second')"
    with locked(lock):
        second = subprocess.Popen([sys.executable, "-c", code, lock], cwd=CHECKOUT, stdout=PIPE, stderr=PIPE, text=True)
        assert second.stderr
        said = second.stderr.readline()
    assert said == f"· waiting for process {os.getpid()}, which has the lock {lock}\n"
    assert second.communicate() == ("second\n", "")


def test_who_need_not_wait_for_a_lock_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with locked(tmp_path / "template.lock"):
            pass
    assert capfd.readouterr() == ("", "")


def test_a_run_of_tests_that_waits_for_a_lock_says_so_at_once_and_not_at_its_end(tmp_path: Path) -> None:
    """What a test prints is kept back, and one that waits for minutes would look as if it hung."""
    (tmp_path / "test_waits.py").write_text(
        "from pathlib import Path\nfrom sandbox import processes\n"
        "def test_waits(monkeypatch):\n"
        "    monkeypatch.setattr(processes, 'PATIENCE', 0)\n"
        f"    with processes.locked(Path({str(tmp_path / 'lock')!r})):\n        pass\n"
    )
    options = ["-c", str(CHECKOUT / "pyproject.toml"), "-p", "tests.conftest", f"--confcutdir={tmp_path}"]
    with locked(tmp_path / "lock"):
        run = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, str(tmp_path)], cwd=CHECKOUT, stdout=PIPE, stderr=PIPE, text=True
        )
        assert run.stderr
        said = run.stderr.readline()
    printed, _ = run.communicate()
    assert said == f"· waiting for process {os.getpid()}, which has the lock {tmp_path / 'lock'}\n", printed
    assert run.returncode == 0


def test_a_test_run_that_is_told_to_end_stops_its_servers(tmp_path: Path) -> None:
    small = CHECKOUT / "tests" / "ledger" / "test_cost.py"
    command = [sys.executable, "-m", "pytest", f"--basetemp={tmp_path / 'run'}", f"--rootdir={CHECKOUT}", str(small)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        while (server := _server(tmp_path)) is None and run.poll() is None:
            time.sleep(0.1)
        run.terminate()
    left = _server(tmp_path)
    if left:
        left.kill()
    assert server
    assert left is None, "it and its data folder should be gone"


def _server(folder: Path) -> psutil.Process | None:
    for file in folder.glob("run/postgres*/cluster/data/postmaster.pid"):
        lines = file.read_text().splitlines()
        if lines and int(lines[0]) > 0:  # initdb's own server says its number with a minus
            return psutil.Process(int(lines[0]))
    return None
