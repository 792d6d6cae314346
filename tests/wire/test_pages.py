"""All rows of all pages, and no page for ever."""

from collections.abc import Mapping
from typing import Any

import pytest

from order_sync.core.errors import Unreadable
from order_sync.wire.pages import Page, all_rows, by_offset, pages


async def test_pages_are_read_by_offset_until_one_is_not_full() -> None:
    rows, asked = [*range(7)], []

    async def fetch(offset: int) -> Page[int]:
        asked.append(offset)
        return by_offset(rows[offset : offset + 3], offset, 3)

    assert await all_rows(fetch, 0) == rows
    assert asked == [0, 3, 6]


async def test_a_last_page_that_is_full_is_followed_by_an_empty_one() -> None:
    async def fetch(offset: int) -> Page[int]:
        return by_offset([*range(6)][offset : offset + 3], offset, 3)

    assert [list(rows) async for rows in pages(fetch, 0)] == [[0, 1, 2], [3, 4, 5], []]


async def test_pages_are_read_by_whatever_leads_to_the_next() -> None:
    at: Mapping[Any, Page[str]] = {None: Page(["a"], "x"), "x": Page(["b"], ("y", 2)), ("y", 2): Page(["c"])}

    async def fetch(place: Any) -> Page[str]:
        return at[place]

    assert await all_rows(fetch) == ["a", "b", "c"]


async def test_a_page_that_leads_back_is_not_followed_for_ever() -> None:
    async def fetch(place: Any) -> Page[str]:
        return Page([f"{place}"], {"a": "b", "b": "c", "c": "b"}[place])

    with pytest.raises(Unreadable, match="page 3 links back"):
        await all_rows(fetch, "a")


async def test_a_system_that_heeds_no_offset_is_not_read_for_ever() -> None:
    async def fetch(offset: int) -> Page[str]:
        return by_offset(["the same"], offset, 1)

    with pytest.raises(Unreadable, match="the same rows"):
        await all_rows(fetch, 0)
