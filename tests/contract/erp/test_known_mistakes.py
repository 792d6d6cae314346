"""The suite names each known mistake of an adapter, and takes what an ERP does in its own way."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from order_sync import registry
from tests.contract.erp import (
    test_cancelled,
    test_listing,
    test_look_up,
    test_lost_answers,
    test_reference_data,
    test_refusals,
    test_second_submit,
    test_submit,
    test_trouble,
)
from tests.contract.erp.asking import doubled, twice_as_many
from tests.contract.erp_subject import Subject
from tests.contract.wrong_erps import answering, bearing, listing, looking_up, reference_data, submitting
from tests.contract.wrong_erps.adapter import Wrong
from tests.support.samples import some

there_once = test_submit.test_a_submitted_order_is_there_once_with_its_number_and_its_money
lost = test_lost_answers.test_an_order_whose_answers_were_lost_is_in_doubt_and_found_and_finished_once
garbled = (
    test_lost_answers.test_an_order_in_the_place_of_whose_answers_a_page_came_is_in_doubt_and_found_and_finished_once
)
conflict = partial(
    test_second_submit.test_another_order_under_a_taken_key_is_a_conflict_and_changes_nothing, changed=doubled
)
cancelled = test_cancelled.test_a_cancelled_order_is_found_as_cancelled
gone = test_cancelled.test_a_cancelled_order_is_counted_no_more_and_listed_as_cancelled
listed = test_listing.test_the_orders_of_a_window_are_listed_with_the_keys_that_they_bear
begun = partial(test_lost_answers.test_trouble_of_the_system_once_an_order_is_begun_leaves_it_in_doubt, status=401)
numbered = test_listing.test_an_order_is_found_by_its_number_with_the_key_that_it_bears_if_any
revived = test_cancelled.test_a_cancelled_order_is_opened_again_by_its_name_and_finished_by_a_submit
begun_or_whole = test_listing.test_an_order_is_told_as_begun_by_its_number_as_long_as_it_is_half_made
only_named = test_cancelled.test_only_the_named_cancelled_order_of_this_key_and_content_is_opened_again
refusal = test_refusals.test_a_refusal_has_a_known_code_and_no_people_in_it
good_order = test_reference_data.test_the_reference_data_answers_whatever_the_rules_ask_of_a_good_order
only_asked = test_reference_data.test_reference_data_is_told_of_the_codes_that_were_asked_for_and_of_no_other
unreachable = partial(test_trouble.test_an_erp_that_cannot_be_reached_is_trouble_of_the_system, call="submit")
broken = partial(test_lost_answers.test_a_failure_in_which_the_erp_itself_says_nothing_refuses_no_order, status=500)
pages = test_look_up.test_every_order_under_a_key_is_found_however_many_pages_they_fill
asked_once = partial(test_trouble.test_a_question_whose_answer_got_lost_once_is_asked_again, call="look_up")

MISTAKES: dict[type[Wrong], tuple[Callable[..., Awaitable[None]], str]] = {
    submitting.PromisesTooMuch: (
        test_second_submit.test_a_second_submit_of_a_key_makes_no_second_order,
        "a second submit of a key made a second order",
    ),
    looking_up.TakesTheHeaderForAnother: (lost, "is not compared with what it should be"),
    looking_up.TakesTheHeaderForTheOrder: (lost, "what is begun is not finished|told as taken|the total is"),
    submitting.GivesANumberOfNothing: (there_once, "one order more is counted as 0"),
    looking_up.TellsTheTotalWithTax: (there_once, "not the order's, to the cent"),
    looking_up.TellsNoTotal: (there_once, "the total is no Decimal"),
    answering.DropsTheReason: (refusal, "is no OrderRefused"),
    answering.TakesEveryFailureForARefusal: (broken, "without a word of the ERP is taken for more"),
    answering.HasNoPatience: (
        test_trouble.test_a_submit_that_is_asked_to_wait_for_a_moment_waits_by_itself_and_makes_one_order,
        "a moment's wait is trouble",
    ),
    answering.AsksAgainAtOnce: (
        test_trouble.test_a_submit_that_is_asked_to_wait_for_a_moment_waits_by_itself_and_makes_one_order,
        "is asked again after",
    ),
    answering.ForgetsForHowLong: (
        partial(test_trouble.test_an_erp_that_asks_to_wait_for_long_is_asked_again_only_then, call="look_up"),
        "does not say for how long",
    ),
    answering.AsksOnce: (asked_once, "one lost answer is trouble"),
    looking_up.RemembersWhatIsMissing: (
        test_look_up.test_an_order_that_was_looked_for_in_vain_is_found_once_it_is_there,
        "stays unfound",
    ),
    submitting.TakesLagForAbsence: (
        test_second_submit.test_a_second_submit_of_a_key_makes_no_second_order,
        "a second submit of a key made a second order",
    ),
    looking_up.LosesItsWayByNumber: (
        test_look_up.test_a_look_up_that_knows_the_number_finds_the_same_order,
        "leads a look-up astray",
    ),
    looking_up.ReadsOnePage: (pages, "the look-up finds"),
    reference_data.ChecksDifferently: (
        test_reference_data.test_a_check_says_which_erp_this_is_the_same_every_time,
        "two checks of one ERP differ",
    ),
    reference_data.CountsInFractions: (good_order, "in per cent"),
    reference_data.ForgetsCustomers: (good_order, "the reference data lacks customer"),
    reference_data.KnowsStatesAndTellsNone: (good_order, "the reference data lacks state"),
    reference_data.ForgetsACodeThatWasAskedFor: (good_order, "the reference data lacks sku"),
    reference_data.TellsWhatNobodyAskedFor: (only_asked, "alone, it answers"),
    reference_data.AsksForEachCode: (test_reference_data.test_hundreds_of_codes_are_asked_for_in_bulk, "not in bulk"),
    reference_data.DatesTheReadingsEnd: (
        test_reference_data.test_the_reference_data_is_as_of_before_its_reading_began,
        "before the reading began",
    ),
    reference_data.TellsLocalTime: (
        test_reference_data.test_the_reference_data_is_as_of_an_instant_in_utc,
        "an instant in UTC",
    ),
    submitting.SendsWhilePreparing: (test_submit.test_prepare_creates_no_order, "prepare makes an order"),
    submitting.AcceptsAKeyTwice: (
        test_second_submit.test_a_second_submit_of_a_key_makes_no_second_order,
        "made a second order",
    ),
    submitting.BeginsAnewInsteadOfResuming: (lost, "taking an order up again made a second one"),
    submitting.AdoptsWhateverIsThere: (conflict, "is no OrderConflict"),
    submitting.AdoptsWhateverCostsTheSame: (partial(conflict, changed=twice_as_many), "is no OrderConflict"),
    submitting.FinishesWhateverIsBegun: (
        partial(test_second_submit.test_an_order_that_is_begun_is_finished_as_no_other_one, changed=doubled),
        "begun and finished as another one",
    ),
    answering.CallsItBusyOnceItIsStored: (lost, "a submit swallows a lost answer"),
    submitting.TakesNoTime: (test_submit.test_a_submit_has_the_time_that_it_needs, "longer than the 0 s of its traits"),
    submitting.LeavesChargesOut: (test_submit.test_charges_arrive_with_the_lines, "a charge is left out"),
    submitting.GivesNoNumber: (there_once, "the receipt has no number"),
    submitting.SendsInAnotherCurrency: (there_once, "in another currency"),
    answering.TakesSilenceForAReceipt: (lost, "a submit swallows a lost answer"),
    answering.TakesSilenceForAnOutage: (lost, "a submit swallows a lost answer"),
    answering.TakesSilenceForARefusal: (
        test_lost_answers.test_an_answer_that_comes_too_late_is_an_unknown_outcome,
        "a submit swallows a time-out",
    ),
    answering.ForgetsWhatIsBegun: (begun, "once an order is begun leaves no doubt"),
    answering.SwallowsRefusals: (refusal, "is no OrderRefused"),
    answering.CallsTroubleARefusal: (unreachable, "is not Transient"),
    answering.GossipsInRefusals: (refusal, "names people or places"),
    answering.InventsCodes: (refusal, "is not in the catalogue"),
    looking_up.MissesWhatIsHalfMade: (lost, "the ERP holds 1 orders and the look-up finds 0"),
    looking_up.TakesHalfMadeForTaken: (lost, "it is told as taken, and stays so"),
    looking_up.MissesWhatIsCancelled: (cancelled, "misses a cancelled order"),
    looking_up.TakesCancelledForTaken: (cancelled, "a cancelled order is told as taken"),
    submitting.TakesACancelledOrderForDone: (
        test_cancelled.test_a_second_submit_of_a_cancelled_order_is_no_success_and_makes_it_alive_for_nobody,
        "a submit of a cancelled order succeeds",
    ),
    reference_data.SellsNothing: (good_order, "a good order's is true"),
    looking_up.ComparesNoLines: (lost, "is not compared"),
    looking_up.FindsAllLinesTheSame: (lost, "other lines is taken for the same"),
    looking_up.ReadsMoneyAsFloat: (there_once, "money must never be a float"),
    looking_up.RoundsTotals: (there_once, "not the order's, to the cent"),
    looking_up.TellsNoCurrency: (there_once, "in another currency"),
    looking_up.ConfirmsAtOnceAndForNothing: (
        test_submit.test_a_submitted_order_is_confirmed_in_the_end_with_the_same_money,
        "confirmed over other money",
    ),
    answering.TakesAPageForAnOutage: (garbled, "a submit swallows a lost answer"),
    looking_up.TakesTroubleForNothing: (
        partial(
            test_trouble.test_a_page_in_the_place_of_an_answer_is_trouble_of_the_system, call="look_up", status=404
        ),
        "is taken for an answer",
    ),
    looking_up.AsksForEachKey: (test_look_up.test_hundreds_of_keys_are_looked_up_in_bulk, "not in bulk"),
    bearing.CutsReferences: (
        test_look_up.test_keys_that_begin_alike_for_long_are_those_of_different_orders,
        "orders whose keys begin alike are taken for one",
    ),
    bearing.FoldsCase: (
        test_look_up.test_keys_that_look_alike_are_those_of_different_orders,
        "under a key that looks alike",
    ),
    looking_up.IgnoresCase: (
        test_look_up.test_keys_that_look_alike_are_those_of_different_orders,
        "under a key that looks alike",
    ),
    looking_up.FindsEverything: (
        test_look_up.test_a_look_up_finds_each_order_under_its_own_key_and_invents_none,
        "finds an order that was never sent",
    ),
    looking_up.FindsNothing: (there_once, "finds the order 0 times"),
    looking_up.AsksAboutNothing: (
        test_look_up.test_a_look_up_of_nothing_asks_nothing,
        "a look-up of no order asks the ERP",
    ),
    listing.CountsEverySubmit: (there_once, "one order more is counted as 2"),
    listing.CountsWhatIsCancelled: (gone, "the count counts cancelled orders"),
    listing.CountsEveryChannel: (there_once, "counts other channels' orders"),
    listing.ListsOrdersOfAnyTime: (listed, "orders from before the window's start are listed"),
    listing.ListsTheWindowsEndToo: (listed, "orders from after the window's end are listed"),
    listing.ListsOrdersOfEveryChannel: (listed, "orders of another channel are listed"),
    listing.ListsNoKeys: (listed, "an order is listed without the key that it bears"),
    listing.ListsCancelledOrdersAsLive: (gone, "a cancelled order is not listed as cancelled"),
    listing.KnowsOnlyOurNumbers: (numbered, "what a person entered in the ERP is not found"),
    listing.FindsNumbersWithoutKeys: (numbered, "without the key that it bears"),
    listing.FindsAnyNumber: (numbered, "a number that the ERP does not have is found"),
    listing.FindsCancelledNumbersAsLive: (
        test_cancelled.test_a_cancelled_order_is_found_as_cancelled_by_what_the_look_up_calls_it,
        "is found as live by its number",
    ),
    listing.TakesTheBegunForWhole: (begun_or_whole, "an order that is half_made is told as whole"),
    listing.TakesTheWholeForBegun: (begun_or_whole, "an order that is (taken|confirmed) is told as begun"),
    listing.AsksForEachNumber: (test_listing.test_a_thousand_numbers_are_asked_for_in_bulk, "not in bulk"),
    listing.AsksAboutNoNumber: (test_listing.test_no_number_asks_nothing, "looking for no number asks the ERP"),
    looking_up.NamesItsStatesInOtherWords: (
        test_submit.test_a_submitted_order_is_confirmed_in_the_end_with_the_same_money,
        "by what the adapter says of its proof that proves nothing",
    ),
    looking_up.ForgetsTheCompany: (
        test_listing.test_an_order_is_of_one_company_whoever_tells_of_it,
        "an order is told as one of several companies",
    ),
    listing.OpensNothingAgain: (revived, "what was opened again is"),
    listing.OpensWhateverIsCancelled: (only_named, "is opened again by another's name"),
    listing.OpensOthersAgain: (only_named, "is opened again by another's name"),
    listing.OpensOtherContentAgain: (only_named, "an order of other content is opened again"),
}

UNDER_REFERENCES = (there_once, lost, listed, numbered, revived)
"""What an ERP that does not take our keys must do as every other one does; the example does all of it."""

TESTS = Path(__file__).parents[2]
SUITE = (
    "contract/erp_subject.py",
    *(
        path.relative_to(TESTS).as_posix()
        for suite in ("erp", "wrong_erps")
        for path in sorted((TESTS / "contract" / suite).glob("*.py"))
    ),
)
"""What the mistakes are about: which of them `make test` tries changes with these; `make full` tries all."""

TRIED_ON: dict[type[Wrong], str] = {
    **dict.fromkeys(
        (bearing.CutsReferences, bearing.FoldsCase, looking_up.IgnoresCase, reference_data.KnowsStatesAndTellsNone),
        registry.ERPS[0].name,
    ),
    submitting.PromisesTooMuch: "blind_bridge",
}
"""Mistakes that not every adapter can make: of one whose ERP takes every key and knows states, or makes all twice."""

OF_ACCEPTANCE: dict[type[Wrong], tuple[Callable[..., Awaitable[None]], str]] = {
    submitting.LeavesChargesOut: (test_submit.test_charges_arrive_with_the_lines, "a charge is left out"),
    looking_up.ConfirmsWhatIsOnlyTaken: (
        test_submit.test_what_the_erp_has_not_worked_on_is_not_told_as_confirmed,
        "told as confirmed",
    ),
    looking_up.MissesRefusals: (
        test_refusals.test_what_the_erp_refuses_later_is_told_with_its_reason_and_can_be_sent_again,
        "is told as taken",
    ),
    looking_up.GossipsInLateRefusals: (
        test_refusals.test_what_the_erp_refuses_later_is_told_with_its_reason_and_can_be_sent_again,
        "names people or places",
    ),
    looking_up.AsksAboutNothing: (
        test_look_up.test_a_look_up_of_nothing_asks_nothing,
        "a look-up of no order asks the ERP",
    ),
    answering.TakesSilenceForAReceipt: (lost, "a submit swallows a lost answer"),
}
"""Mistakes with an ERP that only accepts, and refuses later."""


@pytest.mark.parametrize(
    ("installed", "mistake"),
    [
        pytest.param(name, mistake, id=f"{name}-{mistake.__name__}", marks=marks)
        for (name, mistake), marks in some(
            [
                *((TRIED_ON.get(mistake, "back_office"), mistake) for mistake in MISTAKES),
                *(("drop", mistake) for mistake in OF_ACCEPTANCE),
            ],
            24,
            *SUITE,
        )
    ],
    indirect=["installed"],
)
async def test_the_suite_names_a_known_mistake(subject: Subject, mistake: Any) -> None:
    notices, words = (OF_ACCEPTANCE if "refused_later" in subject.able else MISTAKES)[mistake]
    with pytest.raises(AssertionError, match=words):
        await notices(replace(subject, mistake=mistake, patience=mistake.patience))


@pytest.mark.parametrize("installed", [registry.ERPS[0].name], indirect=True)
@pytest.mark.parametrize(
    ("other", "takes_it"),
    [
        pytest.param(other, test, id=f"{other.__name__}-{getattr(test, '__name__', '')}", marks=marks)
        for (other, test), marks in some(
            [
                (reference_data.KnowsArticlesAlone, good_order),
                (reference_data.LeavesFactsOut, good_order),
                (
                    submitting.IsBusyAtFirst,
                    test_submit.test_an_order_that_the_erp_is_busy_with_is_not_stored_and_taken_later,
                ),
                *((bearing.TakesShortReferences, test) for test in UNDER_REFERENCES),
            ],
            3,
            *SUITE,
        )
    ],
)
async def test_the_suite_takes_what_another_erp_does_in_its_own_way(
    subject: Subject, other: Any, takes_it: Any
) -> None:
    await takes_it(replace(subject, mistake=other))
