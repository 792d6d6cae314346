"""A channel under test over its shop, and how the suite reads it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from inspect import signature
from typing import Any

from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import Transaction
from order_sync.core.order.parsing import Reading, read_order
from order_sync.core.ports.channel import Batch, Channel
from tests.support.shop import HOUR, PLACED_AT, AbleShop, NotSold

ASKED = ("Shop",)
"""What a channel's fixture must have."""

PARTS = ("spec", "server", "installed", "another", "channel", "sell", "change", "remove")
"""What the class must have."""

CALLED_WITH = {
    "channel": ("batch_size", "settle_lag"),
    "sell": ("lines", "net", "placed_at"),
    "add": ("lines", "net", "placed_at"),
}
"""And what these must take by name, where it has them."""

START = Watermark("database")
AT_ONCE = timedelta(0)


def lacks(kind: type) -> list[str]:
    """What a fixture's shop lacks, and what its functions do not take and should, in words."""
    found = [f"Shop has no {part}" for part in PARTS if not hasattr(kind, part)]
    for function, names in CALLED_WITH.items():
        parameters = signature(getattr(kind, function)).parameters if hasattr(kind, function) else {}
        anything = not parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())
        found += [f"{function} takes no {name}" for name in names if not anything and name not in parameters]
    return found


@dataclass(frozen=True)
class Subject:
    """A channel and its shop. `mistake` breaks the channel, to see whether a test notices."""

    shop: AbleShop
    mistake: Callable[[Channel], Channel] = lambda channel: channel

    def channel(self, batch_size: int = 500, settle_lag: timedelta = HOUR) -> Channel:
        return self.mistake(self.shop.channel(batch_size=batch_size, settle_lag=settle_lag))

    @contextmanager
    def another(self) -> Iterator["Subject"]:
        """The same channel over another shop."""
        with self.shop.another() as shop:
            yield replace(self, shop=shop)

    def add(self, *references: str, **how: Any) -> None:
        """Sell all of these at one moment."""
        self.shop.sell(references, **how)

    def may_add(self, reference: str, **how: Any) -> bool:
        """Sell what the shop itself may refuse, or have no place for; whether it was sold."""
        try:
            self.shop.sell([reference], **how)
        except NotSold:
            return False
        return True

    def change(self, reference: str) -> None:
        self.shop.change(reference)

    def remove(self, reference: str) -> None:
        self.shop.remove(reference)

    def batches(self, since: Watermark = START, batch_size: int = 500, settle_lag: timedelta = HOUR) -> list[Batch]:
        """What one extract reads."""
        return list(self.channel(batch_size, settle_lag).transactions(since))

    def read(self, since: Watermark = START, settle_lag: timedelta = HOUR) -> tuple[list[Transaction], Watermark]:
        """The transactions that one extract reads, and the newest mark."""
        batches = self.batches(since, settle_lag=settle_lag)
        return [transaction for batch in batches for transaction in batch.transactions], batches[-1].watermark

    def read_again(self, transactions: Iterable[Transaction]) -> list[Transaction]:
        """These as they are now."""
        batches = self.channel().read_again([each.key for each in transactions])
        return [transaction for batch in batches for transaction in batch]

    def sold(self, reference: str, **how: Any) -> Transaction:
        """Sell one, the first of the shop, and read it."""
        self.add(reference, **how)
        (transaction,), _ = self.read()
        return transaction

    def reading(self, transaction: Transaction) -> Reading:
        """The order that it becomes."""
        return read_order(transaction, "GUEST", PLACED_AT + timedelta(days=365))

    def settled(self) -> Watermark:
        """The mark once an extract finds nothing to read any more. Without a counter, that is once the lag is over."""
        _, mark = self.read()
        lag = HOUR if mark.samples else AT_ONCE
        for _ in range(3):
            transactions, mark = self.read(mark, lag)
            if not transactions:
                return mark
        raise AssertionError("the same transactions are read again and again, although nothing changes any more")


def references(transactions: Iterable[Transaction]) -> list[str]:
    """What people search each by."""
    return [transaction.reference or transaction.receipt for transaction in transactions]


def digests(transactions: Iterable[Transaction]) -> dict[str, str]:
    """The digest of each, by what people search it by."""
    transactions = list(transactions)
    return dict(zip(references(transactions), [each.digest for each in transactions], strict=True))
