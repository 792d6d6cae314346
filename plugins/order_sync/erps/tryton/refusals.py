"""What Tryton's refusals mean: its own text, which code of ours it stands for, and without people's data.

Tryton has one status for all of them, so the text decides; it is asked for in English. It must not know any call.
"""

import re

from order_sync.core.errors import OrderRefused
from order_sync.core.hiding import without_address
from order_sync.core.orders import Order
from order_sync.erps.tryton.client import Declined

LONGEST = 500
"""Characters of Tryton's text that are kept."""

_NOT_VALID = r"is not valid according to its domain"
_CODES = tuple(
    (re.compile(pattern, re.DOTALL), code)
    for pattern, code in (
        (r"enter an? invoice address", "INVOICE_ADDRESS_MISSING"),
        (r"enter an? shipment address", "ADDRESS_MISSING"),
        (r"instead of the guest|for field \"Party\".* does not exist", "CUSTOMER_NOT_FOUND"),
        (r"number of digits .* for field \"Quantity\"", "QTY_UOM"),
        (r"number of digits .* for field \"Unit Price\"", "PRICE_PRECISION"),
        (r"for field \"Product\".* does not exist", "SKU_NOT_FOUND"),
        (rf"for field \"Product\".* {_NOT_VALID}", "SKU_NOT_SALABLE"),
        (r"for field \"Currency\".* does not exist", "CURRENCY_MAPPING"),
        (r"for field \"Taxe?s?\"|A tax can be added only once", "TAX_MAPPING"),
        (r"for field \"(Country|Subdivision)\"", "COUNTRY_STATE_INVALID"),
        (r"(create|reopen) (a|the) (period|fiscal year)", "PERIOD_CLOSED"),
        (r"A value is required", "FIELD_REQUIRED"),
        (r"contains some invalid chars", "BAD_CHARACTERS"),
        (rf"{_NOT_VALID}|exceeds the limit|is too long|not one of the allowed|does not exist", "FIELD_INVALID"),
    )
)
_PRIVATE_FIELD = re.compile(
    r'The value "[^"]*" for field "([^"]*(?:Address|Party|Contact|Name|Street|City|Postal)[^"]*)"'
)
_PRIVATE_RECORD = re.compile(r'in record "[^"]*" of "([^"]*(?:Address|Party|Contact)[^"]*)"')
_PRIVATE_NOUN = re.compile(r'\b(party|guest|address|contact) "[^"]*"')


def refused(step: str, declined: Declined, order: Order) -> OrderRefused:
    """The refusal of an order at a step, with Tryton's words and our code."""
    text = str(declined)
    code = next((code for pattern, code in _CODES if pattern.search(text)), "REJECTED_BY_ERP")
    return OrderRefused(f"{step}: {without_people(text, order)}"[:LONGEST], code=code)


def without_people(text: str, order: Order) -> str:
    """Tryton's text without the names and addresses that it quotes."""
    text = _PRIVATE_FIELD.sub(r'The value for field "\1"', text)
    text = _PRIVATE_RECORD.sub(r'in a record of "\1"', text)
    return without_address(_PRIVATE_NOUN.sub(r"\1", text), order)
