"""What people ask the ledger to know where orders are: whole stories, the order list, what to look at if there is none.

Nothing here changes anything.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from order_sync.core.life.lifecycle import Status
from order_sync.core.order.as_sent import read
from order_sync.core.order.model import OrderKey, Problem
from order_sync.core.records.story import Attempt, Cause, DecisionTaken, Filters, Listed, Sighting, Step, Story
from order_sync.core.sending.holds import Hold
from order_sync.ledger.calls import Calls
from order_sync.ledger.rows import clean, hold_of, named, transaction_of

Row = Mapping[str, Any]


class Queries(Calls):
    """The calls of explain."""

    def stories(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, Story]:
        """The stories of these orders; a key that is no order's is left out."""
        rows = self._database.rows("read_stories", keys=[clean(str(key)) for key in keys])
        stories = [_story(row) for row in rows]
        return {story.key: story for story in stories}

    def listed(self, filters: Filters, limit: int) -> Sequence[Listed]:
        """The newest orders that meet the filters, no more than `limit`."""
        rows = self._database.rows("read_order_list", **_filters(filters), limit=limit)
        return [
            named(
                Listed,
                row,
                key=OrderKey.parse(row["order_key"]),
                status=Status(row["status"]),
                reference=row["reference"] or "",
                receipt=row["receipt"] or "",
            )
            for row in rows
        ]

    def causes(self, filters: Filters, limit: int) -> Sequence[Cause]:
        """The codes that most of these orders stand with, the most frequent first."""
        return [Cause(**row) for row in self._database.rows("count_causes", **_filters(filters), limit=limit)]

    def read_at(self, channels: Collection[str]) -> Mapping[str, datetime | None]:
        """When each channel was last read to its end; None for never."""
        rows = self._database.rows("read_extracted", channels=list(channels))
        return {**dict.fromkeys(channels), **{row["channel"]: row["read_at"] for row in rows}}

    def found(self, connections: Collection[str], limit: int) -> Sequence[tuple[str, str, str, datetime]]:
        """The newest findings about these connections: connection, kind, subject, and when it was last seen."""
        rows = self._database.rows("read_findings", connections=list(connections), limit=limit)
        return [(row["connection"], row["kind"], row["subject"], row["last_seen_at"]) for row in rows]


def _filters(filters: Filters) -> dict[str, Any]:
    return {
        "keys": [clean(str(key)) for key in filters.keys] or None,
        "status": filters.status,
        "code": clean(filters.code),
        "channel": clean(filters.channel),
        "since": filters.since,
    }


def _story(row: Row) -> Story:
    said, seen = row["transaction"], row["sighting"]
    same = (
        *("as_of", "channel", "erp", "code", "message", "reason", "source_status", "version", "landed_at"),
        *("received_at", "placed_at", "erp_number", "erp_company", "erp_status", "leased_until", "leased_by"),
        *("window_ends_at", "next_look_at", "next_attempt_at", "doubted", "erased_at", "short_reference"),
    )
    return Story(
        key=OrderKey.parse(row["order_key"]),
        status=Status(row["status"]),
        problems=tuple(Problem(**problem) for problem in row["problems"]),
        attempts=tuple(_attempt(each) for each in row["attempts"] or ()),
        history=tuple(_step(each) for each in row["history"] or ()),
        holds=tuple(_hold(each) for each in row["holds"] or ()),
        decisions=tuple(_decision(each) for each in row["decisions"] or ()),
        lost=tuple(_decision(each) for each in row["lost"] or ()),
        transaction=transaction_of({**said, "order_key": row["order_key"]}) if said else None,
        earlier=tuple(transaction_of({**each, "order_key": row["order_key"]}) for each in row["earlier"] or ()),
        sighting=Sighting(datetime.fromisoformat(seen["at"]), seen["detail"]) if seen else None,
        **{name: row[name] for name in same},
    )


def _attempt(row: Row) -> Attempt:
    closed_at, looked_at, resolved_at = (_instant(row[name]) for name in ("closed_at", "looked_at", "resolved_at"))
    return named(
        Attempt,
        row,
        opened_at=datetime.fromisoformat(row["opened_at"]),
        by=row["opened_by"],
        closed_at=closed_at,
        looked_at=looked_at,
        resolved_at=resolved_at,
        cured_by=tuple(row["cured_by"]),
        revision=row["revision"] or "",
        order=read(row["sent_order"]) if row["sent_order"] else None,
    )


def _step(row: Row) -> Step:
    return named(
        Step,
        row,
        at=datetime.fromisoformat(row["at"]),
        from_status=Status(row["from_status"]) if row["from_status"] else None,
        to_status=Status(row["to_status"]),
    )


def _hold(row: Row) -> Hold:
    return hold_of({**row, "since": datetime.fromisoformat(row["since"])})


def _decision(row: Row) -> DecisionTaken:
    return named(DecisionTaken, row, at=datetime.fromisoformat(row["at"]))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
