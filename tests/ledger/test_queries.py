"""Where orders are, asked of a real ledger: stories, the list, its causes, and what to look at if there is none."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from order_sync import flows
from order_sync.core.basics.actor import Actor
from order_sync.core.checks.reference_data import ReferenceData
from order_sync.core.decisions.selection import Selection
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.life.lifecycle import MEANINGS, Event, Status
from order_sync.core.order.model import OrderKey
from order_sync.core.records.story import Filters
from order_sync.core.requests.explain import ExplainRequest
from order_sync.core.requests.request import Known
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.core.sending.route import Route
from order_sync.ledger import Ledger
from order_sync.ledger.statements import statement
from sandbox.postgres import Cluster
from tests.ledger.steps import (
    ACTOR,
    Sql,
    claim,
    close,
    fail,
    filled_ledger,
    key,
    land,
    landing,
    open_all,
    queue,
    send,
    settle,
    validate,
)
from tests.memory.channel import DETAILS

ROUTES = {"shop": Route("shop", "tryton", datetime(2026, 1, 1, tzinfo=UTC), "GUEST")}
PAGE = Path(__file__).parents[2] / "docs" / "explaining.md"
STUCK_AFTER = timedelta(minutes=30)
FACTS = (("order-sync", "0.1"),)


def asked(**words: object) -> ExplainRequest:
    """What the words of a form ask."""
    return ExplainRequest.read(words, Known({"shop": "GUEST"}))


def ask(ledger: Ledger, **words: object) -> flows.ExplainAnswer:
    """The answer to the words of a form."""
    return flows.explain(asked(**words), ledger, ROUTES, FACTS, STUCK_AFTER)


def test_a_story_tells_until_when_an_order_waits_that_the_erp_was_busy_with(ledger: Ledger, sql: Sql):
    close(ledger, send(ledger, 1).entries, Event.NOT_SENT, "ORDER_BUSY", "a job runs")
    sql.do("update orders set next_attempt_at = clock_timestamp() + interval '7 minutes'")
    assert ledger.stories([key(1)])[key(1)].next_attempt_at == sql.order(1, "next_attempt_at")[0]
    assert "The ERP was busy with it" in ask(ledger, key=str(key(1))).text


def test_the_history_tells_what_was_not_checked_since_the_erp_cannot_tell_it(ledger: Ledger):
    land(ledger, 1, details=DETAILS)
    ledger.store_reference("tryton", ReferenceData({}, ledger.now(), knows=frozenset({"country"})), ACTOR)
    flows.validate(ROUTES["shop"], ledger, ACTOR)
    told = "received -> queued (valid): not checked before sending, since the ERP cannot tell: sku, customer, currency"
    text = ask(ledger, key=str(key(1))).text
    assert text.count("not checked before sending") == 1
    assert told in text


def test_a_story_tells_the_whole_way_of_an_order(ledger: Ledger, sql: Sql):
    """R10, R155, R183"""
    close(ledger, send(ledger, 1).entries, Event.RECEIPT)
    settle(ledger, sql, Event.CONFIRMED, erp_status="processing")
    ledger.hold("erp_tryton", HoldKind.PERSON, HoldScope.SUBMIT, "stock-taking", Actor(person="ursula"))
    ledger.hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL, "over", ACTOR)
    ledger.release_hold("channel_shop", None, ACTOR)
    ledger.hold("erp_other", HoldKind.PERSON, HoldScope.SUBMIT, "not ours", Actor(person="ursula"))
    known = ledger.stories([key(1), key(2)])
    assert set(known) == {key(1)}
    story = known[key(1)]
    assert (story.status, story.erp_number, story.erp_status) == (Status.SUCCEEDED, "N00001", "processing")
    assert [step.event for step in story.history] == ["landed", "valid", "attempt_opened", "receipt", "confirmed"]
    (attempt,) = story.attempts
    assert (attempt.outcome, attempt.receipt_number, attempt.resolution) == ("receipt", "N00001", "confirmed")
    assert attempt.looked_at is not None
    assert story.known_to_erp_at == max(filter(None, (attempt.looked_at, attempt.closed_at)))
    assert [hold.reason for hold in story.holds] == ["stock-taking"]
    assert story.transaction is not None
    assert (story.transaction.key, story.transaction.reference) == (key(1), "R-1")
    assert story.as_of.utcoffset() == timedelta(0)
    assert story.tried


def test_a_story_tells_what_people_decided_and_what_a_restore_lost(ledger: Ledger, sql: Sql):
    queue(ledger, 1)
    sql.do(
        "insert into selections (run, action, asked, reason, chosen_by)"
        " values ('r', 'on_hold', '{}', 'to ask', 'ursula')"
    )
    sql.do("insert into selected_orders (selection_id, order_id, outcome) select 1, id, 'done' from orders")
    sql.do("insert into restores (backup_at, looks_from, restored_by, reason) values (now(), now(), 'ada', 'disk')")
    sql.do(
        "insert into lost_decisions values (1, %s, 'ignore', 'ursula', now(), 'a test', null),"
        " (1, %s, 'resync', 'ursula', now(), 'a test', now())",
        *(str(key(1)), str(key(1))),
    )
    story = ledger.stories([key(1)])[key(1)]
    assert [(each.action, each.by, each.reason, each.outcome) for each in story.decisions] == [
        ("on_hold", "ursula", "to ask", "done")
    ]
    assert [each.action for each in story.lost] == ["ignore"]
    text = ask(ledger, key=str(key(1))).text
    assert "on_hold by ursula, because: to ask (done)" in text
    assert "Nothing: a restore of the ledger lost a decision about it" in text


def test_what_the_comparison_saw_in_the_erp_is_in_the_story_until_somebody_looks_again(ledger: Ledger, sql: Sql):
    claimed = send(ledger, 1)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN")
    settle(ledger, sql, Event.WINDOW_OVER)
    ledger.find([Finding("erp_tryton", FindingKind.NOT_DONE, str(key(1)), "in the ERP as SO-1")], ACTOR)
    sighting = ledger.stories([key(1)])[key(1)].sighting
    assert sighting is not None
    assert sighting.detail == "in the ERP as SO-1"
    settle(ledger, sql, None)
    assert ledger.stories([key(1)])[key(1)].sighting is None


def before_start(ledger: Ledger) -> None:
    landed = landing(1, Status.NOT_AN_ORDER)
    kept = type(landed)(landed.transaction, Status.NOT_AN_ORDER, "before_start", landed.placed_at, keep_body=False)
    ledger.record("shop", "tryton", [kept], None, ACTOR)


def to_status(ledger: Ledger, sql: Sql, status: Status) -> None:
    """Bring order 1 into a status, by the calls that do it; a person's are set by hand."""
    ways: dict[Status, Callable[[], Any]] = {
        Status.WAITING: lambda: land(ledger, 1, status=Status.WAITING),
        Status.NOT_AN_ORDER: lambda: before_start(ledger),
        Status.RECEIVED: lambda: land(ledger, 1),
        Status.QUEUED: lambda: queue(ledger, 1),
        Status.FAILED: lambda: fail(ledger, 1),
    }
    if status in ways:
        ways[status]()
        return
    entries = send(ledger, 1).entries
    ends = {
        Status.SENDING: None,
        Status.DEAD: Event.REFUSED_TOO_OFTEN,
        Status.CONFLICT: Event.DIFFERENT,
    }
    if status in ends:
        close(ledger, entries, ends[status], "POISON", "refused by the ERP")
        return
    close(ledger, entries, Event.RECEIPT)
    if status is Status.PENDING_VERIFICATION:
        settle(ledger, sql, Event.WINDOW_OVER, code="PENDING_VERIFICATION", message="not confirmed")
    elif status is not Status.SENT:
        settle(ledger, sql, Event.CONFIRMED)
        sql.do("update orders set status = %s", status)


@pytest.mark.parametrize("status", Status)
def test_an_order_in_whatever_status_is_explained_printed_and_listed(ledger: Ledger, sql: Sql, status: Status):
    """T3, R148, R153"""
    to_status(ledger, sql, status)
    assert sql.status(1) == status
    answer = ask(ledger, key=str(key(1)), whole_order=True, escalate=True)
    assert answer.text.splitlines()[0] == f"Order {key(1)}"
    assert answer.text.splitlines()[1].startswith("Last error ")
    assert f"\nStatus          {status} since 20" in answer.text
    assert "\nSubject: Order Sync Error\n" in answer.text
    assert (answer.key, answer.summary.counts) == (key(1), {"found": 1})
    assert answer.page.splitlines()[0] == f"Order {key(1)}"
    assert str(key(1)) in ask(ledger, status=status).text
    row = sql.rows("select status, roll_up, coalesce(report_word, '') from order_list")
    assert row == [(status, MEANINGS[status].roll_up, MEANINGS[status].report_word or "")]


@pytest.mark.parametrize(
    "words", [{"reference": "WEB-1"}, {"receipt": "R-1"}, {"customer_account": "C-9"}, {"key": str(key(1))}]
)
def test_an_order_is_found_by_what_the_desk_knows_of_it(ledger: Ledger, words: Mapping[str, str]):
    """R5, R6, R7"""
    land(ledger, 1, reference="WEB-1", receipt="R-1", customer_account="C-9")
    land(ledger, 2)
    assert ask(ledger, **words).key == key(1)


def twins(ledger: Ledger) -> None:
    """Two channels read one database: each lands every sale, and what is the other's is no order of it."""
    land(ledger, 1, reference="WEB-1", receipt="R-1", customer_account="C-9")
    of_the_other = landing(1, Status.NOT_AN_ORDER, reference="WEB-1", receipt="R-1", customer_account="C-9")
    said = replace(of_the_other.transaction, key=OrderKey("till", key(1).parts), not_an_order="web_order")
    ledger.record("till", "tryton", [replace(of_the_other, transaction=said, reason="web_order")], None, ACTOR)


@pytest.mark.parametrize("words", [{"reference": "WEB-1"}, {"receipt": "R-1"}, {"customer_account": "C-9"}])
def test_the_twin_that_another_channel_landed_as_no_order_gives_way(ledger: Ledger, words: Mapping[str, str]):
    """R5, R6, R7"""
    twins(ledger)
    answer = ask(ledger, **words, whole_order=True, escalate=True)
    assert (answer.key, answer.summary.counts) == (key(1), {"found": 1})
    assert answer.page
    assert ask(ledger, key="till:S1/00001").key == OrderKey("till", key(1).parts)


def test_a_list_leaves_out_what_is_no_order_unless_it_is_asked_for(ledger: Ledger):
    """R13, R148"""
    twins(ledger)
    assert [row.key.channel for row in ledger.listed(Filters(), 10)] == ["shop"]
    assert ledger.listed(Filters(channel="till"), 10) == []
    asked_for = (Filters(status=Status.NOT_AN_ORDER), Filters(keys=(OrderKey("till", key(1).parts),)))
    assert [[row.key.channel for row in ledger.listed(each, 10)] for each in asked_for] == [["till"]] * 2


def test_a_number_that_the_channel_has_changed_since_still_finds_its_order(ledger: Ledger):
    land(ledger, 1, reference="WEB-1")
    land(ledger, 1, digest="b", reference="WEB-2")
    assert ask(ledger, reference="WEB-1").key == key(1)


def test_what_the_report_calls_the_order_finds_it(ledger: Ledger, sql: Sql):
    """R124"""
    fail(ledger, 1)
    shown = sql.one("select coalesce(nullif(reference, ''), nullif(receipt, ''), order_key) from order_list")
    assert ask(ledger, reference=shown).key == key(1)


def test_of_several_matches_the_newest_are_listed_first_and_none_is_printed(ledger: Ledger, sql: Sql):
    """R13, R151"""
    land(ledger, 1, 2)
    land(ledger, 3, placed_at="2026-11-21T10:00:00+00:00")
    answer = ask(ledger, customer_account="C-1", at_most=2, whole_order=True)
    assert answer.summary.counts == {"found": 3, "shown": 2}
    assert (answer.key, answer.page) == (None, "")
    head, first, second = answer.text.splitlines()
    assert head.startswith("3 orders are meant, of which the newest 2 are shown. To see one of them whole, ask for it")
    assert "For whole_order name one of them by its key" in head
    assert [str(key(3)) in first, str(key(2)) in second] == [True, True]


def test_without_an_order_it_says_what_to_look_at(ledger: Ledger, sql: Sql):
    """R168"""
    ledger.record("shop", "tryton", [], Watermark("db", 7), ACTOR)
    read_at = sql.one("select stored_at from watermarks")
    assert isinstance(read_at, datetime)
    ledger.hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL, "no route to host", ACTOR)
    ledger.find([Finding("channel_shop", FindingKind.MISSING, str(key(8)))], ACTOR)
    for words in ({"key": str(key(9))}, {"reference": "W9"}):
        answer = ask(ledger, **words)
        assert answer.summary.counts == {"found": 0}
        for expected in (
            "No order is meant by that",
            "Not extracted",
            f"Last extract    shop: {read_at:%Y-%m-%d %H:%M} UTC, by sync_orders__shop",
            "channel_shop (outage): no route to host",
            "it ends by itself once the system answers again",
            "Starts at       shop: 2026-01-01 00:00 UTC",
            f"Findings        channel_shop: missing {key(8)}, seen ",
        ):
            assert expected in answer.text, expected


def test_an_empty_ledger_and_an_unknown_channel_have_clear_answers(ledger: Ledger):
    assert "Last extract    shop: never, by sync_orders__shop" in ask(ledger, reference="W1").text
    assert "there is no channel 'shp' in the registry; there is shop" in ask(ledger, key="shp:1").text
    assert "none" in ask(ledger).text.splitlines()


def test_an_order_of_a_channel_that_left_the_registry_is_explained_all_the_same(ledger: Ledger):
    queue(ledger, 1)
    answer = flows.explain(asked(key=str(key(1))), ledger, {}, FACTS, STUCK_AFTER)
    assert "the channel shop is no longer in the registry" in answer.text


@pytest.fixture
def orders(ledger: Ledger, sql: Sql) -> Ledger:
    """Orders 1 to 3 failed, of which 3 with another code; 4 is queued; 5 was placed long ago."""
    fail(ledger, 1, 2, 3)
    queue(ledger, 4)
    land(ledger, 5, placed_at="2026-01-05T10:00:00+00:00")
    sql.do("update orders set code = 'TAX_MAPPING' where order_key = %s", str(key(3)))
    sql.do("update orders set placed_at = clock_timestamp() - interval '1 hour' where order_key <> %s", str(key(5)))
    return ledger


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (Filters(), [4, 3, 2, 1, 5]),
        (Filters(status=Status.FAILED), [3, 2, 1]),
        (Filters(code="SKU_NOT_FOUND"), [2, 1]),
        (Filters(channel="shop"), [4, 3, 2, 1, 5]),
        (Filters(channel="elsewhere"), []),
        (Filters(since=datetime.now(UTC) - timedelta(days=3)), [4, 3, 2, 1]),
        (Filters(status=Status.FAILED, code="TAX_MAPPING", channel="shop"), [3]),
        (Filters(keys=(key(5), key(1))), [1, 5]),
    ],
)
def test_the_list_shows_the_newest_first_and_only_what_meets_the_filters(
    orders: Ledger, sql: Sql, filters: Filters, numbers: list[int]
):
    """R13, R148, R149"""
    sql.do(
        "update orders set placed_at = now() - interval '2 hours' + right(order_key, 1)::int * interval '1 s'"
        " where order_key <> %s",
        str(key(5)),
    )
    assert [row.key for row in orders.listed(filters, 10)] == [key(number) for number in numbers]
    assert [row.key for row in orders.listed(filters, 2)] == [key(number) for number in numbers][:2]


def test_the_causes_are_counted_the_most_frequent_first(orders: Ledger):
    """R85"""
    assert [(cause.code, cause.orders) for cause in orders.causes(Filters(), 10)] == [
        ("SKU_NOT_FOUND", 2),
        ("TAX_MAPPING", 1),
    ]
    assert [cause.code for cause in orders.causes(Filters(code="TAX_MAPPING"), 10)] == ["TAX_MAPPING"]
    assert orders.causes(Filters(channel="elsewhere"), 10) == []
    assert len(orders.causes(Filters(), 1)) == 1


def test_a_list_is_one_text_with_its_filters_orders_and_causes(orders: Ledger):
    """R13, R85, R149"""
    answer = ask(orders, status="failed", days=2, at_most=2, escalate=True)
    lines = answer.text.splitlines()
    assert lines[0] == "Orders (status failed, days 2), the newest 2 first"
    assert [line[0] for line in lines[1:5:2]] == ["!", "!"]
    assert "The most frequent causes among them all" in lines
    assert any(line.split()[:2] == ["2", "SKU_NOT_FOUND,"] for line in lines)
    assert "Subject: Order Sync Error" in lines
    assert "Connections     order_ledger, erp_tryton, channel_shop" in lines
    assert answer.summary.counts == {"shown": 2}


def test_what_the_erp_quotes_of_an_address_is_not_in_the_list(ledger: Ledger, sql: Sql):
    """R178"""
    land(ledger, 1, 2, details='{"lines": [], "ship_to": {"name": "Ann Zebedee", "street": "1 High Street"}}')
    sql.do("update orders set code = 'REJECTED_BY_ERP', message = 'no 1 High Street of Zebedee (token=zzz9)'")
    for words in ({}, {"customer_account": "C-1"}):
        text = ask(ledger, **words).text
        assert text.count("REJECTED_BY_ERP (who fixes it: ERP-admin): no … of … (…") == 2


def test_what_the_erp_quoted_of_an_earlier_address_is_not_in_the_list_either(ledger: Ledger, sql: Sql):
    """R178"""
    land(ledger, 1, details='{"lines": [], "ship_to": {"name": "Ann Zebedee", "street": "1 High Street"}}')
    sql.do("update orders set status = 'on_hold', code = 'REJECTED_BY_ERP', message = 'no 1 High Street of Zebedee'")
    land(ledger, 1, digest="b", details='{"lines": [], "ship_to": {"name": "Bob Yorick", "street": "2 Low Street"}}')
    assert "REJECTED_BY_ERP (who fixes it: ERP-admin): no … of …" in ask(ledger).text


def test_what_dynamics_list_of_transactions_shows_is_in_the_view_under_the_names_of_the_page(ledger: Ledger, sql: Sql):
    """R156"""
    table = PAGE.read_text().partition("| there |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", table.partition("\n")[2])
    columns = {
        name for (name,) in sql.rows("select attname::text from pg_attribute where attrelid = 'order_list'::regclass")
    }
    assert len(named) > 8
    assert set(named) <= columns


def test_explaining_changes_nothing(orders: Ledger, sql: Sql):
    before = sql.content()
    for words in (
        {"key": str(key(1)), "whole_order": True, "escalate": True},
        {"reference": "no"},
        {"status": "failed"},
    ):
        ask(orders, **words)
    assert sql.content() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"key": "W100012"}, "^key is no order key, such as dynamics_web:1/2/3; for the numbers"),
        ({"key": "shop:1", "reference": "W1", "days": "3"}, "key names one order: leave out reference, days"),
        ({"receipt": "R", "status": "failed"}, "receipt finds single orders: leave out status"),
        ({"status": "broken"}, "status is 'broken': write waiting, not_an_order, .*, or nothing"),
        ({"code": "NOPE"}, "code is 'NOPE', which is no code of the error catalogue: .*docs/errors.md lists them all"),
        ({"channel": "shp"}, "channel is 'shp': write shop, or nothing"),
        ({"days": "0"}, "days is '0': write a whole number from 1 to 36500, or nothing"),
        ({"days": "²"}, "days is '²'"),
        ({"days": "9" * 5000}, "days is '99999999999999999999': write a whole number from 1 to 36500"),
        ({"at_most": "1001"}, "at_most is '1001': write a whole number from 1 to 1000"),
        ({"whole_order": "True"}, "whole_order prints one order: name its key, reference, receipt or customer_account"),
        ({"status": "x", "days": "y", "whole_order": True}, "whole_order prints.*; status is 'x'.*; days is 'y'"),
    ],
)
def test_what_cannot_be_asked_is_told_with_everything_that_is_wrong(words: Mapping[str, object], says: str):
    """R173"""
    with pytest.raises(Misconfigured, match=says):
        asked(**words)


def test_what_is_left_out_or_empty_asks_for_nothing():
    assert asked(key="", reference=None, days=" ") == asked()
    assert asked(code="sku_not_found").code == "SKU_NOT_FOUND"
    assert asked(key=" shop:a/b ").selection == Selection(keys=(OrderKey("shop", ("a", "b")),))


@pytest.fixture(scope="module")
def large(cluster: Cluster, migrated: str) -> Iterator[Sql]:
    """A ledger of many orders, most of which are done, to ask for plans."""
    with filled_ledger(cluster, migrated) as (ledger, sql):
        sql.do(
            "insert into orders (order_key, channel, erp, status, digest, erp_number, code, landed_at)"
            " select 'shop:old/' || n, 'shop', 'tryton',"
            "  case when n %% 500 = 0 then 'failed' when n %% 501 = 0 then 'ignored' else 'succeeded' end, '', n,"
            "  case when n %% 500 = 0 then 'SKU_NOT_FOUND' end, now() - n * interval '1 minute'"
            " from generate_series(1, 50000) n"
        )
        sql.do(
            "insert into transactions (order_id, version, digest, source_status, reference, receipt, customer_account,"
            "  distributor, currency, expected_lines, present_lines, details)"
            " select id, 1, '', '', 'W' || id, 'R' || id, 'C' || mod(id, 5000), '', 'EUR', 1, 1, '' from orders"
        )
        queue(ledger, 1)
        sql.do("analyze orders")
        sql.do("analyze transactions")
        yield sql


@pytest.mark.parametrize(
    ("name", "filters", "index"),
    [
        ("read_order_list", {}, "orders_of_day"),
        ("read_order_list", {"channel": "shop"}, "orders_of_day"),
        ("read_order_list", {"status": "failed"}, "orders_open"),
        ("read_order_list", {"code": "SKU_NOT_FOUND"}, "orders_with_a_code"),
        ("read_order_list", {"status": "ignored"}, "orders_set_aside"),
        ("count_causes", {}, "orders_with_a_code"),
    ],
)
def test_the_newest_of_very_many_orders_are_read_from_an_index_and_no_further(
    large: Sql, name: str, filters: dict[str, str], index: str
):
    given = {"keys": None, "status": None, "code": "", "channel": "", "since": None, "limit": 50, **filters}
    plan = [line for (line,) in large.connection.execute(f"explain (costs off) {statement(name)}", given)]  # type: ignore[arg-type]
    text = "\n".join(plan)
    assert f"using {index} on" in text or f"Scan on {index}" in text, text
    assert "Seq Scan on orders" not in text, text


@pytest.mark.parametrize("known", ["reference", "receipt", "customer_account"])
def test_one_among_very_many_orders_is_found_by_an_index(large: Sql, known: str):
    """R5, R6, R7"""
    nothing = dict.fromkeys(("keys", "status", "start", "end"))
    words = dict.fromkeys(("channel", "code", "reference", "receipt", "customer_account", "short_reference"), "")
    given = {**nothing, **words, known: "W77", "limit": 50}
    query = f"explain (costs off) {statement('choose_orders')}"
    plan = [line for (line,) in large.connection.execute(query, given)]  # type: ignore[arg-type]
    text = "\n".join(plan)
    assert f"Scan using transactions_{known} on" in text or f"Scan on transactions_{known}" in text, text
    assert "Seq Scan" not in text, text


def test_a_story_is_read_by_indexes_alone(large: Sql):
    with large.connection.transaction():
        large.do("set local enable_seqscan = off")
        plan = [
            line
            for (line,) in large.connection.execute(
                f"explain (costs off) {statement('read_stories')}",  # type: ignore[arg-type]
                {"keys": [str(key(1)), "shop:old/7"]},
            )
        ]
    assert not any("Seq Scan" in line for line in plan), "\n".join(plan)


def test_a_push_at_work_and_an_attempt_without_an_answer_are_told(ledger: Ledger):
    """R46"""
    queue(ledger, 1)
    claimed = claim(ledger)
    assert "A push has claimed it and is at work" in ask(ledger, key=str(key(1))).text
    open_all(ledger, claimed)
    close(ledger, claimed.entries, None, "OUTCOME_UNKNOWN", "no answer within 30 seconds")
    answer = ask(ledger, key=str(key(1)), whole_order=True)
    assert answer.text.splitlines()[1].startswith("Last error      OUTCOME_UNKNOWN, ")
    assert "how it ended is not known, OUTCOME_UNKNOWN: no answer within 30 seconds" in answer.text
    assert "DO NOT enter it now: it may be in the ERP already" in answer.page
    land(ledger, 2)
    validate(ledger)
    assert "DO NOT" not in ask(ledger, key=str(key(2)), whole_order=True).page


RESTORED = (
    "insert into restores (backup_at, looks_from, restored_by, reason)"
    " values (clock_timestamp(), clock_timestamp(), 'ada', 'disk')"
)
LOST = "insert into lost_decisions values (1, %s, 'ignore', 'ursula', now(), 'a test', null)"


def test_after_a_restore_the_page_forbids_what_the_lost_ledger_may_have_sent(ledger: Ledger, sql: Sql):
    """R96, R44"""
    queue(ledger, 1)
    sql.do(RESTORED)
    ledger.hold("channel_shop", HoldKind.RESTORE, HoldScope.SUBMIT, "restored", ACTOR)
    answer = ask(ledger, key=str(key(1)), whole_order=True)
    assert "once the orders were looked up and the lost decisions are confirmed" in answer.text
    assert "DO NOT enter it now: it may be in the ERP already" in answer.page
    assert "looked up" in ask(ledger, reference="W9").text


def test_the_attempt_that_a_restore_puts_on_record_is_not_counted_as_one(ledger: Ledger, sql: Sql):
    queue(ledger, 1)
    sql.do(RESTORED)
    ledger.doubt("shop", 1800.0, ACTOR)
    answer = ask(ledger, key=str(key(1)), whole_order=True)
    assert sql.one("select count(*) from attempts") == 1
    assert "maybe sent by a ledger that was lost" in answer.text
    assert "DO NOT enter it now" in answer.page
    assert [row.attempts for row in ledger.listed(Filters(), 10)] == [0]


def test_a_lost_decision_about_an_order_that_is_finished_is_not_to_be_taken_again(ledger: Ledger, sql: Sql):
    close(ledger, send(ledger, 1).entries, Event.RECEIPT)
    sql.do(RESTORED)
    sql.do(LOST, str(key(1)))
    assert [each.action for each in ledger.stories([key(1)])[key(1)].lost] == ["ignore"]
    settle(ledger, sql, Event.CONFIRMED)
    assert ledger.stories([key(1)])[key(1)].lost == ()


def test_an_order_that_the_erp_has_begun_is_not_keyed_in(ledger: Ledger, sql: Sql):
    """R44"""
    close(ledger, send(ledger, 1).entries, None, "OUTCOME_UNKNOWN", "no answer")
    settle(ledger, sql, Event.HALF_MADE, erp_number="SO9", erp_status="draft")
    assert "DO NOT enter it now" in ask(ledger, key=str(key(1)), whole_order=True).page


def test_an_erased_order_is_told_as_one(ledger: Ledger, sql: Sql):
    fail(ledger, 1)
    sql.do("update orders set status = 'ignored', customer_account = null, problems = '[]', erased_at = now()")
    answer = ask(ledger, key=str(key(1)), whole_order=True)
    assert "By itself       Nothing is sent: its content was erased." in answer.text
    assert "People may      mark_as_synced, with the DAG resync_orders" in answer.text
    assert "DO NOT enter it: its content was erased." in answer.page
