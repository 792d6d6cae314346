"""The Ledger port on Postgres: each method is one statement, or a few in one transaction, for many orders at once.

What a statement does, and the rules it keeps, stand in its file under `include/sql/`; here are only names and values.
"""

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Self

import psycopg

from order_sync.core.difference import difference
from order_sync.core.errors import Misconfigured
from order_sync.core.findings import Finding, FindingKind
from order_sync.core.holds import Hold, HoldKind, HoldScope
from order_sync.core.lifecycle import STANDINGS, Status
from order_sync.core.orders import OrderKey
from order_sync.core.ports import (
    Actor,
    Change,
    Claim,
    Entry,
    Horizon,
    Landing,
    Outcome,
    Refused,
    Report,
    ReportRequest,
)
from order_sync.core.rules import ReferenceData, Wanted
from order_sync.core.watermark import Watermark
from order_sync.ledger import migration
from order_sync.ledger.database import Connect, Database, copy_in
from order_sync.ledger.rows import (
    change_row,
    clean,
    entry_of,
    landing_row,
    outcome_row,
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


class Ledger:
    """The ledger behind `connect`; a context manager that closes its connections. Threads may share it.

    Entering raises LedgerUnavailable when the database is away, and Misconfigured when its schema is another one.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._database = Database(connect)

    def migrate(self) -> str:
        """Bring the database to the schema that this release needs, and return its number; before entering."""
        return migration.migrate(self._connect)

    def __enter__(self) -> Self:
        try:
            migration.check(self._database)
        except BaseException:
            self._database.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def now(self) -> datetime:
        """The ledger's clock, UTC."""
        now: datetime = self._one("read_clock")["clock_timestamp"]
        return now

    # What is behind a connection

    def check_fingerprint(self, connection: str, fingerprint: str) -> None:
        """Remember it at first use. Raises Misconfigured when it is not the one that was accepted."""
        self._database.execute("store_fingerprint", connection=connection, fingerprint=fingerprint)
        accepted = self._one("read_fingerprint", connection=connection)
        if accepted["fingerprint"] == fingerprint:
            return
        raise Misconfigured(
            f"connection {connection} leads to '{fingerprint}', and since {accepted['accepted_at']:%Y-%m-%d %H:%M} UTC"
            f" it has been '{accepted['fingerprint']}': correct the connection, or let a person accept the new one:"
            f" python -m order_sync accept {connection} --fingerprint {shlex.quote(fingerprint)} --by NAME --reason WHY"
        )

    def accept_fingerprint(self, connection: str, fingerprint: str, actor: Actor) -> None:
        """A person accepts what a connection leads to now. A channel is then read from its beginning again."""
        self._database.execute(
            "accept_fingerprint", connection=connection, fingerprint=fingerprint, by=actor.by, reason=actor.why
        )

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
                common = {"channel": channel, "erp": erp, **_by(actor)}
                for row in cursor.execute(statement("land_new_orders"), common).fetchall():
                    counts[DISPOSITIONS[Status(row["status"])]] = row["count"]
                    counts["new"] += row["count"]
                if counts["new"] < len(latest):
                    counts |= _land_changed(cursor, latest, common)
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
        return _seen(self._database.rows("read_unfinished", channel=channel, limit=limit))

    def done(self, channel: str, limit: int, done_for: timedelta) -> Sequence[tuple[OrderKey, str]]:
        """Key and digest of the next orders that are done and landed within that time, in a round over them."""
        return _seen(self._database.rows("read_done", channel=channel, limit=limit, done_for=done_for))

    def waiting(self, channel: str) -> Sequence[Entry]:
        """Headers whose lines are not all there."""
        return self._entries("read_waiting", channel=channel)

    # Validate

    def to_validate(self, channel: str, after: OrderKey | None, limit: int) -> Sequence[Entry]:
        """Orders that are `received`, in key order after `after`."""
        return self._entries("read_received", channel=channel, after=str(after or ""), limit=limit)

    def apply(self, changes: Sequence[Change], actor: Actor) -> int:
        """Apply those changes whose status and generation still hold, with their history. Returns how many did."""
        if not changes:
            return 0
        parameters = {"changes": to_json([change_row(change) for change in changes]), **_by(actor)}
        try:
            return int(self._one("apply_changes", **parameters)["count"])
        except psycopg.errors.UniqueViolation:  # another run gave the same ERP number to another order meanwhile
            return int(self._one("apply_changes", **parameters)["count"])

    def store_reference(self, erp: str, data: ReferenceData, actor: Actor) -> int:
        """Replace the copy of the ERP's reference data. Returns how many orders are validated again."""
        rows = ((clean(kind), clean(code), to_json(facts)) for (kind, code), facts in data.facts.items())
        with self._database.transaction() as cursor:
            cursor.execute(statement("store_reference_copy"), {"erp": erp, "as_of": data.as_of, **_by(actor)})
            cursor.execute(statement("stage_reference"))
            copy_in(cursor, "copy_reference", rows)
            return _count(cursor.execute(statement("replace_reference"), {"erp": erp, **_by(actor)}))

    def reference(self, erp: str, wanted: Collection[Wanted]) -> ReferenceData | None:
        """The last good copy, of these codes only; None before the first."""
        kinds, codes = zip(*wanted, strict=True) if wanted else ((), ())
        rows = self._database.rows("read_reference", erp=erp, kinds=list(kinds), codes=[clean(code) for code in codes])
        if not rows:
            return None
        facts = {(row["kind"], row["code"]): row["facts"] for row in rows if row["kind"] is not None}
        return ReferenceData(facts, rows[0]["as_of"])

    # Push

    def claim(self, channel: str, limit: int, lease_seconds: float, actor: Actor, *, as_probe: bool = False) -> Claim:
        """Take queued orders that are due and not held, oldest first, skipping what others are claiming."""
        probe = self._database.row("find_probe", channel=channel) if as_probe else None
        if as_probe and not probe:
            return Claim([], lease_seconds)
        entries = self._entries(
            "claim_orders",
            channel=channel,
            limit=limit,
            lease=lease_seconds,
            by=actor.by,
            probe=probe["id"] if probe else None,
        )
        return Claim(entries, lease_seconds)

    def open(
        self, claim: Claim, keys: Sequence[OrderKey], grace_seconds: float, window_seconds: float
    ) -> set[OrderKey]:
        """Open an attempt for each, committed on return. Leaves out what changed since, or must be settled first."""
        asked = set(keys)
        opened = self._database.rows(
            "open_attempts",
            **_claimed([entry for entry in claim.entries if entry.key in asked]),
            grace=grace_seconds,
            window=window_seconds,
        )
        return {OrderKey.parse(row["order_key"]) for row in opened}

    def close(
        self, outcomes: Sequence[Outcome], next_look_at: datetime | None, window_seconds: float, actor: Actor
    ) -> None:
        """Close attempts. The evidence is kept always; the status changes only under the attempt's generation."""
        self._database.execute(
            "close_attempts",
            outcomes=to_json([outcome_row(outcome) for outcome in outcomes]),
            next_look_at=next_look_at,
            window=window_seconds,
            **_by(actor),
        )

    def release(self, claim: Claim) -> None:
        """Give back what was claimed and not sent."""
        self._database.execute("release_orders", **_claimed(claim.entries))

    def refused_in_a_row(self, erp: str, number: int) -> Sequence[Refused]:
        """The orders that the ERP refused with one code since it last took one; none if fewer than `number`."""
        rows = self._database.rows("read_refusals", erp=erp, number=number)
        return [
            Refused(OrderKey.parse(row["order_key"]), row["generation"], row["code"] or "", row["message"] or "")
            for row in rows
        ]

    # Holds

    def holds(self, connections: Collection[str]) -> Sequence[Hold]:
        """The holds in force on these connections, the oldest first."""
        return [
            Hold(
                row["connection"],
                HoldKind(row["kind"]),
                HoldScope(row["scope"]),
                row["held_by"],
                row["reason"],
                row["since"],
            )
            for row in self._database.rows("read_holds", connections=list(connections))
        ]

    def hold(self, connection: str, kind: HoldKind, scope: HoldScope, reason: str, actor: Actor) -> None:
        """Set a hold, unless the connection has one of this kind already."""
        self._database.execute(
            "place_hold", connection=connection, kind=kind, scope=scope, by=actor.by, reason=clean(reason)
        )

    def release_hold(self, connection: str, kind: HoldKind | None, actor: Actor) -> int:
        """End the connection's holds of this kind, or all of them. Returns how many there were."""
        return int(self._one("release_hold", connection=connection, kind=kind, **_by(actor))["count"])

    # Settle

    def due(self, channel: str, limit: int) -> Sequence[Entry]:
        """Orders in doubt whose look is due, longest overdue first, whoever sent them."""
        return self._entries("read_due", channel=channel, limit=limit)

    def overdue(self, channel: str, limit: int) -> Sequence[Entry]:
        """Orders that were sent, whose window is over and that no verdict has fallen on."""
        return self._entries("read_overdue", channel=channel, limit=limit)

    def horizon(self, channel: str) -> Horizon:
        """When the next look at an order in doubt is due, and when the last of their windows ends."""
        return Horizon(**self._one("read_horizon", channel=channel))

    def counts(self, channel: str) -> Mapping[str, int]:
        """How many orders stand in each status."""
        return {row["status"]: row["count"] for row in self._database.rows("count_orders", channel=channel)}

    # Findings

    def find(self, findings: Collection[Finding], actor: Actor) -> None:
        """Store findings; one that is stored already is seen again."""
        if findings:
            self._database.execute("store_findings", findings=_findings(findings), by=actor.by)

    def untold(self, connections: Collection[str]) -> Sequence[Finding]:
        """Findings about these connections that people were not told of yet, the oldest first."""
        rows = self._database.rows("read_untold_findings", connections=list(connections))
        return [Finding(row["connection"], FindingKind(row["kind"]), row["subject"], row["detail"]) for row in rows]

    def told(self, findings: Collection[Finding]) -> None:
        """Remember that people were told."""
        if findings:
            self._database.execute("tell_findings", findings=_findings(findings))

    # Report

    def build_report(self, request: ReportRequest) -> Report:
        """Store the rows of a day's report, unless they are stored already; returns the report as it is stored."""
        common = {
            "day": request.day,
            "content": request.content,
            "zone": request.zone,
            "start": request.placed.start,
            "end": request.placed.end,
        }
        unnamed = [status for status, standing in STANDINGS.items() if standing.report_word is None]
        with self._database.transaction() as cursor:
            new = cursor.execute(statement("store_report"), {**common, "not_shown": unnamed}).fetchone()
            if new:
                parameters = {
                    **common,
                    "report": new["id"],
                    "words": to_json({status: standing.report_word for status, standing in STANDINGS.items()}),
                    "queued": STANDINGS[Status.QUEUED].report_word,
                    "pending": STANDINGS[Status.SENT].report_word,
                    "unverified": STANDINGS[Status.PENDING_VERIFICATION].report_word,
                    "stuck_after": request.queued_stuck_after,
                    "distributors": to_json(request.distributors),
                }
                cursor.execute(statement("store_report_rows"), parameters)
        row = self._one("read_report", day=request.day, content=request.content)
        return Report(row["id"], request.day, request.content, row["as_of"], row["shown"], row["not_shown"])

    def report_csv(self, report: Report) -> Iterator[bytes]:
        """The stored rows as CSV with a header, lines ending in LF, in pieces."""
        return self._database.copy_out("copy_report", report=report.number)

    def _one(self, name: str, **parameters: Any) -> Mapping[str, Any]:
        row = self._database.row(name, **parameters)
        if row is None:
            raise LookupError(f"{name} returned no row")
        return row

    def _entries(self, name: str, **parameters: Any) -> list[Entry]:
        return [entry_of(row) for row in self._database.rows(name, **parameters)]


def _land_changed(
    cursor: psycopg.Cursor[Any], landings: Mapping[OrderKey, Landing], common: Mapping[str, str]
) -> dict[str, int]:
    """Land the staged rows of known orders that are not as they were; what differs is found out here, in words."""
    differences: dict[str, str] = {}
    for row in cursor.execute(statement("read_changed")).fetchall():
        before = transaction_of(row)
        differences[str(before.key)] = difference(before, landings[before.key].transaction)
    parameters = {**common, "differences": to_json(differences)}
    changed = cursor.execute(statement("land_changed_orders"), parameters).fetchone() or {}
    cursor.execute(statement("adopt_orders"), common)
    return {name: int(number) for name, number in changed.items()}


def _seen(rows: Sequence[Mapping[str, Any]]) -> list[tuple[OrderKey, str]]:
    return [(OrderKey.parse(row["order_key"]), row["digest"]) for row in rows]


def _findings(findings: Collection[Finding]) -> str:
    unique = {(each.connection, each.kind, each.subject): asdict(each) for each in findings}
    return to_json(list(unique.values()))


def _by(actor: Actor) -> dict[str, str]:
    return {"by": actor.by, "why": actor.why}


def _claimed(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    return {"keys": [str(entry.key) for entry in entries], "generations": [entry.generation for entry in entries]}


def _count(cursor: psycopg.Cursor[Any]) -> int:
    return int((cursor.fetchone() or {"count": 0})["count"])
