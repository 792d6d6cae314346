"""What comes of an erased order later brings nothing of it back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from order_sync.core.basics.actor import Actor
from order_sync.core.basics.calendar_days import Window
from order_sync.core.decisions.decision import decide
from order_sync.core.decisions.selection import Action
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.records.restoring import LostDecision, Restore
from order_sync.ledger import Ledger
from tests.ledger.erasing.marked import MARK, Build, Erase, found, of, put, rows, succeed
from tests.ledger.steps import (
    ACTOR,
    ALL,
    Sql,
    close,
    key,
    land,
    landing,
    send,
)

# It stays erased
AGAIN = "Yvonne"
"""What the channel says later."""


def again(ledger: Ledger, status: Status = Status.RECEIVED, digest: str = "z", **changes: object) -> dict[str, int]:
    """Read the order again, with other content."""
    said = dict.fromkeys(("reference", "receipt", "customer_account", "delivery_date", "details"), AGAIN)
    return land(ledger, 1, status=status, digest=digest, **{**said, **changes})


@pytest.mark.parametrize("status", ["succeeded", "synced_manually", "ignored"])
@pytest.mark.parametrize("landed", [Status.RECEIVED, Status.NOT_AN_ORDER, Status.WAITING])
def test_a_change_of_an_erased_order_is_noted_and_its_digest_alone_is_kept(
    ledger: Ledger, sql: Sql, do: Erase, status: str, landed: Status
) -> None:
    land(ledger, 1)
    put(sql, 1, status)
    do(of(1))
    assert again(ledger, landed)["changed"] == 1
    assert found(sql, AGAIN) == {}
    assert sql.order(1, "status, digest, version") == (status, "z", 2)
    assert sql.rows("select version, digest from transactions order by version") == [(1, "a"), (2, "z")]
    assert sql.events(1)[-2:] == ["erased", "changed_once_erased"]
    assert again(ledger, landed)["unchanged"] == 1


def test_an_order_that_was_none_when_it_was_erased_is_a_conflict_without_content(
    ledger: Ledger, sql: Sql, do: Erase
) -> None:
    land(ledger, 1, status=Status.NOT_AN_ORDER)
    do(of(1))
    again(ledger, Status.NOT_AN_ORDER)
    assert sql.status(1) == "not_an_order"
    assert again(ledger, digest="y")["conflict"] == 1
    assert sql.status(1) == "conflict"
    assert "which was none when its content was erased: a person" in str(sql.order(1, "message"))
    assert again(ledger, digest="x")["conflict"] == 0
    assert found(sql, AGAIN) == {}


def test_a_reason_that_somebody_gives_after_the_erasure_ends_with_its_selection(
    ledger: Ledger, sql: Sql, do: Erase
) -> None:
    land(ledger, 1, status=Status.NOT_AN_ORDER)
    do(of(1))
    again(ledger)
    ada = Actor("resync_orders/run 2/decide", person="ada", reason=f"{MARK} rang")
    selection = ledger.select("run 2", Action.IGNORE, {"reason": ada.reason}, [key(1)], ada)
    decided = {each.key: (each, decide(Action.IGNORE, each, "", "")) for each in ledger.selected(selection, 0, ALL)}
    assert not ledger.decide(selection, decided, ada)  # type: ignore[arg-type]
    assert sql.rows("select by, why from order_history where event = 'ignored'") == [(ada.by, "")]
    assert found(sql) == {"selections": {"asked", "reason"}}, "until its time is over"
    ledger.empty_selections(before=ledger.now())
    assert found(sql) == {}


def test_a_lost_decision_about_an_erased_order_is_remembered_without_its_reason(
    ledger: Ledger, sql: Sql, do: Erase
) -> None:
    succeed(ledger, sql, 1)
    do(of(1))
    sql.do("insert into restores (backup_at, looks_from, restored_by, reason) values (now(), now(), 'ada', 'disk')")
    lost = [LostDecision(each, Action.IGNORE, "ada", ledger.now(), f"{MARK} rang") for each in (key(1), key(2))]
    ledger.lose(Restore(1, ledger.now(), ledger.now(), ledger.now(), is_new=True), lost)
    rows = sql.rows("select order_key, reason from lost_decisions order by order_key")
    assert rows == [(str(key(1)), ""), (str(key(2)), f"{MARK} rang")]


@pytest.mark.parametrize("status", ["succeeded", "ignored", "not_an_order"])
def test_another_order_under_an_erased_key_of_a_rebuilt_database_is_a_conflict(
    ledger: Ledger, sql: Sql, do: Erase, status: str
) -> None:
    ledger.check_fingerprint("channel_shop", "one")
    land(ledger, 1)
    put(sql, 1, status)
    do(of(1))
    ledger.accept_fingerprint("channel_shop", "two", Actor(person="Ada", reason="rebuilt"))
    assert again(ledger)["conflict"] == 1
    assert found(sql, AGAIN) == {}


def test_a_comparison_says_nothing_of_an_erased_order(ledger: Ledger, sql: Sql, do: Erase) -> None:
    succeed(ledger, sql, 1, 2)
    do(of(1, 2))
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    comparison = ledger.compare("shop", window, [[(key(1), "a")]])
    assert (comparison.missing, comparison.changed, comparison.gone) == ([], [], [])


def test_what_was_placed_before_the_start_and_is_erased_is_not_brought_in(ledger: Ledger, sql: Sql, do: Erase) -> None:
    before_start = replace(landing(1, Status.NOT_AN_ORDER), reason="before_start", keep_body=False)
    ledger.record("shop", "tryton", [before_start], None, ACTOR)
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    assert ledger.before_start("shop", window, 10, 0) == [key(1)]
    do(of(1))
    assert ledger.before_start("shop", window, 10, 0) == []
    assert ledger.backfill("shop", [landing(1, reference=AGAIN)], [], ACTOR) == 0
    assert found(sql, AGAIN) == {}


def test_an_answer_that_comes_after_the_erasure_is_kept_without_its_words(ledger: Ledger, sql: Sql, do: Erase) -> None:
    claimed = send(ledger, 1)
    put(sql, 1, "synced_manually")
    do(of(1))
    close(ledger, claimed.entries, Event.REFUSED, "REJECTED_BY_ERP", f"{MARK} is blocked")
    assert sql.rows("select outcome, code, message from attempts") == [("refused", "REJECTED_BY_ERP", "")]


def test_a_report_that_is_built_after_the_erasure_shows_that_there_was_an_order(
    ledger: Ledger, sql: Sql, do: Erase, build: Build
) -> None:
    succeed(ledger, sql, 1, 2)
    do(of(1))
    assert rows(build().path) == [
        ["R-2", "usrt", "C-1", "2026-11-25", "2026-11-20 10:00", "Successful"],
        ["erased", "usrt", "", "2026-11-25", "2026-11-20 10:00", "Successful"],
    ]
