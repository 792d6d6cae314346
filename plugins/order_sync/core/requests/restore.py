"""Restore: from which backup the ledger came back, and why."""

from pydantic import Field

from order_sync.core.requests.fields import Instant, Reason
from order_sync.core.requests.request import Request


class RestoreRequest(Request):
    """The ledger was restored from a backup."""

    backup_at: Instant = Field(
        title="Instant of the backup", description="With its time zone; one that is too early is safe."
    )
    reason: Reason = Field(title="Reason", description="Whoever finds orders waiting reads it.")
