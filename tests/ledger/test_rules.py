"""The rules that the ledger's statements share: the same as the core's, taken into every plan, and written once."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

import pytest

from order_sync.core.life import evidence
from order_sync.core.order.companies import same_company
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope, stops_sending
from order_sync.ledger.rows import to_json
from order_sync.ledger.statements import statements
from tests.ledger.steps import Sql

EARLY, LATE = (datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (10, 11))
OUTCOMES = (None, "unknown", "receipt", "not_sent", "refused", "refused_too_often", "different")
RESOLUTIONS = (
    *(None, "absent", "confirmed", "half_made", "not_sent", "refused", "refused_too_often"),
    *("resends_spent", "configuration_suspected"),
)
CALLS = {
    "went_out": "went_out(a)",
    "refused": "refused(a)",
    "came_to_nothing": "came_to_nothing(a)",
    "reached": "reached(a)",
    "to_settle": "to_settle(a, clock_timestamp())",
    "claimable": "claimable(o, clock_timestamp())",
    "stuck": "stuck(o, clock_timestamp(), interval '1 hour')",
    "stops_sending": "stops_sending(h, 'shop', 'tryton', 'Ann')",
    "same_company": "same_company(o.channel, o.erp_company, 'shop', 'North')",
}


@dataclass(frozen=True)
class Attempt:
    outcome: str | None
    code: str | None
    resolution: str | None
    closed_at: datetime | None
    looked_at: datetime | None
    resolved_at: datetime | None


TIMES = (None, EARLY, LATE)
ATTEMPTS = [
    Attempt(*each)
    for each in product(OUTCOMES, (None, "CANCELLED_IN_ERP"), RESOLUTIONS, TIMES, TIMES, TIMES)
    if each[3] or each[0] is None
]
"""Whatever may be known of an attempt."""


def test_the_ledger_judges_attempts_as_the_core_does(sql: Sql) -> None:
    answers = sql.rows(
        "select went_out(a), refused(a), came_to_nothing(a), reached(a), to_settle(a, %s)"
        " from jsonb_populate_recordset(null::attempts, %s) a",
        EARLY,
        to_json([each.__dict__ for each in ATTEMPTS]),
    )
    assert answers == [
        (
            evidence.went_out(each),
            evidence.refused(each),
            evidence.came_to_nothing(each),
            evidence.reached(each),
            evidence.to_settle(each, EARLY),
        )
        for each in ATTEMPTS
    ]


@pytest.mark.parametrize("kind", HoldKind)
@pytest.mark.parametrize("scope", HoldScope)
@pytest.mark.parametrize(
    "connection",
    ["erp_tryton", "erp_other", "channel_shop", "channel_other", "distributor_Ann", "distributor_", "distributor_Bob"],
)
def test_the_ledger_judges_holds_as_the_core_does(sql: Sql, connection: str, kind: HoldKind, scope: HoldScope) -> None:
    hold = Hold(connection, kind, scope, "me", "why", EARLY)
    stops = "select stops_sending(h, 'shop', 'tryton', 'Ann') from jsonb_populate_record(null::holds, %s) h"
    given = {"connection": connection, "kind": kind, "scope": scope}
    assert sql.one(stops, to_json(given)) is stops_sending(hold, "shop", "tryton", "Ann")
    assert sql.one(stops, to_json({**given, "released_at": LATE})) is False


def test_the_ledger_judges_companies_as_the_core_does(sql: Sql) -> None:
    every = list(product(("shop", "web"), ("", "North", "South"), repeat=2))
    asked = "select same_company(%s, %s, %s, %s)"
    assert [sql.one(asked, *each) for each in every] == [same_company(*each) for each in every]


@pytest.mark.parametrize("name", CALLS)
def test_a_rule_is_taken_into_the_plan_and_not_called_for_each_row(sql: Sql, name: str) -> None:
    tables = "attempts a, orders o, holds h"
    plan = sql.rows(f"explain (verbose, costs off) select from {tables} where {CALLS[name]}")
    assert not any(re.search(rf"\b{name}\(", line) for (line,) in plan), "\n".join(line for (line,) in plan)


@pytest.mark.parametrize("name", CALLS)
def test_a_rule_is_used(name: str) -> None:
    assert any(f"{name}(" in path.read_text() for path in statements().values())


SPELT_OUT = {
    "an outcome": r"outcome (is distinct from|not in|in) \(?'(not_sent|refused)",
    "a resolution": r"resolution (is distinct from|not in|in) |resolution = '",
    "a claim": r"next_attempt_at <=|lease_until <=",
    "a hold": r"scope = 'submit'",
}
"""What a statement leaves to the rules."""

ALONE = {
    ("store_report_rows", "a resolution"): "an order that waits for the ERP's set-up stands in the report as such",
}
"""What one statement alone asks, and why."""


@pytest.mark.parametrize("what", SPELT_OUT)
def test_no_statement_spells_out_a_rule_that_several_share(what: str) -> None:
    spelt = {name for name, path in statements().items() if re.search(SPELT_OUT[what], path.read_text())}
    assert {(name, what) for name in spelt} == {each for each in ALONE if each[1] == what}
