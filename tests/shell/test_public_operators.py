"""What somebody has of an operator who reads its docstring, and sees its tasks in Airflow."""

import inspect
import json
import re
from typing import Any

import pytest
from airflow.sdk import BaseOperator

from order_sync import operators
from order_sync.operators import (
    BuildFailureReportOperator,
    PushOrdersOperator,
    ReconcileConfirmationsOperator,
)
from order_sync.operators.links import shown

OPERATORS: list[type[BaseOperator]] = [
    getattr(operators, name) for name in operators.__all__ if name[-8:] == "Operator"
]
ADDRESS = "https://tryton.example.com/#tryton/model/sale.sale"


def arguments(kind: type[BaseOperator]) -> list[str]:
    """The operator's own arguments."""
    parameters = inspect.signature(kind.__init__).parameters.values()
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]


def link(operator: BaseOperator) -> str:
    """Where the operator's button leads."""
    [link] = operator.operator_extra_links
    return link.get_link(operator, ti_key=None)  # type: ignore[arg-type]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the extra of an ERP's connection."""

    def connect(conn_id: str, **extra: Any) -> None:
        text = json.dumps({"conn_type": "http", "host": "erp.example.com", "password": "the-key", "extra": extra})
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", text)

    return connect


def test_the_public_operators_are_these() -> None:
    assert {kind.__name__ for kind in OPERATORS} == {
        "BackfillOrdersOperator",
        "BuildFailureReportOperator",
        "CheckReferenceDataOperator",
        "CompareChannelOperator",
        "CompareErpOperator",
        "ExplainOrderOperator",
        "ExtractTransactionsOperator",
        "FailedOrdersOperator",
        "ErasePersonalDataOperator",
        "ForgetTransactionsOperator",
        "HoldConnectionOperator",
        "PushOrdersOperator",
        "ReconcileConfirmationsOperator",
        "RestoreLedgerOperator",
        "ResyncOrdersOperator",
        "ValidateOrdersOperator",
    }


@pytest.mark.parametrize("kind", OPERATORS)
def test_a_docstring_says_what_each_argument_is_and_which_are_templated(kind: type[BaseOperator]) -> None:
    described = dict(re.findall(r"^:param (\w+): (.*(?:\n    .*)*)", inspect.getdoc(kind) or "", re.MULTILINE))
    assert list(described) == arguments(kind)
    templated = [name for name, text in described.items() if text.endswith("(templated)")]
    assert templated == list(kind.template_fields)


@pytest.mark.parametrize("kind", OPERATORS)
def test_a_docstring_says_what_is_returned_and_how_it_fails(kind: type[BaseOperator]) -> None:
    text = inspect.getdoc(kind) or ""
    assert re.search(r"Returns (the )?(counts|how many)", text)
    assert re.search(r"Raises|is raised", text)


@pytest.mark.parametrize("kind", OPERATORS)
def test_a_task_is_documented_by_its_operator_unless_its_author_does(kind: type[BaseOperator]) -> None:
    given: dict[str, Any] = dict.fromkeys(arguments(kind), "x")
    shown, [first, *_] = kind(task_id="t", **given).doc_md or "", (kind.__doc__ or "").splitlines()
    assert shown.startswith(f"#### {first}\n\n")
    assert f"\n\n#### Arguments\n\n- `{arguments(kind)[0]}`: " in shown
    assert kind(task_id="t", doc_md="mine", **given).doc_md == "mine"


@pytest.mark.parametrize("kind", OPERATORS)
def test_a_mapped_task_is_documented_like_a_single_one(kind: type[BaseOperator]) -> None:
    mapped_over, *others = arguments(kind)
    given: dict[str, Any] = dict.fromkeys(others, "x")
    single = kind(task_id="t", **given, **{mapped_over: given.get(mapped_over, "x")})
    assert kind.partial(task_id="t", **given).expand(**{mapped_over: ["x", "y"]}).doc_md == single.doc_md
    assert kind.partial(task_id="t", doc_md="mine", **given).expand(**{mapped_over: ["x"]}).doc_md == "mine"


def test_every_operator_has_a_light_colour_of_its_own() -> None:
    colours = [kind.ui_color for kind in OPERATORS]
    assert len(set(colours)) == len(OPERATORS)
    for colour in colours:
        assert min(bytes.fromhex(colour.removeprefix("#"))) > 0xC0, "dark text stands on it"


@pytest.mark.parametrize("kind", [PushOrdersOperator, ReconcileConfirmationsOperator])
def test_what_works_on_an_erp_links_to_the_list_of_orders_of_its_own_connection(
    kind: type[BaseOperator], connect: Any
) -> None:
    connect("erp_tryton", order_list_url=ADDRESS)
    assert link(kind(task_id="t", channel="dynamics_web")) == ADDRESS
    connect("mine", order_list_url="https://mine.example.com")
    assert link(kind(task_id="t", channel="dynamics_web", erp_conn_id="mine")) == "https://mine.example.com"


def test_without_an_address_a_connection_or_a_channel_there_is_no_link_and_no_error(connect: Any) -> None:
    assert link(PushOrdersOperator(task_id="t", channel="dynamics_web")) == ""
    connect("erp_tryton", database="tryton")
    assert link(PushOrdersOperator(task_id="t", channel="dynamics_web")) == ""
    assert link(PushOrdersOperator(task_id="t", channel="bazaar")) == ""


@pytest.mark.parametrize(
    "address",
    [
        "",
        "tryton.example.com",
        "file:///srv/reports",
        "javascript:alert(1)",
        "https:///orders",
        "https://admin:secret@tryton.example.com/",
        "https://token@tryton.example.com/",
        "https://[tryton",
    ],
)
def test_an_address_that_airflow_would_not_show_or_that_holds_a_password_is_no_link(address: str, connect: Any) -> None:
    connect("erp_tryton", order_list_url=address)
    assert link(PushOrdersOperator(task_id="t", channel="dynamics_web")) == shown(address) == ""


def report(**given: Any) -> BuildFailureReportOperator:
    return BuildFailureReportOperator(task_id="t", folder="/srv/reports", **given)


@pytest.mark.parametrize("folder_url", ["https://files.example.com/orders", "https://files.example.com/orders/"])
def test_a_report_links_to_its_file_once_it_is_written_if_the_folder_has_an_address(folder_url: str) -> None:
    operator = report(folder_url=folder_url)
    assert link(operator) == ""
    operator.written = "order-sync-all-2026-03-02.csv"
    assert link(operator) == "https://files.example.com/orders/order-sync-all-2026-03-02.csv"
    operator = report()
    operator.written = "order-sync-all-2026-03-02.csv"
    assert link(operator) == ""
