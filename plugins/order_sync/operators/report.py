"""The report of a business day, for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from order_sync import flows, hooks, registry
from order_sync.core.basics.calendar_days import day_before
from order_sync.core.requests.report import ReportRequest
from order_sync.operators.base import OrderSyncOperator, done
from order_sync.operators.links import ReportFileLink


class BuildFailureReportOperator(OrderSyncOperator):
    """Write the report of a business day as a CSV file into a folder; the rows of its first build are kept.

    Later builds write the same file, but for people's data that was erased since. Until the orders of each channel have
    been validated once it stores nothing and skips itself with the reason. Returns counts by Status. Raises
    Misconfigured for a day that is no date or is not over yet, for a content that there is not, and for a folder
    that cannot be written to. Its page in Airflow links to the file if the folder has an address: a path is of no
    use there, since browsers open no files from a web page, and Airflow shows no such link.

    :param folder: absolute path of a folder that the worker can write to (templated)
    :param content: `failed`, only orders that failed to sync, or `all`, every order placed that day (templated)
    :param day: ISO 8601 date in the report's zone; empty: the last day that was over as the run was due (templated)
    :param folder_url: http or https address under which people find the folder's files; empty: no link (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("folder", "content", "day", "folder_url", "ledger_conn_id")
    ui_color = "#f0d8dc"
    operator_extra_links = (ReportFileLink(),)
    written = ""

    def __init__(
        self,
        *,
        folder: str,
        content: str = "failed",
        day: str | None = None,
        folder_url: str | None = None,
        ledger_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.folder = folder
        self.content = content
        self.day = day
        self.folder_url = folder_url

    def execute(self, context: Context) -> dict[str, int]:
        """Build the report, or write the stored one again."""
        settings = registry.settings()
        typed = {"day": self.day, "content": self.content}
        asked = ReportRequest.read(typed, registry.known(), _folder(self.folder))
        zone, folder, content = settings.report_zone, Path(self.folder), asked.content
        day = asked.day or day_before(context["dag_run"].run_after, zone)
        names = {spec.name: spec.distributor for spec in registry.CHANNELS if spec.distributor}
        stuck_after, channels = settings.queued_stuck_after, [spec.name for spec in registry.sending()]
        with hooks.ledger(self.ledger_conn_id) as ledger:
            try:
                report = flows.build_report(ledger, folder, content, zone, stuck_after, names, channels, day)
            except flows.NotYet as reason:
                raise AirflowSkipException(str(reason)) from None
        self.written = report.path.name
        return done(self, report.summary)


def _folder(text: str) -> list[str]:
    """A sentence if it is no path."""
    if Path(text).is_absolute():
        return []
    return [
        f"the report's folder is '{text}': set an absolute path, such as /var/reports; the DAG report_failures"
        " takes it from the Airflow variable order_sync_report_dir"
    ]
