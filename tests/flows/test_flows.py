"""The flows over a ledger, a channel and an ERP in memory: what each promises when something goes wrong."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.errors import Misconfigured, OrderBusy, Transient
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import Order
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.receipts import Receipt
from order_sync.core.sending.route import Route
from order_sync.core.sending.traits import Guarantee, Proof
from order_sync.core.settings import Settings
from order_sync.core.settling.erp_orders import ErpOrderState
from order_sync.core.settling.verdict import Policy
from order_sync.flows import extract, push, refresh_reference, settle, validate
from tests.memory.channel import DETAILS, MemoryChannel, transaction
from tests.memory.clock import START
from tests.memory.erp import BUSY, MemoryErp, reference
from tests.memory.ledger import MemoryLedger

ROUTE = Route("shop", "erp", datetime(2026, 1, 1, tzinfo=UTC), None)
ACTOR = Actor("test")
POLICY = Policy("unique_key")


def ready(*numbers: int) -> MemoryLedger:
    """A ledger in which these orders are queued."""
    ledger = MemoryLedger(copy=reference())
    extract(ROUTE, MemoryChannel([transaction(number) for number in numbers]), ledger, ACTOR)
    validate(ROUTE, ledger, ACTOR)
    return ledger


def send(ledger: MemoryLedger, erp: MemoryErp, settings: Settings | None = None) -> dict[str, int]:
    run = push(ROUTE, erp, ledger, ACTOR, POLICY, settings or Settings(), ledger.clock.monotonic)
    return asyncio.run(run).counts


def test_every_header_that_was_read_gets_a_disposition() -> None:
    """R10"""
    ledger = MemoryLedger()
    rows = [
        transaction(1),
        transaction(2, not_an_order="voided"),
        transaction(3, expected_lines=2),
        transaction(4, placed_at="2025-12-31T23:59:59+00:00"),
    ]
    extract(ROUTE, MemoryChannel(rows), ledger, ACTOR)
    dispositions = [(row.status, row.reason) for row in ledger.rows.values()]
    assert dispositions == [
        (Status.RECEIVED, ""),
        (Status.NOT_AN_ORDER, "voided"),
        (Status.WAITING, "lines_missing"),
        (Status.NOT_AN_ORDER, "before_start"),
    ]


def test_an_order_placed_exactly_at_the_start_counts() -> None:
    ledger = MemoryLedger()
    extract(ROUTE, MemoryChannel([transaction(1, placed_at="2026-01-01T01:00:00+01:00")]), ledger, ACTOR)
    assert ledger.status() is Status.RECEIVED


def test_a_header_without_its_lines_waits_and_becomes_an_order_when_they_come() -> None:
    ledger, channel = MemoryLedger(), MemoryChannel([transaction(1, expected_lines=2)])
    extract(ROUTE, channel, ledger, ACTOR)
    extract(ROUTE, channel, ledger, ACTOR)
    assert ledger.status() is Status.WAITING
    channel.rows = [transaction(1, expected_lines=2, present_lines=2, digest="complete")]
    extract(ROUTE, channel, ledger, ACTOR)
    assert ledger.status() is Status.RECEIVED


def test_lines_that_never_come_are_a_failure_with_its_own_code() -> None:
    ledger, channel = MemoryLedger(), MemoryChannel([transaction(1, expected_lines=2)])
    extract(ROUTE, channel, ledger, ACTOR)
    ledger.clock.sleep(hours=24)
    extract(ROUTE, channel, ledger, ACTOR)
    row = ledger.rows[transaction(1).key]
    assert (row.status, row.code) == (Status.FAILED, "LINES_MISSING")
    assert "1 of 2 lines" in row.message


def test_another_database_behind_the_channel_stops_the_extract_before_anything_is_read() -> None:
    ledger, channel = MemoryLedger(), MemoryChannel([transaction(1)])
    extract(ROUTE, channel, ledger, ACTOR)
    channel.database, channel.rows = "database 2", [transaction(1, digest="another order")]
    with pytest.raises(Misconfigured):
        extract(ROUTE, channel, ledger, ACTOR)
    assert ledger.rows[transaction(1).key].transaction.digest == "digest 1"


def test_all_problems_of_an_order_are_told_at_once() -> None:
    """R21"""
    bad = transaction(
        1,
        currency="XAF",
        customer_account="C-404",
        total="11.00",
        placed_at="infinity",
        details=DETAILS.replace("TEA", "COFFEE").replace('"ships": false', '"ships": true'),
    )
    ledger = MemoryLedger(copy=reference())
    extract(ROUTE, MemoryChannel([bad]), ledger, ACTOR)
    summary = validate(ROUTE, ledger, ACTOR)
    row = ledger.rows[bad.key]
    assert row.status is Status.FAILED
    assert [problem.code for problem in row.problems] == [
        "FIELD_INVALID",
        "CURRENCY_MAPPING",
        "SKU_NOT_FOUND",
        "CUSTOMER_NOT_FOUND",
        "ADDRESS_MISSING",
    ]
    assert summary.counts["invalid"] == 1


def test_without_any_reference_data_orders_wait_rather_than_fail() -> None:
    ledger = MemoryLedger()
    extract(ROUTE, MemoryChannel([transaction(1)]), ledger, ACTOR)
    with pytest.raises(Transient, match="no copy of the reference data"):
        validate(ROUTE, ledger, ACTOR)
    assert ledger.status() is Status.RECEIVED


def test_a_channel_counts_as_validated_once_all_that_was_read_of_it_has_been_judged() -> None:
    """A report waits for that, since what it stores stays as it is."""
    ledger = MemoryLedger()
    validate(ROUTE, ledger, ACTOR)
    assert ledger.validated == set(), "nothing was read yet"
    extract(ROUTE, MemoryChannel([transaction(1)]), ledger, ACTOR)
    with pytest.raises(Transient):
        validate(ROUTE, ledger, ACTOR)
    assert ledger.validated == set()
    ledger.copy = reference()
    validate(ROUTE, ledger, ACTOR)
    assert ledger.validated == {"shop"}


def test_while_the_erp_is_away_the_last_good_copy_of_the_reference_data_serves_with_its_age() -> None:
    ledger = MemoryLedger(copy=reference(START - timedelta(minutes=20)))
    erp = MemoryErp(ledger.clock, down=True)
    summary = asyncio.run(refresh_reference(ROUTE, erp, ledger, ACTOR, timedelta(minutes=15)))
    assert summary.counts == {"stale": 1}
    assert "20 min old" in summary.notes[0]


def test_without_a_copy_an_erp_that_is_away_is_an_error() -> None:
    ledger = MemoryLedger()
    erp = MemoryErp(ledger.clock, down=True)
    with pytest.raises(Transient):
        asyncio.run(refresh_reference(ROUTE, erp, ledger, ACTOR, timedelta(minutes=15)))


def test_a_fresh_copy_of_the_reference_data_is_not_read_again() -> None:
    ledger = MemoryLedger(copy=reference())
    erp = MemoryErp(ledger.clock, down=True)
    summary = asyncio.run(refresh_reference(ROUTE, erp, ledger, ACTOR, timedelta(minutes=15)))
    assert summary.counts == {}


def test_push_sends_every_queued_order_once() -> None:
    """R44"""
    ledger = ready(*range(1, 101))
    erp = MemoryErp(ledger.clock)
    assert send(ledger, erp) == {"sent": 100}
    assert send(ledger, erp) == {}
    assert len(erp.submits) == len(set(erp.submits)) == 100


def test_an_interrupted_send_is_looked_up_before_it_is_sent_again() -> None:
    """R44, R46"""
    ledger = ready(1)
    erp = MemoryErp(ledger.clock, script=["lost after"])
    assert send(ledger, erp) == {"outcome_unknown": 1}
    ledger.clock.sleep(minutes=16)
    assert send(ledger, erp) == {"confirmed": 1}
    assert len(erp.submits) == 1


def test_an_order_that_the_erp_never_got_is_sent_again_after_the_grace() -> None:
    ledger = ready(1)
    erp = MemoryErp(ledger.clock, script=["lost before"])
    send(ledger, erp)
    assert send(ledger, erp) == {}, "the grace is not over"
    ledger.clock.sleep(minutes=16)
    assert send(ledger, erp) == {"absent": 1, "sent": 1}


def test_an_erp_that_is_away_ends_the_push_and_leaves_the_orders_queued() -> None:
    ledger = ready(*range(1, 51))
    erp = MemoryErp(ledger.clock, script=["fine", "away"])
    with pytest.raises(Transient):
        send(ledger, erp, Settings(submit_concurrency=1))
    assert ledger.counts("shop") == {Status.SENT: 1, Status.QUEUED: 49}
    assert send(ledger, erp) == {"sent": 49}


def test_one_order_that_breaks_the_adapter_does_not_stop_the_others() -> None:
    """R100"""
    ledger = ready(1, 2, 3)
    erp = MemoryErp(ledger.clock, script=["bug"])
    assert send(ledger, erp, Settings(submit_concurrency=1)) == {"outcome_unknown": 1, "sent": 2}


def test_an_order_that_the_erp_is_busy_with_goes_later_and_all_others_go_on() -> None:
    ledger = ready(1, 2, 3)
    erp = MemoryErp(ledger.clock, script=["busy"])
    assert send(ledger, erp, Settings(submit_concurrency=1)) == {"busy": 1, "sent": 2}
    row = ledger.rows[transaction(1).key]
    assert (row.status, row.code, row.message) == (Status.QUEUED, "ORDER_BUSY", "the customer's record is locked")
    assert [event for key, _, event, _, _ in ledger.history if key == transaction(1).key][-1] == Event.NOT_SENT
    assert ledger.in_force == []
    ledger.clock.now += BUSY - timedelta(seconds=1)
    assert "sent" not in send(ledger, erp), "it was asked to wait for longer"
    assert ledger.queued("shop", sent_before=True) == 0
    ledger.clock.sleep(seconds=1)
    assert send(ledger, erp)["sent"] == 1
    assert row.attempts[-1].outcome is Event.RECEIPT


def test_an_order_that_the_erp_is_busy_with_is_not_in_doubt_and_may_be_changed() -> None:
    ledger = ready(1)
    send(ledger, MemoryErp(ledger.clock, script=["busy"]))
    row = ledger.rows[transaction(1).key]
    assert (row.window_ends_at, row.next_look_at, row.tried) == (None, None, False)
    extract(ROUTE, MemoryChannel([transaction(1, digest="new", total="11.00")]), ledger, ACTOR)
    assert ledger.status() is Status.RECEIVED


@pytest.mark.parametrize(
    ("asked", "waits"),
    [(timedelta(0), timedelta(seconds=10)), (timedelta(days=3000), timedelta(days=1))],
)
def test_an_order_that_the_erp_is_busy_with_waits_neither_for_nothing_nor_for_ever(
    asked: timedelta, waits: timedelta
) -> None:
    ledger = ready(1)
    erp = MemoryErp(ledger.clock)

    async def busy(order: Order) -> Receipt:
        raise OrderBusy("a job runs", retry_after=asked)

    erp.submit = busy
    assert send(ledger, erp) == {"busy": 1}
    waited = ledger.rows[transaction(1).key].next_attempt_at - ledger.clock.now
    assert waits <= waited < waits + timedelta(seconds=1)


@pytest.mark.parametrize("guarantee", ["unique_key", "searchable"])
def test_an_order_of_which_the_erp_has_the_header_alone_is_finished_and_no_conflict(guarantee: Guarantee) -> None:
    ledger = ready(1)
    erp = MemoryErp(ledger.clock, guarantee, script=["header alone"])
    send(ledger, erp)
    policy = Policy(guarantee)
    for _ in range(4):
        ledger.clock.sleep(minutes=45)
        asyncio.run(push(ROUTE, erp, ledger, ACTOR, policy, Settings(), ledger.clock.monotonic))
    assert ledger.status() is Status.SUCCEEDED
    assert [(sale.total, sale.header_alone) for sale in erp.sales[transaction(1).key]] == [(Decimal("10.00"), False)]


@pytest.mark.parametrize("proof", ["net", "acceptance"])
def test_an_order_succeeds_by_what_its_erp_can_prove(proof: Proof) -> None:
    ledger = ready(1)
    ledger.rows[transaction(1).key].total = Decimal("11.90")  # what the channel's total is with tax
    erp = MemoryErp(ledger.clock, proof=proof)
    policy = Settings().policy(erp.traits)
    asyncio.run(push(ROUTE, erp, ledger, ACTOR, policy, Settings(), ledger.clock.monotonic))
    ledger.clock.sleep(minutes=5)
    assert asyncio.run(settle(ROUTE, erp, ledger, ACTOR, policy)).counts == {"confirmed": 1}


def test_a_refused_order_is_a_fact_and_no_error() -> None:
    ledger = ready(1, 2)
    erp = MemoryErp(ledger.clock, script=["refused"])
    assert send(ledger, erp, Settings(submit_concurrency=1)) == {"refused": 1, "sent": 1}
    row = ledger.rows[transaction(1).key]
    assert (row.status, row.code, row.message) == (Status.FAILED, "REJECTED_BY_ERP", "no such article")


def test_a_held_connection_is_settled_and_not_sent_to() -> None:
    ledger = ready(1)
    ledger.hold("erp_erp", HoldKind.PERSON, HoldScope.SUBMIT, "stocktaking until noon", Actor(person="ursula"))
    summary = asyncio.run(push(ROUTE, MemoryErp(ledger.clock), ledger, ACTOR, POLICY, Settings()))
    assert "stocktaking until noon" in (summary.held or "")
    assert ledger.status() is Status.QUEUED


def test_nothing_is_sent_that_the_rest_of_the_lease_could_not_finish() -> None:
    ledger = ready(*range(1, 11))
    erp = MemoryErp(ledger.clock)

    async def slowly(order: Order) -> Receipt:
        if len(erp.submits) == 3:
            ledger.clock.sleep(hours=1)
        return await MemoryErp.submit(erp, order)

    erp.submit = slowly
    asyncio.run(_one_turn(ledger, erp))
    assert len(erp.submits) == 4


@pytest.mark.parametrize(("seconds_more", "sent"), [(0, 0), (1, 10)])
def test_no_call_begins_that_might_outlast_the_lease(seconds_more: int, sent: int) -> None:
    settings = Settings()
    ledger = ready(*range(1, 11))
    erp = MemoryErp(ledger.clock, submit_seconds=300)
    longest_submit = timedelta(seconds=300) + POLICY.grace

    async def long(orders: Collection[Order]) -> None:
        ledger.clock.sleep(seconds=(settings.claim_lease - longest_submit).total_seconds() - seconds_more)

    erp.prepare = long
    asyncio.run(_one_turn(ledger, erp))
    assert len(erp.submits) == sent


def test_a_submit_that_outlasts_its_deadline_is_looked_up() -> None:
    """R81"""
    ledger = ready(1)
    erp = MemoryErp(ledger.clock, submit_seconds=0.001)

    async def never(order: Order) -> Receipt:
        receipt = await MemoryErp.submit(erp, order)
        await asyncio.Event().wait()
        return receipt

    erp.submit = never
    assert send(ledger, erp) == {"outcome_unknown": 1}
    ledger.clock.sleep(minutes=16)
    assert send(ledger, erp) == {"confirmed": 1}
    assert len(erp.submits) == 1


async def _one_turn(ledger: MemoryLedger, erp: MemoryErp) -> None:
    original = ledger.claim
    claims = [original("shop", 10, 900, ACTOR)]
    ledger.claim = lambda *_, **__: claims.pop() if claims else original("shop", 0, 900, ACTOR)
    settings = Settings(submit_concurrency=1, push_turn=timedelta(hours=2))
    await push(ROUTE, erp, ledger, ACTOR, POLICY, settings, ledger.clock.monotonic)


def test_nothing_is_sent_to_another_erp_than_the_accepted_one() -> None:
    ledger = ready(1, 2)
    ledger.fingerprints["erp_erp"] = "the production ERP"
    erp = MemoryErp(ledger.clock)
    with pytest.raises(Misconfigured):
        send(ledger, erp)
    assert erp.submits == []
    assert ledger.counts("shop") == {Status.QUEUED: 2}
    assert ledger.in_force == []
    ledger.fingerprints["erp_erp"] = "memory"
    assert send(ledger, erp) == {"sent": 2}, "the claim was given back"


def test_not_being_found_in_another_erp_than_the_accepted_one_proves_nothing() -> None:
    ledger = ready(1)
    erp = MemoryErp(ledger.clock, script=["lost after"])
    send(ledger, erp)
    ledger.clock.sleep(minutes=16)
    ledger.fingerprints["erp_erp"] = "the production ERP"
    with pytest.raises(Misconfigured):
        asyncio.run(settle(ROUTE, MemoryErp(ledger.clock), ledger, ACTOR, POLICY))
    assert ledger.status() is Status.SENDING
    ledger.fingerprints["erp_erp"] = "memory"
    assert asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY)).counts == {"confirmed": 1}


def test_another_erp_behind_the_connection_is_refused_and_its_data_is_not_taken() -> None:
    ledger = MemoryLedger()
    ledger.fingerprints["erp_erp"] = "the production ERP"
    with pytest.raises(Misconfigured):
        asyncio.run(refresh_reference(ROUTE, MemoryErp(ledger.clock), ledger, ACTOR, timedelta(minutes=15)))
    assert ledger.copy is None


def test_an_order_that_the_erp_has_in_a_state_that_nobody_knows_is_looked_at_and_stops_no_other() -> None:
    ledger = ready(1, 2, 3)
    erp = MemoryErp(ledger.clock)
    send(ledger, erp)
    odd = erp.sales[transaction(2).key][0]
    odd.state = ErpOrderState.UNKNOWN
    ledger.clock.sleep(minutes=1)
    assert asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY)).counts == {"confirmed": 2, "still_open": 1}
    ledger.clock.sleep(minutes=30)
    assert send(ledger, erp) == {"window_over": 1}
    row = ledger.rows[transaction(2).key]
    assert (row.status, row.code) == (Status.PENDING_VERIFICATION, "PENDING_VERIFICATION")
    assert "the ERP has it in the state 'unknown', which is no proof" in row.message
    assert len(erp.submits) == 3
    odd.state = ErpOrderState.CONFIRMED
    ledger.clock.sleep(minutes=5)
    assert send(ledger, erp) == {"confirmed": 1}


@pytest.mark.parametrize("guarantee", ["unique_key", "searchable"])
def test_an_order_without_an_answer_that_is_there_in_a_state_that_nobody_knows_is_never_sent_again(
    guarantee: Guarantee,
) -> None:
    ledger = ready(1)
    erp = MemoryErp(ledger.clock, guarantee=guarantee, script=["lost after"])
    send(ledger, erp)
    erp.sales[transaction(1).key][0].state = ErpOrderState.UNKNOWN
    for _ in range(20):
        ledger.clock.sleep(hours=1)
        asyncio.run(settle(ROUTE, erp, ledger, ACTOR, Policy(guarantee)))
        send(ledger, erp)
    assert ledger.status() is Status.PENDING_VERIFICATION
    assert len(erp.submits) == 1
