"""Findings: what a comparison of channel, ledger and ERP shows that should not be. People are told of each once.

A finding is no failure of a task: the extract went well, and still something is missing, late, or nobody's.
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
        "transactions stand in the channel's table of headers and its SQL gave no row for them (TRANSACTION_MISSING):"
        " who keeps the channel's SQL compares transactions.sql with headers.sql; a join may drop them"
    ),
    FindingKind.SLOW_WRITER: (
        "a writer in the channel's database has been at work for longer than ORDER_SYNC_SETTLE_LAG: its administrator"
        " ends or commits that transaction; what it commits is found by compare_orders"
    ),
    FindingKind.PASSED_OVER: (
        "transactions that no extract had seen have counters below the one up to which the channel had been read"
        " (TRANSACTION_MISSING); they have been read now. The counter jumped ahead or began anew, or a writer was"
        " slower than ORDER_SYNC_SETTLE_LAG. If more come, the database's administrator lets the counter go on above"
        " the number named here; until then an extract sees some of them only, and compare_orders finds the others"
    ),
    FindingKind.ORDER_AFTER_ALL: (
        "transactions were no orders when they were read and are orders now, longer after they were placed than"
        " compare_orders looks back. They are received as any order, and a conflict if their content was erased: if one"
        " is no longer wanted, somebody ignores it with resync_orders"
    ),
    FindingKind.KEY_TOO_LONG: (
        "transactions have keys of more than 2,000 characters, and were left out: nothing can be kept under such a key;"
        " who keeps the channel's SQL gives a shorter one"
    ),
    FindingKind.MISSING: (
        "transactions had not landed although extracts had read past them (TRANSACTION_MISSING); they have been read"
        " now, and who keeps the channel's database finds out why they came late, or why its counter jumped or began"
        " anew"
    ),
    FindingKind.GONE: (
        "transactions are no longer in the channel; the ledger keeps what it read, and the channel's owner says why"
    ),
    FindingKind.NEVER_SENT: (
        "orders stand in the ERP under this channel and the ledger never sent them: somebody compares and decides;"
        " nothing was touched"
    ),
    FindingKind.NOT_DONE: (
        "orders are live in the ERP and the ledger does not count them as done: somebody compares and decides; nothing"
        " was touched"
    ),
    FindingKind.IN_ERP_BEFORE_START: "orders to be backfilled are in the ERP already, and were not sent",
    FindingKind.RESTORED: (
        "the ledger was restored from a backup, and every channel is on hold until somebody releases it; the log of"
        " restore_ledger lists what people decided since the backup: they confirm it"
    ),
}


_MARK = (
    "if that one is right, confirm it in the ERP if it is a draft, and mark the order as synced with its number; if"
    " not, cancel that one in the ERP"
)
_MAY_BE_SENT = f"it may be sent a second time: put it on hold; then, {_MARK}"
_OVERDUE = (
    "no look-up has settled it for more than a day: see whether the channel's DAG is on and its tasks are green, and"
    " clear its reconcile"
)
WHAT_TO_DO = {
    Status.WAITING: "not all of its lines are here: cancel the one in the ERP if nobody wants it",
    Status.NOT_AN_ORDER: "the channel says that it is no order: cancel the one in the ERP if nobody wants it",
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
