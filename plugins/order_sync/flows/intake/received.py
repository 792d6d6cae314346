"""The received orders of a channel, made, in pages: what is validated, and whose codes the ERP is asked for."""

from collections.abc import Iterator, Sequence

from order_sync.core.order.maker import Made
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Entry
from order_sync.core.sending.route import Route

PAGE = 1000
"""Orders read, checked and written at a time."""


def received(route: Route, ledger: Ledger) -> Iterator[Sequence[tuple[Entry, Made]]]:
    """Pages of orders that are `received`, each with what it is made into."""
    after = None
    while entries := ledger.to_validate(route.channel, after, PAGE):
        after, now = entries[-1].key, ledger.now()
        yield [(entry, entry.make(route.guests, now)) for entry in entries]
