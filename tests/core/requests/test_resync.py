"""What a person asks of resync_orders: read, or refused with everything that is wrong at once."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from order_sync.core.basics.calendar_days import Window
from order_sync.core.decisions.selection import Action, Selection
from order_sync.core.errors import Misconfigured
from order_sync.core.life.lifecycle import Status
from order_sync.core.order.model import OrderKey
from order_sync.core.requests.fields import LONGEST_REASON
from order_sync.core.requests.request import Known
from order_sync.core.requests.resync import ResyncRequest

KNOWN = Known({"shop": "GUEST", "till": None}, zone=ZoneInfo("Europe/Berlin"))
WHY = {"action": "resync", "reason": "the SKU is there now"}
ONE, TWO = OrderKey("shop", ("1",)), OrderKey("till", ("2",))


def refused(**params: object) -> list[str]:
    """The problems of these params beside a sound action and reason."""
    with pytest.raises(Misconfigured) as error:
        ResyncRequest.read({**WHY, **params}, KNOWN)
    return str(error.value).split("; ")


def test_orders_are_chosen_by_their_keys_or_by_what_they_have_in_common() -> None:
    """R103, R104, R102"""
    by_key = ResyncRequest.read({**WHY, "order_keys": [" shop:1", "till:2", ""]}, KNOWN)
    assert by_key.selection == Selection(keys=(ONE, TWO))
    assert (by_key.action, by_key.reason) == (Action.RESYNC, "the SKU is there now")
    assert (by_key.dry_run, by_key.confirm) == (False, False)

    filters = {"status": "failed", "code": "SKU_NOT_FOUND", "channel": "shop", "reference": "WEB-1"}
    others = {"customer_account": "C-1", "receipt": "R-1", "first_day": "2026-03-28", "last_day": "2026-03-29"}
    by_filter = ResyncRequest.read({**WHY, **filters, **others, "dry_run": True, "confirm": True}, KNOWN)
    assert by_filter.selection == Selection(
        channel="shop",
        status=Status.FAILED,
        code="SKU_NOT_FOUND",
        placed=Window(datetime(2026, 3, 27, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        reference="WEB-1",
        customer_account="C-1",
        receipt="R-1",
    )
    assert by_filter.dry_run
    assert by_filter.confirm


def test_what_is_missing_none_or_empty_asks_for_nothing() -> None:
    empty: dict[str, object] = {
        **dict.fromkeys(ResyncRequest.model_fields),
        "order_keys": [],
        "erp_numbers": [],
        "reference": "",
        "receipt": " ",
    }
    asked = ResyncRequest.read({**empty, **WHY, "channel": "till"}, KNOWN)
    assert asked == ResyncRequest.read({**WHY, "channel": "till"}, KNOWN)
    assert asked.selection == Selection(channel="till")


def test_each_order_is_given_its_own_number() -> None:
    numbers = {"order_keys": ["shop:1", "till:2"], "erp_numbers": ["7", "8"]}
    assert ResyncRequest.read({**WHY, **numbers, "action": "mark_as_synced"}, KNOWN).erp_numbers == {
        ONE: "7",
        TWO: "8",
    }
    assert ResyncRequest.read({**WHY, **numbers}, KNOWN).erp_numbers == {ONE: "7", TWO: "8"}


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, "no orders are chosen"),
        ({"order_keys": ["", " "]}, "no orders are chosen"),
        ({"reference": " ", "status": None, "channel": ""}, "no orders are chosen"),
        ({"order_keys": ["shop:1"], "status": "failed"}, "order_keys are given together with status"),
        ({"order_keys": ["nonsense"]}, "order_keys: number 1 is not an order key, such as"),
        ({"order_keys": ["shop:1", "Ann Other"]}, "order_keys: number 2 is not an order key"),
        ({"order_keys": ["fair:1"]}, "order_keys: number 1 names no channel of the registry: there is shop, till"),
        ({"order_keys": ["shop:1, shop:2"]}, "number 1 holds a blank, comma or semicolon: write one key a line"),
        ({"order_keys": ["till:2", "shop:1;"]}, "number 2 holds a blank, comma or semicolon: write one key a line"),
        ({"order_keys": ["shop:1\nshop:2"]}, "number 1 holds a blank, comma or semicolon: write one key a line"),
        ({"order_keys": "shop:1"}, "order_keys must be a list of texts"),
        ({"order_keys": [1]}, "order_keys must be a list of texts"),
        ({"channel": "fair"}, "channel is 'fair': write shop, till, or leave it empty"),
        ({"channel": 7}, "channel must be text"),
        ({"status": "lost"}, "status is 'lost': write waiting, "),
        ({"code": "NO_SUCH_CODE"}, "code is 'NO_SUCH_CODE', which is not a code"),
        ({"first_day": "2026-02-30", "last_day": "2026-03-01"}, "first_day is '2026-02-30': write a date"),
        ({"first_day": "2026-03-02", "last_day": "9999-12-31"}, "last_day is '9999-12-31': write a date"),
        ({"first_day": "2026-03-02", "last_day": "2026-03-01"}, "last_day 2026-03-01 lies before first_day 2026-03-02"),
        ({"first_day": 20260302, "last_day": "2026-03-02"}, "first_day must be text"),
        ({"first_day": "2026-03-02"}, "last_day is missing"),
        ({"last_day": "2026-03-02"}, "first_day is missing"),
        (
            {"channel": "shop", "day": "2026-03-02"},
            "there is no param 'day': the nearest is 'last_day', and the params are action, reason, order_keys, ",
        ),
        ({"channel": "shop", "raeson": "x"}, "there is no param 'raeson': the nearest is 'reason', and the params are"),
        ({"channel": "shop", "xyz\n": "x"}, "there is no param 'xyz\\n': the params are action"),
        ({"channel": "shop", "reason": "x" * 1001}, "reason has 1001 characters: write 1000 at most"),
        ({"channel": "shop", "action": "delete"}, "action is 'delete': write resync or"),
        ({"channel": "shop", "action": None}, "action is missing: write resync or mark_as_synced"),
        ({"channel": "shop", "reason": "  "}, "reason is missing"),
        ({"channel": "shop", "status": 3}, "status must be text"),
        ({"channel": "shop", "dry_run": "yes"}, "dry_run is 'yes': write true or false"),
        ({"channel": "shop", "confirm": 1}, "confirm is '1': write true or false"),
        ({"channel": "shop", "action": "ignore", "erp_numbers": ["7"]}, "erp_numbers are given, and ignore needs none"),
        ({"channel": "shop", "action": "mark_as_synced"}, "mark_as_synced needs order_keys"),
        ({"order_keys": ["shop:1"], "action": "mark_as_synced"}, "there are 0 for 1 order_keys"),
        ({"order_keys": ["shop:1", "till:2"], "erp_numbers": ["7"]}, "there are 1 for 2 order_keys"),
        ({"channel": "shop", "erp_numbers": ["7"]}, "there are 1 for 0 order_keys"),
        ({"order_keys": ["shop:1", "shop:1"], "erp_numbers": ["7", "8"]}, "'shop:1' is given two ERP numbers, 7 and 8"),
    ],
)
def test_each_param_that_cannot_be_is_refused_in_a_sentence(params: dict[str, Any], problem: str) -> None:
    (sentence,) = refused(**params)
    assert problem in sentence


def test_a_reason_of_the_longest_length_is_taken() -> None:
    assert (
        len(ResyncRequest.read({**WHY, "channel": "shop", "reason": f" {'x' * LONGEST_REASON} "}, KNOWN).reason) == 1000
    )


def test_of_very_many_params_that_there_are_not_the_first_are_named_and_shortened() -> None:
    problems = refused(**{f"{number:05}{'x' * 100}": 1 for number in range(1000)}, channel="shop")
    assert len(problems) == 20
    assert max(map(len, problems)) < 300


def test_all_problems_are_said_at_once_and_each_once() -> None:
    wrong = {"order_keys": ["x", "fair:1"], "status": "lost", "action": "shout", "reason": "", "dry_run": 3, "wat": 1}
    problems = refused(**wrong)
    assert len(problems) == 8, problems
    assert len(set(problems)) == len(problems)


def test_of_very_many_problems_of_a_kind_the_first_are_named_and_the_others_counted() -> None:
    many = 100_001
    typed = {"order_keys": [f"{number}" for number in range(many)], "reason": ""}
    problems = refused(**typed)
    assert problems[0] == "reason is missing: write why, for everybody who reads the history"
    assert problems[1].startswith("order_keys: number 1 is not an order key")
    assert problems[21:] == ["and 99981 more like that"]
    twice = refused(order_keys=["shop:1"] * 100, erp_numbers=[f"{number}" for number in range(100)])
    assert (len(twice), twice[-1]) == (21, "and 79 more like that")


def test_a_number_that_stands_beside_no_order_key_is_not_laid_upon_another() -> None:
    typed = {"order_keys": ["x", "shop:1", "shop:1"], "erp_numbers": ["7", "8", "8"], "action": "mark_as_synced"}
    (problem,) = refused(**typed)
    assert "number 1 is not an order key" in problem


@pytest.mark.parametrize("typed", ["Ann Other, 1 High Street", "Ann: 1 High Street"])
def test_what_was_typed_as_a_key_and_is_none_is_not_repeated_in_an_error_that_alerts_show(typed: str) -> None:
    """R178"""
    assert "Ann" not in "; ".join(refused(order_keys=[typed]))


MARK = {"action": "mark_as_synced", "reason": "the ERP has them"}


@pytest.mark.parametrize(
    "text",
    [
        "shop:1,SO-1\ntill:2,SO-2",
        "\ufeffOrder key;ERP number\r\nshop:1; SO-1\r\n\r\ntill:2;SO-2\r\n",
        'order_key\tnumber\n"shop:1"\t"SO-1"\ntill:2\tSO-2\n;\n',
    ],
)
def test_many_orders_are_marked_by_a_csv_of_keys_and_numbers(text: str) -> None:
    asked = ResyncRequest.read({**MARK, "csv": text}, KNOWN)
    assert asked.order_keys == (ONE, TWO)
    assert asked.erp_numbers == {ONE: "SO-1", TWO: "SO-2"}


@pytest.mark.parametrize(
    ("text", "others", "says"),
    [
        ("shop:1,SO-1\ntill:2", {}, "csv: line 2 has 1 filled cells: write the order key and its ERP number"),
        ("shop:1,SO-1,Ann Other", {}, "csv: line 1 has 3 filled cells"),
        ("Ann Other,SO-1", {}, "order_keys: number 1 is not an order key"),
        (
            "shop:1,SO-1",
            {"order_keys": ["till:2"]},
            "csv is given together with order_keys: it replaces both",
        ),
        ("shop:1,SO-1\nshop:1,SO-2", {}, "'shop:1' is given two ERP numbers"),
        ("shop:1,SO-1", {"status": "failed"}, "order_keys are given together with status"),
        ("key,number", {}, "csv has no lines"),
    ],
)
def test_a_csv_with_a_mistake_is_refused_as_a_whole_and_no_cell_of_it_is_repeated(
    text: str, others: dict[str, Any], says: str
) -> None:
    problems = refused(**{**MARK, **others}, csv=text)
    assert any(problem.startswith(says) for problem in problems), problems
    assert not any("Ann Other" in problem for problem in problems)
