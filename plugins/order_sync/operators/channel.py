"""What is done with a channel's orders before an ERP hears of them: read and checked."""

from collections.abc import Callable, Sequence
from typing import Any

from airflow.sdk import Context

from order_sync import flows, hooks, registry
from order_sync.core.basics.summary import Summary
from order_sync.operators.base import OrderSyncOperator, actor, done, tell_findings, who_cleared


class ChannelOperator(OrderSyncOperator):
    """What the operators that read a channel share: their arguments, their connections, and the way findings take."""

    template_fields: Sequence[str] = ("channel", "channel_conn_id", "ledger_conn_id")

    def __init__(
        self, *, channel: str, channel_conn_id: str | None = None, ledger_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.channel = channel
        self.channel_conn_id = channel_conn_id

    def connected(self, context: Context, flow: Callable[..., Summary]) -> dict[str, int]:
        """Do a flow between channel and ledger, tell people what was found, and return its counts."""
        spec, settings = registry.channel(self.channel), registry.settings()
        channel = hooks.channel(spec, self.channel_conn_id)
        with hooks.ledger(self.ledger_conn_id) as ledger:
            summary = flow(registry.route(spec), channel, ledger, actor(context), settings)
            tell_findings(context, ledger, spec.connection)
        return done(self, summary)


class ExtractTransactionsOperator(ChannelOperator):
    """Land a channel's new transactions in the ledger, each with its disposition, nothing twice or lost.

    Orders that may still change are read again. What is missing although the extract went well is reported to people,
    as alerts are. Returns counts by `new`, `changed`, `unchanged` and disposition. Skips itself with the reason while
    another run has the channel on hold. Raises Transient while the channel is away, and Misconfigured when its database
    is not the one that was read before.

    :param channel: the channel's name in the registry (templated)
    :param channel_conn_id: Airflow connection of the channel's database, which is only read: type `postgres`; left out,
        `channel_<name>` (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    ui_color = "#dbe9f6"

    def execute(self, context: Context) -> dict[str, int]:
        """Extract until the channel has nothing newer."""
        return self.connected(context, flows.extract)


class CompareChannelOperator(ChannelOperator):
    """Compare a channel's last days with what landed, by key and digest; read what is missing, and report it.

    Returns counts by `compared`, `missing`, `gone` and as the extract does. Raises Transient while the channel is away.

    :param channel: the channel's name in the registry (templated)
    :param channel_conn_id: Airflow connection of the channel's database, which is only read: type `postgres`; left out,
        `channel_<name>` (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    ui_color = "#d6ecec"

    def execute(self, context: Context) -> dict[str, int]:
        """Compare the days that the settings say."""
        return self.connected(context, flows.compare_channel)


class ValidateOrdersOperator(OrderSyncOperator):
    """Check every received order against the rules and the reference data; all problems of an order at once.

    Run `CheckReferenceDataOperator` before it. Cleared, it judges those orders again that the rules failed and nobody
    sent since. Returns counts by `valid`, `invalid` and problem code: a bad order is a fact in the ledger and fails no
    task. An order with a code that was never requested from the ERP is counted as `waits_for_reference` and judged once
    it was. Raises Transient while there is no copy of the ERP's reference data at all.

    :param channel: the channel's name in the registry (templated)
    :param judge_again: whether a clear judges again what the rules failed; not where a run has orders of its own
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("channel", "ledger_conn_id")
    ui_color = "#f6efd0"

    def __init__(
        self, *, channel: str, judge_again: bool = True, ledger_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.channel = channel
        self.judge_again = judge_again

    def execute(self, context: Context) -> dict[str, int]:
        """Validate what is received, in bulk."""
        spec = registry.channel(self.channel)
        settings = registry.settings_for(registry.erp(spec.erp))
        clearing = who_cleared(context, self) if self.judge_again else None
        with hooks.ledger(self.ledger_conn_id) as ledger:
            summary = flows.validate(registry.route(spec), ledger, actor(context), settings.total_tolerance, clearing)
        return done(self, summary)
