"""Whole runs by `dag.test()`: a real ledger, a real channel database, a real Tryton, and what Airflow makes of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from order_sync import registry
from order_sync.core.basics.calendar_days import day_before
from order_sync.specs import ErpSpec
from sandbox.catalogue import PRODUCTS
from sandbox.processes import free_port
from tests.dags.pipeline import DAG, Pipeline, postgres, run

STEPS = ("extract", "check_reference_data", "validate", "push", "reconcile")


def test_orders_travel_from_the_channel_into_the_erp_and_are_confirmed(pipeline: Pipeline) -> None:
    """R2, R49, R91"""
    good = pipeline.sell(PRODUCTS[0].sku, PRODUCTS[1].sku)
    [bad] = pipeline.sell("NO-SUCH-SKU")
    ran = run()
    assert ran.state == "success"
    assert ran.tasks == {**dict.fromkeys(STEPS, "success"), "watcher": "skipped"}
    assert sorted(pipeline.statuses()) == ["failed", "succeeded", "succeeded"]
    assert set(pipeline.in_erp(good)) <= {"processing", "done"}
    assert len(pipeline.in_erp(good)) == 2
    assert pipeline.in_erp([bad]) == []
    assert ran.returned["validate"] == {"valid": 2, "invalid": 1, "SKU_NOT_FOUND": 1}
    assert ran.returned["push"] == {"sent": 2}
    assert (pipeline.inbox.mails, pipeline.inbox.slack) == ([], [])


def test_while_the_erp_is_down_intake_goes_on_and_the_push_is_red_with_one_alert_and_nothing_is_lost(
    pipeline: Pipeline,
) -> None:
    """R136"""
    run()
    pipeline.connect("erp_tryton", {**pipeline.tryton.connection, "port": free_port()})
    numbers = pipeline.sell(PRODUCTS[0].sku)
    ran = run()
    assert ran.state == "failed"
    assert ran.tasks == {
        "extract": "success",
        "check_reference_data": "success",
        "validate": "success",
        "push": "failed",
        "reconcile": "success",
        "watcher": "failed",
    }
    assert pipeline.statuses() == ["queued"]
    [mail], [slack] = pipeline.inbox.mails, pipeline.inbox.slack
    assert mail["Subject"] == f"{DAG}: task push failed"
    assert "Transient" in slack["text"]
    assert "nothing was sent" in slack["text"]

    pipeline.connect("erp_tryton", pipeline.tryton.connection)
    assert run().state == "success"
    assert pipeline.statuses() == ["succeeded"]
    assert len(pipeline.in_erp(numbers)) == 1


def test_while_the_channel_is_down_the_run_is_red_and_what_the_ledger_has_is_sent(pipeline: Pipeline) -> None:
    """R8"""
    run()
    numbers = pipeline.sell(PRODUCTS[0].sku)
    pipeline.connect("erp_tryton", {**pipeline.tryton.connection, "port": free_port()})
    run()
    pipeline.connect("erp_tryton", pipeline.tryton.connection)
    pipeline.connect("channel_dynamics_web", {**postgres(pipeline.cluster.dsn()), "port": free_port()})
    ran = run()
    assert ran.state == "failed"
    assert ran.tasks == {
        "extract": "failed",
        "check_reference_data": "success",
        "validate": "success",
        "push": "success",
        "reconcile": "success",
        "watcher": "failed",
    }
    assert pipeline.statuses() == ["succeeded"]
    assert len(pipeline.in_erp(numbers)) == 1


def test_failed_orders_make_a_run_red_where_the_setting_wants_it_and_no_step(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_SYNC_RED_ON_FAILED_ORDERS", "0.5")
    pipeline.sell(PRODUCTS[0].sku, "NO-SUCH-SKU")
    red = run()
    assert (red.state, red.tasks) == (
        "failed",
        {**dict.fromkeys(STEPS, "success"), "watcher": "skipped", "failed_orders": "failed"},
    )
    [slack] = pipeline.inbox.slack
    assert "1 of 2 orders that this run worked on failed: 1 SKU_NOT_FOUND." in slack["text"]
    pipeline.sell(PRODUCTS[0].sku)
    green = run()
    assert (green.state, green.tasks["failed_orders"]) == ("success", "success"), "that order is another run's"
    assert green.returned["failed_orders"] == {"worked_on": 1, "failed": 0}


def test_a_mistake_in_the_files_of_one_erp_stops_the_tasks_that_need_it_and_no_other_dag(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = tmp_path / "erps" / "files"
    files.mkdir(parents=True)
    (files / "fields.toml").write_text('[header]\nMaterial = "{skuu}"\n')
    first, second = registry.CHANNELS[:2]
    monkeypatch.setattr(registry, "PAGE", registry.PAGE._replace(file=tmp_path / "registry.py"))
    monkeypatch.setattr(registry, "ERPS", (*registry.ERPS, ErpSpec("files", "order_sync.erps.drop:Drop")))
    monkeypatch.setattr(registry, "CHANNELS", (first, replace(second, erp="files")))
    pipeline.connect("erp_files", {"conn_type": "fs", "extra": {"path": str(tmp_path)}})

    theirs = run(f"sync_orders__{second.name}")
    assert (theirs.state, theirs.tasks["extract"], theirs.tasks["push"]) == ("failed", "success", "failed")
    mistake = f"{files / 'fields.toml'}, line 2: Material: there is no field 'skuu'"
    assert [mistake in slack["text"] for slack in pipeline.inbox.slack] == [True] * 3, "a task that needs the ERP, each"

    numbers = pipeline.sell(PRODUCTS[0].sku)
    assert run(f"sync_orders__{first.name}").state == "success"
    assert len(pipeline.in_erp(numbers)) == 1


def test_while_sending_is_on_hold_the_push_is_skipped_with_the_reason_and_the_run_is_green(pipeline: Pipeline) -> None:
    run()
    with pipeline.ledger() as connection:
        connection.execute(
            "insert into order_sync.holds (connection, kind, scope, reason, held_by)"
            " values ('erp_tryton', 'person', 'submit', 'stocktaking', 'test')"
        )
    pipeline.sell(PRODUCTS[0].sku)
    ran = run()
    assert ran.state == "success"
    assert ran.tasks == {**dict.fromkeys(STEPS, "success"), "push": "skipped", "watcher": "skipped"}
    assert pipeline.statuses() == ["queued"]


def test_a_key_that_is_not_accepted_fails_the_push_at_once_although_retries_are_left(pipeline: Pipeline) -> None:
    run()
    pipeline.connect("erp_tryton", {**pipeline.tryton.connection, "password": "wrong"})
    pipeline.sell(PRODUCTS[0].sku)
    ran = run(retries=3)
    assert (ran.tasks["push"], ran.tries["push"]) == ("failed", 1)
    assert pipeline.statuses() == ["queued"]
    [slack] = pipeline.inbox.slack
    assert "NotAuthorised" in slack["text"]
    assert "connection 'erp_tryton'" in slack["text"]


def test_without_the_ledger_every_task_is_red_and_people_are_told_once_until_it_is_back(pipeline: Pipeline) -> None:
    here = postgres(pipeline.cluster.dsn(pipeline.names[0]))
    for told in (1, 2):
        pipeline.connect("order_ledger", {**here, "port": free_port()})
        for dag in (DAG, "sync_orders__dynamics_store"):
            ran = run(dag)
            assert ran.state == "failed"
            assert ran.tasks == dict.fromkeys((*STEPS, "watcher"), "failed")
            assert (len(pipeline.inbox.slack), len(pipeline.inbox.mails)) == (told, told)
        text = pipeline.inbox.slack[-1]["text"]
        assert "task extract failed with LedgerUnavailable" in text
        assert "the ledger (connection order_ledger) does not answer" in text
        pipeline.connect("order_ledger", here)
        assert run().state == "success"


def test_the_report_of_a_day_is_a_file_in_the_folder_of_the_variable(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R125"""
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_REPORT_DIR", str(tmp_path))
    early = run("report_failures")
    assert (early.state, early.tasks) == ("success", {"build_failure_report": "skipped"})
    assert [*tmp_path.iterdir()] == []
    pipeline.validated("dynamics_web", "dynamics_store")
    assert run("report_failures").state == "success"
    yesterday = day_before(datetime.now(UTC), ZoneInfo("UTC"))
    assert [path.name for path in tmp_path.iterdir()] == [f"order-sync-failures-{yesterday}.csv"]
    assert run("report_failures", day="2026-03-02", content="all").state == "success"
    assert (tmp_path / "order-sync-all-2026-03-02.csv").exists()


def test_a_report_without_its_variable_fails_and_writes_nothing(pipeline: Pipeline) -> None:
    """R137"""
    ran = run("report_failures", retries=3)
    assert (ran.tasks, ran.tries) == ({"build_failure_report": "failed"}, {"build_failure_report": 1})
    assert "variable order_sync_report_dir" in pipeline.inbox.slack[0]["text"]


def test_where_no_alert_is_set_up_a_failed_task_logs_a_line_about_each_way_and_no_trace(
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("CONN_SLACK_ALERTS", "CONN_SMTP_ALERTS", "VAR_ORDER_SYNC_ALERT_FROM", "VAR_ORDER_SYNC_ALERT_TO"):
        monkeypatch.delenv(f"AIRFLOW_{name}")
    assert run("report_failures").state == "failed"
    log = caplog.text + capfd.readouterr().out
    assert "the report's folder is ''" in log
    assert log.count("no alert over Slack: connection 'slack_alerts' is not set up") == 1
    assert log.count("no alert by mail: connection 'smtp_alerts', variable 'order_sync_alert_from', ") == 1
    assert "Failed to run task callback" not in log
    assert "NOT_FOUND" not in log


@pytest.mark.parametrize("params", [{"day": "yesterday"}, {"content": "everything"}])
def test_params_of_a_report_that_cannot_be_are_refused_before_the_task_runs(
    pipeline: Pipeline, params: dict[str, Any]
) -> None:
    """R173"""
    with pytest.raises(ValueError, match="|".join(params.values())):
        run("report_failures", **params)


def test_the_daily_comparison_reads_what_no_extract_saw_and_tells_people_once(pipeline: Pipeline) -> None:
    """R8, R9"""
    run()
    with pipeline.ledger() as connection:
        connection.execute("update order_sync.watermarks set counter = counter + 1000, samples = '[]'")
    [number] = pipeline.sell(PRODUCTS[0].sku, placed=datetime.now(UTC) - timedelta(hours=2))
    for _ in range(2):
        assert run("compare_orders").state == "success"
    assert pipeline.statuses() == ["received"]
    told = "compare_orders: task compare_channel found 1 thing to look at"
    assert [mail["Subject"] for mail in pipeline.inbox.mails].count(told) == 1
    [text] = [message["text"] for message in pipeline.inbox.slack if told in message["text"]]
    assert "1 missing: transactions had not landed although extracts had read past them" in text
    assert number in text


def test_a_comparison_of_a_channel_that_is_down_makes_the_run_red_and_the_erp_is_compared(pipeline: Pipeline) -> None:
    """R8"""
    run()
    pipeline.connect("channel_dynamics_web", {**postgres(pipeline.cluster.dsn()), "port": free_port()})
    ran = run("compare_orders")
    assert (ran.state, ran.tasks["compare_erp"]) == ("failed", "success")


def test_a_backfill_brings_in_what_was_placed_before_the_start_and_the_next_run_sends_it(pipeline: Pipeline) -> None:
    """R179"""
    [number] = pipeline.sell(PRODUCTS[0].sku, placed=datetime(2025, 12, 24, 18, tzinfo=UTC))
    run()
    assert pipeline.statuses() == ["not_an_order"]
    days: dict[str, Any] = {"first_day": "2025-12-01", "last_day": "2025-12-31"}
    ran = run("backfill_orders", channel="dynamics_web", reason="the shop moved", **days)
    assert (ran.state, ran.returned["backfill_orders"]) == ("success", {"backfilled": 1})
    run()
    assert pipeline.statuses() == ["succeeded"]
    assert len(pipeline.in_erp([number])) == 1


def test_a_customer_is_erased_and_stays_so_when_the_channel_is_read_again(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_REPORT_DIR", str(tmp_path))
    [number] = pipeline.sell(PRODUCTS[0].sku, placed=datetime.now(UTC) - timedelta(days=1))
    run()
    with pipeline.ledger() as connection:
        [(account,)] = connection.execute("select customer_account from order_sync.transactions").fetchall()
        connection.execute("update order_sync.watermarks set validated_at = validated_at - interval '1 day'")
    yesterday = str((datetime.now(UTC) - timedelta(days=1)).date())
    assert run("report_failures", day=yesterday, content="all").returned["build_failure_report"] == {"Successful": 1}
    [file] = tmp_path.iterdir()
    assert account in file.read_text()
    asked = {"channel": "dynamics_web", "customer_account": account, "reason": "request 7"}
    assert run("erase_personal_data", **asked).returned["erase_personal_data"] == {"to_erase": 1}
    ran = run("erase_personal_data", **asked, dry_run=False)
    assert ran.returned["erase_personal_data"] == {"erased": 1, "reports_written_again": 1}
    with psycopg.connect(pipeline.cluster.dsn(pipeline.names[1])) as shop:
        shop.execute("update ax.retailtransactiontable set custaccount = ''")
    assert run().state == "success"
    assert run("compare_orders").state == "success"
    assert run("forget_transactions").state == "success"
    assert pipeline.statuses() == ["succeeded"]
    assert len(pipeline.in_erp([number])) == 1
    assert account not in file.read_text()
    assert number not in file.read_text()
    with pipeline.ledger() as connection:
        events = connection.execute("select event from order_sync.order_history order by id").fetchall()
        assert [event for (event,) in events][-2:] == ["erased", "changed_once_erased"]


def test_params_of_a_backfill_that_cannot_be_are_refused_with_everything_that_is_wrong(pipeline: Pipeline) -> None:
    days: dict[str, Any] = {"first_day": "2025-12-31", "last_day": "2025-12-01"}
    ran = run("backfill_orders", channel="dynamics_web", reason=" ", **days)
    assert ran.state == "failed"
    [slack] = pipeline.inbox.slack
    assert "last_day 2025-12-01 lies before first_day 2025-12-31; reason is missing: write why" in slack["text"]


def test_where_an_order_is_and_why_is_in_the_log_and_its_page_beside_the_reports(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R80, R96, R151"""
    monkeypatch.setenv("AIRFLOW_VAR_ORDER_SYNC_REPORT_DIR", str(tmp_path))
    [number] = pipeline.sell("NO-SUCH-SKU")
    run()
    capsys.readouterr()
    ran = run("explain_order", reference=f"WEB-{number}", whole_order=True)
    assert (ran.state, ran.returned) == ("success", {"explain_order": {"found": 1}})
    said = capsys.readouterr().out
    assert "Last error      SKU_NOT_FOUND" in said
    assert "Who fixes it    catalogue" in said
    [page] = tmp_path.iterdir()
    assert number in page.name
    assert "NO-SUCH-SKU" in page.read_text()
    assert page.read_text().partition("street")[2].splitlines()[0].strip() not in said
    assert run("explain_order", status="failed", days=1).returned == {"explain_order": {"shown": 1}}
    assert run("explain_order", key="W100012").state == "failed"
    [slack] = pipeline.inbox.slack
    assert "key is not an order key" in slack["text"]


def test_a_misspelt_param_is_refused_at_once_and_lists_nothing(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    """R173"""
    ran = run("explain_order", retries=3, referense="WEB-1")
    assert (ran.state, ran.tries) == ("failed", {"explain_order": 1})
    [slack] = pipeline.inbox.slack
    assert (
        "there is no param 'referense': the nearest is 'reference', and the params are key, reference" in slack["text"]
    )
    assert "the newest" not in capsys.readouterr().out


@pytest.mark.parametrize("params", [{"status": "broken"}, {"code": "NOPE"}, {"channel": "shop"}, {"days": 0}])
def test_filters_of_a_list_that_cannot_be_are_refused_before_the_task_runs(
    pipeline: Pipeline, params: dict[str, Any]
) -> None:
    """R149, R173"""
    with pytest.raises(ValueError, match="|".join(str(value) for value in params.values())):
        run("explain_order", **params)


def test_people_hold_orders_and_release_them_and_what_is_released_is_sent_once(pipeline: Pipeline) -> None:
    """R92, R172"""
    run()
    pipeline.connect("erp_tryton", {**pipeline.tryton.connection, "port": free_port()})
    numbers = pipeline.sell(PRODUCTS[0].sku, PRODUCTS[1].sku)
    run()
    pipeline.connect("erp_tryton", pipeline.tryton.connection)
    sends = [f"send_to_tryton.{step}" for step in STEPS[1:]]
    channel = pipeline.channel_content()

    held = run("resync_orders", action="on_hold", reason="a doubt", status="queued")
    assert held.state == "success"
    assert held.returned["decide"] == {"done": 2, "to_send": {}}
    assert {held.tasks[step] for step in (*sends, "watcher")} == {"skipped"}
    assert pipeline.statuses() == ["on_hold", "on_hold"]

    looked = run("resync_orders", action="release", reason="no doubt", channel="dynamics_web", dry_run=True)
    assert looked.state == "success"
    assert looked.returned["decide"] == {"matched": 2, "to_send": {}}
    assert pipeline.statuses() == ["on_hold", "on_hold"]

    released = run("resync_orders", action="release", reason="no doubt", channel="dynamics_web")
    assert released.state == "success"
    assert released.returned["decide"] == {"done": 2, "to_send": {"tryton": ["dynamics_web"]}}
    assert released.tasks == {
        **dict.fromkeys(("decide", "channels_of_tryton", *sends), "success"),
        "watcher": "skipped",
    }
    assert pipeline.statuses() == ["succeeded", "succeeded"]
    assert len(pipeline.in_erp(numbers)) == 2
    assert pipeline.channel_content() == channel


def test_params_of_a_resync_that_cannot_be_are_refused_with_everything_that_is_wrong(pipeline: Pipeline) -> None:
    """R173"""
    run()
    wrong: dict[str, Any] = {
        "action": "mark_as_synced",
        "reason": " ",
        "order_keys": ["x"],
        "channel": "dynamics_web",
        "wat": 1,
    }
    ran = run("resync_orders", **wrong)
    assert (ran.state, ran.tasks["decide"], ran.tries["decide"]) == ("failed", "failed", 1)
    text = pipeline.inbox.slack[0]["text"]
    for problem in (
        "number 1 is not an order key",
        "together with channel",
        "reason is missing",
        "0 for 1",
        "no param 'wat'",
    ):
        assert problem in text
