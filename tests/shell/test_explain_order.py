"""The operator that explains orders, over a real ledger: the log, what stays out of it, and the printed file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk import BaseOperator
from structlog.testing import capture_logs

from order_sync.core.errors import Misconfigured
from order_sync.core.order.model import OrderKey
from order_sync.flows.people.printing import order_file, print_order
from order_sync.ledger import Ledger
from order_sync.operators import ExplainOrderOperator
from sandbox.postgres import Cluster
from tests.ledger.steps import fail, key, land

Ask = Callable[..., tuple[dict[str, int], list[str], BaseOperator]]
ADDRESS = {"name": "Ann Other", "street": "1 High Street", "city": "Bristol", "postal_code": "BS1 5TY", "country": "GB"}
DETAILS = json.dumps({"lines": [["1", "SKU-0001", "1", "10.00"]], "ship_to": ADDRESS, "ships": True})


@pytest.fixture
def ledger(cluster: Cluster, migrated: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger behind Airflow's connection."""
    cluster.create_database("ledger_to_explain", template=migrated)
    ledger = Ledger(lambda: psycopg.connect(cluster.dsn("ledger_to_explain")))
    connection = {"conn_type": "postgres", "host": "127.0.0.1", "port": cluster.port, "login": "postgres"}
    secret = {"password": cluster.password, "schema": "ledger_to_explain"}
    monkeypatch.setenv("AIRFLOW_CONN_ORDER_LEDGER", json.dumps({**connection, **secret}))
    with ledger:
        yield ledger
    cluster.drop_database("ledger_to_explain")


@pytest.fixture
def ask(ledger: Ledger) -> Ask:
    """Executes the operator as Airflow would, its templates rendered: what it returns, the lines it logs, and it."""

    def ask(**given: Any) -> tuple[dict[str, int], list[str], BaseOperator]:
        operator: BaseOperator = ExplainOrderOperator(task_id="explain", **given)
        context: Any = {}
        with capture_logs() as logged:
            counts = operator.execute(context)
        lines = [entry["event"] for entry in logged if entry["log_level"] == "info"]
        return counts, lines, operator

    return ask


def test_the_log_has_the_explanation_line_by_line_and_what_is_returned_is_counts(ask: Ask, ledger: Ledger) -> None:
    """R80, R151"""
    fail(ledger, 1)
    counts, said, _ = ask(key=str(key(1)), reference="", whole_order="False", at_most="50")
    assert counts == {"found": 1}
    assert said[0] == f"Order {key(1)}"
    assert said[1].startswith("Last error      SKU_NOT_FOUND, ")
    assert not any("\n" in line for line in said)


def test_a_list_and_an_unknown_order_turn_nothing_red(ask: Ask, ledger: Ledger) -> None:
    """R148"""
    fail(ledger, 1, 2)
    assert ask(status="failed", at_most="1")[0] == {"shown": 1}
    counts, said, _ = ask(reference="W9")
    assert (counts, said[0]) == ({"found": 0}, "No order matches that")


def test_a_whole_order_is_printed_into_a_file_and_nothing_of_it_is_logged_or_returned(
    ask: Ask, ledger: Ledger, tmp_path: Path
) -> None:
    """R96, R178"""
    land(ledger, 1, details=DETAILS)
    counts, said, operator = ask(
        key=str(key(1)),
        whole_order="True",
        escalate="True",
        folder=str(tmp_path),
        folder_url="https://files.example.com",
    )
    path = order_file(tmp_path, key(1))
    assert [*tmp_path.iterdir()] == [path]
    assert path.name == "order-sync-order-shop%3AS1%2F00001.txt"
    assert path.stat().st_mode & 0o777 & ~0o640 == 0
    page = path.read_text()
    assert page.startswith(f"Order {key(1)}\n")
    assert all(part in page for part in ADDRESS.values())
    assert not any(part in line for line in said for part in ADDRESS.values() if len(part) > 2)
    assert "Subject: Order Sync Error" in said
    assert said[-1] == f"the whole order, with personal data: {path}"
    assert counts == {"found": 1}
    [link] = operator.operator_extra_links
    address = "https://files.example.com/order-sync-order-shop%253AS1%252F00001.txt"
    no_task: Any = None
    assert link.get_link(operator, ti_key=no_task) == address


def test_an_order_that_is_printed_again_replaces_its_file(tmp_path: Path) -> None:
    one = OrderKey("shop", ("a/b", "ü"))
    assert print_order(tmp_path, one, "first") == print_order(tmp_path, one, "second")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["second"]
    assert order_file(tmp_path, one) != order_file(tmp_path, OrderKey("shop", ("a", "b/ü")))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"key": "W1", "days": "x"}, "key names one order: leave out days; days is 'x'"),
        ({"channel": "shop"}, "channel is 'shop': write dynamics_web, dynamics_store, or leave it empty"),
        (
            {"key": "shop:1", "whole_order": "True"},
            "the folder for printed orders is ''.*variable order_sync_report_dir",
        ),
        ({"key": "shop:1", "whole_order": "True", "folder": "reports"}, "is 'reports': set an absolute path"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(ask: Ask, given: dict[str, str], sentence: str) -> None:
    """R173"""
    with pytest.raises(Misconfigured, match=sentence):
        ask(**given)


def test_a_folder_that_is_not_there_or_not_writable_is_one_sentence_and_leaves_no_file(
    ask: Ask, ledger: Ledger
) -> None:
    land(ledger, 1)
    with pytest.raises(Misconfigured, match="cannot be printed into the folder '/nowhere/at/all': No such file"):
        ask(key=str(key(1)), whole_order=True, folder="/nowhere/at/all")


def test_a_key_that_is_too_long_for_a_files_name_is_told_how_to_be_printed(tmp_path: Path) -> None:
    """R173"""
    with pytest.raises(Misconfigured, match=r"too long for a file's name: print it with .*explain KEY --whole-order"):
        print_order(tmp_path, OrderKey("shop", ("注文" * 20,)), "page")
    assert [*tmp_path.iterdir()] == []


def test_the_constructor_only_assigns() -> None:
    given = {name: f"{{{{ params.{name} }}}}" for name in ExplainOrderOperator.template_fields}
    operator = ExplainOrderOperator(task_id="explain", **given)
    assert {name: getattr(operator, name) for name in given} == given
