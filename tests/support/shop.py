"""What the contract suite asks of a channel's fixture: a class `Shop`, each object of which is a shop of that channel.

The suite knows a shop by these words alone: behind them may be a database, a REST interface or anything else.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from order_sync.core.ports.channel import Channel
from order_sync.specs import ChannelSpec

PLACED_AT = datetime(2026, 3, 1, 11, 30, 15, tzinfo=UTC)
"""When people buy, if a test says nothing else."""

HOUR = timedelta(hours=1)

ODD = ("null", "5", '"odd"', "{}", "[]", "[null]", "[5]", '[{"odd": [1]}]', '{"odd": "1"}')
"""JSON that nobody expects."""

ABILITIES = ("selling", "shake", "set_up_differently", "spoil", "folder")
"""What a shop may have besides. The sentences that need one are tried on the channels whose shops have it.

- `selling(*references)`, a context manager: begin to sell, as a slow writer does. What is sold is seen as the block
  ends, at the place in the channel's order that it took as it began, and not at all if the block raises.
- `shake()`: keep the same contents in another way, such as rows at another place of the disk.
- `set_up_differently()`: give the shop other settings, such as another time zone, that change nothing of what was sold.
- `spoil()`: put each of ODD into each place that can hold JSON, one after the other; yields the name of what was done.
- `folder`: the channel's folder of SQL. `connect()` then opens its database.
"""

Test = TypeVar("Test", bound=Callable[..., None])


class NotSold(Exception):
    """The shop itself refuses such an order, or has no place for it."""


class Shop(Protocol):
    """A shop that sells, empty at first.

    Attributes:
        spec: the channel's line of the registry.
        server: the name of the pytest fixture that the shop needs, such as `cluster`; None if it needs none.
        secret: what opens it, and nobody may read.
    """

    spec: ClassVar[ChannelSpec]
    server: ClassVar[str | None]
    secret: str

    @classmethod
    def installed(cls, server: Any) -> AbstractContextManager[Self]:
        """An empty shop on that server. Nothing is left of it afterwards."""

    def another(self) -> AbstractContextManager[Self]:
        """A second one, empty and by itself, while this one is still empty. Nothing is left of it afterwards."""

    def channel(self, batch_size: int = 500, settle_lag: timedelta = HOUR) -> Channel:
        """The channel over it, as the registry sets it up."""

    def sell(
        self, references: Sequence[str], *, lines: int = 1, net: str = "10.00", placed_at: datetime = PLACED_AT
    ) -> None:
        """Sell good orders with these references at one moment, one after the other. NotSold: it cannot hold them.

        Each has `lines` lines of `net` and their tax. Sold anew after it was removed, a reference has the same key.
        """

    def change(self, reference: str) -> None:
        """Change an order as the shop does, in what an order is made of."""

    def remove(self, reference: str) -> None:
        """Remove every trace of an order."""


class AbleShop(Shop, Protocol):
    """One that is taken to have every ability: which of them a shop really has, `needs` sees."""

    folder: Path

    def selling(self, *references: str) -> AbstractContextManager[None]: ...

    def shake(self) -> None: ...

    def set_up_differently(self) -> None: ...

    def spoil(self) -> Iterator[str]: ...

    def connect(self) -> Any: ...


def needs(ability: str) -> Callable[[Test], Test]:
    """Marks a sentence that is tried only where the shop has this ability."""
    if ability not in ABILITIES:
        raise ValueError(ability)

    def marked(test: Test) -> Test:
        test.needs = ability  # type: ignore[attr-defined]
        return test

    return marked
