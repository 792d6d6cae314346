"""### Our orders
What somebody writes who installed the package and read its operators' docstrings: one DAG for a shop's orders and for
the report of a day, with connections, names, schedule and params of this house.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, Param, chain, dag

from order_sync.operators import (
    BuildFailureReportOperator,
    CheckReferenceDataOperator,
    ExtractTransactionsOperator,
    PushOrdersOperator,
    ReconcileConfirmationsOperator,
    ValidateOrdersOperator,
)
from order_sync.retries import RETRY_BY_ERROR

SHOP = "{{ params.shop }}"


@dag(
    schedule=CronTriggerTimetable("*/20 7-19 * * MON-SAT", timezone="Europe/Lisbon"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={
        "owner": "warehouse",
        "retries": 1,
        "retry_delay": timedelta(minutes=2),
        "retry_policy": RETRY_BY_ERROR,
        "ledger_conn_id": "order_book",
    },
    params={
        "shop": Param("dynamics_web", type="string"),
        "day": Param("", type="string", description="The report's day; empty: yesterday"),
        "reports": Param("/srv/reports", type="string"),
    },
    doc_md=__doc__,
)
def my_orders() -> None:
    """Build the DAG."""
    fetch = ExtractTransactionsOperator(task_id="fetch", channel=SHOP, channel_conn_id="our_shop")
    learn = CheckReferenceDataOperator(task_id="learn", channel=SHOP, erp_conn_id="our_tryton", trigger_rule="all_done")
    check = ValidateOrdersOperator(task_id="check", channel=SHOP, trigger_rule="all_done")
    send = PushOrdersOperator(
        task_id="send",
        channel=SHOP,
        channel_conn_id="our_shop",
        erp_conn_id="our_tryton",
        pool="our_tryton",
        trigger_rule="all_done",
    )
    confirm = ReconcileConfirmationsOperator(
        task_id="confirm", channel=SHOP, erp_conn_id="our_tryton", trigger_rule="all_done"
    )
    report = BuildFailureReportOperator(
        task_id="report",
        folder="{{ params.reports }}",
        content="all",
        day="{{ params.day }}",
        folder_url="https://files.example.com/orders/",
        trigger_rule="all_done",
    )
    chain(fetch, learn, check, send, confirm, report)


my_orders()
