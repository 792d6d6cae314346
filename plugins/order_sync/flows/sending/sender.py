"""What a push sends with, and how far it is: what the stages of a turn share."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.summary import Summary
from order_sync.core.errors import (
    LedgerUnavailable,
    Permanent,
    Transient,
)
from order_sync.core.ports.channel import Channel
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.records.orders import Claim, Entry
from order_sync.core.sending.off_peak import OffPeak, begins_at
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows.intake.landing import land_again
from order_sync.flows.sending.push_time import PushTime
from order_sync.flows.systems.holds import must_be_the_accepted_one

logger = logging.getLogger(__name__)


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
            logger.warning("these orders are sent as they were last read: %s", trouble)

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
