"""What an order holds and an ERP says of people is in nothing that tasks log, return, tell, or keep as a reason."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.errors import LedgerUnavailable
from order_sync.core.intake.findings import told
from order_sync.core.requests.explain import ExplainRequest
from order_sync.core.requests.request import Known
from order_sync.core.sending.holds import holds_after
from order_sync.core.sending.route import Route
from order_sync.core.settings import Settings
from order_sync.core.settling.verdict import Policy
from order_sync.flows import (
    backfill,
    compare_channel,
    compare_erp,
    explain,
    extract,
    push,
    refresh_reference,
    resync,
    settle,
    validate,
)
from order_sync.ledger import Ledger
from order_sync.ledger.database import sentences
from tests.flows.gossip import GOSSIP, PRIVATE, GossipingErp, cancelled, privates_in, sold_to_ann
from tests.ledger.steps import ACTOR, Sql, make_due
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.support.asking import decision

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
POLICY = Policy("unique_key", grace=timedelta(0))
URSULA = Actor("resync_orders/run/decide", person="ursula", reason="the cause is mended")
MANY = holds_after("REJECTED_BY_ERP") or 0
BEFORE = Window(datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Shop:
    """A channel that sold to Ann, an ERP that talks, and everything that the tasks said."""

    ledger: Ledger
    sql: Sql
    erp: GossipingErp = field(default_factory=lambda: GossipingErp(Clock(), confirms_after=timedelta(0)))
    channel: MemoryChannel = field(default_factory=MemoryChannel)
    said: list[str] = field(default_factory=list)

    def sell(self, *numbers: int, **changes: object) -> None:
        self.channel.rows += [sold_to_ann(number, **changes) for number in numbers]

    def queue(self) -> None:
        self.said.append(str(extract(ROUTE, self.channel, self.ledger, ACTOR)))
        asyncio.run(refresh_reference(ROUTE, self.erp, self.ledger, ACTOR, timedelta(minutes=15)))
        self.said.append(str(validate(ROUTE, self.ledger, ACTOR)))

    def send(self, **settings: object) -> None:
        run = push(ROUTE, self.erp, self.ledger, ACTOR, POLICY, Settings(**settings))  # type: ignore[arg-type]
        self.said.append(str(asyncio.run(run)))
        make_due(self.sql)
        self.said.append(str(asyncio.run(settle(ROUTE, self.erp, self.ledger, ACTOR, POLICY))))

    def decide(self, action: Action, number: int, erp_number: str = "") -> str:
        """A person decides; what became of it."""
        key, run = transaction(number).key, f"resync_orders/{action}{number}{erp_number}"
        what = decision(Selection(keys=(key,)), action, URSULA.reason, {key: erp_number} if erp_number else {})

        async def erp(_: str) -> GossipingErp:
            return self.erp

        resynced = asyncio.run(resync(what, run, {}, {"shop": ROUTE}, erp, self.ledger, URSULA, 3))
        self.said.append(f"{resynced.summary} {resynced.to_send}")
        query = "select outcome, message from selected_orders join selections s on s.id = selection_id where s.run = %s"
        [(outcome, message)] = self.sql.rows(query, run)
        assert outcome == "refused"
        return str(message)


@pytest.fixture
def shop(ledger: Ledger, sql: Sql, caplog: pytest.LogCaptureFixture) -> Shop:
    caplog.set_level(logging.DEBUG)
    return Shop(ledger, sql)


@pytest.fixture
def nothing_of_ann(shop: Shop, sql: Sql, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> Callable[[], None]:
    """Search everything that others than the order desk get to see."""

    def check() -> None:
        findings = told(ledger.untold(["erp_erp", "channel_shop"]))
        holds = sql.rows("select reason from holds")
        outcomes = sql.rows("select outcome, message from selected_orders")
        places = {"log": caplog.text, "said": shop.said, "findings": findings, "holds": holds, "outcomes": outcomes}
        assert {place: found for place, text in places.items() if (found := privates_in(str(text)))} == {}

    return check


def test_the_test_plants_what_it_searches_for(shop: Shop, sql: Sql) -> None:
    shop.erp.script = ["refused"]
    shop.sell(1)
    shop.queue()
    shop.send()
    assert privates_in(GOSSIP) == [*PRIVATE]
    assert sql.one("select message from orders") == GOSSIP, "the order desk reads what the ERP said, in the ledger"
    assert "Otherwise" in str(sql.one("select details from transactions"))


def test_sending_looking_up_and_comparing_let_nothing_out(shop: Shop, nothing_of_ann: Callable[[], None]) -> None:
    shop.erp.script = ["refused", "bug", "edited", "half-made", "lost after", "cancelled"]
    shop.sell(*range(1, 9), placed_at=shop.ledger.now().isoformat())
    shop.queue()
    shop.send(submit_concurrency=1)
    shop.sell(9, placed_at=(shop.ledger.now() - timedelta(hours=2)).isoformat())
    for summary in (
        compare_channel(ROUTE, shop.channel, shop.ledger, ACTOR),
        asyncio.run(compare_erp(ROUTE, shop.erp, shop.ledger, ACTOR)),
    ):
        shop.said.append(str(summary))
    assert [each.detail for each in shop.ledger.untold(["erp_erp"]) if each.subject == "SO8"] == [""]
    nothing_of_ann()


def test_an_erp_that_refuses_one_order_after_the_other_is_held_for_a_reason_without_people(
    shop: Shop, sql: Sql, nothing_of_ann: Callable[[], None]
) -> None:
    shop.erp.script = ["refused"] * MANY
    shop.sell(*range(1, MANY + 1))
    shop.queue()
    with pytest.raises(Exception, match=f"refused the last {MANY} orders") as error:
        shop.send(submit_concurrency=1)
    shop.said.append(str(error.value))
    assert sql.one("select count(*) from holds") == 1
    nothing_of_ann()


def test_a_backfill_lets_nothing_out(shop: Shop, nothing_of_ann: Callable[[], None]) -> None:
    shop.sell(1, 2, placed_at="2025-12-24T08:00:00+00:00")
    cancelled(shop.erp, 1)
    shop.queue()
    run = backfill(ROUTE, shop.channel, shop.erp, shop.ledger, URSULA, BEFORE, 10)
    shop.said.append(str(asyncio.run(run)))
    nothing_of_ann()


def test_what_people_decide_is_answered_without_what_the_erp_says_of_people(
    shop: Shop, nothing_of_ann: Callable[[], None]
) -> None:
    shop.erp.script = ["refused", "edited"]
    shop.sell(1, 2, 3)
    shop.queue()
    shop.send(submit_concurrency=1)
    cancelled(shop.erp, 2)
    assert "SO7 belongs to another order" in shop.decide(Action.MARK_AS_SYNCED, 1, "SO7")
    assert shop.decide(Action.RESYNC, 2, "SO2") == "the ERP does not reopen SO2: … of …, … … (…, …) is blocked"
    shop.decide(Action.ACCEPT, 2)
    nothing_of_ann()


@pytest.mark.parametrize(
    "words", [{"key": "shop:1"}, {"status": "failed"}, {"channel": "shop"}, {"reference": "WEB-1"}]
)
def test_explaining_lets_nothing_out(shop: Shop, words: dict[str, str], nothing_of_ann: Callable[[], None]) -> None:
    shop.erp.script = ["refused", "bug"]
    shop.sell(1, 2)
    shop.queue()
    shop.send(submit_concurrency=1)
    routes = {"shop": ROUTE}
    answer = explain(
        ExplainRequest.read({**words, "escalate": "true"}, Known({"shop": None})),
        shop.ledger,
        routes,
        (),
        timedelta(minutes=30),
    )
    shop.said.append(f"{answer.text} {answer.summary}")
    assert "shop:1" in answer.text
    nothing_of_ann()


def test_an_error_of_the_database_quotes_no_row(shop: Shop, sql: Sql) -> None:
    """PostgreSQL adds the failing row, or the line that was copied, to its message."""
    shop.erp.script = ["refused"]
    shop.sell(1)
    shop.queue()
    sql.do("alter table orders add constraint never check (status <> 'failed') not valid")
    try:
        with pytest.raises(psycopg.errors.CheckViolation, match="never") as caught:
            shop.send()
    finally:
        sql.do("alter table orders drop constraint never")
    assert privates_in("".join(traceback.format_exception(caught.value))) == []


def test_a_connection_that_ends_while_rows_are_copied_quotes_none() -> None:
    said = f'terminating connection\nCONTEXT:  COPY staged_landings, line 17: "{GOSSIP}"'
    with pytest.raises(LedgerUnavailable, match="does not answer: terminating connection") as caught, sentences():
        raise psycopg.errors.AdminShutdown(said)
    assert privates_in("".join(traceback.format_exception(caught.value))) == []
