"""The model test of reading a channel: many writers who commit late, complete, edit and cancel, while runs read and are
killed, and a database that is made anew.

Whatever happened, and in whatever order: a run leaves every transaction that was committed before it in the ledger
once, as it stands in the channel, and nothing else. Only what another database has otherwise than the one before it,
when it is first read there, is a conflict. Where runs do not wait for slow writers, the comparison finds the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from order_sync.channels.sql import SqlChannel
from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.errors import Misconfigured
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.flows import compare_channel, extract, validate
from order_sync.ledger import Ledger, migrate
from sandbox.postgres import Cluster
from tests.channels.writers import Disturbed, Read, Sold, Writer
from tests.fixtures import dynamics_web

ACTOR = Actor("test", reason="many writers")
NUMBERS = count(1)
DATABASE = "many_writers"
WRITERS, PICKS, BATCHES = st.integers(0, 2), st.integers(0, 9), st.integers(0, 2)
FACTS: dict[tuple[str, str], dict[str, object]] = {
    ("sku", "SKU-0001"): {"salable": True, "digits": 0},
    ("customer", "C-0001"): {},
    ("currency", "EUR"): {"digits": 2},
}
SETTINGS = Settings(settle_lag=timedelta(microseconds=1), compare_back=timedelta(days=3650))
"""Of runs that do not wait, and of a comparison of all that there ever was."""
EMPTY = "truncate ax.retailtransactiontable, ax.retailtransactionsalestrans restart identity"
LANDED = """
    select split_part(order_key, '/', 4), status, t.total, t.present_lines,
        (select count(*) from order_sync.order_history h where h.order_id = o.id and event = 'landed')
    from order_sync.orders o join order_sync.transactions t on t.order_id = o.id and t.version = o.version
    where channel = %s"""
MEANS = {
    "waiting": "waiting",
    "received": "an order",
    "queued": "an order",
    "not_an_order": "no order",
    "cancelled_at_source": "no order",
    "conflict": "a conflict",
}


class Killed(BaseException):
    """The worker's process is gone: nothing after this line runs."""


def kill() -> None:
    """End the run."""
    raise Killed


def nothing() -> None:
    """What usually happens while a run reads."""


class ManyWriters(RuleBasedStateMachine):
    """A shop's database, empty, in one cluster, and a channel of its own in a ledger in another."""

    def __init__(
        self, cluster: Cluster, template: str, ledger: Ledger, look: psycopg.Connection[Any], waits: bool
    ) -> None:
        super().__init__()
        self.cluster, self.template, self.ledger, self.look, self.waits = cluster, template, ledger, look, waits
        self.name = f"writers_{next(NUMBERS)}"
        self.route = Route(self.name, "tryton", datetime(2026, 1, 1, tzinfo=UTC), None)
        self.committed: dict[str, Sold] = {}
        self.read: dict[str, Read] = {}
        self.database, self.accepted = 1, 0
        self.open()
        self.writers[0].connection.execute(EMPTY)
        self.commit(0)

    def open(self) -> None:
        """Let the writers connect: whatever the server's defaults are, none is undone for what another one did."""
        dsn, usual = self.cluster.dsn(DATABASE), "-c default_transaction_isolation=read\\ committed"
        self.writers = [
            Writer(psycopg.connect(dsn, options=f"{usual} -c idle_in_transaction_session_timeout=0")) for _ in range(3)
        ]

    def teardown(self) -> None:
        try:
            for which, _ in enumerate(self.writers):
                self.commit(which)
            self.accept()
            self.extract(0, nothing)
        finally:
            for writer in self.writers:
                writer.connection.close()

    # The shop

    @rule(which=WRITERS, promised=st.integers(1, 3), missing=st.integers(0, 3), commits=st.booleans())
    def sell(self, which: int, promised: int, missing: int, commits: bool) -> None:
        self.writers[which].sell(str(next(NUMBERS)), Sold(promised, max(promised - missing, 0), net=5))
        self.commit(which, commits)

    @rule(which=WRITERS, how=st.sampled_from(["complete", "edit", "edit", "cancel"]), pick=PICKS, commits=st.booleans())
    def change(self, which: int, how: str, pick: int, commits: bool) -> None:
        writer = self.writers[which]
        others = {number for each in self.writers if each is not writer for number in each.written}
        seen = {number: sold for number, sold in (self.committed | writer.written).items() if number not in others}
        fitting = [(number, sold) for number, sold in seen.items() if sold.may(how)]
        if fitting:
            getattr(writer, how)(*fitting[pick % len(fitting)])
            self.commit(which, commits)

    @rule(which=WRITERS)
    def commit(self, which: int, commits: bool = True) -> None:
        if commits:
            self.committed |= self.writers[which].commit()

    @rule(which=WRITERS)
    def roll_back(self, which: int) -> None:
        self.writers[which].roll_back()

    @precondition(lambda self: self.database < 3)
    @rule(newest_first=st.booleans(), accepted=st.booleans())
    def make_the_database_anew(self, newest_first: bool, accepted: bool) -> None:
        """With all that was committed in it, under other counters; what was not is gone."""
        for writer in self.writers:
            writer.connection.close()
        self.cluster.drop_database(DATABASE)
        self.cluster.create_database(DATABASE, self.template)
        self.database += 1
        self.open()
        for number in sorted(self.committed, key=int, reverse=newest_first):
            self.writers[0].sell(number, self.committed[number])
        self.commit(0)
        if accepted:
            self.accept()

    # The runs, and a person

    @rule(
        meanwhile=st.sampled_from(["nothing", "commit", "sell", "sell and commit", "kill"]),
        which=WRITERS,
        batch=BATCHES,
    )
    def run(self, meanwhile: str, which: int, batch: int) -> None:
        happen = {
            "nothing": nothing,
            "commit": lambda: self.commit(which),
            "sell": lambda: self.sell(which, promised=1, missing=0, commits=False),
            "sell and commit": lambda: self.sell(which, promised=1, missing=0, commits=True),
            "kill": kill,
        }
        with suppress(Killed):
            self.extract(batch, happen[meanwhile])

    @rule()
    def judge(self) -> None:
        validate(self.route, self.ledger, ACTOR)

    @rule()
    def accept(self) -> None:
        if self.accepted not in (0, self.database):
            self.ledger.accept_fingerprint(f"channel_{self.name}", self.channel.fingerprint(), ACTOR)
            self.accepted = self.database

    @property
    def channel(self) -> SqlChannel:
        lag = timedelta(hours=1) if self.waits else SETTINGS.settle_lag
        return replace(dynamics_web.Shop.over(self.cluster.dsn(DATABASE), 1, lag), name=self.name)

    def extract(self, batch: int, happen: Callable[[], None]) -> None:
        """Run, and look what is in the ledger; of a database that nobody accepted nothing may be read."""
        channel, before = Disturbed(self.channel, batch, happen), dict(self.committed)
        if self.accepted not in (0, self.database):
            with pytest.raises(Misconfigured, match=f"accept channel_{self.name}"):
                extract(self.route, channel, self.ledger, ACTOR)
            return
        self.accepted = self.database
        try:
            extract(self.route, channel, self.ledger, ACTOR)
        finally:
            self.note(before, channel.landed)
        self.note(self.committed, [number for number, read in self.read.items() if not read.conflict])
        if not self.waits:
            compare_channel(self.route, self.channel, self.ledger, ACTOR, SETTINGS)
            self.note(self.committed, self.committed)
        found = self.look.execute(LANDED, [self.name]).fetchall()
        assert {number: landed for number, *_, landed in found} == dict.fromkeys(self.read, 1)
        assert {number: (MEANS[status], Decimal(total), present) for number, status, total, present, _ in found} == {
            number: (read.means, Decimal(read.sold.total), read.sold.present) for number, read in self.read.items()
        }
        assert before.keys() <= self.read.keys()

    def note(self, sold: Mapping[str, Sold], numbers: Iterable[str]) -> None:
        """A run read these transactions when they were so."""
        for number in numbers:
            first = Read(sold[number], self.database)
            self.read[number] = self.read.get(number, first).again(sold[number], self.database)


@pytest.fixture(scope="module")
def ledger_dsn(tmp_path_factory: pytest.TempPathFactory, server: Callable[[Path], Cluster]) -> Iterator[str]:
    """A ledger in a cluster of its own: what is at work in one cluster holds nobody up in another."""
    cluster = server(Path(tmp_path_factory.mktemp("ledger")) / "cluster").start()
    migrate(lambda: psycopg.connect(cluster.dsn()))
    yield cluster.dsn()
    cluster.remove()


@pytest.fixture
def shop(cluster: Cluster, template: str, ledger_dsn: str) -> Iterator[Callable[[bool], ManyWriters]]:
    """Makes a model whose runs wait for slow writers, or do not."""
    cluster.create_database(DATABASE, template)
    with Ledger(lambda: psycopg.connect(ledger_dsn)) as ledger, psycopg.connect(ledger_dsn, autocommit=True) as look:
        ledger.store_reference("tryton", ReferenceData(FACTS, ledger.now()), ACTOR)
        yield lambda waits: ManyWriters(cluster, template, ledger, look, waits)
    cluster.drop_database(DATABASE)


def held_open_over_three_runs(shop: ManyWriters) -> None:
    shop.sell(0, 1, 0, commits=False)
    shop.sell(1, 1, 0, commits=True)
    for _ in range(3):
        shop.extract(0, nothing)


def a_run_is_killed_above_one_held_open(shop: ManyWriters) -> None:
    shop.sell(0, 1, 0, commits=False)
    for _ in range(3):
        shop.sell(1, 1, 0, commits=True)
    with pytest.raises(Killed):
        shop.extract(2, kill)


def edited_before_another_database_is_read(shop: ManyWriters) -> None:
    shop.sell(0, 1, 0, commits=True)
    shop.extract(0, nothing)
    shop.change(0, "edit", 0, commits=True)
    shop.make_the_database_anew(newest_first=True, accepted=True)


def edited_after_another_database_was_read(shop: ManyWriters) -> None:
    shop.sell(0, 1, 0, commits=True)
    shop.extract(0, nothing)
    shop.make_the_database_anew(newest_first=True, accepted=True)
    shop.extract(0, nothing)
    shop.change(0, "edit", 0, commits=True)


STORIES = (
    held_open_over_three_runs,
    a_run_is_killed_above_one_held_open,
    edited_before_another_database_is_read,
    edited_after_another_database_was_read,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_stories_that_chance_seldom_tells_end_as_the_others_do(
    shop: Callable[[bool], ManyWriters], story: Callable[[ManyWriters], None]
) -> None:
    """R53"""
    model = shop(True)
    story(model)
    model.teardown()
    assert model.read


@pytest.mark.parametrize("examples", [3, pytest.param(30, marks=pytest.mark.full)])
@pytest.mark.parametrize("waits", [True, False], ids=["by runs that wait for slow writers", "by the comparison"])
def test_every_committed_transaction_is_in_the_ledger_once_as_it_stands_in_the_channel(
    shop: Callable[[bool], ManyWriters], waits: bool, examples: int
) -> None:
    """R53, R167"""
    usual = settings(
        max_examples=examples,
        stateful_step_count=40,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],  # to find fewer steps that fail takes longer than to read those that do
        suppress_health_check=list(HealthCheck),
    )
    machine: Any = lambda: shop(waits)  # noqa: E731
    run_state_machine_as_test(machine, settings=usual)
