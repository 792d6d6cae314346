"""A shop whose ledger can be lost: a channel and an ERP in memory, and a ledger that is restored from a real backup."""

import asyncio
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import Status
from order_sync.core.records.restoring import PersonsRun, PersonsRuns
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Guarantee
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, refresh_reference, restore, validate
from order_sync.flows.people.restore import RestoreReport
from order_sync.ledger import Ledger
from order_sync.ledger.database import session
from sandbox.postgres import Cluster
from tests.ledger.steps import ACTOR, Sql
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
NOW = timedelta(0)
SETTINGS = Settings()
UTC_ZONE = ZoneInfo("UTC")
NUMBERS = count(1)
BOTH: tuple[Guarantee, ...] = ("unique_key", "searchable")


@dataclass
class Shop:
    """A channel, its ERP and a ledger in a database that can be lost."""

    cluster: Cluster
    name: str
    dump: Path | None
    guarantee: Guarantee = "unique_key"
    channel: MemoryChannel = field(default_factory=MemoryChannel)

    def __post_init__(self) -> None:
        self.erp = MemoryErp(Clock(datetime.now(UTC)), self.guarantee, confirms_after=NOW)
        self.open()

    def open(self) -> None:
        """Connect to the ledger, and to its database beside it."""
        self.ledger = Ledger(lambda: psycopg.connect(self.cluster.dsn(self.name))).__enter__()
        self.sql = Sql(session(lambda: psycopg.connect(self.cluster.dsn(self.name))))

    def close(self) -> None:
        """Let go of the database."""
        self.ledger.__exit__()
        self.sql.connection.close()

    def back_up(self) -> datetime:
        """Dump the ledger, or copy its database, which takes a tenth of the time; returns the instant."""
        at = self.ledger.now()
        if self.dump:
            dsn = self.cluster.dsn(self.name)
            self._postgres("pg_dump", "--format=custom", f"--file={self.dump}", f"--dbname={dsn}")
        else:
            self.close()
            self.cluster.drop_database(self.backup)
            self.cluster.create_database(self.backup, template=self.name)
            self.open()
        return at

    def lose_it(self) -> None:
        """Lose the ledger's database, and restore the last backup in its place."""
        self.close()
        self.cluster.drop_database(self.name)
        if self.dump:
            self.cluster.create_database(self.name)
            self._postgres("pg_restore", f"--dbname={self.cluster.dsn(self.name)}", "--exit-on-error", str(self.dump))
        else:
            self.cluster.create_database(self.name, template=self.backup)
        self.open()

    @property
    def backup(self) -> str:
        """The database that holds the last copy."""
        return f"{self.name}_backup"

    def _postgres(self, program: str, *arguments: str) -> None:
        subprocess.run([self.cluster.binaries / program, *arguments], check=True, capture_output=True, text=True)

    def sell(self, *numbers: int, **changes: Any) -> None:
        """Put orders into the channel."""
        self.channel.rows += [transaction(number, **changes) for number in numbers]

    def read(self) -> dict[str, int]:
        """Bring what the channel has as far as the queue."""
        counts = extract(ROUTE, self.channel, self.ledger, ACTOR).counts
        asyncio.run(refresh_reference(ROUTE, self.erp, self.ledger, ACTOR, timedelta(minutes=15)))
        validate(ROUTE, self.ledger, ACTOR)
        return counts

    def push(
        self, *, channel: bool = False, route: Route = ROUTE, settings: Settings = SETTINGS, **patience: timedelta
    ) -> dict[str, int]:
        """Settle what is due and send what may be sent. The ERP's clock follows the ledger's."""
        self.erp.clock.now = self.ledger.now()
        policy = Policy(self.guarantee, **{"grace": NOW, "window": NOW, **patience})  # type: ignore[arg-type]
        read = self.channel if channel else None
        return asyncio.run(push(route, self.erp, self.ledger, ACTOR, policy, settings, channel=read)).counts

    def run(self) -> None:
        """A run of the channel's DAG whose looks all come at once."""
        self.read()
        self.push()
        self.sql.do("update orders set next_look_at = clock_timestamp() where next_look_at is not null")
        self.push()

    def restore(
        self,
        backup_at: datetime,
        *runs: PersonsRun,
        lease: timedelta = NOW,
        known: bool = True,
        untold: dict[str, str] | None = None,
    ) -> RestoreReport:
        """Do as the DAG restore_ledger does, when people triggered these runs since."""
        by = Actor("restore_ledger/manual/restore_ledger", person="rita", reason="the disk broke")
        asked: list[datetime] = []

        def runs_since(since: datetime) -> PersonsRuns | None:
            asked.append(since)
            found = [run for run in runs if max(run.at, run.ended_at or run.at) >= since]
            return PersonsRuns(found, untold or {}) if known else None

        report = restore(["shop"], self.ledger, by, backup_at, lease, UTC_ZONE, runs_since)
        assert len(asked) == 1
        return report

    def release(self) -> int:
        """Release the channel."""
        return self.ledger.release_hold(
            "channel_shop", None, Actor("hold_connection/manual", person="rita", reason="looked up")
        )

    async def erp_of(self, name: str) -> MemoryErp:
        """The ERP of that name."""
        return self.erp

    def decide(self, status: Status, number: int) -> None:
        """Let the ledger that will be lost know a decision."""
        self.sql.do(
            "update orders set status = %s, erp_number = 'BY-HAND' where order_key = %s", status, f"shop:{number}"
        )

    def statuses(self) -> dict[str, int]:
        return dict(self.ledger.counts("shop"))

    def status(self, number: int) -> str:
        return str(self.sql.one("select status from orders where order_key = %s", f"shop:{number}"))

    def numbers(self) -> dict[str, str]:
        """The ERP numbers of what is done."""
        return dict(self.sql.rows("select order_key, erp_number from orders where status = 'succeeded'"))


def person(action: str, number: int, at: datetime, **params: object) -> PersonsRun:
    """A run of resync_orders as Airflow remembers it."""
    asked = {"order_keys": [f"shop:{number}"], "action": action, "reason": f"why {action}", **params}
    given = {name: value for name, value in asked.items() if value is not None}
    return PersonsRun("resync_orders", f"manual__{action}_{number}", at, at, "success", "anna", given)


def lost(shop: Shop) -> tuple[datetime, datetime]:
    """Read three orders, back up, lose the ledger and restore it; the instants of the backup and of the loss."""
    shop.sell(1, 2, 3)
    shop.read()
    backup_at = shop.back_up()
    died_at = shop.ledger.now()
    shop.lose_it()
    return backup_at, died_at
