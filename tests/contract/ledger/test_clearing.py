"""What a ledger hands out to cleared tasks, what it keeps back, and what a run did to its orders."""

from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.life.lifecycle import Event
from order_sync.core.order.model import Problem
from order_sync.core.ports.ledger import Ledger
from order_sync.core.sending.red_runs import FailedInRun
from tests.ledger.steps import (
    ACTOR,
    Seen,
    change,
    claim,
    close,
    fail,
    key,
    land,
    make_due,
    open_all,
    queue,
    send,
    settle,
    validate,
)

CLEARED = Actor("sync_orders__shop/run 1/push", reason="push of run 1 was cleared after try 1")

LATER = replace(CLEARED, reason="push of run 1 was cleared after try 2")


def refuse(ledger: Ledger, *numbers: int, code: str = "REJECTED_BY_ERP") -> None:
    close(ledger, send(ledger, *numbers).entries, Event.REFUSED, code, "no")


def retry(ledger: Ledger, actor: Actor = CLEARED, fewer_than: int = 5) -> int:
    return ledger.retry_refused("shop", "tryton", fewer_than, actor)


def resend(ledger: Ledger, event: Event | None) -> None:
    claimed = claim(ledger)
    assert open_all(ledger, claimed)
    close(ledger, claimed.entries, event, "REJECTED_BY_ERP", "no")


def test_other_channels_orders_are_not_judged_again(ledger: Ledger, seen: Seen) -> None:
    fail(ledger, 1)
    assert ledger.judge_again("other", "tryton", CLEARED) == 0
    assert ledger.judge_again("shop", "other", CLEARED) == 0
    assert seen.status(1) == "failed"


def test_what_people_enter_by_hand_is_not_judged_again(ledger: Ledger, seen: Seen) -> None:
    land(ledger, 1)
    (entry,) = ledger.to_validate("shop", None, 1)
    problems = (Problem("SKU_NOT_FOUND", "line 1", "A", "no"), Problem("NOT_AUTOMATED", "channel", "shop", "by hand"))
    ledger.apply([change(entry, Event.INVALID, code="SKU_NOT_FOUND", problems=problems)], ACTOR)
    assert ledger.judge_again("shop", "tryton", CLEARED) == 0
    assert seen.status(1) == "failed"


def test_what_the_erp_refused_is_queued_again_and_has_its_whole_window(ledger: Ledger, seen: Seen) -> None:
    refuse(ledger, 1, 2)
    seen.let_pass(timedelta(days=1))
    assert retry(ledger) == 2
    assert seen.order(1, "status, code, message") == ("queued", None, "")
    assert seen.events(1)[-1] == "retried"
    resend(ledger, None)
    assert seen.order(1, "window_ends_at")[0] > ledger.now()


def test_one_clear_queues_an_order_again_once(ledger: Ledger) -> None:
    refuse(ledger, 1)
    assert retry(ledger) == 1
    resend(ledger, Event.REFUSED)
    assert retry(ledger) == 0
    assert retry(ledger, LATER) == 1


def test_an_order_is_queued_again_only_below_the_limit_of_refusals(ledger: Ledger) -> None:
    refuse(ledger, 1)
    assert retry(ledger, fewer_than=1) == 0
    assert retry(ledger, fewer_than=2) == 1
    resend(ledger, Event.REFUSED)
    assert retry(ledger, LATER, fewer_than=2) == 0


def test_what_never_reached_the_erp_does_not_speak_against_a_retry(ledger: Ledger) -> None:
    close(ledger, send(ledger, 1).entries, Event.NOT_SENT)
    resend(ledger, Event.REFUSED)
    assert retry(ledger) == 1


@pytest.mark.parametrize("first", [None, Event.RECEIPT])
def test_an_order_of_which_any_attempt_was_in_doubt_is_not_queued_again(
    ledger: Ledger, seen: Seen, first: Event | None
) -> None:
    close(ledger, send(ledger, 1).entries, first)
    settle(ledger, seen, Event.REFUSED, code="REJECTED_BY_ERP")
    assert seen.status(1) == "failed"
    assert retry(ledger) == 0


def test_an_order_that_was_half_made_once_is_not_queued_again(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, seen, Event.HALF_MADE)
    resend(ledger, Event.REFUSED)
    assert retry(ledger) == 0


def test_an_order_that_was_cancelled_in_the_erp_is_not_queued_again(ledger: Ledger) -> None:
    refuse(ledger, 1, code="CANCELLED_IN_ERP")
    assert retry(ledger) == 0


def test_what_the_rules_failed_after_a_refusal_is_not_queued_again_unseen(ledger: Ledger, seen: Seen) -> None:
    refuse(ledger, 1)
    land(ledger, 1, digest="b")
    (entry,) = ledger.to_validate("shop", None, 1)
    problem = Problem("SKU_NOT_FOUND", "line 1", "A", "no")
    ledger.apply([change(entry, Event.INVALID, code=problem.code, problems=(problem,))], ACTOR)
    assert retry(ledger) == 0
    assert ledger.judge_again("shop", "tryton", CLEARED) == 1


def test_one_order_that_is_refused_again_and_again_is_not_five_orders_in_a_row(ledger: Ledger) -> None:
    refuse(ledger, 1)
    for number in range(3):
        retry(ledger, replace(CLEARED, reason=f"{number}"))
        resend(ledger, Event.REFUSED)
    assert ledger.refused_in_a_row("tryton", "REJECTED_BY_ERP", 2) == []
    refuse(ledger, 2)
    assert [each.key for each in ledger.refused_in_a_row("tryton", "REJECTED_BY_ERP", 2)] == [key(1), key(2)]


def test_a_look_is_brought_forward_for_what_the_erp_took_and_not_while_an_answer_is_out(
    ledger: Ledger, seen: Seen
) -> None:
    close(ledger, send(ledger, 1).entries, Event.RECEIPT)
    send(ledger, 2)
    assert ledger.due("shop", 10) == []
    assert ledger.look_now("shop", 10) == 1
    assert [entry.key for entry in ledger.due("shop", 10)] == [key(1)]


def test_an_order_that_nobody_looks_at_any_more_is_looked_at_when_a_person_asks(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, Event.RECEIPT)
    settle(ledger, seen, Event.WINDOW_OVER, next_look_at=None)
    assert ledger.due("shop", 10) == []
    assert ledger.look_now("shop", 10) == 1
    assert len(ledger.due("shop", 10)) == 1


def test_what_was_tried_before_is_claimed_only_if_it_may_be(ledger: Ledger, seen: Seen) -> None:
    close(ledger, send(ledger, 1).entries, None)
    settle(ledger, seen, Event.ABSENT)
    queue(ledger, 2)
    assert ledger.off_peak("shop") == 1
    assert ledger.off_peak("other") == 0
    assert [entry.key for entry in ledger.claim("shop", 10, 900, ACTOR, sent_before=False).entries] == [key(2)]


def test_a_run_counts_what_it_worked_on_and_what_stands_as_it_failed_it(ledger: Ledger, seen: Seen) -> None:
    since = ledger.now() - timedelta(minutes=1)
    fail(ledger, 1, 2)
    refuse(ledger, 3)
    queue(ledger, 4)
    run = "sync_orders__shop/run 1"
    assert ledger.failed_in_run(run, since) == FailedInRun(4, {"SKU_NOT_FOUND": 2, "REJECTED_BY_ERP": 1})
    ledger.judge_again("shop", "tryton", Actor("sync_orders__shop/run 12/validate"))
    validate(ledger)
    assert ledger.failed_in_run(run, since) == FailedInRun(4, {"REJECTED_BY_ERP": 1}), "two of them got well"
    assert ledger.failed_in_run("sync_orders__shop/run 12", since).failed == {}
    assert ledger.failed_in_run("sync_orders__shop/run", since) == FailedInRun(0, {}), "a part of a run's name is none"
    assert ledger.failed_in_run(run, ledger.now()) == FailedInRun(0, {})


def test_what_another_run_failed_is_not_this_runs(ledger: Ledger, seen: Seen) -> None:
    since = ledger.now() - timedelta(minutes=1)
    queue(ledger, 1)
    claimed = ledger.claim("shop", 10, 900, Actor("sync_orders__shop/run 2/push"))
    open_all(ledger, claimed)
    make_due(seen)
    (entry,) = ledger.due("shop", 10)
    ledger.apply([change(entry, Event.REFUSED, code="X")], Actor("sync_orders__shop/run 2/push"))
    assert ledger.failed_in_run("sync_orders__shop/run 1", since) == FailedInRun(1, {})
    assert ledger.failed_in_run("sync_orders__shop/run 2", since) == FailedInRun(1, {"X": 1})
