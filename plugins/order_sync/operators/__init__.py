"""The public operators: one step of an order's way each, usable in any DAG, on its own connections and schedule.

An operator takes its work from the ledger, connects (`hooks`), runs the flow of its name and returns counts, never
orders: a task may be cleared or run twice at any time, and what one run left undone the next one does. What to do about
an error is decided by the error's class and the retry policy (`order_sync.retries.RETRY_BY_ERROR`), never here.

A whole way is extract, check_reference_data, validate, push, reconcile, one after the other, each but the first with
`trigger_rule="all_done"`, so that one system that is away stops no work on the others; the report is built of what the
ledger then holds. `python -m order_sync migrate` makes the ledger's tables.
"""

from order_sync.operators.backfill import BackfillOrdersOperator
from order_sync.operators.channel import (
    CompareChannelOperator,
    ExtractTransactionsOperator,
    ValidateOrdersOperator,
)
from order_sync.operators.erase import ErasePersonalDataOperator, ForgetTransactionsOperator
from order_sync.operators.erp import (
    CheckReferenceDataOperator,
    CompareErpOperator,
)
from order_sync.operators.explain import ExplainOrderOperator
from order_sync.operators.failed import FailedOrdersOperator
from order_sync.operators.hold import HOLD_ACTIONS, HoldConnectionOperator
from order_sync.operators.report import BuildFailureReportOperator
from order_sync.operators.restore import RestoreLedgerOperator
from order_sync.operators.resync import ResyncOrdersOperator
from order_sync.operators.sending import PushOrdersOperator, ReconcileConfirmationsOperator

__all__ = [
    "HOLD_ACTIONS",
    "BackfillOrdersOperator",
    "BuildFailureReportOperator",
    "CheckReferenceDataOperator",
    "CompareChannelOperator",
    "CompareErpOperator",
    "ErasePersonalDataOperator",
    "ExplainOrderOperator",
    "ExtractTransactionsOperator",
    "FailedOrdersOperator",
    "ForgetTransactionsOperator",
    "HoldConnectionOperator",
    "PushOrdersOperator",
    "ReconcileConfirmationsOperator",
    "RestoreLedgerOperator",
    "ResyncOrdersOperator",
    "ValidateOrdersOperator",
]
