"""The restored ledger: a person gives the instant of the backup."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow.sdk import Context

from order_sync import flows, hooks, registry
from order_sync.core.decisions.rights import Role
from order_sync.core.errors import NotAuthorised
from order_sync.core.records.restoring import PersonsRun, PersonsRuns
from order_sync.core.requests.restore import RestoreRequest
from order_sync.flows.people.restore import DECISIONS, OTHERS
from order_sync.operators.base import OrderSyncOperator, actor, done, tell_findings


class RestoreLedgerOperator(OrderSyncOperator):
    """Hold every channel after the ledger was restored from a backup, and list what people decided since.

    The channels are read again, and what the lost ledger may have sent is looked up before it is sent. People are told
    once. Cleared or run again it changes nothing twice and makes the list anew. What people decided it reads from
    Airflow over the connection `airflow_api`; without one it reports that. Returns counts by `held`, `to_look_up`,
    `decisions_to_confirm`, `runs_by_filter` and `runs_listed`. Raises Misconfigured for an instant at which no backup
    of this ledger can have been made, and without a reason.

    :param backup_at: when the backup was made, ISO 8601 with a time zone (templated)
    :param reason: why it was restored, for the audit history (templated)
    :param ledger_conn_id: Airflow connection of the ledger: type `postgres`; left out, `order_ledger` (templated)
    """

    template_fields: Sequence[str] = ("backup_at", "reason", "ledger_conn_id")
    ui_color = "#f3dada"

    def __init__(self, *, backup_at: str, reason: str, ledger_conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(ledger_conn_id=ledger_conn_id, **kwargs)
        self.backup_at = backup_at
        self.reason = reason

    def execute(self, context: Context) -> dict[str, int]:
        """Hold, read again and list."""
        asked = RestoreRequest.read({"backup_at": self.backup_at, "reason": self.reason}, registry.known())
        settings = registry.settings()
        channels = [spec.name for spec in registry.CHANNELS]
        by = actor(context, asked.reason)
        with hooks.ledger(self.ledger_conn_id) as ledger:
            report = flows.restore(
                channels, ledger, by, asked.backup_at, settings.claim_lease, settings.report_zone, runs_of_people
            )
            for line in report.lines:
                self.log.info("%s", line)
            tell_findings(context, ledger, hooks.LEDGER)
        return done(self, report.summary)


def runs_of_people(since: datetime) -> PersonsRuns | None:
    """The runs that people triggered since then, the oldest first; None without the connection `airflow_api`."""
    from order_sync.airflow_api import NoSuchList

    api = hooks.airflow()
    if api is None:
        return None
    asked = {"run_type": ["manual", "operator_triggered"], "updated_at_gte": since.isoformat(), "order_by": "run_after"}
    # One DAG after the other: of all at once Airflow leaves out, without a word, those that its user may not read.
    rows: list[dict[str, Any]] = []
    untold: dict[str, str] = {}
    for dag in (DECISIONS, *OTHERS):
        try:
            rows += api.rows(f"dags/{dag}/dagRuns", "dag_runs", **asked)
        except NoSuchList:
            untold[dag] = f"the Airflow of connection '{hooks.AIRFLOW}' has no DAG {dag}"
        except NotAuthorised as error:  # also of a DAG that is not there, if its user may not read every DAG
            if error.code != "FORBIDDEN":
                raise
            untold[dag] = (
                f"the user of connection '{hooks.AIRFLOW}' may not read DAG {dag}, or there is no such DAG: under FAB"
                f" give it the role {Role.AUDITOR}"
            )
    runs = [
        PersonsRun(
            row["dag_id"],
            row["dag_run_id"],
            datetime.fromisoformat(row["run_after"]),
            datetime.fromisoformat(row["end_date"]) if row["end_date"] else None,
            row["state"],
            row["triggering_user_name"] or "unknown",
            row["conf"] or {},
        )
        for row in rows
    ]
    return PersonsRuns(sorted(runs, key=lambda run: run.at), untold)
