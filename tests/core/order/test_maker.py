"""The maker: one place makes an order, and says what it was made of."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from order_sync.core.order.maker import GuestPolicy, make, revision
from tests.memory.channel import transaction
from tests.memory.clock import START

ORDER_SYNC = Path(__file__).parents[3] / "plugins" / "order_sync"


def test_nothing_but_the_maker_reads_an_order_from_a_transaction() -> None:
    users = {path.name for path in ORDER_SYNC.rglob("*.py") if re.search(r"\bread_order\b", path.read_text())}
    assert users == {"parsing.py", "maker.py"}


def test_an_order_says_what_it_was_made_of() -> None:
    made = make(transaction(7), GuestPolicy("GUEST"), START, version=3)
    assert made.problems == ()
    assert (made.provenance.version, made.provenance.digest) == (3, "digest 7")
    assert made.provenance.revision == revision(GuestPolicy("GUEST"))


def test_the_same_knowledge_has_the_same_name_and_other_knowledge_another() -> None:
    """A stored name must mean the same after every release, so that its value is held here."""
    assert revision(GuestPolicy("GUEST")) == revision(GuestPolicy("GUEST")) == "15fc9955873d"
    assert len({revision(GuestPolicy(account)) for account in (None, "", "None", "GUEST", "guest")}) == 5


@pytest.mark.parametrize("account", ["GUEST", None])
def test_a_guests_order_is_made_under_the_policy_that_is_given(account: str | None) -> None:
    made = make(transaction(1, customer_account=""), GuestPolicy(account), START)
    assert made.order.customer_account == (account or "")
    assert [problem.code for problem in made.problems] == ([] if account else ["CUSTOMER_NOT_FOUND"])


def test_an_order_from_the_future_is_a_problem_by_the_clock_that_is_given() -> None:
    made = make(transaction(1), GuestPolicy(), START - timedelta(days=2))
    assert [problem.field for problem in made.problems] == ["placed_at"]
