"""The history names people: who triggered a run, and who cleared its task, as Airflow's own event log tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from order_sync import airflow_api, hooks
from order_sync.airflow_api import AirflowApi
from order_sync.core.errors import Misconfigured, NotAuthorised, Transient
from order_sync.core.settings import Settings
from order_sync.operators.restore import runs_of_people
from order_sync.wire.endpoint import Endpoint
from sandbox.processes import free_port
from tests.fab.office import Office

HOLDS = "select held_by, reason from order_sync.holds order by id"


@pytest.fixture(scope="module")
def log(office: Office) -> AirflowApi:
    """Airflow as the auditor sees it."""
    return AirflowApi(Endpoint("airflow_api", office.airflow.base_url, office.passwords["otto"]), "otto", Settings())


def test_the_history_names_who_triggered_a_run_and_who_cleared_its_task(office: Office) -> None:
    """R144, R145"""
    admin = office.people["admin"]
    address = {"host": "127.0.0.1", "port": office.airflow.port, "schema": "http"}
    user = {"login": "otto", "password": office.passwords["otto"]}
    admin.call(
        "POST", "/api/v2/connections", json={"connection_id": "airflow_api", "conn_type": "http", **address, **user}
    )
    admin.pause("hold_connection", paused=False)
    run = office.people["anna"].trigger("hold_connection", {"reason": "stock-taking"})
    assert admin.wait_for_run("hold_connection", run) == "success"
    assert office.asked(HOLDS) == [(f"hold_connection/{run}/hold_connection for anna", "stock-taking")]

    office.asked("update order_sync.holds set released_at = clock_timestamp() returning id")
    assert office.clear("vera", "hold_connection", run) == 403
    office.people["both"].clear("hold_connection", run)
    assert admin.wait_for_run("hold_connection", run) == "success"
    held_by, reason = office.asked(HOLDS)[-1]
    assert held_by == f"hold_connection/{run}/hold_connection for anna"
    assert reason == "stock-taking; cleared by both or vera", "Airflow logs a clear before it refuses it"


def test_airflows_rows_come_page_by_page_and_are_all_there(
    log: AirflowApi, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.clear("vera", "hold_connection", "no such run")
    office.clear("vera", "hold_connection", "nor this one")
    asked: dict[str, Any] = {"dag_id": "hold_connection", "included_events": ["post_clear_task_instances"]}
    whole = log.rows("eventLogs", "event_logs", **asked, owner="vera")
    monkeypatch.setattr(airflow_api, "PAGE", 1)
    assert log.rows("eventLogs", "event_logs", **asked, owner="vera") == whole
    assert [row["run_id"] for row in whole][-2:] == ["no such run", "nor this one"]


def test_a_wrong_password_is_said_without_it(log: AirflowApi) -> None:
    wrong = replace(log, endpoint=replace(log.endpoint, key="not-his-password"))
    with pytest.raises(NotAuthorised, match="airflow_api") as caught:
        wrong.rows("eventLogs", "event_logs")
    assert "not-his-password" not in str(caught.value)


def test_a_user_who_may_not_read_the_event_log_is_told_so(log: AirflowApi, office: Office) -> None:
    vera = replace(log, user="vera", endpoint=replace(log.endpoint, key=office.passwords["vera"]))
    with pytest.raises(NotAuthorised, match=r"eventLogs of connection 'airflow_api'.*403"):
        vera.rows("eventLogs", "event_logs")
    assert vera.rows("dags/hold_connection/dagRuns", "dag_runs") != []


def test_a_list_that_airflow_does_not_have_is_a_matter_of_its_version(log: AirflowApi) -> None:
    with pytest.raises(Misconfigured, match="404 to 'eventlogs'"):
        log.rows("eventlogs", "event_logs")


@pytest.mark.parametrize(
    ("user", "says"),
    [
        (
            "otto",
            "may not read DAG gone_orders, or there is no such DAG: under FAB give it the role Order Sync Auditor",
        ),
        ("admin", "the Airflow of connection 'airflow_api' has no DAG gone_orders"),
        ("vera", "may not read DAG gone_orders, or there is no such DAG"),
    ],
)
def test_a_dag_that_airflow_does_not_have_or_show_is_named_and_the_runs_of_the_others_are_told(
    user: str, says: str, log: AirflowApi, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As restore_ledger asks."""
    office.trigger("anna", "hold_connection")
    key = office.airflow.passwords["admin"] if user == "admin" else office.passwords[user]
    api = replace(log, user=user, endpoint=replace(log.endpoint, key=key))
    monkeypatch.setattr(hooks, "airflow", lambda: api)
    monkeypatch.setattr("order_sync.operators.restore.OTHERS", ("gone_orders", "hold_connection"))
    told = runs_of_people(datetime.now(UTC) - timedelta(hours=1))
    assert told is not None
    assert says in told.untold["gone_orders"]
    assert set(told.untold) == {"gone_orders"}
    assert {run.dag_id for run in told.runs} >= {"hold_connection"}


def test_an_airflow_that_does_not_answer_is_asked_again_later(log: AirflowApi) -> None:
    gone = replace(log, endpoint=replace(log.endpoint, base_url=f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(Transient, match="does not accept connections"):
        gone.rows("eventLogs", "event_logs")
