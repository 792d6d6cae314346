"""Alerts, sent to a real mail server and a real HTTP server on loopback."""

import email
import json
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.execution_time.context import VariableAccessor
from airflow.sdk.execution_time.task_runner import _run_task_state_change_callbacks

from order_sync.core.errors import NotAuthorised
from order_sync.notifiers import ALERTS, alert, alert_mail, alert_slack
from sandbox.processes import free_port

FAILED = NotAuthorised('the ERP answered <b>"401"</b> & no more to connection erp_tryton')


class Mailbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    @property
    def messages(self) -> list[Message]:
        return [email.message_from_bytes(envelope.content) for envelope in self.envelopes]


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    server = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    server.start()
    extra = {"disable_tls": True, "disable_ssl": True, "timeout": 5, "retry_limit": 0}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_ALERTS", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_FROM", "order-sync@example.org")
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_TO", "desk@example.org, owner@example.org")
    yield mailbox
    server.stop()


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The bodies that were posted to the Slack webhook."""
    bodies: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/secret"
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_ALERTS", json.dumps({"conn_type": "slackwebhook", "password": url}))
    yield bodies
    server.shutdown()
    server.server_close()


def context(error: BaseException | None = FAILED) -> dict[str, Any]:
    ti = SimpleNamespace(
        dag_id="sync_orders__dynamics_web",
        run_id="scheduled__2026-03-02",
        task_id="push",
        log_url="http://airflow.example/dags/sync_orders__dynamics_web/runs/scheduled__2026-03-02/tasks/push",
    )
    var = {"value": VariableAccessor(deserialize_json=False)}
    return {"ti": ti, "run_id": ti.run_id, "exception": error, "var": var}


def run_callbacks(context: dict[str, Any]) -> list[str]:
    """Run the callbacks as Airflow does; returns the names of those that failed."""
    failed: list[str] = []

    class Log:
        def exception(self, message: str, *, callback: Any, **_: object) -> None:
            failed.append(callback.__name__)

    task = SimpleNamespace(on_failure_callback=ALERTS)
    _run_task_state_change_callbacks(task, "on_failure_callback", context, Log())  # type: ignore[arg-type]
    return failed


def body(message: Message) -> str:
    [part] = [part for part in message.walk() if part.get_content_type() == "text/html"]
    return part.get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_a_failed_task_is_told_to_slack_and_by_mail(mailbox: Mailbox, posted: list[dict[str, Any]]):
    assert run_callbacks(context()) == []
    [envelope], [slack] = mailbox.envelopes, posted
    assert envelope.mail_from == "order-sync@example.org"
    assert envelope.rcpt_tos == ["desk@example.org", "owner@example.org"]
    assert mailbox.messages[0]["Subject"] == "sync_orders__dynamics_web: task push failed"
    for text in (body(mailbox.messages[0]), slack["text"]):
        assert "sync_orders__dynamics_web" in text
        assert "scheduled__2026-03-02" in text
        assert "task push failed with NotAuthorised" in text
        assert "connection erp_tryton" in text
        assert "/tasks/push" in text


def test_what_an_error_says_cannot_become_markup(mailbox: Mailbox, posted: list[dict[str, Any]]):
    run_callbacks(context())
    for text in (body(mailbox.messages[0]), posted[0]["text"]):
        assert 'the ERP answered &lt;b&gt;"401"&lt;/b&gt; &amp; no more' in text
        assert "<b>" not in text


def test_what_an_error_says_is_never_run_as_a_template(mailbox: Mailbox, posted: list[dict[str, Any]]):
    run_callbacks(context(NotAuthorised("{{ 6 * 7 }} {% raw %}")))
    for text in (body(mailbox.messages[0]), posted[0]["text"]):
        assert "{{ 6 * 7 }} {% raw %}" in text


def test_the_message_of_a_foreign_error_stays_in_the_log_since_it_may_name_people():
    facts = alert(context(ValueError("Failing row contains (Jane Doe, Main Street 1)")))
    assert facts["error"] == "ValueError"
    assert facts["message"] == "its message is in the task's log"


def test_a_thin_context_still_makes_an_alert():
    assert alert({}) == {
        "dag_id": "an unknown DAG",
        "run_id": "unknown",
        "task_id": "unknown",
        "error": "an unknown error",
        "message": "its message is in the task's log",
        "log_url": "",
    }


def test_each_alert_tells_of_its_own_failure(mailbox: Mailbox, posted: list[dict[str, Any]]):
    run_callbacks(context(NotAuthorised("first")))
    run_callbacks(context(NotAuthorised("second")))
    assert ["first" in slack["text"] for slack in posted] == [True, False]
    assert ["second" in body(message) for message in mailbox.messages] == [False, True]


def test_a_missing_slack_connection_does_not_stop_the_mail(mailbox: Mailbox):
    assert run_callbacks(context()) == ["alert_slack"]
    assert len(mailbox.messages) == 1


def test_a_missing_mail_connection_does_not_stop_slack(posted: list[dict[str, Any]]):
    assert run_callbacks(context()) == ["alert_mail"]
    assert len(posted) == 1


def test_a_missing_recipient_names_the_variable(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_TO")
    with pytest.raises(Exception, match="order_sync_alert_to"):
        alert_mail(context())
    assert mailbox.messages == []


def test_a_slack_that_is_down_is_an_error_that_does_not_show_the_webhook(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    url = f"http://127.0.0.1:{free_port()}/services/T0/B0/secret"
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_ALERTS", json.dumps({"conn_type": "slackwebhook", "password": url}))
    with pytest.raises(OSError, match="refused") as refused:
        alert_slack(context())
    assert "secret" not in str(refused.value) + caplog.text


def test_a_missing_slack_connection_is_named():
    with pytest.raises(AirflowNotFoundException, match="slack_alerts"):
        alert_slack(context())
