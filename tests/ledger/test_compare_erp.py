"""The comparison with the ERP lists what was never sent, and finds what has changed there since."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.basics.calendar_days import Window
from order_sync.core.errors import Transient
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.sending.holds import HoldKind
from order_sync.core.settling.erp_orders import ErpOrderState, ListedOrder
from order_sync.flows import compare_erp, settle
from order_sync.ledger import Ledger
from tests.ledger.flowing import POLICY, ROUTE, confirm, queue, send
from tests.ledger.steps import ACTOR, Sql, make_due
from tests.memory.channel import MemoryChannel, transaction
from tests.memory.clock import Clock
from tests.memory.erp import MemoryErp, Sale


# Beside the ERP
def test_an_order_in_the_erp_that_was_never_sent_is_listed_and_not_touched(ledger: Ledger, erp: MemoryErp) -> None:
    channel = MemoryChannel([transaction(1), transaction(2)])
    queue(ledger, erp, channel)
    send(ledger, erp)
    stranger = Sale(ErpOrderState.CONFIRMED, transaction(9).total, "EUR", erp.clock.now, "SO9")  # type: ignore[arg-type]
    erp.sales[transaction(9).key] = [stranger]
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 3, "never_sent": 1}
    assert ledger.untold(["erp_erp"]) == [Finding("erp_erp", FindingKind.NEVER_SENT, "SO9", "shop:9")]
    assert erp.sales[transaction(9).key] == [stranger]
    assert len(erp.submits) == 2


@pytest.mark.parametrize(
    ("happened", "event", "code"),
    [("cancelled", "cancelled_in_erp", "CANCELLED_IN_ERP"), ("doubled", "two_in_erp", "ORDER_CONFLICT")],
)
def test_an_order_that_is_done_and_was_cancelled_or_doubled_in_the_erp_is_a_conflict(
    ledger: Ledger, erp: MemoryErp, sql: Sql, happened: str, event: str, code: str
) -> None:
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    (sale,) = erp.sales[transaction(1).key]
    if happened == "cancelled":
        sale.state = ErpOrderState.CANCELLED
    else:
        erp.sales[transaction(1).key].append(replace(sale, number="SO2"))
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts[event] == 1
    assert sql.rows("select status, code from orders") == [("conflict", code)]
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts.get(event) is None


@pytest.mark.parametrize("then", ["", "North"])
def test_an_order_of_before_companies_were_told_is_no_other_one_in_the_erp_now(
    ledger: Ledger, erp: MemoryErp, sql: Sql, then: str
) -> None:
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    erp.company = "North"
    sql.do("update orders set erp_company = %s", then)
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1}
    erp.sales[transaction(1).key][0].state = ErpOrderState.CANCELLED
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts["cancelled_in_erp"] == 1


def test_an_order_under_its_number_in_another_company_is_a_second_one(ledger: Ledger, erp: MemoryErp, sql: Sql) -> None:
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    erp.company = "South"
    sql.do("update orders set erp_company = 'North'")
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts["two_in_erp"] == 1
    assert "more than once: SO1 of company North, SO1 of company South" in str(sql.one("select message from orders"))


def given_up(sql: Sql, status: str) -> None:
    """The order was sent and not found, and stands like this since."""
    sql.do("update orders set status = %s, next_look_at = null, lease_until = null", status)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        *((status, "mark this order as synced") for status in ("failed", "dead", "ignored", "on_hold", "conflict")),
        ("cancelled_at_source", "the channel cancelled it: cancel it in the ERP too"),
        ("not_an_order", "in the channel it is not an order"),
        ("waiting", "not all of its lines are here"),
        *((status, "it may be sent a second time") for status in ("received", "queued")),
        *((status, "no look-up has settled it for more than a day") for status in ("sent", "pending_verification")),
    ],
)
def test_an_order_that_lives_in_the_erp_and_is_not_done_here_is_a_finding_whatever_its_status(
    ledger: Ledger, erp: MemoryErp, sql: Sql, status: str, says: str
) -> None:
    erp.confirms_after = timedelta(days=9)
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    given_up(sql, status)
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1, "not_done": 1}
    (finding,) = ledger.untold(["erp_erp"])
    assert (finding.kind, finding.subject) == (FindingKind.NOT_DONE, "shop:1")
    assert finding.detail.startswith(f"in the ERP as SO1, here {status}: ")
    assert says in finding.detail
    assert sql.one("select status from orders") == status
    (sale,) = erp.sales[transaction(1).key]
    sale.state = ErpOrderState.CANCELLED
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1}


@pytest.mark.parametrize("outcome", [[], ["lost after"], ["half-made"]])
def test_what_is_still_to_be_looked_up_is_no_finding(
    ledger: Ledger, erp: MemoryErp, sql: Sql, outcome: list[str]
) -> None:
    erp.confirms_after, erp.script = timedelta(days=9), outcome
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1}


def test_what_was_begun_in_the_erp_and_is_to_be_finished_by_the_next_push_is_no_finding(
    ledger: Ledger, erp: MemoryErp, sql: Sql
) -> None:
    erp.script = ["half-made"]
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    make_due(sql)
    asyncio.run(settle(ROUTE, erp, ledger, ACTOR, POLICY))
    assert ledger.counts("shop") == {"queued": 1}
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1}


@pytest.mark.parametrize("status", ["failed", "dead"])
def test_an_order_that_was_given_up_and_that_the_erp_confirms_late_has_succeeded(
    ledger: Ledger, erp: MemoryErp, sql: Sql, status: str
) -> None:
    erp.script = ["lost after"]
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    given_up(sql, status)
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1, "confirmed": 1}
    assert sql.rows("select status, erp_number, code from orders") == [("succeeded", "SO1", None)]
    assert ledger.untold(["erp_erp"]) == []


@pytest.mark.parametrize("changed", ["edited in the ERP", "another version here"])
def test_an_order_that_was_given_up_and_is_another_one_in_the_erp_has_not(
    ledger: Ledger, erp: MemoryErp, sql: Sql, changed: str
) -> None:
    erp.script = ["lost after"]
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    given_up(sql, "failed")
    if changed == "edited in the ERP":
        erp.sales[transaction(1).key][0].total += 1
    else:
        sql.do("update orders set first_attempt_at = null")
    assert asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR)).counts == {"compared": 1, "not_done": 1}


class LateErp(MemoryErp):
    """An ERP whose window holds only what was made last."""

    async def orders(self, channel: str, window: Window) -> Sequence[ListedOrder]:
        return (await super().orders(channel, window))[-1:]


@pytest.mark.parametrize(
    ("state", "status"), [(ErpOrderState.CANCELLED, "succeeded"), (ErpOrderState.HALF_MADE, "conflict")]
)
def test_an_order_that_is_done_is_compared_by_its_number_also_when_it_was_made_before_the_window(
    ledger: Ledger, sql: Sql, state: ErpOrderState, status: str
) -> None:
    """Somebody copied it: a copy that was cancelled at once does no harm, and one that lives is a second order."""
    erp = LateErp(Clock(), confirms_after=timedelta(0))
    queue(ledger, erp, MemoryChannel([transaction(1)]))
    send(ledger, erp)
    confirm(ledger, erp, sql)
    (sale,) = erp.sales[transaction(1).key]
    erp.sales[transaction(1).key].append(replace(sale, number="SO2", state=state))
    asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR))
    assert sql.one("select status from orders") == status


def test_an_erp_that_is_away_is_held_and_the_comparison_fails_by_that(ledger: Ledger, erp: MemoryErp) -> None:
    erp.down = True
    with pytest.raises(Transient):
        asyncio.run(compare_erp(ROUTE, erp, ledger, ACTOR))
    assert [hold.kind for hold in ledger.holds(["erp_erp"])] == [HoldKind.OUTAGE]
