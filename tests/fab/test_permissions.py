"""What people may do once they are logged in, asked of Airflow itself: each call is made as the browser makes it."""

import pytest

from order_sync import permissions
from order_sync.core.decisions.rights import Role
from tests.fab.office import ROLES, Office

DECISIONS = {"resync_orders", "hold_connection"}
QUESTIONS = {"explain_order", "report_failures"}
SCHEDULED = {"sync_orders__dynamics_web", "sync_orders__dynamics_store", "compare_orders", "forget_transactions"}
OPEN = DECISIONS | QUESTIONS | SCHEDULED
EVERYTHING = OPEN | {"backfill_orders", "restore_ledger", "erase_personal_data"}
"""Every DAG that is there or may be."""

OURS = ("anna", "sam", "vera", "otto", "both")
WHO = {
    "anna": (OPEN, DECISIONS | QUESTIONS, DECISIONS | QUESTIONS),
    "sam": (OPEN, QUESTIONS, QUESTIONS | SCHEDULED),
    "vera": (OPEN, set(), set()),
    "otto": (EVERYTHING, set(), set()),
    "both": (OPEN, DECISIONS | QUESTIONS, OPEN),
    "stock_viewer": (EVERYTHING, set(), set()),
    "stock_user": (EVERYTHING, EVERYTHING, EVERYTHING),
    "stock_op": (EVERYTHING, EVERYTHING, EVERYTHING),
    "admin": (EVERYTHING, EVERYTHING, EVERYTHING),
    "nobody": (set(), set(), set()),
}
"""Which DAGs each may read, trigger and clear."""

FORBIDDEN = 403


def test_a_role_that_is_not_there_yet_closes_the_dags_that_name_it_and_airflow_says_which(office: Office) -> None:
    """R141"""
    files = {file.rpartition("/")[2]: trace for file, trace in office.before.items()}
    assert {"hold_connection.py", "sync_orders.py"} <= set(files)
    assert all(
        "a role named 'Order Sync " in each and "but that role does not exist" in each for each in files.values()
    )
    assert office.closed == 404, "nobody triggers what is closed, the administrator neither"


def test_the_command_makes_the_roles_and_a_second_time_adds_nothing(office: Office) -> None:
    """R139, R143"""
    first, second = (each.result() for each in office.made)
    assert all(f"to role {role}" in first for role in permissions.ROLES)
    assert "Added can" not in second
    assert second.splitlines()[-1].startswith("the roles are ready: Order Sync Actions, Order Sync Support")


def test_all_dags_are_read_once_the_roles_are_there(office: Office) -> None:
    assert {"hold_connection", "report_failures", "sync_orders__dynamics_web"} <= office.dags() <= EVERYTHING


@pytest.mark.parametrize("who", WHO)
def test_each_sees_triggers_and_clears_what_the_table_says_and_nothing_else(who: str, office: Office) -> None:
    """R138, R139, R144"""
    all_dags = office.dags()
    answer = office.people[who].request("GET", "/api/v2/dags")
    seen = {dag["dag_id"] for dag in answer.json()["dags"]} if answer.status_code != FORBIDDEN else set()
    triggered = {dag for dag in all_dags if office.trigger(who, dag) != FORBIDDEN}
    cleared = {dag for dag in all_dags if office.clear(who, dag, "no such run") != FORBIDDEN}
    assert (seen, triggered, cleared) == tuple(dags & all_dags for dags in WHO[who])


def test_a_trigger_that_is_allowed_makes_a_run_that_bears_the_persons_name(office: Office) -> None:
    """R144, R145"""
    answer = office.answer("anna", "POST", "/api/v2/dags/report_failures/dagRuns", {"logical_date": None, "conf": {}})
    assert (answer.status_code, answer.json()["triggering_user_name"]) == (200, "anna")


@pytest.mark.parametrize("who", [*OURS, "stock_viewer", "stock_user", "stock_op", "nobody"])
def test_only_administrators_grant_roles(who: str, office: Office) -> None:
    """R140"""
    mine = {"roles": [{"name": Role.ACTIONS}]}
    assert office.ask(who, "PATCH", f"/auth/fab/v1/users/{who}?update_mask=roles", mine) == FORBIDDEN
    assert office.ask(who, "PATCH", f"/auth/fab/v1/roles/{Role.VIEWER}", {"name": "x", "actions": []}) == FORBIDDEN


def test_nobody_has_a_role_but_by_an_administrator(office: Office) -> None:
    """R140, R141"""
    users = office.people["admin"].call("GET", "/auth/fab/v1/users")["users"]
    has = {user["username"]: {role["name"] for role in user["roles"]} for user in users}
    assert has == {"admin": {"Admin"}, **{who: set(roles) for who, roles in ROLES.items()}}


def test_what_is_granted_on_a_dag_beside_the_table_is_taken_away(office: Office) -> None:
    admin, name = office.people["admin"], "Order Desk"
    grant = {"action": {"name": "can_edit"}, "resource": {"name": "DAG:hold_connection"}}
    admin.call("POST", "/auth/fab/v1/roles", json={"name": name, "actions": [grant]})
    office.read_dags_again()
    admin.wait_until(lambda: not admin.call("GET", f"/auth/fab/v1/roles/{name}")["actions"], 60, lambda: name)


@pytest.mark.parametrize("who", OURS)
def test_our_roles_see_the_pages_about_a_dag_and_change_nothing_of_airflow(who: str, office: Office) -> None:
    for page in (
        *("dags/hold_connection/details", "dags/hold_connection/dagRuns", "dags/hold_connection/dagVersions"),
        *("dagSources/hold_connection", "importErrors", "pools"),
    ):
        assert office.ask(who, "GET", f"/api/v2/{page}") == 200, page
    for page in ("structure/structure_data?dag_id=hold_connection", "grid/structure/hold_connection", "dags"):
        assert office.ask(who, "GET", f"/ui/{page}") == 200, page
    for page in ("connections", "variables"):
        assert office.ask(who, "GET", f"/api/v2/{page}") == FORBIDDEN, page
    assert office.ask(who, "DELETE", "/api/v2/dags/hold_connection") == FORBIDDEN


@pytest.mark.parametrize("who", WHO)
def test_who_may_clear_a_dag_may_also_pause_it_and_nobody_else(who: str, office: Office) -> None:
    there = office.dags()
    may = {dag for dag in there if office.ask(who, "PATCH", f"/api/v2/dags/{dag}", {"is_paused": True}) != FORBIDDEN}
    assert may == WHO[who][2] & there


@pytest.mark.parametrize("who", [*WHO])
def test_the_audit_log_is_for_auditors_and_administrators(who: str, office: Office) -> None:
    may = office.ask(who, "GET", "/api/v2/eventLogs?dag_id=hold_connection") == 200
    assert may == (who in ("otto", "admin"))
