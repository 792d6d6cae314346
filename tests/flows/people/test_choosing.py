"""What a decision is about: by keys, by filters, and of which channels, in pages and in time."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest

from order_sync.core.basics.summary import Summary
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import Order
from order_sync.core.sending.receipts import Receipt
from order_sync.core.settings import Settings
from order_sync.flows import push, resync, validate
from order_sync.flows.sending.push import time_to_send
from tests.flows.people.deciding import ACTOR, POLICY, ROUTE, URSULA, decide, failed, keys, send
from tests.memory.channel import transaction
from tests.memory.erp import MemoryErp
from tests.memory.ledger import MemoryLedger
from tests.support.asking import decision


def test_a_twin_that_another_channel_landed_as_no_order_is_not_decided_about() -> None:
    """R5, R103"""
    ledger, erp = failed(1)
    twin = replace(transaction(1), key=replace(transaction(1).key, channel="till"), not_an_order="web_order")
    ledger.rows[twin.key] = replace(ledger.rows[transaction(1).key], transaction=twin, status=Status.NOT_AN_ORDER)
    result = decide(ledger, erp, Action.RESYNC, Selection(reference="WEB-1"))
    assert (result.summary.counts, ledger.status()) == ({"done": 1}, Status.RECEIVED)


def test_all_orders_of_an_error_code_go_on_together_and_no_other() -> None:
    """R102, R104"""
    ledger, erp = failed(1, 2, 3)
    ledger.rows[transaction(2).key].code = "SKU_NOT_FOUND"
    decide(ledger, erp, Action.RESYNC, Selection(code="REJECTED_BY_ERP"))
    assert [ledger.status(number) for number in (1, 2, 3)] == [Status.RECEIVED, Status.FAILED, Status.RECEIVED]


def test_a_dry_run_writes_nothing_and_lists_the_orders_with_their_last_error_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger, erp = failed(1, 2)
    caplog.set_level(logging.INFO)
    result = decide(ledger, erp, Action.RESYNC, Selection(status=Status.FAILED), dry_run=True)
    assert (result.summary.counts, result.to_send) == ({"matched": 2}, {})
    assert "dry run" in str(result.summary)
    assert "shop:1 is failed · REJECTED_BY_ERP no such article" in caplog.text
    assert (ledger.runs, ledger.status()) == ({}, Status.FAILED)


def test_a_filter_that_matches_many_needs_a_confirmation_and_keys_need_none() -> None:
    ledger, erp = failed(1, 2, 3, 4)
    asked = decide(ledger, erp, Action.IGNORE, Selection(status=Status.FAILED))
    assert asked.summary.counts == {"matched": 4}
    assert "more than 3 match: trigger it again with confirm" in str(asked.summary)
    assert (ledger.runs, ledger.counts("shop")) == ({}, {"failed": 4})
    assert decide(ledger, erp, Action.IGNORE, Selection(status=Status.FAILED), confirm=True).summary.counts == {
        "done": 4
    }
    assert decide(ledger, erp, Action.RELEASE, keys(1, 2, 3, 4), run="r2").summary.counts == {"done": 4}


def test_a_filter_that_matches_nothing_is_a_clear_answer() -> None:
    ledger, erp = failed(1)
    result = decide(ledger, erp, Action.RESYNC, Selection(status=Status.DEAD))
    assert (str(result.summary), result.to_send) == ("nothing to do; no order was chosen", {})


def test_a_key_that_the_ledger_does_not_know_is_named_and_nothing_is_done_to_the_others() -> None:
    ledger, erp = failed(1)
    with pytest.raises(Misconfigured, match="the ledger has no orders shop:8, shop:9: correct the keys"):
        decide(ledger, erp, Action.RESYNC, keys(1, 8, 9))
    assert (ledger.status(), ledger.runs) == (Status.FAILED, {})


def test_what_the_ledger_does_not_know_and_numbers_that_are_given_twice_are_said_at_once() -> None:
    ledger, erp = failed(1)
    with pytest.raises(Misconfigured) as error:
        decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1, 8), "SO7", "SO7")
    assert "the ledger has no orders shop:8: correct the keys" in str(error.value)
    assert "SO7 is given for shop:1 and for shop:8" in str(error.value)
    assert ledger.runs == {}


def test_an_erp_number_that_is_given_to_two_orders_is_refused_before_anything_is_done() -> None:
    ledger, erp = failed(1, 2)
    with pytest.raises(Misconfigured, match="SO7 is given for shop:1 and for shop:2"):
        decide(ledger, erp, Action.MARK_AS_SYNCED, keys(1, 2), "SO7", "SO7")
    assert ledger.runs == {}


def test_orders_of_a_channel_that_the_registry_no_longer_has_are_refused() -> None:
    ledger, erp = failed(1)
    asked = decision(Selection(status=Status.FAILED), Action.RESYNC, "why")

    async def connect(name: str) -> MemoryErp:
        return erp

    result = asyncio.run(resync(asked, "run", {}, {}, connect, ledger, URSULA, 3))
    assert (result.summary.counts, result.to_send) == ({"refused": 1}, {})


@pytest.mark.parametrize(("number", "seconds"), [(0, 300), (100, 400), (3300, 3600), (100_000, 3600)])
def test_the_time_to_send_a_selection_follows_its_number_up_to_an_hour(number: int, seconds: int) -> None:
    assert time_to_send(number) == timedelta(seconds=seconds)


def test_what_the_time_does_not_suffice_for_is_left_to_the_scheduled_runs_and_said() -> None:
    ledger, erp = failed(1, 2, 3)
    decide(ledger, erp, Action.RESYNC, keys(1, 2, 3))
    validate(ROUTE, ledger, ACTOR)
    slow = Slow(ledger.clock)
    one = Settings(submit_concurrency=1, claim_size=1)
    run = push(ROUTE, slow, ledger, ACTOR, POLICY, one, ledger.clock.monotonic, selection=0)
    summary: Summary = asyncio.run(run)
    assert summary.counts == {"sent": 1, "left_queued": 2}, "no attempt was opened for what is left"
    assert "is sent with the scheduled runs" in str(summary)
    assert send(ledger, erp)["sent"] == 2


class Slow(MemoryErp):
    """An ERP that takes six minutes for an order."""

    async def submit(self, order: Order) -> Receipt:
        self.clock.sleep(minutes=6)
        return await super().submit(order)


def test_nothing_is_decided_twice_in_one_run_and_pages_follow_each_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    module = import_module("order_sync.flows.people.resync")
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "LISTED", 1)
    caplog.set_level(logging.INFO)
    ledger, erp = failed(1, 2, 3)
    decide(ledger, erp, Action.ON_HOLD, keys(1, 2, 3), run="hold")
    result = decide(ledger, erp, Action.RESYNC, keys(1, 2, 3))
    assert result.summary.counts == {"refused": 3}
    assert "2 orders: 2 refused" in caplog.text
    assert "and 2 more" in caplog.text
    assert held(ledger) == [1, 2, 3]


def held(ledger: MemoryLedger) -> Sequence[int]:
    return [int(key.parts[0]) for key, row in ledger.rows.items() if row.status is Status.ON_HOLD]


def test_what_the_erp_quotes_of_an_address_and_what_would_forge_a_line_do_not_come_into_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R178"""
    ledger, erp = failed(1)
    key = transaction(1).key
    said = transaction(1, details='{"ship_to": {"name": "Ann Zebedee"}}')
    ledger.rows[key].transaction, ledger.rows[key].versions = said, [said]
    ledger.rows[key].message = "refused for Zebedee\n\x1b[2Jdone: shop:1"
    caplog.set_level(logging.INFO)
    decide(ledger, erp, Action.RESYNC, keys(1), dry_run=True)
    assert "shop:1 is failed · REJECTED_BY_ERP refused for … [2Jdone: shop:1" in caplog.messages


def test_a_secret_in_an_orders_error_does_not_come_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """R178"""
    ledger, erp = failed(1)
    ledger.rows[transaction(1).key].message = "refused (access_token=zzz9; ask ann@example.com)"
    caplog.set_level(logging.INFO)
    decide(ledger, erp, Action.RESYNC, keys(1), dry_run=True)
    assert "shop:1 is failed · REJECTED_BY_ERP refused (" in caplog.text
    assert "zzz9" not in caplog.text
    assert "example.com" not in caplog.text
