"""What the ledger gives and takes: orders as it knows them, and what changes about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.maker import GuestPolicy, Made, make
from order_sync.core.order.model import Order, OrderKey, Problem, Transaction
from order_sync.core.order.references import ReferenceField, addressed
from order_sync.core.sending.receipts import Receipt, Sent
from order_sync.core.settling.verdict import InDoubt


@dataclass(frozen=True, slots=True)
class Landing:
    """A transaction and its disposition, `received`, `waiting` or `not_an_order`; `keep_body`: its content too."""

    transaction: Transaction
    status: Status
    reason: str = ""
    placed_at: datetime | None = None
    keep_body: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """An order as the ledger knows it. `generation` changes with every claim and every new fact about the order.

    Attributes:
        doubt: what a verdict needs: of an order in doubt, and of one that was sent and given up.
        version: which version of its order the transaction is.
        sent: the order as the ERP has it or may have it: as the last attempt sent it. None if it was never sent, if the
            ERP refused it or surely does not have it, if the channel changed it since, and if nothing of it was kept.
        acknowledged_as: the number under which the ERP said that it has the order, and nothing since took it back.
        sent_at: when it was last sent, as far as anybody knows.
        short_reference: under which short reference it was sent, or was found; '' if under its key, None if it was
            never sent, or only refused.
    """

    key: OrderKey
    status: Status
    generation: int
    transaction: Transaction
    received_at: datetime
    doubt: InDoubt | None = None
    refusals: int = 0
    version: int = 1
    sent: Made | None = None
    acknowledged_as: str = ""
    sent_at: datetime | None = None
    short_reference: str | None = None

    def make(self, guests: GuestPolicy, now: datetime) -> Made:
        """The order as it would be sent now."""
        return make(self.transaction, guests, now, self.version)

    def as_sent(self, guests: GuestPolicy, now: datetime, field: ReferenceField) -> Made:
        """The order to compare the ERP's with, and to finish what was begun: as it was sent, else as it is made now.

        It keeps the reference that the ERP knows it by, whatever `field` takes by now.
        """
        if self.sent:
            return self.sent
        made = self.make(guests, now)
        if self.short_reference is None:
            return replace(made, order=addressed(made.order, field))
        return replace(made, order=replace(made.order, short_reference=self.short_reference))

    def to_look_up(self, guests: GuestPolicy, now: datetime, field: ReferenceField) -> Sent:
        """What a look-up is given of it."""
        return Sent(self.as_sent(guests, now, field).order, self.acknowledged_as, self.sent_at)


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one order, applied only if its status and generation are still those that were read.

    `event` None notes a look that found nothing definite. `erp_company` is the company of the number, as the ERP names
    it; '' leaves it as it is. `acknowledged_as` is the number under which the ERP says that it has the order; '' takes
    that back, None leaves it as it is. `by_receipt`: what proves it is a receipt, and nobody looked.
    """

    key: OrderKey
    generation: int
    from_status: Status
    event: Event | None = None
    to_status: Status | None = None
    code: str | None = None
    message: str = ""
    problems: tuple[Problem, ...] = ()
    order: Order | None = None
    erp_number: str = ""
    erp_status: str = ""
    next_look_at: datetime | None = None
    acknowledged_as: str | None = None
    erp_company: str = ""
    by_receipt: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """Orders that one push alone may send, until `lease_seconds` after the claim was asked for."""

    entries: Sequence[Entry]
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that the ERP refused: with which code, and what it said."""

    key: OrderKey
    generation: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: the event for the order (None: unknown, it stays `sending`), and the evidence.

    `cured_by`: of a refusal, the reference data (`kind:code`) whose change may cure it. `retry_after`: of one that was
    not sent, how long it waits before it may be sent; None: not at all.
    """

    key: OrderKey
    generation: int
    event: Event | None
    code: str | None = None
    message: str = ""
    receipt: Receipt | None = None
    cured_by: tuple[str, ...] = ()
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Horizon:
    """Of a channel's orders in doubt: when the next look is due, and when the last of their windows ends."""

    next_look_at: datetime | None
    last_window_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A window of a channel beside the ledger: how many rows were compared, and the keys of those that differ.

    Attributes:
        missing: the channel has it and the ledger has not.
        changed: both have it, with another digest.
        gone: the ledger has it and the channel no longer.
    """

    compared: int
    missing: Sequence[OrderKey]
    changed: Sequence[OrderKey]
    gone: Sequence[OrderKey]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands in the ledger, whether it was ever sent or is done by hand, and its ERP number and company.

    `awaited`: a look-up is still to come that settles it, and is not overdue by more than a day.
    """

    status: Status
    generation: int
    sent: bool
    erp_number: str
    awaited: bool
    erp_company: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An order that a person means, with its last error. `placed_at` is its landing where the channel gives none."""

    key: OrderKey
    status: Status
    code: str | None
    message: str
    placed_at: datetime
    erp_number: str
