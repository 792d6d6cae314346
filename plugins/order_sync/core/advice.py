"""The error catalogue: what each code means, who mends it, and how. Data, so that it grows without code.

Every code that an error, a problem or a verdict can carry stands here; a test compares. The page in the docs is
generated from it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """For one code: its meaning, the person who mends the cause, what to do, and what happens to the order then.

    `kinds`: the kinds of the ERP's reference data whose change brings an order with this code back by itself.
    """

    meaning: str
    fixer: str
    steps: str
    then: str
    kinds: tuple[str, ...] = ()


_AGAIN = "It is validated again by itself when the ERP's data of that code changes."
_WAITS = "It stays Failed; a new version from the shop is validated by itself."
_PERSON = "A person decides; nothing is sent by itself."
_LOOKED_UP = "It is looked up in the ERP before anything is sent again."
_RETRIED = "No order is touched; the task comes back and the orders stay queued."

CATALOGUE: dict[str, Advice] = {
    "SKU_NOT_FOUND": Advice(
        "The article is not in the ERP.", "catalogue", "Create the SKU, or fix the typo.", _AGAIN, ("sku",)
    ),
    "SKU_NOT_SALABLE": Advice(
        "The ERP has the article and does not sell it.",
        "catalogue",
        "Make it salable, or replace it in the shop.",
        _AGAIN,
        ("sku",),
    ),
    "CUSTOMER_NOT_FOUND": Advice(
        "The buyer is no customer of the ERP, or guests have no account there.",
        "mapping",
        "Create the customer; for guests set the channel's `guest_account` in the registry.",
        "It is validated again by itself when the ERP's data of that code changes, or guests get an account.",
        ("customer",),
    ),
    "CURRENCY_MAPPING": Advice(
        "The ERP does not trade in this currency.", "finance", "Activate the currency.", _AGAIN, ("currency",)
    ),
    "TAX_MAPPING": Advice(
        "A tax code or its rate is not the ERP's.",
        "finance",
        "Create or correct the tax in the ERP, or in the shop.",
        _AGAIN,
        ("tax",),
    ),
    "COUNTRY_STATE_INVALID": Advice(
        "The country, or its state, is no ISO 3166 code that the ERP knows.",
        "source",
        "Correct it in the shop, or create it in the ERP.",
        _AGAIN,
        ("country", "state"),
    ),
    "ADDRESS_MISSING": Advice(
        "The order ships and its address is missing or incomplete: maybe a test or an in-store order.",
        "source",
        "Complete it in the shop, or disregard the order.",
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
        "It is never sent by itself, also not once the channel is automated.",
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
        "Correct the amount in the shop, or raise the ERP's price decimals.",
        _WAITS,
    ),
    "FIELD_INVALID": Advice(
        "A field cannot be read as what it should be.", "source", "Correct it in the shop.", _WAITS
    ),
    "FIELD_REQUIRED": Advice(
        "The ERP asks for a field that the order lacks.", "source", "Complete it in the shop.", _WAITS
    ),
    "BAD_CHARACTERS": Advice(
        "A field holds a character that no ERP stores.", "source", "Correct it in the shop.", _WAITS
    ),
    "RETURN_NOT_SUPPORTED": Advice(
        "A return, which this version does not send.",
        "finance",
        "Book it in the ERP by hand.",
        "It is counted and listed, and never sent.",
    ),
    "PARSE_ERROR": Advice("The channel's row cannot be read.", "integration", "Correct the channel's SQL.", _WAITS),
    "PERIOD_CLOSED": Advice(
        "The order's date lies in a closed period.", "finance", "Reopen the period, if permitted.", _WAITS
    ),
    "REJECTED_BY_ERP": Advice(
        "The ERP refused the order for a reason of its own; its text is kept.",
        "ERP-admin",
        "Mend what the text says.",
        _WAITS,
    ),
    "ORDER_CONFLICT": Advice(
        "The ERP holds an order of this key with other content, or the shop changed it after it was sent.",
        "source and ERP-admin",
        "Compare both, and correct the ERP's order.",
        _PERSON,
    ),
    "DUPLICATE_IN_ERP": Advice(
        "The ERP holds two live orders of this key.", "ERP-admin", "Cancel one of them in the ERP.", _PERSON
    ),
    "CANCELLED_IN_ERP": Advice(
        "Somebody cancelled it in the ERP.", "ERP-admin", "Ask who cancelled it and why.", _PERSON
    ),
    "OUTCOME_UNKNOWN": Advice(
        "The call went out and no answer came: the order may exist.",
        "nobody",
        "Nothing; wait. If the ERP is often too slow by day, give it `off_peak` hours in the registry.",
        _LOOKED_UP,
    ),
    "PENDING_VERIFICATION": Advice(
        "The ERP has not confirmed it within the window; its own text is kept if it gave one.",
        "ERP-admin",
        "Look at the ERP's queue and its error list.",
        "It is looked up again and becomes Successful when the ERP confirms, however late.",
    ),
    "ERP_ACK_WITHOUT_ID": Advice(
        "The ERP confirms the order and gives no number.", "ERP-admin", "Look at the ERP's number sequence.", _LOOKED_UP
    ),
    "POISON": Advice(
        "It was sent as often as allowed and never arrived.", "ERP-admin", "Look in the ERP's log.", _PERSON
    ),
    "NOT_SENT": Advice("The push ended before its turn.", "nobody", "Nothing.", "It is queued for the next push."),
    "ERP_UNAVAILABLE": Advice(
        "The ERP cannot be reached, or is too slow to answer.",
        "ERP-admin",
        "Bring it back; if it is too slow by day, give it `off_peak` hours in the registry.",
        _RETRIED,
    ),
    "RATE_LIMITED": Advice(
        "The ERP asks for patience.",
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
    "UNKNOWN": Advice("Nobody has met this yet.", "integration", "Read the text, and add its code here.", _LOOKED_UP),
}
