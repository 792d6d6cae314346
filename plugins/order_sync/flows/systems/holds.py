"""What the flows do about a connection that is away: hold it at first sight, probe it once a cycle, go on by itself.

The task that found the trouble stays red through its retries; the runs after it skip until the probe succeeds, so that
an outage is one red task and one alert.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import LedgerUnavailable, NotAuthorised, Transient
from order_sync.core.ports.erp import Erp
from order_sync.core.ports.ledger import Ledger
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope, kind_of

SYSTEM_TROUBLE = (Transient, NotAuthorised)
"""Errors of a system that hold its connection."""


@contextmanager
def holding(connection: str, ledger: Ledger, actor: Actor) -> Iterator[None]:
    """Hold the connection when the system behind it is found to be away; the error goes on."""
    try:
        yield
    except LedgerUnavailable:
        raise
    except SYSTEM_TROUBLE as trouble:
        ledger.hold(connection, kind_of(trouble), HoldScope.ALL, str(trouble), actor)
        raise


def away(connection: str, ledger: Ledger) -> Hold | None:
    """The hold that stops every call over a connection and that a probe may end."""
    holds = ledger.holds((connection,))
    return next((h for h in holds if h.scope is HoldScope.ALL and h.kind is not HoldKind.PERSON), None)


async def still_away(connection: str, erp: Erp, ledger: Ledger, actor: Actor) -> Hold | None:
    """Probe an ERP that is away, once; its hold if it still is. Whoever set the hold gets the error instead."""
    hold = away(connection, ledger)
    if hold is None:
        return None
    try:
        health = await erp.check()
    except SYSTEM_TROUBLE:
        if hold.by == actor.by:
            raise
        return hold
    ledger.check_fingerprint(connection, health.fingerprint)
    ledger.release_hold(connection, hold.kind, actor.because("a probe succeeded"))
    return None


async def must_be_the_accepted_one(connection: str, erp: Erp, ledger: Ledger) -> None:
    """Raises Misconfigured if another ERP answers than the one that a person accepted, or the first that was used."""
    ledger.check_fingerprint(connection, (await erp.check()).fingerprint)


def submit_hold(connections: tuple[str, ...], ledger: Ledger) -> Hold | None:
    """The hold that stops sending over one of these connections; the owner's and a person's before any other."""
    holds = [h for h in ledger.holds(connections) if h.scope is HoldScope.SUBMIT or h.kind is HoldKind.PERSON]
    return min(holds, key=lambda hold: hold.kind not in (HoldKind.SWITCHED_OFF, HoldKind.PERSON), default=None)


def switched_off(connection: str, ledger: Ledger) -> Hold | None:
    """The hold on a channel or an ERP that the owner switched off."""
    return next((h for h in ledger.holds((connection,)) if h.kind is HoldKind.SWITCHED_OFF), None)
