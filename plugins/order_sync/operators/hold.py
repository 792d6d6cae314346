"""A person's hold on a connection."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from order_sync import hooks, registry
from order_sync.core.requests.hold import HoldAction, HoldRequest
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.operators.base import OrderSyncOperator, actor

HOLD_ACTIONS = tuple(HoldAction)


class HoldConnectionOperator(OrderSyncOperator):
    """Stop sending over a connection for a reason, or go on; reading, look-ups and confirmations go on meanwhile.

    Returns how many holds were set or ended; a release also ends the holds that the flows set themselves, and names all
    of them in the log. What the registry switched off is switched on there alone. People have one hold on a connection:
    who sets a second one sees who set the first. Raises Misconfigured for a connection or an action that there is not,
    and without a reason.

    :param connection: `erp_<name>` or `channel_<name>` of the registry (templated)
    :param action: `hold` or `release` (templated)
    :param reason: why, for the audit history and for everybody who finds orders waiting (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("connection", "action", "reason", "ledger_conn_id")
    ui_color = "#e8e2d4"

    def __init__(
        self, *, connection: str, action: str, reason: str, ledger_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.connection = connection
        self.action = action
        self.reason = reason

    def execute(self, context: Context) -> dict[str, int]:
        """Set or end the hold."""
        typed = {"connection": self.connection, "action": self.action, "reason": self.reason}
        asked = HoldRequest.read(typed, registry.known())
        by, connection = actor(context, asked.reason), asked.connection
        with hooks.ledger(self.ledger_conn_id) as ledger:
            there = ledger.holds((connection,))
            if asked.action is HoldAction.RELEASE:
                for hold in there:
                    stays = hold.kind is HoldKind.SWITCHED_OFF
                    self.log.info("%s: %s", "this ends only in the registry" if stays else "this ends", hold)
                return {"released": ledger.release_hold(connection, None, by)}
            if theirs := next((hold for hold in there if hold.kind is HoldKind.PERSON), None):
                self.log.warning("no hold was set, because there already is one, and one release ends it: %s", theirs)
                return {"held": 0}
            ledger.hold(connection, HoldKind.PERSON, HoldScope.SUBMIT, by.reason, by)
        return {"held": 1}
