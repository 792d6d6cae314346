"""The one place where an order is made: of a transaction as it is stored, and of what else is known.

Validate, push, settle, resync, backfill and the print-out ask here, so that all of them see the same order. What is
known besides the transaction is one parameter each, and a part of the revision.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from order_sync.core.order.model import Transaction
from order_sync.core.order.parsing import Reading, read_order


@dataclass(frozen=True, slots=True)
class GuestPolicy:
    """Who buys without a customer account: `account` takes such orders; None refuses them."""

    account: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an order was made of.

    Attributes:
        version, digest: of the transaction, as the ledger counts its versions.
        revision: names what was known besides. The same name means the same content.
    """

    version: int
    digest: str
    revision: str


@dataclass(frozen=True, slots=True)
class Made(Reading):
    """An order as far as it could be made, the problems that stand against it, and what it was made of."""

    provenance: Provenance


def make(transaction: Transaction, guests: GuestPolicy, now: datetime, version: int = 1) -> Made:
    """The order that a transaction stands for. `version` says which one of its order it is."""
    reading = read_order(transaction, guests.account, now)
    provenance = Provenance(version, transaction.digest, revision(guests))
    return Made(reading.order, reading.problems, reading.sound_money, provenance)


@lru_cache(maxsize=64)
def revision(guests: GuestPolicy) -> str:
    """A short name for what is known besides a transaction."""
    known = json.dumps({"guest_account": guests.account}, sort_keys=True)
    return sha256(known.encode()).hexdigest()[:12]
