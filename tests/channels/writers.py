"""What the model test of reading a channel is made of: a shop's writers, and what becomes of their transactions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import psycopg

from order_sync.channels.sql import SqlChannel
from order_sync.core.intake.watermark import Watermark
from order_sync.core.ports.channel import Batch
from sandbox import shop
from sandbox.sales import PICK_UP, Sale, SoldLine
from tests.fixtures import dynamics_web

LATE_LINE = """
    insert into ax.retailtransactionsalestrans
        (channel, store, terminalid, transactionid, dataareaid, linenum, itemid, qty, netamount, dlvmode)
    values (%s, %s, %s, %s, %s, %s, 'SKU-0001', -1, %s, %s)"""
EDIT_HEADER = "update ax.retailtransactiontable set grossamount = %s where transactionid = %s"
EDIT_LINES = "update ax.retailtransactionsalestrans set netamount = %s where transactionid = %s"
CANCEL = "update ax.retailtransactiontable set entrystatus = 4 where transactionid = %s"


@dataclass(frozen=True)
class Sold:
    """A transaction in the channel; each of its lines comes to `net`."""

    promised: int
    present: int
    net: int
    cancelled: bool = False

    @property
    def total(self) -> int:
        """What its header says."""
        return self.net * self.promised

    @property
    def means(self) -> str:
        """What it is to the ledger."""
        return "no order" if self.cancelled else "an order" if self.present == self.promised else "waiting"

    def may(self, how: str) -> bool:
        """Whether the shop may still `complete`, `edit` or `cancel` it."""
        return not self.cancelled and (how != "complete" or self.present < self.promised)

    def sale(self, number: str) -> Sale:
        """The same as the shop writes it."""
        return Sale(
            number=number,
            reference=f"W{number}",
            placed_at=dynamics_web.PLACED_AT,
            currency="EUR",
            lines=(SoldLine("SKU-0001", Decimal(1), Decimal(self.net), "", Decimal(0)),) * self.present,
            customer="C-0001",
            delivery_mode=PICK_UP,
            status=4 if self.cancelled else 0,
            lines_to_come=self.promised - self.present,
            total=Decimal(self.total),
        )


@dataclass(frozen=True)
class Read:
    """A transaction as a run read it last, and the number of the database that it was in."""

    sold: Sold
    database: int
    conflict: bool = False

    def again(self, sold: Sold, database: int) -> "Read":
        """As it is after one more reading. A conflict stays one until a person decides."""
        return Read(sold, database, self.conflict or (database != self.database and sold != self.sold))

    @property
    def means(self) -> str:
        """What it is to the ledger."""
        return "a conflict" if self.conflict else self.sold.means


@dataclass
class Writer:
    """A connection of the shop's, and what it wrote since its last commit."""

    connection: psycopg.Connection[Any]
    written: dict[str, Sold] = field(default_factory=dict)

    def sell(self, number: str, sold: Sold) -> None:
        """Make a transaction."""
        shop.write(self.connection, [sold.sale(number)])
        self.written[number] = sold

    def complete(self, number: str, sold: Sold) -> None:
        """Write the lines that its header promises and that are not there."""
        for line in range(sold.present + 1, sold.promised + 1):
            self.connection.execute(LATE_LINE, [*sold.sale(number).key, line, -sold.net, PICK_UP])
        self.written[number] = replace(sold, present=sold.promised)

    def edit(self, number: str, sold: Sold) -> None:
        """Raise its price."""
        dearer = replace(sold, net=sold.net + 1)
        self.connection.execute(EDIT_HEADER, [-dearer.total, number])
        self.connection.execute(EDIT_LINES, [-dearer.net, number])
        self.written[number] = dearer

    def cancel(self, number: str, sold: Sold) -> None:
        """Cancel it."""
        self.connection.execute(CANCEL, [number])
        self.written[number] = replace(sold, cancelled=True)

    def commit(self) -> dict[str, Sold]:
        """What others see from now on."""
        self.connection.commit()
        written, self.written = self.written, {}
        return written

    def roll_back(self) -> None:
        """Undo all since the last commit."""
        self.connection.rollback()
        self.written = {}


@dataclass
class Disturbed:
    """A channel with which something happens before it gives its batch of that number; `landed` are those before."""

    channel: SqlChannel
    batch: int
    happen: Callable[[], None]
    landed: list[str] = field(default_factory=list)

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        """The channel's batches."""
        for number, batch in enumerate(self.channel.transactions(since)):
            if number == self.batch:
                self.happen()
            yield batch
            self.landed += [each.key.parts[3] for each in batch.transactions]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.channel, name)
