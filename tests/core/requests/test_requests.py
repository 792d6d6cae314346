"""What people ask, one model each: the same fields for form and command line, and every sentence at once."""

import json
from datetime import UTC, date, datetime

import pytest

from order_sync.core.basics.calendar_days import Window
from order_sync.core.errors import Misconfigured
from order_sync.core.order.model import OrderKey
from order_sync.core.requests.backfill import BackfillRequest
from order_sync.core.requests.erase import EraseRequest
from order_sync.core.requests.explain import ExplainRequest
from order_sync.core.requests.fields import LONGEST_REASON
from order_sync.core.requests.hold import HoldAction, HoldRequest
from order_sync.core.requests.report import ReportRequest
from order_sync.core.requests.request import Known, Request
from order_sync.core.requests.restore import RestoreRequest
from order_sync.core.requests.resync import ResyncRequest

KNOWN = Known({"shop": "GUEST", "till": None}, ("erp_tryton", "channel_shop"))
FILLED: dict[type[Request], dict[str, object]] = {
    BackfillRequest: {"first_day": "2025-12-01", "last_day": "2025-12-31", "reason": "the shop moved"},
    EraseRequest: {"customer_account": "C-1", "reason": "request 7"},
    ExplainRequest: {"reference": "W1"},
    HoldRequest: {"reason": "stock-taking"},
    ReportRequest: {},
    RestoreRequest: {"backup_at": "2026-03-02T01:30:00+00:00", "reason": "the disk broke"},
    ResyncRequest: {"reason": "mended", "order_keys": ["shop:1"]},
}
"""What somebody writes into each form that is left as it comes otherwise."""

REQUESTS = [*FILLED]


def refused(request: type[Request], **typed: object) -> list[str]:
    """What is said of fields beside those that are filled in well."""
    with pytest.raises(Misconfigured) as caught:
        request.read({**as_it_comes(request), **FILLED[request], **typed}, KNOWN)
    return str(caught.value).split("; ")


def as_it_comes(request: type[Request]) -> dict[str, object]:
    """A form that nobody has touched."""
    return {name: schema["default"] for name, schema in request.form(KNOWN).items() if "default" in schema}


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_form_shows_every_field_with_a_title_and_what_it_shows_is_taken(request_: type[Request]) -> None:
    """R173"""
    form = request_.form(KNOWN)
    assert [*form] == [*request_.model_fields]
    assert json.loads(json.dumps(form)) == form
    assert all(schema["title"] and schema["type"] for schema in form.values())
    must = {name for name, field in request_.model_fields.items() if field.is_required()}
    assert {name for name, schema in form.items() if "default" not in schema} <= must
    assert request_.read({**as_it_comes(request_), **FILLED[request_]}, KNOWN)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_field_that_there_is_not_is_refused_with_the_nearest_one(request_: type[Request]) -> None:
    """R173"""
    meant = next(iter(request_.model_fields))
    misspelt = f"{meant[:-2]}{meant[-1]}{meant[-2]}"
    [sentence] = refused(request_, **{misspelt: "x"})
    assert sentence.startswith(f"there is no param '{misspelt}': the nearest is '{meant}', and the params are {meant}")


@pytest.mark.parametrize("request_", [each for each in REQUESTS if "reason" in each.model_fields])
def test_whoever_changes_something_says_why_and_not_at_endless_length(request_: type[Request]) -> None:
    for nothing in ("", "  ", None):
        [sentence] = refused(request_, reason=nothing)
        assert sentence.startswith("reason is missing: write why, ")
    assert refused(request_, reason="x" * (LONGEST_REASON + 1)) == ["reason has 1001 characters: write 1000 at most"]


@pytest.mark.parametrize(
    ("request_", "typed", "sentences"),
    [
        (HoldRequest, {"connection": "erp_x", "action": "stop"}, ["connection is 'erp_x'", "action is 'stop'"]),
        (HoldRequest, {"connection": "", "action": ""}, ["connection is missing", "action is missing: write hold or"]),
        (RestoreRequest, {"backup_at": "soon", "reason": ""}, ["backup_at is 'soon'", "reason is missing"]),
        (ReportRequest, {"day": "soon", "content": "x"}, ["day is 'soon'", "content is 'x': write failed or all"]),
        (ReportRequest, {"day": 3}, ["day must be text"]),
        (BackfillRequest, {"first_day": None, "last_day": ""}, ["first_day is missing", "last_day is missing"]),
        (BackfillRequest, {"last_day": "9999-12-31"}, ["last_day is '9999-12-31'"]),
        (BackfillRequest, {"last_day": "2025-11-30"}, ["last_day 2025-11-30 lies before first_day 2025-12-01"]),
        (BackfillRequest, {"channel": "fair"}, ["channel is 'fair': write shop or till"]),
        (BackfillRequest, {"at_most": "0"}, ["at_most is '0': write a whole number, 1 or more, or leave it empty"]),
        (BackfillRequest, {"at_most": True}, ["at_most is 'True'"]),
        (EraseRequest, {"customer_account": "GUEST"}, ["customer_account is the account of all guests"]),
        (EraseRequest, {"order_keys": ["shop:1"]}, ["give either customer_account or order_keys"]),
        (EraseRequest, {"customer_account": None}, ["give either customer_account or order_keys"]),
        (EraseRequest, {"dry_run": 1}, ["dry_run is '1': write true or false"]),
        (ExplainRequest, {"days": True}, ["reference finds single orders", "days is 'True'"]),
        (ExplainRequest, {"whole_order": "maybe"}, ["whole_order is 'maybe': write true or false"]),
        (ExplainRequest, {"reference": "", "code": "SKU_NOTFOUND"}, ["code is 'SKU_NOTFOUND', which is not a code of"]),
        (ResyncRequest, {"action": "shout", "reason": "", "wat": 1}, ["there is no", "action is", "reason is missing"]),
    ],
)
def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_form(
    request_: type[Request], typed: dict[str, object], sentences: list[str]
) -> None:
    """R173"""
    said = refused(request_, **typed)
    assert len(said) == len(sentences), said
    for sentence, begins in zip(said, sentences, strict=True):
        assert sentence.startswith(begins)


def test_what_belongs_to_a_request_and_is_no_field_is_said_together_with_the_rest() -> None:
    with pytest.raises(Misconfigured, match=r"^day is 'soon'.*; the folder is not there$"):
        ReportRequest.read({"day": "soon"}, KNOWN, ["the folder is not there"])
    with pytest.raises(Misconfigured, match=r"^the folder is not there$"):
        ReportRequest.read({}, KNOWN, ["the folder is not there"])


def test_words_of_a_command_line_and_values_of_a_form_are_read_alike() -> None:
    typed = {"key": " shop:1 ", "whole_order": "True", "escalate": "false", "at_most": "7"}
    asked = ExplainRequest.read(typed, KNOWN)
    assert asked == ExplainRequest.read({"key": "shop:1", "whole_order": True, "at_most": 7}, KNOWN)
    assert (asked.whole_order, asked.escalate, asked.at_most) == (True, False, 7)


def test_each_request_gives_what_its_flow_takes() -> None:
    def read(request: type[Request], **typed: object) -> Request:
        return request.read({**as_it_comes(request), **FILLED[request], **typed}, KNOWN)

    backfill = read(BackfillRequest)
    assert isinstance(backfill, BackfillRequest)
    assert backfill.placed == Window(datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    assert (backfill.channel, backfill.at_most) == ("shop", 500)
    erase = read(EraseRequest, customer_account="", order_keys=["shop:1", "till:2", "shop:1"])
    assert isinstance(erase, EraseRequest)
    assert erase.whose.keys == (OrderKey("shop", ("1",)), OrderKey("till", ("2",)))
    assert erase.dry_run
    hold = read(HoldRequest)
    assert isinstance(hold, HoldRequest)
    assert (hold.connection, hold.action) == ("erp_tryton", HoldAction.HOLD)
    report = read(ReportRequest, day="2026-03-02", content="all")
    assert isinstance(report, ReportRequest)
    assert (report.day, report.content) == (date(2026, 3, 2), "all")
