"""Guard 12, XCom: counts and no orders."""

from tests.mutations.mutation import Mutation

MUTATIONS = (
    Mutation(
        12,
        "a task returns more than counts",
        "plugins/order_sync/operators/base.py",
        "    return summary.counts\n",
        '    return {**summary.counts, "notes": summary.notes}\n',
        "tests/shell/test_operators.py::test_every_step_returns_counts_and_nothing_else",
    ),
    Mutation(
        12,
        "a task keeps orders while it waits",
        "plugins/order_sync/operators/sending.py",
        'kwargs={"ends_at": end.isoformat()}',
        'kwargs={"ends_at": end.isoformat(), "counts": summary.counts}',
        "tests/shell/test_operators.py::test_reconcile_waits_for_the_next_look_and_keeps_a_time_and_nothing_else",
    ),
)
