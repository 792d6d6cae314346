"""Refresh the copy of the ERP's reference data that validation reads; while the ERP is away the last copy serves."""

from datetime import timedelta

from order_sync.core.actor import Actor
from order_sync.core.errors import Transient
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.summary import Summary


async def refresh_reference(erp_name: str, erp: Erp, ledger: Ledger, actor: Actor, max_age: timedelta) -> Summary:
    """Read the ERP's reference data if the copy is older than `max_age`.

    With a copy, an ERP that is away is noted with the copy's age; without one, its error goes on. A copy of another
    ERP is never taken: Misconfigured.
    """
    summary = Summary()
    copy = ledger.reference(erp_name, ())
    now = ledger.now()
    if copy and now - copy.as_of < max_age:
        summary.notes.append(f"the copy of the reference data is {_minutes(now - copy.as_of)} old")
        return summary
    try:
        health, data = await erp.check(), await erp.reference()
    except Transient as error:
        if copy is None:
            raise
        summary.add("stale")
        summary.notes.append(
            f"the ERP is away ({error}); the last good copy of its reference data,"
            f" {_minutes(now - copy.as_of)} old, serves meanwhile"
        )
        return summary
    ledger.check_fingerprint(f"erp_{erp_name}", health.fingerprint)
    summary.add("codes", len(data.facts))
    summary.add("orders_to_validate_again", ledger.store_reference(erp_name, data, actor))
    return summary


def _minutes(age: timedelta) -> str:
    return f"{age.total_seconds() / 60:.0f} min"
