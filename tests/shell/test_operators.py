"""The operators over a ledger, a channel and an ERP in memory: what they return, defer, skip and raise."""

import asyncio
import copy
import json
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator, conf
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from structlog.testing import capture_logs

from order_sync import hooks, registry
from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured, NotAuthorised, Transient
from order_sync.core.life.lifecycle import Status
from order_sync.core.records.orders import Horizon
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.settings import Settings
from order_sync.flows.sending import push_time
from order_sync.operators import (
    CheckReferenceDataOperator,
    ExtractTransactionsOperator,
    PushOrdersOperator,
    ReconcileConfirmationsOperator,
    ValidateOrdersOperator,
)
from order_sync.operators import sending as sending_operators
from order_sync.specs import ChannelSpec, ErpSpec
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import START
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger
from tests.support.context import context

STEPS = (
    ExtractTransactionsOperator,
    CheckReferenceDataOperator,
    ValidateOrdersOperator,
    PushOrdersOperator,
    ReconcileConfirmationsOperator,
)


@dataclass
class World:
    """What the hooks give out, and what they were asked for."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    channel: MemoryChannel = field(default_factory=MemoryChannel)
    asked: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.erp = MemoryErp(self.ledger.clock)

    def run(self, *kinds: type[BaseOperator], user: str | None = None) -> dict[str, int]:
        """Execute operators one after the other, each as Airflow would; returns what the last one returned."""
        returned: dict[str, int] = {}
        for kind in kinds:
            operator = kind(task_id=kind.__name__.lower(), channel="shop")
            returned = operator.execute(context(operator.task_id, user=user))
        return returned

    @property
    def actors(self) -> set[str]:
        """Who moved orders, by the ledger's history."""
        return {by for *_, by in self.ledger.history}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    shop = ChannelSpec("shop", "none:None", "erp", "* * * * *", 1, datetime(2026, 1, 1, tzinfo=UTC), "owner")

    def given(part: Any) -> Any:
        def hook(*arguments: Any) -> Any:
            world.asked.append(arguments[-1])
            return part

        return hook

    monkeypatch.setattr(registry, "CHANNELS", (shop,))
    monkeypatch.setattr(registry, "ERPS", (ErpSpec("erp", "none:None"),))
    monkeypatch.setattr(hooks, "ledger", given(nullcontext(world.ledger)))
    monkeypatch.setattr(hooks, "channel", given(world.channel))
    monkeypatch.setattr(hooks, "erp", given(nullcontext(world.erp)))
    return world


def deferred(operator: BaseOperator, method: str = "execute", **kwargs: Any) -> TaskDeferred:
    """Run a method of an operator up to its deferral."""
    with pytest.raises(TaskDeferred) as stopped:
        getattr(operator, method)(context("reconcile"), **kwargs)
    return stopped.value


def kept(stop: TaskDeferred) -> dict[str, Any]:
    """What survives of a deferral."""
    assert stop.kwargs is not None
    return stop.kwargs


def reconcile() -> ReconcileConfirmationsOperator:
    """A new instance, as each resumed task gets one."""
    return ReconcileConfirmationsOperator(task_id="reconcile", channel="shop")


def resumed(stop: TaskDeferred) -> dict[str, int]:
    """Resume what was deferred on a new instance, with what survives of it: JSON."""
    kwargs = json.loads(json.dumps(stop.kwargs))
    counts: dict[str, int] = getattr(reconcile(), stop.method_name)(context("reconcile"), event=None, **kwargs)
    return counts


def wakes_at(stop: TaskDeferred) -> datetime:
    assert isinstance(stop.trigger, DateTimeTrigger)
    return datetime.fromisoformat(stop.trigger.moment.isoformat())


def passed(moment: datetime) -> timedelta:
    """How long after the start it is, in whole seconds: the ledger's clock never says the same moment twice."""
    return timedelta(seconds=round((moment - START).total_seconds()))


def sent(world: World, *numbers: int) -> None:
    """Bring orders up to a sent one that is not confirmed yet."""
    world.channel.rows += [transaction(number) for number in numbers]
    world.run(*STEPS[:4])


def switch(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """Switch the channel off in the registry, or on with ''."""
    monkeypatch.setattr(registry, "CHANNELS", tuple(replace(spec, switched_off=why) for spec in registry.CHANNELS))


def test_what_the_registry_switched_off_is_on_hold_before_a_task_works(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R16"""
    world.channel.rows = [transaction()]
    switch(monkeypatch, "the plan ended")
    world.run(ExtractTransactionsOperator, CheckReferenceDataOperator, ValidateOrdersOperator)
    with pytest.raises(AirflowSkipException, match=r"channel_shop \(switched_off\): the plan ended"):
        world.run(PushOrdersOperator)
    assert world.ledger.status() is Status.QUEUED
    switch(monkeypatch, "")
    assert world.run(PushOrdersOperator) == {"sent": 1}


def test_the_five_steps_bring_an_order_from_the_channel_into_the_erp_and_confirm_it(world: World) -> None:
    """R177"""
    sent(world, 1)
    assert world.ledger.status() is Status.SENT
    stop = deferred(reconcile())
    world.ledger.clock.sleep(minutes=1)
    assert resumed(stop) == {"confirmed": 1}
    assert world.ledger.status() is Status.SUCCEEDED


def test_every_step_returns_counts_and_nothing_else(world: World) -> None:
    world.channel.rows = [transaction(1), transaction(2, currency="XAF")]
    returned = {kind: world.run(kind) for kind in STEPS[:4]}
    assert returned[ExtractTransactionsOperator] == {"new": 2, "orders": 2}
    assert returned[CheckReferenceDataOperator] == {"codes": 6}
    assert returned[ValidateOrdersOperator] == {"valid": 1, "invalid": 1, "CURRENCY_MAPPING": 1}
    assert returned[PushOrdersOperator] == {"sent": 1}
    assert all(type(number) is int for counts in returned.values() for number in counts.values())


def test_the_history_names_the_task_of_the_run(world: World) -> None:
    world.channel.rows = [transaction(1)]
    world.run(*STEPS[:3])
    steps = ("extracttransactionsoperator", "validateordersoperator")
    assert world.actors == {f"sync_orders__shop/manual__1/{step}" for step in steps}


def test_the_history_names_who_triggered_a_run_by_hand(world: World) -> None:
    world.channel.rows = [transaction(1)]
    world.run(*STEPS[:3], user="ursula")
    steps = ("extracttransactionsoperator", "validateordersoperator")
    assert world.actors == {f"sync_orders__shop/manual__1/{step} for ursula" for step in steps}


def test_a_summary_is_logged_in_words(world: World) -> None:
    world.channel.rows = [transaction(1)]
    with capture_logs() as logged:
        world.run(ExtractTransactionsOperator)
    assert "1 new, 1 orders" in [line["event"] for line in logged]


def test_a_push_gives_way_to_another_channel_without_a_slot_and_goes_on_with_the_time_it_has_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.channel.rows = [transaction(1), transaction(2)]
    world.run(*STEPS[:3])
    with monkeypatch.context() as busy:
        busy.setattr(push_time, "SHARE", timedelta(0))
        busy.setattr(registry, "CHANNELS", (*registry.CHANNELS, replace(registry.CHANNELS[0], name="market")))
        busy.setattr(world.ledger, "waits", lambda channels, **_: channels == ["market"])
        stop = deferred(PushOrdersOperator(task_id="push", channel="shop"))
    assert datetime.now(UTC) < wakes_at(stop) < datetime.now(UTC) + timedelta(minutes=1)
    assert world.ledger.counts("shop")[Status.QUEUED] == 2
    assert 0 < kept(stop)["left"] < Settings().push_turn.total_seconds()
    counts = {**json.loads(json.dumps(stop.kwargs)), "counts": {"sent": 3}}
    push = PushOrdersOperator(task_id="push", channel="shop")
    assert getattr(push, stop.method_name)(context("push"), event=None, **counts) == {"sent": 5}


def test_a_push_on_hold_settles_what_is_due_and_then_skips_with_the_reason(world: World) -> None:
    sent(world, 1)
    world.channel.rows.append(transaction(2))
    world.run(ExtractTransactionsOperator, ValidateOrdersOperator)
    world.ledger.hold("erp_erp", HoldKind.PERSON, HoldScope.SUBMIT, "maintenance until noon", Actor(person="ursula"))
    world.ledger.clock.sleep(minutes=1)
    with pytest.raises(AirflowSkipException, match=r"maintenance until noon \(by ursula since"):
        world.run(PushOrdersOperator)
    assert world.ledger.status(1) is Status.SUCCEEDED
    assert world.ledger.status(2) is Status.QUEUED


def test_an_erp_that_is_away_fails_the_push_by_its_own_class_and_the_orders_stay_queued(world: World) -> None:
    world.channel.rows = [transaction(1)]
    world.run(*STEPS[:3])
    world.erp.down = True
    with pytest.raises(Transient):
        world.run(PushOrdersOperator)
    assert world.ledger.status() is Status.QUEUED


def test_a_channel_that_is_away_fails_the_extract_and_the_others_work_on_what_the_ledger_has(world: World) -> None:
    world.channel.rows = [transaction(1)]
    world.run(ExtractTransactionsOperator, CheckReferenceDataOperator)
    world.channel.down = True
    with pytest.raises(Transient):
        world.run(ExtractTransactionsOperator)
    assert world.run(ValidateOrdersOperator, PushOrdersOperator) == {"sent": 1, "unchecked": 1}


def test_reconcile_with_nothing_open_is_done_at_once(world: World) -> None:
    assert reconcile().execute(context("reconcile")) == {}


def test_reconcile_with_nothing_open_does_not_need_the_erp(world: World) -> None:
    world.erp.down = True
    assert reconcile().execute(context("reconcile")) == {}


def test_reconcile_waits_for_the_next_look_and_keeps_a_time_and_nothing_else(world: World) -> None:
    """R175"""
    sent(world, 1)
    stop = deferred(reconcile())
    assert passed(wakes_at(stop)) == timedelta(minutes=1)
    assert stop.method_name == "resume"
    assert kept(stop).keys() == {"ends_at"}
    assert passed(datetime.fromisoformat(kept(stop)["ends_at"])) == timedelta(minutes=30)
    assert stop.timeout is None
    path, state = stop.trigger.serialize()
    assert path == "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
    assert set(state) == {"moment", "end_from_trigger"}


def test_reconcile_goes_from_look_to_look_and_ends_with_the_last_window(world: World) -> None:
    sent(world, 1)
    world.erp.confirms_after = timedelta(days=1)
    stop, looks = deferred(reconcile()), []
    while True:
        looks.append(round((wakes_at(stop) - START) / timedelta(minutes=1)))
        world.ledger.clock.now = wakes_at(stop)
        if looks[-1] == 30:
            break
        stop = deferred(reconcile(), stop.method_name, event=None, **kept(stop))
    assert looks == [1, 5, 15, 30]
    assert resumed(stop) == {"window_over": 1}
    assert world.ledger.status() is Status.PENDING_VERIFICATION


def test_a_confirmation_at_29_59_is_in_time_and_one_at_30_00_is_late_but_counts(world: World) -> None:
    """R54, T7"""
    sent(world, 1)
    world.erp.confirms_after = timedelta(minutes=29, seconds=59)
    stop = deferred(reconcile())
    world.ledger.clock.sleep(minutes=29, seconds=59)
    assert resumed(stop) == {"confirmed": 1}

    sent(world, 2)
    world.erp.confirms_after = timedelta(minutes=30, seconds=1)
    stop = deferred(reconcile())
    world.ledger.clock.sleep(minutes=30)
    assert resumed(stop) == {"window_over": 1}
    assert world.ledger.status(2) is Status.PENDING_VERIFICATION
    world.ledger.clock.sleep(minutes=5)
    assert world.run(PushOrdersOperator) == {"confirmed": 1}
    assert world.ledger.status(2) is Status.SUCCEEDED


def test_reconcile_judges_what_becomes_due_between_its_look_and_its_end(world: World) -> None:
    """R54"""
    sent(world, 1)
    world.erp.confirms_after = timedelta(days=1)
    stop = deferred(reconcile())
    world.ledger.clock.sleep(minutes=16)
    horizon, slow = world.ledger.horizon, iter([timedelta(minutes=20)])

    def after_a_while(channel: str, selection: int | None = None) -> Horizon:
        world.ledger.clock.now += next(slow, timedelta(0))
        return horizon(channel)

    world.ledger.horizon = after_a_while
    assert resumed(stop)["window_over"] == 1
    assert world.ledger.status() is Status.PENDING_VERIFICATION


def test_reconcile_ends_where_it_said_at_its_start_whatever_was_sent_since(world: World) -> None:
    sent(world, 1)
    world.erp.confirms_after = timedelta(days=1)
    stop = deferred(reconcile())
    world.ledger.clock.sleep(minutes=20)
    sent(world, 2)
    stop = deferred(reconcile(), stop.method_name, event=None, **kept(stop))
    ends_at = datetime.fromisoformat(kept(stop)["ends_at"])
    assert passed(ends_at) == timedelta(minutes=30)
    world.ledger.clock.now = ends_at
    assert resumed(stop)["window_over"] == 1
    assert world.ledger.status(2) is Status.SENT


def test_a_look_never_lies_so_near_that_airflow_resumes_the_task_before_it_sees_that_it_waits(world: World) -> None:
    sent(world, 1)
    world.erp.confirms_after = timedelta(days=1)
    world.ledger.clock.sleep(minutes=29, seconds=59)
    stop = deferred(reconcile())
    notices_the_exit_within = timedelta(seconds=conf.getint("workers", "min_heartbeat_interval"))
    assert wakes_at(stop) >= START + timedelta(minutes=29, seconds=59) + 3 * notices_the_exit_within


def test_reconcile_that_meets_an_erp_that_is_away_fails_by_its_own_class(world: World) -> None:
    sent(world, 1)
    stop = deferred(reconcile())
    world.ledger.clock.sleep(minutes=1)
    world.erp.down = True
    with pytest.raises(Transient):
        resumed(stop)


@pytest.mark.parametrize("kind", STEPS)
def test_connections_are_the_registrys_unless_the_operator_names_others(kind: type[BaseOperator], world: World) -> None:
    world.ledger.copy = reference()
    kind(task_id="t", channel="shop").execute(context("t"))
    assert set(world.asked) == {None}
    world.asked.clear()
    named: dict[str, Any] = {name: f"my_{name}" for name in kind.template_fields if name.endswith("_conn_id")}
    kind(task_id="t", channel="shop", **named).execute(context("t"))
    assert set(world.asked) == set(named.values())


def test_another_channels_set_up_in_the_erp_stops_nobody_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[ErpSpec] = []
    hook = hooks.erp

    def asked(spec: ErpSpec, conn_id: str) -> Any:
        given.append(spec)
        return hook(spec, conn_id)

    monkeypatch.setattr(registry, "CHANNELS", (*registry.CHANNELS, replace(registry.CHANNELS[0], name="bazaar")))
    monkeypatch.setattr(hooks, "erp", asked)
    world.run(CheckReferenceDataOperator, PushOrdersOperator)
    assert [spec.options["channels"] for spec in given] == [["shop"], ["shop"]]


@pytest.mark.parametrize("kind", STEPS)
def test_an_unknown_channel_is_one_sentence_that_lists_the_known_ones(kind: type[BaseOperator], world: World) -> None:
    with pytest.raises(Misconfigured, match=r"^there is no channel 'bazaar' in the registry; there is shop$"):
        kind(task_id="t", channel="bazaar").execute(context("t"))


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ORDER_SYNC_VERIFICATION_WINDOW", "half an hour", "write a duration such as 90s, 30m"),
        ("ORDER_SYNC_CLAIM_SIZE", "0", "must be 1 or more"),
        ("ORDER_SYNC_WINDOW", "30m", "ORDER_SYNC_WINDOW is not a setting"),
    ],
)
def test_a_malformed_setting_is_one_sentence_and_nothing_is_touched(
    kind: type[BaseOperator], name: str, value: str, sentence: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copy.deepcopy(world.ledger)
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured, match=sentence):
        kind(task_id="t", channel="shop").execute(context("t"))
    assert world.ledger == before
    assert world.asked == []


@pytest.mark.parametrize("kind", STEPS)
def test_the_constructor_only_assigns_so_that_templates_may_stand_for_every_field(kind: type[BaseOperator]) -> None:
    given: dict[str, Any] = {name: f"{{{{ params.{name} }}}}" for name in kind.template_fields}
    operator = kind(task_id="t", **given)
    assert {name: getattr(operator, name) for name in kind.template_fields} == given
    assert operator.execution_timeout is None


@pytest.mark.parametrize("kind", STEPS)
def test_an_operator_takes_keywords_only_and_refuses_what_it_does_not_know(kind: type[BaseOperator]) -> None:
    with pytest.raises(TypeError):
        kind("t", "shop")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="chanel"):
        kind(task_id="t", channel="shop", chanel="shop")


def test_a_look_that_does_not_end_is_broken_off_and_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    sent(world, 1)
    world.ledger.clock.sleep(minutes=1)
    monkeypatch.setattr(world.erp, "look_up", never)
    monkeypatch.setattr(sending_operators, "ONE_LOOK", timedelta(milliseconds=10))
    with pytest.raises(Transient, match=r"ran for longer than .* without a pause"):
        reconcile().execute(context("reconcile"))


def test_a_refused_key_reaches_airflow_as_what_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise NotAuthorised("the key of connection erp_erp is not accepted")

    world.channel.rows = [transaction(1)]
    world.run(*STEPS[:3])
    monkeypatch.setattr(world.erp, "prepare", refuse)
    with pytest.raises(NotAuthorised, match="erp_erp"):
        world.run(PushOrdersOperator)
