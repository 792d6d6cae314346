"""Compare: what a channel holds of the last days beside what landed, and what the ERP holds beside what was sent.

An extract may go well and still miss a row: a writer was slower than the watermark waits, or the channel's SQL is
mistaken. What is missing is read now; that it was missing is a finding. In the ERP nothing is touched.
"""

import logging
from collections import defaultdict
from collections.abc import Collection

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.bulk import batched
from order_sync.core.basics.calendar_days import Window
from order_sync.core.basics.progress import Progress
from order_sync.core.basics.summary import Summary
from order_sync.core.intake.findings import Finding, FindingKind, not_done
from order_sync.core.life.lifecycle import DONE, GIVEN_UP, Event, Status, step
from order_sync.core.order.companies import called, same_company
from order_sync.core.order.model import OrderKey, key_in
from order_sync.core.ports.channel import Channel
from order_sync.core.ports.erp import Erp, Listing
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Change, Standing
from order_sync.core.sending.route import Route
from order_sync.core.settings import DEFAULTS, Settings
from order_sync.core.settling.erp_orders import ListedOrder
from order_sync.core.settling.verdict import Policy, judge
from order_sync.flows.intake.landing import PAGE, land, too_long
from order_sync.flows.sending.settle import change_of
from order_sync.flows.systems.holds import holding, must_be_the_accepted_one, switched_off
from order_sync.flows.systems.references import by_our_keys

logger = logging.getLogger(__name__)


def compare_channel(
    route: Route,
    channel: Channel,
    ledger: Ledger,
    actor: Actor,
    settings: Settings = DEFAULTS,
    progress: Progress | None = None,
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
    progress = progress or Progress(logger.info)
    with holding(connection, ledger, actor):
        ledger.check_fingerprint(connection, channel.fingerprint(), route.twins)
        progress.begin(f"compared of {route.channel}", ledger.placed(route.channel, placed))
        comparison = ledger.compare(route.channel, placed, progress.counted(channel.keys(placed)))
        left_out = [key for key in comparison.missing if key.too_long]
        ledger.find(too_long(connection, left_out), actor)
        unseen, gone = {*comparison.missing}.difference(left_out), {*comparison.gone}
        differ = (*unseen, *comparison.changed, *comparison.gone)
        progress.begin(f"read again from {route.channel}", len(differ))
        for page in progress.counted(batched(differ, PAGE)):
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
    progress.end()
    summary.counts.pop("unchanged", None)
    ledger.find([Finding(connection, FindingKind.GONE, str(key)) for key in sorted(gone)], actor)
    summary.add("compared", comparison.compared)
    summary.add("gone", len(gone))
    return summary


async def compare_erp(
    route: Route,
    erp: Erp,
    ledger: Ledger,
    actor: Actor,
    settings: Settings = DEFAULTS,
    progress: Progress | None = None,
) -> Summary:
    """Compare what the ERP was given under this channel in the last days with what the ledger sent.

    Counts by `compared`, `never_sent`, `confirmed` and `not_done`. An order that is not ours is a finding. So is one
    that lives there and is not done here; what is still to be looked up is left to that. What failed and is confirmed
    there by now succeeds. One that was confirmed and is cancelled there now, or is there twice, becomes a conflict.
    An ERP that lists nothing is not compared, nor one that is switched off: `held` then says why.
    """
    summary, connection, policy = Summary(), f"erp_{route.erp}", settings.policy(erp.traits)
    if hold := switched_off(connection, ledger):
        return Summary(held=str(hold))
    if not isinstance(erp, Listing):
        summary.notes.append(f"the ERP {route.erp} cannot list its orders, so nothing can be compared")
        return summary
    now = ledger.now()
    with holding(connection, ledger, actor):
        await must_be_the_accepted_one(connection, erp, ledger)
        rows = await erp.orders(route.channel, Window(now - settings.compare_back, now))
    by_key: dict[str, list[ListedOrder]] = defaultdict(list)
    for row in by_our_keys(rows, route, ledger):
        by_key[row.key].append(row)
    findings: list[Finding] = []
    progress = (progress or Progress(logger.info)).begin(f"compared of {route.erp} for {route.channel}", len(by_key))
    for keys in progress.counted(batched(by_key, PAGE)):
        standings = ledger.standings(keys)
        strangers = [row for key in keys if not (key in standings and standings[key].sent) for row in by_key[key]]
        findings += [
            Finding(connection, FindingKind.NEVER_SENT, called(row.number, row.company), key_in(row.key))
            for row in strangers
        ]
        summary.add("never_sent", len(strangers))
        known = [(key, standings[key], by_key[key]) for key in keys if key in standings]
        changes = [change for item in known if (change := _contradiction(*item))]
        for change in changes:
            summary.add(str(change.event))
        ledger.apply(changes, actor)
        there = {key: live for key, standing, rows in known if (live := _not_done(standing, rows))}
        with holding(connection, ledger, actor):
            await _confirm_late(route, erp, ledger, actor, policy, there)
        for key, standing in ledger.standings(there).items():
            summary.add("confirmed" if standing.status in DONE else "not_done")
            if standing.status not in DONE:
                detail = not_done(standing.status, there[key])
                findings.append(Finding(connection, FindingKind.NOT_DONE, key, detail))
    progress.end()
    ledger.find(findings, actor)
    summary.add("compared", len(rows))
    return summary


def _not_done(standing: Standing, rows: list[ListedOrder]) -> list[str]:
    """The numbers of an order's live ERP orders, if it was sent, is not done, and nothing is to come that settles it.

    What is begun there and on its way here is finished by the next push.
    """
    if standing.status in DONE or standing.awaited or not standing.sent:
        return []
    on_its_way = standing.status in (Status.RECEIVED, Status.QUEUED)
    return [row.number for row in rows if not (row.cancelled or (row.begun and on_its_way))]


async def _confirm_late(
    route: Route, erp: Erp, ledger: Ledger, actor: Actor, policy: Policy, keys: Collection[str]
) -> None:
    """Let those of these orders succeed that were given up and that the ERP confirms by now."""
    entries = ledger.entries([OrderKey.parse(key) for key in keys])
    given_up = [entry for entry in entries if entry.status in GIVEN_UP and entry.doubt]
    for some in batched(given_up, erp.traits.keys_a_call):
        now = ledger.now()
        sent = [entry.to_look_up(route.guests, now, erp.traits.external_reference) for entry in some]
        found = await erp.look_up(sent)
        verdicts = [
            (entry, judge(entry.doubt.about(each.order), found.get(entry.key, ()), now, policy))
            for entry, each in zip(some, sent, strict=True)
            if entry.doubt
        ]
        confirmed = [each for each in verdicts if each[1].event is Event.CONFIRMED]
        ledger.apply([change_of(entry, verdict, now, policy) for entry, verdict in confirmed], actor)


def _contradiction(key: str, standing: Standing, rows: list[ListedOrder]) -> Change | None:
    """The change that an order needs that is done, and that the ERP cancelled since or has twice."""
    if standing.status not in DONE:
        return None
    order, number, marked = OrderKey.parse(key), standing.erp_number, standing.status is Status.SYNCED_MANUALLY

    def is_its_own(row: ListedOrder) -> bool:
        known = same_company(order.channel, row.company, order.channel, standing.erp_company)
        return known and row.number == number

    cancelled = any(row.cancelled and is_its_own(row) for row in rows)
    there = [row for row in rows if not (row.cancelled or (marked and row.begun))]
    live = {(row.number, row.company) for row in there}
    if not cancelled and not any(map(is_its_own, there)):
        live.add((number, standing.erp_company))  # it may have been made before the window, or by hand and bear no key
    if len(live) > 1:
        named = ", ".join(called(*each) for each in sorted(live))
        event, what = Event.TWO_IN_ERP, f"the ERP has it more than once: {named}"
    elif cancelled and not live:
        event, what = Event.CANCELLED_IN_ERP, f"the ERP cancelled {number} after it was confirmed"
    else:
        return None
    return Change(
        order,
        standing.generation,
        standing.status,
        event,
        step(standing.status, event),
        code="CANCELLED_IN_ERP" if event is Event.CANCELLED_IN_ERP else "ORDER_CONFLICT",
        message=f"{what}: a person decides",
    )
