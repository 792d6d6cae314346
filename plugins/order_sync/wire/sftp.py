"""Folders of an SFTP server. Its host key must be known: a server with another key is never talked to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any, Self

import asyncssh

from order_sync.core.errors import Misconfigured, NotAuthorised, OutcomeUnknown, Transient, Unreadable
from order_sync.wire.files import LARGEST, check_name, is_name

_FILE = asyncssh.FILEXFER_TYPE_REGULAR
_PERSONS_MATTER = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPPermissionDenied)
_YES = (True, "true", "True", "1")


@dataclass(frozen=True, slots=True)
class Server:
    """An SFTP server as a connection names it.

    Attributes:
        path: the folder in which the others lie, from the server's root.
        extra: `host_key`, the server's public key as `ssh-keyscan` prints it, must be there; `private_key` is a PEM key
            to log in with in place of the password, with `private_key_passphrase` if it has one.
    """

    connection: str
    host: str
    port: int
    login: str
    path: str
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


class SftpFolders:
    """The folders of one server, over one connection, which is made with the first call and again when it broke."""

    def __init__(self, server: Server, connect_timeout: timedelta, timeout: timedelta) -> None:
        self.about = f"connection '{server.connection}'"
        self._server = server
        self._connect_timeout, self._timeout = connect_timeout.total_seconds(), timeout.total_seconds()
        self._known = self._host_key()
        self._keys = self._private_keys()
        self._lock = asyncio.Lock()
        self._ssh: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    def __call__(self, name: str) -> "SftpFolder":
        return SftpFolder(self, str(PurePosixPath(self._server.path) / name))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._end()

    @asynccontextmanager
    async def calls(self, about: str) -> AsyncIterator[asyncssh.SFTPClient]:
        """The server, for some calls that end in time; what goes wrong is told as ours. Reads may be made again."""
        try:
            async with asyncio.timeout(self._connect_timeout + self._timeout):
                yield await self._connected()
        except _PERSONS_MATTER as error:
            raise Misconfigured(
                f"{about} cannot be used ({type(error).__name__}): it must exist, and '{self._server.login}' must be"
                " allowed to read and write in it"
            ) from None
        except asyncssh.HostKeyNotVerifiable:
            raise Misconfigured(
                f"{self.about}: the server's host key differs from 'host_key' in its extra. Ask the server's operators"
                " whether they changed it before you change it here: this may be another server"
            ) from None
        except asyncssh.PermissionDenied:
            raise NotAuthorised(
                f"{self.about}: the server does not let '{self._server.login}' log in: set a valid password or a valid"
                " 'private_key' in its extra"
            ) from None
        except (asyncssh.Error, OSError, TimeoutError) as error:
            self._end()
            raise Transient(f"{about} does not answer ({type(error).__name__})") from None

    async def _connected(self) -> asyncssh.SFTPClient:
        async with self._lock:
            if self._sftp is None:
                server = self._server
                self._ssh = await asyncssh.connect(
                    server.host,
                    server.port,
                    username=server.login,
                    password=None if self._keys else server.password,
                    client_keys=self._keys,
                    known_hosts=([self._known], [], []),
                    config=None,
                    agent_path=None,
                    connect_timeout=self._connect_timeout,
                    login_timeout=self._connect_timeout,
                )
                self._sftp = await self._ssh.start_sftp_client()
            return self._sftp

    def _end(self) -> None:
        if self._ssh:
            self._ssh.abort()
        self._ssh = self._sftp = None

    def _host_key(self) -> asyncssh.SSHKey:
        extra = self._server.extra
        if extra.get("no_host_key_check") in _YES:
            raise Misconfigured(
                f"{self.about}: 'no_host_key_check' would accept any server: remove it from the extra, and"
                " add 'host_key'"
            )
        text = extra.get("host_key")
        if not isinstance(text, str) or not text.strip():
            raise Misconfigured(
                f"{self.about} lacks 'host_key' in its extra: add the server's public key, as its operators give it to"
                " you, such as 'ssh-ed25519 AAAA...'"
            )
        try:
            return asyncssh.import_public_key(text.strip())
        except asyncssh.KeyImportError:
            raise Misconfigured(
                f"{self.about}: 'host_key' in its extra is not a public key: write its type and the key, such as"
                " 'ssh-ed25519 AAAA...'"
            ) from None

    def _private_keys(self) -> list[asyncssh.SSHKey]:
        text, passphrase = self._server.extra.get("private_key"), self._server.extra.get("private_key_passphrase")
        if not text:
            if not self._server.password:
                raise Misconfigured(f"{self.about} has neither a password nor 'private_key' in its extra: add one")
            return []
        try:
            return [asyncssh.import_private_key(str(text).replace("\\n", "\n"), passphrase)]
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            raise Misconfigured(
                f"{self.about}: 'private_key' in its extra is not a PEM key, or needs another 'private_key_passphrase'"
            ) from None


class SftpFolder:
    """One folder of an SFTP server. No link in it is followed."""

    def __init__(self, folders: SftpFolders, path: str) -> None:
        self.about = f"the folder {path} of {folders.about}"
        self._folders, self._path = folders, PurePosixPath(path)

    async def names(self) -> frozenset[str]:
        """See `Folder.names`."""
        async with self._folders.calls(self.about) as sftp:
            entries = [entry async for entry in sftp.scandir(str(self._path))]
        return frozenset(name for each in entries if each.attrs.type == _FILE and is_name(name := str(each.filename)))

    async def read(self, name: str) -> bytes | None:
        """See `Folder.read`."""
        path = self._within(name)
        async with self._folders.calls(self.about) as sftp:
            try:
                about = await sftp.lstat(path)
                if about.type != _FILE or (about.size or 0) > LARGEST:
                    raise Unreadable(f"{self.about}: {name} is not a file, or is larger than {LARGEST} bytes")
                async with sftp.open(path, "rb") as file:
                    data = await file.read(LARGEST)
                return data if isinstance(data, bytes) else data.encode()
            except asyncssh.SFTPNoSuchFile:
                return None

    async def write(self, name: str, data: bytes) -> None:
        """See `Folder.write`."""
        path, temporary = self._within(name), str(self._path / f".{name}.tmp")
        async with self._folders.calls(self.about) as sftp, sftp.open(temporary, "wb") as file:
            await file.write(data)
            with suppress(asyncssh.SFTPOpUnsupported):
                await file.fsync()
        try:
            async with self._folders.calls(self.about) as sftp:
                await sftp.posix_rename(temporary, path)
        except Transient as error:
            raise OutcomeUnknown(f"{error}; the file may be there") from None

    async def remove(self, name: str) -> None:
        """See `Folder.remove`."""
        async with self._folders.calls(self.about) as sftp:
            with suppress(asyncssh.SFTPNoSuchFile):
                await sftp.remove(self._within(name))

    def _within(self, name: str) -> str:
        check_name(name)
        return str(self._path / name)
