"""Push: send what is queued, each order at most once at a time, with an attempt on record before the first byte.

Three stages run beside each other: attempts are opened in micro-batches just before dispatch, orders are submitted
with bounded concurrency, outcomes are closed in micro-batches. The ledger's writes hide behind the network.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from order_sync.core.bulk import batched
from order_sync.core.errors import (
    OrderConflict,
    OrderRefused,
    OrderSyncError,
    OutcomeUnknown,
    Permanent,
    Transient,
)
from order_sync.core.lifecycle import Event
from order_sync.core.orders import Order, OrderKey
from order_sync.core.ports import Actor, Claim, Entry, Erp, Ledger, Outcome, Route, Summary
from order_sync.core.reading import read_order
from order_sync.core.settings import CALLS_PER_SUBMIT, Settings
from order_sync.core.verdict import Policy
from order_sync.flows.settle import settle

logger = logging.getLogger(__name__)

MICRO_BATCH = 32
"""Attempts opened or closed by one statement."""

MAX_REFUSALS = 5
"""Refusals after which an order is dead: the same request keeps failing, whatever people try."""


async def push(
    route: Route,
    erp: Erp,
    ledger: Ledger,
    actor: Actor,
    policy: Policy,
    settings: Settings,
    monotonic: Callable[[], float] = time.monotonic,
) -> Summary:
    """Settle what is due, then send what is queued until nothing is left.

    Trouble of the system (Transient, NotAuthorised, Misconfigured) ends the push after all outcomes are on record;
    orders that were not sent stay queued. Trouble of an order is a fact in the ledger and raises nothing.
    """
    summary = await settle(route, erp, ledger, actor, policy)
    summary.held = ledger.held((f"channel_{route.channel}", f"erp_{route.erp}"))
    if summary.held:
        summary.notes.append(f"sending is on hold: {summary.held}")
        return summary
    lease = settings.claim_lease.total_seconds()
    longest_submit = (CALLS_PER_SUBMIT * settings.call_deadline + policy.grace).total_seconds()
    while True:
        asked_at = monotonic()
        claim = await asyncio.to_thread(ledger.claim, route.channel, settings.claim_size, lease, actor)
        if not claim.entries:
            return summary
        turn = _Turn(route, erp, ledger, actor, policy, settings, claim, summary)
        turn.send_before = asked_at + lease - longest_submit
        turn.monotonic = monotonic
        await turn.run()


@dataclass
class _Turn:
    """One claim, from the first attempt opened to the last outcome closed."""

    route: Route
    erp: Erp
    ledger: Ledger
    actor: Actor
    policy: Policy
    settings: Settings
    claim: Claim
    summary: Summary
    send_before: float = 0.0
    monotonic: Callable[[], float] = time.monotonic
    trouble: OrderSyncError | None = None
    outcomes: asyncio.Queue[Outcome | None] = field(default_factory=asyncio.Queue)
    opened: asyncio.Queue[tuple[Entry, Order] | None] = field(default_factory=lambda: asyncio.Queue(2 * MICRO_BATCH))

    async def run(self) -> None:
        now = self.ledger.now()
        orders = {
            entry.key: read_order(entry.transaction, self.route.guest_account, now).order
            for entry in self.claim.entries
        }
        try:
            await self.erp.prepare(list(orders.values()))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._close())
                group.create_task(self._send_all(orders))
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from group_error
        finally:
            await asyncio.to_thread(self.ledger.release, self.claim)
        if self.trouble:
            raise self.trouble

    async def _send_all(self, orders: dict[OrderKey, Order]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._open(orders))
            for _ in range(self.settings.submit_concurrency):
                group.create_task(self._send())
        await self.outcomes.put(None)

    async def _open(self, orders: dict[OrderKey, Order]) -> None:
        try:
            for entries in batched(self.claim.entries, MICRO_BATCH):
                if self.trouble or self.monotonic() >= self.send_before:
                    break
                keys = await asyncio.to_thread(self._open_attempts, [entry.key for entry in entries])
                for entry in entries:
                    if entry.key in keys:
                        await self.opened.put((entry, orders[entry.key]))
                    else:
                        self.summary.add("changed_since")
        finally:
            for _ in range(self.settings.submit_concurrency):
                await self.opened.put(None)

    def _open_attempts(self, keys: Sequence[OrderKey]) -> set[OrderKey]:
        grace, window = self.policy.grace.total_seconds(), self.policy.window.total_seconds()
        return self.ledger.open(self.claim, keys, grace, window)

    async def _send(self) -> None:
        while (item := await self.opened.get()) is not None:
            await self.outcomes.put(await self._submit(*item))

    async def _submit(self, entry: Entry, order: Order) -> Outcome:
        if self.trouble or self.monotonic() >= self.send_before:
            return Outcome(entry.key, entry.generation, Event.NOT_SENT, "NOT_SENT", "the push ended before its turn")
        try:
            async with asyncio.timeout((CALLS_PER_SUBMIT * self.settings.call_deadline).total_seconds()):
                receipt = await self.erp.submit(order)
        except TimeoutError:
            return Outcome(entry.key, entry.generation, None, "OUTCOME_UNKNOWN", "the submit outlasted its deadline")
        except OutcomeUnknown as error:
            return Outcome(entry.key, entry.generation, None, error.code, str(error))
        except OrderRefused as error:
            event = Event.REFUSED if entry.refusals + 1 < MAX_REFUSALS else Event.REFUSED_TOO_OFTEN
            return Outcome(entry.key, entry.generation, event, error.code, str(error))
        except OrderConflict as error:
            return Outcome(entry.key, entry.generation, Event.DIFFERENT, error.code, str(error))
        except (Transient, Permanent) as error:
            self.trouble = self.trouble or error
            return Outcome(entry.key, entry.generation, Event.NOT_SENT, error.code, str(error))
        except Exception as error:  # noqa: BLE001  one order that an adapter stumbles over must not stop the others
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__} at {where.filename.rpartition('/')[2]}:{where.lineno}"
            logger.error("%s: the adapter failed with %s; the order is looked up before anything else", entry.key, text)
            return Outcome(entry.key, entry.generation, None, "UNKNOWN", text)
        return Outcome(entry.key, entry.generation, Event.RECEIPT, receipt=receipt)

    async def _close(self) -> None:
        ended = False
        while not ended:
            closing = [await self.outcomes.get()]
            while len(closing) < MICRO_BATCH and not self.outcomes.empty():
                closing.append(self.outcomes.get_nowait())
            ended = None in closing
            done = [outcome for outcome in closing if outcome is not None]
            if done:
                await asyncio.to_thread(self._close_attempts, done)

    def _close_attempts(self, outcomes: Sequence[Outcome]) -> None:
        first_look = min(self.policy.looks, default=timedelta.max)
        look = self.ledger.now() + min(first_look, self.policy.window)
        self.ledger.close(outcomes, look, self.policy.window.total_seconds(), self.actor)
        for outcome in outcomes:
            self.summary.add({Event.RECEIPT: "sent", None: "outcome_unknown"}.get(outcome.event, str(outcome.event)))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group, so that a task's retry policy sees its class."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
