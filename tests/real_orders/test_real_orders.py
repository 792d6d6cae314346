"""A real shop's invoices on their way from the channel database into Tryton: each meets the fate that the file shows.

They are the short invoices of the file's first day, and by name some later ones that are odd.
`make soak` sends more.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from sandbox.postgres import Cluster
from sandbox.tryton import TrytonServer
from tests.real_orders import online_retail
from tests.real_orders.counted import Counted, count
from tests.real_orders.journey import Booked, Journey
from tests.real_orders.online_retail import FEES, FILE, FREIGHT, NO_ARTICLES
from tests.real_orders.shared import require

pytestmark = pytest.mark.full

DAY = "2010-12-01"
MOST_LINES = 10
ODD = {
    "536779": "bank charges and nothing else",
    "537067": "an article in another spelling than before",
    "537632": "a market place's fee, 13,541.33",
    "538147": "a 'manual' line",
    "538175": "postage and nothing else",
    "539688": "carriage as if it were an article",
    "539748": "a guest with postage",
    "541109": "a line that is free",
    "541431": "74,215 pieces of one article",
    "543599": "a free order",
    "544926": "two times on one invoice",
    "550193": "a price of a tenth of a penny, on one of 93 lines",
    "556955": "a gift voucher for a guest",
    "572849": "samples",
    "581483": "80,995 pieces of one article",
    "A563185": "bad debt",
    "A563186": "bad debt, negative",
    "C541433": "the return of 541431",
}


class Arrived:
    """What the file shows, what the ledger says and what the ERP holds, by invoice."""

    def __init__(self, journey: Journey, counted: Mapping[str, Counted]) -> None:
        self.counted = counted
        self.good = {number for number, each in counted.items() if each.status == "succeeded"}
        self.standings = journey.standings()
        self.booked = journey.booked(counted)


@pytest.fixture(scope="module")
def arrived(cluster: Cluster, tryton: TrytonServer) -> Iterator[Arrived]:
    """The chosen invoices, after their journey."""
    file = require(FILE)
    invoices = online_retail.read(file)
    day = [number for number, rows in invoices.items() if rows[0].placed_at.startswith(DAY) and len(rows) <= MOST_LINES]
    chosen = {number: invoices[number] for number in (*day, *ODD)}
    online_retail.stock(tryton.rpc, invoices, chosen, any_spelling=False)
    counted = count(cluster.dsn(), file, FREIGHT, FEES, NO_ARTICLES, guests=False, any_spelling=False)
    with Journey(cluster, tryton, guest_account=None) as journey:
        journey.travel([online_retail.sale(rows) for rows in chosen.values()])
        yield Arrived(journey, {number: counted[number] for number in chosen})


def test_the_good_invoices_are_many_and_short_and_the_others_of_every_kind(arrived: Arrived) -> None:
    fates = Counter((each.status, *sorted(each.why)) for each in arrived.counted.values())
    assert len(arrived.good) >= 10
    assert max(arrived.counted[number].lines for number in arrived.good) <= MOST_LINES
    assert len(fates) >= 7, fates


def test_every_invoice_meets_its_fate_for_the_reasons_that_the_file_shows(arrived: Arrived) -> None:
    told = {number: (each.status, each.why) for number, each in arrived.standings.items()}
    assert told == {number: (each.status, each.why) for number, each in arrived.counted.items()}


def test_every_good_invoice_is_in_the_erp_once_with_its_customer_its_lines_and_its_total(arrived: Arrived) -> None:
    assert arrived.booked == {
        number: [Booked(True, each.customer, each.lines, each.pieces, each.total, "GBP")]
        for number, each in arrived.counted.items()
        if number in arrived.good
    }


def test_the_ledger_confirms_the_same_totals(arrived: Arrived) -> None:
    totals = {number: arrived.standings[number].total for number in arrived.good}
    assert totals == {number: arrived.counted[number].total for number in arrived.good}


def test_nothing_of_an_invoice_that_failed_or_is_no_order_is_in_the_erp(arrived: Arrived) -> None:
    assert arrived.booked.keys() & (arrived.counted.keys() - arrived.good) == set()
