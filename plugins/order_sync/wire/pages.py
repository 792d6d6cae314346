"""Long answers in pages, however a vendor counts them: by offset, number, cursor or the next page's address."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from order_sync.core.errors import Unreadable

Row = TypeVar("Row")


class Page(NamedTuple, Generic[Row]):
    """Some rows, and where the next ones are: whatever `fetch` understands; None after the last page."""

    rows: Sequence[Row]
    next: Any = None


Fetch = Callable[[Any], Awaitable[Page[Row]]]


async def pages(fetch: Fetch[Row], first: Any = None) -> AsyncIterator[Sequence[Row]]:
    """Each page's rows. Raises Unreadable for a system that gives a page again, which it would do without end."""
    place, seen, before = first, [first], None
    while True:
        page = await fetch(place)
        if page.rows and page.rows == before:
            raise Unreadable(f"the page at {len(seen)} has the same rows as the page before it")
        yield page.rows
        if page.next is None:
            return
        if page.next in seen:
            raise Unreadable(f"page {len(seen)} links back to a page that was already read")
        seen.append(page.next)
        place, before = page.next, page.rows


async def all_rows(fetch: Fetch[Row], first: Any = None) -> list[Row]:
    """The rows of all pages."""
    return [row async for rows in pages(fetch, first) for row in rows]


def by_offset(rows: Sequence[Row], offset: int, size: int) -> Page[Row]:
    """A page of a system that is told how many rows to leave out; one that is not full is the last."""
    return Page(rows, offset + len(rows) if len(rows) >= size else None)
