"""What an adapter says about its ERP. Flows and contract suite read it, and never ask which ERP it is."""

from dataclasses import dataclass
from typing import Literal

Guarantee = Literal["unique_key", "searchable", "blind"]

Proof = Literal["gross", "net", "acceptance"]


@dataclass(frozen=True, slots=True)
class Traits:
    """How an ERP behaves towards orders.

    Attributes:
        guarantee: what the ERP does about a second submit of a key.
        submit_seconds: the longest that one submit may take, with all its calls and all waiting between them. After
            that it is broken off, and the order is looked up.
        proof: what shows that a confirmed ERP order is the order that was sent: `gross`, its total with tax; `net`,
            its total without tax; `acceptance`, that the ERP accepted it: its total may be missing then.
        keys_a_call: how many orders one look-up is asked for at most.
    """

    guarantee: Guarantee
    submit_seconds: float = 240
    proof: Proof = "gross"
    keys_a_call: int = 500
