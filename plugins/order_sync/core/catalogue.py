"""The error catalogue: what each code means, who mends it, and how. Data, so that it grows without code.

Every code that an error, a problem or a verdict can carry stands here; a test compares. The page in the docs is
generated from it.
"""

from dataclasses import dataclass
from typing import Literal

Hint = Literal["yes", "maybe", "no"]


@dataclass(frozen=True, slots=True)
class Advice:
    """For one code: its meaning, the person who mends the cause, what to do, and what happens to the order then.

    `kinds`: the kinds of the ERP's reference data whose change brings an order with this code back by itself.
    `hints_at_setup`: whether the ERP's set-up is the likely cause when it refuses many orders with this code. `maybe`:
    the code says as little of the set-up as of the order. `no`: it is the order's own trouble, and stops no other.
    """

    meaning: str
    fixer: str
    steps: str
    then: str
    kinds: tuple[str, ...] = ()
    hints_at_setup: Hint = "no"


_AGAIN = "It is validated again by itself when the ERP's data of that code changes, if the ERP can tell it."
_WAITS = "It stays Failed; a new version from the shop is validated by itself."
_PERSON = "A person decides; nothing is sent by itself."
_LOOKED_UP = "It is looked up in the ERP before anything is sent again."
_RETRIED = "No order is touched; the task, or a later run, tries again."

CATALOGUE: dict[str, Advice] = {
    "SKU_NOT_FOUND": Advice(
        "The ERP has no active article with this SKU.",
        "catalogue",
        "Create or activate it, or correct it in the shop.",
        _AGAIN,
        ("sku",),
    ),
    "SKU_NOT_SALABLE": Advice(
        "The ERP has the article and does not sell it.",
        "catalogue",
        "Make it salable, or replace it in the shop.",
        _AGAIN,
        ("sku",),
    ),
    "CUSTOMER_NOT_FOUND": Advice(
        "The ERP has no active customer with this account, or guests have no account there.",
        "mapping",
        "Create or activate the customer; for guests set the channel's `guest_account` in the registry.",
        "It is validated again by itself when the ERP's data of that code changes, if the ERP can tell it, or when"
        " guests get an account.",
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
        "A tax code or its rate is not the ERP's.",
        "finance",
        "Create or correct the tax in the ERP, or in the shop.",
        _AGAIN,
        ("tax",),
        hints_at_setup="yes",
    ),
    "COUNTRY_STATE_INVALID": Advice(
        "The country, or its state, is no ISO 3166 code that the ERP knows.",
        "source",
        "Correct it in the shop, or create it in the ERP.",
        _AGAIN,
        ("country", "state"),
    ),
    "ADDRESS_MISSING": Advice(
        "The order ships and its address is missing or incomplete.",
        "source",
        "Complete it in the shop; disregard the order if it is a test or was handed over in a store.",
        _WAITS,
    ),
    "ADDRESS_AMBIGUOUS": Advice(
        "The order ships to several addresses, and the ERP's order has one.",
        "source",
        "Leave one address in the shop, or enter the order by hand as `explain_order` prints it.",
        _WAITS,
    ),
    "INVOICE_ADDRESS_MISSING": Advice(
        "The ERP has no address for invoices of this customer.",
        "mapping",
        "Add one to the customer in the ERP, and send the order again.",
        _WAITS,
    ),
    "ORDER_EMPTY": Advice("The order has no lines.", "source", "Complete it in the shop, or disregard it.", _WAITS),
    "LINES_MISSING": Advice(
        "The header promised more lines than came in time.",
        "source",
        "The channel's owner completes the transaction in its database.",
        _WAITS,
    ),
    "NOT_AUTOMATED": Advice(
        "The channel's orders are entered into the ERP by hand; its entry in the registry says until when.",
        "support",
        "Enter it in the ERP as `explain_order` says, and mark it as synced.",
        "It is not sent by itself, also not once the channel is automated, unless the shop changes it then.",
    ),
    "QTY_SIGN": Advice(
        "A sale with a negative or zero quantity or amount.", "source", "Correct it in the shop.", _WAITS
    ),
    "QTY_UOM": Advice(
        "The quantity has more decimals than the article's unit.",
        "catalogue",
        "Correct the quantity or the unit.",
        _AGAIN,
        ("sku",),
    ),
    "TOTALS_MISMATCH": Advice(
        "Lines, charges and taxes do not give the order's total, by the shop's sums or by the ERP's tax rates.",
        "finance",
        "Correct it in the shop, or agree on the rate or the rounding.",
        _WAITS,
    ),
    "PRICE_PRECISION": Advice(
        "No unit price that the ERP can hold gives the line's amount.",
        "finance",
        "Correct the amount in the shop, or enter the order in the ERP by hand.",
        _WAITS,
    ),
    "FIELD_INVALID": Advice(
        "A field cannot be read as what it should be, or the ERP does not take its value.",
        "source",
        "Correct it in the shop.",
        _WAITS,
    ),
    "FIELD_REQUIRED": Advice(
        "The ERP asks for a field that the order lacks.",
        "source",
        "Complete it in the shop.",
        _WAITS,
        hints_at_setup="maybe",
    ),
    "BAD_CHARACTERS": Advice(
        "A field holds a character that the ERP does not store there.", "source", "Correct it in the shop.", _WAITS
    ),
    "RETURN_NOT_SUPPORTED": Advice(
        "A return, which this version does not send.",
        "finance",
        "Book it in the ERP by hand.",
        "It is counted, and never sent; the list of orders shows it under the status `not_an_order`.",
    ),
    "PARSE_ERROR": Advice("The channel's row cannot be read.", "integration", "Correct the channel's SQL.", _WAITS),
    "PERIOD_CLOSED": Advice(
        "The order's date lies in a closed period, or in none.",
        "finance",
        "Open or reopen the period, if permitted.",
        _WAITS,
        hints_at_setup="yes",
    ),
    "REJECTED_BY_ERP": Advice(
        "The ERP refused the order for a reason of its own; its text is kept.",
        "ERP-admin",
        "Mend what the text says.",
        _WAITS,
        hints_at_setup="maybe",
    ),
    "ORDER_CONFLICT": Advice(
        "Channel and ERP disagree about an order that the ERP has or may have; the text says in what.",
        "source and ERP-admin",
        "Compare both, correct the one that is wrong, and decide with `resync_orders`.",
        _PERSON,
    ),
    "DUPLICATE_IN_ERP": Advice(
        "The ERP holds more than one live order of this key.",
        "ERP-admin",
        "Cancel all but one of them in the ERP.",
        _PERSON,
    ),
    "CANCELLED_IN_ERP": Advice(
        "Somebody cancelled it in the ERP.", "ERP-admin", "Ask who cancelled it and why.", _PERSON
    ),
    "ORDER_BUSY": Advice(
        "The ERP does not take the order now: somebody or something is at work on a record that it needs.",
        "nobody",
        "Nothing; if it goes on, look in the ERP for who has the record open, or which job runs.",
        "It stays Queued and is tried again a little later; other orders go on.",
    ),
    "OUTCOME_UNKNOWN": Advice(
        "What became of a try to send it is not known until a look-up tells.",
        "nobody",
        "Nothing; wait. If the ERP is often too slow by day, give it `off_peak` hours in the registry.",
        _LOOKED_UP,
    ),
    "PENDING_VERIFICATION": Advice(
        "The ERP has not confirmed it within the window; its own text is kept if it gave one.",
        "ERP-admin",
        "Look at the ERP's queue and its error list.",
        "It is looked up again, for 30 days, and becomes Successful when a look finds it confirmed.",
    ),
    "FILE_NO_ACK": Advice(
        "The order's file was dropped, and within the window nobody acknowledged it.",
        "ERP-admin",
        "Look at the log of the ERP's import: an import may stop at a file that it cannot read, and say nothing. Let it"
        " run again, or mark the order as synced if the ERP has it.",
        "It is looked up again, for 30 days, and becomes Successful when a look finds the acknowledgement.",
    ),
    "ERP_ACK_WITHOUT_ID": Advice(
        "The ERP confirms the order and gives no number.", "ERP-admin", "Look at the ERP's number sequence.", _LOOKED_UP
    ),
    "POISON": Advice(
        "It was tried as often as is allowed, and the ERP does not have it, or has it only begun.",
        "ERP-admin",
        "Look in the log of the push and in the ERP's.",
        "A person decides; by itself only a new version from the shop is validated.",
    ),
    "REFERENCE_TAKEN": Advice(
        "In the ERP the order would have the external reference of another order.",
        "support",
        "Enter it into the ERP by hand, without an external reference, and mark it as synced; tell support both keys.",
        "It stays Failed, and is never sent under the reference of another order.",
    ),
    "NOT_SENT": Advice("The push ended before its turn.", "nobody", "Nothing.", "It is queued for the next push."),
    "ERP_UNAVAILABLE": Advice(
        "The ERP cannot be reached, or is too slow to answer.",
        "ERP-admin",
        "Bring it back; if it is too slow by day, give it `off_peak` hours in the registry.",
        _RETRIED,
    ),
    "ANSWER_UNREADABLE": Advice(
        "The ERP, or something between us and it, answers with what this release cannot read.",
        "integration",
        "Look at what was upgraded or put in between, and compare what it answers with what the adapter reads.",
        _RETRIED,
    ),
    "RATE_LIMITED": Advice(
        "The ERP limits how many calls it answers, and asks to wait for longer than a call waits by itself.",
        "nobody",
        "Lower ORDER_SYNC_SUBMIT_CONCURRENCY, or give the ERP `off_peak` hours in the registry.",
        _RETRIED,
    ),
    "AUTH_EXPIRED": Advice(
        "The ERP does not accept the credentials.", "operations", "Renew the key in the connection.", _RETRIED
    ),
    "FORBIDDEN": Advice(
        "The credentials may not do this in the ERP.", "ERP-admin", "Give the user the permission named.", _RETRIED
    ),
    "MISCONFIGURED": Advice(
        "A connection, a setting, the registry or a schema is wrong.",
        "operations",
        "Do what the sentence says.",
        _RETRIED,
    ),
    "EXTRACT_FAILED": Advice(
        "The channel cannot be read.", "operations", "Bring the channel's database back.", _RETRIED
    ),
    "LEDGER_UNAVAILABLE": Advice(
        "The ledger cannot be reached.",
        "operations",
        "Bring its database back.",
        "The task is tried once more and is red then; no order is touched, and the next run goes on.",
    ),
    "REFERENCE_MISSING": Advice(
        "There is no copy of the ERP's reference data yet.",
        "operations",
        "Let check_reference_data run once.",
        _RETRIED,
    ),
    "UNKNOWN": Advice(
        "Nobody has met this yet.",
        "integration",
        "Read the text, and add its code here.",
        _LOOKED_UP,
        hints_at_setup="maybe",
    ),
}
