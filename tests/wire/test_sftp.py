"""Folders of a real SFTP server: the same as local ones, and no server is talked to whose host key is not known."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from order_sync.core.errors import Misconfigured, NotAuthorised, OutcomeUnknown, Transient, Unreadable
from order_sync.wire.files import LARGEST, Acknowledgement, acknowledgements, announced, drop, dropped, withdraw
from order_sync.wire.sftp import Server, SftpFolder, SftpFolders

DATA = b'{"number": "W1"}\n'
NAME = f"WEB-1_{hashlib.sha256(DATA).hexdigest()[:8]}.json"
SECONDS = timedelta(seconds=5)


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


@dataclass
class Running:
    """A server that serves a folder; `trouble` is what its files raise, by the name of the call."""

    here: Path
    listening: asyncssh.SSHAcceptor
    server: Server
    key: asyncssh.SSHKey
    trouble: dict[str, Exception]

    def folder(self, **changes: Any) -> SftpFolder:
        return SftpFolders(replace(self.server, **changes), SECONDS, SECONDS)("orders")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / "orders").mkdir()
    (tmp_path / "acknowledgements").mkdir()
    host, user = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    trouble: dict[str, Exception] = {}

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(channel, chroot=str(tmp_path))

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
    extra = {"host_key": host.export_public_key().decode()}
    server = Server("erp_files", "127.0.0.1", listening.get_port(), "shop", "/", "right", extra)
    yield Running(tmp_path, listening, server, user, trouble)
    listening.close()
    await listening.wait_closed()


async def test_an_order_is_dropped_found_acknowledged_and_taken_back_as_in_a_local_folder(running):
    folders = SftpFolders(running.server, SECONDS, SECONDS)
    async with folders:
        orders, answers = folders("orders"), folders("acknowledgements")
        assert await drop(orders, "WEB-1", "json", DATA, {"total": "19.90"}) == NAME
        assert sorted(path.name for path in (running.here / "orders").iterdir()) == [NAME, f"{NAME}.manifest"]
        assert (running.here / "orders" / NAME).read_bytes() == DATA
        assert await dropped(orders, ["WEB-1", "WEB-2"]) == {"WEB-1": NAME}
        assert await announced(orders, ["WEB-1", "WEB-2"]) == {"WEB-1"}
        (running.here / "acknowledgements" / "WEB-1.err").write_text("no item\n")
        assert await acknowledgements(answers, ["WEB-1"]) == {"WEB-1": Acknowledgement(False, "no item")}
        await withdraw(orders, answers, "WEB-1")
        assert await orders.names() == await answers.names() == frozenset()


async def test_a_private_key_logs_in_in_the_place_of_a_password(running):
    pem = running.key.export_private_key("openssh").decode().replace("\n", "\\n")
    folder = running.folder(password="", extra={**running.server.extra, "private_key": pem})
    assert await folder.names() == frozenset()


async def test_a_server_with_another_host_key_is_never_talked_to(running):
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(Misconfigured, match="another host key"):
        await running.folder(extra={"host_key": other}).names()


async def test_a_wrong_password_is_told_without_it(running):
    with pytest.raises(NotAuthorised, match="does not let 'shop' log in") as caught:
        await running.folder(password="wrong-secret").names()
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({}, "lacks 'host_key'"),
        ({"host_key": "not a key"}, "'host_key' in its extra is no public key"),
        ({"no_host_key_check": True}, "'no_host_key_check' would take any server"),
        ({"private_key": "not a key"}, "'private_key' in its extra is no PEM key"),
    ],
)
async def test_an_extra_that_is_unsafe_or_wrong_is_one_sentence(running, extra, says):
    if "private_key" in extra:
        extra = {**running.server.extra, **extra}
    with pytest.raises(Misconfigured, match=says):
        running.folder(extra=extra)


async def test_neither_password_nor_key_is_refused(running):
    with pytest.raises(Misconfigured, match="neither a password nor 'private_key'"):
        running.folder(password="")


async def test_a_server_that_is_away_is_trouble_that_passes_and_is_reached_again(running, unused_tcp_port):
    with pytest.raises(Transient, match="does not answer"):
        await running.folder(port=unused_tcp_port).names()
    folder = running.folder()
    await folder.names()
    folder._folders._end()
    assert await folder.names() == frozenset()


async def test_a_folder_that_is_missing_is_named(running):
    (running.here / "orders").rmdir()
    with pytest.raises(Misconfigured, match="the folder /orders of connection 'erp_files'"):
        await running.folder().names()


async def test_a_rename_without_an_answer_may_have_put_the_file_there(running):
    running.trouble["posix_rename"] = asyncssh.SFTPFailure("the disk is busy")
    with pytest.raises(OutcomeUnknown, match="the file may be there"):
        await running.folder().write("a.json", DATA)
    assert await running.folder().names() == frozenset()


async def test_no_link_is_followed_and_nothing_leads_out(running):
    secret = running.here / "secret.ok"
    secret.write_text("not ours")
    (running.here / "orders" / "link.ok").symlink_to(secret)
    folder = running.folder()
    assert await folder.names() == frozenset()
    with pytest.raises(Unreadable):
        await folder.read("link.ok")
    with pytest.raises(ValueError, match="the name of a file"):
        await folder.read("../secret.ok")


async def test_a_file_that_is_too_large_is_not_read(running):
    (running.here / "orders" / "large.ok").write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(Unreadable, match=r"large\.ok"):
        await running.folder().read("large.ok")


async def test_what_is_not_there_is_nothing_to_read_or_remove(running):
    folder = running.folder()
    assert await folder.read("nothing.ok") is None
    await folder.remove("nothing.ok")
