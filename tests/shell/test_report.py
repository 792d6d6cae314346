"""The report's operator, over a real ledger."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from order_sync import ledger, registry
from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.watermark import Watermark
from order_sync.operators import BuildFailureReportOperator
from order_sync.specs import ChannelSpec
from sandbox.postgres import Cluster

HEADER = "Order id,Distributor name,Account ID,Delivery Date,Placed At Date,Status"
Build = Callable[..., dict[str, int]]


@pytest.fixture(scope="module")
def database(cluster: Cluster, migrated: str) -> Iterator[str]:
    """The name of a ledger's database."""
    name = "ledger_of_reports"
    cluster.create_database(name, template=migrated)
    yield name
    cluster.drop_database(name)


@pytest.fixture
def build(cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Executes the operator as Airflow would."""
    connection = {"conn_type": "postgres", "host": "127.0.0.1", "port": cluster.port, "login": "postgres"}
    secret = {"password": cluster.password, "schema": database}
    monkeypatch.setenv("AIRFLOW_CONN_ORDER_LEDGER", json.dumps({**connection, **secret}))

    def build(run_after: datetime | None = None, **arguments: Any) -> dict[str, int]:
        operator: BaseOperator = BuildFailureReportOperator(task_id="build", **arguments)
        context: Any = {"dag_run": SimpleNamespace(run_after=run_after or datetime.now(UTC))}
        counts: dict[str, int] = operator.execute(context)
        return counts

    return build


CHANNELS = (
    ChannelSpec("shop", "none:None", "erp", "* * * * *", 1, datetime(2026, 1, 1, tzinfo=UTC), "owner"),
    ChannelSpec("tills", "none:None", "erp", "* * * * *", 1, datetime(2026, 1, 1, tzinfo=UTC), "owner"),
)


@pytest.fixture
def validated(cluster: Cluster, database: str) -> Iterator[Callable[[str], None]]:
    """Lets a channel be read and validated for the first time."""
    with ledger.Ledger(lambda: psycopg.connect(cluster.dsn(database))) as opened:

        def validated(channel: str) -> None:
            opened.record(channel, "erp", [], Watermark("db", 1), Actor("test"))
            opened.note_validated(channel)

        yield validated
    with psycopg.connect(cluster.dsn(database)) as connection:
        connection.execute("truncate order_sync.watermarks")


@pytest.fixture(autouse=True)
def _channels(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A registry with no channel, or with two of which a test says what became of them."""
    monkeypatch.setattr(registry, "CHANNELS", CHANNELS if "validated" in request.fixturenames else ())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_report_is_a_file_in_the_folder_and_what_is_returned_is_counts(build: Build, tmp_path: Path) -> None:
    """R113, R123"""
    assert build(folder=str(tmp_path), day="2026-03-02") == {}
    assert files(tmp_path) == ["order-sync-failures-2026-03-02.csv"]
    assert (tmp_path / files(tmp_path)[0]).read_text("utf-8-sig").replace('"', "").splitlines() == [HEADER]


def test_until_each_channel_was_validated_once_the_task_is_skipped_with_the_reason_and_a_clear_builds_the_day(
    build: Build, validated: Callable[[str], None], tmp_path: Path
) -> None:
    validated("shop")
    with pytest.raises(AirflowSkipException, match=r"report of 2026-03-01 is not built yet.* no orders of tills have"):
        build(datetime(2026, 3, 2, 6, tzinfo=UTC), folder=str(tmp_path))
    assert files(tmp_path) == []
    validated("tills")
    build(datetime(2026, 3, 2, 6, tzinfo=UTC), folder=str(tmp_path))
    assert files(tmp_path) == ["order-sync-failures-2026-03-01.csv"]


def test_no_report_waits_for_a_channel_that_is_switched_off(
    build: Build, validated: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated("shop")
    off = tuple(replace(spec, switched_off="not yet" if spec.name == "tills" else "") for spec in CHANNELS)
    monkeypatch.setattr(registry, "CHANNELS", off)
    build(datetime(2026, 3, 2, 6, tzinfo=UTC), folder=str(tmp_path))
    assert files(tmp_path) == ["order-sync-failures-2026-03-01.csv"]


def test_all_orders_are_a_file_of_their_own(build: Build, tmp_path: Path) -> None:
    build(folder=str(tmp_path), day="2026-03-02", content="all")
    assert files(tmp_path) == ["order-sync-all-2026-03-02.csv"]


@pytest.mark.parametrize("day", [None, ""])
def test_without_a_day_it_is_the_last_one_that_was_over_as_the_run_was_due(
    day: str | None, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_SYNC_REPORT_ZONE", "America/New_York")
    build(datetime(2026, 3, 3, 4, 59, tzinfo=UTC), folder=str(tmp_path), day=day)
    build(datetime(2026, 3, 3, 5, 0, tzinfo=UTC), folder=str(tmp_path), day=day)
    assert files(tmp_path) == ["order-sync-failures-2026-03-01.csv", "order-sync-failures-2026-03-02.csv"]


def test_a_day_that_is_not_over_is_refused_and_leaves_no_file(build: Build, tmp_path: Path) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    with pytest.raises(Misconfigured, match=f"the business day {tomorrow} ends at"):
        build(folder=str(tmp_path), day=tomorrow)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"day": "yesterday"}, "day is 'yesterday': write a date such as 2026-03-02, or leave it empty"),
        ({"day": "2026-02-30"}, "day is '2026-02-30': write a date"),
        ({"content": "everything"}, "content is 'everything': write failed or all"),
        ({"folder": "reports"}, "the report's folder is 'reports': set an absolute path"),
        ({"folder": ""}, "the report's folder is '': set an absolute path"),
        ({"folder": "/nowhere/at/all"}, "the report's folder '/nowhere/at/all' does not exist: create it"),
    ],
)
def test_what_cannot_be_built_is_one_sentence_that_says_what_to_write(
    arguments: dict[str, str], sentence: str, build: Build, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        build(**{"folder": str(tmp_path), "day": "2026-03-02", **arguments})
    assert files(tmp_path) == []


def test_the_constructor_only_assigns() -> None:
    given = {name: f"{{{{ params.{name} }}}}" for name in BuildFailureReportOperator.template_fields}
    operator = BuildFailureReportOperator(task_id="build", **given)
    assert {name: getattr(operator, name) for name in given} == given
