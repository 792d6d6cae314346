"""Folders of a real SFTP server: the same as local ones, and no server is talked to whose host key is not known.

The server is ours, or Debian's OpenSSH with `pytest --judges`.
"""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from order_sync.core.errors import Misconfigured, NotAuthorised, OutcomeUnknown, Transient, Unreadable
from order_sync.core.order.references import addressed, short_of
from order_sync.core.sending.receipts import Sent
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.erps.drop import SftpDrop
from order_sync.profile import SAMPLE, Profile
from order_sync.wire.files import LARGEST, Acknowledgement, acknowledgements, announced, drop, dropped, withdraw
from tests.wire.sftp_servers import Running, of_debian, of_ours

DATA = b'{"number": "W1"}\n'
NAME = f"WEB-1_{hashlib.sha256(DATA).hexdigest()[:8]}.json"


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[Running]:
    """A server of ours, which can be given trouble and a password."""
    async with of_ours(tmp_path) as running:
        yield running


@pytest.fixture
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Running:
    """The server that the run is for."""
    if request.config.getoption("--judges"):
        return of_debian(tmp_path, request.getfixturevalue("open_ssh"))
    ours: Running = request.getfixturevalue("ours")
    return ours


async def test_an_order_is_dropped_found_acknowledged_and_taken_back_as_in_a_local_folder(running: Running) -> None:
    async with running.folders() as folders:
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


async def test_an_order_goes_into_a_folder_of_the_server_and_comes_back_confirmed_or_refused(running: Running) -> None:
    order = addressed(SAMPLE, SftpDrop.traits.external_reference)
    reference = short_of(order.key)
    async with SftpDrop(running.folders(), {}, Profile()) as erp:
        await erp.check()
        assert (await erp.submit(order)).number == reference
        (file,) = (path for path in (running.here / "orders").iterdir() if path.suffix == ".json")
        assert file.read_text().startswith("{")
        for ending, text, state in (
            ("err", "no such item", ErpOrderState.REFUSED),
            ("ok", "SO-7", ErpOrderState.CONFIRMED),
        ):
            (running.here / "acknowledgements" / f"{reference}.{ending}").write_text(text)
            (found,) = (await erp.look_up([Sent(order, "")]))[order.key]
            assert found.state is state
            assert (await erp.submit(order)).number == ("SO-7" if ending == "ok" else reference)


async def test_a_password_logs_in_in_the_place_of_a_private_key(ours: Running) -> None:
    extra = {"host_key": ours.server.extra["host_key"]}
    assert await ours.folder(password="right", extra=extra).names() == frozenset()


async def test_a_server_with_another_host_key_is_never_talked_to(running: Running) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(Misconfigured, match="host key differs"):
        await running.folder(extra={**running.server.extra, "host_key": other}).names()


async def test_a_wrong_password_is_told_without_it(running: Running) -> None:
    extra = {"host_key": running.server.extra["host_key"]}
    with pytest.raises(NotAuthorised, match=f"does not let '{running.server.login}' log in") as caught:
        await running.folder(password="wrong-secret", extra=extra).names()
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({}, "lacks 'host_key'"),
        ({"host_key": "not a key"}, "'host_key' in its extra is not a public key"),
        ({"no_host_key_check": True}, "'no_host_key_check' would accept any server"),
        ({"private_key": "not a key"}, "'private_key' in its extra is not a PEM key"),
    ],
)
async def test_an_extra_that_is_unsafe_or_wrong_is_one_sentence(
    running: Running, extra: dict[str, Any], says: str
) -> None:
    if "private_key" in extra:
        extra = {**running.server.extra, **extra}
    with pytest.raises(Misconfigured, match=says):
        running.folder(extra=extra)


async def test_neither_password_nor_key_is_refused(running: Running) -> None:
    extra = {"host_key": running.server.extra["host_key"]}
    with pytest.raises(Misconfigured, match="neither a password nor 'private_key'"):
        running.folder(extra=extra)


async def test_a_server_that_is_away_is_trouble_that_passes_and_is_reached_again(
    running: Running, unused_tcp_port: int
) -> None:
    with pytest.raises(Transient, match="does not answer"):
        await running.folder(port=unused_tcp_port).names()
    folder = running.folder()
    await folder.names()
    folder._folders._end()
    assert await folder.names() == frozenset()


async def test_a_folder_that_is_missing_is_named(running: Running) -> None:
    (running.here / "orders").rmdir()
    with pytest.raises(
        Misconfigured, match=rf"the folder {running.server.path.rstrip('/')}/orders of connection 'erp_files'"
    ):
        await running.folder().names()


async def test_a_rename_without_an_answer_may_have_put_the_file_there(ours: Running) -> None:
    ours.trouble["posix_rename"] = asyncssh.SFTPFailure("the disk is busy")
    with pytest.raises(OutcomeUnknown, match="the file may be there"):
        await ours.folder().write("a.json", DATA)
    assert await ours.folder().names() == frozenset()


async def test_no_link_is_followed_and_nothing_leads_out(running: Running) -> None:
    secret = running.here / "secret.ok"
    secret.write_text("not ours")
    (running.here / "orders" / "link.ok").symlink_to(secret)
    folder = running.folder()
    assert await folder.names() == frozenset()
    with pytest.raises(Unreadable):
        await folder.read("link.ok")
    with pytest.raises(ValueError, match="the name of a file"):
        await folder.read("../secret.ok")


async def test_a_file_that_is_too_large_is_not_read(running: Running) -> None:
    (running.here / "orders" / "large.ok").write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(Unreadable, match=r"large\.ok"):
        await running.folder().read("large.ok")


async def test_what_is_not_there_is_nothing_to_read_or_remove(running: Running) -> None:
    folder = running.folder()
    assert await folder.read("nothing.ok") is None
    await folder.remove("nothing.ok")
