"""Erase: people's data of finished orders, for one customer on request or because its time is over; evidence stays.

An order that is still open keeps what it needs to be finished, and is named. The ledger is emptied first, a page at a
time, and the files after it: what they still show is remembered by the ledger, and the next run does it if one fails.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.bulk import batched
from order_sync.core.basics.summary import Summary
from order_sync.core.errors import Misconfigured
from order_sync.core.order.model import OrderKey
from order_sync.core.ports.ledger.erasures import Erasures
from order_sync.core.privacy.erasing import MOST, Erasable, Whose, obstacles
from order_sync.core.settings import DEFAULTS, Settings
from order_sync.flows.people.printing import printed_orders
from order_sync.flows.people.report import must_be_there, path_of, write_report

PAGE = 1000
"""Orders erased in one transaction."""

LEFT_OVER = ".order-sync-*"
"""Files that were begun and not finished, since their task was killed."""


def erase(
    ledger: Erasures, whose: Whose, folder: Path | None, run: str, actor: Actor, *, dry_run: bool = False
) -> Summary:
    """Erase the people's data of these orders, in the ledger and in the files of the reports' folder.

    Counts by `erased`, `erased_before`, `reports_written_again` and `files_deleted`; a dry run by `to_erase`,
    `erased_before` and `still_open`, and writes nothing. Raises Misconfigured, before anything is erased, for keys that
    no order has and a customer without orders; and once all the others are erased, with what to do first, for orders
    that are still open. What was erased stays so.
    """
    orders = ledger.to_erase(whose)
    if unknown := sorted({*whose.keys} - {each.key for each in orders}):
        named = ", ".join(str(key) for key in unknown[:MOST])
        rest = f" and {len(unknown) - MOST} more" if len(unknown) > MOST else ""
        raise Misconfigured(f"no order has these keys, and nothing was erased: {named}{rest}")
    ready = [each.key for each in orders if each.ready]
    if dry_run and not orders:
        raise _nobody(whose)
    if dry_run:
        return _counted(orders, ready)
    summary, erased = Summary(), sum(ledger.erase(keys, run, actor) for keys in batched(ready, PAGE))
    if whose.customer_account:
        ledger.empty_selections(customer_account=whose.customer_account)
    _tidy(ledger, folder, summary)
    orders = ledger.to_erase(Whose(keys=tuple(each.key for each in orders)))
    summary.add("erased", erased)
    summary.add("erased_before", sum(each.erased for each in orders) - erased if orders else ledger.erased_by(run))
    if open_ones := obstacles(each for each in orders if not each.erased):
        raise Misconfigured(f"{summary}; not everything could be erased: {open_ones}")
    if not summary.counts:
        raise _nobody(whose)
    return summary


def _nobody(whose: Whose) -> Misconfigured:
    return Misconfigured(
        f"channel {whose.channel} has no order of the customer account that was given, and nothing was erased: check"
        " how the channel writes it; an order of a guest has none and is erased by its key"
    )


def _counted(orders: Sequence[Erasable], ready: Sequence[OrderKey]) -> Summary:
    summary, open_ones = Summary(), [each for each in orders if not (each.erased or each.ready)]
    summary.add("to_erase", len(ready))
    summary.add("erased_before", sum(each.erased for each in orders))
    summary.add("still_open", len(open_ones))
    summary.notes += [f"of {', '.join(map(str, ready[:MOST]))}"] if ready else []
    summary.notes += [obstacles(open_ones)] if open_ones else []
    return summary


def forget(ledger: Erasures, folder: Path | None, run: str, actor: Actor, settings: Settings = DEFAULTS) -> Summary:
    """Erase the people's data of finished orders to which nothing happened for as long as their content is kept.

    Counts by `forgotten`, `still_open` (older ones, which somebody has to finish), `reports_written_again` and
    `files_deleted`. What a run leaves undone the next one does.
    """
    summary, before = Summary(), ledger.now() - settings.transactions_kept_for
    place = None
    while True:
        page = ledger.kept_since(before, place, PAGE)
        if page.keys:
            summary.add("forgotten", ledger.forget(page.keys, run, actor))
        summary.add("still_open", page.still_open)
        place = page.end
        if place is None:
            break
    ledger.empty_selections(before=before)
    _tidy(ledger, folder, summary)
    return summary


def _tidy(ledger: Erasures, folder: Path | None, summary: Summary) -> None:
    """Write the reports' files again that still show what was erased, and delete those of printed orders."""
    reports = ledger.reports_to_write_again()
    if folder is None and reports:
        raise Misconfigured(
            f"it is erased in the ledger, but the files of {len(reports)} reports may still show it: set their"
            " folder in the Airflow variable order_sync_report_dir, and clear this task"
        )
    if folder is None:
        return
    must_be_there(folder)
    for report in reports:
        path = path_of(folder, report.content, report.day)
        written = report
        if path.exists():
            written = write_report(ledger, path, partial(ledger.stored_report, report.day, report.content)).report
            summary.add("reports_written_again")
        ledger.written_again(written)
    try:
        summary.add("files_deleted", _delete_printed(ledger, folder) + _delete_left_over(ledger, folder))
    except OSError as error:
        raise Misconfigured(
            f"a file in the folder '{folder}' cannot be deleted: {error.strerror}; let the user of Airflow's workers"
            " delete there, and clear this task"
        ) from error


def _delete_printed(ledger: Erasures, folder: Path) -> int:
    printed = printed_orders(folder)
    erased = [key for keys in batched(printed, PAGE) for key in ledger.erased_among(keys)]
    for key in erased:
        printed[key].unlink(missing_ok=True)
    return len(erased)


def _delete_left_over(ledger: Erasures, folder: Path) -> int:
    old = (ledger.now() - timedelta(days=1)).timestamp()
    left_over = [path for path in folder.glob(LEFT_OVER) if path.stat().st_mtime < old]
    for path in left_over:
        path.unlink(missing_ok=True)
    return len(left_over)
