"""Headers whose lines come later, or never, from each kind of channel into a real ledger."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from types import ModuleType

import psycopg
import pytest

from order_sync import flows, registry
from order_sync.core.actor import Actor
from order_sync.core.settings import DEFAULTS, Settings
from order_sync.ledger import Ledger
from sandbox.postgres import Cluster
from tests.fixtures import corner_shop, dynamics_store, dynamics_web

NUMBERS = count()
LINES = "ax.retailtransactionsalestrans"
DYNAMICS = (
    f"create table later as select * from {LINES} where linenum > 1; delete from {LINES} where linenum > 1",
    f"insert into {LINES} overriding system value select * from later",
)
JSON = (
    "update purchase set items = items - 2 - 1",
    "update purchase set items = items || (items -> 0) || (items -> 0)",
)
AT_ONCE = replace(DEFAULTS, lines_overdue_after=timedelta(0))


@dataclass(frozen=True)
class Shop:
    """A channel with one sale of three lines, of which two are held back; `bring` lets them come."""

    fixture: ModuleType
    dsn: str
    ledger: Ledger
    ledger_dsn: str
    bring: Callable[[], object]

    def extract(self, settings: Settings = DEFAULTS) -> dict[str, int]:
        """One extract; the statuses of the ledger's orders afterwards."""
        route = registry.route(self.fixture.SPEC)
        flows.extract(route, self.fixture.channel(self.dsn), self.ledger, Actor("test"), settings)
        return dict(self.ledger.counts(route.channel))

    def lines(self) -> list[int]:
        """How many lines each order has that is to be validated."""
        entries = self.ledger.to_validate(self.fixture.SPEC.name, None, 10)
        return [entry.transaction.present_lines for entry in entries if entry.transaction]

    def why(self) -> tuple[str, str]:
        """Code and message of the only order."""
        with psycopg.connect(self.ledger_dsn) as connection:
            (found,) = connection.execute("select code, message from order_sync.orders").fetchall()
        return found


@pytest.fixture(
    params=[(dynamics_web, DYNAMICS), (dynamics_store, DYNAMICS), (corner_shop, JSON)],
    ids=["dynamics_web", "dynamics_store", "corner_shop"],
)
def shop(request: pytest.FixtureRequest, cluster: Cluster, migrated: str) -> Iterator[Shop]:
    fixture, (hold_back, bring) = request.param
    names = [f"late_{kind}_{next(NUMBERS)}" for kind in ("shop", "ledger")]
    for name, template in zip(names, ("template1", migrated), strict=True):
        cluster.create_database(name, template)
    dsn, ledger_dsn = map(cluster.dsn, names)
    fixture.create(dsn)

    def change(statement: str) -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute(statement)

    with psycopg.connect(dsn) as connection:
        fixture.add(connection, ["1001"], lines=3)
    change(hold_back)
    with Ledger(lambda: psycopg.connect(ledger_dsn)) as ledger:
        yield Shop(fixture, dsn, ledger, ledger_dsn, lambda: change(bring))
    for name in names:
        cluster.drop_database(name)


def test_a_header_waits_for_its_lines_and_is_an_order_once_they_are_there(shop: Shop):
    assert shop.extract() == {"waiting": 1}
    assert shop.extract() == {"waiting": 1}
    shop.bring()
    assert shop.extract() == {"received": 1}
    assert shop.lines() == [3]


def test_a_header_whose_lines_never_come_fails_with_a_code_of_its_own_and_late_ones_still_make_it_an_order(shop: Shop):
    assert shop.extract() == {"waiting": 1}
    assert shop.extract(AT_ONCE) == {"failed": 1}
    code, message = shop.why()
    assert code == "LINES_MISSING"
    assert "1 of 3 lines" in message
    assert shop.extract(AT_ONCE) == {"failed": 1}
    shop.bring()
    assert shop.extract() == {"received": 1}
    assert shop.lines() == [3]
