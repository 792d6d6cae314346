"""A turn of the push: from the first order claimed to the last outcome closed.

Four stages run beside each other and hand over groups of orders: orders are claimed ahead of need, attempts are opened
just before dispatch, orders are submitted with bounded concurrency, outcomes are closed. The ledger's writes hide
behind the network, and no claim waits for the one before. When something is in trouble, no more attempts are opened,
and what the ERP says of those that are goes on record.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from order_sync.core.basics.bulk import batched
from order_sync.core.errors import OrderSyncError, OutcomeUnknown, Permanent, Transient
from order_sync.core.life.lifecycle import Event, step
from order_sync.core.order.maker import Made
from order_sync.core.order.model import Order, OrderKey
from order_sync.core.ports.erp import Batching
from order_sync.core.records.orders import Change, Claim, Entry, Outcome
from order_sync.core.sending.receipts import Answer
from order_sync.flows.sending.closing import RefusesEverything, close, outcome_of
from order_sync.flows.sending.sender import Sender
from order_sync.flows.systems.references import of_another_order

logger = logging.getLogger(__name__)

FEWEST, MOST = 8, 32
"""Attempts opened or closed by one statement: about as many as are on their way. A crash leaves those in doubt."""

AHEAD = 4
"""Groups of claimed orders that wait to be opened."""

GATHER_SECONDS = 0.02
"""How long an outcome waits for others, so that one statement closes them."""

Ready = tuple[Entry, Made]


@dataclass(frozen=True)
class Group:
    """Orders of one claim that are opened together, if that is before `send_before`."""

    claim: Claim
    orders: Sequence[Ready]
    send_before: float


@dataclass
class Turn:
    """The claims of a push, all that there are or `only_one`, a probe, of one order."""

    sender: Sender
    only_one: bool = False
    claimed: int = 0
    trouble: OrderSyncError | None = None
    unsent: dict[OrderKey, Entry] = field(default_factory=dict)
    groups: asyncio.Queue[Group | None] = field(default_factory=lambda: asyncio.Queue(AHEAD))
    outcomes: asyncio.Queue[Outcome | None] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        erp, concurrency = self.sender.erp, self.sender.settings.submit_concurrency
        self.batching = erp if isinstance(erp, Batching) else None
        self.in_one, at_a_time = self.batching.batch_limits if self.batching else (1, concurrency)
        self.at_a_time = min(at_a_time, concurrency)
        self.together = max(min(max(self.at_a_time, FEWEST), MOST), self.in_one)
        self.opened: asyncio.Queue[Group | None] = asyncio.Queue(self.together // self.in_one)

    async def run(self) -> None:
        """Send what is queued, and give back what was not sent. Raises what went wrong first."""
        try:
            await self._send_claimed()
        except BaseException:
            try:
                await self._give_back()
            except Exception:
                logger.exception(
                    "what was claimed and not sent was not released: it can be claimed again when its lease is over"
                )
            raise
        await self._give_back()

    async def _give_back(self) -> None:
        if self.unsent:
            await asyncio.to_thread(self.sender.ledger.release, Claim([*self.unsent.values()], 0))

    async def _send_claimed(self) -> None:
        try:
            async with asyncio.TaskGroup() as stages:
                for stage in (self._claim_all(), self._open_all(), self._submit_all(), self._close_all()):
                    stages.create_task(stage)
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors
        if self.trouble:
            raise self.trouble

    async def _claim_all(self) -> None:
        """Claim orders ahead of need and learn what sending them takes, until none are left or time is over."""
        try:
            while not self.trouble and not await asyncio.to_thread(self.sender.time.over):
                claim, send_before = await self.sender.claim(as_probe=self.only_one)
                self.unsent |= {entry.key: entry for entry in claim.entries}
                self.claimed += len(claim.entries)
                if claim.entries:
                    orders = await self._orders_of(claim)
                    for together in batched(orders, self.together):
                        await self.groups.put(Group(claim, together, send_before))
                if self.only_one or not claim.entries:
                    break
        except OrderSyncError as trouble:
            self.trouble = self.trouble or trouble
        await self.groups.put(None)

    async def _orders_of(self, claim: Claim) -> Sequence[Ready]:
        await asyncio.to_thread(self.sender.read_again, claim.entries)
        now = self.sender.ledger.now()
        field = self.sender.erp.traits.external_reference
        made = [(entry, entry.as_sent(self.sender.route.guests, now, field)) for entry in claim.entries]
        ready = await asyncio.to_thread(self._fit_to_send, made)
        await self.sender.know_the_erp()
        if ready:
            await self.sender.erp.prepare([each.order for _, each in ready])
        return ready

    def _fit_to_send(self, made: Sequence[Ready]) -> Sequence[Ready]:
        return self._told_apart(self._without_problems(made))

    def _without_problems(self, made: Sequence[Ready]) -> Sequence[Ready]:
        """Let those be validated again that can no longer be made whole: a guest's, once there is no guest account."""
        event = Event.REFERENCE_CHANGED
        bad = [entry for entry, each in made if each.problems]
        changes = [Change(each.key, each.generation, each.status, event, step(each.status, event)) for each in bad]
        self.sender.ledger.apply(changes, self.sender.actor)
        self.sender.summary.add("to_validate_again", len(bad))
        return [(entry, each) for entry, each in made if not each.problems]

    def _told_apart(self, made: Sequence[Ready]) -> Sequence[Ready]:
        """Fail those that the ERP could not tell from another order."""
        if not (failures := of_another_order(made, self.sender.route.erp, self.sender.ledger)):
            return made
        self.sender.ledger.apply(failures, self.sender.actor)
        self.sender.summary.add("reference_taken", len(failures))
        failed = {each.key for each in failures}
        return [each for each in made if each[0].key not in failed]

    async def _open_all(self) -> None:
        """Open the attempts of a group while the one before is on its way. Nothing is opened in trouble or too late."""
        while group := await self.groups.get():
            for together in batched(await self._open(group), self.in_one):
                await self.opened.put(Group(group.claim, together, group.send_before))
        await self.opened.put(None)

    async def _open(self, group: Group) -> Sequence[Ready]:
        if self.trouble or self.sender.monotonic() >= group.send_before:
            return ()
        try:
            keys = await asyncio.to_thread(self._open_attempts, group)
        except OrderSyncError as trouble:
            self.trouble = self.trouble or trouble
            return ()
        if keys is None:
            return ()
        for entry, _ in group.orders:
            self.unsent.pop(entry.key, None)
        if changed := len(group.orders) - len(keys):
            self.sender.summary.add("changed_since", changed)
        return [each for each in group.orders if each[0].key in keys]

    def _open_attempts(self, group: Group) -> set[OrderKey] | None:
        if self.sender.time.over():
            return None
        orders = {entry.key: made for entry, made in group.orders}
        return self.sender.ledger.open(group.claim, orders, *self.sender.grace_and_window())

    async def _submit_all(self) -> None:
        async with asyncio.TaskGroup() as workers:
            for _ in range(self.at_a_time):
                workers.create_task(self._submit_each())
        self.outcomes.put_nowait(None)

    async def _submit_each(self) -> None:
        """Submit what is opened, one after the other."""
        while group := await self.opened.get():
            for outcome in await self._submit(group):
                self.outcomes.put_nowait(outcome)
        self.opened.put_nowait(None)  # for the next worker

    async def _submit(self, group: Group) -> list[Outcome]:
        if self.trouble or self.sender.monotonic() >= group.send_before:
            late = "the push ended before its turn"
            return [Outcome(entry.key, entry.generation, Event.NOT_SENT, "NOT_SENT", late) for entry, _ in group.orders]
        answers = await self._answers([made.order for _, made in group.orders])
        none = OutcomeUnknown("the adapter returned no answer for this order")
        outcomes = []
        for entry, made in group.orders:
            answer = answers.get(entry.key, none)
            if isinstance(answer, Transient | Permanent):
                self.trouble = self.trouble or answer
            outcomes.append(outcome_of(entry, made.order, answer, self.sender.erp.traits, as_probe=self.only_one))
        return outcomes

    async def _answers(self, orders: Sequence[Order]) -> Mapping[OrderKey, Answer]:
        erp = self.sender.erp
        error: BaseException
        try:
            async with asyncio.timeout(erp.traits.submit_seconds):
                if self.batching and self.in_one > 1:
                    return await self.batching.submit_all(orders)
                return {order.key: await erp.submit(order) for order in orders}
        except TimeoutError:
            error = OutcomeUnknown("the submit took longer than its deadline")
        except (Exception, asyncio.CancelledError) as raised:
            if _told_to_end():
                raise
            error = raised
        return {order.key: error for order in orders}

    async def _close_all(self) -> None:
        """Close attempts as outcomes come. What the ledger did not take is tried again with the next and at the end."""
        done: list[Outcome] = []
        ended = False
        while not ended:
            closing = await self._gathered()
            ended = None in closing
            done += [outcome for outcome in closing if outcome is not None]
            done = await self._left_open(done)
        await self._left_open(done)

    async def _gathered(self) -> list[Outcome | None]:
        """The next outcome, and those that come soon after it; with None for the end."""
        gathered = [await self.outcomes.get()]
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                while None not in gathered and len(gathered) < self.together:
                    gathered.append(await self.outcomes.get())
        return gathered

    async def _left_open(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Close attempts; returns all of them if the ledger is in trouble, which ends the push."""
        try:
            if outcomes:
                await asyncio.to_thread(close, self.sender, outcomes)
        except RefusesEverything as trouble:
            self.trouble = trouble
        except OrderSyncError as trouble:
            self.trouble = self.trouble or trouble
            return outcomes
        return []


def _told_to_end() -> bool:
    """Whether this task is being cancelled; a CancelledError may also come out of what an adapter waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group, so that a task's retry policy sees its class."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
