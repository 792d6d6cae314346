"""Told once: that the ledger is away, however many tasks find it so, until one of them reaches it again.

The ledger itself cannot keep who told it, so an Airflow variable does. The first task that tells sets it, the first one
that succeeds afterwards removes it. Two tasks that fail in the same moment may both tell.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from airflow.sdk import Variable

from order_sync.core.errors import LedgerUnavailable

logger = logging.getLogger(__name__)

TOLD_BY = "order_sync_ledger_away"
"""The Airflow variable that holds which task told that the ledger is away."""

Way = Callable[[Mapping[str, Any]], bool]
"""Tells people what a context says; whether it went out."""


def told_once(way: Way) -> Way:
    """A way of telling that is silent if another task told already that the ledger is away."""

    @wraps(way)
    def tell(context: Mapping[str, Any]) -> bool:
        if not isinstance(context.get("exception"), LedgerUnavailable):
            return way(context)
        me, teller = _name(context), _teller()
        if teller not in (None, me):
            logger.info(
                "an alert that the ledger is away was already sent, by %s; there is no new one until the ledger was"
                " back",
                teller,
            )
            return False
        if teller is None:
            _remember(me)
        told = False
        try:
            told = way(context)
        finally:
            if teller is None and not told:  # nobody heard of it
                _forget()
        return told

    return tell


def ledger_is_back(context: Mapping[str, Any]) -> None:
    """The `on_success_callback` of every task: the next time that the ledger is away is told again."""
    if TOLD_BY in Variable.keys(TOLD_BY):
        _forget()


def _name(context: Mapping[str, Any]) -> str:
    ti = context.get("ti")
    return "/".join(str(getattr(ti, part, "")) for part in ("dag_id", "run_id", "task_id", "map_index"))


def _teller() -> str | None:
    try:
        teller: str | None = Variable.get(TOLD_BY, default=None)
    except Exception:  # better twice than never
        logger.exception("it is not known whether an alert that the ledger is away was sent: it is sent now")
        return None
    return teller


def _remember(task: str) -> None:
    description = (
        f"Since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC the ledger is away, and this task sent the alert. order-sync"
        " removes this variable by itself when the ledger is back."
    )
    try:
        Variable.set(TOLD_BY, task, description=description)
    except Exception:
        logger.exception("it could not be stored that the alert about the ledger was sent: other tasks may send it too")


def _forget() -> None:
    try:
        Variable.delete(TOLD_BY)
    except Exception:
        logger.exception("the variable %s could not be removed: remove it, or there is no alert the next time", TOLD_BY)
