"""The example of a channel behind REST: what it costs, what it says in trouble, and how a connection leads to it."""

import json
from collections.abc import Iterator

import pytest

from order_sync import hooks
from order_sync.core.errors import NotAuthorised, Transient, Unreadable
from order_sync.core.intake.watermark import Watermark
from tests.fixtures.rest_shop import SPEC, Shop
from tests.support.shop_server import MOST

SOLD = [str(number) for number in range(1000, 1010)]
SINCE = Watermark("shop")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop.installed(None) as shop:
        yield shop


def connect(shop: Shop, monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Let the channel's connection lead to the shop."""
    port = int(shop.running.base_url.rsplit(":", 1)[1])
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": port, "password": shop.secret, **changes}
    monkeypatch.setenv(f"AIRFLOW_CONN_{SPEC.connection.upper()}", json.dumps(connection))


def test_its_connection_of_type_http_leads_to_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sell(SOLD)
    connect(shop, monkeypatch)
    batches = hooks.channel(SPEC).transactions(SINCE)
    assert [each.reference for batch in batches for each in batch.transactions] == SOLD


def test_reading_again_costs_a_call_per_page_and_not_one_per_order(shop: Shop) -> None:
    shop.sell(SOLD)
    (*_, first) = shop.channel().transactions(SINCE)
    keys = [each.key for batch in shop.channel().transactions(SINCE) for each in batch.transactions]
    assert len(first.transactions) < MOST < len(keys)
    shop.running.requests.clear()
    assert sum(map(len, shop.channel().read_again(keys))) == len(SOLD)
    assert len(shop.running.requests) == -(-len(SOLD) // MOST)


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"password": "an old key"}, NotAuthorised), ({"port": 9}, Transient)],
    ids=["another key", "nobody answers"],
)
def test_trouble_is_told_by_the_name_of_the_connection_and_without_the_key(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], error: type[Exception]
) -> None:
    connect(shop, monkeypatch, **changes)
    with pytest.raises(error, match=SPEC.connection) as said:
        hooks.channel(SPEC).fingerprint()
    assert str(changes.get("password", shop.secret)) not in str(said.value)


def test_a_page_in_the_place_of_an_answer_cannot_be_read(shop: Shop) -> None:
    shop.running.told = lambda answer: "<html>One moment, please.</html>"
    with pytest.raises(Unreadable):
        shop.channel().fingerprint()
