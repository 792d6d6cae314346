"""Where an order is and why, in words: true for every status of the lifecycle and every code of the catalogue."""

from dataclasses import replace

import pytest

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.explain.by_itself import by_itself
from order_sync.core.explain.by_people import decisions
from order_sync.core.explain.manual_entry import manual_entry
from order_sync.core.life.lifecycle import MEANINGS, Status
from order_sync.core.order.model import Problem
from order_sync.core.records.story import DecisionTaken, Step, Story
from tests.core.explain import stories
from tests.core.explain.stories import KEY, LANDED, NOW, ROUTE, RUN, attempt, story
from tests.core.explain.telling import hold, told


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained_with_its_last_error_first(status: Status) -> None:
    """R80, R153, R155"""
    given = story(status, code="UNKNOWN", message="odd", erp_number="SO7", attempts=(attempt(),))
    lines = stories.told(given).splitlines()
    assert lines[0] == f"Order {KEY}"
    assert lines[1] == f"Last error      UNKNOWN, {LANDED:%Y-%m-%d %H:%M} UTC: odd"
    rows = told(given)
    assert rows["Stage"].startswith("extracted by P-0001")
    standing = MEANINGS[status]
    assert rows["Status"].startswith(f"{status} since ")
    assert standing.roll_up == "None" or f"({standing.roll_up}; " in rows["Status"]
    word = "Pending Verification" if standing.report_word == "Queued" else standing.report_word
    assert f"'{word}' in the report" in rows["Status"] or word is None, "it has a receipt"
    assert rows["As of"].endswith("the ERP was not queried for this")


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_is_explained_with_its_meaning_who_mends_it_and_how(code: str) -> None:
    """R79, R82"""
    rows = told(story(Status.FAILED, code=code, message="what the rule said"))
    assert rows["Last error"].startswith(f"{code}, ")
    assert (rows["It means"], rows["Who fixes it"], rows["How"]) == (
        CATALOGUE[code].meaning,
        CATALOGUE[code].fixer,
        CATALOGUE[code].steps if code != "NOT_AUTOMATED" else manual_entry(story(Status.FAILED, code=code)),
    )


def test_a_code_that_this_release_does_not_know_is_told_all_the_same() -> None:
    rows = told(story(Status.FAILED, code="OF_AN_OLDER_RELEASE", message="what it said"))
    assert "OF_AN_OLDER_RELEASE" in rows["Last error"]
    assert rows["It means"] == "This release does not know this code."


def test_several_problems_are_all_told_with_the_advice_for_each_code() -> None:
    """R21"""
    problems = (
        Problem("SKU_NOT_FOUND", "line 1", "A", "SKU 'A' is not in the ERP", "sku:A"),
        Problem("TAX_MAPPING", "tax_code", "X", "tax code 'X' is not in the ERP", "tax:X"),
    )
    rows = told(story(Status.FAILED, code="SKU_NOT_FOUND", message=problems[0].message, problems=problems))
    assert rows["All problems"].splitlines() == [f"{each.code}: {each.message}" for each in problems]
    assert rows["Who fixes it"].splitlines() == ["catalogue", "finance"]
    assert "when the ERP's data for sku:A, tax:X changes" in rows["By itself"]


@pytest.mark.parametrize(
    ("given", "stage"),
    [
        (story(Status.RECEIVED), "extracted by P-0001, not sent by Write Order"),
        (story(attempts=(attempt("not_sent"),)), "extracted by P-0001, not sent by Write Order"),
        (story(Status.FAILED), "extracted by P-0001, not sent by Write Order"),
        (
            story(Status.FAILED, attempts=(attempt("refused"), attempt("refused", 2))),
            "extracted by P-0001, attempted 2 times by Write Order, and failed",
        ),
        (
            story(Status.SENDING, attempts=(attempt(None),)),
            "extracted by P-0001, attempted 1 time by Write Order; not settled yet",
        ),
        (
            story(Status.SUCCEEDED, attempts=(attempt(),)),
            "extracted by P-0001, attempted 1 time by Write Order, and succeeded",
        ),
        (
            story(received_at=NOW, attempts=(attempt("refused"),)),
            "extracted by P-0001, attempted 1 time by Write Order before, but not since it was set back",
        ),
        *(
            (
                story(status, attempts=(attempt("refused"), attempt("unknown", 2, resolution="absent"))),
                "extracted by P-0001, attempted 2 times by Write Order without success",
            )
            for status in (Status.QUEUED, Status.ON_HOLD, Status.IGNORED)
        ),
        (story(Status.SYNCED_MANUALLY), "extracted by P-0001, and marked by a person as in the ERP"),
    ],
)
def test_the_stage_tells_how_far_it_came(given: Story, stage: str) -> None:
    """R10, R41"""
    assert told(given)["Stage"] == stage


def test_the_channels_word_ours_and_the_erps_are_three_separate_facts() -> None:
    """T1, T2"""
    rows = told(story(Status.SENT, erp_number="SO7", erp_status="quotation", attempts=(attempt(),)))
    assert rows["In the channel"].startswith("shop: 'posted', reference W100012, receipt R-9, placed ")
    assert rows["Status"].startswith("sent since ")
    assert rows["In the ERP"] == "tryton: number SO7, 'quotation'; last reported 2026-11-20 10:01 UTC"


def test_a_number_is_told_with_the_company_whose_it_is() -> None:
    north = attempt(receipt_company="North")
    rows = told(story(Status.SENT, erp_number="SO7", erp_company="North", erp_status="quotation", attempts=(north,)))
    assert rows["In the ERP"].startswith("tryton: number SO7 of company North, 'quotation'; ")
    assert "as SO7 of company North ('quotation')" in rows["Attempts"]


def test_an_order_that_a_look_up_did_not_find_is_not_said_to_be_known_there() -> None:
    lost = attempt("unknown", looked_at=NOW, resolution="absent")
    assert told(story(attempts=(lost,)))["In the ERP"] == (
        "tryton: no number, no state is known; a look-up did not find it, 2026-11-20 10:10 UTC"
    )
    again = story(attempts=(lost, attempt(minutes=11)))
    assert "; last reported 2026-11-20 10:11 UTC" in told(again)["In the ERP"]
    late = story(Status.SUCCEEDED, attempts=(lost,), erp_number="SO7", erp_status="processing")
    assert told(late)["In the ERP"] == "tryton: number SO7, 'processing'; last reported 2026-11-20 10:10 UTC"


def test_an_error_that_is_over_is_told_as_the_last_one() -> None:
    refused = attempt("refused", code="TAX_MAPPING", message="for field Taxes")
    step = Step(LANDED, Status.SENDING, "refused", Status.FAILED, RUN, "", "REJECTED_BY_ERP", "an earlier one")
    rows = told(story(history=(step,), attempts=(refused,)))
    assert rows["Last error"] == "none now; the last one was TAX_MAPPING, 2026-11-20 10:01 UTC: for field Taxes"
    assert "It means" not in rows
    assert told(story())["Last error"] == "none"


def test_attempts_and_history_are_told_oldest_first_with_who_and_why() -> None:
    """R183"""
    lost = attempt("unknown", code="OUTCOME_UNKNOWN", message="no answer", resolution="absent")
    by_hand = Step(
        NOW, Status.QUEUED, "put_on_hold", Status.ON_HOLD, "resync_orders/m/x for ursula", "to ask", None, ""
    )
    rows = told(story(Status.ON_HOLD, attempts=(lost, attempt(minutes=5)), history=(*story().history, by_hand)))
    first, second = rows["Attempts"].splitlines()
    assert first == (
        "2026-11-20 10:01:00 to 2026-11-20 10:01:02: the result is not known, OUTCOME_UNKNOWN, a later look-up showed:"
        f" the ERP does not have it: no answer; by {RUN}"
    )
    again = attempt("refused", code="PERIOD_CLOSED", resolution="configuration_suspected")
    assert "PERIOD_CLOSED, withdrawn: other orders" in told(story(attempts=(again,)))["Attempts"]
    assert "off-peak" not in by_itself(story(attempts=(again,)), ROUTE)
    assert "(Pending; 'Queued' in the report)" in told(story(attempts=(again,)))["Status"]
    assert "once it has waited" in told(story(attempts=(replace(again, resolution=None),)))["Status"]
    assert "off-peak" in by_itself(story(attempts=(replace(again, resolution=None),)), ROUTE)
    assert "the ERP took it as SO7 ('quotation')" in second
    assert [line.split(" (")[1].split(")")[0] for line in rows["History"].splitlines()] == [
        "landed",
        "valid",
        "put_on_hold",
    ]
    assert rows["History"].endswith("by resync_orders/m/x for ursula, because: to ask")


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("before_start", ("before the start that the channel had then", "backfill_orders")),
        ("in_erp_before_start", ("the ERP already had it", "nothing here")),
        ("voided", ("When it was last read, it was not an order: voided", "only the channel changes it")),
    ],
)
def test_what_is_no_order_says_why(reason: str, says: tuple[str, str]) -> None:
    given = story(Status.NOT_AN_ORDER, reason=reason)
    assert says[0] in by_itself(given, ROUTE)
    assert says[1] in decisions(given, ROUTE)


def test_an_erased_transaction_from_before_the_start_is_not_said_to_be_brought_in() -> None:
    erased = story(Status.NOT_AN_ORDER, reason="before_start", erased_at=NOW, transaction=None)
    assert told(erased)["People may"] == "nothing; there is nothing to decide"


def test_what_was_set_aside_by_a_later_start_is_not_said_to_have_no_content() -> None:
    said = by_itself(story(Status.NOT_AN_ORDER, reason="before_start"), ROUTE)
    assert "backfill_orders brings it in" in said
    assert "its content is not kept" not in said
    assert "its content is not kept" in by_itself(
        story(Status.NOT_AN_ORDER, reason="before_start", transaction=None), ROUTE
    )


def test_a_return_is_told_with_what_it_means_and_who_books_it() -> None:
    """R79, R82"""
    landed = Step(LANDED, None, "landed", Status.NOT_AN_ORDER, RUN, "", "RETURN_NOT_SUPPORTED", "")
    rows = told(story(Status.NOT_AN_ORDER, reason="RETURN_NOT_SUPPORTED", history=(landed,)))
    known = CATALOGUE["RETURN_NOT_SUPPORTED"]
    assert rows["Last error"] == f"RETURN_NOT_SUPPORTED, 2026-11-20 10:00 UTC: {known.then}"
    assert (rows["It means"], rows["Who fixes it"], rows["How"]) == (known.meaning, known.fixer, known.steps)


def test_no_address_and_no_secret_that_a_text_quotes_stands_in_the_explanation() -> None:
    """R178"""
    said = "bad address '1 High Street' of Ann Other, access_token=zzz9; ask ann@example.com; customer 'C-1'"
    step = Step(LANDED, Status.SENDING, "refused", Status.FAILED, RUN, said, "REJECTED_BY_ERP", said)
    decided = DecisionTaken(LANDED, "resync", "ursula", said, "refused", said)
    problem = Problem("REJECTED_BY_ERP", "ship_to", said, said)
    given = story(
        Status.FAILED,
        code="REJECTED_BY_ERP",
        message=said,
        problems=(problem, problem),
        attempts=(attempt("refused", message=said),),
        history=(step,),
        decisions=(decided,),
        lost=(decided,),
        holds=(replace(hold(), reason=said),),
    )
    text = stories.told(given)
    assert not any(private in text for private in ("High Street", "Other", "zzz9", "example.com"))
    assert "customer 'C-1'" in text, "the desk needs the account to mend the order"
