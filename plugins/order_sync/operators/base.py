"""What all operators share: the ledger's connection, their documentation in Airflow, and who acts. Knows no flow."""

import inspect
import re
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from order_sync import notifiers
from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.intake.findings import told
from order_sync.core.ports.ledger import Ledger
from order_sync.operators.cleared_by import cleared_by


class OrderSyncOperator(BaseOperator):
    """An operator that works on the ledger. Airflow shows its docstring with its tasks."""

    def __init__(self, *, ledger_conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ledger_conn_id = ledger_conn_id
        self.doc_md = self.doc_md or markdown(inspect.getdoc(type(self)) or "")

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Map the operator over values, with the same documentation as a single task's."""
        return super().partial(**{"doc_md": markdown(inspect.getdoc(cls) or ""), **kwargs})


def markdown(docstring: str) -> str:
    """A docstring for Airflow's pages: what it does as a heading, and its parameters as a list under one."""
    first, _, rest = docstring.partition("\n")
    described = rest.replace("\n:param ", "\n#### Arguments\n\n:param ", 1)
    return f"#### {first}\n" + re.sub(r"^:param (\w+):", r"- `\1`:", described, flags=re.MULTILINE)


def done(operator: BaseOperator, summary: Summary) -> dict[str, int]:
    """Log what was done and return its counts; skip the task, with the reason, if its connection is on hold."""
    operator.log.info("%s", summary)
    if summary.held:
        raise AirflowSkipException(f"on hold: {summary.held}")
    return summary.counts


def tell_findings(context: Context, ledger: Ledger, *connections: str) -> None:
    """Send people the findings about these connections that were not sent yet."""
    findings = ledger.untold(connections)
    if findings and notifiers.tell(context, told(findings)):
        ledger.told(findings)


def actor(context: Context, reason: str = "") -> Actor:
    """Who acts and why, for the audit history: the task's run, for whoever triggered it, and who cleared the task."""
    ti, user = context["ti"], context["dag_run"].triggering_user_name
    clear = f"cleared by {cleared_by(context)}" if cleared(context, ti.task) else ""
    return Actor(_run(context), person=user or "", reason="; ".join(filter(None, (reason, clear))))


def cleared(context: Context, operator: BaseOperator) -> bool:
    """Whether somebody cleared the task: Airflow then allows it more tries than it has retries.

    One that is cleared while it runs may come back as if it were only tried again: then it is a later try in a run of
    which something was cleared.
    """
    ti, run = context["ti"], context["dag_run"]
    return ti.max_tries > (operator.retries or 0) or bool(run.clear_number and ti.try_number > 1)


def who_cleared(context: Context, operator: BaseOperator) -> Actor | None:
    """Who cleared the task, as the actor; None if nobody did. All tries after one clear give the same reason."""
    if not cleared(context, operator):
        return None
    ti, number = context["ti"], context["dag_run"].clear_number
    which = f"clear {number} of the run, up to {ti.max_tries + 1} tries"
    reason = f"{ti.task_id} of {ti.run_id} was cleared ({which})"
    return Actor(_run(context), person=cleared_by(context), reason=reason)


def _run(context: Context) -> str:
    ti = context["ti"]
    return f"{ti.dag_id}/{ti.run_id}/{ti.task_id}"
