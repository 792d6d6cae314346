"""Every DAG file: parses fast and silently, and builds exactly the DAGs, tasks and rules that it should."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, CronTriggerTimetable
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from order_sync import notifiers, permissions, registry
from order_sync.core.decisions.selection import Action
from order_sync.core.errors import Misconfigured
from order_sync.core.requests.fields import LONGEST_REASON
from order_sync.core.requests.request import Known
from order_sync.core.requests.resync import ResyncRequest
from order_sync.core.settings import Settings
from order_sync.flows.sending.push import LONGEST_SELECTION
from order_sync.ledger_away import ledger_is_back
from order_sync.retries import RETRY_BY_ERROR
from tests.airflow_home import CHECKOUT, DAGS, PLUGINS
from tests.support.context import context

CHANNEL_DAGS = {f"sync_orders__{channel.name}": channel for channel in registry.CHANNELS}
EXPECTED = {
    "sync_orders.py": set(CHANNEL_DAGS),
    "report_failures.py": {"report_failures"},
    "hold_connection.py": {"hold_connection"},
    "compare_orders.py": {"compare_orders"},
    "backfill_orders.py": {"backfill_orders"},
    "explain_order.py": {"explain_order"},
    "restore_ledger.py": {"restore_ledger"},
    "resync_orders.py": {"resync_orders"},
    "erase_personal_data.py": {"erase_personal_data"},
    "forget_transactions.py": {"forget_transactions"},
}

DRIVERS = ("aiohttp", "pandas", "psycopg", "psycopg2", "requests", "slack_sdk")
"""What takes longer to import than all of ours, and is needed by tasks alone."""

PROBE = """
import json, sys, time
from airflow.dag_processing.dagbag import DagBag
from airflow.plugins_manager import ensure_plugins_loaded
from sqlalchemy import event
from sqlalchemy.engine import Engine

queries, connected = [], []
event.listen(Engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
sys.addaudithook(lambda name, args: connected.append(str(args[1])) if name == "socket.connect" else None)
ensure_plugins_loaded()
begun = time.monotonic()
bag = DagBag(sys.argv[1])
seconds = time.monotonic() - begun
ours = {m.__name__: m.__file__ for m in list(sys.modules.values()) if sys.argv[2] in (getattr(m, "__file__", "") or "")}
print("PROBE", json.dumps({
    "dags": bag.dag_ids, "errors": bag.import_errors, "seconds": seconds, "queries": queries, "connected": connected,
    "ours": sorted(ours), "drivers": sorted(set(sys.argv[3:]) & sys.modules.keys()),
}))
"""


def probe(plugins: Path, **settings: str) -> dict[str, Any]:
    """Parse all DAGs in a process of its own, as the dag-processor does, and tell what happened."""
    env = {**os.environ, "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins), **settings}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, DAGS, plugins, *DRIVERS],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    [line] = [line for line in done.stdout.splitlines() if line.startswith("PROBE ")]
    told: dict[str, Any] = json.loads(line.removeprefix("PROBE "))
    return told


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    """What happened as a new process parsed all DAGs."""
    return probe(PLUGINS)


@pytest.fixture(scope="module")
def dags() -> dict[str, DAG]:
    """Every DAG by its id."""
    return DagBag(DAGS).dags


def tasks(dags: dict[str, DAG]) -> list[Any]:
    """Every task of every DAG."""
    return [task for dag in dags.values() for task in dag.tasks]


def test_every_dag_file_parses_and_builds_the_dags_of_the_registry(parsed: dict[str, Any]) -> None:
    """R172, R180"""
    assert parsed["errors"] == {}
    assert set(parsed["dags"]) == set().union(*EXPECTED.values())


def test_every_dag_file_is_listed_here(dags: dict[str, DAG]) -> None:
    assert {path.name for path in DAGS.glob("*.py")} == set(EXPECTED)
    for name, ids in EXPECTED.items():
        assert {dag_id for dag_id, dag in dags.items() if Path(dag.fileloc).name == name} == ids


def test_parsing_queries_nothing_and_connects_nowhere(parsed: dict[str, Any]) -> None:
    assert parsed["queries"] == []
    assert parsed["connected"] == []


def test_parsing_is_quick_and_imports_no_driver(parsed: dict[str, Any]) -> None:
    assert parsed["seconds"] < 10, (
        "most of it is the import of providers, once a process, on a machine that may be busy"
    )
    assert parsed["drivers"] == []


def test_the_plugin_loader_leaves_our_modules_their_full_names(parsed: dict[str, Any]) -> None:
    assert "order_sync.operators" in parsed["ours"]
    assert [name for name in parsed["ours"] if name.partition(".")[0] != "order_sync"] == []


@pytest.mark.parametrize("syntax", ["glob", pytest.param("regexp", marks=pytest.mark.full)])
def test_the_ignore_file_holds_in_both_syntaxes_and_lets_a_plugin_beside_the_package_be_loaded(
    tmp_path: Path, syntax: str
) -> None:
    """`regexp` was the default of Airflow 2, and is kept by many."""
    plugins = tmp_path / "plugins"
    shutil.copytree(PLUGINS, plugins, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "include").symlink_to(CHECKOUT / "include")
    (plugins / "order_sync_plugin.py").write_text("")
    parsed = probe(plugins, AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX=syntax)
    assert parsed["errors"] == {}
    assert [name for name in parsed["ours"] if name.partition(".")[0] != "order_sync"] == ["order_sync_plugin"]


@pytest.mark.full
def test_without_the_ignore_file_the_loader_would_run_every_module_under_its_bare_name(tmp_path: Path) -> None:
    copy = tmp_path / "plugins"
    left_out = shutil.ignore_patterns(".airflowignore", "__pycache__", "__main__.py")
    shutil.copytree(PLUGINS, copy, ignore=left_out)
    (tmp_path / "include").symlink_to(CHECKOUT / "include")
    assert {"registry", "errors", "hooks"} <= set(probe(copy)["ours"])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ORDER_SYNC_VERIFICATION_WINDOW", "30", "ORDER_SYNC_VERIFICATION_WINDOW is '30'; write a duration"),
        ("ORDER_SYNC_REPORT_ZONE", "Mars/Olympus", "ORDER_SYNC_REPORT_ZONE is 'Mars/Olympus'; write an IANA time zone"),
    ],
)
def test_a_malformed_setting_is_an_import_error_with_the_sentence_that_says_what_to_write(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    errors = DagBag(DAGS).import_errors
    assert {Path(path).name for path in errors} == {"sync_orders.py", "report_failures.py", "resync_orders.py"}
    assert all(sentence in error for error in errors.values())


@pytest.mark.parametrize("dag_id", CHANNEL_DAGS)
def test_the_graph_of_a_channel_is_this(dag_id: str, dags: dict[str, DAG]) -> None:
    """R15"""
    graph = {task.task_id: (task.trigger_rule, sorted(task.downstream_task_ids)) for task in dags[dag_id].tasks}
    assert graph == {
        "extract": ("all_success", ["check_reference_data", "watcher"]),
        "check_reference_data": ("all_done", ["validate", "watcher"]),
        "validate": ("all_done", ["push", "watcher"]),
        "push": ("all_done", ["reconcile", "watcher"]),
        "reconcile": ("all_done", ["watcher"]),
        "watcher": ("one_failed", []),
    }


def test_the_graph_of_a_resync_is_this(dags: dict[str, DAG]) -> None:
    """R172"""
    tasks = dags["resync_orders"].tasks
    graph = {task.task_id: (task.trigger_rule, sorted(task.downstream_task_ids)) for task in tasks}
    steps = ("check_reference_data", "validate", "push", "reconcile")
    expected = {
        "decide": ("all_success", sorted([*(f"channels_of_{erp.name}" for erp in registry.fed()), "watcher"])),
        "watcher": ("one_failed", []),
    }
    for erp in registry.fed():
        check, validate, push, reconcile = (f"send_to_{erp.name}.{step}" for step in steps)
        expected |= {
            f"channels_of_{erp.name}": ("all_success", [check, push, reconcile, validate, "watcher"]),
            check: ("all_success", [validate, "watcher"]),
            validate: ("all_done", [push, "watcher"]),
            push: ("all_done", [reconcile, "watcher"]),
            reconcile: ("all_done", ["watcher"]),
        }
        assert dags["resync_orders"].get_task(push).pool == erp.connection
    assert graph == expected
    weights = {task.task_id: task.priority_weight for task in tasks if task.priority_weight != 1}
    assert weights == {f"send_to_{erp.name}.push": 10 for erp in registry.fed()}, "people wait for it"


def test_the_params_of_a_resync_are_those_that_the_code_reads_and_their_defaults_are_valid(
    dags: dict[str, DAG],
) -> None:
    params = dags["resync_orders"].params
    assert [*params] == [*ResyncRequest.model_fields]
    for name in set(params) - {"reason"}:
        params.get_param(name).resolve()
    for name, wrong in (("reason", ""), ("status", "lost"), ("order_keys", [1]), ("first_day", "soon"), ("dry_run", 1)):
        with pytest.raises(ParamValidationError):
            params.get_param(name).resolve(wrong)


def begin(task: BaseOperator, dag: DAG, params: dict[str, Any]) -> None:
    """Begin a task as Airflow does: what is asked of every task first, then its own work."""
    given: Any = {**context(task.task_id, dag.dag_id, params=params), "dag": dag}
    if task._pre_execute_hook:
        task._pre_execute_hook(given)
    task.execute(given)


def test_a_param_that_its_dag_does_not_have_is_refused_by_every_dag_that_takes_params(dags: dict[str, DAG]) -> None:
    """R173"""
    asking = {dag_id for dag_id, dag in dags.items() if dag.params}
    assert asking >= {"explain_order", "resync_orders", "hold_connection", "backfill_orders", "report_failures"}
    for dag_id in asking:
        dag = dags[dag_id]
        meant = next(iter(dag.params))
        misspelt = f"{meant[:-2]}{meant[-1]}{meant[-2]}"
        roots: list[Any] = dag.roots
        for task in roots:
            says = f"^there is no param '{misspelt}': the nearest is '{meant}', and the params are .*{meant}"
            with pytest.raises(Misconfigured, match=says):
                begin(task, dag, {**dag.params.dump(), misspelt: "x"})


def test_a_reason_has_a_longest_length_in_every_form(dags: dict[str, DAG]) -> None:
    """R173"""
    reasons = {dag_id: dag.params.get_param("reason") for dag_id, dag in dags.items() if "reason" in dag.params}
    assert set(reasons) == {
        *("resync_orders", "hold_connection", "backfill_orders", "restore_ledger", "erase_personal_data")
    }
    for reason in reasons.values():
        assert reason.resolve("x" * LONGEST_REASON)
        with pytest.raises(ParamValidationError):
            reason.resolve("x" * (LONGEST_REASON + 1))


def test_a_form_that_is_left_as_it_comes_asks_for_a_plain_retry(dags: dict[str, DAG]) -> None:
    """R93"""
    params = dags["resync_orders"].params.dump()
    typed = {**params, "reason": "a retry", "order_keys": ["dynamics_web:1"]}
    asked = ResyncRequest.read(typed, Known({"dynamics_web": None}))
    assert (asked.action, asked.erp_numbers, asked.dry_run, asked.confirm) == (Action.RESYNC, {}, False, False)


@pytest.mark.parametrize("dag_id", CHANNEL_DAGS)
def test_the_steps_bear_the_names_that_the_desk_knows(dag_id: str, dags: dict[str, DAG]) -> None:
    """R1, R37"""
    dag = dags[dag_id]
    assert dag.get_task("extract").task_display_name.startswith("P-0001")
    assert dag.get_task("push").task_display_name.startswith("Write Order")


@pytest.mark.parametrize("dag_id", CHANNEL_DAGS)
def test_one_push_at_a_time_works_on_an_erp(dag_id: str, dags: dict[str, DAG]) -> None:
    erp = registry.erp(CHANNEL_DAGS[dag_id].erp)
    pools = {task.task_id: task.pool for task in dags[dag_id].tasks}
    assert pools.pop("push") == erp.connection
    assert set(pools.values()) == {"default_pool"}


@pytest.mark.parametrize(
    ("window", "minutes", "runs"),
    [(timedelta(minutes=30), each, runs) for each, runs in ((1, 95), (5, 23), (30, 8), (120, 6))],
)
def test_as_many_runs_may_be_open_as_fit_into_a_runs_timeout_and_five_more(
    window: timedelta, minutes: int, runs: int
) -> None:
    assert registry.open_runs(window, minutes) == runs


@pytest.mark.parametrize(
    ("window", "runs"),
    [(timedelta(minutes=1), 18), (timedelta(minutes=5), 18), (timedelta(minutes=30), 23), (timedelta(hours=2), 41)],
)
def test_a_longer_window_keeps_more_runs_open(window: timedelta, runs: int) -> None:
    assert registry.open_runs(window, 5) == runs


@pytest.mark.parametrize("dag_id", CHANNEL_DAGS)
def test_a_run_that_waits_for_its_window_never_blocks_the_next(dag_id: str, dags: dict[str, DAG]) -> None:
    dag, channel, window = dags[dag_id], CHANNEL_DAGS[dag_id], Settings().verification_window
    assert dag.max_active_runs == registry.open_runs(window, channel.minutes_between_runs)
    assert dag.dagrun_timeout == window + timedelta(hours=1)


def test_every_task_that_does_not_wait_is_ended_in_time_and_none_that_waits(dags: dict[str, DAG]) -> None:
    waiting = {"reconcile", "backfill_orders"}
    for task in tasks(dags):
        timeout, name = task.execution_timeout, task.task_id.rpartition(".")[2]
        assert (timeout is None) == (name in waiting), f"{task.dag.dag_id}: {task.task_id}: it would count the waiting"
        if timeout and task.dag.dagrun_timeout:
            assert timeout < task.dag.dagrun_timeout, "a run that times out tells nobody"


def test_a_push_is_ended_only_when_its_turn_and_all_that_it_claimed_must_be_over(dags: dict[str, DAG]) -> None:
    settings = Settings()
    for task in tasks(dags):
        if task.task_id.rpartition(".")[2] == "push":
            longest = LONGEST_SELECTION if task.dag.dag_id == "resync_orders" else settings.push_turn
            assert task.execution_timeout > longest + settings.claim_lease


@pytest.mark.parametrize("dag_id", CHANNEL_DAGS)
def test_a_push_ends_its_turn_well_before_the_next_one(dag_id: str) -> None:
    between = timedelta(minutes=CHANNEL_DAGS[dag_id].minutes_between_runs)
    assert Settings().push_turn < 0.8 * between


def test_no_dag_is_paused_by_its_failures_nor_catches_up(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        assert dag.max_consecutive_failed_dag_runs == 0
        assert dag.catchup is False


@pytest.mark.parametrize("dag_id", CHANNEL_DAGS)
def test_a_channel_runs_by_the_registrys_schedule_in_utc(dag_id: str, dags: dict[str, DAG]) -> None:
    """R1, R14, R35"""
    timetable = dags[dag_id].timetable
    assert isinstance(timetable, CronTriggerTimetable)
    assert (timetable.expression, str(timetable.timezone)) == (CHANNEL_DAGS[dag_id].every, "UTC")


@pytest.mark.parametrize("first", [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)])
def test_the_report_runs_at_its_hour_of_its_zone_also_on_days_of_23_and_25_hours(
    first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R106"""
    monkeypatch.setenv("ORDER_SYNC_REPORT_ZONE", "Europe/Berlin")
    monkeypatch.setenv("ORDER_SYNC_REPORT_AT", "07:30")
    report = DagSerialization.from_dict(DagSerialization.to_dict(DagBag(DAGS).dags["report_failures"]))
    runs: list[datetime] = []
    interval = None
    while len(runs) < 3:
        info = report.timetable.next_dagrun_info(
            last_automated_data_interval=interval, restriction=TimeRestriction(first, None, catchup=True)
        )
        assert info
        interval = info.data_interval
        runs.append(info.run_after.astimezone(ZoneInfo("Europe/Berlin")))
    assert [run.date() for run in runs] == [first.date() + timedelta(days=days) for days in range(3)]
    assert {(run.hour, run.minute) for run in runs} == {(7, 30)}


def test_every_dag_says_who_owns_it_what_it_does_and_what_to_do_when_it_fails(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        assert dag.owner not in ("", "airflow")
        assert "orders" in dag.tags
        assert "red" in (dag.doc_md or ""), "what to do when it is red"


def test_every_task_retries_by_the_class_of_its_error_and_alerts_once_it_gives_up(dags: dict[str, DAG]) -> None:
    """R8, R129"""
    for task in tasks(dags):
        if task.task_id == "watcher":
            continue
        assert task.retries == 3
        assert task.retry_policy is RETRY_BY_ERROR
        assert tuple(task.on_failure_callback) == notifiers.ALERTS
        assert [*task.on_success_callback] == [ledger_is_back]
        assert task.owner == task.dag.owner


@pytest.mark.parametrize("setting", ["off", "on"])
def test_every_dag_is_open_to_the_roles_that_the_table_names_and_to_none_while_they_are_not_there(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R138, R141"""
    monkeypatch.setenv(permissions.SETTING, setting)
    bag = DagBag(DAGS)
    assert bag.import_errors == {}
    table = {dag_id: permissions.grants(permissions.DAGS[dag_id.partition("__")[0]]) for dag_id in bag.dags}
    expected = table if setting == "on" else dict.fromkeys(table)
    assert {dag_id: dag.access_control for dag_id, dag in bag.dags.items()} == expected


def test_the_watcher_neither_retries_nor_alerts_a_second_time(dags: dict[str, DAG]) -> None:
    for dag_id in CHANNEL_DAGS:
        watcher = dags[dag_id].get_task("watcher")
        assert watcher.retries == 0
        assert watcher.retry_policy is None
        assert not watcher.on_failure_callback


def test_the_settings_file_names_exactly_the_pools_of_the_erps(
    settings_file: dict[str, Any], dags: dict[str, DAG]
) -> None:
    named = {item["pool_name"]: item["pool_slot"] for item in settings_file["pools"]}
    assert named == {erp.connection: 1 for erp in registry.ERPS}
    assert {task.pool for task in tasks(dags)} - {"default_pool"} <= named.keys()
