"""The table of who may do what, and the commands that make the roles."""

import pytest

from order_sync import permissions
from order_sync.core.decisions.rights import Deed, Role
from order_sync.core.errors import Misconfigured
from order_sync.permissions import ROLES

DECISIONS = ("resync_orders", "hold_connection")
ADMINISTRATION = ("backfill_orders", "restore_ledger", "erase_personal_data")


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The roles are there."""
    monkeypatch.setenv(permissions.SETTING, "on")


def those_who_may(action: str, resource: str, dag_id: str) -> set[str]:
    """The roles that may do something with a DAG or its runs."""
    return {role for role, may in (permissions.access(dag_id) or {}).items() if action in may.get(resource, ())}


@pytest.mark.parametrize("value", [None, "off"])
def test_until_the_roles_are_there_no_dag_names_one(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """R141"""
    if value:
        monkeypatch.setenv(permissions.SETTING, value)
    assert [permissions.access(dag_id) for dag_id in permissions.DAGS] == [None] * len(permissions.DAGS)


def test_a_setting_that_is_neither_on_nor_off_is_refused_and_no_other_setting_matters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ORDER_SYNC_REPORT_ZONE", "Mars/Olympus")
    assert permissions.access("hold_connection") is None
    monkeypatch.setenv(permissions.SETTING, "yes")
    with pytest.raises(Misconfigured, match="ORDER_SYNC_ROLES is 'yes'; write on or off"):
        permissions.access("hold_connection")


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("dag_id", DECISIONS)
def test_orders_are_decided_upon_by_one_role_alone(dag_id: str) -> None:
    """R138, R139"""
    assert those_who_may("can_create", "DAG Runs", dag_id) == {Role.ACTIONS}
    assert those_who_may("can_edit", "DAGs", dag_id) == {Role.ACTIONS}


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("dag_id", ["sync_orders__dynamics_web", "compare_orders"])
def test_scheduled_tasks_are_cleared_by_support_alone_and_triggered_by_nobody(dag_id: str) -> None:
    assert those_who_may("can_edit", "DAGs", dag_id) == {Role.SUPPORT}
    assert those_who_may("can_create", "DAG Runs", dag_id) == set()


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("dag_id", ADMINISTRATION)
def test_what_is_for_administrators_is_read_by_the_auditor_alone(dag_id: str) -> None:
    assert permissions.access(dag_id) == {Role.AUDITOR: permissions.READ}


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("dag_id", [dag_id for dag_id in permissions.DAGS if dag_id not in ADMINISTRATION])
def test_every_role_reads_every_other_dag(dag_id: str) -> None:
    assert those_who_may("can_read", "DAGs", dag_id) == set(ROLES)


def test_each_deed_belongs_to_one_kind_of_dag() -> None:
    deeds = [deed for each in permissions.DAGS.values() for deed in each if deed is not Deed.LOOK_AFTER]
    assert sorted(deeds) == sorted({*Deed} - {Deed.LOOK_AFTER})


def test_who_may_do_only_a_part_of_what_a_dag_does_may_not_trigger_it() -> None:
    asks_and_decides = permissions.grants((Deed.EXPLAIN, Deed.RESYNC))
    assert asks_and_decides[Role.ACTIONS] == permissions.TRIGGER
    assert asks_and_decides[Role.SUPPORT] == permissions.READ


def test_no_role_may_do_anything_with_the_dags_of_others_or_manage_airflow() -> None:
    for words in permissions.commands():
        if "add-perms" in words:
            resources, action = set(words[words.index("-r") + 1 : -2]), words[-1]
            assert action in ("can_read", "can_edit", "menu_access"), "to create and delete is for administrators"
            assert action == "menu_access" or not resources & {"DAGs", "Connections", "Variables", "Users", "Roles"}
            assert action != "can_edit" or resources <= {*permissions.CHANGED, *permissions.OWN}


def test_an_airflow_without_roles_is_told_so() -> None:
    with pytest.raises(Misconfigured, match=r"SimpleAuthManager.* need the FAB auth manager"):
        permissions.create()
