"""An order is found by what the desk knows of it, and whoever finds none is told what to look at."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from order_sync import flows
from order_sync.core.decisions.selection import Selection
from order_sync.core.errors import Misconfigured
from order_sync.core.intake.findings import Finding, FindingKind
from order_sync.core.intake.watermark import Watermark
from order_sync.core.order.model import OrderKey
from order_sync.core.sending.holds import HoldKind, HoldScope
from order_sync.ledger import Ledger
from tests.ledger.explaining import FACTS, STUCK_AFTER, ask, asked, twins
from tests.ledger.steps import (
    ACTOR,
    Sql,
    fail,
    key,
    land,
    queue,
)


@pytest.mark.parametrize(
    "words", [{"reference": "WEB-1"}, {"receipt": "R-1"}, {"customer_account": "C-9"}, {"key": str(key(1))}]
)
def test_an_order_is_found_by_what_the_desk_knows_of_it(ledger: Ledger, words: Mapping[str, str]) -> None:
    """R5, R6, R7"""
    land(ledger, 1, reference="WEB-1", receipt="R-1", customer_account="C-9")
    land(ledger, 2)
    assert ask(ledger, **words).key == key(1)


@pytest.mark.parametrize("words", [{"reference": "WEB-1"}, {"receipt": "R-1"}, {"customer_account": "C-9"}])
def test_the_twin_that_another_channel_landed_as_no_order_gives_way(ledger: Ledger, words: Mapping[str, str]) -> None:
    """R5, R6, R7"""
    twins(ledger)
    answer = ask(ledger, **words, whole_order=True, escalate=True)
    assert (answer.key, answer.summary.counts) == (key(1), {"found": 1})
    assert answer.page
    assert ask(ledger, key="till:S1/00001").key == OrderKey("till", key(1).parts)


def test_a_number_that_the_channel_has_changed_since_still_finds_its_order(ledger: Ledger) -> None:
    land(ledger, 1, reference="WEB-1")
    land(ledger, 1, digest="b", reference="WEB-2")
    assert ask(ledger, reference="WEB-1").key == key(1)


def test_what_the_report_calls_the_order_finds_it(ledger: Ledger, sql: Sql) -> None:
    """R124"""
    fail(ledger, 1)
    shown = sql.one("select coalesce(nullif(reference, ''), nullif(receipt, ''), order_key) from order_list")
    assert ask(ledger, reference=shown).key == key(1)


def test_of_several_matches_the_newest_are_listed_first_and_none_is_printed(ledger: Ledger, sql: Sql) -> None:
    """R13, R151"""
    land(ledger, 1, 2)
    land(ledger, 3, placed_at="2026-11-21T10:00:00+00:00")
    answer = ask(ledger, customer_account="C-1", at_most=2, whole_order=True)
    assert answer.summary.counts == {"found": 3, "shown": 2}
    assert (answer.key, answer.page) == (None, "")
    head, first, second = answer.text.splitlines()
    assert head.startswith(
        "3 orders match, of which the newest 2 are shown. To see one of them completely, search for it"
    )
    assert "For whole_order name one of them by its key" in head
    assert [str(key(3)) in first, str(key(2)) in second] == [True, True]


def test_without_an_order_it_says_what_to_look_at(ledger: Ledger, sql: Sql) -> None:
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
            "No order matches that",
            "Not extracted",
            f"Last extract    shop: {read_at:%Y-%m-%d %H:%M} UTC, by sync_orders__shop",
            "channel_shop (outage): no route to host",
            "it ends by itself once the system answers again",
            "Starts at       shop: 2026-01-01 00:00 UTC",
            f"Findings        channel_shop: missing {key(8)}, seen ",
        ):
            assert expected in answer.text, expected


def test_an_empty_ledger_and_an_unknown_channel_have_clear_answers(ledger: Ledger) -> None:
    assert "Last extract    shop: never, by sync_orders__shop" in ask(ledger, reference="W1").text
    assert "there is no channel 'shp' in the registry; there is shop" in ask(ledger, key="shp:1").text
    assert "none" in ask(ledger).text.splitlines()


def test_an_order_of_a_channel_that_left_the_registry_is_explained_all_the_same(ledger: Ledger) -> None:
    queue(ledger, 1)
    answer = flows.explain(asked(key=str(key(1))), ledger, {}, FACTS, STUCK_AFTER)
    assert "the channel shop is no longer in the registry" in answer.text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"key": "W100012"}, "^key is not an order key, such as dynamics_web:1/2/3; for a number"),
        ({"key": "shop:1", "reference": "W1", "days": "3"}, "key names one order: leave out reference, days"),
        ({"receipt": "R", "status": "failed"}, "receipt finds single orders: leave out status"),
        ({"status": "broken"}, "status is 'broken': write waiting, not_an_order, .*, or leave it empty"),
        (
            {"code": "NOPE"},
            "code is 'NOPE', which is not a code of the error catalogue: .*docs/errors.md lists them all",
        ),
        ({"channel": "shp"}, "channel is 'shp': write shop, or leave it empty"),
        ({"days": "0"}, "days is '0': write a whole number from 1 to 36500, or leave it empty"),
        ({"days": "²"}, "days is '²'"),
        ({"days": "9" * 5000}, "days is '99999999999999999999': write a whole number from 1 to 36500"),
        ({"at_most": "1001"}, "at_most is '1001': write a whole number from 1 to 1000"),
        ({"whole_order": "True"}, "whole_order prints one order: name its key, reference, receipt or customer_account"),
        ({"status": "x", "days": "y", "whole_order": True}, "whole_order prints.*; status is 'x'.*; days is 'y'"),
    ],
)
def test_what_cannot_be_asked_is_told_with_everything_that_is_wrong(words: Mapping[str, object], says: str) -> None:
    """R173"""
    with pytest.raises(Misconfigured, match=says):
        asked(**words)


def test_what_is_left_out_or_empty_asks_for_nothing() -> None:
    assert asked(key="", reference=None, days=" ") == asked()
    assert asked(code="sku_not_found").code == "SKU_NOT_FOUND"
    assert asked(key=" shop:a/b ").selection == Selection(keys=(OrderKey("shop", ("a", "b")),))
