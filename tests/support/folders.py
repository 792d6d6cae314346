"""Folders behind a network at its worst, as `Proxy` is for what speaks HTTP: answers get lost when it is told to."""

from collections.abc import Awaitable
from typing import Self, TypeVar

from order_sync.core.errors import OrderSyncError, OutcomeUnknown, Transient
from order_sync.wire.files import Folder, Folders

Done = TypeVar("Done")


class UnsureFolders:
    """Folders like others until `lose` is called, or for good if they are `away`. `requests` is what was asked."""

    def __init__(self, right: Folders, *, away: bool = False) -> None:
        self.right, self.away = right, away
        self.requests: list[str] = []
        self._heard: int | None = None
        self._times: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    async def __aenter__(self) -> Self:
        await self.right.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.right.__aexit__(*error)

    def __call__(self, name: str) -> "UnsureFolder":
        return UnsureFolder(self, self.right(name))

    def lose(self, _: str, times: int | None = None, *, skip: int = 0) -> None:
        """Do what is asked, and say so only of the first `skip` requests."""
        self._heard, self._times = skip, times

    def behave(self) -> None:
        """Lose nothing any more."""
        self._heard = None

    async def asked(self, what: str, call: Awaitable[Done], doubt: type[OrderSyncError]) -> Done:
        """Make one request."""
        self.requests.append(what)
        if self.away:
            call.close()  # type: ignore[attr-defined]
            raise Transient("nobody answers")
        answer = await call
        if self._heard is None or self._times == 0:
            return answer
        if self._heard:
            self._heard -= 1
            return answer
        self._times = None if self._times is None else self._times - 1
        raise doubt("the answer got lost")


class UnsureFolder:
    """One of them."""

    def __init__(self, all_of_them: UnsureFolders, right: Folder) -> None:
        self._all, self._right, self.about = all_of_them, right, right.about

    async def names(self) -> frozenset[str]:
        """See `Folder.names`."""
        return await self._all.asked("names", self._right.names(), Transient)

    async def read(self, name: str) -> bytes | None:
        """See `Folder.read`."""
        return await self._all.asked(f"read {name}", self._right.read(name), Transient)

    async def write(self, name: str, data: bytes) -> None:
        """See `Folder.write`."""
        await self._all.asked(f"write {name}", self._right.write(name, data), OutcomeUnknown)

    async def remove(self, name: str) -> None:
        """See `Folder.remove`."""
        await self._all.asked(f"remove {name}", self._right.remove(name), Transient)
