"""The whole order on paper, and the list of orders, as text."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from order_sync.core.explain.by_itself import minute
from order_sync.core.explain.order_list import age, causes, listed
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.maker import GuestPolicy, make
from order_sync.core.order.model import OrderKey, Transaction
from order_sync.core.records.story import Cause, Listed
from tests.core.explain import stories
from tests.core.explain.stories import DETAILS, KEY, LANDED, NOW, TRANSACTION, attempt, story


def test_the_page_has_everything_that_a_person_keys_in() -> None:
    """R96, R158"""
    page = stories.page(story(Status.ON_HOLD), "GUEST")
    lines = page.splitlines()
    assert lines[0] == f"Order {KEY}"
    assert f"external reference {KEY}" in lines[1]
    for expected in (
        "Reference       W100012",
        "Receipt         R-9",
        "Customer        C-1",
        "Deliver on      2026-11-25",
        "Ships           yes",
        "name            Ann Other",
        "street          1 High Street",
        "postal code     BS1 5TY",
        "country         GB",
        "net             19.00",
        "tax             3.00",
        "sum             22.00",
        "order's total   22.00, as the channel gives it",
    ):
        assert expected in lines, expected
    table = page.partition("Lines\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [
        "line  SKU       title     quantity  net each    net  tax code  rate %   tax",
        "1     SKU-0001  Blue mug         3    3.3333  10.00  GB20          20  2.00",
        "2     SKU-0002                   1         5   5.00  GB20              1.00",
    ]
    assert page.partition("Charges\n")[2].partition("\n\n")[0].splitlines()[1].split() == ["FREIGHT", "4.00", "0.00"]


def test_the_page_tells_what_was_sent_and_the_explanation_only_which_version_that_was() -> None:
    """R10"""
    order = make(replace(TRANSACTION, customer_account=""), GuestPolicy("GUEST-1"), NOW).order
    unsent = attempt("not_sent", 3, version=2, revision="def", order=replace(order, reference="W-NO"))
    sent = story(Status.SENDING, version=2, attempts=(attempt(None, 2, version=1, revision="abc", order=order), unsent))
    page = stories.page(sent, "GUEST-2")
    said = page.partition("As it was sent ")[2]
    assert said.splitlines()[0] == f"{minute(LANDED + timedelta(minutes=2))}, version 1 under revision abc"
    for expected in (
        "Reference       W100012",
        "Customer        GUEST-1",
        "Total           22.00 GBP",
        "name            Ann Other",
    ):
        assert expected in said.splitlines()
    assert "\n1     SKU-0001         3    3.3333  10.00  GB20          20  2.00" in said
    assert "W-NO" not in page
    for told in (stories.told(sent), stories.handed_over(sent)):
        assert "\nSent            version 1 under revision abc, " in told
        assert "; the channel has given version 2 since\n" in told
        assert not any(private in told for private in ("GUEST-1", "Ann", "Bristol", "22.00"))


def test_what_was_sent_before_that_was_kept_or_was_emptied_is_not_on_the_page() -> None:
    for version in (None, 1):
        known = story(Status.SENDING, attempts=(attempt(None, 2, version=version, revision="abc"),))
        assert "As it was sent" not in stories.page(known)
        assert ("\nSent  " in stories.told(known)) is (version == 1)


def test_a_guests_order_names_the_channels_account_for_guests() -> None:
    page = stories.page(story(transaction=replace(TRANSACTION, customer_account="")), "GUEST-WEB")
    assert "Customer        none: a guest order; the channel's guest account is GUEST-WEB" in page


def test_an_amount_that_cannot_be_read_is_printed_as_it_is_and_nothing_is_added_up() -> None:
    odd = {**DETAILS, "lines": [["1", "SKU-0001", "0", "12,5x", "", None, None]]}
    page = stories.page(story(transaction=replace(TRANSACTION, details=json.dumps(odd))), None)
    assert "12,5x" in page
    assert "nothing is added up" in page
    assert "sum" not in page


def test_amounts_too_large_to_divide_are_printed_as_they_are() -> None:
    odd = {**DETAILS, "lines": [["1", "SKU-0001", "1e-999999", "1e999999", "", None, None]]}
    assert "1e999999" in stories.page(story(transaction=replace(TRANSACTION, details=json.dumps(odd))), None)


def test_an_order_without_lines_is_printed_all_the_same() -> None:
    page = stories.page(story(transaction=replace(TRANSACTION, details='{"lines": null, "ships": 1}')), None)
    assert "Lines\nnone" in page
    assert "no address" in page
    assert "Ships           -" in page


@pytest.mark.parametrize("details", ["[]", "{", "[" * 5000])
def test_of_an_order_that_cannot_be_read_it_is_not_said_that_it_has_no_lines_and_no_address(details: str) -> None:
    page = stories.page(story(transaction=replace(TRANSACTION, details=details)), None)
    assert "Content         it cannot be read: look for its lines and its address in the channel" in page
    assert "W100012" in page
    assert not any(untrue in page for untrue in ("none", "no address", "Ships           no"))


def test_of_several_addresses_each_is_printed() -> None:
    places = [DETAILS["ship_to"], {**DETAILS["ship_to"], "city": "Bath"}]  # type: ignore[dict-item]
    page = stories.page(
        story(transaction=replace(TRANSACTION, details=json.dumps({**DETAILS, "ship_to": places}))), None
    )
    assert page.count("one of several") == 2
    assert "no address" not in page
    assert [line.split()[1] for line in page.splitlines() if line.startswith("city")] == ["Bristol", "Bath"]


@pytest.mark.parametrize("transaction", [None, replace(TRANSACTION, details="", total=None, placed_at=None)])
def test_of_what_is_not_kept_the_page_says_so(transaction: Transaction | None) -> None:
    page = stories.page(story(Status.NOT_AN_ORDER, reason="before_start", transaction=transaction), None)
    assert page.splitlines()[-1] == "None of its content is kept."


def test_a_list_shows_each_order_with_its_last_error_and_marks_the_failed_ones() -> None:
    """R80, R152, R151"""
    usual = Listed(KEY, "W1", "", LANDED, timedelta(days=3), Status.SUCCEEDED, "Successful", None, "", "SO7", 1)
    failed = replace(
        usual,
        key=OrderKey("shop", ("2",)),
        status=Status.FAILED,
        roll_up="Failed",
        code="SKU_NOT_FOUND",
        message="SKU 'A' is not in the ERP",
        erp_number="",
        attempts=0,
    )
    first, second, error = listed([usual, failed]).splitlines()
    assert first == f"  2026-11-20 10:00 UTC    3d  succeeded             W1  {KEY}, attempts 1, ERP number SO7"
    assert second == "! 2026-11-20 10:00 UTC    3d  failed                W1  shop:2"
    assert error == "      SKU_NOT_FOUND (who fixes it: catalogue): SKU 'A' is not in the ERP"


def test_causes_are_told_with_their_number_meaning_and_who_mends_them() -> None:
    """R85"""
    first, second = causes([Cause("SKU_NOT_FOUND", 4711, LANDED), Cause("OF_OLD", 1, LANDED)]).splitlines()
    assert first.strip() == (
        "4711  SKU_NOT_FOUND, the oldest of 2026-11-20 10:00 UTC. The ERP has no active article with this SKU."
        " Who fixes it: catalogue."
    )
    assert second.endswith("OF_OLD, the oldest of 2026-11-20 10:00 UTC.")


@pytest.mark.parametrize(
    ("lasted", "shown"),
    [
        (timedelta(days=-9), "-"),
        (timedelta(seconds=59), "0m"),
        (timedelta(minutes=59), "59m"),
        (timedelta(hours=1), "1h"),
        (timedelta(hours=47, minutes=59), "47h"),
        (timedelta(hours=48), "2d"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_fits(lasted: timedelta, shown: str) -> None:
    assert age(lasted) == shown


ODD = "W1\n! \x1b[2J\x1b]0;x\x07\u202etxt.exe\u2066\r\u2028<b>\x9b31m"
"""What would forge a line, clear a screen, or turn the letters around."""
UNSEEN = ("\x1b", "\x07", "\x9b", "\r", "\u2028", "\u202e", "\u2066")


def test_nothing_that_an_order_holds_can_forge_a_line_or_steer_a_terminal() -> None:
    address = {**DETAILS["ship_to"], "street": ODD}  # type: ignore[dict-item]
    lines = [[ODD, ODD, ODD, ODD, ODD, ODD, ODD, ODD]]
    said = replace(
        TRANSACTION,
        reference=ODD,
        receipt=ODD,
        customer_account=ODD,
        distributor=ODD,
        placed_at=ODD,
        total=ODD,
        currency=ODD,
        details=json.dumps({**DETAILS, "ship_to": address, "lines": lines, "charges": [{"code": ODD}]}),
    )
    given = story(
        Status.FAILED,
        code="REJECTED_BY_ERP",
        message=ODD,
        source_status=ODD,
        erp_number=ODD,
        erp_status=ODD,
        attempts=(attempt("refused", message=ODD, receipt_number=ODD),),
        transaction=said,
    )
    plain = story(
        Status.FAILED,
        code="REJECTED_BY_ERP",
        message="no",
        erp_number="SO7",
        attempts=(attempt("refused", message="no", receipt_number="1"),),
        transaction=replace(said, details=json.dumps({**DETAILS, "lines": [["1"]]})),
    )
    row = Listed(KEY, ODD, ODD, LANDED, timedelta(0), Status.FAILED, "Failed", "REJECTED_BY_ERP", ODD, ODD, 1)
    for text, as_many in (
        (stories.page(given, ODD), stories.page(plain, "GUEST")),
        (stories.told(given), stories.told(plain)),
        (stories.handed_over(given, []), stories.handed_over(plain, [])),
        (listed([row]), "one\ntwo"),
    ):
        assert not any(each in text for each in UNSEEN)
        assert text.count("\n") == as_many.count("\n")
        assert "<b>" in text, "what can be seen stays"


def test_a_list_shows_no_secret_that_an_error_quotes() -> None:
    """R178"""
    said = "refused (access_token=zzz9)"
    row = Listed(KEY, "W1", "", LANDED, timedelta(0), Status.FAILED, "Failed", "REJECTED_BY_ERP", said, "", 1)
    assert "zzz9" not in listed([row])
