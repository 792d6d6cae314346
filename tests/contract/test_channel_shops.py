"""What fixtures of channels are held to before anything is tried, and what is left of one that fails."""

from contextlib import suppress
from typing import Any

import psycopg
import pytest

from sandbox.postgres import Cluster
from tests.contract.channel_subject import lacks
from tests.fixtures import corner_shop, rest_shop
from tests.support.shop import needs


def databases(cluster: Cluster) -> set[str]:
    with psycopg.connect(cluster.dsn()) as connection:
        return {name for (name,) in connection.execute("select datname from pg_database")}


class Unfinished(corner_shop.Shop):
    """Its tables are a statement that fails."""

    @staticmethod
    def create(dsn: str) -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute("create table purchase (number no_such_type)")


def test_a_shop_that_cannot_be_made_leaves_no_database_behind(cluster: Cluster) -> None:
    before = databases(cluster)
    with pytest.raises(psycopg.errors.UndefinedObject), Unfinished.installed(cluster):
        pass
    assert databases(cluster) == before


def test_a_test_that_fails_leaves_no_database_behind(cluster: Cluster) -> None:
    before = databases(cluster)
    with suppress(KeyError), corner_shop.Shop.installed(cluster) as shop, shop.another() as another:
        assert len(databases(cluster) - before) == 2
        another.connect()
        raise KeyError
    assert databases(cluster) == before


def test_a_fixture_that_lacks_something_or_takes_less_than_it_is_told_is_named() -> None:
    kind: Any = type("Shop", (corner_shop.Shop,), {"channel": lambda self, batch_size: None})
    kind.add = lambda connection, references, *, lines, net: None
    assert lacks(kind) == ["channel takes no settle_lag", "add takes no placed_at"]
    kind.add = lambda connection, references, **how: None
    assert lacks(kind) == ["channel takes no settle_lag"]
    assert "Shop has no remove" in lacks(type("Shop", (), {}))
    assert lacks(rest_shop.Shop) == []


def test_a_sentence_can_need_only_what_a_shop_may_have() -> None:
    with pytest.raises(ValueError, match="shaking"):
        needs("shaking")
