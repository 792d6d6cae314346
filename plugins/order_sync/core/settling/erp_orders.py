"""An order in the ERP, as a look-up shows it and as a list shows it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum


class ErpOrderState(StrEnum):
    """What kind of ERP order a look-up saw."""

    HALF_MADE = "half_made"
    TAKEN = "taken"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ErpOrder:
    """One ERP order under one OrderKey.

    `state` unknown: it is there, and nobody can say what its state means, or read what the ERP says of it. That proves
    nothing and disproves nothing; `text` says why, and of the rest only what could be read is given.

    Attributes:
        number: what people call it: its number; while the ERP has given none, another name that finds it there if it
            is half made or cancelled, else ''.
        erp_status: the ERP's own word for its state.
        total: with tax, or without where that is the ERP's proof; None where the ERP tells none.
        same_lines: whether its lines are the order's; None when that was not compared. Of one that is half made: those
            that it has so far.
        text: what the ERP says of its trouble, if anything.
        company: the ERP's own code or name of the company whose order it is; '' where it has one company only.
        code: of the catalogue, for why it proves nothing yet; '' for the usual one.
    """

    state: ErpOrderState
    number: str
    erp_status: str
    total: Decimal | None
    currency: str
    same_lines: bool | None = None
    text: str = ""
    company: str = ""
    code: str = ""

    @property
    def acknowledged_as(self) -> str | None:
        """What it changes about the number under which the ERP says to have the order; '' ends it, None nothing."""
        if self.state in (ErpOrderState.REFUSED, ErpOrderState.CANCELLED):
            return ""
        return (self.number or None) if self.state in (ErpOrderState.TAKEN, ErpOrderState.CONFIRMED) else None

    def as_proof(self, confirmed_states: Collection[str]) -> "ErpOrder":
        """The same, confirmed if it is in one of these states of the ERP; with none of them as the look-up says."""
        if not confirmed_states or self.state not in (ErpOrderState.TAKEN, ErpOrderState.CONFIRMED):
            return self
        proven = self.erp_status in confirmed_states
        return replace(self, state=ErpOrderState.CONFIRMED if proven else ErpOrderState.TAKEN)


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order as the ERP lists it: what people call it, and its external reference, '' for none.

    `begun`: it is a draft, a quotation or the like, which nobody ships as it is; what a look-up calls half made.
    `company`: as in a receipt.
    """

    number: str
    key: str
    cancelled: bool
    begun: bool
    company: str = ""
