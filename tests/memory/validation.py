"""What the ledger in memory knows of the reference data, and whom new data lets try again."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData, Wanted
from order_sync.core.life.lifecycle import (
    Event,
    Status,
)
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import Entry
from tests.memory.orders import MemoryOrders
from tests.memory.rows import codes_of


class MemoryValidation(MemoryOrders):
    """What the checks of an order need."""

    def to_validate(self, channel: str, after: OrderKey | None, limit: int) -> Sequence[Entry]:
        entries = sorted(self._entries(channel, Status.RECEIVED), key=lambda entry: str(entry.key))
        return [entry for entry in entries if after is None or str(entry.key) > str(after)][:limit]

    def note_validated(self, channel: str) -> None:
        self.validated |= {channel} & self.marks.keys()

    def store_reference(self, erp: str, data: ReferenceData, actor: Actor) -> int:
        before, as_of = self.copies.get(erp, self.copy), min(data.as_of, self.now())
        known = before.facts if before else {}
        there = {code: facts for code, facts in data.facts.items() if facts is not None}
        changed = {f"{kind}:{code}" for (kind, code), facts in there.items() if known.get((kind, code)) != facts}
        told = None if data.whole else {f"{kind}:{code}" for kind, code in there}
        self.asked = self._still_told(erp, data, as_of)
        kept = {} if data.whole else {code: facts for code, facts in known.items() if (erp, code) in self.asked}
        self.copies[erp] = replace(data, facts={**kept, **data.facts}, as_of=as_of)
        failed = [row for row in self.rows.values() if row.erp == erp and row.status is Status.FAILED]
        curable = [row for row in failed if row.curable(changed, told)]
        for row in curable:
            row.generation += 1
            self._move(row, Event.REFERENCE_CHANGED, actor.by)
        return len(curable)

    def _still_told(self, erp: str, data: ReferenceData, as_of: datetime) -> dict[tuple[str, Wanted], datetime]:
        """When which codes were asked for: no longer those that a whole copy lacks, nor answers older than a week."""
        week_ago = self.now() - timedelta(days=7)
        others = {each: at for each, at in self.asked.items() if each[0] != erp}
        mine = {each: at for each, at in self.asked.items() if each[0] == erp}
        if data.whole:
            return others | {each: at for each, at in mine.items() if each[1] in data.facts}
        return others | {each: at for each, at in mine.items() if at > week_ago} | {(erp, c): as_of for c in data.facts}

    def to_ask(self, erp: str, wanted: Collection[Wanted], before: datetime) -> set[Wanted]:
        return {each for each in wanted if (at := self.asked.get((erp, each))) is None or at <= before}

    def cures(self, channel: str, erp: str) -> set[Wanted]:
        failed = [row for row in self._of(channel, Status.FAILED) if row.erp == erp]
        named = [each.partition(":") for row in failed for each in row.cures]
        return {(kind, code) for kind, _, code in named}

    def reference(self, erp: str, wanted: Collection[Wanted]) -> ReferenceData | None:
        data = self.copies.get(erp, self.copy)
        return data and replace(data, facts={code: data.facts[code] for code in wanted if code in data.facts})

    def judge_again(self, channel: str, erp: str, actor: Actor, cured: str | None = None) -> int:
        failed = [
            row
            for row in self.rows.values()
            if (row.channel, row.erp, row.status) == (channel, erp, Status.FAILED)
            and not row.tried
            and row.problems
            and "NOT_AUTOMATED" not in codes_of(row)
            and (cured is None or cured in {getattr(problem, "reference", None) for problem in row.problems})
        ]
        for row in failed:
            row.generation += 1
            self._move(row, Event.REFERENCE_CHANGED if cured else Event.RESYNC, actor.by)
        return len(failed)
