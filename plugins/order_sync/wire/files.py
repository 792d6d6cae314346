"""Files for a system that reads a folder, and the files with which it acknowledges them.

A file is there whole or not at all: it is written under a temporary name, reaches the disk, and is then renamed. A
manifest beside it says what it must hold. The names are made of our references alone, and no name leads out of its
folder. What the files say is the adapter's.
"""

import asyncio
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from order_sync.core.errors import (
    Misconfigured,
    OrderConflict,
    OrderSyncError,
    OutcomeUnknown,
    Transient,
    Unreadable,
)

LARGEST = 1 << 20
"""How many bytes are read of a file that is not ours."""

_NAME = re.compile(r"[A-Za-z0-9-][A-Za-z0-9._-]{0,199}", re.ASCII)
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,60}", re.ASCII)
_PERSONS_MATTER = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EROFS, errno.ELOOP)

Done = TypeVar("Done")


class Folder(Protocol):
    """One folder of files, without those in folders within it. `about` is how messages call it."""

    about: str

    async def names(self) -> frozenset[str]:
        """What lies in it. Hidden files and temporary ones do not count."""

    async def read(self, name: str) -> bytes | None:
        """What a file holds; None if there is none. Raises Unreadable for one that is too large, or no file."""

    async def write(self, name: str, data: bytes) -> None:
        """Put a file there, in the place of one of that name. Raises OutcomeUnknown once it may be there."""

    async def remove(self, name: str) -> None:
        """Take a file away, if it is there."""


class Folders(Protocol):
    """What opens folders by their names; an async context manager that holds what they share."""

    def __call__(self, name: str) -> Folder: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...


class Acknowledgement(NamedTuple):
    """What the reader of a folder said of one of our files; the text is its own, and may name people."""

    accepted: bool
    text: str


async def drop(folder: Folder, reference: str, suffix: str, data: bytes, facts: Mapping[str, Any]) -> str:
    """Put the one file of a reference into a folder, and then its manifest with the facts; returns the file's name.

    Once more with the same data does no harm, also when the file was taken away and its manifest was not. Raises
    OrderConflict when one with other data is there.
    """
    check_reference(reference)
    digest = hashlib.sha256(data).hexdigest()
    name = _name(reference, suffix, data)
    manifest = f"{name}.manifest"
    there = await only_this(folder, reference, suffix, data)
    if manifest in there:
        return name
    if name not in there:
        await folder.write(name, data)
    said = {"file": name, "bytes": len(data), "sha256": digest, **facts}
    await folder.write(manifest, json.dumps(said, indent=1).encode())
    return name


async def only_this(folder: Folder, reference: str, suffix: str, data: bytes) -> frozenset[str]:
    """What lies in the folder. Raises OrderConflict if some of it is of a file of the reference with other data."""
    there, name = await folder.names(), _name(reference, suffix, data)
    others = [each for each in there if each.startswith(f"{reference}_") and each not in (name, f"{name}.manifest")]
    if others:
        raise OrderConflict(f"the folder contains a file for {reference} with different content: {min(others)}")
    return there


def _name(reference: str, suffix: str, data: bytes) -> str:
    return f"{reference}_{hashlib.sha256(data).hexdigest()[:8]}.{suffix}"


async def dropped(folder: Folder, references: Collection[str]) -> Mapping[str, str]:
    """The files of references that still lie in a folder, by reference; those that are missing were taken away."""
    wanted = {*references}
    pairs = ((name.partition("_")[0], name) for name in await folder.names() if not name.endswith(".manifest"))
    return {reference: name for reference, name in pairs if reference in wanted}


async def announced(folder: Folder, references: Collection[str]) -> frozenset[str]:
    """Those of the references whose file was put there whole once: its manifest says so, wherever it is now."""
    wanted = {*references}
    names = (name.partition("_")[0] for name in await folder.names() if name.endswith(".manifest"))
    return frozenset(wanted.intersection(names))


async def withdraw(folder: Folder, answers: Folder, reference: str) -> None:
    """Take back what was refused, so that the order can be dropped anew; the refusal goes last.

    Once more does no harm.
    """
    check_reference(reference)
    for name in sorted(await folder.names()):
        if name.partition("_")[0] == reference:
            await folder.remove(name)
    await answers.remove(f"{reference}.err")


async def acknowledgements(folder: Folder, references: Collection[str]) -> Mapping[str, Acknowledgement]:
    """What `<reference>.ok` and `<reference>.err` say. They stay where they are: reading them again says it again."""
    there = {name.lower(): name for name in await folder.names()}
    found = {}
    for reference in references:
        check_reference(reference)
        names = {kind: there[each] for kind in ("ok", "err") if (each := f"{reference}.{kind}".lower()) in there}
        if len(names) == 2:
            raise Unreadable(f"the folder contains both {names['ok']} and {names['err']}: remove the wrong one")
        for kind, name in names.items():
            said = await folder.read(name)
            if said is not None:
                found[reference] = Acknowledgement(kind == "ok", said.decode(errors="replace").strip())
    return found


def check_reference(reference: str) -> None:
    """Raises ValueError for what may not stand in the name of a file: a reference is ours, so that is our mistake."""
    if not _REFERENCE.fullmatch(reference):
        raise ValueError("a reference in the name of a file has letters, digits and hyphens only, 60 at most")


def is_name(name: str) -> bool:
    """Whether it is the name of a file that counts: no hidden one, and nothing that leads anywhere else."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> None:
    """Raises ValueError for a name that could lead anywhere else."""
    if not is_name(name):
        raise ValueError("the name of a file has letters, digits, dots, hyphens and underscores only")


class LocalFolders:
    """The folders within a folder of this machine, or of one that is mounted here."""

    def __init__(self, connection: str, path: str) -> None:
        self._connection, self._path = connection, path

    def __call__(self, name: str) -> "LocalFolder":
        return LocalFolder(self._connection, str(Path(self._path) / name))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


class LocalFolder:
    """A folder of this machine, or one that is mounted here. No link in it is followed."""

    def __init__(self, connection: str, path: str) -> None:
        self.about = f"the folder {path} of connection '{connection}'"
        self._path = path
        if not Path(path).is_absolute():
            raise Misconfigured(f"{self.about} must be an absolute path, such as /srv/orders")

    async def names(self) -> frozenset[str]:
        """See `Folder.names`."""
        return await asyncio.to_thread(self._within, self._names)

    async def read(self, name: str) -> bytes | None:
        """See `Folder.read`."""
        check_name(name)
        return await asyncio.to_thread(self._within, lambda folder: self._read(folder, name))

    async def write(self, name: str, data: bytes) -> None:
        """See `Folder.write`."""
        check_name(name)
        await asyncio.to_thread(self._within, lambda folder: self._write(folder, name, data))

    async def remove(self, name: str) -> None:
        """See `Folder.remove`."""
        check_name(name)
        await asyncio.to_thread(self._within, lambda folder: self._remove(folder, name))

    def _within(self, do: Callable[[int], Done]) -> Done:
        """Do something with the folder, held open so that nobody can put another one in its place meanwhile."""
        with self._understood():
            folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                return do(folder)
            finally:
                os.close(folder)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: OSError) -> OrderSyncError:
        said = f"{self.about} cannot be used ({errno.errorcode.get(error.errno or 0, 'no number')})"
        if error.errno in _PERSONS_MATTER:
            return Misconfigured(f"{said}: it must exist, and the worker must be allowed to read and write in it")
        return Transient(said)

    def _names(self, folder: int) -> frozenset[str]:
        with os.scandir(folder) as entries:
            return frozenset(each.name for each in entries if is_name(each.name) and _is_file(each))

    def _read(self, folder: int, name: str) -> bytes | None:
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except FileNotFoundError:
            return None
        with open(file, "rb") as opened:  # noqa: PTH123  by its number
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
                raise Unreadable(f"{self.about}: {name} is not a file, or is larger than {LARGEST} bytes")
            return opened.read(LARGEST)

    def _write(self, folder: int, name: str, data: bytes) -> None:
        temporary = f".{name}.tmp"
        try:
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o640, dir_fd=folder)
            with open(file, "wb") as opened:  # noqa: PTH123  by its number
                opened.write(data)
                opened.flush()
                os.fsync(file)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
        try:
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        except OSError as error:
            raise OutcomeUnknown(f"{self._trouble(error)}; the file may be there") from None

    def _remove(self, folder: int, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)
