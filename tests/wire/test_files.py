"""A file is there whole or not at all, once for each reference, in its folder and nowhere else."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from order_sync.core.errors import Misconfigured, OrderConflict, OutcomeUnknown, Transient, Unreadable
from order_sync.wire.files import Acknowledgement, LocalFolder, acknowledgements, drop, dropped

DATA = b'{"number": "W1", "total": 19.90}\n'
NAME = f"WEB-1_{hashlib.sha256(DATA).hexdigest()[:8]}.json"


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    """An empty folder, with something of somebody else's beside it."""
    (tmp_path / "orders").mkdir()
    (tmp_path / "secret.ok").write_text("not ours")
    return LocalFolder("erp_test", str(tmp_path / "orders"))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The same folder, as its reader sees it."""
    return tmp_path / "orders"


def lies(here: Path) -> list[str]:
    """Whatever lies in the folder, hidden or not."""
    return sorted(path.name for path in here.iterdir())


class Power:
    """A machine that fails at the given call, as one whose power is cut, or whose disk is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.calls: list[str] = []
        for name in ("fsync", "rename"):
            monkeypatch.setattr(os, name, self._noted(name, getattr(os, name)))

    def fails(self, name: str, error: BaseException, at: int = 1) -> None:
        """Let the call of that name fail that comes as that one."""
        before, left = getattr(os, name), [at]

        def failing(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise error
            return before(*arguments, **named)

        self._monkeypatch.setattr(os, name, failing)

    def _noted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            return call(*arguments, **named)

        return noted


@pytest.fixture
def power(monkeypatch: pytest.MonkeyPatch) -> Power:
    return Power(monkeypatch)


async def test_a_file_and_its_manifest_are_put_there_under_our_reference(folder: LocalFolder, here: Path) -> None:
    assert await drop(folder, "WEB-1", "json", DATA, {"lines": 2, "total": "19.90"}) == NAME
    assert lies(here) == [NAME, f"{NAME}.manifest"]
    assert (here / NAME).read_bytes() == DATA
    manifest = json.loads((here / f"{NAME}.manifest").read_text())
    assert manifest == {
        "file": NAME,
        "bytes": len(DATA),
        "sha256": hashlib.sha256(DATA).hexdigest(),
        "lines": 2,
        "total": "19.90",
    }


async def test_a_file_reaches_the_disk_before_it_gets_its_name(folder: LocalFolder, power: Power) -> None:
    await folder.write("WEB-1.json", DATA)
    assert power.calls == ["fsync", "rename", "fsync"], "the file, its name, and the folder that holds the name"


class PowerCut(BaseException):
    """The end of the process."""


@pytest.mark.parametrize("at", ["fsync", "rename"])
async def test_a_writer_that_is_killed_leaves_nothing_that_a_reader_sees_and_the_next_one_goes_on(
    folder: LocalFolder, here: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    with monkeypatch.context() as patched:
        Power(patched).fails(at, PowerCut())
        with pytest.raises(PowerCut):
            await drop(folder, "WEB-1", "json", DATA, {})
    assert await folder.names() == frozenset()
    assert lies(here) == [f".{NAME}.tmp"]
    await drop(folder, "WEB-1", "json", DATA, {})
    assert lies(here) == [NAME, f"{NAME}.manifest"]


async def test_a_writer_that_is_killed_before_the_manifest_writes_it_the_next_time(
    folder: LocalFolder, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        Power(patched).fails("rename", PowerCut(), at=2)
        with pytest.raises(PowerCut):
            await drop(folder, "WEB-1", "json", DATA, {})
    assert await folder.names() == {NAME}
    written = (here / NAME).stat().st_ino
    await drop(folder, "WEB-1", "json", DATA, {})
    assert await folder.names() == {NAME, f"{NAME}.manifest"}
    assert (here / NAME).stat().st_ino == written, "and the file itself only once"


async def test_a_file_that_was_taken_away_is_not_put_there_again_while_its_manifest_lies_there(
    folder: LocalFolder, here: Path
) -> None:
    await drop(folder, "WEB-1", "json", DATA, {})
    (here / NAME).unlink()
    await drop(folder, "WEB-1", "json", DATA, {})
    assert await folder.names() == {f"{NAME}.manifest"}


async def test_a_second_file_of_a_reference_is_a_conflict(folder: LocalFolder) -> None:
    await drop(folder, "WEB-1", "json", DATA, {})
    await drop(folder, "WEB-10", "json", DATA, {})
    with pytest.raises(OrderConflict, match=f"a file for WEB-1 with different content: {NAME}"):
        await drop(folder, "WEB-1", "json", b"{}", {})


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, Transient), (errno.EIO, Transient)])
async def test_a_disk_that_is_full_has_taken_nothing(
    folder: LocalFolder, here: Path, power: Power, number: int, kind: type[Exception]
) -> None:
    power.fails("fsync", OSError(number, "no"))
    with pytest.raises(kind, match=rf"{here} of connection 'erp_test' cannot be used \({errno.errorcode[number]}\)"):
        await folder.write("WEB-1.json", DATA)
    assert lies(here) == []


async def test_a_failure_once_the_file_may_have_its_name_leaves_the_outcome_unknown(
    folder: LocalFolder, power: Power
) -> None:
    power.fails("fsync", OSError(errno.EIO, "no"), at=2)
    with pytest.raises(OutcomeUnknown, match="the file may be there"):
        await folder.write("WEB-1.json", DATA)


async def test_what_was_dropped_is_told_until_it_is_taken_away(folder: LocalFolder, here: Path) -> None:
    for reference in ("WEB-1", "WEB-2", "WEB-3"):
        await drop(folder, reference, "json", DATA, {})
    (here / NAME).unlink()
    found = await dropped(folder, ["WEB-1", "WEB-2"])
    assert found == {"WEB-2": NAME.replace("WEB-1", "WEB-2")}


async def test_acknowledgements_are_read_by_reference_as_often_as_one_likes(folder: LocalFolder, here: Path) -> None:
    (here / "WEB-1.ok").write_text("")
    (here / "web-2.ERR").write_bytes("Kunde gesperrt \xe4\n".encode("cp1252"))
    (here / "WEB-9.ok").write_text("nobody asked for it")
    for _ in range(2):
        found = await acknowledgements(folder, ["WEB-1", "WEB-2", "WEB-3"])
        assert found == {
            "WEB-1": Acknowledgement(accepted=True, text=""),
            "WEB-2": Acknowledgement(accepted=False, text="Kunde gesperrt \ufffd"),
        }


async def test_a_yes_and_a_no_to_one_file_are_neither(folder: LocalFolder, here: Path) -> None:
    (here / "WEB-1.ok").write_text("")
    (here / "WEB-1.err").write_text("")
    with pytest.raises(Unreadable, match=r"both WEB-1\.ok and WEB-1\.err"):
        await acknowledgements(folder, ["WEB-1"])


async def test_an_acknowledgement_that_is_far_too_large_is_not_read(folder: LocalFolder, here: Path) -> None:
    (here / "WEB-1.ok").write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(Unreadable, match=r"WEB-1\.ok is not a file, or is larger than"):
        await acknowledgements(folder, ["WEB-1"])


async def test_a_link_is_not_followed_out_of_the_folder(folder: LocalFolder, here: Path, tmp_path: Path) -> None:
    (here / "WEB-1.ok").symlink_to(tmp_path / "secret.ok")
    (here / ".WEB-2.json.tmp").symlink_to(tmp_path / "secret.ok")
    assert await acknowledgements(folder, ["WEB-1"]) == {}
    with pytest.raises(Misconfigured, match="ELOOP"):
        await folder.read("WEB-1.ok")
    with pytest.raises(Misconfigured, match="ELOOP"):
        await folder.write("WEB-2.json", DATA)
    assert (tmp_path / "secret.ok").read_text() == "not ours"


@pytest.mark.parametrize(
    "name", ["../secret.ok", "/etc/passwd", "", ".", "..", ".hidden", "a/b", "a\\b", "a\nb", "ä", "x" * 201]
)
async def test_a_name_that_could_lead_anywhere_else_is_refused(folder: LocalFolder, name: str) -> None:
    with pytest.raises(ValueError, match="name of a file"):
        await folder.read(name)
    with pytest.raises(ValueError, match="name of a file"):
        await folder.write(name, DATA)


@pytest.mark.parametrize("reference", ["web:5637/1", "../x", "", "a_b", "a.b", "x" * 61, "Ana Silva"])
async def test_what_is_no_reference_of_ours_stands_in_no_name(folder: LocalFolder, reference: str) -> None:
    with pytest.raises(ValueError, match="a reference"):
        await drop(folder, reference, "json", DATA, {})
    with pytest.raises(ValueError, match="a reference"):
        await acknowledgements(folder, [reference])
    assert await folder.names() == frozenset()


async def test_folders_hidden_files_and_those_of_strange_names_do_not_count(folder: LocalFolder, here: Path) -> None:
    (here / "done").mkdir()
    (here / ".hidden").write_text("")
    (here / "strange name.ok").write_text("")
    assert await folder.names() == frozenset()


async def test_what_is_not_there_is_nothing(folder: LocalFolder) -> None:
    assert await folder.read("WEB-1.ok") is None


@pytest.mark.parametrize("path", ["orders", "./orders", ""])
def test_a_folder_is_written_from_the_root(path: str) -> None:
    with pytest.raises(Misconfigured, match=r"connection 'erp_test' must be an absolute path, such as"):
        LocalFolder("erp_test", path)


async def test_a_folder_that_is_not_there_is_a_matter_of_the_connection(tmp_path: Path) -> None:
    folder = LocalFolder("erp_test", str(tmp_path / "nowhere"))
    for call in (folder.names(), folder.read("a.ok"), folder.write("a.json", DATA)):
        with pytest.raises(
            Misconfigured, match=r"nowhere of connection 'erp_test' cannot be used \(ENOENT\): it must exist"
        ):
            await call
