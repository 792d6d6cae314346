"""How a task knows that a person cleared it, and what its operator does then; over a ledger and an ERP in memory."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import BaseOperator

from order_sync import hooks, registry
from order_sync.core.life.lifecycle import Status
from order_sync.core.sending.red_runs import FailedInRun, OrdersFailed
from order_sync.flows import extract, validate
from order_sync.operators import (
    CheckReferenceDataOperator,
    FailedOrdersOperator,
    PushOrdersOperator,
    ReconcileConfirmationsOperator,
    ValidateOrdersOperator,
)
from order_sync.operators.base import cleared, who_cleared
from order_sync.specs import ChannelSpec, ErpSpec
from tests.flows.people.test_clearing import ACTOR, ROUTE
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.erp import MemoryErp, reference
from tests.memory.ledger import MemoryLedger
from tests.support.context import RETRIES, context

SHOP = ChannelSpec("shop", "none:None", "erp", "* * * * *", 1, datetime(2026, 1, 1, tzinfo=UTC), "owner")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> tuple[MemoryLedger, MemoryErp]:
    """The ledger and the ERP that the hooks give out; one order is queued."""
    ledger = MemoryLedger(copy=reference())
    erp = MemoryErp(ledger.clock)
    monkeypatch.setattr(registry, "CHANNELS", (SHOP,))
    monkeypatch.setattr(registry, "ERPS", (ErpSpec("erp", "none:None"),))
    monkeypatch.setattr(hooks, "ledger", lambda *_: nullcontext(ledger))
    monkeypatch.setattr(hooks, "channel", lambda *_: MemoryChannel([transaction(1)]))
    monkeypatch.setattr(hooks, "erp", lambda *_: nullcontext(erp))
    extract(ROUTE, MemoryChannel([transaction(1)]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger, erp


def made(kind: type[BaseOperator]) -> BaseOperator:
    return kind(task_id="push", channel="shop", retries=RETRIES)


def test_a_task_is_cleared_when_airflow_allows_it_more_tries_than_it_has_retries() -> None:
    push = made(PushOrdersOperator)
    for tries in range(1, RETRIES + 2):
        assert not cleared(context(try_number=tries), push), "Airflow tries it again by itself"
    assert who_cleared(context(), push) is None
    assert cleared(context(max_tries=RETRIES + 1, try_number=2, clears=1), push)


def test_a_task_that_was_cleared_while_it_ran_is_cleared_although_it_may_not_be_tried_more_often() -> None:
    push = made(PushOrdersOperator)
    assert cleared(context(try_number=2, clears=1), push)
    assert not cleared(context(try_number=1, clears=1), push), "others of its run were, before it ran at all"


def test_all_tries_after_one_clear_give_one_reason_and_another_clear_another() -> None:
    push = made(PushOrdersOperator)
    reasons = [
        who_cleared(context(max_tries=allowed, try_number=tries, clears=clears), push)
        for allowed, tries, clears in ((RETRIES + 1, 2, 1), (RETRIES + 1, 4, 1), (RETRIES + 4, 5, 2), (RETRIES, 2, 1))
    ]
    first, retried, again, while_it_ran = [actor.reason for actor in reasons if actor]
    assert first == retried == "push of manual__1 was cleared (clear 1 of the run, up to 5 tries)"
    assert len({first, again, while_it_ran}) == 3
    assert {actor.by for actor in reasons if actor} == {"sync_orders__shop/manual__1/push for unknown"}


def test_a_cleared_push_tries_again_what_was_refused(given: tuple[MemoryLedger, MemoryErp]) -> None:
    _, erp = given
    erp.script = ["refused"]
    push = made(PushOrdersOperator)
    assert push.execute(context()) == {"refused": 1}
    assert push.execute(context()) == {}
    assert push.execute(context(max_tries=RETRIES + 1)) == {"retried": 1, "sent": 1}


def test_a_push_keeps_to_the_off_peak_hours_of_its_erp(
    given: tuple[MemoryLedger, MemoryErp], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, erp = given
    monkeypatch.setattr(registry, "ERPS", (ErpSpec("erp", "none:None", off_peak=("22:00", "06:00", "UTC")),))
    erp.script = ["lost before"]
    push = made(PushOrdersOperator)
    push.execute(context())
    ledger.clock.sleep(minutes=20)
    assert push.execute(context()) == {"absent": 1, "waiting_for_off_peak": 1}
    assert push.execute(context(max_tries=RETRIES + 1)) == {"sent": 1}


def test_a_cleared_validate_judges_again_what_failed(given: tuple[MemoryLedger, MemoryErp]) -> None:
    ledger, _ = given
    extract(ROUTE, MemoryChannel([transaction(2, currency="XAF")]), ledger, ACTOR)
    step = made(ValidateOrdersOperator)
    failed = {"invalid": 1, "CURRENCY_MAPPING": 1}
    assert step.execute(context()) == failed
    assert step.execute(context()) == {}
    assert step.execute(context(max_tries=RETRIES + 1)) == {"judged_again": 1, **failed}


def test_a_cleared_validate_of_chosen_orders_judges_no_others_again(given: tuple[MemoryLedger, MemoryErp]) -> None:
    ledger, _ = given
    extract(ROUTE, MemoryChannel([transaction(2, currency="XAF")]), ledger, ACTOR)
    step = ValidateOrdersOperator(task_id="validate", channel="shop", judge_again=False, retries=RETRIES)
    assert step.execute(context()) == {"invalid": 1, "CURRENCY_MAPPING": 1}
    assert step.execute(context(max_tries=RETRIES + 1)) == {}


def test_a_cleared_check_of_the_reference_data_reads_it_although_the_copy_is_young(
    given: tuple[MemoryLedger, MemoryErp],
) -> None:
    step = made(CheckReferenceDataOperator)
    assert step.execute(context()) == {}
    assert step.execute(context(max_tries=RETRIES + 1)) == {"codes": 6}


def test_a_cleared_reconcile_looks_before_the_time(given: tuple[MemoryLedger, MemoryErp]) -> None:
    ledger, erp = given
    erp.confirms_after = timedelta(0)
    made(PushOrdersOperator).execute(context())
    assert made(ReconcileConfirmationsOperator).execute(context(max_tries=RETRIES + 1)) == {"confirmed": 1}
    assert ledger.status() is Status.SUCCEEDED


@pytest.mark.parametrize(("setting", "red"), [("never", False), ("any", True), ("0.25", True), ("0.3", False)])
def test_failed_orders_make_a_run_red_as_the_setting_says(
    setting: str, red: bool, given: tuple[MemoryLedger, MemoryErp], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_SYNC_RED_ON_FAILED_ORDERS", setting)
    asked: list[object] = []

    def failed_in_run(run: str, since: datetime) -> FailedInRun:
        asked.extend((run, since))
        return FailedInRun(12, {"TAX_MAPPING": 1, "SKU_NOT_FOUND": 2})

    monkeypatch.setattr(given[0], "failed_in_run", failed_in_run)
    last = FailedOrdersOperator(task_id="failed_orders")
    if red:
        with pytest.raises(OrdersFailed, match=r"3 of 12 orders .* failed: 2 SKU_NOT_FOUND, 1 TAX_MAPPING"):
            last.execute(context())
    else:
        assert last.execute(context()) == {"worked_on": 12, "failed": 3}
    assert asked == ["sync_orders__shop/manual__1", datetime(2026, 3, 2, tzinfo=UTC)]


@pytest.mark.parametrize("setting", ["any", "0.5", "1"])
def test_a_run_without_failed_orders_is_never_red(
    setting: str, given: tuple[MemoryLedger, MemoryErp], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_SYNC_RED_ON_FAILED_ORDERS", setting)
    monkeypatch.setattr(given[0], "failed_in_run", lambda *_: FailedInRun(0, {}))
    assert FailedOrdersOperator(task_id="failed_orders").execute(context()) == {"worked_on": 0, "failed": 0}
