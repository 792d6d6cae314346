"""Where is my order? Asked by a person in Airflow."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from order_sync import flows, hooks, registry
from order_sync.core.errors import Misconfigured
from order_sync.core.requests.explain import ExplainRequest
from order_sync.operators.base import OrderSyncOperator
from order_sync.operators.links import PrintedOrder

ASKED = tuple(ExplainRequest.model_fields)


class ExplainOrderOperator(OrderSyncOperator):
    """Say in the log where an order is and why, the last error first; or list orders, the newest first.

    Changes nothing, and queries only the ledger. Returns counts. With `whole_order` the order is also printed
    into a text file for the order desk, which holds people's data; its page in Airflow links to the file if the folder
    has an address. With `escalate` the log also has what support needs to know, without people's data and secrets.
    Raises Misconfigured with everything that is wrong in the request, and for a folder that cannot be written to.

    :param key: order key, as in reports of errors and in the ERP's external reference (templated)
    :param reference: Channel reference ID of an online order (templated)
    :param receipt: number on a till's receipt (templated)
    :param customer_account: the customer's account, as the channel gives it (templated)
    :param whole_order: `true`: print the whole order into a file (templated)
    :param escalate: `true`: log what support needs (templated)
    :param status: for a list: only orders in this status of ours (templated)
    :param code: for a list: only orders that stand with this error code (templated)
    :param channel: for a list: only orders of this channel (templated)
    :param days: for a list: only orders placed in so many days up to now (templated)
    :param at_most: how many orders a list shows; left out, 50 (templated)
    :param folder: absolute path of a folder for that file, which the worker can write to (templated)
    :param folder_url: http or https address under which people find the folder's files; empty: no link (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = (*ASKED, "folder", "folder_url", "ledger_conn_id")
    ui_color = "#d8e8e4"
    operator_extra_links = (PrintedOrder(),)
    written = ""

    def __init__(
        self,
        *,
        key: str | None = None,
        reference: str | None = None,
        receipt: str | None = None,
        customer_account: str | None = None,
        whole_order: bool | str = False,
        escalate: bool | str = False,
        status: str | None = None,
        code: str | None = None,
        channel: str | None = None,
        days: int | str | None = None,
        at_most: int | str | None = None,
        folder: str | None = None,
        folder_url: str | None = None,
        ledger_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.key = key
        self.reference = reference
        self.receipt = receipt
        self.customer_account = customer_account
        self.status = status
        self.code = code
        self.channel = channel
        self.days = days
        self.at_most = at_most
        self.whole_order = whole_order
        self.escalate = escalate
        self.folder = folder
        self.folder_url = folder_url

    def execute(self, context: Context) -> dict[str, int]:
        """Answer in the log, line by line as a person reads it."""
        ask = ExplainRequest.read({name: getattr(self, name) for name in ASKED}, registry.known())
        routes = {spec.name: registry.route(spec) for spec in registry.CHANNELS}
        folder = _folder(self.folder) if ask.whole_order else None
        stuck_after = registry.settings().queued_stuck_after
        with hooks.ledger(self.ledger_conn_id) as ledger:
            answer = flows.explain(ask, ledger, routes, hooks.installation(), stuck_after)
        for line in answer.text.splitlines():
            self.log.info("%s", line)
        if folder and answer.key and answer.page:
            path = flows.print_order(folder, answer.key, answer.page)
            self.written = path.name
            self.log.info("the whole order, with personal data: %s", path)
        return answer.summary.counts


def _folder(text: str | None) -> Path:
    if not Path(text or "").is_absolute():
        raise Misconfigured(
            f"the folder for printed orders is '{text or ''}': set an absolute path, such as /var/reports; the"
            " DAG explain_order takes it from the Airflow variable order_sync_report_dir"
        )
    return Path(text or "")
