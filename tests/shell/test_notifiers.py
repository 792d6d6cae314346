"""Alerts, sent to a real mail server and a real HTTP server on loopback."""

import html
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.task_runner import _run_task_state_change_callbacks

from order_sync.core.errors import NotAuthorised
from order_sync.notifiers import ALERTS, LONGEST, alert, alert_mail, alert_slack, tell
from sandbox.inbox import Inbox
from sandbox.processes import free_port

FAILED = NotAuthorised('the ERP answered <b>"401"</b> & no more to connection erp_tryton')


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """Both servers, known to Airflow."""
    inbox = Inbox().start()
    for conn_id, connection in inbox.connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_FROM", "order-sync@example.org")
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_ALERT_TO", "desk@example.org, owner@example.org")
    yield inbox
    inbox.stop()


def context(error: BaseException | None = FAILED) -> dict[str, Any]:
    ti = SimpleNamespace(
        dag_id="sync_orders__dynamics_web",
        run_id="scheduled__2026-03-02",
        task_id="push",
        log_url="http://airflow.example/dags/sync_orders__dynamics_web/runs/scheduled__2026-03-02/tasks/push",
    )
    return {"ti": ti, "run_id": ti.run_id, "exception": error}


def run_callbacks(context: dict[str, Any]) -> list[str]:
    """Run the callbacks as Airflow does; returns the names of those that failed."""
    failed: list[str] = []

    class Log:
        def exception(self, message: str, *, callback: Any, **_: object) -> None:
            failed.append(callback.__name__)

    task = SimpleNamespace(on_failure_callback=ALERTS)
    _run_task_state_change_callbacks(task, "on_failure_callback", context, Log())  # type: ignore[arg-type]
    return failed


def test_findings_are_told_to_slack_and_by_mail(inbox: Inbox) -> None:
    """R9, R53"""
    assert tell(context(None), ["channel_shop: 1 missing: <b>: shop:1", "channel_shop: 1 gone: shop:2"])
    for text in texts(inbox):
        assert "task push found 2 things to look at" in text
        assert "channel_shop: 1 missing: &lt;b&gt;: shop:1\nchannel_shop: 1 gone: shop:2" in text
    assert inbox.mails[0]["subject"] == "sync_orders__dynamics_web: task push found 2 things to look at"


def test_findings_count_as_told_if_one_way_takes_them(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": free_port()})
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_ALERTS", dead)
    assert tell(context(None), ["one"])
    monkeypatch.delenv("AIRFLOW_CONN_SLACK_ALERTS")
    assert not tell(context(None), ["one"])


def texts(inbox: Inbox) -> list[str]:
    """What arrived by mail and over Slack."""
    parts = [part for mail in inbox.mails for part in mail.walk() if part.get_content_type() == "text/html"]
    payloads: list[Any] = [part.get_payload(decode=True) for part in parts]
    return [payload.decode() for payload in payloads] + [post["text"] for post in inbox.slack]


def test_a_failed_task_is_told_to_slack_and_by_mail(inbox: Inbox) -> None:
    """R128, R131, R137"""
    assert run_callbacks(context()) == []
    [mail] = inbox.mails
    assert mail["From"] == "order-sync@example.org"
    assert mail["To"] == "desk@example.org, owner@example.org"
    assert mail["Subject"] == "sync_orders__dynamics_web: task push failed"
    assert len(texts(inbox)) == 2
    for text in texts(inbox):
        assert "sync_orders__dynamics_web" in text
        assert "scheduled__2026-03-02" in text
        assert "task push failed with NotAuthorised" in text
        assert "connection erp_tryton" in text
        assert "/tasks/push" in text


def test_what_an_error_says_cannot_become_markup(inbox: Inbox) -> None:
    run_callbacks(context())
    assert len(texts(inbox)) == 2
    for text in texts(inbox):
        assert 'the ERP answered &lt;b&gt;"401"&lt;/b&gt; &amp; no more' in text
        assert "<b>" not in text


def test_what_was_found_forges_no_line_and_turns_no_letters_around(inbox: Inbox) -> None:
    odd = "erp_tryton: 1 never_sent: S1 (a\n\x1b[2J\u202eb\u2028c)"
    assert tell(context(None), [odd])
    run_callbacks(context(NotAuthorised(odd)))
    assert ["S1 (a [2J b c)" in text for text in texts(inbox)] == [True] * 4


def test_what_an_error_says_is_never_run_as_a_template(inbox: Inbox) -> None:
    run_callbacks(context(NotAuthorised("{{ 6 * 7 }} {% raw %}")))
    assert [("{{ 6 * 7 }} {% raw %}" in text) for text in texts(inbox)] == [True, True]


def test_the_message_of_a_foreign_error_stays_in_the_log_since_it_may_name_people() -> None:
    facts = alert(context(ValueError("Failing row contains (Jane Doe, Main Street 1)")))
    assert facts["what"] == "ValueError"
    assert facts["message"] == "the message is in the task's log"


def test_a_thin_context_still_makes_an_alert() -> None:
    assert alert({}) == {
        "dag_id": "an unknown DAG",
        "run_id": "unknown",
        "task_id": "unknown",
        "did": "failed with",
        "what": "an unknown error",
        "subject": "failed",
        "message": "the message is in the task's log",
        "log_url": "",
    }


def test_each_alert_tells_of_its_own_failure(inbox: Inbox) -> None:
    run_callbacks(context(NotAuthorised("first")))
    run_callbacks(context(NotAuthorised("second")))
    assert ["first" in text for text in texts(inbox)] == [True, False, True, False]


WITHOUT_SLACK = "no alert over Slack: connection 'slack_alerts' is not set up"


def unset(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.delenv(f"AIRFLOW_{name}", raising=False)


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """What the log has but for the mail server's, with its level."""
    return [(each.levelname, each.getMessage()) for each in caplog.records if each.name != "mail.log"]


def test_where_no_alert_is_set_up_a_line_of_information_says_so_and_nothing_is_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    assert run_callbacks(context()) == []
    names = "connection 'smtp_alerts', variable 'order_sync_alert_from', variable 'order_sync_alert_to'"
    assert said(caplog) == [("INFO", WITHOUT_SLACK), ("INFO", f"no alert by mail: {names} are not set up")]
    caplog.clear()
    assert not tell(context(None), ["one"]), "what was found is told once there is a way"
    assert [level for level, _ in said(caplog)] == ["INFO", "INFO"]


def test_a_missing_slack_connection_does_not_stop_the_mail(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R176"""
    caplog.set_level("INFO", "order_sync")
    unset(monkeypatch, "CONN_SLACK_ALERTS")
    assert run_callbacks(context()) == []
    assert (len(inbox.mails), len(inbox.slack)) == (1, 0)
    assert said(caplog) == [("INFO", WITHOUT_SLACK)]


def test_mail_that_is_not_set_up_does_not_stop_slack(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    unset(monkeypatch, "CONN_SMTP_ALERTS", "VAR_ORDER_SYNC_ALERT_FROM", "VAR_ORDER_SYNC_ALERT_TO")
    assert run_callbacks(context()) == []
    assert (len(inbox.mails), len(inbox.slack)) == (0, 1)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("CONN_SMTP_ALERTS", "connection 'smtp_alerts'"),
        ("VAR_ORDER_SYNC_ALERT_FROM", "variable 'order_sync_alert_from'"),
        ("VAR_ORDER_SYNC_ALERT_TO", "variable 'order_sync_alert_to'"),
    ],
)
def test_mail_that_is_set_up_in_part_is_a_warning_that_names_what_is_missing(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, missing: str
) -> None:
    unset(monkeypatch, name)
    assert not alert_mail(context())
    assert said(caplog) == [("WARNING", f"no alert by mail: {missing} is not set up")]
    assert inbox.mails == []


def test_a_slack_that_is_down_is_an_error_that_does_not_show_the_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{free_port()}/services/T0/B0/secret"
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_ALERTS", json.dumps({"conn_type": "slackwebhook", "password": url}))
    with pytest.raises(OSError, match=r"^((?!secret).)*refused((?!secret).)*$"):
        alert_slack(context())


LONG = "ERP " * 250_000
"""A text of a million characters."""


def test_no_text_is_longer_than_people_read_and_each_ends_at_a_word(inbox: Inbox) -> None:
    """An ERP's answer may hold a megabyte, and Slack cuts a text of 40,000 characters in the middle of a mark."""
    endless = context(NotAuthorised(LONG))
    endless["ti"] = SimpleNamespace(**dict.fromkeys(("dag_id", "run_id", "task_id", "log_url"), LONG.strip()))
    assert run_callbacks(endless) == []
    for text in texts(inbox):
        assert len(text) < 8_000
        assert "ERP …" in text
        assert "ER …" not in text
    assert len(inbox.mails[0]["subject"]) < 600


def test_a_text_that_is_cut_still_cannot_become_markup() -> None:
    for shift in range(8):
        facts = alert(context(NotAuthorised("x" * shift + "<&>" * 10_000)))
        assert re.sub("&(lt|gt|amp);", "", facts["message"]).strip("x ") == "…"
        assert len(html.unescape(facts["message"])) == LONGEST["message"]


@pytest.mark.parametrize(("number", "told"), [(2, 2), (8, 8), (500, 16)])
def test_findings_share_the_place_that_there_is(number: int, told: int) -> None:
    facts = alert({**context(None), "findings": [f"channel_{each}: {LONG[:20_000]}" for each in range(number)]})
    assert facts["what"] == f"{number} things to look at"
    assert facts["message"].count("channel_") == told
    assert 3_000 < len(facts["message"]) <= LONGEST["message"]


def test_an_address_that_is_too_long_is_left_out_since_half_of_it_leads_nowhere() -> None:
    odd = context()
    odd["ti"].log_url = "http://airflow.example/" + "x" * 3_000
    assert alert(odd)["log_url"] == ""
