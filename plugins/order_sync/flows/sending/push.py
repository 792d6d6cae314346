"""Push: send what is queued, each order at most once at a time, a claim after the other, until nothing is left."""

import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.life.lifecycle import Event
from order_sync.core.ports.channel import Channel
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.off_peak import OffPeak, begins_at
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows.sending.closing import MAX_REFUSALS, RefusesEverything
from order_sync.flows.sending.push_time import PushTime
from order_sync.flows.sending.sender import Sender
from order_sync.flows.sending.settle import settle
from order_sync.flows.sending.turn import Turn
from order_sync.flows.systems.holds import holding, submit_hold

logger = logging.getLogger(__name__)

LONGEST_SELECTION = timedelta(hours=1)
"""The longest turn of a selection that people sent."""

PROBES = 5
"""Orders that a held ERP is tried with in one push, at most."""


async def push(
    route: Route,
    erp: Erp,
    ledger: Ledger,
    actor: Actor,
    policy: Policy,
    settings: Settings,
    monotonic: Callable[[], float] = time.monotonic,
    channel: Channel | None = None,
    selection: int | None = None,
    off_peak: OffPeak | None = None,
    cleared: Actor | None = None,
    others: Collection[str] = (),
    left: timedelta | None = None,
) -> Summary:
    """Settle what is due, then send what is queued until nothing is left or the turn is over; of a `selection` its own.

    A turn lasts `settings.push_turn`, of which looking up takes half at most; that of a selection lasts `time_to_send`.
    What is left then is counted as `left_queued` and goes with the next push.

    While orders of the `others`, the channels that share the ERP, wait too, it ends after `SHARE`: the summary's
    `gave_way` is the time that it has left, to be given as `left` when it goes on after them.

    What was tried before waits for the ERP's `off_peak` hours. Who `cleared` the task wants all of it sent now, and
    what the ERP surely refused tried again.

    Just before they are sent, orders are read again in the channel: what changed there is validated anew, and what was
    cancelled is not sent. While the channel is away they are sent as the ledger knows them, and counted as `unchecked`.

    Trouble of the system (Transient, NotAuthorised, Misconfigured; another ERP than the accepted one is among it) ends
    the push after all outcomes are on record; orders that were not sent stay queued. Trouble of an order is a fact in
    the ledger and raises nothing. While sending is on hold `held` says why; a hold for the ERP's configuration is
    probed with one order. Orders of a distributor that is switched off stay queued, and are counted as `switched_off`.
    """
    connection = f"erp_{route.erp}"

    def others_wait() -> bool:
        return bool(others) and ledger.waits(others, sent_before=begins_at(off_peak, ledger.now()) is None)

    whole = left or _whole_time(route, ledger, settings, selection)
    push_time = PushTime.of(whole, monotonic, others_wait)
    summary = await settle(route, erp, ledger, actor, policy, over=push_time.half_over)
    if route.by_hand and not summary.held:
        summary.held = f"orders of {route.channel} are entered into the ERP by hand: {route.by_hand}"
    if not summary.held:
        _ask_before_a_flood(route, ledger, actor, settings.first_run_limit)
    hold = None if summary.held else submit_hold((f"channel_{route.channel}", connection), ledger)
    if hold and hold.kind is not HoldKind.CONFIGURATION:
        summary.held = str(hold)
    if hold and hold.kind is HoldKind.FIRST_RUN:
        summary.add("before_start", ledger.set_aside(route.channel, route.start_from, actor))
    if summary.held:
        return summary
    waits_for = None if cleared or selection is not None else off_peak
    sender = Sender(
        *(route, erp, ledger, actor, policy, settings, summary, monotonic, channel, selection, waits_for, push_time)
    )
    with holding(connection, ledger, actor):
        if hold and not await _probe(sender):
            summary.held = str(hold)
            return summary
        if hold:
            ledger.release_hold(connection, hold.kind, actor.because("the ERP took an order"))
        if cleared and selection is None:
            summary.add("retried", ledger.retry_refused(route.channel, route.erp, MAX_REFUSALS, cleared))
        await _send_all(sender)
    _tell_who_waits(sender)
    return summary


def time_to_send(number: int) -> timedelta:
    """How long a selection of so many orders may keep the ERP to itself: it follows the number, up to an hour."""
    return min(timedelta(minutes=5, seconds=number), LONGEST_SELECTION)


def _whole_time(route: Route, ledger: Ledger, settings: Settings, selection: int | None) -> timedelta:
    if selection is None:
        return settings.push_turn
    return time_to_send(ledger.to_send(selection).get(route.channel, 0))


def _ask_before_a_flood(route: Route, ledger: Ledger, actor: Actor, limit: int) -> None:
    """Hold a channel that has never sent an order and would now send very many, until a person agrees."""
    number = ledger.first_push(route.channel, limit)
    if number:
        reason = (
            f"its first push would send {number} orders, more than {limit}: release it with hold_connection if that is"
            " intended; otherwise set its start_from later in the registry, and release it when a push has taken back"
            " what lies before"
        )
        ledger.hold(f"channel_{route.channel}", HoldKind.FIRST_RUN, HoldScope.SUBMIT, reason, actor)


async def _send_all(sender: Sender) -> None:
    """Send until nothing is queued or time is over; what is looked up first goes too, if the ERP has it not."""
    more = True
    while more:
        looked_up_first = sender.summary.counts.get("changed_since", 0)
        await Turn(sender).run()
        more = sender.summary.counts.get("changed_since", 0) > looked_up_first and await _queued_by_a_look(sender)
    if not sender.time.over() or not (left := _left(sender)):
        return
    if sender.time.gave_way:
        sender.summary.gave_way = sender.time.left
    else:
        sender.summary.add("left_queued", left)
        goes = "the next run" if sender.selection is None else "the scheduled runs"
        sender.summary.notes.append(f"the time of this push is over: the rest is sent with {goes}")


async def _queued_by_a_look(sender: Sender) -> bool:
    settled = await settle(sender.route, sender.erp, sender.ledger, sender.actor, sender.policy, over=sender.time.over)
    for name, number in settled.counts.items():
        sender.summary.add(name, number)
    return bool({Event.ABSENT, Event.HALF_MADE} & settled.counts.keys())


def _left(sender: Sender) -> int:
    if sender.selection is not None:
        return sender.ledger.to_send(sender.selection).get(sender.route.channel, 0)
    return sender.ledger.queued(sender.route.channel, sent_before=sender.waits_until() is None)


def _tell_who_waits(sender: Sender) -> None:
    """Say how many wait since their distributor is switched off; and how many for off-peak hours, until when."""
    if off := sender.ledger.switched_off(sender.route.channel):
        sender.summary.add("switched_off", off)
        waits = "1 order waits since its" if off == 1 else f"{off} orders wait since their"
        sender.summary.notes.append(f"{waits} distributor is switched off in the registry")
    until = sender.waits_until()
    number = sender.ledger.off_peak(sender.route.channel) if until else 0
    if until and number:
        sender.summary.add("waiting_for_off_peak", number)
        sender.summary.notes.append(
            f"orders that were tried before wait for the ERP's off-peak hours, which begin {until:%Y-%m-%d %H:%M} UTC"
        )


async def _probe(sender: Sender) -> bool:
    """Whether the ERP takes an order again, tried with one; with another if that fails for its own sake."""
    sent = sender.summary.counts.get("sent", 0)
    with suppress(RefusesEverything):
        for _ in range(PROBES):
            turn = Turn(sender, only_one=True)
            await turn.run()
            if not turn.claimed or sender.summary.counts.get("sent", 0) > sent:
                break
    return sender.summary.counts.get("sent", 0) > sent
