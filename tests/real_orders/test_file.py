"""The file of real orders is there where anything is shared, and its absence is never taken for a passed test."""

from pathlib import Path

import pytest

from tests.real_orders.online_retail import find


def test_where_things_are_shared_the_file_is_among_them():
    find()


def test_where_things_are_shared_and_the_file_is_not_among_them_that_is_an_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"data/uci-online-retail\.csv\.gz is not in it"):
        find(tmp_path)


def test_where_nothing_is_shared_there_is_no_file(tmp_path: Path):
    assert find(tmp_path / "nothing") is None
