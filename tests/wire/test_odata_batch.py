"""A batch, taken apart by a server that keeps to the standard, and what comes back of it."""

from decimal import Decimal
from typing import Any

import pytest
from aiohttp import BodyPartReader, MultipartReader, web

from order_sync.core.errors import OutcomeUnknown, Transient, Unreadable
from order_sync.core.settings import Settings
from order_sync.wire.auth import bearer
from order_sync.wire.content import Reply
from order_sync.wire.endpoint import Endpoint
from order_sync.wire.http import Http
from order_sync.wire.odata import problems
from order_sync.wire.odata_batch import HEADERS, Call, batch, replies
from tests.wire.vendors import Vendor, serving

ORDER = [
    Call("POST", "Orders?cross-company=true", {"Number": "SO-1", "Name": "Ana Šilva"}),
    Call("POST", "Lines", {"Number": "SO-1", "Price": Decimal("19.90")}, {"If-None-Match": "*"}),
]
LOOK = [Call("GET", "Orders?$filter=Number%20eq%20'SO-1'")]


class Service(Vendor):
    """A service of OData: each changeset is done whole, or refused if it orders `refused`."""

    def __init__(self, refused: str = "nothing") -> None:
        super().__init__()
        self.calls: list[list[tuple[str, dict[str, str]]]] = []
        self._refused = refused

    async def answer(self, request: web.Request) -> web.Response:
        blocks = []
        async for part in await request.multipart():
            if isinstance(part, MultipartReader):
                calls = [await _call(each) async for each in part if isinstance(each, BodyPartReader)]
                self.calls.append(calls)
                if any(self._refused in text for text, _ in calls):
                    blocks.append(_answer(400, '{"error": {"code": "E1", "message": "Customer is on hold"}}'))
                    continue
                inner = b"".join(b"--in\r\n" + _answer(201, '{"Total": 19.90, "Name": "Šilva"}') for _ in calls)
                blocks.append(b"Content-Type: multipart/mixed; boundary=in\r\n\r\n" + inner + b"--in--\r\n")
            else:
                self.calls.append([await _call(part)])
                blocks.append(_answer(200, '{"value": []}'))
        body = b"".join(b"--out\r\n" + block for block in blocks) + b"--out--\r\n"
        return web.Response(status=202, body=body, headers={"Content-Type": 'multipart/mixed; boundary="out"'})


async def _call(part: Any) -> tuple[str, dict[str, str]]:
    assert part.headers["Content-Type"] == "application/http"
    return (await part.read()).decode(), dict(part.headers)


def _answer(status: int, text: str) -> bytes:
    head = (
        f"HTTP/1.1 {status} Something\r\nContent-Type: application/json; charset=utf-8\r\nLocation: Orders('1')\r\n\r\n"
    )
    return f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{head}{text}\r\n".encode()


async def sent(service: Service, parts: list[list[Call]]) -> list[list[Reply]]:
    async with serving(service.app()) as url:
        endpoint = Endpoint("erp_test", url, "key")
        async with Http(endpoint, Settings(), bearer(endpoint)) as http:
            return replies(await http.send("POST", "/data/$batch", batch(parts), HEADERS), parts)


async def test_changesets_and_questions_go_in_one_call_and_come_back_in_their_order() -> None:
    service = Service()
    made, looked, again = await sent(service, [ORDER, LOOK, ORDER])
    assert [[reply.status for reply in each] for each in (made, looked, again)] == [[201, 201], [200], [201, 201]]
    assert made[0].body == {"Total": Decimal("19.90"), "Name": "Šilva"}
    assert made[0].headers["location"] == "Orders('1')"
    (header, about), (line, _) = service.calls[0]
    assert header.startswith("POST Orders?cross-company=true HTTP/1.1\r\nAccept: application/json\r\nContent-Type:")
    assert header.endswith('\r\n\r\n{"Number":"SO-1","Name":"Ana Šilva"}')
    assert '{"Number":"SO-1","Price":19.90}' in line
    assert "If-None-Match: *" in line
    assert about["Content-Transfer-Encoding"] == "binary"
    ids = [headers.get("Content-ID") for calls in service.calls for _, headers in calls]
    assert ids == ["1", "2", None, "3", "4"]
    [(path, headers)] = service.seen
    assert path == "/data/$batch"
    assert (headers["Accept"], headers["Prefer"]) == ("multipart/mixed", "odata.continue-on-error")


async def test_a_changeset_that_is_refused_says_why_once_and_stops_no_other() -> None:
    bad = [ORDER[0]._replace(body={"Number": "SO-2"}), ORDER[1]]
    made, refused = await sent(Service("SO-2"), [ORDER, bad])
    assert [reply.status for reply in made] == [201, 201]
    assert [problems(reply)[0].message for reply in refused] == ["Customer is on hold"]


def test_a_batch_that_is_refused_whole_is_so_for_each() -> None:
    reply = Reply(400, {"error": {"message": "no"}}, {"Content-Type": "application/json"})
    assert replies(reply, [ORDER, LOOK]) == [[reply], [reply]]


def answered(*blocks: bytes, end: bytes = b"--out--\r\n") -> Reply:
    body = b"".join(b"--out\r\n" + block for block in blocks) + end
    return Reply(200, body.decode(), {"Content-Type": "multipart/mixed; boundary=out"})


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, "", {}),
        Reply(200, "<p>One moment</p>", {"Content-Type": "text/html"}),
        Reply(200, {"value": []}, {"Content-Type": "application/json"}),
        answered(_answer(201, "{}"), end=b""),
        answered(),
        answered(_answer(201, "{}"), _answer(200, "{}")),
        answered(b"Content-Type: application/http\r\n\r\nno answer\r\n"),
        answered(_answer(201, '{"Total": 19.')),
        answered(b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n" + _answer(201, "{}")),
        answered(_answer(201, "{}")),
    ],
    ids=["empty", "page", "json", "cut", "none", "too many", "no http", "broken", "cut inside", "one of two calls"],
)
@pytest.mark.parametrize(("doubt", "kind"), [(OutcomeUnknown, OutcomeUnknown), (Transient, Unreadable)])
def test_an_answer_that_tells_less_than_was_asked_leaves_all_of_it_in_doubt(
    reply: Reply, doubt: Any, kind: Any
) -> None:
    with pytest.raises(kind):
        replies(reply, [ORDER], doubt)
