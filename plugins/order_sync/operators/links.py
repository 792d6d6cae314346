"""Buttons of a task's page in Airflow, to what people look at next: the orders in the ERP, the report's file.

Airflow asks for a link on the worker as each try of a task ends, stores it as an XCom and shows it only if it is an
http or https address; an empty one is no button. So a link must be fit to be read by everybody who may see the task.
"""

from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

from airflow.sdk import BaseOperatorLink

from order_sync import hooks, registry
from order_sync.core.errors import Misconfigured


class OrdersInErp(BaseOperatorLink):
    """The ERP's list of orders, where the extra of its connection has `{"order_list_url": "https://..."}`."""

    name = "Orders in the ERP"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address as the connection holds it; nothing if it holds none, or cannot be read."""
        with suppress(Misconfigured):
            erp = registry.erp(registry.channel(operator.channel).erp)
            return shown(hooks.order_list_url(erp, operator.erp_conn_id))
        return ""


class ReportFileLink(BaseOperatorLink):
    """The file that the task wrote, under the address of its folder."""

    name = "Report (CSV)"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The file's address; nothing if no file was written, or its folder has no address."""
        if not (operator.folder_url and operator.written):
            return ""
        return shown(f"{operator.folder_url.rstrip('/')}/{quote(operator.written)}")


class PrintedOrder(ReportFileLink):
    """The text file of a whole order that the task wrote, under the address of its folder."""

    name = "The whole order"


def shown(address: str) -> str:
    """The address if Airflow can show it and it holds no password, else nothing."""
    with suppress(ValueError):
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.hostname and not parts.password and not parts.username:
            return address
    return ""
