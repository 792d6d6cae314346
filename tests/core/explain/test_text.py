"""Where an order is and why, in words: true for every status of the lifecycle and every code of the catalogue."""

from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.catalogue import CATALOGUE
from order_sync.core.explain.by_itself import by_itself, how_it_ends
from order_sync.core.explain.by_people import decisions, for_support
from order_sync.core.explain.manual_entry import keying_in
from order_sync.core.life.lifecycle import IN_DOUBT, MEANINGS, TRANSITIONS, Event, Status, Who, allowed
from order_sync.core.order.model import GUEST_ACCOUNT, Problem
from order_sync.core.records.story import DECISIONS, Attempt, DecisionTaken, Sighting, Step, Story
from order_sync.core.sending.holds import Hold, HoldKind, HoldScope
from tests.core.explain import stories
from tests.core.explain.stories import KEY, LANDED, NOW, ROUTE, RUN, STUCK_AFTER, TRANSACTION, attempt, story


def told(given: Story) -> dict[str, str]:
    """The explanation's rows by name, each with the lines that go on below it."""
    rows: dict[str, str] = {}
    name = ""
    for line in stories.told(given).splitlines()[1:]:
        name = line[:16].strip() or name
        rows[name] = f"{rows[name]}\n{line[16:]}" if name in rows else line[16:]
    return rows


def hold(connection: str = "erp_tryton", kind: HoldKind = HoldKind.PERSON, scope: HoldScope = HoldScope.SUBMIT) -> Hold:
    return Hold(connection, kind, scope, "hold_connection/manual/hold_connection for ursula", "stock-taking", LANDED)


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained_with_its_last_error_first(status: Status):
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
    assert rows["As of"].endswith("the ERP was not asked for this")


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_is_explained_with_its_meaning_who_mends_it_and_how(code: str):
    """R79, R82"""
    rows = told(story(Status.FAILED, code=code, message="what the rule said"))
    assert rows["Last error"].startswith(f"{code}, ")
    assert (rows["It means"], rows["Who fixes it"], rows["How"]) == (
        CATALOGUE[code].meaning,
        CATALOGUE[code].fixer,
        CATALOGUE[code].steps if code != "NOT_AUTOMATED" else keying_in(story(Status.FAILED, code=code)),
    )


def test_a_code_that_this_release_does_not_know_is_told_all_the_same():
    rows = told(story(Status.FAILED, code="OF_AN_OLDER_RELEASE", message="what it said"))
    assert "OF_AN_OLDER_RELEASE" in rows["Last error"]
    assert rows["It means"] == "This release does not know this code."


def test_several_problems_are_all_told_with_the_advice_for_each_code():
    """R21"""
    problems = (
        Problem("SKU_NOT_FOUND", "line 1", "A", "SKU 'A' is not in the ERP", "sku:A"),
        Problem("TAX_MAPPING", "tax_code", "X", "tax code 'X' is not in the ERP", "tax:X"),
    )
    rows = told(story(Status.FAILED, code="SKU_NOT_FOUND", message=problems[0].message, problems=problems))
    assert rows["All problems"].splitlines() == [f"{each.code}: {each.message}" for each in problems]
    assert rows["Who fixes it"].splitlines() == ["catalogue", "finance"]
    assert "when the ERP's data of sku:A, tax:X changes" in rows["By itself"]


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
            "extracted by P-0001, attempted 1 time by Write Order before, and not since it was set back",
        ),
        *(
            (
                story(status, attempts=(attempt("refused"), attempt("unknown", 2, resolution="absent"))),
                "extracted by P-0001, attempted 2 times by Write Order without success",
            )
            for status in (Status.QUEUED, Status.ON_HOLD, Status.IGNORED)
        ),
        (story(Status.SYNCED_MANUALLY), "extracted by P-0001, and in the ERP by a person's word"),
    ],
)
def test_the_stage_tells_how_far_it_came(given: Story, stage: str):
    """R10, R41"""
    assert told(given)["Stage"] == stage


def test_the_channels_word_ours_and_the_erps_are_three_separate_facts():
    """T1, T2"""
    rows = told(story(Status.SENT, erp_number="SO7", erp_status="quotation", attempts=(attempt(),)))
    assert rows["In the channel"].startswith("shop: 'posted', reference W100012, receipt R-9, placed ")
    assert rows["Status"].startswith("sent since ")
    assert rows["In the ERP"] == "tryton: number SO7, 'quotation'; last heard of 2026-11-20 10:01 UTC"


def test_a_number_is_told_with_the_company_whose_it_is():
    north = attempt(receipt_company="North")
    rows = told(story(Status.SENT, erp_number="SO7", erp_company="North", erp_status="quotation", attempts=(north,)))
    assert rows["In the ERP"].startswith("tryton: number SO7 of company North, 'quotation'; ")
    assert "as SO7 of company North ('quotation')" in rows["Attempts"]


def test_an_order_that_a_look_up_did_not_find_is_not_said_to_be_known_there():
    lost = attempt("unknown", looked_at=NOW, resolution="absent")
    assert told(story(attempts=(lost,)))["In the ERP"] == (
        "tryton: no number, no state is known; a look-up did not find it, 2026-11-20 10:10 UTC"
    )
    again = story(attempts=(lost, attempt(minutes=11)))
    assert "; last heard of 2026-11-20 10:11 UTC" in told(again)["In the ERP"]
    late = story(Status.SUCCEEDED, attempts=(lost,), erp_number="SO7", erp_status="processing")
    assert told(late)["In the ERP"] == "tryton: number SO7, 'processing'; last heard of 2026-11-20 10:10 UTC"


def test_an_error_that_is_over_is_told_as_the_last_one():
    refused = attempt("refused", code="TAX_MAPPING", message="for field Taxes")
    step = Step(LANDED, Status.SENDING, "refused", Status.FAILED, RUN, "", "REJECTED_BY_ERP", "an earlier one")
    rows = told(story(history=(step,), attempts=(refused,)))
    assert rows["Last error"] == "none now; the last one was TAX_MAPPING, 2026-11-20 10:01 UTC: for field Taxes"
    assert "It means" not in rows
    assert told(story())["Last error"] == "none"


def test_attempts_and_history_are_told_oldest_first_with_who_and_why():
    """R183"""
    lost = attempt("unknown", code="OUTCOME_UNKNOWN", message="no answer", resolution="absent")
    by_hand = Step(
        NOW, Status.QUEUED, "put_on_hold", Status.ON_HOLD, "resync_orders/m/x for ursula", "to ask", None, ""
    )
    rows = told(story(Status.ON_HOLD, attempts=(lost, attempt(minutes=5)), history=(*story().history, by_hand)))
    first, second = rows["Attempts"].splitlines()
    assert first == (
        "2026-11-20 10:01:00 to 2026-11-20 10:01:02: how it ended is not known, OUTCOME_UNKNOWN, a look-up said later:"
        f" the ERP does not have it: no answer; by {RUN}"
    )
    again = attempt("refused", code="PERIOD_CLOSED", resolution="configuration_suspected")
    assert "PERIOD_CLOSED, taken back, since" in told(story(attempts=(again,)))["Attempts"]
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


NOBODY_MOVES = {
    status
    for status in Status
    if not any(
        row.from_status is status and row.to_status is not status and row.who in (Who.RULES, Who.PUSH, Who.SETTLE)
        for row in TRANSITIONS
    )
}


@pytest.mark.parametrize("status", Status)
def test_what_no_rule_and_no_push_and_no_look_moves_is_said_to_stay(status: Status):
    given_up = (Status.FAILED, Status.DEAD, Status.CONFLICT, Status.SUCCEEDED, Status.SYNCED_MANUALLY)
    stays = by_itself(story(status, next_look_at=NOW), ROUTE).startswith("Nothing")
    assert stays == (status in NOBODY_MOVES or status in given_up)


@pytest.mark.parametrize("status", IN_DOUBT)
def test_an_order_in_doubt_is_looked_up_and_never_said_to_be_sent(status: Status):
    ends = NOW + timedelta(minutes=21)
    look = story(status, next_look_at=NOW + timedelta(minutes=5), window_ends_at=ends)
    assert "looked up in the ERP at 2026-11-20 10:15 UTC or soon after" in by_itself(look, ROUTE)
    due = story(status, next_look_at=NOW, window_ends_at=ends)
    assert "with the next push or reconcile of sync_orders__shop: the look is due" in by_itself(due, ROUTE)
    assert "sends it" not in by_itself(look, ROUTE)
    away = story(
        status, next_look_at=NOW, window_ends_at=ends, holds=(hold(kind=HoldKind.OUTAGE, scope=HoldScope.ALL),)
    )
    assert "no run looks" in by_itself(away, ROUTE)


def test_looks_that_have_ended_leave_it_to_a_person():
    assert by_itself(story(Status.PENDING_VERIFICATION), ROUTE).endswith("looking has ended. A person decides.")


@pytest.mark.parametrize(
    ("held", "waits"),
    [
        (hold(), True),
        (hold(kind=HoldKind.OUTAGE, scope=HoldScope.ALL), True),
        (hold("channel_shop"), True),
        (hold("channel_shop", HoldKind.FIRST_RUN), True),
        (hold("distributor_usrt", HoldKind.SWITCHED_OFF), True),
        (hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL), False),
    ],
)
def test_a_queued_order_waits_for_the_holds_that_stop_a_claim_and_for_no_others(held: Hold, waits: bool):
    said = by_itself(story(holds=(held,)), ROUTE)
    assert said.startswith(f"It waits for the end of the hold on {held.connection}") == waits
    assert ("is not read while" in said) == (not waits)


def test_what_keeps_a_queued_order_is_told():
    lost = DecisionTaken(LANDED, "ignore", "ursula", "a test", None, "")
    assert "somebody decides" in by_itself(story(lost=(lost,)), ROUTE)
    claimed = story(leased_until=NOW + timedelta(minutes=5), leased_by=RUN)
    assert by_itself(claimed, ROUTE).startswith(f"A push has claimed it and is at work ({RUN})")
    assert by_itself(story(leased_until=NOW, leased_by=RUN), ROUTE).startswith("The next push of sync_orders__shop")
    assert "no longer in the registry" in by_itself(story(), None)
    busy = story(next_attempt_at=NOW + timedelta(minutes=5), code="ORDER_BUSY", attempts=(attempt("not_sent"),))
    then = f"{NOW + timedelta(minutes=5):%Y-%m-%d %H:%M} UTC"
    assert by_itself(busy, ROUTE).startswith(
        f"The ERP was busy with it: the first push of sync_orders__shop after {then}"
    )
    assert by_itself(story(next_attempt_at=NOW), ROUTE).startswith("The next push of sync_orders__shop")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "It is validated again when the ERP's data of sku:A changes."),
        ({"attempts": (attempt("not_sent"),)}, "It is validated again when the ERP's data of sku:A changes."),
        ({"attempts": (attempt("refused"),)}, "Nothing is sent by itself."),
        (
            {"attempts": (attempt("refused", cured_by=("sku:B",)),)},
            "It is validated again when the ERP's data of sku:B changes.",
        ),
        ({"attempts": (attempt("unknown"), attempt("refused", 2, cured_by=("sku:B",)))}, "Nothing is sent by itself."),
    ],
)
def test_only_an_order_that_the_erp_surely_does_not_have_is_said_to_be_validated_again(
    changes: dict[str, object], says: str
):
    problem = Problem("SKU_NOT_FOUND", "line 1", "A", "SKU 'A' is not in the ERP", "sku:A")
    given = story(Status.FAILED, code=problem.code, problems=(problem,), **changes)
    assert by_itself(given, ROUTE).startswith(says)
    guest = Problem("CUSTOMER_NOT_FOUND", "customer_account", "", "a guest's order", GUEST_ACCOUNT)
    assert by_itself(story(Status.FAILED, problems=(guest,)), ROUTE).startswith(
        "It is validated again when the channel has a guest account in the registry. "
    )
    many = tuple(Problem("SKU_NOT_FOUND", "line", "A", "no", f"sku:{number:03}") for number in range(12))
    assert "sku:008, sku:009 and 2 more changes." in by_itself(story(Status.FAILED, problems=many), ROUTE)
    entered = Problem("NOT_AUTOMATED", "channel", "shop", "by hand")
    assert by_itself(story(Status.FAILED, problems=(problem, entered)), ROUTE).startswith("Nothing is sent")


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.NOT_AN_ORDER])
def test_people_may_what_the_lifecycle_lets_them(status: Status):
    events = {row.event for row in TRANSITIONS if row.from_status is status and row.who is Who.PERSON}
    may = {action for action, event in DECISIONS.items() if event in events}
    assert {
        each for each in DECISIONS if each in decisions(story(status), ROUTE).partition(", with")[0].split(", ")
    } == may


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("before_start", ("before the start that the channel had then", "backfill_orders")),
        ("in_erp_before_start", ("the ERP had it already", "nothing here")),
        ("voided", ("when it was read last it was none: voided", "only the channel changes it")),
    ],
)
def test_what_is_no_order_says_why(reason: str, says: tuple[str, str]):
    given = story(Status.NOT_AN_ORDER, reason=reason)
    assert says[0] in by_itself(given, ROUTE)
    assert says[1] in decisions(given, ROUTE)


RESENT = Step(
    LANDED + timedelta(minutes=3),
    Status.FAILED,
    Event.RESYNC,
    Status.RECEIVED,
    "resync_orders/m/x for ursula",
    "again",
    None,
    "",
)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (story(Status.DEAD), "as often as is allowed"),
        (
            story(Status.FAILED, history=(RESENT,), attempts=(attempt("refused"), attempt("refused", 5))),
            "tried again and failed again",
        ),
        (story(received_at=NOW - timedelta(minutes=31)), "waited unsent since 2026-11-20 09:39 UTC"),
        (
            story(
                received_at=NOW - timedelta(minutes=31),
                holds=(hold("channel_shop", HoldKind.OUTAGE, HoldScope.ALL),),
            ),
            "no hold explains it",
        ),
        (
            story(Status.PENDING_VERIFICATION, window_ends_at=NOW - timedelta(hours=25)),
            "not confirmed it for more than a day",
        ),
    ],
)
def test_what_does_not_get_through_goes_to_support_and_says_why(given: Story, why: str):
    """R99, R170, R171"""
    assert why in (for_support(given, ROUTE, STUCK_AFTER) or "")
    assert told(given)["Support"].startswith("Hand it over under the subject 'Order Sync Error'")


@pytest.mark.parametrize(
    "given",
    [
        story(),
        story(received_at=NOW - timedelta(hours=9), holds=(hold(),)),
        story(Status.FAILED, attempts=(attempt("refused"),)),
        story(Status.FAILED, history=(RESENT,), attempts=(attempt("not_sent"), attempt("refused", 5))),
        story(Status.FAILED, history=(RESENT,), attempts=(attempt("refused", 5),)),
        story(as_of=NOW + timedelta(hours=3), attempts=(attempt("unknown", resolution="absent"),)),
        story(Status.PENDING_VERIFICATION, window_ends_at=NOW - timedelta(hours=23)),
        story(Status.SUCCEEDED, attempts=(attempt(),), history=(RESENT,)),
    ],
)
def test_what_may_still_mend_itself_or_was_not_tried_again_does_not_go_to_support(given: Story):
    assert for_support(given, ROUTE, STUCK_AFTER) is None
    assert "Support" not in told(given)


@pytest.mark.parametrize("status", Status)
def test_an_order_that_the_erp_may_have_or_may_yet_get_is_never_to_be_keyed_in_as_it_stands(status: Status):
    """R96, R44"""
    says = keying_in(story(status, erp_number="SO7"))
    free = {Status.ON_HOLD, Status.IGNORED}
    first = {Status.RECEIVED, Status.QUEUED, Status.FAILED, Status.DEAD}
    assert says.startswith("Give the ERP's order the external reference") == (status in free)
    assert says.startswith("FIRST put it on hold") == (status in first)
    assert says.startswith("DO NOT enter it") == (status not in free | first)
    assert status not in first or allowed(status, Event.PUT_ON_HOLD), "it must be possible to do as is said"
    assert status not in free or allowed(status, Event.MARKED_AS_SYNCED)


def test_an_attempt_without_an_answer_forbids_keying_in_whatever_the_status():
    for status in (Status.QUEUED, Status.FAILED, Status.ON_HOLD, Status.IGNORED):
        assert keying_in(story(status, attempts=(attempt("unknown"),))).startswith("DO NOT enter it now")
    settled = attempt("unknown", resolution="absent")
    assert keying_in(story(Status.ON_HOLD, attempts=(settled,))).startswith("Give the ERP's order")


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.DEAD, Status.CONFLICT, Status.ON_HOLD, Status.IGNORED, Status.CANCELLED_AT_SOURCE]
)
def test_what_the_comparison_saw_in_the_erp_is_told_instead_of_what_was_believed_before(status: Status):
    settled = attempt("unknown", resolution="absent", looked_at=LANDED + timedelta(minutes=5))
    seen = Sighting(NOW, f"in the ERP as SO7, here {status}: compare the two")
    given = story(status, attempts=(settled,), sighting=seen)
    rows = told(given)
    assert rows["In the ERP"].endswith(f"compare_orders saw it 2026-11-20 10:10 UTC, {seen.detail}")
    assert "But the ERP had it 2026-11-20 10:10 UTC" in rows["By itself"]
    assert keying_in(given).startswith("DO NOT enter it: compare_orders saw it")


LOST = DecisionTaken(LANDED, "mark_as_synced", "ursula", "keyed in as SO9", None, "")
OF_A_RESTORE = attempt("unknown", generation=-1, code="OUTCOME_UNKNOWN", message="the ledger was restored")


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.QUEUED, Status.FAILED, Status.ON_HOLD, Status.IGNORED])
@pytest.mark.parametrize(
    "changes",
    [
        {"attempts": (attempt("receipt", looked_at=NOW),), "received_at": NOW},
        {"attempts": (attempt("unknown", resolution="half_made"),)},
        {"attempts": (attempt("unknown", resolution="resends_spent"),), "erp_number": "SO7"},
        {"attempts": (OF_A_RESTORE,)},
        {"attempts": (attempt("receipt", resolution="absent", resolved_at=LANDED),)},
        {"attempts": (attempt("unknown", resolution="absent", resolved_at=LANDED, looked_at=NOW),)},
        {"doubted": True},
    ],
)
def test_what_no_look_up_has_found_to_be_missing_in_the_erp_is_never_to_be_keyed_in(
    status: Status, changes: dict[str, object]
):
    """R96, R44"""
    assert keying_in(story(status, **changes)).startswith("DO NOT enter it now: it may be in the ERP already")


@pytest.mark.parametrize(
    "settled",
    [attempt("not_sent"), *(attempt("unknown", resolution=said) for said in ("absent", "resends_spent"))],
)
def test_what_the_erp_does_not_have_may_be_keyed_in(settled: Attempt):
    assert keying_in(story(Status.ON_HOLD, attempts=(settled,))).startswith("Give the ERP's order")


@pytest.mark.parametrize(
    "refused",
    [attempt("refused"), attempt("refused_too_often"), attempt("unknown", resolution="refused")],
)
def test_of_what_the_erp_refused_a_draft_is_looked_for_there_before_it_is_keyed_in(refused: Attempt):
    """R96, R44"""
    says = keying_in(story(Status.FAILED, attempts=(refused, attempt("not_sent", 5))))
    assert says.startswith("FIRST put it on hold (DAG resync_orders, on_hold): it may be sent by itself otherwise. ")
    assert f" Look in the ERP for the external reference {KEY}: it refused the order and may have kept" in says
    assert says.endswith("(DAG resync_orders, mark_as_synced), so that it is never sent.")
    assert keying_in(story(Status.ON_HOLD, attempts=(refused,))).startswith("Look in the ERP for the external")


@pytest.mark.parametrize("status", [Status.FAILED, Status.ON_HOLD, Status.IGNORED, Status.RECEIVED])
def test_an_order_of_which_lines_are_missing_is_not_keyed_in(status: Status):
    """R96"""
    lacking = replace(TRANSACTION, present_lines=1)
    says = keying_in(story(status, code="LINES_MISSING", transaction=lacking))
    assert says == "DO NOT enter it: not all of its lines are there yet."


def test_a_lost_decision_forbids_keying_in_and_is_told_with_who_decided_it():
    says = keying_in(story(Status.ON_HOLD, lost=(LOST,)))
    assert says.startswith("DO NOT enter it now: the ledger was restored")
    assert "mark_as_synced by ursula at 2026-11-20 10:00 UTC" in says


@pytest.mark.parametrize(
    "given",
    [
        story(Status.FAILED, code="CANCELLED_IN_ERP", erp_number="SO7"),
        story(Status.CONFLICT, code="CANCELLED_IN_ERP", erp_number="SO7"),
        story(Status.ON_HOLD, attempts=(attempt(resolution="cancelled_in_erp"),), erp_number="SO7"),
        story(Status.ON_HOLD, attempts=(attempt("refused", code="CANCELLED_IN_ERP"),), erp_number="SO7"),
        story(Status.QUEUED, attempts=(attempt("refused", code="CANCELLED_IN_ERP"),), erp_number="SO7"),
    ],
)
def test_what_is_cancelled_in_the_erp_keeps_its_key_there_and_is_opened_again_rather_than_keyed_in(given: Story):
    says = keying_in(given)
    assert says.startswith("DO NOT enter it: the ERP has it as SO7, where it was cancelled, and that one keeps")
    if given.code:
        assert "resync (with its ERP number)" in decisions(given, ROUTE)


def test_an_erased_order_can_only_be_marked_or_ignored():
    """R102"""
    erased = story(Status.CONFLICT, code="ORDER_CONFLICT", erased_at=NOW)
    rows = told(erased)
    assert rows["Last error"].endswith("its text was erased on 2026-11-20")
    assert rows["By itself"] == "Nothing is sent: its content was erased."
    assert rows["People may"] == "mark_as_synced, ignore, with the DAG resync_orders"
    assert keying_in(erased) == "DO NOT enter it: its content was erased."


def test_an_erased_transaction_from_before_the_start_is_not_said_to_be_brought_in():
    erased = story(Status.NOT_AN_ORDER, reason="before_start", erased_at=NOW, transaction=None)
    assert told(erased)["People may"] == "nothing; there is nothing to decide"


def test_what_was_set_aside_by_a_later_start_is_not_said_to_have_no_content():
    said = by_itself(story(Status.NOT_AN_ORDER, reason="before_start"), ROUTE)
    assert "backfill_orders brings it in" in said
    assert "nothing is kept" not in said
    assert "nothing is kept" in by_itself(story(Status.NOT_AN_ORDER, reason="before_start", transaction=None), ROUTE)


def test_a_return_is_told_with_what_it_means_and_who_books_it():
    """R79, R82"""
    landed = Step(LANDED, None, "landed", Status.NOT_AN_ORDER, RUN, "", "RETURN_NOT_SUPPORTED", "")
    rows = told(story(Status.NOT_AN_ORDER, reason="RETURN_NOT_SUPPORTED", history=(landed,)))
    known = CATALOGUE["RETURN_NOT_SUPPORTED"]
    assert rows["Last error"] == f"RETURN_NOT_SUPPORTED, 2026-11-20 10:00 UTC: {known.then}"
    assert (rows["It means"], rows["Who fixes it"], rows["How"]) == (known.meaning, known.fixer, known.steps)


@pytest.mark.parametrize("changes", [{"doubted": True}, {"lost": (LOST,)}, {"attempts": (OF_A_RESTORE,)}, {}])
def test_whoever_enters_a_channels_orders_by_hand_is_told_what_to_do_before_and_after(changes: dict[str, object]):
    """R62, R96"""
    given = story(Status.FAILED, code="NOT_AUTOMATED", message="by hand", **changes)
    assert told(given)["How"] == keying_in(given)
    assert told(given)["How"].startswith("DO NOT enter it now" if changes else "Give the ERP's order the external")


def test_nobody_is_told_to_resync_what_people_enter_by_hand():
    """R62"""
    by_hand = replace(ROUTE, by_hand="a team enters them")
    given = story(Status.FAILED, code="NOT_AUTOMATED")
    assert "resync," in decisions(given, ROUTE)
    assert decisions(given, by_hand).startswith("mark_as_synced, ")


def test_what_a_lost_ledger_may_have_sent_is_looked_up_first_and_is_no_attempt_of_this_one():
    assert "looks it up in the ERP first" in by_itself(story(doubted=True), ROUTE)
    doubted = story(attempts=(OF_A_RESTORE,))
    assert not doubted.tried
    assert told(doubted)["Stage"] == "extracted by P-0001, and maybe sent by a ledger that was lost"
    assert told(story(doubted=True))["Stage"] == told(doubted)["Stage"]
    found = replace(doubted, status=Status.SUCCEEDED)
    assert told(found)["Stage"] == "extracted by P-0001, found in the ERP, and succeeded"


@pytest.mark.parametrize("kind", HoldKind)
def test_every_kind_of_hold_is_told_with_how_it_ends(kind: HoldKind):
    held = hold("channel_shop", kind)
    assert told(story(holds=(held,)))["On hold"] == f"{held}; {how_it_ends(held)}"


def test_an_order_of_a_channel_that_people_serve_is_keyed_in_without_a_hold():
    """R62"""
    assert keying_in(story(Status.FAILED, code="NOT_AUTOMATED")).startswith(
        f"Give the ERP's order the external reference {KEY}"
    )


def test_no_address_and_no_secret_that_a_text_quotes_stands_in_the_explanation():
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
