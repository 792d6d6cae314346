"""Batches go to Tryton in a session of the connection's user; without one, orders go one by one."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from order_sync.core.errors import Misconfigured, NotAuthorised, OrderConflict, OutcomeUnknown, Transient
from order_sync.core.sending.receipts import Receipt
from order_sync.erps.tryton import batches
from order_sync.wire.endpoint import Endpoint
from sandbox.tryton import DATABASE, INTEGRATION, TrytonServer
from tests.erps.conftest import Back
from tests.fixtures.tryton import connect, elsewhere, in_batches, line, order
from tests.support.proxy import Proxy

ENDED = "delete from ir_session where create_uid = (select id from res_user where login = %s)"
pytestmark = pytest.mark.usefixtures("resting")


@pytest.fixture
def user(tryton: TrytonServer, proxy: Proxy) -> Endpoint:
    """The connection with a user's login, through the proxy."""
    return in_batches(tryton, base_url=proxy.base_url)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"extra": {"database": "tryton"}}, "has its login but not 'user_password' in its extra"),
        ({"login": ""}, "has user_password but not its login"),
    ],
)
def test_half_a_log_in_is_refused(user: Endpoint, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        connect(replace(user, **changes))


async def test_without_a_log_in_orders_go_one_by_one(endpoint: Endpoint, user: Endpoint) -> None:
    async with connect(endpoint) as single, connect(user) as several:
        assert single.batch_limits.orders == 1
        assert several.batch_limits.orders == 32


async def test_a_wrong_password_is_told_with_where_to_mend_it_and_nothing_is_sent(
    user: Endpoint, back: Back, proxy: Proxy
) -> None:
    sent = [order(), order()]
    wrong = replace(user, extra={**user.extra, "user_password": "not this one"})
    async with connect(wrong) as erp:
        answers = await erp.submit_all(sent)
    for answer in answers.values():
        assert isinstance(answer, NotAuthorised)
        assert (
            "Tryton refused the log-in of 'order_sync' (HTTP 401): set the user's password as 'user_password'"
            in str(answer)
        )
        assert "not this one" not in str(answer)
    assert [back.sales(each) for each in sent] == [[], []]


async def test_a_session_that_tryton_has_ended_is_begun_anew(
    user: Endpoint, tryton: TrytonServer, proxy: Proxy
) -> None:
    async with connect(user) as erp:
        await erp.submit_all([order(), order()])
        with psycopg.connect(tryton.cluster.dsn(DATABASE)) as connection:
            connection.execute(ENDED, [INTEGRATION])
        answers = await erp.submit_all([order(), order()])
    assert [type(answer) for answer in answers.values()] == [Receipt, Receipt]
    assert proxy.count(r"common\.db\.login") == 2


async def test_one_whose_money_differs_is_a_conflict_and_is_not_confirmed_and_the_others_are(
    user: Endpoint, back: Back
) -> None:
    good = [order(), order()]
    dearer = replace(order(), total=order().total + Decimal(1))
    async with connect(user) as erp:
        answers = await erp.submit_all([good[0], dearer, good[1]])
    assert isinstance(answers[dearer.key], OrderConflict)
    assert back.sale(dearer)["state"] == "quotation"
    assert [back.sale(each)["state"] for each in good] == ["confirmed", "confirmed"]


async def test_one_that_cannot_be_quoted_stops_no_other(user: Endpoint, back: Back) -> None:
    """Tryton has them all as drafts by then, and says of none which it declined."""
    good, nobody = [order(), order()], order(customer_account="C-0001", ship_to=None)
    async with connect(user) as erp:
        answers = await erp.submit_all([good[0], nobody, good[1]])
    assert getattr(answers[nobody.key], "code", "") == "ADDRESS_MISSING", answers[nobody.key]
    assert [back.sale(each)["state"] for each in good] == ["confirmed", "confirmed"]


async def test_orders_of_many_lines_share_no_call(
    user: Endpoint, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_LINES", 4)
    sent = [order(line(), line(number="2")) for _ in range(4)]
    async with connect(user) as erp:
        await erp.submit_all(sent)
    assert proxy.count(r"model\.sale\.sale\.create") == 2


async def test_an_answer_that_is_none_of_trytons_leaves_the_outcome_unknown(user: Endpoint, proxy: Proxy) -> None:
    async with connect(user) as erp:
        await erp.submit_all([order(), order()])
        proxy.answer(r"sale\.sale\.create", 200, '{"id": 1, "result": 5}', Content_Type="application/json")
        answers = await erp.submit_all([order(), order()])
    assert [type(answer) for answer in answers.values()] == [OutcomeUnknown, OutcomeUnknown]


async def test_a_server_that_is_not_there_is_trouble_and_nothing_was_sent(user: Endpoint) -> None:
    async with connect(elsewhere(user)) as erp:
        with pytest.raises(Transient, match="does not accept connections"):
            await erp.submit_all([order(), order()])
