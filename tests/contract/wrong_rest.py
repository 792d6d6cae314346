"""Channels behind REST with one mistake each that such an interface invites, over a right one."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from order_sync.core.ports.channel import Channel
from tests.contract import test_channel_contract as reading
from tests.contract.channel_subject import Subject
from tests.fixtures.rest_shop import Page, RestShop


class TakesAShortPageForTheLast(RestShop):
    """Stops where a page holds fewer than it asked for: the shop never gives as many."""

    def _pages(self, **asked: Any) -> Iterator[Page]:
        for page in super()._pages(**asked):
            yield page
            if len(page.orders) < self.batch_size:
                return


class CountsPagesFromTheNewest(RestShop):
    """Begins with the last page, since that holds the oldest: what is sold meanwhile moves all others."""

    def _pages(self, **asked: Any) -> Iterator[Page]:
        def page(number: int) -> Any:
            return self._ask("/orders", {**asked, "limit": str(self.batch_size), "page": str(number)})

        for number in range(max(page(1)["pages"], 1), 0, -1):
            told = page(number)
            yield Page(told["orders"][::-1], datetime.fromisoformat(told["now"]))


def made(wrong: type[RestShop]) -> Callable[[Channel], Channel]:
    """What turns a right channel into a wrong one."""
    return lambda right: wrong(**{each.name: getattr(right, each.name) for each in fields(right)})  # type: ignore[arg-type]


REST: dict[type[RestShop], tuple[Callable[[Subject], None], str]] = {
    TakesAShortPageForTheLast: (
        reading.test_each_transaction_comes_once_also_when_it_was_changed,
        "a transaction is lost",
    ),
    CountsPagesFromTheNewest: (
        reading.test_what_is_sold_or_changed_while_it_is_read_hides_nothing,
        "hides another from the reading",
    ),
}
