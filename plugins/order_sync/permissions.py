"""Who may do what in Airflow: the roles of order-sync, what each may do with each kind of DAG, and how they are made.

Airflow heeds a DAG's `access_control` under the FAB auth manager, and refuses a DAG that names a role which is not
there: so the DAGs name them once `ORDER_SYNC_ROLES` says that they are. Until then, and without a role, nobody has any
of these rights but those who may do everything. It grants no role to anybody and must not know what the DAGs do.
"""

import os
from collections.abc import Iterator

from airflow.sdk import conf

from order_sync.core.errors import Misconfigured
from order_sync.core.settings import PREFIX, Settings

ACTIONS = "Order Sync Actions"
SUPPORT = "Order Sync Support"
VIEWER = "Order Sync Viewer"
AUDITOR = "Order Sync Auditor"
ROLES = (ACTIONS, SUPPORT, VIEWER, AUDITOR)

SETTING = f"{PREFIX}ROLES"

Access = dict[str, set[str]]
"""What a role may do with a DAG and with its runs, in Airflow's words."""

READ: Access = {"DAGs": {"can_read"}}
CLEAR: Access = {"DAGs": {"can_read", "can_edit"}}
TRIGGER: Access = {"DAGs": {"can_read", "can_edit"}, "DAG Runs": {"can_create"}}


Grants = dict[str, Access]
"""What each role may do with a DAG; a role that is not named may do nothing."""

SCHEDULED: Grants = {ACTIONS: READ, SUPPORT: CLEAR, VIEWER: READ, AUDITOR: READ}
DECISION: Grants = {ACTIONS: TRIGGER, SUPPORT: READ, VIEWER: READ, AUDITOR: READ}
QUESTION: Grants = {ACTIONS: TRIGGER, SUPPORT: TRIGGER, VIEWER: READ, AUDITOR: READ}
ADMINISTRATION: Grants = {AUDITOR: READ}

DAGS = {
    "sync_orders": SCHEDULED,
    "compare_orders": SCHEDULED,
    "forget_transactions": SCHEDULED,
    "resync_orders": DECISION,
    "hold_connection": DECISION,
    "explain_order": QUESTION,
    "report_failures": QUESTION,
    "backfill_orders": ADMINISTRATION,
    "restore_ledger": ADMINISTRATION,
    "erase_personal_data": ADMINISTRATION,
}
"""What each DAG is to people, by its id without the channel."""

SEEN = (
    *("Website", "Cluster Activity", "DAG Runs", "DAG Versions", "DAG Warnings", "DAG Code", "DAG Dependencies"),
    *("Task Instances", "Task Logs", "XComs", "HITL Detail", "ImportError", "Assets", "Pools"),
    *("My Profile", "My Password"),
)
"""What the pages about DAGs are made of; of which DAGs a role sees them, the DAGs say."""

MENU = ("DAGs", "Docs", "Documentation")
OWN = ("My Profile", "My Password")

CHANGED = ("DAG Runs", "Task Instances")
"""What a clear changes, of the DAGs that a role may edit."""


def access(dag_id: str) -> Grants | None:
    """What each role may do with a DAG: its `access_control`. None as long as the roles are not there."""
    given = {name: value for name, value in os.environ.items() if name == SETTING}
    return DAGS[dag_id.partition("__")[0]] if Settings.read(given).roles else None


def commands() -> Iterator[list[str]]:
    """The commands of Airflow that make the roles. They add what is missing, and take nothing away."""
    yield ["roles", "create", *ROLES]
    for roles, resources, action in (
        (ROLES, SEEN, "can_read"),
        (ROLES, MENU, "menu_access"),
        (ROLES, OWN, "can_edit"),
        ((ACTIONS, SUPPORT), CHANGED, "can_edit"),
        ((AUDITOR,), ("Audit Logs",), "can_read"),
        ((AUDITOR,), ("Browse", "Audit Logs"), "menu_access"),
    ):
        yield ["roles", "add-perms", *roles, "-r", *resources, "-a", action]


def create() -> str:
    """Make the roles in the Airflow of this environment, and say what is left to do.

    Raises Misconfigured if its auth manager has no roles.
    """
    manager = conf.get("core", "auth_manager")
    if not manager.endswith("FabAuthManager"):
        raise Misconfigured(
            f"this Airflow's [core] auth_manager is {manager}, which keeps no roles that can be made here: the roles"
            " need the FAB auth manager of apache-airflow-providers-fab"
        )
    from airflow.cli.cli_parser import get_parser

    parser = get_parser()
    for words in commands():
        given = parser.parse_args(words)
        given.func(given)
    return f"the roles are there: {', '.join(ROLES)}; set {SETTING}=on for every component, and grant them to people"
