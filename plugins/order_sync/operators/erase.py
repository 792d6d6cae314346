"""People's data erased: one customer's on request, and everybody's when its time is over."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from order_sync import flows, hooks, registry
from order_sync.core.errors import Misconfigured
from order_sync.core.requests.erase import EraseRequest
from order_sync.operators.base import OrderSyncOperator, actor, done


class ErasePersonalDataOperator(OrderSyncOperator):
    """Erase one customer's data, or that of single orders, from the ledger and the kept files; evidence stays.

    Cleared or run again it does what is left. Returns the counts by `erased`, `erased_before`, `reports_written_again`
    and `files_deleted`, a dry run by `to_erase`, `erased_before` and `still_open`. Raises Misconfigured with everything
    that is wrong in the request; and once the rest is erased, with what to do first, for orders that are open.

    :param channel: the channel of the customer account, by its name in the registry (templated)
    :param customer_account: the customer, as the channel gives it; empty if keys are given (templated)
    :param order_keys: keys of orders, separated by white space; empty if a customer is given (templated)
    :param reason: why, for the audit history; without names (templated)
    :param only_count: true only counts what would be erased (templated)
    :param folder: absolute path of the reports' folder, or nothing if none are written (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = (
        *("channel", "customer_account", "order_keys", "reason", "only_count", "folder", "ledger_conn_id"),
    )
    ui_color = "#e0e0e0"

    def __init__(
        self,
        *,
        channel: str,
        customer_account: str = "",
        order_keys: str = "",
        reason: str,
        only_count: bool | str = True,
        folder: str = "",
        ledger_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.channel = channel
        self.customer_account = customer_account
        self.order_keys = order_keys
        self.reason = reason
        self.only_count = only_count
        self.folder = folder

    def execute(self, context: Context) -> dict[str, int]:
        """Erase what is finished, and say what is not."""
        problems: list[str] = []
        folder = folder_of(self.folder, problems)
        typed = {
            "channel": self.channel,
            "customer_account": self.customer_account,
            "order_keys": self.order_keys.split(),
            "reason": self.reason,
            "dry_run": self.only_count,
        }
        asked = EraseRequest.read(typed, registry.known(), problems)
        by = actor(context, asked.reason)
        with hooks.ledger(self.ledger_conn_id) as ledger:
            return done(self, flows.erase(ledger, asked.whose, folder, run_of(context), by, dry_run=asked.dry_run))


class ForgetTransactionsOperator(OrderSyncOperator):
    """Erase the personal data of finished orders after the set time, in the ledger and the kept files; evidence stays.

    `ORDER_SYNC_TRANSACTIONS_KEPT_FOR` sets how long it is kept. Returns the counts by `forgotten`, `still_open`,
    `reports_written_again` and `files_deleted`. Raises Misconfigured for a folder that is not there, or in which
    nothing can be written; what was erased stays so, and the next run does the rest.

    :param folder: absolute path of the reports' folder, or nothing if none are written (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("folder", "ledger_conn_id")
    ui_color = "#ececd8"

    def __init__(self, *, folder: str = "", ledger_conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.folder = folder

    def execute(self, context: Context) -> dict[str, int]:
        """Erase page by page until nothing is left that is old enough."""
        problems: list[str] = []
        folder = folder_of(self.folder, problems)
        if problems:
            raise Misconfigured("; ".join(problems))
        settings = registry.settings()
        by = actor(context, f"kept for {settings.transactions_kept_for.days} days")
        with hooks.ledger(self.ledger_conn_id) as ledger:
            return done(self, flows.forget(ledger, folder, run_of(context), by, settings))


def run_of(context: Context) -> str:
    """The run, whoever triggered or cleared it."""
    return f"{context['ti'].dag_id}/{context['ti'].run_id}"


def folder_of(text: str, problems: list[str]) -> Path | None:
    """The reports' folder; None if none is named."""
    if text and not Path(text).is_absolute():
        problems.append(
            f"the reports' folder is '{text}': set an absolute path in the Airflow variable order_sync_report_dir"
        )
    return Path(text) if text else None
