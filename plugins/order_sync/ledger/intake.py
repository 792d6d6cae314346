"""What comes in: transactions and how far they were read, what is asked for again, compared, backfilled and found."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import psycopg

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.changes import difference
from order_sync.core.order.model import OrderKey
from order_sync.core.records.orders import Comparison, Entry, Landing, Standing
from order_sync.ledger.calls import Calls, by, count
from order_sync.ledger.database import copy_in
from order_sync.ledger.rows import (
    clean,
    landing_row,
    named,
    samples_of,
    to_json,
    transaction_of,
    watermark_of,
)
from order_sync.ledger.statements import statement

DISPOSITIONS = {Status.RECEIVED: "orders", Status.WAITING: "waiting", Status.NOT_AN_ORDER: "not_an_order"}
"""How new orders are counted, by the status they land in."""

SETBACKS = ("conflict", "cancelled_at_source")
"""How changed orders are counted that became this."""


class Intake(Calls):
    """The calls of extract, compare and backfill."""

    # Extract

    def watermark(self, channel: str) -> Watermark | None:
        """How far the channel's present database has been read; None before its first extract."""
        row = self._database.row("read_watermark", channel=channel)
        return watermark_of(row) if row else None

    def record(
        self, channel: str, erp: str, landings: Sequence[Landing], watermark: Watermark | None, actor: Actor
    ) -> Mapping[str, int]:
        """Land transactions and the watermark together. Of a key that comes twice the last landing counts."""
        latest = {landing.transaction.key: landing for landing in landings}
        counts = {"new": 0, "changed": 0, **dict.fromkeys((*DISPOSITIONS.values(), *SETBACKS), 0)}
        with self._database.transaction() as cursor:
            if latest:
                cursor.execute(statement("stage_landings"))
                copy_in(cursor, "copy_landings", (landing_row(*item) for item in enumerate(latest.values())))
                common = {"channel": channel, "erp": erp, **by(actor)}
                for row in cursor.execute(statement("land_new_orders"), common).fetchall():
                    counts[DISPOSITIONS[Status(row["status"])]] = row["count"]
                    counts["new"] += row["count"]
                if counts["new"] < len(latest):
                    counts |= land_changed(cursor, latest, common)
            if watermark:
                cursor.execute(
                    statement("store_watermark"),
                    {
                        "channel": channel,
                        "fingerprint": watermark.fingerprint,
                        "counter": watermark.counter,
                        "samples": samples_of(watermark),
                    },
                )
        return {**counts, "unchanged": len(landings) - counts["new"] - counts["changed"]}

    def unfinished(self, channel: str, limit: int) -> Sequence[tuple[OrderKey, str]]:
        """Key and digest of the next orders that are not done, in a round over all of them."""
        return seen(self._database.rows("read_unfinished", channel=channel, limit=limit))

    def done(self, channel: str, limit: int, done_for: timedelta) -> Sequence[tuple[OrderKey, str]]:
        """Key and digest of the next orders that are done and landed within that time, in a round over them."""
        return seen(self._database.rows("read_done", channel=channel, limit=limit, done_for=done_for))

    def no_orders(
        self, channel: str, limit: int, landed_for: timedelta, never: Collection[str]
    ) -> Sequence[tuple[OrderKey, str]]:
        """Key and digest of the next rows that are no orders and landed within that time, in a round over them."""
        bound = {"channel": channel, "limit": limit, "landed_for": landed_for, "never": list(never)}
        return seen(self._database.rows("read_no_orders", **bound))

    def unknown(self, keys: Collection[OrderKey]) -> Sequence[OrderKey]:
        """Those of these keys that never landed."""
        rows = self._database.rows("read_unknown", keys=[str(key) for key in keys]) if keys else []
        return [OrderKey.parse(row["order_key"]) for row in rows]

    def waiting(self, channel: str) -> Sequence[Entry]:
        """Headers whose lines are not all there."""
        return self._entries("read_waiting", channel=channel)

    # Backfill

    def before_start(self, channel: str, window: Window, limit: int, skip: int) -> Sequence[OrderKey]:
        """Keys of transactions that were placed in the window and before the start, the oldest first but for `skip`."""
        bound = {"channel": channel, "start": window.start, "end": window.end, "limit": limit, "skip": skip}
        return [OrderKey.parse(row["order_key"]) for row in self._database.rows("read_before_start", **bound)]

    def backfill(self, channel: str, landings: Sequence[Landing], in_erp: Collection[OrderKey], actor: Actor) -> int:
        """Make orders of transactions from before the start; of others remember why not. Returns how many it made."""
        with self._database.transaction() as cursor:
            cursor.execute(statement("stage_landings"))
            copy_in(cursor, "copy_landings", (landing_row(*item) for item in enumerate(landings)))
            bound = {"in_erp": [str(key) for key in in_erp], **by(actor)}
            return count(cursor.execute(statement("land_backfilled"), bound))

    def backfilled(self, channel: str) -> int:
        """How many backfilled orders are on their way."""
        return int(self._one("count_backfilled", channel=channel)["count"])

    # Completeness

    def placed(self, channel: str, window: Window) -> int:
        """How many of the channel's transactions the ledger knows that were placed in the window."""
        return int(self._one("count_placed", channel=channel, start=window.start, end=window.end)["count"])

    def compare(self, channel: str, window: Window, keys: Iterable[Sequence[tuple[OrderKey, str]]]) -> Comparison:
        """Compare the channel's keys and digests of a window with the orders of that channel and window."""
        compared, differ = 0, {"missing": list[OrderKey](), "changed": list[OrderKey](), "gone": list[OrderKey]()}

        def rows() -> Iterator[tuple[str, str]]:
            nonlocal compared
            for page in keys:
                compared += len(page)
                yield from ((str(key), digest) for key, digest in page)

        with self._database.transaction() as cursor:
            cursor.execute(statement("stage_keys"))
            copy_in(cursor, "copy_keys", rows())
            bound = {"channel": channel, "start": window.start, "end": window.end}
            for row in cursor.execute(statement("compare_keys"), bound):
                differ[row["how"]].append(OrderKey.parse(row["order_key"]))
        return Comparison(compared, **differ)

    def standings(self, keys: Collection[str]) -> Mapping[str, Standing]:
        """How the orders under these keys stand; a key that is no order's is left out."""
        return {
            row["order_key"]: named(Standing, row, status=Status(row["status"]))
            for row in self._database.rows("read_standings", keys=[clean(key) for key in keys])
        }

    def find(self, findings: Collection[Finding], actor: Actor) -> None:
        """Store findings; one that is stored already is seen again."""
        if findings:
            self._database.execute("store_findings", findings=as_json(findings), by=actor.by)

    def untold(self, connections: Collection[str]) -> Sequence[Finding]:
        """Findings about these connections that people were not told of yet, the oldest first."""
        rows = self._database.rows("read_untold_findings", connections=list(connections))
        return [named(Finding, row, kind=FindingKind(row["kind"])) for row in rows]

    def told(self, findings: Collection[Finding]) -> None:
        """Remember that people were told."""
        if findings:
            self._database.execute("tell_findings", findings=as_json(findings))


def land_changed(
    cursor: psycopg.Cursor[Any], landings: Mapping[OrderKey, Landing], common: Mapping[str, str]
) -> dict[str, int]:
    """Land the staged rows of known orders that are not as they were; what differs is found out here, in words."""
    cursor.execute(statement("lock_changed"))
    cursor.execute(statement("restate_landings"))
    differences: dict[bool, dict[str, str]] = {True: {}, False: {}}
    for row in cursor.execute(statement("read_changed")).fetchall():
        before = transaction_of(row)
        differences[row["was_sent"]][str(before.key)] = difference(before, landings[before.key].transaction)
    parameters = {**common, "differences": to_json(differences[False]), "since_sent": to_json(differences[True])}
    changed = cursor.execute(statement("land_changed_orders"), parameters).fetchone() or {}
    cursor.execute(statement("adopt_orders"), common)
    return {name: int(number) for name, number in changed.items()}


def seen(rows: Sequence[Mapping[str, Any]]) -> list[tuple[OrderKey, str]]:
    return [(OrderKey.parse(row["order_key"]), row["digest"]) for row in rows]


def as_json(findings: Collection[Finding]) -> str:
    unique = {(each.connection, each.kind, each.subject): asdict(each) for each in findings}
    return to_json([unique[which] for which in sorted(unique)])
