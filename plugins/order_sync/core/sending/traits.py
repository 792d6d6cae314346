"""What an adapter declares about its ERP. Flows and contract suite read it, and never check which ERP it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from order_sync.core.errors import Misconfigured
from order_sync.core.order.references import ANY_KEY, ReferenceField

Guarantee = Literal["unique_key", "searchable", "blind"]

Proof = Literal["gross", "net", "acceptance"]

Kind = Literal["sku", "customer", "tax", "currency", "country", "state"]
"""A kind of reference data."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Traits:
    """How an ERP behaves towards orders.

    Attributes:
        guarantee: what the ERP does about a second submit of a key.
        submit_seconds: the longest that one submit may take, with all its calls and all waiting between them. After
            that it is broken off, and the order is looked up.
        proof: what shows that a confirmed ERP order is the order that was sent: `gross`, its total with tax; `net`,
            its total without tax; `acceptance`, that the ERP accepted it: its total may be missing then.
        keys_a_call: how many orders one look-up gets at most.
        confirmed_states: which of the ERP's own states are proof that it has an order for good, unless the owner
            sets others; if empty, the look-up decides.
        may_confirm: the states among which the owner may choose.
        receipt_is_acceptance: whether a receipt with a number is all the proof that there will be.
        knows: the kinds of reference data that the ERP can provide. Codes of other kinds are not checked before
            sending.
        reference_by_code: the ERP is queried for the codes that orders name, instead of for everything it has.
        external_reference: what the ERP's field takes that orders are found by.
        looks_up: whether a look-up shows what the ERP has. With an ERP that cannot be queried it finds nothing, which
            proves nothing: only the receipt is known, and only the guarantee decides whether an order may be sent
            again.
    """

    guarantee: Guarantee
    submit_seconds: float = 240
    proof: Proof = "gross"
    keys_a_call: int = 500
    confirmed_states: tuple[str, ...] = ()
    may_confirm: tuple[str, ...] = ()
    receipt_is_acceptance: bool = False
    knows: frozenset[Kind] = frozenset(KINDS)
    reference_by_code: bool = False
    external_reference: ReferenceField = ANY_KEY
    looks_up: bool = True

    def confirmed_by(self, states: Sequence[str], erp: str) -> "Traits":
        """The same, with the states that the owner of the ERP takes for proof. Raises Misconfigured for others."""
        unknown = [state for state in states if state not in self.may_confirm]
        known = (
            f"the adapter allows {', '.join(self.may_confirm)}" if self.may_confirm else "the adapter allows no choice"
        )
        if unknown or not states:
            named = ", ".join(f"'{state}'" for state in unknown) or "empty"
            raise Misconfigured(f"ERP '{erp}': confirmed_states is {named}, but {known}: correct it in the registry")
        return replace(self, confirmed_states=tuple(states))
