"""SFTP servers that serve a folder with `orders` and `acknowledgements` in it: ours, and Debian's OpenSSH."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh

from order_sync.wire.sftp import Server, SftpFolder, SftpFolders
from tests.judges.open_ssh import OpenSsh

SECONDS = timedelta(seconds=5)


@dataclass
class Running:
    """A server of a folder, which is `here` for us. `server` logs in with the key, as its `extra` has it."""

    here: Path
    server: Server
    trouble: dict[str, Exception] = field(default_factory=dict)
    """What a server of ours raises, by the name of the call."""

    def folders(self, **changes: Any) -> SftpFolders:
        """All of its folders, by a connection with these changes."""
        return SftpFolders(replace(self.server, **changes), SECONDS, SECONDS)

    def folder(self, **changes: Any) -> SftpFolder:
        """The folder of the orders."""
        return self.folders(**changes)("orders")


class Users(asyncssh.SSHServer):
    """Who may log in: `shop`, with a password or with a key."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("shop", "right")

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "shop" and key == self._key


@asynccontextmanager
async def of_ours(here: Path) -> AsyncIterator[Running]:
    """A server of ours, whose root is the folder."""
    host, user = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    trouble: dict[str, Exception] = {}

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(channel, chroot=bytes(here))

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
            if error := trouble.get("posix_rename"):
                raise error
            super().posix_rename(oldpath, newpath)

    listening = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: Users(user.convert_to_public()),
        server_host_keys=[host],
        sftp_factory=Files,
    )
    extra = _extra(host.export_public_key().decode(), user)
    yield Running(_made(here), Server("erp_files", "127.0.0.1", listening.get_port(), "shop", "/", "", extra), trouble)
    listening.close()
    await listening.wait_closed()


def of_debian(here: Path, ssh: OpenSsh) -> Running:
    """Debian's server, of which the folder is a part."""
    extra = _extra(ssh.host_key, ssh.key)
    return Running(_made(here), Server("erp_files", "127.0.0.1", ssh.port, ssh.login, str(here), "", extra))


def _extra(host_key: str, key: asyncssh.SSHKey) -> dict[str, str]:
    """As an Airflow connection has them, where a key stands on one line."""
    return {"host_key": host_key, "private_key": key.export_private_key("openssh").decode().replace("\n", "\\n")}


def _made(here: Path) -> Path:
    (here / "orders").mkdir()
    (here / "acknowledgements").mkdir()
    return here
