"""Headers whose lines come later, or never, from each kind of channel into a real ledger."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import psycopg
import pytest

from order_sync import flows, registry
from order_sync.core.basics.actor import Actor
from order_sync.core.settings import DEFAULTS, Settings
from order_sync.ledger import Ledger
from sandbox.postgres import Cluster
from tests.fixtures import corner_shop, dynamics_store, dynamics_web
from tests.support.databases import database
from tests.support.sql_shop import SqlShop

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
class Late:
    """A channel with one sale of three lines, of which two are held back; `bring` lets them come."""

    shop: SqlShop
    ledger: Ledger
    ledger_dsn: str
    bring: Callable[[], object]

    def extract(self, settings: Settings = DEFAULTS) -> dict[str, int]:
        """One extract; the statuses of the ledger's orders afterwards."""
        route = registry.route(self.shop.spec)
        flows.extract(route, self.shop.channel(), self.ledger, Actor("test"), settings)
        return dict(self.ledger.counts(route.channel))

    def lines(self) -> list[int]:
        """How many lines each order has that is to be validated."""
        entries = self.ledger.to_validate(self.shop.spec.name, None, 10)
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
def late(request: pytest.FixtureRequest, cluster: Cluster, migrated: str) -> Iterator[Late]:
    fixture, (hold_back, bring) = request.param
    with (
        fixture.Shop.installed(cluster) as shop,
        database(cluster, f"late_ledger_{next(NUMBERS)}", migrated) as ledger_dsn,
        Ledger(lambda: psycopg.connect(ledger_dsn)) as ledger,
    ):
        shop.sell(["1001"], lines=3)
        shop.execute(hold_back)
        yield Late(shop, ledger, ledger_dsn, lambda: shop.execute(bring))


def test_a_header_waits_for_its_lines_and_is_an_order_once_they_are_there(late: Late) -> None:
    assert late.extract() == {"waiting": 1}
    assert late.extract() == {"waiting": 1}
    late.bring()
    assert late.extract() == {"received": 1}
    assert late.lines() == [3]


def test_a_header_whose_lines_never_come_fails_with_a_code_of_its_own_and_late_ones_still_make_it_an_order(
    late: Late,
) -> None:
    assert late.extract() == {"waiting": 1}
    assert late.extract(AT_ONCE) == {"failed": 1}
    code, message = late.why()
    assert code == "LINES_MISSING"
    assert "1 of 3 lines" in message
    assert late.extract(AT_ONCE) == {"failed": 1}
    late.bring()
    assert late.extract() == {"received": 1}
    assert late.lines() == [3]
