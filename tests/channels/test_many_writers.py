"""The model test of reading a channel: many writers at a time, who commit late, complete, edit and cancel, while runs read
and die, and a database that is made anew.

Whatever happened, and in whatever order: once the writers are done, the next run leaves every committed transaction in
the ledger once, as it stands in the channel, and nothing else.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from order_sync.channels.sql import SqlChannel
from order_sync.core.errors import Misconfigured
from order_sync.core.ports import Actor, Batch, Route
from order_sync.core.rules import ReferenceData
from order_sync.core.watermark import Watermark
from order_sync.flows import extract, validate
from order_sync.ledger import Ledger, migrate
from sandbox import shop
from sandbox.postgres import Cluster
from sandbox.sales import PICK_UP, Line, Sale
from tests.fixtures import dynamics_web

ACTOR = Actor("test", "many writers")
NUMBERS = count(1)
WRITERS = st.integers(0, 2)
PICKS = st.integers(0, 9)
FACTS: dict[tuple[str, str], dict[str, object]] = {
    ("sku", "SKU-0001"): {"salable": True, "digits": 0},
    ("customer", "C-0001"): {},
    ("currency", "EUR"): {"digits": 2},
}
LATE_LINE = """
    insert into ax.retailtransactionsalestrans
        (channel, store, terminalid, transactionid, linenum, dataareaid, itemid, qty, netamount, dlvmode)
    values (%s, %s, %s, %s, %s, 'demf', 'SKU-0001', -1, %s, %s)"""
EDIT = (
    "update ax.retailtransactiontable set grossamount = %s where transactionid = %s",
    "update ax.retailtransactionsalestrans set netamount = %s where transactionid = %s",
)
CANCEL = "update ax.retailtransactiontable set entrystatus = 4 where transactionid = %s"
LANDED = """
    select split_part(order_key, '/', 4), status, t.total, t.present_lines,
        (select count(*) from order_sync.order_history where order_id = id and event = 'landed')
    from order_sync.orders o join order_sync.transactions t on t.order_id = id and t.version = o.version
    where channel = %s"""
MEANS = {
    "waiting": "waiting",
    "received": "an order",
    "queued": "an order",
    "not_an_order": "no order",
    "cancelled_at_source": "no order",
}


class Killed(BaseException):
    """The worker's process is gone: nothing after this line runs."""


@dataclass(frozen=True)
class Sold:
    """A transaction in the channel; each of its lines comes to `net`."""

    promised: int
    present: int
    net: int
    cancelled: bool = False

    @property
    def means(self) -> str:
        """What it is to the ledger."""
        return "no order" if self.cancelled else "an order" if self.present == self.promised else "waiting"


@dataclass
class Writer:
    """A connection of the shop's, and what it wrote since its last commit."""

    connection: psycopg.Connection[Any]
    written: dict[str, Sold] = field(default_factory=dict)


@dataclass
class Disturbed:
    """A channel with which something happens before it gives its batch of that number."""

    channel: SqlChannel
    batch: int
    happen: Callable[[], None]

    def transactions(self, since: Watermark) -> Iterator[Batch]:
        for number, batch in enumerate(self.channel.transactions(since)):
            if number == self.batch:
                self.happen()
            yield batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self.channel, name)


class ManyWriters(RuleBasedStateMachine):
    """A shop's database of its own in one cluster, and a channel of its own in the ledger in another."""

    def __init__(self, cluster: Cluster, template: str, ledger: Ledger, look: psycopg.Connection[Any]) -> None:
        super().__init__()
        self.cluster, self.template, self.ledger, self.look = cluster, template, ledger, look
        self.name = f"writers_{next(NUMBERS)}"
        self.route = Route(self.name, "tryton", datetime(2026, 1, 1, tzinfo=UTC), None)
        self.committed: dict[str, Sold] = {}
        self.writers: list[Writer] = []
        self.known_to_people = True

    @property
    def channel(self) -> SqlChannel:
        return replace(dynamics_web.channel(self.cluster.dsn(self.name), batch_size=2), name=self.name)

    @initialize()
    def open(self) -> None:
        self.cluster.create_database(self.name, self.template)
        dsn = self.cluster.dsn(self.name)
        self.writers = [Writer(psycopg.connect(dsn)) for _ in range(3)]

    def teardown(self) -> None:
        try:
            self.everything_comes_to_rest()
        finally:
            for writer in self.writers:
                writer.connection.close()
            self.cluster.drop_database(self.name)

    # The shop

    @rule(which=WRITERS, promised=st.integers(1, 3), missing=st.integers(0, 3), net=st.integers(1, 9))
    def sell(self, which: int, promised: int, missing: int, net: int) -> None:
        number = str(next(NUMBERS))
        sold = Sold(promised, max(promised - missing, 0), net)
        shop.write(self.writers[which].connection, [sale(number, sold)])
        self.writers[which].written[number] = sold

    @rule(which=WRITERS, pick=PICKS)
    def complete(self, which: int, pick: int) -> None:
        for number, sold in self.in_reach(which, pick, lambda sold: sold.present < sold.promised):
            key = (shop.CHANNEL, shop.STORE, shop.TERMINAL, number)
            for line in range(sold.present + 1, sold.promised + 1):
                self.writers[which].connection.execute(LATE_LINE, [*key, line, -sold.net, PICK_UP])
            self.writers[which].written[number] = replace(sold, present=sold.promised)

    @rule(which=WRITERS, pick=PICKS)
    def edit(self, which: int, pick: int) -> None:
        for number, sold in self.in_reach(which, pick, lambda sold: True):
            net = sold.net + 1
            for statement, amount in zip(EDIT, (-net * sold.promised, -net), strict=True):
                self.writers[which].connection.execute(statement, [amount, number])
            self.writers[which].written[number] = replace(sold, net=net)

    @rule(which=WRITERS, pick=PICKS)
    def cancel(self, which: int, pick: int) -> None:
        for number, sold in self.in_reach(which, pick, lambda sold: not sold.cancelled):
            self.writers[which].connection.execute(CANCEL, [number])
            self.writers[which].written[number] = replace(sold, cancelled=True)

    @rule(which=WRITERS)
    def commit(self, which: int) -> None:
        self.writers[which].connection.commit()
        self.committed |= self.writers[which].written
        self.writers[which].written.clear()

    @rule(which=WRITERS)
    def roll_back(self, which: int) -> None:
        self.writers[which].connection.rollback()
        self.writers[which].written.clear()

    @rule(newest_first=st.booleans())
    def make_the_database_anew(self, newest_first: bool) -> None:
        """With all that was committed in it, under other counters; what was not is gone."""
        for writer in self.writers:
            writer.connection.close()
        self.cluster.drop_database(self.name)
        self.open()
        for number in sorted(self.committed, key=int, reverse=newest_first):
            sold = self.committed[number]
            shop.write(self.writers[0].connection, [sale(number, sold)])
        self.writers[0].connection.commit()
        self.known_to_people = self.ledger.watermark(self.name) is None

    # The runs, and a person

    @rule()
    def run(self) -> None:
        self.extract()

    @rule(which=WRITERS)
    def run_while_a_writer_commits(self, which: int) -> None:
        self.extract(0, lambda: self.commit(which))

    @rule(which=WRITERS)
    def run_while_a_sale_is_made(self, which: int) -> None:
        self.extract(0, lambda: self.sell(which, 1, 0, 1))

    @rule(batch=st.integers(0, 2))
    def run_that_is_killed(self, batch: int) -> None:
        def kill() -> None:
            raise Killed

        with suppress(Killed):
            self.extract(batch, kill)

    @rule()
    def judge(self) -> None:
        validate(self.route, self.ledger, ACTOR)

    @precondition(lambda self: not self.known_to_people)
    @rule()
    def accept(self) -> None:
        self.ledger.accept_fingerprint(f"channel_{self.name}", self.channel.fingerprint(), ACTOR)
        self.known_to_people = True

    @rule()
    def everything_comes_to_rest(self) -> None:
        for which, _ in enumerate(self.writers):
            self.commit(which)
        if not self.known_to_people:
            self.accept()
        self.extract()
        found = self.look.execute(LANDED, [self.name]).fetchall()
        told = {number: (MEANS[status], Decimal(total), present) for number, status, total, present, _ in found}
        assert told == {
            number: (sold.means, Decimal(sold.net * sold.promised), sold.present)
            for number, sold in self.committed.items()
        }
        assert [landed for *_, landed in found] == [1] * len(self.committed)

    def extract(self, batch: int = -1, happen: Callable[[], None] = lambda: None) -> None:
        """Run; of a database that nobody accepted nothing may be read."""
        channel = Disturbed(self.channel, batch, happen)
        if self.known_to_people:
            extract(self.route, channel, self.ledger, ACTOR)
            return
        with pytest.raises(Misconfigured, match=f"accept channel_{self.name}"):
            extract(self.route, channel, self.ledger, ACTOR)

    def in_reach(self, which: int, pick: int, fits: Callable[[Sold], bool]) -> list[tuple[str, Sold]]:
        """One of the transactions, if any, that this writer sees, no other one is changing, and that fit."""
        others = {number for writer in self.writers for number in writer.written} - self.writers[which].written.keys()
        seen = self.committed | self.writers[which].written
        fitting = [(number, sold) for number, sold in seen.items() if number not in others and fits(sold)]
        return [fitting[pick % len(fitting)]] if fitting else []


def sale(number: str, sold: Sold) -> Sale:
    """A transaction as the shop writes it."""
    return Sale(
        number=number,
        reference=f"W{number}",
        placed_at=dynamics_web.PLACED_AT,
        currency="EUR",
        lines=(Line("SKU-0001", Decimal(1), Decimal(sold.net), "", Decimal(0)),) * sold.present,
        customer="C-0001",
        delivery_mode=PICK_UP,
        status=4 if sold.cancelled else 0,
        lines_to_come=sold.promised - sold.present,
        total=Decimal(sold.net * sold.promised),
    )


@pytest.fixture(scope="module")
def ledger_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ledger in a cluster of its own: what is at work in one cluster holds nobody up in another."""
    cluster = Cluster(Path(tmp_path_factory.mktemp("ledger")) / "cluster").start()
    migrate(lambda: psycopg.connect(cluster.dsn()))
    yield cluster.dsn()
    cluster.remove()


def test_every_committed_transaction_is_in_the_ledger_once_as_it_stands_in_the_channel(
    cluster: Cluster, template: str, ledger_dsn: str
):
    """R53, R167"""
    usual = settings(
        max_examples=30,
        stateful_step_count=40,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with Ledger(lambda: psycopg.connect(ledger_dsn)) as ledger, psycopg.connect(ledger_dsn, autocommit=True) as look:
        ledger.store_reference("tryton", ReferenceData(FACTS, ledger.now()), ACTOR)
        run_state_machine_as_test(lambda: ManyWriters(cluster, template, ledger, look), settings=usual)
