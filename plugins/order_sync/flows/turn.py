"""A turn of the push: one claim's orders, from the first attempt opened to the last outcome closed.

Three stages run beside each other: attempts are opened in micro-batches just before dispatch, orders are submitted
with bounded concurrency, outcomes are closed in micro-batches. The ledger's writes hide behind the network. When
something is in trouble, no more attempts are opened, and what the ERP says of those that are goes on record.
"""

import asyncio
import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from order_sync.core.advice import CATALOGUE
from order_sync.core.bulk import batched
from order_sync.core.errors import (
    Misconfigured,
    OrderConflict,
    OrderRefused,
    OrderSyncError,
    OutcomeUnknown,
    Permanent,
    Transient,
)
from order_sync.core.holds import HoldKind, HoldScope, holds_after
from order_sync.core.lifecycle import Event, Status, step
from order_sync.core.orders import Order, OrderKey
from order_sync.core.ports import Actor, Answer, Batching, BatchLimits, Change, Claim, Entry, Outcome, Receipt
from order_sync.core.reading import read_order
from order_sync.core.rules import cures
from order_sync.core.settings import CALLS_PER_SUBMIT

if TYPE_CHECKING:
    from order_sync.flows.push import Sender

logger = logging.getLogger(__name__)


class RefusesEverything(Misconfigured):
    """The ERP refuses one order after the other with the same code: its configuration is the likely cause."""


MICRO_BATCH = 32
"""Attempts opened or closed by one statement."""

MAX_REFUSALS = 5
"""Refusals after which an order is dead: the same request keeps failing, whatever people try."""


@dataclass
class Turn:
    """One claim, from the first attempt opened to the last outcome closed."""

    sender: "Sender"
    claim: Claim
    send_before: float
    as_probe: bool
    trouble: OrderSyncError | None = None
    outcomes: asyncio.Queue[Outcome | None] = field(default_factory=asyncio.Queue)

    async def run(self) -> None:
        """Send what was claimed, and give back what was not sent. Raises what went wrong first."""
        try:
            await self._send_claimed()
        except BaseException:
            try:
                await self._give_back()
            except Exception:
                logger.exception("what was claimed and not sent is not given back: it is free when its lease is over")
            raise
        await self._give_back()

    async def _give_back(self) -> None:
        await asyncio.to_thread(self.sender.ledger.release, self.claim)

    async def _send_claimed(self) -> None:
        await asyncio.to_thread(self.sender.read_again, self.claim.entries)
        now = self.sender.ledger.now()
        orders = {
            entry.key: read_order(entry.transaction, self.sender.route.guest_account, now).order
            for entry in self.claim.entries
        }
        await self.sender.know_the_erp()
        await self.sender.erp.prepare(list(orders.values()))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._close())
                group.create_task(self._send_all(orders))
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors
        if self.trouble:
            raise self.trouble

    async def _send_all(self, orders: dict[OrderKey, Order]) -> None:
        """Open attempts and send each order as soon as a slot is free. Nothing here waits for what may have ended."""
        batch = self._batch()
        slots = asyncio.Semaphore(batch.at_a_time)
        async with asyncio.TaskGroup() as group:
            for entries in batched(self.claim.entries, MICRO_BATCH):
                if self.trouble or self.sender.monotonic() >= self.send_before:
                    break
                for together in batched(await self._open(entries), batch.orders):
                    await slots.acquire()
                    group.create_task(self._send([(entry, orders[entry.key]) for entry in together], slots))
        self.outcomes.put_nowait(None)

    def _batch(self) -> BatchLimits:
        erp, concurrency = self.sender.erp, self.sender.settings.submit_concurrency
        if not isinstance(erp, Batching):
            return BatchLimits(1, concurrency)
        return BatchLimits(erp.batch_limits.orders, min(erp.batch_limits.at_a_time, concurrency))

    async def _open(self, entries: Sequence[Entry]) -> list[Entry]:
        """Open an attempt for each; returns those that may be sent now: none if time is over or the ledger is away."""
        try:
            keys = await asyncio.to_thread(self._open_attempts, [entry.key for entry in entries])
        except OrderSyncError as trouble:
            self.trouble = self.trouble or trouble
            return []
        if keys is None:
            return []
        opened = [entry for entry in entries if entry.key in keys]
        if len(opened) < len(entries):
            self.sender.summary.add("changed_since", len(entries) - len(opened))
        return opened

    def _open_attempts(self, keys: Sequence[OrderKey]) -> set[OrderKey] | None:
        if self.sender.time.over():
            return None
        return self.sender.ledger.open(self.claim, keys, *self._grace_and_window())

    def _grace_and_window(self) -> tuple[float, float]:
        return self.sender.policy.grace.total_seconds(), self.sender.policy.window.total_seconds()

    async def _send(self, together: Sequence[tuple[Entry, Order]], slots: asyncio.Semaphore) -> None:
        try:
            for outcome in await self._submit(together):
                self.outcomes.put_nowait(outcome)
        finally:
            slots.release()

    async def _submit(self, together: Sequence[tuple[Entry, Order]]) -> list[Outcome]:
        if self.trouble or self.sender.monotonic() >= self.send_before:
            late = "the push ended before its turn"
            return [Outcome(entry.key, entry.generation, Event.NOT_SENT, "NOT_SENT", late) for entry, _ in together]
        answers = await self._answers([order for _, order in together])
        none = OutcomeUnknown("the adapter gave no answer for this order")
        return [self._outcome(entry, order, answers.get(entry.key, none)) for entry, order in together]

    async def _answers(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        erp = self.sender.erp
        error: BaseException
        try:
            async with asyncio.timeout((CALLS_PER_SUBMIT * self.sender.settings.call_deadline).total_seconds()):
                if isinstance(erp, Batching) and erp.batch_limits.orders > 1:
                    return await erp.submit_all(orders)
                return {order.key: await erp.submit(order) for order in orders}
        except TimeoutError:
            error = OutcomeUnknown("the submit outlasted its deadline")
        except (Exception, asyncio.CancelledError) as raised:
            if _told_to_end():
                raise
            error = raised
        return {order.key: error for order in orders}

    def _outcome(self, entry: Entry, order: Order, answer: Answer) -> Outcome:
        this = partial(Outcome, entry.key, entry.generation)
        match answer:
            case Receipt():
                return this(Event.RECEIPT, receipt=answer)
            case OutcomeUnknown():
                return this(None, answer.code, str(answer))
            case OrderRefused():
                last = entry.refusals + 1 >= MAX_REFUSALS and not self.as_probe
                event = Event.REFUSED_TOO_OFTEN if last else Event.REFUSED
                return this(event, answer.code, str(answer), cured_by=cures(answer.code, order))
            case OrderConflict():
                return this(Event.DIFFERENT, answer.code, str(answer))
            case Transient() | Permanent():
                self.trouble = self.trouble or answer
                return this(Event.NOT_SENT, answer.code, str(answer))
        text = type(answer).__name__  # one order that an adapter stumbles over stops no other
        if where := traceback.extract_tb(answer.__traceback__):
            text += f" at {where[-1].filename.rpartition('/')[2]}:{where[-1].lineno}"
        logger.error("%s: the adapter failed with %s; the order is looked up before anything else", entry.key, text)
        return this(None, "UNKNOWN", text)

    async def _close(self) -> None:
        """Close attempts as outcomes come. What the ledger did not take is tried again with the next and at the end."""
        done: list[Outcome] = []
        ended = False
        while not ended:
            closing = [await self.outcomes.get()]
            while len(closing) < MICRO_BATCH and not self.outcomes.empty():
                closing.append(self.outcomes.get_nowait())
            ended = None in closing
            done += [outcome for outcome in closing if outcome is not None]
            done = await self._left_open(done)
        await self._left_open(done)

    async def _left_open(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Close attempts; returns all of them if the ledger is in trouble, which ends the push."""
        try:
            if outcomes:
                await asyncio.to_thread(self._close_attempts, outcomes)
        except OrderSyncError as trouble:
            self.trouble = self.trouble or trouble
            return outcomes
        return []

    def _close_attempts(self, outcomes: Sequence[Outcome]) -> None:
        first_look = min(self.sender.policy.looks, default=timedelta.max)
        look = self.sender.ledger.now() + min(first_look, self.sender.policy.window)
        self.sender.ledger.close(outcomes, look, *self._grace_and_window(), self.sender.actor)
        for outcome in outcomes:
            self.sender.summary.add(
                {Event.RECEIPT: "sent", None: "outcome_unknown"}.get(outcome.event, str(outcome.event))
            )
        for code in sorted({outcome.code or "" for outcome in outcomes if outcome.event is Event.REFUSED}):
            number = holds_after(code)
            if number:
                self._hold_if_all_are_refused(code, number)

    def _hold_if_all_are_refused(self, code: str, number: int) -> None:
        """Take the last refusals back, and stop sending, when they look like one cause outside of the orders."""
        refused = self.sender.ledger.refused_in_a_row(self.sender.route.erp, code, number)
        if not refused:
            return
        meaning = CATALOGUE.get(code, CATALOGUE["UNKNOWN"]).meaning
        reason = (
            f"the ERP refused the last {len(refused)} orders with {code}: {meaning} The DAG explain_order tells what it"
            f" said of {refused[0].key}"
        )
        by, again = self.sender.actor, Event.CONFIGURATION_SUSPECTED
        to_status = step(Status.FAILED, again)
        self.sender.ledger.hold(f"erp_{self.sender.route.erp}", HoldKind.CONFIGURATION, HoldScope.SUBMIT, reason, by)
        self.sender.ledger.apply(
            [
                Change(each.key, each.generation, Status.FAILED, again, to_status, each.code, each.message)
                for each in refused
            ],
            Actor(by.by, reason),
        )
        self.trouble = RefusesEverything(
            f"{reason}. They are queued again and sending is on hold; each run tries one order, and goes on by itself"
            " once the ERP takes it"
        )


def _told_to_end() -> bool:
    """Whether this task is being cancelled; a CancelledError may also come out of what an adapter waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group, so that a task's retry policy sees its class."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
