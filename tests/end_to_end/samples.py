"""The sample orders that these tests run on: every bad one, every till's, every row that is no order, and of the web
shop's good ones each tenth, so that each of its habits is there. `make run` sends them all.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sandbox import CHECKOUT, samples
from sandbox.sales import Sale

PAGE = (CHECKOUT / "docs" / "sample-orders.md").read_text()
GOOD_ONES = 10
"""Of so many good web orders one is sent. Prime to the 31 by which the samples' habits go round."""


@cache
def bad_orders() -> dict[str, tuple[str, tuple[str, ...]]]:
    """The report's word and the error codes of each order in the page's tables of them."""
    rows = re.findall(r"^\| ([A-Z]+\d+) \|.*\| ([A-Za-z ]+) \| (.*?) ?\|$", PAGE, re.MULTILINE)
    return {reference: (word, tuple(re.findall(r"`(\w+)`", codes))) for reference, word, codes in rows}


def left_out(reference: str) -> bool:
    """Whether a sale of this reference is one of the good ones that these tests do without."""
    number = reference.removeprefix("W1")
    return number != reference and int(number) % GOOD_ONES > 0 and reference not in bad_orders()


def chosen(base: datetime) -> Sequence[Sale]:
    """The sales of the day before `base` but for those that are left out."""
    return [sale for sale in samples.sales(base) if not left_out(sale.reference)]


WEB_ORDERS = [f"W{100_000 + number}" for number in range(1, samples.ORDERS + 1)]
LEFT_OUT = sum(map(left_out, WEB_ORDERS))
"""How many there are of these."""
