"""The files of real orders are there where anything is shared, and absence is never taken for a passed test."""

from pathlib import Path

import pytest

from tests.real_orders import adventureworks, online_retail
from tests.real_orders.shared import find

FILES = (online_retail.FILE, *adventureworks.FILES)


@pytest.mark.parametrize("name", FILES)
def test_where_things_are_shared_the_file_is_among_them(name: str) -> None:
    find(name)


@pytest.mark.parametrize("name", FILES)
def test_where_things_are_shared_and_the_file_is_not_among_them_that_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"data/{name} is not in it"):
        find(name, tmp_path)


def test_where_nothing_is_shared_there_is_no_file(tmp_path: Path) -> None:
    assert find(online_retail.FILE, tmp_path / "nothing") is None
