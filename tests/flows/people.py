"""What people ask of a ledger in memory: the orders that they mean, and what they decide about them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from order_sync.core.deciding import Decision, Result, Selected
from order_sync.core.lifecycle import Event, Status
from order_sync.core.orders import OrderKey, Transaction
from order_sync.core.ports import Actor, Chosen, Entry
from order_sync.core.selection import Action, Selection
from tests.flows.memory import MemoryLedger, Row


@dataclass
class PeoplesLedger(MemoryLedger):
    """A ledger in memory with the calls of resync. `meanwhile` happens between the reading and the decision."""

    runs: dict[str, int] = field(default_factory=dict)
    results: dict[OrderKey, Decision] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None

    def chosen(self, selection: Selection, limit: int) -> tuple[Sequence[Chosen], int]:
        numbers = ("reference", "receipt", "customer_account")
        given = {name: wanted for name in numbers if (wanted := getattr(selection, name))}
        meant = [
            Chosen(key, row.status, row.code, row.message, row.received_at, row.erp_number)
            for key, row in self.rows.items()
            if (not selection.keys or key in selection.keys)
            and (not selection.channel or key.channel == selection.channel)
            and selection.status in (None, row.status)
            and (not selection.code or selection.code == row.code)
            and all(getattr(row.transaction, name) == wanted for name, wanted in given.items())
        ]
        orders = [order for order in meant if order.status is not Status.NOT_AN_ORDER]
        if not selection.keys and selection.status is None and (orders or not given):
            meant = orders
        return meant[:limit], len(meant)

    def select(
        self, run: str, action: Action, asked: Mapping[str, object], keys: Collection[OrderKey], actor: Actor
    ) -> int:
        if run not in self.runs:
            self.runs[run] = len(self.chosen_by)
            self.chosen_by.append(dict.fromkeys(keys))
        return self.runs[run]

    def selection(self, run: str) -> int | None:
        return self.runs.get(run)

    def selected(self, selection: int, after: int, limit: int) -> Sequence[Selected]:
        page = []
        for position, (key, outcome) in enumerate(self.chosen_by[selection].items(), start=1):
            row, result = self.rows[key], Result(outcome) if outcome else None
            lines = row.transaction.expected_lines - row.transaction.present_lines
            why = row.transaction.not_an_order or (row.reason if row.status is Status.NOT_AN_ORDER else "")
            facts = (key, row.status, row.generation, row.code, row.erp_number, why, lines, reached(row), result)
            page.append(Selected(position, *facts, acknowledged_as=row.acknowledged_as))
        return [order for order in page if order.position > after][:limit]

    def entries(self, keys: Collection[OrderKey]) -> Sequence[Entry]:
        return [self._entry(key, self.rows[key]) for key in keys]

    def versions(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Sequence[Transaction]]:
        return {key: [self.rows[key].transaction] for key in keys}

    def owners(self, erp: str, numbers: Collection[str]) -> Mapping[str, OrderKey]:
        return {row.erp_number: key for key, row in self.rows.items() if row.erp_number and row.erp_number in numbers}

    def decide(
        self, selection: int, decisions: Mapping[OrderKey, tuple[Selected, Decision]], actor: Actor
    ) -> set[OrderKey]:
        self.meanwhile()
        left = set()
        for key, (order, decision) in decisions.items():
            row = self.rows[key]
            if decision.event and (row.status, row.generation) != (order.status, order.generation):
                left.add(key)
                continue
            self.chosen_by[selection][key], self.results[key] = decision.result, decision
            if decision.event:
                row.generation += 1
                row.lease_until = row.next_look_at = None
                row.code, row.message = decision.code, decision.text
                row.erp_number = decision.erp_number or row.erp_number
                row.acknowledged_as = "" if decision.event is Event.RESYNC else row.acknowledged_as
                self._move(key, row, decision.event, actor.by)
        return left

    def to_send(self, selection: int) -> Mapping[str, int]:
        waiting = [key for key in self.chosen_by[selection] if self.rows[key].status in ("received", "queued")]
        return {key.channel: sum(each.channel == key.channel for each in waiting) for key in waiting}


def reached(row: Row) -> bool:
    """Whether an attempt may have reached the ERP."""
    return any(each.outcome is not Event.NOT_SENT and not each.not_found_since for each in row.attempts)
