"""The operator of people's decisions, and those that send a selection, over a ledger and an ERP in memory."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import TaskDeferred

from order_sync import hooks, registry
from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.references import short_of
from order_sync.flows import extract, validate
from order_sync.operators import (
    CheckReferenceDataOperator,
    PushOrdersOperator,
    ReconcileConfirmationsOperator,
    ResyncOrdersOperator,
)
from order_sync.specs import ChannelSpec, ErpSpec
from tests.flows.gossip import GossipingErp, privates_in
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger
from tests.support.context import RETRIES, context

SHOP = ChannelSpec("shop", "none:None", "erp", "* * * * *", 1, datetime(2026, 1, 1, tzinfo=UTC), "owner")
PARAMS = {"action": "resync", "reason": "mended", "order_keys": ["shop:1"], "status": None, "erp_numbers": []}


@dataclass
class World:
    """What the hooks give out, and how often the ERP was connected to."""

    ledger: MemoryLedger = field(default_factory=lambda: MemoryLedger(Clock(), copy=reference()))
    connected: int = 0

    def __post_init__(self) -> None:
        self.erp = MemoryErp(self.ledger.clock)
        extract(registry.route(SHOP), MemoryChannel([transaction(1), transaction(2)]), self.ledger, Actor("test"))
        validate(registry.route(SHOP), self.ledger, Actor("test"))

    def connect(self, *_: object) -> Any:
        self.connected += 1
        return nullcontext(self.erp)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(registry, "CHANNELS", (SHOP,))
    monkeypatch.setattr(registry, "ERPS", (ErpSpec("erp", "none:None"),))
    monkeypatch.setattr(hooks, "ledger", lambda *_: nullcontext(world.ledger))
    monkeypatch.setattr(hooks, "channel", lambda *_: None)
    monkeypatch.setattr(hooks, "erp", world.connect)
    return world


def execute(operator: BaseOperator, params: dict[str, Any] | None = None, run: str = "manual__1") -> Any:
    """Execute it as Airflow would for a run that ursula triggered."""
    return operator.execute(context(operator.task_id, "resync_orders", run, user="ursula", params=params or PARAMS))


def decide(run: str = "manual__1", **params: Any) -> Any:
    return execute(ResyncOrdersOperator(task_id="decide"), {**PARAMS, **params}, run)


def test_it_returns_counts_and_the_channels_with_something_to_send_and_no_keys(world: World) -> None:
    """R172"""
    assert decide(action="on_hold", run="a") == {"done": 1, "to_send": {}}
    assert decide(action="release", run="b") == {"done": 1, "to_send": {"erp": ["shop"]}}
    assert world.connected == 0, "the ERP is asked only where a decision needs it"


def test_an_order_may_be_named_by_the_external_reference_that_the_erp_shows(world: World) -> None:
    first, second = (transaction(number).key for number in (1, 2))
    world.ledger.keep_references("erp", {first: short_of(first), second: short_of(second)})
    assert decide(action="on_hold", order_keys=[f" {short_of(second).lower()}", "shop:1"])["done"] == 2
    with pytest.raises(Misconfigured, match=r"number 1 is not the external reference of an order that the ledger sent"):
        decide(run="b", order_keys=[short_of(transaction(3).key)])


def test_who_triggered_it_and_why_stand_in_the_history(world: World) -> None:
    decide(action="on_hold")
    *_, (key, _, event, _, by) = world.ledger.history
    assert (str(key), event, by) == ("shop:1", "put_on_hold", "resync_orders/manual__1/decide for ursula")


def test_what_is_asked_may_be_given_to_the_operator_itself(world: World) -> None:
    asked = {**PARAMS, "action": "ignore", "order_keys": ["shop:2"]}
    assert execute(ResyncOrdersOperator(task_id="decide", asked=asked)) == {"done": 1, "to_send": {}}
    assert (world.ledger.status(1), world.ledger.status(2)) == (Status.QUEUED, Status.IGNORED)


def test_the_setting_says_how_many_a_filter_may_match_without_a_confirmation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_SYNC_RESYNC_WITHOUT_CONFIRM", "1")
    asked = {"order_keys": [], "channel": "shop", "action": "ignore"}
    assert decide(**asked, run="a") == {"matched": 2, "to_send": {}}
    assert decide(**asked, run="b", confirm=True) == {"done": 2, "to_send": {}}


def test_params_that_cannot_be_are_refused_all_at_once_and_nothing_is_done(world: World) -> None:
    """R173"""
    with pytest.raises(Misconfigured, match=r"reason is missing: .*; order_keys: number 1 is not an order key"):
        decide(order_keys=["x"], reason="")
    assert world.ledger.runs == {}


def test_what_an_erp_says_of_people_is_neither_returned_nor_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    world.erp = GossipingErp(world.ledger.clock)
    assert decide(action="mark_as_synced", erp_numbers=["SO7"]) == {"refused": 1, "to_send": {}}
    assert "SO7 belongs to another order" in caplog.text
    assert privates_in(caplog.text) == []


def test_the_push_of_a_selection_sends_its_orders_and_no_other(world: World) -> None:
    decide()
    assert execute(PushOrdersOperator(task_id="push", channel="shop", selection="resync_orders/manual__1")) == {
        "sent": 1
    }
    assert (world.ledger.status(1), world.ledger.status(2)) == (Status.SENT, Status.QUEUED)


def test_reconcile_of_a_selection_waits_for_its_orders_alone(world: World) -> None:
    execute(PushOrdersOperator(task_id="push", channel="shop"))
    later = world.ledger.rows[transaction(2).key]
    assert later.window_ends_at
    later.window_ends_at += timedelta(hours=9)
    decide()
    with pytest.raises(TaskDeferred) as stopped:
        execute(ReconcileConfirmationsOperator(task_id="r", channel="shop", selection="resync_orders/manual__1"))
    assert stopped.value.kwargs
    ends_at = datetime.fromisoformat(stopped.value.kwargs["ends_at"])
    assert ends_at == world.ledger.rows[transaction(1).key].window_ends_at


@pytest.mark.parametrize("kind", [PushOrdersOperator, ReconcileConfirmationsOperator])
def test_a_selection_that_no_run_made_is_refused(world: World, kind: type[BaseOperator]) -> None:
    with pytest.raises(Misconfigured, match="run 'resync_orders/other' selected no orders"):
        execute(kind(task_id="step", channel="shop", selection="resync_orders/other"))
    assert world.erp.submits == []


@pytest.mark.parametrize(("always", "codes"), [(False, {}), (True, {"codes": 6})])
def test_reference_data_is_read_however_young_the_copy_is_when_somebody_has_just_changed_it(
    world: World, always: bool, codes: dict[str, Any]
) -> None:
    assert execute(CheckReferenceDataOperator(task_id="check", channel="shop", always=always, retries=RETRIES)) == codes
