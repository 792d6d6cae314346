"""What is sent and looked up, and what the ERP answers at once."""

from dataclasses import dataclass
from datetime import datetime

from order_sync.core.order.model import Order


@dataclass(frozen=True, slots=True)
class Receipt:
    """The ERP's immediate answer to a submit: it has the order; nothing is proven yet.

    `company` is the ERP's own code or name of the company whose order it is; '' where it has one company only.
    """

    number: str
    erp_status: str
    company: str = ""


Answer = Receipt | BaseException
"""What came of one order of a submit of many: its receipt, or the error that a submit of it alone would raise."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An order that is looked up, and what is known of its sending.

    Attributes:
        order: as it was sent; as it would be sent now if it never was.
        number: under which the ERP said that it has the order; '' if it said none.
        at: when it was last sent, UTC; None if it never was, as far as anybody knows. An earlier sending may have made
            an ERP order before that.
    """

    order: Order
    number: str = ""
    at: datetime | None = None
