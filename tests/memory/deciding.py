"""What people ask of the ledger in memory: the orders that they mean, and what they decide about them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from order_sync.core.basics.actor import Actor
from order_sync.core.decisions.decision import Decision, Result, Selected
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.life.lifecycle import DONE, Event, Status
from order_sync.core.order.companies import same_company
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import Chosen
from tests.memory.orders import MemoryOrders
from tests.memory.rows import Row


@dataclass
class MemoryDeciding(MemoryOrders):
    """The calls of resync. `meanwhile` happens between the reading and the decision."""

    runs: dict[str, int] = field(default_factory=dict)
    results: dict[OrderKey, Decision] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None

    def chosen(self, selection: Selection, limit: int) -> tuple[Sequence[Chosen], int]:
        numbers = ("reference", "receipt", "customer_account")
        given = {name: wanted for name in numbers if (wanted := getattr(selection, name))}
        meant = [
            Chosen(key, row.status, row.code, row.message, row.placed_at or row.landed_at, row.erp_number)
            for key, row in reversed(self.rows.items())
            if (not selection.keys or key in selection.keys)
            and (not selection.channel or row.channel == selection.channel)
            and selection.status in (None, row.status)
            and (not selection.code or selection.code == row.code)
            and (not selection.placed or (row.placed_at or row.landed_at) in selection.placed)
            and selection.short_reference in ("", row.short_reference)
            and all(wanted in {getattr(each, name) for each in row.versions} for name, wanted in given.items())
        ]
        meant.sort(key=lambda order: order.placed_at, reverse=True)
        orders = [order for order in meant if order.status is not Status.NOT_AN_ORDER]
        if not selection.keys and selection.status is None and (orders or not given):
            meant = orders
        return meant[:limit], len(meant)

    def select(
        self, run: str, action: Action, asked: Mapping[str, object], keys: Collection[OrderKey], actor: Actor
    ) -> int:
        if run not in self.runs:
            self.runs[run] = len(self.chosen_by)
            self.chosen_by.append(dict.fromkeys(key for key in self.rows if key in keys))
        return self.runs[run]

    def selection(self, run: str) -> int | None:
        return self.runs.get(run)

    def selected(self, selection: int, after: int, limit: int) -> Sequence[Selected]:
        page = []
        for position, (key, outcome) in enumerate(self.chosen_by[selection].items(), start=1):
            row, result = self.rows[key], Result(outcome) if outcome else None
            lines = max(row.transaction.expected_lines - row.transaction.present_lines, 0)
            why = row.transaction.not_an_order or (row.reason if row.status is Status.NOT_AN_ORDER else "")
            facts = (key, row.status, row.generation, row.code, row.erp_number, why, lines, row.reached, result)
            page.append(Selected(position, *facts, acknowledged_as=row.acknowledged_as))
        return [order for order in page if order.position > after][:limit]

    def owners(
        self, erp: str, channel: str, numbers: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], OrderKey]:
        rows = sorted(self.rows.items(), key=lambda item: (item[1].status in DONE, str(item[0])))
        return {
            (company, number): key
            for key, row in rows
            for company, number in numbers
            if number and (row.erp, row.erp_number) == (erp, number)
            if same_company(row.channel, row.erp_company, channel, company)
        }

    def decide(
        self, selection: int, decisions: Mapping[OrderKey, tuple[Selected, Decision]], actor: Actor
    ) -> set[OrderKey]:
        self.meanwhile()
        if any(self._is_anothers(key, decision) for key, (_, decision) in decisions.items()):
            return set(decisions)
        left = set()
        for key, (order, decision) in decisions.items():
            row = self.rows[key]
            if decision.event and (row.status, row.generation) != (order.status, order.generation):
                left.add(key)
                continue
            self.chosen_by[selection][key], self.results[key] = decision.result, decision
            if decision.event:
                self._decide(row, decision.event, decision, actor)
        return left

    def _is_anothers(self, key: OrderKey, decision: Decision) -> bool:
        its = self.rows[key]
        named = (its.erp, decision.erp_number, decision.erp_company or its.erp_company)
        done = [row for row in self.rows.values() if row is not its and row.status in DONE]
        marks = decision.event in (Event.MARKED_AS_SYNCED, Event.ACCEPTED)
        return marks and any((row.erp, row.erp_number, row.erp_company) == named for row in done)

    def _decide(self, row: Row, event: Event, decision: Decision, actor: Actor) -> None:
        row.generation += 1
        row.lease_until = row.next_look_at = None
        if event not in (Event.PUT_ON_HOLD, Event.IGNORED):
            row.code, row.message, row.problems = decision.code, decision.text, ()
        row.erp_number = decision.erp_number or row.erp_number
        row.erp_company = decision.erp_company or row.erp_company
        row.acknowledged_as = "" if event is Event.RESYNC else row.acknowledged_as
        self._move(row, event, actor.by)

    def to_send(self, selection: int) -> Mapping[str, int]:
        waiting = [key for key in self.chosen_by[selection] if self.rows[key].status in ("received", "queued")]
        channels = [self.rows[key].channel for key in waiting]
        return {channel: channels.count(channel) for channel in channels}
