"""Who may do what in Airflow: what each role may do with each DAG, and how roles are made.

`core/decisions/rights.py` says what; this is how Airflow is told.

Airflow heeds a DAG's `access_control` under the FAB auth manager, and refuses a DAG that names a role which is not
there: so the DAGs name them once `ORDER_SYNC_ROLES` says that they are. Until then, and without a role, nobody has any
of these rights but those who may do everything. It grants no role to anybody and must not know what the DAGs do.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence

from airflow.sdk import conf

from order_sync.core.decisions.rights import Deed, Role, may, sees
from order_sync.core.decisions.selection import Action
from order_sync.core.errors import Misconfigured
from order_sync.core.settings import PREFIX, Settings

ROLES = tuple(map(str, Role))

SETTING = f"{PREFIX}ROLES"

Access = dict[str, Collection[str]]
"""What a role may do with a DAG and with its runs, in Airflow's words."""

READ: Access = {"DAGs": {"can_read"}}
CLEAR: Access = {"DAGs": {"can_read", "can_edit"}}
TRIGGER: Access = {"DAGs": {"can_read", "can_edit"}, "DAG Runs": {"can_create"}}


Grants = dict[str, Access]
"""What each role may do with a DAG; a role that is not named may do nothing."""

DAGS: Mapping[str, Sequence[Deed]] = {
    "sync_orders": (Deed.LOOK_AFTER,),
    "compare_orders": (Deed.LOOK_AFTER,),
    "forget_transactions": (Deed.LOOK_AFTER,),
    "resync_orders": tuple(map(Deed, Action)),
    "hold_connection": (Deed.HOLD_CONNECTION, Deed.RELEASE_CONNECTION),
    "explain_order": (Deed.EXPLAIN,),
    "report_failures": (Deed.REPORT,),
    "backfill_orders": (Deed.BACKFILL,),
    "restore_ledger": (Deed.RESTORE,),
    "erase_personal_data": (Deed.ERASE,),
}
"""What people do with each DAG, by its id without the channel."""

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
    return grants(DAGS[dag_id.partition("__")[0]]) if Settings.read(given).roles else None


def grants(deeds: Sequence[Deed]) -> Grants:
    """What follows for a DAG. Airflow does not tell apart what is done with one: who triggers it may do all of that."""
    do = CLEAR if deeds == (Deed.LOOK_AFTER,) else TRIGGER
    return {
        str(role): do if all(may([role], deed) for deed in deeds) else READ
        for role in Role
        if all(sees([role], deed) for deed in deeds)
    }


def commands() -> Iterator[list[str]]:
    """The commands of Airflow that make the roles. They add what is missing, and take nothing away."""
    yield ["roles", "create", *ROLES]
    for roles, resources, action in (
        (ROLES, SEEN, "can_read"),
        (ROLES, MENU, "menu_access"),
        (ROLES, OWN, "can_edit"),
        ((Role.ACTIONS, Role.SUPPORT), CHANGED, "can_edit"),
        ((Role.AUDITOR,), ("Audit Logs",), "can_read"),
        ((Role.AUDITOR,), ("Browse", "Audit Logs"), "menu_access"),
    ):
        yield ["roles", "add-perms", *roles, "-r", *resources, "-a", action]


def create() -> str:
    """Make the roles in the Airflow of this environment, and say what is left to do.

    Raises Misconfigured if its auth manager has no roles.
    """
    manager = conf.get("core", "auth_manager")
    if not manager.endswith("FabAuthManager"):
        raise Misconfigured(
            f"this Airflow's [core] auth_manager is {manager}, which has no roles that can be created here: the roles"
            " need the FAB auth manager of apache-airflow-providers-fab"
        )
    from airflow.cli.cli_parser import get_parser

    parser = get_parser()
    for words in commands():
        given = parser.parse_args(words)
        given.func(given)
    return f"the roles are ready: {', '.join(ROLES)}; set {SETTING}=on for every component, and grant them to people"
