"""Push: send what is queued, each order at most once at a time, a claim after the other, until nothing is left."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.errors import (
    LedgerUnavailable,
    Permanent,
    Transient,
)
from order_sync.core.life.lifecycle import Event
from order_sync.core.ports.channel import Channel
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Claim, Entry
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.off_peak import OffPeak, begins_at
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows.intake.landing import land_again
from order_sync.flows.sending.closing import MAX_REFUSALS, RefusesEverything
from order_sync.flows.sending.holds import holding, must_be_the_accepted_one, submit_hold
from order_sync.flows.sending.push_time import PushTime
from order_sync.flows.sending.settle import settle
from order_sync.flows.sending.turn import Turn

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
        if hold and not await sender.probe():
            summary.held = str(hold)
            return summary
        if hold:
            ledger.release_hold(connection, hold.kind, actor.because("the ERP took an order"))
        if cleared and selection is None:
            summary.add("retried", ledger.retry_refused(route.channel, route.erp, MAX_REFUSALS, cleared))
        await sender.send_all()
    sender.tell_who_waits()
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
            " meant; otherwise set its start_from later in the registry, and release it when a push has taken back what"
            " lies before"
        )
        ledger.hold(f"channel_{route.channel}", HoldKind.FIRST_RUN, HoldScope.SUBMIT, reason, actor)


@dataclass
class Sender:
    """What a push sends with, and how far it is."""

    route: Route
    erp: Erp
    ledger: Ledger
    actor: Actor
    policy: Policy
    settings: Settings
    summary: Summary
    monotonic: Callable[[], float]
    channel: Channel | None
    selection: int | None
    off_peak: OffPeak | None
    time: PushTime
    known: bool = False
    channel_is_away: bool = False

    async def send_all(self) -> None:
        """Send until nothing is queued or time is over; what is looked up first goes too, if the ERP has it not."""
        more = True
        while more:
            looked_up_first = self.summary.counts.get("changed_since", 0)
            await Turn(self).run()
            more = self.summary.counts.get("changed_since", 0) > looked_up_first and await self._queued_by_a_look()
        if not self.time.over() or not (left := self._left()):
            return
        if self.time.gave_way:
            self.summary.gave_way = self.time.left
        else:
            self.summary.add("left_queued", left)
            goes = "the next run" if self.selection is None else "the scheduled runs"
            self.summary.notes.append(f"the time of this push is over: what is left goes with {goes}")

    async def _queued_by_a_look(self) -> bool:
        settled = await settle(self.route, self.erp, self.ledger, self.actor, self.policy, over=self.time.over)
        for name, number in settled.counts.items():
            self.summary.add(name, number)
        return bool({Event.ABSENT, Event.HALF_MADE} & settled.counts.keys())

    def _left(self) -> int:
        if self.selection is not None:
            return self.ledger.to_send(self.selection).get(self.route.channel, 0)
        return self.ledger.queued(self.route.channel, sent_before=self.waits_until() is None)

    async def know_the_erp(self) -> None:
        """Make sure, once, that it is the accepted one."""
        if not self.known:
            await must_be_the_accepted_one(f"erp_{self.route.erp}", self.erp, self.ledger)
            self.known = True

    def read_again(self, entries: Sequence[Entry]) -> None:
        """Record what the channel changed of these orders meanwhile; a claim of one that changed is void."""
        if self.channel is None:
            return
        if self.channel_is_away:
            self.summary.add("unchecked", len(entries))
            return
        connection = f"channel_{self.route.channel}"
        try:
            self.ledger.check_fingerprint(connection, self.channel.fingerprint())
            known = [(entry.key, entry.transaction.digest) for entry in entries]
            land_again(self.route, self.channel, self.ledger, known, self.actor)
        except LedgerUnavailable:
            raise
        except (Transient, Permanent) as trouble:
            self.summary.add("unchecked", len(entries))
            self.channel_is_away = True
            logger.warning("these orders are sent as they were read before: %s", trouble)

    async def claim(self, *, as_probe: bool) -> tuple[Claim, float]:
        """Claim orders, or one as a probe; with the instant by which they are sent, so that their lease outlasts it."""
        lease = self.settings.claim_lease.total_seconds()
        longest_submit = self.erp.traits.submit_seconds + self.policy.grace.total_seconds()
        send_before = self.monotonic() + lease - longest_submit
        claim = await asyncio.to_thread(
            self.ledger.claim,
            self.route.channel,
            1 if as_probe else self.settings.claim_size,
            lease,
            self.actor,
            as_probe=as_probe,
            sent_before=as_probe or self.waits_until() is None,
            selection=self.selection,
        )
        return claim, send_before

    def grace_and_window(self) -> tuple[float, float]:
        """In seconds, from an attempt's opening on."""
        return self.policy.grace.total_seconds(), self.policy.window.total_seconds()

    def waits_until(self) -> datetime | None:
        """Until when those wait that were tried before; None if they do not."""
        return begins_at(self.off_peak, self.ledger.now())

    def tell_who_waits(self) -> None:
        """Say how many wait since their distributor is switched off; and how many for off-peak hours, until when."""
        if off := self.ledger.switched_off(self.route.channel):
            self.summary.add("switched_off", off)
            waits = "1 order waits since its" if off == 1 else f"{off} orders wait since their"
            self.summary.notes.append(f"{waits} distributor is switched off in the registry")
        until = self.waits_until()
        number = self.ledger.off_peak(self.route.channel) if until else 0
        if until and number:
            self.summary.add("waiting_for_off_peak", number)
            self.summary.notes.append(
                f"what was tried before waits for the ERP's off-peak hours, which begin {until:%Y-%m-%d %H:%M} UTC"
            )

    async def probe(self) -> bool:
        """Whether the ERP takes an order again, tried with one; with another if that fails for its own sake."""
        sent = self.summary.counts.get("sent", 0)
        with suppress(RefusesEverything):
            for _ in range(PROBES):
                turn = Turn(self, only_one=True)
                await turn.run()
                if not turn.claimed or self.summary.counts.get("sent", 0) > sent:
                    break
        return self.summary.counts.get("sent", 0) > sent
