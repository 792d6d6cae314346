"""OData as Dynamics and SAP speak it: what is asked, in both versions, and what comes back."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from order_sync.core.errors import Misconfigured, OutcomeUnknown, Unreadable
from order_sync.core.settings import Settings
from order_sync.wire.auth import bearer
from order_sync.wire.content import Reply
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http
from order_sync.wire.odata import OData, ODataProblem, Raw, is_business_error, literal, page, problems
from tests.support.proxy import Proxy
from tests.wire.vendors import Vendor, serving

BACKORDER = Raw("Microsoft.Dynamics.DataEntities.SalesStatus'Backorder'")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "v2", "v4"),
    [
        ("O'Brien & co", "'O''Brien & co'", "'O''Brien & co'"),
        (None, "null", "null"),
        (True, "true", "true"),
        (17, "17", "17"),
        (Decimal("19.90"), "19.90M", "19.90"),
        (Decimal("1E+3"), "1000M", "1000"),
        (date(2026, 1, 5), "datetime'2026-01-05T00:00:00'", "2026-01-05"),
        (NOON, "datetimeoffset'2026-01-05T12:00:00Z'", "2026-01-05T12:00:00Z"),
        (UUID(int=7), f"guid'{UUID(int=7)}'", f"{UUID(int=7)}"),
        (BACKORDER, BACKORDER, BACKORDER),
    ],
)
def test_a_value_is_written_as_its_version_writes_it(value: object, v2: str, v4: str) -> None:
    assert (literal(value, 2), literal(value, 4)) == (v2, v4)


def test_a_time_without_a_zone_is_sap_s_local_time_and_nothing_in_v4() -> None:
    local = datetime(2026, 1, 5, 12)  # noqa: DTZ001  as SAP's Edm.DateTime
    assert literal(local, 2) == "datetime'2026-01-05T12:00:00'"
    with pytest.raises(TypeError):
        literal(local, 4)


@pytest.mark.parametrize("value", [1.5, object(), b"bytes"])
def test_what_has_no_exact_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be represented in OData"):
        literal(value)


@pytest.fixture
async def http(server: Proxy) -> AsyncIterator[Http]:
    endpoint = Endpoint("erp_test", server.base_url, "key")
    async with Http(endpoint, Settings(), bearer(endpoint)) as http:
        yield http


def test_an_address_holds_its_key_and_options_so_that_nothing_in_them_leads_elsewhere(http: Http) -> None:
    service = OData(http, "/data/")
    assert service.address("Orders") == "/data/Orders"
    assert service.address("Orders", "a/b?c") == "/data/Orders('a%2Fb%3Fc')"
    key = {"dataAreaId": "usmf", "Number": "00'7"}
    assert service.address("Orders", key) == "/data/Orders(dataAreaId='usmf',Number='00''7')"
    asked = service.address("Orders", filter="Name eq 'A&B #1'", select="Number,Name")
    assert asked == "/data/Orders?$filter=Name%20eq%20'A%26B%20%231'&$select=Number,Name"


class Service(Vendor):
    """A service that pages by three, and refuses addresses that are longer than it likes."""

    def __init__(self, rows: list[dict[str, Any]], version: int, longest: int = 400) -> None:
        super().__init__()
        self._rows, self._version, self._longest = rows, version, longest
        self.filters: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        if len(str(request.url)) > self._longest:
            return web.Response(status=414)
        condition = request.query.get("$filter", "")
        self.filters.append(condition)
        rows = [row for row in self._rows if not condition or f"'{row['Reference']}'" in condition]
        start = int(request.query.get("$skiptoken", "0"))
        body: dict[str, Any] = (
            {"results": rows[start : start + 3]} if self._version == 2 else {"value": rows[start:][:3]}
        )
        if start + 3 < len(rows):
            link = request.rel_url.update_query({"$skiptoken": f"{start + 3}"})
            body |= {"__next": str(request.url.join(link))} if self._version == 2 else {"@odata.nextLink": str(link)}
        return web.json_response({"d": body} if self._version == 2 else body)


ROWS = [{"Reference": f"BC-{number:04}", "Number": number} for number in range(40)]


@pytest.mark.parametrize("version", [2, 4])
async def test_all_pages_are_read_whether_their_links_are_whole_or_not(version: Any) -> None:
    service = Service(ROWS, version)
    async with serving(service.app()) as url:
        endpoint = Endpoint("erp_test", f"{url}/sap", "key")
        async with Http(endpoint, Settings(), bearer(endpoint)) as http:
            assert await OData(http, "/data", version).rows("Orders", select="Number") == ROWS
    assert {path for path, _ in service.seen} == {"/sap/data/Orders"}
    assert service.count("/sap/data/Orders") == 14


async def test_many_values_are_asked_for_in_few_calls_none_of_which_is_too_long() -> None:
    service = Service(ROWS, 4)
    wanted = [row["Reference"] for row in ROWS] * 2
    async with serving(service.app()) as url:
        endpoint = Endpoint("erp_test", url, "key")
        async with Http(endpoint, Settings(), bearer(endpoint)) as http:
            found = await OData(http, "/data", 4, longest=400).rows_by(
                *("Orders", "Reference", wanted, "cross-company=true"), also="dataAreaId eq 'usmf'", select="Number"
            )
    assert sorted(row["Number"] for row in found) == [*range(40)]
    filters = {*service.filters}
    assert 3 < len(filters) < 10
    assert all(condition.endswith(" and (dataAreaId eq 'usmf')") for condition in filters)


async def test_nothing_is_asked_for_no_values(server: Proxy, http: Http) -> None:
    assert await OData(http, "/data").rows_by("Orders", "Reference", []) == []
    assert server.requests == []


def test_a_filter_that_is_too_long_by_itself_is_asked_alone(http: Http) -> None:
    texts = [*OData(http, "/data").filters("Reference", ["a" * 50, "b", "c"], 30)]
    assert texts == [f"Reference eq '{'a' * 50}'", "Reference eq 'b'", "Reference eq 'c'"]


async def test_a_next_page_on_another_host_is_not_followed_with_the_key(server: Proxy, http: Http) -> None:
    body = {"value": [{"Number": 1}], "@odata.nextLink": "https://elsewhere.example.com/data/Orders?$skiptoken=1"}
    server.answer("", 200, json.dumps(body), Content_Type="application/json")
    with pytest.raises(Misconfigured, match=r"elsewhere\.example\.com"):
        await OData(http, "/data").rows("Orders")


async def test_a_question_that_is_declined_is_a_matter_of_the_set_up_and_holds_none_of_its_words(
    server: Proxy, http: Http
) -> None:
    said = {"error": {"code": "V1/382", "message": {"value": "no customer Ana Silva"}}}
    server.answer("", 400, json.dumps(said), Content_Type="application/json")
    with pytest.raises(Misconfigured, match=r"/data/Orders of connection 'erp_test' .*HTTP 400, V1/382\)") as error:
        await OData(http, "/data").rows("Orders", filter="Name eq 'Ana Silva'")
    assert "Ana" not in str(error.value)


@pytest.mark.parametrize("body", ["text", None, 7, [], {}, {"value": 7}, {"value": [7]}, {"d": {"results": {}}}])
def test_an_answer_that_holds_no_rows_is_not_read(body: Any) -> None:
    with pytest.raises(Unreadable):
        page(Reply(200, body))


def test_rows_of_v2_may_stand_without_results() -> None:
    assert page(Reply(200, {"d": [{"Number": 1}]})).rows == [{"Number": 1}]


SAP = {
    "error": {
        "code": "V1/382",
        "message": {"lang": "en", "value": "Sold-to party 17 is blocked"},
        "innererror": {
            "application": {"component_id": "SD-SLS"},
            "errordetails": [
                {"code": "V1/382", "message": "Sold-to party 17 is blocked", "propertyref": "", "severity": "error"},
                {"code": "V4/233", "message": "No price", "propertyref": "to_Item", "severity": "error"},
                {"code": "V4/001", "message": "Rounded", "severity": "warning"},
            ],
        },
    }
}
SAP_V4 = {
    "error": {
        "code": "V1/382",
        "message": "Blocked",
        "target": "SoldToParty",
        "details": [
            {"code": "V4/233", "message": "No price", "target": "_Item", "@Common.numericSeverity": 4},
            {"code": "V4/001", "message": "Rounded", "@Common.numericSeverity": 3},
        ],
    }
}
DYNAMICS = {
    "error": {
        "code": "",
        "message": "An error has occurred.",
        "innererror": {"message": "Infolog: Error: Customer 17 is on hold", "type": "System", "stacktrace": "at ..."},
    }
}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (SAP, [("V1/382", "Sold-to party 17 is blocked", ""), ("V4/233", "No price", "to_Item")]),
        (SAP_V4, [("V1/382", "Blocked", "SoldToParty"), ("V4/233", "No price", "_Item")]),
        (DYNAMICS, [("", "An error has occurred.", ""), ("", "Infolog: Error: Customer 17 is on hold", "")]),
    ],
    ids=["SAP V2", "SAP V4", "Dynamics"],
)
def test_each_thing_that_is_wrong_is_told_once_and_warnings_are_not(
    body: Any, said: list[tuple[str, str, str]]
) -> None:
    assert problems(Reply(400, body)) == tuple(ODataProblem(*each) for each in said)


@pytest.mark.parametrize(
    "body", ["<p>Bad gateway</p>", None, [], {}, {"error": "no"}, {"error": {}}, {"error": {"message": 7}}]
)
def test_what_is_no_error_of_odata_says_nothing(body: Any) -> None:
    assert problems(Reply(500, body)) == ()


@pytest.mark.parametrize(("body", "kind"), [(DYNAMICS, None), ({}, OutcomeUnknown)])
async def test_a_500_in_which_the_system_speaks_is_an_answer_and_any_other_leaves_the_outcome_unknown(
    server: Proxy, body: Any, kind: type[Exception] | None
) -> None:
    server.answer("", 500, json.dumps(body), Content_Type="application/json")
    endpoint = Endpoint("erp_test", server.base_url, "key")
    async with Http(endpoint, Settings(), bearer(endpoint), is_business_error=is_business_error) as http:
        if kind:
            with pytest.raises(kind):
                await http.send("POST", "/data/Orders", {})
        else:
            assert problems(await http.send("POST", "/data/Orders", {}))[1].message.endswith("is on hold")
