"""What is done with orders, as functions over ports: extract, refresh_reference, validate, push, settle,
compare, backfill, resync, restore, report, explain, erase, forget.

A flow knows only the core. It reads and writes through a Channel, an Erp and a Ledger, takes time from the ledger,
and returns a Summary in counts.
"""

from order_sync.flows.compare import compare_channel, compare_erp
from order_sync.flows.intake.backfill import backfill
from order_sync.flows.intake.extract import extract
from order_sync.flows.intake.reference import refresh_reference
from order_sync.flows.intake.validate import validate
from order_sync.flows.people.erasing import erase, forget
from order_sync.flows.people.explain import ExplainAnswer, explain
from order_sync.flows.people.printing import print_order
from order_sync.flows.people.report import NotYet, build_report
from order_sync.flows.people.restore import restore
from order_sync.flows.people.resync import resync
from order_sync.flows.sending.push import push
from order_sync.flows.sending.settle import settle

__all__ = [
    "ExplainAnswer",
    "NotYet",
    "backfill",
    "build_report",
    "compare_channel",
    "compare_erp",
    "erase",
    "explain",
    "extract",
    "forget",
    "print_order",
    "push",
    "refresh_reference",
    "restore",
    "resync",
    "settle",
    "validate",
]
