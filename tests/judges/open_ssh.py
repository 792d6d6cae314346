"""Debian's OpenSSH server on a port of loopback, for this user, with keys of its own; the machine's stays as it is."""

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from sandbox.processes import SandboxError, Service, free_port

PROGRAM = Path("/usr/sbin/sshd")
NEEDED_BY_ROOT = Path("/run/sshd")
"""Debian's service makes it at each start."""


@dataclass(frozen=True)
class OpenSsh:
    """A running server: it lets `login` in with `key`, and with no password."""

    port: int
    login: str
    host_key: str
    key: asyncssh.SSHKey


def program() -> Path:
    """The server's program; SandboxError if it is not installed."""
    if not PROGRAM.exists():
        raise SandboxError("Debian's OpenSSH server is not installed: `make system` installs it")
    return PROGRAM


@contextmanager
def serving(folder: Path) -> Iterator[OpenSsh]:
    """A server, while it serves."""
    folder.mkdir(parents=True)
    host, user = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    for name, text in (("host", host.export_private_key()), ("authorized", user.export_public_key())):
        (folder / name).touch(0o600)
        (folder / name).write_bytes(text)
    port = free_port()
    (folder / "config").write_text(
        f"""
ListenAddress 127.0.0.1
Port {port}
PidFile none
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
"""
    )
    if os.geteuid() == 0:
        NEEDED_BY_ROOT.mkdir(0o755, exist_ok=True)
    service = Service("sshd", [program(), "-D", "-e", "-f", folder / "config"], folder, {"PATH": os.defpath})
    try:
        service.start()
        service.wait_until(lambda: _listens(port), 30)
        yield OpenSsh(port, pwd.getpwuid(os.geteuid()).pw_name, host.export_public_key().decode(), user)
    finally:
        service.stop()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
