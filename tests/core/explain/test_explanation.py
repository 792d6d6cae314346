"""An explanation as data: facts by name, so that whatever shows them computes none."""

from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from order_sync.core.explain.content import content_of
from order_sync.core.explain.explainer import explain
from order_sync.core.explain.explanation import Explanation
from order_sync.core.life.lifecycle import Event, Status
from order_sync.core.order.model import Problem
from order_sync.core.records.story import Story
from tests.core.explain.stories import LANDED, NOW, ROUTE, STUCK_AFTER, attempt, story
from tests.core.explain.test_support_bundle import PEOPLE, SECRETS, leaky


def told(given: Story) -> Explanation:
    return explain(given, ROUTE, STUCK_AFTER)


def test_an_order_that_failed_is_explained_by_facts_that_have_names() -> None:
    """R80, R79, R82"""
    problem = Problem("SKU_NOT_FOUND", "line 1", "A", "SKU 'A' is not in the ERP", "sku:A")
    said = told(story(Status.FAILED, code=problem.code, message=problem.message, problems=(problem,)))
    assert said.error is not None
    assert (said.error.code, said.error.at, said.error.over) == ("SKU_NOT_FOUND", LANDED, False)
    [mending] = said.mending
    assert (mending.code, mending.fixer) == ("SKU_NOT_FOUND", "catalogue")
    assert (said.where.status, said.where.since, said.where.roll_up) == (Status.FAILED, LANDED, "Failed")
    assert (said.channel.reference, said.channel.receipt, said.channel.version) == ("W100012", "R-9", 1)
    assert (said.erp.erp, said.erp.number) == ("tryton", "")
    assert said.next.by_itself.startswith("It is validated again when")
    assert said.next.people_may.startswith("resync, ")
    assert said.next.manual_entry.startswith("FIRST put it on hold")
    assert said.next.support == ""


def test_each_attempt_says_how_it_ended_and_what_was_heard_later() -> None:
    lost = attempt("unknown", code="OUTCOME_UNKNOWN", resolution="absent", looked_at=NOW)
    alike = attempt("refused", 2, code="PERIOD_CLOSED", resolution=Event.CONFIGURATION_SUSPECTED)
    first, second, third = told(story(attempts=(lost, alike, attempt(minutes=3)))).attempts
    assert (first.ended, first.later) == (
        "the result is not known",
        "a later look-up showed: the ERP does not have it",
    )
    assert second.later.startswith("withdrawn: other orders were refused like it")
    assert (third.number, third.erp_status, third.later) == ("SO7", "quotation", "")


@pytest.mark.parametrize("private", [*PEOPLE, *SECRETS])
def test_no_part_of_it_holds_a_persons_data_or_a_secret(private: str) -> None:
    """R178"""
    assert private.lower() not in str(told(leaky())).lower().replace("\\'", "'")


def test_it_is_a_tree_that_nobody_can_change() -> None:
    def frozen(part: object) -> bool:
        if isinstance(part, tuple):
            return all(map(frozen, part))
        if not is_dataclass(part):
            return True
        params: Any = vars(type(part))["__dataclass_params__"]
        return params.frozen and all(frozen(getattr(part, each.name)) for each in fields(part))

    assert frozen(told(leaky()))


def test_what_is_added_up_of_an_order_is_data_too() -> None:
    content = content_of(story(), "GUEST")
    assert content is not None
    assert content.sums is not None
    assert (str(content.sums.net), str(content.sums.tax), str(content.sums.total)) == ("19.00", "3.00", "22.00")
    assert content.ship_to[0]["city"] == "Bristol"
    assert content_of(story(transaction=None), None) is None
