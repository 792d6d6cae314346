"""Findings: problems that a comparison of channel, ledger and ERP shows. Each is sent to people once.

A finding is not a failed task: the extract succeeded, but something is missing, late, or unexpected.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from order_sync.core.life.lifecycle import IN_DOUBT, Status

MOST = 10
"""Subjects of one kind that are named; of more the ledger's table `findings` has the rest."""


class FindingKind(StrEnum):
    """What was found."""

    SKIPPED = "skipped"
    SLOW_WRITER = "slow_writer"
    PASSED_OVER = "passed_over"
    ORDER_AFTER_ALL = "order_after_all"
    KEY_TOO_LONG = "key_too_long"
    MISSING = "missing"
    GONE = "gone"
    NEVER_SENT = "never_sent"
    NOT_DONE = "not_done"
    IN_ERP_BEFORE_START = "in_erp_before_start"
    RESTORED = "restored"


MEANINGS = {
    FindingKind.SKIPPED: (
        "transactions are in the channel's header table, but its SQL returned no row for them (TRANSACTION_MISSING):"
        " the maintainer of the channel's SQL compares transactions.sql with headers.sql; a join may drop them"
    ),
    FindingKind.SLOW_WRITER: (
        "a database transaction of a writer in the channel's database has been open for longer than"
        " ORDER_SYNC_SETTLE_LAG: the database's administrator ends or commits it; compare_orders finds what it commits"
    ),
    FindingKind.PASSED_OVER: (
        "transactions that no extract had seen have counters below the one up to which the channel had been read"
        " (TRANSACTION_MISSING); they have been read now. The counter jumped ahead or restarted, or a writer was"
        " slower than ORDER_SYNC_SETTLE_LAG. If more come, the database's administrator makes the counter continue"
        " above the number named here; until then an extract finds only some of them, and compare_orders finds the"
        " others"
    ),
    FindingKind.ORDER_AFTER_ALL: (
        "transactions were not orders when they were read, and are orders now; they were placed longer ago than"
        " compare_orders looks back. They are received like any order, or are a conflict if their content was erased:"
        " if one is no longer wanted, somebody ignores it with resync_orders"
    ),
    FindingKind.KEY_TOO_LONG: (
        "transactions have keys of more than 2,000 characters, and were left out: such a key cannot be stored; the"
        " maintainer of the channel's SQL provides a shorter one"
    ),
    FindingKind.MISSING: (
        "transactions had not landed although extracts had read past them (TRANSACTION_MISSING); they have been read"
        " now; the administrator of the channel's database finds out why they came late, or why its counter jumped or"
        " restarted"
    ),
    FindingKind.GONE: (
        "transactions are no longer in the channel; the ledger keeps what it read, and the channel's owner explains why"
    ),
    FindingKind.NEVER_SENT: (
        "orders of this channel are in the ERP, but the ledger never sent them: somebody compares and decides;"
        " nothing was changed"
    ),
    FindingKind.NOT_DONE: (
        "orders are in the ERP and not cancelled there, but the ledger does not count them as done: somebody compares"
        " and decides; nothing was changed"
    ),
    FindingKind.IN_ERP_BEFORE_START: "orders to be backfilled are in the ERP already, and were not sent",
    FindingKind.RESTORED: (
        "the ledger was restored from a backup, and every channel is on hold until somebody releases it; the log of"
        " restore_ledger lists what people decided after the backup: they confirm it"
    ),
}


_MARK = (
    "if the ERP's order is right, confirm it in the ERP if it is a draft, and mark this order as synced with its"
    " number; if not, cancel the ERP's order"
)
_MAY_BE_SENT = f"it may be sent a second time: put it on hold; then, {_MARK}"
_OVERDUE = (
    "no look-up has settled it for more than a day: check that the channel's DAG is on and its tasks are green, and"
    " clear its reconcile"
)
WHAT_TO_DO = {
    Status.WAITING: "not all of its lines are here: cancel the ERP's order if it is not wanted",
    Status.NOT_AN_ORDER: "in the channel it is not an order: cancel the ERP's order if it is not wanted",
    Status.CANCELLED_AT_SOURCE: "the channel cancelled it: cancel it in the ERP too",
    **dict.fromkeys((Status.RECEIVED, Status.QUEUED), _MAY_BE_SENT),
    **dict.fromkeys(IN_DOUBT, _OVERDUE),
    **dict.fromkeys((Status.FAILED, Status.DEAD, Status.CONFLICT, Status.ON_HOLD, Status.IGNORED), _MARK),
}
"""What somebody does with an order that is live in the ERP and stands like this in the ledger."""


def not_done(status: Status, numbers: Iterable[str]) -> str:
    """The detail of a finding `not_done`: where the order stands there and here, and what somebody does."""
    there = ", ".join(number or "no number" for number in numbers)
    return f"in the ERP as {there}, here {status}: {WHAT_TO_DO[status]}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about a connection. `subject` is an order's key, an ERP number or an instant: no people's data."""

    connection: str
    kind: FindingKind
    subject: str
    detail: str = ""


def told(findings: Iterable[Finding]) -> list[str]:
    """One sentence for each connection and kind, with the number and the first subjects."""
    sentences = []
    for (connection, kind), group in groupby(sorted(findings, key=_order), key=lambda each: _order(each)[:2]):
        found = list(group)
        named = ", ".join(f"{each.subject} ({each.detail})" if each.detail else each.subject for each in found[:MOST])
        rest = f" and {len(found) - MOST} more, in the ledger's table findings" if len(found) > MOST else ""
        sentences.append(f"{connection}: {len(found)} {kind}: {MEANINGS[FindingKind(kind)]}: {named}{rest}")
    return sentences


def _order(finding: Finding) -> tuple[str, str, str]:
    return finding.connection, finding.kind, finding.subject
