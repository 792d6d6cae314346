"""What the rules ask of an ERP's reference data, and what the ERP knows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.order.model import Charge, Line, Order
from order_sync.core.order.parsing import is_code
from order_sync.core.sending.traits import KINDS, Kind

Wanted = tuple[str, str]
"""A kind of reference data (`traits.Kind`) and a code of it."""


Facts = Mapping[str, object]


NOTHING_TOLD: Facts = {}


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """What the ERP knows, as of one moment: for each kind and code the facts that the rules ask for.

    Facts by kind: `sku` {"salable": bool, "digits": decimals its unit allows}, `tax` {"rate": percent as text},
    `currency` {"digits": int}; `customer`, `country` and `state` need none. A `state` is `DE-NW`; no rule asks for it.
    A fact that the ERP leaves out is not judged.

    Attributes:
        facts: None for a code that the ERP was asked for and does not have.
        whole: everything that the ERP has: it does not have what is not here. If not, what is not here was never asked.
        knows: the kinds that the ERP can tell. Nothing is known of any code of another kind.
    """

    facts: Mapping[Wanted, Facts | None]
    as_of: datetime
    whole: bool = True
    knows: frozenset[Kind] = frozenset(KINDS)

    def get(self, kind: str, code: str) -> Facts | None:
        """The facts of one code, or None when the ERP does not have it. Nobody has an empty code."""
        return NOTHING_TOLD if code and kind not in self.knows else self.facts.get((kind, code))

    def never_asked(self, wanted: Collection[Wanted]) -> set[Wanted]:
        """Those of which nobody can say yet whether the ERP has them."""
        if self.whole:
            return set()
        return {(kind, code) for kind, code in wanted if kind in self.knows and (kind, code) not in self.facts}


def wanted(order: Order) -> set[Wanted]:
    """The reference data that the rules will ask for: to be read in bulk for many orders."""
    codes = {("currency", order.currency), ("customer", order.customer_account)}
    codes |= {("sku", line.sku) for line in order.lines} | {("sku", charge.code) for charge in order.charges}
    codes |= {("tax", item.tax_code) for item in taxed(order) if item.tax_code}
    if order.ship_to:
        codes.add(("country", order.ship_to.country))
    return {(kind, code) for kind, code in codes if is_code(code)}


def not_told(named: Collection[Wanted], reference: ReferenceData) -> set[Kind]:
    """The kinds of these codes that the ERP cannot tell, so that no rule judges them."""
    return {kind for kind in KINDS if kind not in reference.knows and any(kind == each for each, _ in named)}


def cures(code: str, order: Order, knows: Collection[Kind]) -> tuple[str, ...]:
    """What of the ERP's reference data, as `kind:code`, may cure a refusal of the order with this code.

    Only what the ERP `knows` can be seen to change.
    """
    named = wanted(order)
    if order.ship_to and order.ship_to.state:
        named.add(("state", f"{order.ship_to.country}-{order.ship_to.state}"))
    kinds = CATALOGUE[code].kinds if code in CATALOGUE else ()
    return tuple(sorted(f"{kind}:{each}" for kind, each in named if kind in kinds and kind in knows))


def taxed(order: Order) -> tuple[Line | Charge, ...]:
    return (*order.lines, *order.charges)
