"""Compare: what a channel holds of the last days beside what landed, and what the ERP holds beside what was sent.

An extract may go well and still miss a row: a writer was slower than the watermark waits, or the channel's SQL is
mistaken. What is missing is read now; that it was missing is a finding. In the ERP nothing is touched.
"""

from collections import defaultdict

from order_sync.core.bulk import batched
from order_sync.core.calendar_days import Window
from order_sync.core.findings import Finding, FindingKind
from order_sync.core.lifecycle import DONE, Event, Status, step
from order_sync.core.orders import OrderKey, key_in
from order_sync.core.ports import Actor, Change, Channel, Erp, InErp, Ledger, Route, Standing, Summary
from order_sync.core.settings import DEFAULTS, Settings
from order_sync.flows.holds import holding, must_be_the_accepted_one
from order_sync.flows.landing import PAGE, land


def compare_channel(
    route: Route, channel: Channel, ledger: Ledger, actor: Actor, settings: Settings = DEFAULTS
) -> Summary:
    """Compare the channel's last days with what landed, by key and digest, and read what is missing or changed.

    Counts by `compared`, `missing`, `gone` and as an extract does. What was placed within the time that slow writers
    have is left for the next comparison. What the next extract would read by itself is not missing.
    """
    summary, connection = Summary(), f"channel_{route.channel}"
    now, mark = ledger.now(), ledger.watermark(route.channel)
    placed = Window(now - settings.compare_back, now - settings.settle_lag)
    if mark is None or placed.end <= placed.start:
        return summary
    window = f"placed from {placed.start:%Y-%m-%d %H:%M} to {placed.end:%Y-%m-%d %H:%M} UTC"
    with holding(connection, ledger, actor):
        ledger.check_fingerprint(connection, channel.fingerprint(), route.twins)
        comparison = ledger.compare(route.channel, placed, channel.keys(placed))
        unseen, gone = {*comparison.missing}, {*comparison.gone}
        for page in batched((*comparison.missing, *comparison.changed, *comparison.gone), PAGE):
            for rows in channel.read_again(page):
                missing = [row for row in rows if row.key in unseen and (row.counter or 0) <= mark.counter]
                why = f"and the channel had been read up to {mark.counter}"
                findings = [
                    Finding(connection, FindingKind.MISSING, str(row.key), f"{window}; counter {row.counter}, {why}")
                    for row in missing
                ]
                ledger.find(findings, actor)  # before they land: afterwards nobody would know that they were missing
                land(route, ledger, rows, None, actor, summary)
                summary.add("missing", len(missing))
                gone.difference_update(row.key for row in rows)
    summary.counts.pop("unchanged", None)
    ledger.find([Finding(connection, FindingKind.GONE, str(key)) for key in sorted(gone)], actor)
    summary.add("compared", comparison.compared)
    summary.add("gone", len(gone))
    return summary


async def compare_erp(route: Route, erp: Erp, ledger: Ledger, actor: Actor, settings: Settings = DEFAULTS) -> Summary:
    """Compare what the ERP was given under this channel in the last days with what the ledger sent.

    Counts by `compared`, and by `never_sent`: an order that is not ours is a finding. One that was confirmed and is
    cancelled there now, or is there twice, becomes a conflict.
    """
    summary, connection = Summary(), f"erp_{route.erp}"
    now = ledger.now()
    with holding(connection, ledger, actor):
        await must_be_the_accepted_one(connection, erp, ledger)
        rows = await erp.orders(route.channel, Window(now - settings.compare_back, now))
    by_key: dict[str, list[InErp]] = defaultdict(list)
    for row in rows:
        by_key[row.key].append(row)
    never_sent: list[Finding] = []
    for keys in batched(by_key, PAGE):
        standings = ledger.standings(keys)
        strangers = [row for key in keys if not (key in standings and standings[key].sent) for row in by_key[key]]
        never_sent += [Finding(connection, FindingKind.NEVER_SENT, row.number, key_in(row.key)) for row in strangers]
        known = [(key, standings[key], by_key[key]) for key in keys if key in standings]
        changes = [change for item in known if (change := _contradiction(*item))]
        for change in changes:
            summary.add(str(change.event))
        ledger.apply(changes, actor)
    ledger.find(never_sent, actor)
    summary.add("compared", len(rows))
    summary.add("never_sent", len(never_sent))
    return summary


def _contradiction(key: str, standing: Standing, rows: list[InErp]) -> Change | None:
    """The change that an order needs that is done, and that the ERP cancelled since or has twice."""
    if standing.status not in DONE:
        return None
    number, marked = standing.erp_number, standing.status is Status.SYNCED_MANUALLY
    cancelled = any(row.cancelled and row.number == number for row in rows)
    live = {row.number for row in rows if not (row.cancelled or (marked and row.begun))}
    if not cancelled:
        live.add(number)  # it may have been made before the window, or by hand and bear no key
    if len(live) > 1:
        event, what = Event.TWO_IN_ERP, f"the ERP has it more than once: {', '.join(sorted(live))}"
    elif cancelled and not live:
        event, what = Event.CANCELLED_IN_ERP, f"the ERP cancelled {number} after it was confirmed"
    else:
        return None
    return Change(
        OrderKey.parse(key),
        standing.generation,
        standing.status,
        event,
        step(standing.status, event),
        code="CANCELLED_IN_ERP" if event is Event.CANCELLED_IN_ERP else "ORDER_CONFLICT",
        message=f"{what}: a person decides",
    )
