"""Tell people that a task failed or what it found, over Slack and by mail: each alone, so that one never silences the
other.

The text names the task, the error's class and, for errors of this package, its message: those never hold people's
data. The message of any other error may, so it stays in the task's log, which the alert links to. Knows no order.
"""

import html
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow.sdk import BaseHook, Variable
from airflow.sdk.exceptions import AirflowNotFoundException

from order_sync.core.errors import OrderSyncError
from order_sync.core.privacy.redaction import on_one_line, shortened
from order_sync.ledger_away import told_once

logger = logging.getLogger(__name__)

SLACK = "slack_alerts"
"""The Airflow connection, of type `slackwebhook`, that alerts go to."""

SMTP = "smtp_alerts"
"""The Airflow connection, of type `smtp`, that sends alerts by mail."""

MAIL_FROM = "order_sync_alert_from"
"""The Airflow variable that holds the sender's address."""

MAIL_TO = "order_sync_alert_to"
"""The Airflow variable that holds the recipients' addresses, separated by commas."""

LONGEST = {"message": 4000, "log_url": 2000, "any other": 250}
"""How many characters of a text an alert tells. An error stands whole in the task's log, and findings in the ledger."""

TEXT = (
    "{{ alert.dag_id }}: task {{ alert.task_id }} {{ alert.did }} {{ alert.what }}: {{ alert.message }}\n"
    "Run {{ alert.run_id }}\n{{ alert.log_url }}"
)


@told_once
def alert_slack(context: Mapping[str, Any]) -> bool:
    """Send the alert to the Slack webhook of connection `slack_alerts`; False where that is not set up."""
    if not _is_set_up("over Slack", SLACK):
        return False
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    notifier = SlackWebhookNotifier(slack_webhook_conn_id=SLACK, text=TEXT, timeout=10)
    notifier({**context, "alert": alert(context)})
    return True


@told_once
def alert_mail(context: Mapping[str, Any]) -> bool:
    """Send the alert through the mail server of connection `smtp_alerts`; False where that is not set up."""
    if not _is_set_up("by mail", SMTP, MAIL_FROM, MAIL_TO):
        return False
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    notifier = SmtpNotifier(
        smtp_conn_id=SMTP,
        from_email="{{ mail_from }}",
        to="{{ mail_to }}",
        subject="{{ alert.dag_id }}: task {{ alert.task_id }} {{ alert.subject }}",
        html_content=f"<pre>{TEXT}</pre>",
    )
    people = {"mail_from": Variable.get(MAIL_FROM), "mail_to": Variable.get(MAIL_TO)}
    notifier({**context, **people, "alert": alert(context)})
    return True


ALERTS = (alert_slack, alert_mail)
"""The `on_failure_callback` of every task. Airflow runs each and logs one that fails."""


def _is_set_up(way: str, connection: str, *variables: str) -> bool:
    """Whether everything is there that a way needs. What is not is one line of the log: nobody has to want alerts."""
    missing = [f"variable '{name}'" for name in variables if not Variable.get(name, default="").strip()]
    try:
        BaseHook.get_connection(connection)
    except AirflowNotFoundException:
        missing.insert(0, f"connection '{connection}'")
    if missing:
        in_part = len(missing) <= len(variables)
        verb = "is" if len(missing) == 1 else "are"
        level = logging.WARNING if in_part else logging.INFO
        logger.log(level, "no alert %s: %s %s not set up", way, ", ".join(missing), verb)
    return not missing


def tell(context: Mapping[str, Any], findings: Sequence[str]) -> bool:
    """Tell people what a task found, a sentence each; whether it went out on at least one way."""
    ways = [_told(way, {**context, "findings": findings}) for way in ALERTS]
    return any(ways)


def _told(way: Callable[[Mapping[str, Any]], bool], context: Mapping[str, Any]) -> bool:
    try:
        return way(context)
    except Exception:  # a channel, a mail server: whatever is wrong with one way, the task and the other way go on
        logger.exception(
            "the findings could not be sent by %s; they are sent again until one way succeeds", way.__name__
        )
        return False


def alert(context: Mapping[str, Any]) -> dict[str, str]:
    """What an alert says, bounded, and safe to stand in HTML and in Slack's markup. Airflow's context may be thin."""
    ti, error = context.get("ti"), context.get("exception")
    ours = isinstance(error, OrderSyncError)
    url = str(getattr(ti, "log_url", ""))
    facts = {
        "dag_id": getattr(ti, "dag_id", "an unknown DAG"),
        "run_id": getattr(ti, "run_id", context.get("run_id", "unknown")),
        "task_id": getattr(ti, "task_id", "unknown"),
        "did": "failed with",
        "what": type(error).__name__ if isinstance(error, BaseException) else "an unknown error",
        "subject": "failed",
        "message": on_one_line(str(error)) if ours else "the message is in the task's log",
        "log_url": url if len(url) <= LONGEST["log_url"] else "",
    }
    if findings := context.get("findings"):
        some = f"{len(findings)} thing{'s' if len(findings) > 1 else ''} to look at"
        share = max(LONGEST["any other"], LONGEST["message"] // len(findings) - 1)
        told = [shortened(on_one_line(finding), share) for finding in findings]
        facts |= {"did": "found", "what": some, "subject": f"found {some}", "message": "\n".join(["", *told])}
    bounded = {name: shortened(str(fact), LONGEST.get(name, LONGEST["any other"])) for name, fact in facts.items()}
    return {name: html.escape(fact, quote=False) for name, fact in bounded.items()}
