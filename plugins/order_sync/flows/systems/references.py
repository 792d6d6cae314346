"""Short references, which orders bear in an ERP that does not take our keys: kept, told apart, and mapped back.

An ERP that takes our keys costs nothing here. What the ledger does not know, since it was restored, is computed: of the
orders at hand and of the open ones, never of all.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from order_sync.core.life.lifecycle import Event, step
from order_sync.core.order.maker import Made
from order_sync.core.order.model import Order, OrderKey, Problem
from order_sync.core.order.references import is_short, short_of
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Change, Entry
from order_sync.core.sending.receipts import Sent
from order_sync.core.sending.route import Route
from order_sync.core.settling.erp_orders import ListedOrder

MOST = 100_000
"""Open orders of a channel whose short references are computed, the newest."""

CODE = "REFERENCE_TAKEN"


def by_our_keys(
    rows: Collection[ListedOrder], route: Route, ledger: Ledger, at_hand: Iterable[Order] = ()
) -> Sequence[ListedOrder]:
    """The ERP's orders with our keys in the place of the short references that they bear, as far as these are ours."""
    keys = {order.short_reference: order.key for order in at_hand if order.short_reference}
    if asked := {row.key for row in rows if is_short(row.key)} - keys.keys():
        keys |= ledger.keys_of(route.erp, asked)
    if unknown := asked - keys.keys():
        open_ones = {short_of(key): key for key in ledger.unreferenced(route.channel, MOST)}
        found = {open_ones[reference]: reference for reference in unknown & open_ones.keys()}
        ledger.keep_references(route.erp, found)
        keys |= {reference: key for key, reference in found.items()}
    return [replace(row, key=str(keys[row.key])) if row.key in keys else row for row in rows]


def in_our_keys(typed: Sequence[str], erps: Iterable[str], ledger: Ledger) -> Sequence[str]:
    """What a person typed as keys, with our key in the place of each short reference that an order bears in an ERP."""
    asked = {text.strip().upper() for text in typed if is_short(text.strip().upper())}
    keys = {reference: str(key) for erp in erps for reference, key in ledger.keys_of(erp, asked).items()}
    return [keys.get(text.strip().upper(), text) for text in typed]


def keep_found(
    erp: str, entries: Sequence[Entry], sent: Sequence[Sent], there: Collection[OrderKey], ledger: Ledger
) -> None:
    """Remember the short references of orders that are `there`, in the ERP, and that a lost ledger sent."""
    shown = {
        entry.key: each.order.short_reference
        for entry, each in zip(entries, sent, strict=True)
        if each.order.short_reference and entry.short_reference is None and entry.key in there
    }
    if shown:
        ledger.keep_references(erp, shown)


def of_another_order(orders: Iterable[tuple[Entry, Made]], erp: str, ledger: Ledger) -> Sequence[Change]:
    """The failures of those whose short reference another order has: the ERP could not tell one from the other."""
    short = [(entry, made.order.short_reference) for entry, made in orders if made.order.short_reference]
    if not short:
        return []
    owners = dict(ledger.keys_of(erp, {reference for _, reference in short}))
    return [
        _failed(entry, reference, owner)
        for entry, reference in short
        if (owner := owners.setdefault(reference, entry.key)) != entry.key
    ]


def _failed(entry: Entry, reference: str, owner: OrderKey) -> Change:
    message = (
        f"its external reference would be {reference}, and the order {owner} has that one: it is not sent; enter it"
        " into the ERP by hand, without an external reference, and mark it as synced"
    )
    problem = Problem(CODE, "key", str(entry.key), message)
    stands = (entry.key, entry.generation, entry.status, Event.INVALID, step(entry.status, Event.INVALID))
    return Change(*stands, CODE, message, problems=(problem,))
