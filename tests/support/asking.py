"""What a person asks, made of what a test means, without what a form would check of it."""

from collections.abc import Mapping

from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.order.model import OrderKey
from order_sync.core.requests.resync import ResyncRequest


def decision(
    selection: Selection,
    action: Action,
    reason: str,
    erp_numbers: Mapping[OrderKey, str] | None = None,
    *,
    dry_run: bool = False,
    confirm: bool = False,
) -> ResyncRequest:
    """A person's decision about some orders."""
    return ResyncRequest.model_construct(
        order_keys=selection.keys,
        channel=selection.channel,
        status=selection.status,
        code=selection.code,
        reference=selection.reference,
        customer_account=selection.customer_account,
        receipt=selection.receipt,
        action=action,
        reason=reason,
        erp_numbers=erp_numbers or {},
        dry_run=dry_run,
        confirm=confirm,
    )
