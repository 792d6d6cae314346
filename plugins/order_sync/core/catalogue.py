"""The error catalogue: what each code means, who fixes it, and how. Data, so that it grows without code.

Every code that an error, a problem or a verdict can carry stands here; a test compares. The page in the docs is
generated from it.
"""

from dataclasses import dataclass
from typing import Literal

Hint = Literal["yes", "maybe", "no"]


@dataclass(frozen=True, slots=True)
class Advice:
    """For one code: its meaning, the person who fixes the cause, what to do, and what happens to the order then.

    `kinds`: the kinds of the ERP's reference data whose change brings an order with this code back by itself.
    `hints_at_setup`: whether the ERP's set-up is the likely cause when it refuses many orders with this code. `maybe`:
    the code alone does not show whether the set-up or the order is wrong. `no`: the order itself is wrong, and no other
    order is stopped.
    """

    meaning: str
    fixer: str
    steps: str
    then: str
    kinds: tuple[str, ...] = ()
    hints_at_setup: Hint = "no"


_AGAIN = "It is validated again by itself when the ERP's data for this code changes, if the ERP provides that data."
_WAITS = "It stays Failed; a new version from the shop is validated by itself."
_PERSON = "A person decides; nothing is sent by itself."
_LOOKED_UP = "It is looked up in the ERP before anything is sent again."
_RETRIED = "No order is changed; the task, or a later run, tries again."

CATALOGUE: dict[str, Advice] = {
    "SKU_NOT_FOUND": Advice(
        "The ERP has no active article with this SKU.",
        "catalogue",
        "Create or activate it, or correct it in the shop.",
        _AGAIN,
        ("sku",),
    ),
    "SKU_NOT_SALABLE": Advice(
        "The ERP has the article, but it may not be sold there.",
        "catalogue",
        "Make it salable, or replace it in the shop.",
        _AGAIN,
        ("sku",),
    ),
    "CUSTOMER_NOT_FOUND": Advice(
        "The ERP has no active customer with this account, or guests have no account there.",
        "mapping",
        "Create or activate the customer; for guests set the channel's `guest_account` in the registry.",
        "It is validated again by itself when the ERP's data for this code changes, if the ERP provides that data, or"
        " when guests get an account.",
        ("customer",),
        hints_at_setup="maybe",
    ),
    "CURRENCY_MAPPING": Advice(
        "The ERP does not trade in this currency.",
        "finance",
        "Activate it in the ERP, or correct it in the shop.",
        _AGAIN,
        ("currency",),
        hints_at_setup="yes",
    ),
    "TAX_MAPPING": Advice(
        "The ERP does not have this tax code, or has it with another rate.",
        "finance",
        "Create or correct the tax in the ERP, or in the shop.",
        _AGAIN,
        ("tax",),
        hints_at_setup="yes",
    ),
    "COUNTRY_STATE_INVALID": Advice(
        "The country or state is not an ISO 3166 code that the ERP knows.",
        "source",
        "Correct it in the shop, or create it in the ERP.",
        _AGAIN,
        ("country", "state"),
    ),
    "ADDRESS_MISSING": Advice(
        "The order must be shipped, but its address is missing or incomplete.",
        "source",
        "Complete it in the shop; disregard the order if it is a test or was handed over in a store.",
        _WAITS,
    ),
    "ADDRESS_AMBIGUOUS": Advice(
        "The order ships to several addresses, but an order in the ERP has only one.",
        "source",
        "Leave one address in the shop, or enter the order by hand as `explain_order` prints it.",
        _WAITS,
    ),
    "INVOICE_ADDRESS_MISSING": Advice(
        "The ERP has no invoice address for this customer.",
        "mapping",
        "Add one to the customer in the ERP, and send the order again.",
        _WAITS,
    ),
    "ORDER_EMPTY": Advice("The order has no lines.", "source", "Complete it in the shop, or disregard it.", _WAITS),
    "LINES_MISSING": Advice(
        "Not all lines that the header announces arrived in time.",
        "source",
        "The channel's owner completes the transaction in its database.",
        _WAITS,
    ),
    "NOT_AUTOMATED": Advice(
        "The channel's orders are entered into the ERP by hand; its entry in the registry shows until when.",
        "support",
        "Enter it in the ERP as `explain_order` describes, and mark it as synced.",
        "It is not sent by itself, even after the channel is automated, unless the shop changes it after that.",
    ),
    "QTY_SIGN": Advice(
        "A quantity is zero or negative, or an amount is negative.", "source", "Correct it in the shop.", _WAITS
    ),
    "QTY_UOM": Advice(
        "The quantity has more decimals than the article's unit.",
        "catalogue",
        "Correct the quantity or the unit.",
        _AGAIN,
        ("sku",),
    ),
    "TOTALS_MISMATCH": Advice(
        "Lines, charges and taxes do not add up to the order's total, with the shop's taxes or with the ERP's tax"
        " rates.",
        "finance",
        "Correct it in the shop, or agree on the rate or the rounding.",
        _WAITS,
    ),
    "PRICE_PRECISION": Advice(
        "The ERP cannot store a unit price that gives the line's amount.",
        "finance",
        "Correct the amount in the shop, or enter the order in the ERP by hand.",
        _WAITS,
    ),
    "FIELD_INVALID": Advice(
        "A field's value has the wrong format, or the ERP does not accept it.",
        "source",
        "Correct it in the shop.",
        _WAITS,
    ),
    "FIELD_REQUIRED": Advice(
        "The ERP requires a field that is missing in the order.",
        "source",
        "Complete it in the shop.",
        _WAITS,
        hints_at_setup="maybe",
    ),
    "BAD_CHARACTERS": Advice(
        "A field contains a character that the ERP cannot store there.", "source", "Correct it in the shop.", _WAITS
    ),
    "RETURN_NOT_SUPPORTED": Advice(
        "It is a return, and this version does not send returns.",
        "finance",
        "Book it in the ERP by hand.",
        "It is counted, and never sent; the list of orders shows it under the status `not_an_order`.",
    ),
    "PARSE_ERROR": Advice("The channel's row cannot be read.", "integration", "Correct the channel's SQL.", _WAITS),
    "PERIOD_CLOSED": Advice(
        "The order's date is in a closed accounting period, or in no period.",
        "finance",
        "Open or reopen the period, if permitted.",
        _WAITS,
        hints_at_setup="yes",
    ),
    "REJECTED_BY_ERP": Advice(
        "The ERP refused the order for another reason; the ERP's text is kept with the order.",
        "ERP-admin",
        "Fix what the ERP's text describes.",
        _WAITS,
        hints_at_setup="maybe",
    ),
    "ORDER_CONFLICT": Advice(
        "Channel and ERP disagree about an order that the ERP has or may have; the text names the difference.",
        "source and ERP-admin",
        "Compare both, correct the one that is wrong, and decide with `resync_orders`.",
        _PERSON,
    ),
    "DUPLICATE_IN_ERP": Advice(
        "The ERP has more than one order with this key that is not cancelled.",
        "ERP-admin",
        "Cancel all but one of them in the ERP.",
        _PERSON,
    ),
    "CANCELLED_IN_ERP": Advice(
        "The order was cancelled in the ERP.", "ERP-admin", "Ask who cancelled it and why.", _PERSON
    ),
    "ORDER_BUSY": Advice(
        "The ERP cannot accept the order now: a person or a job is using a record that the order needs.",
        "nobody",
        "Nothing to do. If it continues, check in the ERP who has the record open, or which job is running.",
        "It stays Queued and is tried again a little later; other orders go on.",
    ),
    "OUTCOME_UNKNOWN": Advice(
        "The result of an attempt to send the order is not known until a look-up shows it.",
        "nobody",
        "Nothing to do: wait. If the ERP is often too slow during the day, set `off_peak` hours for it in the"
        " registry.",
        _LOOKED_UP,
    ),
    "PENDING_VERIFICATION": Advice(
        "The ERP has not confirmed the order within the window; if the ERP gave a text, it is kept.",
        "ERP-admin",
        "Check the ERP's queue and its error list.",
        "It is looked up again for 30 days, and becomes Successful when a look-up finds it confirmed.",
    ),
    "FILE_NO_ACK": Advice(
        "The order's file was written for the import, but no acknowledgement came within the window.",
        "ERP-admin",
        "Check the log of the ERP's import: an import may stop without a message at a file that it cannot read. Run"
        " it again, or mark the order as synced if the ERP has it.",
        "It is looked up again for 30 days, and becomes Successful when a look-up finds the acknowledgement.",
    ),
    "ERP_ACK_WITHOUT_ID": Advice(
        "The ERP confirms the order, but gives no number.", "ERP-admin", "Check the ERP's number sequence.", _LOOKED_UP
    ),
    "POISON": Advice(
        "All allowed attempts were made, and the ERP does not have the order, or has it only unfinished.",
        "ERP-admin",
        "Check the log of the push and the ERP's log.",
        "A person decides; only a new version from the shop is validated by itself.",
    ),
    "REFERENCE_TAKEN": Advice(
        "In the ERP, the order would get the same external reference as another order.",
        "support",
        "Enter it into the ERP by hand, without an external reference, and mark it as synced; tell support both keys.",
        "It stays Failed, and is never sent under the reference of another order.",
    ),
    "NOT_SENT": Advice(
        "The push ended before it sent this order.", "nobody", "Nothing to do.", "It is queued for the next push."
    ),
    "ERP_UNAVAILABLE": Advice(
        "The ERP cannot be reached, or is too slow to answer.",
        "ERP-admin",
        "Make it available again. If it is too slow during the day, set `off_peak` hours for it in the registry.",
        _RETRIED,
    ),
    "ANSWER_UNREADABLE": Advice(
        "The ERP, or a system between it and order-sync, sends an answer that this release cannot read.",
        "integration",
        "Check what was upgraded or added in between, and compare its answer with what the adapter expects.",
        _RETRIED,
    ),
    "RATE_LIMITED": Advice(
        "The ERP is rate-limiting requests, and requires a longer wait than a call waits by itself.",
        "nobody",
        "Lower ORDER_SYNC_SUBMIT_CONCURRENCY, or set `off_peak` hours for the ERP in the registry.",
        _RETRIED,
    ),
    "AUTH_EXPIRED": Advice(
        "The ERP does not accept the credentials.", "operations", "Renew the key in the connection.", _RETRIED
    ),
    "FORBIDDEN": Advice(
        "The ERP user of these credentials has no permission for this.",
        "ERP-admin",
        "Give the user the permission that the message names.",
        _RETRIED,
    ),
    "MISCONFIGURED": Advice(
        "A connection, a setting, the registry or a schema is wrong.",
        "operations",
        "Follow the message: it names what to correct.",
        _RETRIED,
    ),
    "EXTRACT_FAILED": Advice(
        "The channel cannot be read.", "operations", "Make the channel's database available again.", _RETRIED
    ),
    "LEDGER_UNAVAILABLE": Advice(
        "The ledger cannot be reached.",
        "operations",
        "Make its database available again.",
        "The task is tried once more and then fails; no order is changed, and the next run continues.",
    ),
    "REFERENCE_MISSING": Advice(
        "There is no copy of the ERP's reference data yet.",
        "operations",
        "Run check_reference_data once.",
        _RETRIED,
    ),
    "UNKNOWN": Advice(
        "This error is not in the catalogue yet.",
        "integration",
        "Read the text, and add its code here.",
        _LOOKED_UP,
        hints_at_setup="maybe",
    ),
}
