"""The channel new_channel for tests: its database, and sales in it."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from order_sync import registry
from tests.support.shop import PLACED_AT
from tests.support.sql_shop import SqlShop

TABLES = Path(__file__).with_name("new_channel.sql")


class Shop(SqlShop):
    """The shop in a database of its own."""

    spec = registry.channel("new_channel")
    folder = registry.folder("sql", "channels", "new_channel")

    @staticmethod
    def create(dsn: str) -> None:
        """Make an empty shop in an empty database."""
        with psycopg.connect(dsn) as connection:
            connection.execute(TABLES.read_bytes())

    @staticmethod
    def add(
        connection: psycopg.Connection[Any],
        references: Iterable[str],
        *,
        lines: int = 1,
        net: str = "10.00",
        placed_at: datetime = PLACED_AT,
    ) -> None:
        """Add good orders within the connection's transaction, one after the other, each with `lines` lines of `net`.

        Its key comes from its reference, so that one that was removed and is added anew is the same.
        """
        tax = (Decimal(net) * 20 / 100).quantize(Decimal("0.01"))
        for reference in references:
            connection.execute(
                "<<insert an order of this reference, instant, number of lines and total>>",
                [reference, placed_at, lines, lines * (Decimal(net) + tax)],
            )
            connection.execute(
                "<<insert its lines, from generate_series(1, %s), of this net and tax>>", [reference, net, tax, lines]
            )

    def change(self, reference: str) -> None:
        """Change an order as the shop does: another day of delivery."""
        self.execute("<<change what the order is made of>>", [reference])

    def remove(self, reference: str) -> None:
        """Remove every trace of an order."""
        self.execute("<<delete the order and its lines>>", [reference])
