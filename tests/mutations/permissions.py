"""Guard 17, people: who may decide, and whom the history names."""

from tests.mutations.mutation import CORE, Mutation

MUTATIONS = (
    Mutation(
        17,
        "support decides about orders",
        CORE + "decisions/rights.py",
        "BY_WHO_DECIDES = Right(frozenset({Role.ACTIONS}))",
        "BY_WHO_DECIDES = Right(frozenset({Role.ACTIONS, Role.SUPPORT}))",
        "tests/shell/test_permissions.py::test_orders_are_decided_upon_by_one_role_alone",
    ),
    Mutation(
        17,
        "who may do one thing with a DAG may trigger all that it does",
        "plugins/order_sync/permissions.py",
        "do if all(may([role], deed) for deed in deeds) else READ",
        "do if any(may([role], deed) for deed in deeds) else READ",
        "tests/shell/test_permissions.py::test_who_may_do_only_a_part_of_what_a_dag_does_may_not_trigger_it",
    ),
    Mutation(
        17,
        "DAGs name roles that are not there yet, and none of them parses",
        "plugins/order_sync/permissions.py",
        " if Settings.read(given).roles else None",
        "",
        "tests/shell/test_permissions.py::test_until_the_roles_are_there_no_dag_names_one",
    ),
    Mutation(
        17,
        "a clear is laid upon one person where several asked for it",
        "plugins/order_sync/operators/cleared_by.py",
        'return " or ".join(people)',
        'return next(iter(people), "")',
        "tests/shell/test_cleared_by.py"
        "::test_all_who_asked_between_two_tries_are_named_since_a_refused_one_is_logged_too",
    ),
    Mutation(
        17,
        "a task that is cleared acts as another one, and takes its own hold for somebody else's",
        "plugins/order_sync/operators/base.py",
        'person=user or "", reason="; ".join(filter(None, (reason, clear))))',
        'person=f"{user} {clear}", reason=reason)',
        "tests/shell/test_cleared_by.py::test_the_history_names_who_cleared_a_task",
    ),
    Mutation(
        17,
        "a clear of another task is taken for this one's",
        "plugins/order_sync/operators/cleared_by.py",
        "(ti.task_id in tasks or other_tasks) and ",
        "",
        "tests/shell/test_cleared_by.py::test_a_clear_of_something_else_is_not_this_tasks",
    ),
)
